"""Addresses that look like the person's: offered after a search, and taken in by an officer's word alone."""

from __future__ import annotations

import pytest

from mailsorter.cases.find import find, findings_of, subject_of
from mailsorter.cases.walk import case_for
from mailsorter.cases.widen import widen
from mailsorter.errors import UserError
from mailsorter.model.case import Subject
from mailsorter.model.folder import WellKnown
from mailsorter.model.lifecycle import CaseState
from mailsorter.model.message import Participant
from tests.cases.office import PIET, SUBJECT, World, mail

PRIVATE = Participant("vlinder88@prive.example", "V.")


def answered_from_elsewhere(world: World) -> None:
    """Anna writes to Piet alone; the answer comes from an address that says nothing of him."""
    mail(
        world.anna, from_=PRIVATE, references=("<vraag@firm.example>",), subject="RE: vraag"
    )  # listed before Sent Items
    mail(world.anna, WellKnown.SENT, to=(PIET,), subject="vraag", internet_message_id="<vraag@firm.example>")


def test_an_address_is_offered_and_not_assumed(world: World) -> None:
    answered_from_elsewhere(world)
    number = world.opened()
    found = find(world.office, number)
    assert [(one.address, one.reason) for one in found.lookalikes] == [(PRIVATE.address, "answers-for-them")]
    assert len(found.findings) == 1


def test_taken_in_it_is_searched_for_in_every_mailbox(world: World) -> None:
    """The plan and its approval are thrown away, and `erase` with the first address alone goes on with the case."""
    answered_from_elsewhere(world)
    mail(world.bert, from_=PRIVATE)
    number = world.approved()
    widen(world.office, number, addresses=[PRIVATE.address], known="she said so on the phone")
    found = find(world.office, number)
    assert len(found.findings) == 3
    assert found.lookalikes == ()
    assert world.office.get(number).state is CaseState.FOUND
    assert world.office.get(number).plan_digest is None
    assert subject_of(world.office.open_file(number)).addresses == (*SUBJECT.addresses, PRIVATE.address)
    assert case_for(world.office, Subject(addresses=(PIET.address,))).number == number


def test_what_is_no_address_is_not_taken_in(world: World) -> None:
    mail(world.anna, from_=PIET)
    number = world.approved()
    with pytest.raises(UserError):
        widen(world.office, number, addresses=["geen adres"])
    assert world.office.get(number).state is CaseState.APPROVED
    assert len(findings_of(world.office.open_file(number)).findings) == 1
