"""The server's search is only an addition, by whichever ids it answers; so are the admin paths' ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mailsorter.cases.find import Findings, find, findings_of
from mailsorter.cases.intake import open_case
from mailsorter.cases.perform import perform
from mailsorter.cases.prove import prove
from mailsorter.cases.verify import attest
from mailsorter.cases.witness import Marks
from mailsorter.emulator.faults import FaultPlan
from mailsorter.emulator.graph.switches import GRAPH_SWITCHES, graph_with
from mailsorter.emulator.store import Address
from mailsorter.emulator.store.apps import App, Assignment
from mailsorter.model.case import CaseKind, ItemState, Role, Seen, Subject
from mailsorter.model.coverage import Depth, GapKind
from tests.cases.tenant import OWN, Tenant, tenant

PIET, KEES = Address("Piet", "piet@klant.example"), Address("Kees", "kees@elders.example")
SUBJECT = Subject(names=("Quirijn Zandstra",), addresses=(PIET.address,))
LONG = "Verslag van de vergadering. " * 20  # longer than a preview
IN_TEXT = {"body": f"{LONG} Bel piet@klant.example.", "subject": "verslag"}
BESIDE = {"body": f"{LONG} Bel kees@elders.example.", "subject": "verslag"}
OF_IDS = ("immutable_ids_in_search", "default_ids_on_admin_items")
COMBINATIONS = [(), *((name,) for name in GRAPH_SWITCHES), OF_IDS]
GROUND = """
[[ground]]
code = "tax"
article = "AWR art. 52(4)"
keep = "7 years"
subjects = ["factuur"]
"""


def plant(firm: Tenant) -> dict[str, Role]:
    """36 messages of the person, by immutable id; twelve of them are told by their text alone."""
    anna, planted = firm.mailboxes[0], {}
    for folder in ("inbox", "sentitems", ("Klanten", "K", "2026"), "deleteditems"):
        for n in range(3):
            planted[firm.put(anna, folder, from_=PIET, subject=f"vraag {n}")] = Role.AUTHOR
            planted[firm.put(anna, folder, to=[KEES, PIET], subject=f"ronde {n}")] = Role.ONE_OF_MANY
            planted[firm.put(anna, folder, **IN_TEXT)] = Role.MENTIONED
        firm.put(anna, folder, **BESIDE)
    return planted


def opened(firm: Tenant) -> str:
    number = open_case(firm.office, CaseKind.ERASURE, SUBJECT).number
    attest(firm.office, number, "known by voice")
    return number


def gaps(found: Findings) -> dict[tuple[str, str], int]:
    return {(gap.folder, gap.reason): gap.count for gap in found.not_seen if gap.reason != "text-by-index-only"}


@pytest.mark.parametrize("may_translate", [True, False], ids=["translates", "fetches"])
@pytest.mark.parametrize("switches", COMBINATIONS, ids=["+".join(names) or "none" for names in COMBINATIONS])
def test_each_of_36_approved_messages_goes(tmp_path: Path, switches: tuple[str, ...], may_translate: bool) -> None:
    """And nothing else: each found once, in its own role, erased for good, and proven."""
    with tenant(tmp_path, ("anna",)) as firm:
        firm.emulator.conditions.graph = graph_with(*switches)
        if not may_translate:
            scoped = tuple(Assignment(f"Application {role}") for role in ("Mail.ReadWrite", "MailboxFolder.Read"))
            firm.store.apps.register(App("emulator", secrets=("emulator",), assignments=scoped))
        planted = plant(firm)
        before = {key: ids for key, ids in firm.everything().items() if ids}
        number = firm.approved(SUBJECT)
        found = findings_of(firm.office.open_file(number)).findings
        assert {f.id: f.role for f in found} == planted
        assert len(found) == len(planted) == 36
        assert perform(firm.office, number).counts == {ItemState.ERASED: 36}
        after = {key: ids for key, ids in firm.everything().items() if ids}
        assert after == {key: left for key, ids in before.items() if (left := ids - planted.keys())}
        assert prove(firm.office, number).passed


@pytest.mark.parametrize("switches", [(), ("immutable_ids_in_search",)], ids=["default", "immutable"])
def test_what_stays_is_known_to_the_witness_by_whichever_id(tmp_path: Path, switches: tuple[str, ...]) -> None:
    """Kept mail that only its text tells of comes by the search alone: the proof knows it for what it is."""
    with tenant(tmp_path, ("anna",), extra=GROUND) as firm:
        firm.emulator.conditions.graph = graph_with(*switches)
        anna = firm.mailboxes[0]
        kept = {firm.put(anna, **(IN_TEXT | {"subject": f"factuur {n}"})) for n in range(2)}
        kept |= {firm.put(anna, from_=PIET, subject="factuur 3")}
        number = firm.approved(SUBJECT)
        perform(firm.office, number)
        proof = prove(firm.office, number)
        assert (proof.passed, proof.unexpected, proof.vanished) == (True, [], 0)
        marks = Marks(addresses=SUBJECT.addresses, names=SUBJECT.names)
        look = firm.office.open_witness().look(anna.address, marks, frozenset())
        assert sorted(hit.id for hit in look.hits) == sorted(kept)


def test_theirs_that_came_after_the_listing_is_theirs(tmp_path: Path) -> None:
    """Only the search brings it: its envelope is judged like any other, it is no mere mention."""
    with tenant(tmp_path, ("anna",)) as firm:
        anna = firm.mailboxes[0]
        firm.put(anna, subject="overleg")
        late: list[str] = []

        def deliver(mailbox: str, doing: str, count: int) -> None:
            if doing == "searching" and not late:
                late.append(firm.put(anna, from_=PIET, subject="net binnen"))

        number = opened(firm)
        found = find(firm.office, number, deliver)
        assert [(f.id, f.role, f.seen) for f in found.findings] == [(late[0], Role.AUTHOR, (Seen.FROM, Seen.SENDER))]


def test_errors_in_the_place_of_hits_are_counted_and_end_nothing(tmp_path: Path) -> None:
    """Search and proof go on with the entries that are messages, and say how many were none."""
    with tenant(tmp_path, ("anna",)) as firm:
        planted = plant(firm)
        broken = {"method": "GET", "query": "*$search=*", "break_entries": 2}
        firm.emulator.faults.set_plan(FaultPlan.make({"fault": [broken]}))
        number = opened(firm)
        found = find(firm.office, number)
        named = gaps(found)
        assert named.keys() == {("search", "search-broken-entries")}
        assert named["search", "search-broken-entries"] > 0
        assert {f.id for f in found.findings} <= planted.keys()
        assert {i for i, role in planted.items() if role is not Role.MENTIONED} <= {f.id for f in found.findings}
        assert {f.id: f.role for f in found.findings} == {f.id: planted[f.id] for f in found.findings}


def test_errors_in_the_place_of_hits_do_not_end_a_proof(tmp_path: Path) -> None:
    """They are beyond the depth of the case, and named on the certificate."""
    with tenant(tmp_path, ("anna",), extra=GROUND) as firm:
        anna = firm.mailboxes[0]
        firm.put(anna, from_=PIET, subject="factuur")
        firm.put(anna, from_=PIET, subject="vraag")
        number = firm.approved(SUBJECT)
        perform(firm.office, number)
        broken = {"method": "GET", "query": "*$search=*", "break_entries": 1}
        firm.emulator.faults.set_plan(FaultPlan.make({"fault": [broken]}))
        proof = prove(firm.office, number)
        assert proof.coverage is not None
        kinds = {gap.kind for gap in proof.coverage.gaps if gap.reason == "search-broken-entries"}
        assert kinds == {GapKind.BEYOND_DEPTH}
        assert proof.passed


@pytest.mark.parametrize(("status", "reason"), [(500, "Unreachable"), (400, "Refused"), (403, "NotPermitted")])
def test_a_search_that_fails_is_named_and_what_was_listed_stands(tmp_path: Path, status: int, reason: str) -> None:
    """It was an addition: the listing is complete without it, and the case says what is missing."""
    with tenant(tmp_path, ("anna",)) as firm:
        planted = plant(firm)
        down: dict[str, Any] = {"method": "GET", "query": "*$search=*", "status": status}
        firm.emulator.faults.set_plan(FaultPlan.make({"fault": [down]}))
        number = opened(firm)
        shallow = find(firm.office, number, depth=Depth.INDEXED)
        assert gaps(shallow) == {("search", reason): 0}
        assert {f.id: f.role for f in shallow.findings} == {i: r for i, r in planted.items() if r is not Role.MENTIONED}
        found = find(firm.office, number)
        assert gaps(found) == {("search", reason): 0}
        assert {f.id: f.role for f in found.findings} == planted
        assert f"anna@{OWN}" in {gap.mailbox for gap in found.not_seen}
