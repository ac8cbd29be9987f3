"""A run that was killed is over once a later one has settled it, and no run that works is taken for one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from mailsorter.ledger.runs import DONE, INTERRUPTED, RUNNING
from mailsorter.perform import StepResult

from .firm import Firm, Onlooker


class Killed(BaseException):
    """The process ends here."""


class KilledAfterABatch(Onlooker):
    """The process ends when the first batch is done and recorded: no step is left open."""

    def performed(self, mailbox: str, results: Sequence[StepResult]) -> None:
        raise Killed


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    return Firm(tmp_path, mailboxes=2)


def runs(firm: Firm) -> list[str]:
    with firm.ledger.reading() as unit:
        return [run.state for run in unit.runs.latest()]


def test_it_is_interrupted_once_the_next_run_has_been_there(firm: Firm) -> None:
    for _ in range(30):
        firm.deliver("jan@acme.example")
    with pytest.raises(Killed):
        firm.sort(onlooker=KilledAfterABatch())
    assert runs(firm) == [RUNNING]
    firm.sort()
    assert runs(firm) == [DONE, INTERRUPTED]


def test_it_is_interrupted_even_when_it_had_done_nothing_yet(firm: Firm) -> None:
    firm.mailbox.fail_next("tree_changes", Killed())
    with pytest.raises(Killed):
        firm.sort()
    firm.sort()
    assert runs(firm) == [DONE, INTERRUPTED]


def test_a_run_in_a_mailbox_that_another_process_holds_is_left_alone(firm: Firm) -> None:
    for _ in range(30):
        firm.deliver("jan@acme.example")
    with pytest.raises(Killed):
        firm.sort(onlooker=KilledAfterABatch())
    with firm.ledger.unit() as unit:
        number = unit.places.mailbox(firm.mailbox.address)
    with firm.ledger.locks.hold(number):  # as the process that works there does
        firm.sort()
    assert runs(firm)[1] == RUNNING
    firm.sort()
    assert runs(firm)[2] == INTERRUPTED
