"""May what acts on a date believe this machine's clock? By a wrong one mail would be erased years too early.

Two things speak against it: the time that Exchange sends with every answer (the `Date` header, RFC 9110) is more than a
day away, or the ledger has an entry from later. Against the first only setting the clock helps. The second also happens
after the clock was wrong once and is right now; then a person says what day it is (`case --today`), which is written
into the audit chain.

Where Exchange sends no `Date` header (a proxy may take it away) the ledger alone is compared. Finishing what was kept,
which erases by the date alone, then needs the person's word as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from mailsorter.cases.office import Office
from mailsorter.errors import ClockWrong, DecisionNeeded, MailsorterError, UserError

_APART = timedelta(days=1)
_TOLERANCE = timedelta(minutes=5)  # clocks of several machines on one ledger; Entra allows as much
_SET = "Set it, best by NTP (timedatectl set-ntp true), then look: mailsorter doctor"


def require_true_date(office: Office) -> None:
    """For what needs Exchange anyway. Raises as `require_plausible_date`, and `Unreachable` when Exchange is silent."""
    _compare(office, _times(office))


def require_plausible_date(office: Office) -> None:
    """For what works without Exchange: compared with it where it answers, and with the ledger.

    Raises:
        ClockWrong: the clock is over a day from Exchange's, or the ledger has later entries.
        UserError: the day that the person named is not this machine's.
    """
    try:
        times = _times(office)
    except MailsorterError:  # no road to Exchange now, or none configured rightly: what needs it will say so
        times = ()
    _compare(office, times)


def require_sure_date(office: Office) -> None:
    """For what erases by the date alone.

    Raises:
        DecisionNeeded: Exchange sent no `Date` header and nobody said what day it is.
        Otherwise as `require_true_date`.
    """
    times = _times(office)
    _compare(office, times)
    if office.exchange_times is not None and None in times and office.today_said is None:
        raise DecisionNeeded(
            "Exchange sends no Date header, so nothing confirms this machine's date, and this erases by the date.",
            advice=f"Look at a calendar, then say the day: mailsorter case --today {office.today()} …",
        )


def contradiction(
    now: datetime, times: Sequence[datetime | None], newest_s: int | None
) -> Literal["exchange", "ledger"] | None:
    """Who speaks against this clock: Exchange by over a day, or the ledger by a newer entry; None: nobody.

    `times` are what the servers say, None for one that does not; `newest_s` is the ledger's newest entry, since 1970.
    """
    if any(theirs is not None and abs(now - theirs) > _APART for theirs in times):
        return "exchange"
    if newest_s is not None and newest_s > (now + _TOLERANCE).timestamp():
        return "ledger"
    return None


def _times(office: Office) -> Sequence[datetime | None]:
    return office.exchange_times() if office.exchange_times is not None else ()


def _compare(office: Office, times: Sequence[datetime | None]) -> None:
    now = office.clock.now().astimezone(UTC)
    for theirs in times:
        if theirs is not None and contradiction(now, [theirs], None):
            raise ClockWrong(
                f"This machine's clock says {now:%Y-%m-%d %H:%M} UTC and Exchange says {theirs:%Y-%m-%d %H:%M} UTC: "
                "nothing that depends on a date was done.",
                advice=_SET,
            )
    if office.today_said is not None and office.today_said != office.today():
        raise UserError(
            f"You say that it is {office.today_said}, and this machine says {office.today()}: nothing was done.",
            advice=_SET,
        )
    with office.ledger.reading() as unit:
        newest = unit.newest_entry_s()
    if newest is None or contradiction(now, (), newest) is None:
        return
    if office.today_said is None:
        last = datetime.fromtimestamp(newest, UTC)
        raise ClockWrong(
            f"This machine's clock says {now:%Y-%m-%d %H:%M} UTC, and the ledger has an entry of {last:%Y-%m-%d %H:%M} "
            "UTC: one of the two is wrong, and nothing that depends on a date was done.",
            advice=f"{_SET}. If it is right and was ahead before, say the day: mailsorter case --today "
            f"{office.today()} …",
        )
    with office.ledger.unit() as unit:
        unit.audit.append("clock.said", {"today": office.today_said.isoformat()})
