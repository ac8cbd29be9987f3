"""When a message may be filed: each row one policy, one message, one moment."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailsorter.model.filing import FilingPolicy, QuietHours, Timing, When
from mailsorter.model.match import Match, Outcome, Reason
from mailsorter.model.message import Message
from mailsorter.sorting.matching import at_its_time, quiet_until, reason_to_wait

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
READ = FilingPolicy(received=Timing(When.READ))
AFTER = FilingPolicy(received=Timing(When.AFTER, 3))
NIGHT = FilingPolicy(quiet=(QuietHours(time(22), time(6)),), zone=ZoneInfo("Europe/Amsterdam"))


def mail(**fields: object) -> Message:
    return Message(id="m", folder_id="f", **fields)  # type: ignore[arg-type]


ROWS = [
    ("on arrival", FilingPolicy(), mail(is_read=False), NOON, None),
    ("flagged waits", FilingPolicy(), mail(is_flagged=True), NOON, Reason.FLAGGED),
    ("flagged, but the config does not mind", FilingPolicy(flagged_waits=False), mail(is_flagged=True), NOON, None),
    ("unread", READ, mail(is_read=False), NOON, Reason.UNREAD),
    ("read", READ, mail(is_read=True), NOON, None),
    ("one second too young", AFTER, mail(received_at=NOON - timedelta(days=3, seconds=-1)), NOON, Reason.TOO_YOUNG),
    ("exactly old enough", AFTER, mail(received_at=NOON - timedelta(days=3)), NOON, None),
    ("no date does not wait for ever", AFTER, mail(), NOON, None),
    ("nor does a date in the future", AFTER, mail(received_at=NOON + timedelta(days=4000)), NOON, None),
    ("quiet over midnight, before", NIGHT, mail(), NOON.replace(hour=23), Reason.QUIET_HOURS),
    ("quiet over midnight, after", NIGHT, mail(), NOON.replace(hour=4), Reason.QUIET_HOURS),
    ("the end of quiet is not quiet", NIGHT, mail(), NOON.replace(hour=5), None),
    ("midday is loud", NIGHT, mail(), NOON, None),
]


@pytest.mark.parametrize(("case", "policy", "message", "now", "expected"), ROWS)
def test_reason_to_wait(
    case: str, policy: FilingPolicy, message: Message, now: datetime, expected: Reason | None
) -> None:
    assert reason_to_wait(message, policy, now, is_sent=False) is expected, case


AMSTERDAM = ZoneInfo("Europe/Amsterdam")
LUNCH = FilingPolicy(quiet=(QuietHours(time(9), time(12)), QuietHours(time(11), time(13, 30))), zone=AMSTERDAM)
ENDS = [
    ("before midnight, tomorrow", NIGHT, NOON.replace(hour=23), NOON.replace(day=3, hour=5)),
    ("after midnight, today", NIGHT, NOON.replace(hour=4), NOON.replace(hour=5)),
    ("outside, now", NIGHT, NOON, NOON),
    ("two that overlap, the later end", LUNCH, NOON.replace(hour=10, minute=30), NOON.replace(hour=12, minute=30)),
    # clocks go on from 2:00 to 3:00 on 2026-03-29, so that the night ends an hour earlier by UTC
    ("over the change to summer", NIGHT, datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 3, 29, 4, tzinfo=UTC)),
    ("over the change to winter", NIGHT, datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 5, tzinfo=UTC)),
]


@pytest.mark.parametrize(("case", "policy", "now", "expected"), ENDS)
def test_quiet_hours_end_by_the_firms_clock(case: str, policy: FilingPolicy, now: datetime, expected: datetime) -> None:
    assert quiet_until(policy, now) == expected, case


def test_quiet_hours_that_end_in_the_hour_that_comes_twice_end_once_more() -> None:
    """At the second 2:30 the end at 2:45 is a quarter of an hour away, and not in the past."""
    policy = FilingPolicy(quiet=(QuietHours(time(2), time(2, 45)),), zone=AMSTERDAM)
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert quiet_until(policy, second) == second + timedelta(minutes=15)


def test_sent_items_go_by_their_own_rule() -> None:
    policy = FilingPolicy(received=Timing(When.READ), sent=Timing(When.AFTER, 1))
    message = mail(is_read=False, received_at=NOON)
    assert reason_to_wait(message, policy, NOON, is_sent=True) is Reason.TOO_YOUNG


def test_only_what_would_be_filed_waits_and_its_client_stays() -> None:
    filed = Match(Outcome.FILED_TO, ("acme",))
    waiting = at_its_time(filed, mail(is_read=False), READ, NOON)
    assert (waiting.outcome, waiting.clients, waiting.reason) == (Outcome.WAIT, ("acme",), Reason.UNREAD)
    unmatched = Match(Outcome.UNMATCHED)
    assert at_its_time(unmatched, mail(is_read=False), READ, NOON) is unmatched
