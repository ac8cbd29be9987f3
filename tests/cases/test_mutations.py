"""Broken on purpose: whichever step of finding or erasing is broken, the witness notices and the proof fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mailsorter.cases import enumerate as enumeration
from mailsorter.cases import eraser as erasing
from mailsorter.cases.perform import perform
from mailsorter.cases.prove import prove
from mailsorter.ledger.states import StepState
from mailsorter.mailbox.base import Done
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.model import finding as finding_model
from mailsorter.model.case import ItemState, Seen
from mailsorter.model.folder import WellKnown
from mailsorter.model.person import Person
from mailsorter.perform import StepResult
from tests.cases.office import BERT, PIET, World, mail


def person_everywhere(world: World) -> None:
    mail(world.anna, from_=PIET)
    mail(world.anna, WellKnown.SENT, to=(BERT,), bcc=(PIET,))
    mail(world.anna, ("Clients", "Klant"), cc=(PIET,))
    mail(world.anna, WellKnown.DELETED, from_=PIET)
    mail(world.bert, WellKnown.RECOVERABLE_PURGES, from_=PIET)
    mail(world.bert, WellKnown.RECOVERABLE_VERSIONS, from_=PIET)
    mail(world.bert, reply_to=(PIET,))
    mail(world.bert, subject="CV Piet de Vries")
    mail(world.bert, from_=PIET, hidden=True)


def test_whole_it_passes(world: World) -> None:
    """The same mail and the unbroken steps: nothing is left."""
    person_everywhere(world)
    number = world.approved()
    perform(world.office, number)
    assert prove(world.office, number).passed


def skip_folders(wanted: Callable[[Any], bool]) -> Callable[[pytest.MonkeyPatch], None]:
    def mutate(patch: pytest.MonkeyPatch) -> None:
        whole = enumeration._folders
        patch.setattr(enumeration, "_folders", lambda tree, done: [f for f in whole(tree, done) if not wanted(f)])
        for rescue in ("_look_again", "_search"):  # they would bring what was skipped
            patch.setattr(enumeration.MailboxFinder, rescue, lambda self: None)

    return mutate


def forget(place: Seen) -> Callable[[pytest.MonkeyPatch], None]:
    def mutate(patch: pytest.MonkeyPatch) -> None:
        whole = finding_model._places
        patch.setattr(finding_model, "_places", lambda m, p: (one for one in whole(m, p) if one[0] is not place))

    return mutate


def compare_with_case(patch: pytest.MonkeyPatch) -> None:
    """Addresses compared as they are written."""
    patch.setattr(Person, "is_address", lambda self, raw: raw in self.addresses)


def no_hard_delete(patch: pytest.MonkeyPatch) -> None:
    """Permanent delete alone, taken for an erasure."""

    def believe(self: erasing.MailboxEraser, before: Any, tree: Any) -> None:
        with self._office.ledger.unit() as unit:
            for item in list(self._items.values()):
                self._settle(unit, item, ItemState.ERASED)

    patch.setattr(erasing.MailboxEraser, "_delete_hard", believe)


def count_before_deleting(patch: pytest.MonkeyPatch) -> None:
    """An item counts as erased when it was asked for, whatever the answer."""
    patch.setattr(MemoryMailbox, "delete_permanently", lambda self, ids: [Done(i, "") for i in ids])
    patch.setattr(MemoryMailbox, "delete_hard", lambda self, folder, ids: [Done(i, "") for i in ids])


def first_batch_only(patch: pytest.MonkeyPatch) -> None:
    """Everything after the first deleted item of a mailbox is told as done and not tried."""
    whole = erasing.perform_steps

    def some(hands: Any, run: Any, steps: Any, tree: Any, *, on_batch: Any) -> Any:
        done = whole(hands, run, steps[:1], tree, on_batch=on_batch)
        on_batch([StepResult(step, StepState.DONE, "", step.message.id) for step in steps[1:]])
        return done

    patch.setattr(erasing, "perform_steps", some)


def no_opening(patch: pytest.MonkeyPatch) -> None:
    """No text is read, and nothing that search or headers suggest is opened."""
    patch.setattr(enumeration.MailboxFinder, "_read_texts", lambda self, *_: 0)
    patch.setattr(enumeration.MailboxFinder, "_open_candidates", lambda self: self._found.candidates.clear())


@pytest.mark.parametrize(
    "mutate",
    [
        pytest.param(skip_folders(lambda f: f.name == "Klant"), id="skip a client folder"),
        pytest.param(skip_folders(lambda f: f.well_known is WellKnown.DELETED), id="skip Deleted Items"),
        pytest.param(skip_folders(lambda f: f.well_known is WellKnown.RECOVERABLE_PURGES), id="skip Purges"),
        pytest.param(skip_folders(lambda f: f.well_known is WellKnown.RECOVERABLE_VERSIONS), id="skip Versions"),
        pytest.param(forget(Seen.BCC), id="forget bcc"),
        pytest.param(forget(Seen.CC), id="forget cc"),
        pytest.param(forget(Seen.REPLY_TO), id="forget reply-to"),
        pytest.param(forget(Seen.SUBJECT), id="forget the subject"),
        pytest.param(no_hard_delete, id="no hard delete"),
        pytest.param(count_before_deleting, id="count before deleting"),
        pytest.param(first_batch_only, id="stop after the first and say done"),
    ],
)
def test_a_broken_step_fails_the_proof(
    world: World, monkeypatch: pytest.MonkeyPatch, mutate: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """Mail that should be gone and is not is named; the case does not move on to an answer."""
    person_everywhere(world)
    mutate(monkeypatch)
    number = world.approved()
    perform(world.office, number)
    proof = prove(world.office, number)
    assert not proof.passed
    assert proof.unexpected
    assert world.office.get(number).state == "performed"


@pytest.mark.parametrize("mutate", [compare_with_case, no_opening])
def test_a_blind_finder_fails_the_proof(
    world: World, monkeypatch: pytest.MonkeyPatch, mutate: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """What a weaker comparison misses, the witness's own comparison sees."""
    from mailsorter.model.message import Participant

    mail(world.anna, from_=PIET)
    mail(world.anna, from_=Participant("PIET@klant.example"))
    mail(world.anna, text="Verslag. " * 60 + "Groet, Piet de Vries")
    mutate(monkeypatch)
    number = world.approved()
    perform(world.office, number)
    assert not prove(world.office, number).passed


def test_the_witness_shares_no_code_with_finder_and_eraser() -> None:
    """Nothing of the finder, the eraser, the mailboxes or the model is imported by the witness.

    Two packages are neutral and know neither mail nor Exchange: one compiles patterns, the other runs parsers in
    processes with limits. Patterns and parsers themselves are the witness's own.
    """
    neutral = ("mailsorter.cases.witness", "mailsorter.patterns", "mailsorter.sandbox")
    import ast
    from pathlib import Path

    import mailsorter.cases.witness

    folder = Path(mailsorter.cases.witness.__file__).parent
    imported = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("mailsorter"):
                imported.add(node.module)
            if isinstance(node, ast.Import):
                imported |= {a.name for a in node.names if a.name.startswith("mailsorter")}
    assert {m for m in imported if not m.startswith(neutral)} == set()
