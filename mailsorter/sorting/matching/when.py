"""When a matched message may be filed. `now` is passed in."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import msgspec

from mailsorter.model.filing import FilingPolicy, QuietHours, Timing, When
from mailsorter.model.match import Match, Outcome, Reason
from mailsorter.model.message import Message


def reason_to_wait(message: Message, policy: FilingPolicy, now: datetime, *, is_sent: bool) -> Reason | None:
    """
    Why the message may not be filed yet, or None when it may.

    `now` is aware; `is_sent` says that it lies in Sent Items. A message without a usable date, or with one in the
    future, does not wait for its age: it would wait for ever.
    """
    if message.is_flagged and policy.flagged_waits:
        return Reason.FLAGGED
    timing = policy.sent if is_sent else policy.received
    if timing.when is When.READ and not message.is_read:
        return Reason.UNREAD
    if timing.when is When.AFTER and _is_too_young(message, timing, now):
        return Reason.TOO_YOUNG
    if policy.quiet and any(_is_within(now.astimezone(policy.zone).time(), quiet) for quiet in policy.quiet):
        return Reason.QUIET_HOURS
    return None


def at_its_time(match: Match, message: Message, policy: FilingPolicy, now: datetime, *, is_sent: bool = False) -> Match:
    """The match itself, or `wait` when it is to be filed but not yet; the clients and the evidence stay."""
    if match.outcome is not Outcome.FILED_TO:
        return match
    reason = reason_to_wait(message, policy, now, is_sent=is_sent)
    if reason is None:
        return match
    return msgspec.structs.replace(match, outcome=Outcome.WAIT, reason=reason)


def quiet_until(policy: FilingPolicy, now: datetime) -> datetime:
    """When the quiet hours end that `now` (aware) lies in; `now` itself outside of them."""
    local = now.astimezone(policy.zone)
    ends = [_next(local, quiet.end) for quiet in policy.quiet if _is_within(local.time(), quiet)]
    return max(ends, default=now)


def _next(local: datetime, at: time) -> datetime:
    day = local.date() if at > local.time() else local.date() + timedelta(days=1)
    return datetime.combine(day, at, local.tzinfo).replace(fold=local.fold).astimezone(UTC)


def _is_too_young(message: Message, timing: Timing, now: datetime) -> bool:
    moment = message.received_at or message.sent_at
    return moment is not None and moment <= now < moment + timedelta(days=timing.days)


def _is_within(clock: time, quiet: QuietHours) -> bool:
    if quiet.start <= quiet.end:
        return quiet.start <= clock < quiet.end
    return clock >= quiet.start or clock < quiet.end
