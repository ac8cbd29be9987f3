"""What a proof makes of items that the witness is not given: their own trouble, the server's, or an erased one's."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from mailsorter.cases.perform import perform
from mailsorter.cases.prove import prove
from mailsorter.emulator.faults import FaultPlan
from mailsorter.emulator.store import Address
from mailsorter.errors import TemporaryError
from mailsorter.ledger.cases import ItemIds
from mailsorter.model.case import Subject
from tests.cases.tenant import tenant

PIET = Address("Piet", "piet@klant.example")
SUBJECT = Subject(addresses=(PIET.address,))


def test_a_server_that_stops_answering_behind_a_broken_page_fails_the_proof(tmp_path: Path) -> None:
    """One message breaks its pages; when the others are asked for singly the server is down: nobody saw them."""
    with tenant(tmp_path, names=("anna",)) as firm:
        anna = firm.mailboxes[0]
        firm.put(anna, from_=PIET, subject="te wissen")
        kept = [firm.put(anna, ("Projecten",), subject=f"ander {n}") for n in range(3)]
        number = firm.approved(SUBJECT)
        assert perform(firm.office, number).is_finished
        firm.emulator.conditions.poison([firm.store.messages.find(anna, kept[1]).id], truncates_pages=True)
        down = {"method": "GET", "path": "users/*/messages/*", "status": 503}
        firm.emulator.faults.set_plan(FaultPlan.make({"fault": [down]}))
        proof = prove(firm.office, number)
        assert not proof.passed
        assert ("Projecten", "http-503") in [(n.folder, n.reason) for n in proof.not_seen]


def test_an_erased_message_that_is_listed_and_does_not_come_fails_the_proof(tmp_path: Path) -> None:
    """That it can no longer be shown does not make it erased: its id is there."""
    with tenant(tmp_path, names=("anna",)) as firm:
        anna = firm.mailboxes[0]
        there = firm.put(anna, ("Projecten",), from_=PIET, subject="te wissen")
        number = firm.approved(SUBJECT)
        assert perform(firm.office, number).is_finished
        back = firm.put(anna, ("Projecten",), subject="ander")
        firm.emulator.conditions.poison([firm.store.messages.find(anna, back).id], truncates_pages=True)
        with firm.office.ledger.unit() as unit:
            item = next(iter(unit.cases.items(number)))
            assert item.ids.id == there
            unit.cases.update_items(number, [msgspec.structs.replace(item, ids=ItemIds(back, item.ids.folder_id))])
        proof = prove(firm.office, number)
        assert [(u.id, u.why) for u in proof.unexpected] == [(back, "erased-but-there")]
        assert not proof.passed


def test_a_proof_ends_when_the_program_is_asked_to_stop(tmp_path: Path) -> None:
    """In every mailbox that is looked at just then; the next one begins anew."""
    with tenant(tmp_path, names=("anna", "bert")) as firm:
        number = firm.approved(SUBJECT)
        assert perform(firm.office, number).is_finished
        firm.assembly.stop.set()
        with pytest.raises(TemporaryError, match="Stopped"):
            prove(firm.office, number)
        firm.assembly.stop.clear()
        assert prove(firm.office, number).passed
