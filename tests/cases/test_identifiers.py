"""Verified is one address: what is taken in later is verified by itself, and what is not one person's is stopped."""

from __future__ import annotations

import dataclasses

import pytest

from mailsorter.cases.find import find, subject_of
from mailsorter.cases.intake import notes_of, open_case, open_for_the_same
from mailsorter.cases.office import ClientEntry
from mailsorter.cases.verify import attest, check_code, give_code
from mailsorter.cases.widen import claimed_of, widen
from mailsorter.errors import DecisionNeeded, LifecycleError, UserError
from mailsorter.model.case import CaseKind, Subject
from mailsorter.model.lifecycle import CaseState
from mailsorter.model.message import Participant
from tests.cases.office import NOW, PIET, SUBJECT, World, mail, replaced
from tests.cases.test_commands import Desk, desk  # noqa: F401  # the fixture

PRIVATE = Participant("vlinder88@prive.example", "V.")


def searched(world: World, number: str) -> tuple[str, ...]:
    return subject_of(world.office.open_file(number)).addresses


def test_a_further_address_is_searched_only_once_it_is_verified_by_a_code(world: World) -> None:
    """The code goes to that address, and only mail from before the request makes it worth anything."""
    mail(world.anna, from_=PIET)
    mail(world.anna, from_=PRIVATE, received_at=NOW.replace(year=2025))
    number = world.approved()
    with pytest.raises(DecisionNeeded, match=rf"case verify {number} --send-to ADDRESS, or .*--known"):
        widen(world.office, number, addresses=[PRIVATE.address])
    assert searched(world, number) == SUBJECT.addresses
    assert world.office.get(number).state is CaseState.APPROVED
    code = give_code(world.office, number, PRIVATE.address)
    with pytest.raises(UserError, match="not the code"):
        check_code(world.office, number, "AAAA-AAAA")
    check_code(world.office, number, code)
    assert searched(world, number) == (*SUBJECT.addresses, PRIVATE.address)
    assert len(find(world.office, number).findings) == 2
    assert any(PRIVATE.address in n.reason for n in notes_of(world.office.open_file(number)) if n.act == "verify")


def test_an_officer_states_of_each_how_it_is_known(world: World) -> None:
    """Two wait: a statement names which it is about; the other still waits."""
    mail(world.anna, from_=PIET)
    number = world.planned()
    for what in ({"addresses": [PRIVATE.address]}, {"aliases": ["Vlinder"]}):
        with pytest.raises(DecisionNeeded):
            widen(world.office, number, **what)
    with pytest.raises(UserError, match="Which of them"):
        attest(world.office, number, "belde zelf")
    attest(world.office, number, "belde zelf", addresses=[PRIVATE.address.upper()])
    assert searched(world, number) == (*SUBJECT.addresses, PRIVATE.address)
    assert claimed_of(world.office.open_file(number)).all == ("Vlinder",)
    attest(world.office, number, "zo tekent hij")
    assert subject_of(world.office.open_file(number)).aliases == ("Vlinder",)
    with pytest.raises(LifecycleError):
        attest(world.office, number, "nog eens")


def test_what_was_verified_already_asks_nothing(world: World) -> None:
    """The same address in other letters is no further one."""
    mail(world.anna, from_=PIET)
    number = world.planned()
    assert widen(world.office, number, addresses=[PIET.address.upper()]) == SUBJECT


@pytest.mark.parametrize(
    "address",
    ["*@klant.example", "@klant.example", "piet*@klant.example", "%@klant.example", "piet@*.example", "geen adres", ""],
)
def test_a_wildcard_or_no_address_is_refused(world: World, address: str) -> None:
    """At the opening and later; no reason helps, another command does."""
    for although in ("", "toch"):
        with pytest.raises(UserError, match=r"client-leaves|spelling"):
            open_case(world.office, CaseKind.ERASURE, Subject(addresses=(PIET.address, address)), although=although)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("anna@firm.example", "own people"),
        ("Anna@Mail.Firm.Example", "own people"),
        ("anna.thuis@prive.example", "own people"),
        ("inkoop@gedeeld.example", "listed for 2 clients"),
        ("piet@server", "no mail from outside"),
        ("piet@klant..example", "no mail from outside"),
        ("piet@klant.123", "no mail from outside"),
        ("p" * 65 + "@klant.example", "no mail from outside"),
    ],
)
def test_an_address_that_may_be_somebody_else_s_stops_and_says_how_to_go_on(
    world: World, address: str, why: str
) -> None:
    """With a reason, which is written down, the case is opened all the same."""
    shared = ("Inkoop@gedeeld.example",)
    clients = {i: ClientEntry(id=i, name=i, folder=("Clients", i), addresses=shared) for i in ("een", "twee")}
    firm = dataclasses.replace(world.firm, own_addresses=("anna.thuis@prive.example",))
    world.change(clients=clients, firm=firm)
    subject = Subject(addresses=(PIET.address, address))
    with pytest.raises(DecisionNeeded, match=f"Address 2 .*{why}.*--although"):
        open_case(world.office, CaseKind.ERASURE, subject)
    mail(world.anna, from_=PIET)
    number = world.planned()
    with pytest.raises(DecisionNeeded, match=f"Address 1 .*{why}.*--although"):
        widen(world.office, number, addresses=[address], known="bekend")
    opened = open_case(world.office, CaseKind.ERASURE, subject, although="zij vraagt het zelf").number
    assert ("although", "zij vraagt het zelf") in [(n.act, n.reason) for n in notes_of(world.office.open_file(opened))]


def test_a_second_open_case_of_the_same_person_is_pointed_out(world: World) -> None:
    """By any address in common; a closed one is not open."""
    first = open_case(world.office, CaseKind.ERASURE, SUBJECT).number
    wider = replaced(SUBJECT, addresses=(PIET.address.upper(), PRIVATE.address))
    second = open_case(world.office, CaseKind.ERASURE, wider).number
    assert open_for_the_same(world.office, wider, but=second) == [first]
    assert open_for_the_same(world.office, Subject(addresses=("x@y.example",))) == []


def test_by_command(desk: Desk) -> None:  # noqa: F811
    """Exit 4 and the next command; the second case is named in text and JSON."""
    desk.firm.put(desk.firm.mailboxes[0], subject="van elders", received=1_600_000_000)
    first = desk.json("case", "open", "--address", PIET.address)
    assert first["also_open"] == []
    assert "2026-0001 is open for the same person" in desk.type("case", "open", "--address", PIET.address)
    assert desk.json("case", "open", "--address", PIET.address)["also_open"] == ["2026-0001", "2026-0002"]
    desk.type("case", "open", "--kind", "access", "--address", PIET.address, code=2)
    desk.type("case", "open", "--address", "anna@firm.example", code=4)
    desk.type("case", "open", "--address", "anna@firm.example", "--although", "ging uit dienst")
    desk.type("case", "verify", "2026-0001", "--known", "bekend")
    assert "--send-to" in desk.type("case", "find", "2026-0001", "--address", PRIVATE.address, code=4)
    assert desk.json("case", "show", "2026-0001")["not_verified"] == [PRIVATE.address]
    desk.type("case", "verify", "2026-0001", "--known", "zei hij", "--address", PRIVATE.address)
    assert desk.json("case", "show", "2026-0001")["subject"]["addresses"] == [PIET.address, PRIVATE.address]
    desk.type("case", "find", "2026-0001", "--alias", "Vlinder", "--known", "zo tekent hij")
    assert desk.json("case", "show", "2026-0001")["not_verified"] == []
