"""A wrong clock: nothing that depends on a date is done, and the error says what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from mailsorter.cases.carry_on import carry_on, keep_longer
from mailsorter.cases.close import close
from mailsorter.cases.intake import extend, open_case, resume, suspend
from mailsorter.cases.letter import write_letter
from mailsorter.cases.office import Office
from mailsorter.cases.perform import perform
from mailsorter.cases.plan import make_plan
from mailsorter.cases.prove import prove
from mailsorter.cases.verify import check_code, give_code
from mailsorter.clock import VirtualClock
from mailsorter.errors import ClockWrong, DecisionNeeded, Unreachable, UserError
from mailsorter.model.case import CaseKind, ItemState
from mailsorter.model.lifecycle import CaseState
from tests.cases.office import NOW, PIET, SUBJECT, World, mail
from tests.cases.tenant import tenant
from tests.cases.test_commands import GROUND, Desk
from tests.cases.test_commands import PIET as PIET_OUTSIDE

LATER = date(2027, 6, 1)
Act = Callable[[Office, str], object]
ACTS: dict[str, tuple[str, Act]] = {  # by name: in which state, and what is done
    "open": ("opened", lambda o, n: open_case(o, CaseKind.ERASURE, SUBJECT)),
    "send a code": ("opened", lambda o, n: give_code(o, n, PIET.address)),
    "take a code": ("opened", lambda o, n: check_code(o, n, "AAAA-AAAA")),
    "extend": ("opened", lambda o, n: extend(o, n, reason="veel")),
    "suspend": ("opened", lambda o, n: suspend(o, n, until=LATER, reason="wacht")),
    "resume": ("suspended", lambda o, n: resume(o, n)),
    "plan": ("planned", lambda o, n: make_plan(o, n, by="anna")),
    "perform": ("approved", lambda o, n: perform(o, n)),
    "prove": ("performed", lambda o, n: prove(o, n)),
    "letter": ("proven", lambda o, n: write_letter(o, n)),
    "close": ("answered", lambda o, n: close(o, n)),
    "continue": ("closed", lambda o, n: carry_on(o, n)),
    "keep longer": ("closed", lambda o, n: keep_longer(o, n, LATER, "een geding")),
}


def case_in(world: World, state: str) -> str:
    """A case in that state, with an invoice kept on a ground; without a second identity."""
    mail(world.anna, from_=PIET, subject="Factuur 1", received_at=datetime(2015, 3, 1, tzinfo=UTC))
    mail(world.anna, from_=PIET)
    world.change(open_eraser=None)
    if state in ("opened", "suspended"):
        number = open_case(world.office, CaseKind.ERASURE, SUBJECT).number
        if state == "suspended":
            suspend(world.office, number, until=LATER, reason="wacht")
        return number
    number = world.planned() if state == "planned" else world.approved()
    for name, act in (("performed", perform), ("proven", prove), ("answered", write_letter), ("closed", close)):
        if world.office.get(number).state != state:
            act(world.office, number)
            assert world.office.get(number).state == name
    return number


@pytest.mark.parametrize("apart", [timedelta(days=2), timedelta(days=-2)])
@pytest.mark.parametrize("name", ACTS)
def test_a_day_from_exchange_nothing_is_done_by_a_date(world: World, name: str, apart: timedelta) -> None:
    """Whichever way the clock is off. Nothing is written, and set right the same act is done or fails as it would."""
    state, act = ACTS[name]
    number = case_in(world, state)
    before = world.everything()
    world.change(exchange_times=lambda: [world.clock.now() - apart])
    with pytest.raises(ClockWrong, match=r"Exchange says .* nothing that depends on a date.*doctor"):
        act(world.office, number)
    assert world.everything() == before
    assert world.office.get(number).state == state
    world.change(exchange_times=lambda: [world.clock.now() - timedelta(hours=23)])
    if name == "take a code":
        with pytest.raises(UserError, match="No code was given out"):
            act(world.office, number)
    elif name == "send a code":
        assert act(world.office, number)
    else:
        act(world.office, number)


@pytest.mark.parametrize("name", ACTS)
def test_earlier_than_the_ledger_nothing_is_done_by_a_date(world: World, name: str) -> None:
    """Without any word of Exchange. A person who has looked at a calendar leads on, and the audit chain has it."""
    state, act = ACTS[name]
    number = case_in(world, state)
    world.change(clock=VirtualClock(NOW - timedelta(days=3)))
    with pytest.raises(ClockWrong, match=r"the ledger has an entry of 2026-11-23.*case --today 2026-11-20"):
        act(world.office, number)
    assert world.office.get(number).state == state
    world.change(today_said=date(2026, 11, 21))
    with pytest.raises(UserError, match="You say that it is 2026-11-21"):
        act(world.office, number)
    world.change(today_said=date(2026, 11, 20))
    if name == "take a code":
        with pytest.raises(UserError, match="No code was given out"):
            act(world.office, number)
    else:
        act(world.office, number)
    with world.ledger.reading() as unit:
        assert "clock.said" in [entry.kind for entry in unit.audit.entries()]


@pytest.mark.parametrize("apart", [timedelta(days=2), timedelta(days=-2)])
def test_with_a_second_identity_nothing_is_erased_by_a_wrong_clock(world: World, apart: timedelta) -> None:
    """Approvals, grounds and tombstones have dates: `perform` obeys the clock rule with either identity."""
    mail(world.anna, from_=PIET)
    number = world.approved()
    assert world.office.open_eraser is not None
    before = world.everything()
    world.change(exchange_times=lambda: [world.clock.now() - apart])
    with pytest.raises(ClockWrong):
        perform(world.office, number)
    assert world.everything() == before
    assert world.office.get(number).state is CaseState.APPROVED
    world.change(exchange_times=lambda: [world.clock.now()])
    assert perform(world.office, number).is_finished


def test_a_year_ahead_keeps_what_the_law_keeps(world: World) -> None:
    """Seven years early by a wrong clock: an invoice that the law keeps is not erased."""
    key = mail(world.anna, from_=PIET, subject="Factuur 9", received_at=datetime(2024, 3, 1, tzinfo=UTC))
    number = world.approved()
    perform(world.office, number)
    world.change(exchange_times=lambda: [NOW], clock=VirtualClock(NOW + timedelta(days=3650)))
    with pytest.raises(ClockWrong):
        carry_on(world.office, number)
    assert key in world.everything()
    world.change(clock=world.clock)
    world.clock.sleep(3650 * 86400.0)
    world.change(exchange_times=lambda: [world.clock.now()])
    assert carry_on(world.office, number).counts == {ItemState.ERASED: 1}


def test_without_a_date_header_only_a_person_s_word_erases_by_the_date(world: World) -> None:
    """Everything else goes on by the ledger's word; `continue` asks what day it is."""
    number = case_in(world, "closed")
    world.change(exchange_times=lambda: [None])
    open_case(world.office, CaseKind.ERASURE, SUBJECT)
    with pytest.raises(DecisionNeeded, match=r"no Date header.*case --today 2026-11-23"):
        carry_on(world.office, number)
    world.change(today_said=NOW.date())
    assert carry_on(world.office, number).due == 0


def test_what_works_without_exchange_goes_on_when_it_is_silent(world: World) -> None:
    """A letter can be written on a train; nothing is erased or proven there."""

    def silent() -> list[datetime | None]:
        raise Unreachable("No road.")

    number = case_in(world, "performed")
    world.change(exchange_times=silent)
    open_case(world.office, CaseKind.ERASURE, SUBJECT)
    for act in (prove, carry_on):
        with pytest.raises(Unreachable):
            act(world.office, number)
    assert world.office.get(number).state is CaseState.PERFORMED


def test_by_command_the_clock_is_compared_over_the_wire(tmp_path: Path) -> None:
    """With exit code 2, on the Date header that the server really sends; one that is missing stops `continue` alone."""
    with tenant(tmp_path, extra=GROUND) as firm:
        desk = Desk(firm)
        firm.put(firm.mailboxes[0], from_=PIET_OUTSIDE, subject="Factuur 3")
        desk.json("erase", PIET_OUTSIDE.address, "--known", "bekend", "--by", "anna", code=4)
        desk.approve("2026-0001")
        desk.json("erase", PIET_OUTSIDE.address)
        assert "Nothing is due" in desk.type("case", "continue", "2026-0001")
        firm.clock.sleep(9 * 365 * 86400.0)
        told = desk.json("case", "continue", "2026-0001", code=2)["error"]
        assert told["kind"] == "ClockWrong"
        assert told["exit_code"] == 2
        firm.emulator.store.clock.advance(9 * 365 * 86400.0)
        assert desk.json("case", "continue", "2026-0001")["items"] == {"erased": 1}
