"""One message that costs too much is left and named, the others are filed; a run stops between two messages."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from mailsorter.model.match import Match, Outcome, Reason
from mailsorter.model.message import Message, Participant
from mailsorter.model.standing import MessageState
from mailsorter.sorting import budget, decide
from mailsorter.sorting.budget import MOST_CPU_S, MOST_WORK, TOO_COSTLY, StoppedBetween, Watch, work_of
from mailsorter.sorting.review import review
from mailsorter.sorting.run import SortOptions, plan, sort

from .firm import ACME, BAKKER, Firm, Onlooker

CROWD = tuple(Participant(f"person-{i}@elsewhere-{i}.example") for i in range(25_000))


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    return Firm(tmp_path)


@pytest.fixture
def matched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the messages that are really matched, in order."""
    seen: list[str] = []
    real = decide.match_message

    def counted(message: Message, *args: object, **kwargs: object) -> Match:
        seen.append(message.id)
        return real(message, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(decide, "match_message", counted)
    return seen


def state(firm: Firm, message_id: str) -> MessageState | None:
    with firm.ledger.reading() as unit:
        row = unit.messages.row(unit.messages.token(1, message_id))
    return row.state if row else None


def reasons(firm: Firm) -> dict[str, Reason]:
    items = review(firm.ledger, firm.clock, firm.mailbox.address, firm.filing, lambda: firm.mailbox)
    return {item.message.id: item.match.reason for item in items}


def test_a_message_over_the_budget_is_left_and_the_others_are_filed(firm: Firm, matched: list[str]) -> None:
    before = firm.deliver("jan@acme.example")
    crowded = firm.deliver("jan@acme.example", cc=CROWD)
    after = firm.deliver("els@bakker.example")
    report = firm.sort()
    assert (firm.where(before), firm.where(after)) == ("Clients / Acme B.V.", "Clients / Bakkerij Müller / Söhne")
    assert firm.where(crowded) == "Inbox"
    assert crowded not in matched
    (one,) = report.mailboxes
    assert (one.pulled, one.filed, one.left["too-costly"]) == (3, 2, 1)
    assert any("costs too much" in note for note in one.notes)
    assert reasons(firm) == {crowded: Reason.TOO_COSTLY}


def test_it_is_not_tried_again_before_rules_or_program_change(
    firm: Firm, matched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the processor's time: the first look is what costs, so each further one counts."""
    dear = firm.deliver("jan@acme.example", subject="dear")
    times = iter([0.0, MOST_CPU_S + 1])
    monkeypatch.setattr(budget.Watch.__init__, "__defaults__", (lambda: None, lambda m: None, lambda: next(times, 0.0)))
    firm.sort()
    assert (matched, state(firm, dear)) == ([dear], MessageState.TOO_COSTLY)
    firm.deliver("els@bakker.example")
    firm.sort()
    assert dear not in matched[1:]
    assert reasons(firm) == {dear: Reason.TOO_COSTLY}
    firm.set_book([ACME, BAKKER], rules_digest=b"other rules")
    firm.sort()
    assert (matched.count(dear), firm.where(dear)) == (2, "Clients / Acme B.V.")


def test_another_program_tries_it_again(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    crowded = firm.deliver("jan@acme.example", cc=CROWD)
    firm.sort()
    monkeypatch.setattr(budget, "__version__", "another")
    monkeypatch.setattr(budget, "MOST_WORK", 10 * MOST_WORK)
    firm.sort()
    assert firm.where(crowded) == "Clients / Acme B.V."


def test_it_is_written_down_before_its_window_ends(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is killed over it must not meet it again, whatever else of the window was not recorded."""
    crowded = firm.deliver("jan@acme.example", cc=CROWD)
    later = firm.deliver("els@bakker.example")
    onlooker = Onlooker()

    def killed(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(onlooker, "planned", killed)
    with pytest.raises(KeyboardInterrupt):
        firm.sort(onlooker=onlooker)
    assert (state(firm, crowded), state(firm, later)) == (MessageState.TOO_COSTLY, None)


def test_a_plan_says_so_and_records_nothing(firm: Firm) -> None:
    crowded = firm.deliver("jan@acme.example", cc=CROWD)
    report = plan(firm.ledger, firm.clock, firm.jobs(), SortOptions(Onlooker()))
    assert report.mailboxes[0].left["too-costly"] == 1
    assert state(firm, crowded) is None


def test_a_run_stops_between_two_messages_and_records_nothing_of_them(firm: Firm, matched: list[str]) -> None:
    ids = [firm.deliver("jan@acme.example", subject=str(i)) for i in range(50)]
    stop = threading.Event()
    real = firm.clock.monotonic

    def asked() -> float:
        if len(matched) == 7:
            stop.set()
        return real()

    firm.clock.monotonic = asked  # type: ignore[method-assign]
    report = sort(firm.ledger, firm.clock, firm.jobs(), SortOptions(Onlooker(), stop=stop))
    assert 7 <= len(matched) <= 8
    assert not report.mailboxes[0].is_complete
    assert {firm.where(i) for i in ids} == {"Inbox"}
    assert all(state(firm, i) is None for i in ids)
    firm.clock.monotonic = real  # type: ignore[method-assign]
    firm.sort()
    assert {firm.where(i) for i in ids} == {"Clients / Acme B.V."}


def test_the_clock_by_which_a_daemon_lives_is_asked_before_each_message(firm: Firm, matched: list[str]) -> None:
    for i in range(20):
        firm.deliver("jan@acme.example", subject=str(i))
    asked_before: list[int] = []
    real = firm.clock.monotonic
    firm.clock.monotonic = lambda: (asked_before.append(len(matched)), real())[1]  # type: ignore[method-assign]
    firm.sort()
    assert set(range(20)) <= set(asked_before)


def test_work_is_counted_in_what_is_read() -> None:
    message = Message(id="m", folder_id="f", subject="x" * 255, to=(Participant("jan@acme.example", "Jan"),))
    assert work_of(message) < 400
    assert work_of(message, text="x" * 10**7) < 40_000, "a body is read as far as its cap"
    assert work_of(Message(id="m", folder_id="f", references=("<r@x.example>",) * 10_001)) > MOST_WORK
    ordinary = tuple(Participant("somebody@example.example", "Some Body") for _ in range(5_000))
    assert work_of(Message(id="m", folder_id="f", to=ordinary, references=("<r@x.example>",) * 500)) < MOST_WORK


def test_what_was_too_costly_once_is_asked_no_more_in_its_run() -> None:
    found: list[str] = []
    seconds = iter([0.0, MOST_CPU_S * 2])
    watch = Watch(found=lambda m: found.append(m.id), cpu_s=lambda: next(seconds))
    message, calls = Message(id="m", folder_id="f"), []

    def match() -> Match:
        calls.append(1)
        return Match(Outcome.INTERNAL)

    assert [watch.match(message, 1, match) for _ in range(3)] == [TOO_COSTLY] * 3
    assert (len(calls), found) == (1, ["m"])


def test_a_watch_that_is_told_to_stop_matches_nothing() -> None:
    def stop() -> None:
        raise StoppedBetween

    with pytest.raises(StoppedBetween):
        Watch(between=stop).match(Message(id="m", folder_id="f"), 1, lambda: Match(Outcome.INTERNAL))
