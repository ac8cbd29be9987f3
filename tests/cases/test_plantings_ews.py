"""Ten of the plantings in a mailbox on the firm's own server: found, erased and gone over EWS, where ids change."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from mailsorter.cases.find import findings_of
from mailsorter.cases.perform import perform
from mailsorter.cases.prove import prove
from mailsorter.cases.standing import searched_coverage
from mailsorter.cases.witness import Marks
from mailsorter.emulator import EmulatorClock, running_emulator
from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.ews import ids as ews_ids
from mailsorter.emulator.ews import items
from mailsorter.emulator.ews.face import EwsFace, EwsResponse
from mailsorter.emulator.ews.soap import fault
from mailsorter.emulator.ews.switches import with_switches
from mailsorter.emulator.faults import FaultPlan
from mailsorter.emulator.store import Mailbox
from mailsorter.errors import NotPermitted, TemporaryError, UserError
from mailsorter.ledger.cases import ItemIds
from mailsorter.mailbox.base import archive_name
from mailsorter.model.case import ItemState
from mailsorter.model.coverage import GapKind, kind_of
from tests.cases.office import NOW
from tests.cases.tenant import Tenant
from tests.cases.test_plantings import PLANTINGS, SUBJECT
from tests.ews_servers import SERVERS

pytestmark = pytest.mark.skipif(not find_spec("mailsorter.mailbox.ews"), reason="this copy has no EWS connector")

CHOSEN = (
    *("from", "only recipient", "bcc", "plus-address", "X.500 sender whose SMTP address Exchange knows"),
    *("forwarded block in Dutch", "attached message", "Recoverable Items, Purges", "client folder", "hidden message"),
)


class PremisesTenant(Tenant):
    """All mailboxes live on premises; single item recovery is off there unless somebody switches it on."""

    def _config(self, extra: str) -> str:
        for mailbox in self.mailboxes:
            self.store.mailboxes.change(mailbox, state="on-premises", single_item_recovery=0)
        text = super()._config(extra)
        head, graph = text.split("[graph]\n")
        erasure = "[erasure]\n" + graph.split("[erasure]\n")[1].split("[erasure.graph]\n")[0]
        ews = (
            f'[ews]\nurl = "{self.emulator.url}/ews/exchange.asmx"\nauth = "basic"\nusername = "emulator"\n'
            'password = "file:secret"\n'
        )
        return head.replace('@firm.example"\n', '@firm.example"\nconnector = "ews"\n') + ews + erasure

    def subjects(self) -> dict[str, int]:
        """How many messages of each subject there are anywhere, by the emulator's own store."""
        counts: dict[str, int] = {}
        for (subject,) in self.store.db.rows("SELECT subject FROM message"):
            counts[subject] = counts.get(subject, 0) + 1
        return counts


@pytest.fixture(params=SERVERS)
def firm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PremisesTenant]:
    with running_emulator(clock=EmulatorClock(frozen_at=NOW)) as emulator:
        emulator.conditions.ews = SERVERS[request.param]
        made = PremisesTenant(emulator, tmp_path, ("anna", "bert"), "", 0)
        yield made
        made.assembly.close()


def test_ten_plantings_are_found_and_erased(firm: PremisesTenant) -> None:
    """Right role for each; after performing nothing of them is left anywhere, and every other message is untouched."""
    planted = {}
    for planting in (p for p in PLANTINGS if p.name in CHOSEN):
        subject = f"{planting.fields.get('subject', '')} [{planting.name}]"
        firm.put(firm.mailboxes[planting.mailbox], planting.folder, **{**planting.fields, "subject": subject})
        planted[subject] = planting
    for n in range(20):
        firm.put(firm.mailboxes[n % 2], "inbox", subject=f"other {n}")
    assert len(planted) == 10
    before = firm.subjects()
    number = firm.approved(SUBJECT)
    found = findings_of(firm.office.open_file(number))
    assert sorted(f.role.value for f in found.findings) == sorted(str(p.expected.value) for p in planted.values())
    performed = perform(firm.office, number)
    assert performed.counts == {ItemState.ERASED: 10}
    assert firm.subjects() == {subject: n for subject, n in before.items() if subject not in planted}
    proof = prove(firm.office, number)
    assert proof.passed, proof.unexpected


def test_the_witness_sees_what_came_back(firm: PremisesTenant) -> None:
    """Mail of the person that is there after performing is no proof, even where only a body names them."""
    number = firm.approved(SUBJECT)
    perform(firm.office, number)
    back = [p for p in PLANTINGS if p.name in ("from", "address far down in the body", "hidden message")]
    for planting in back:
        firm.put(firm.mailboxes[1], ("Elders",), **planting.fields)
    proof = prove(firm.office, number)
    assert not proof.passed
    assert len(proof.unexpected) == len(back)


def test_an_item_that_is_not_given_ends_neither_search_nor_proof(firm: PremisesTenant) -> None:
    """Named once, a finding by the server's index; the others of its folder are found, erased and looked for."""
    anna = firm.mailboxes[0]
    theirs = next(p for p in PLANTINGS if p.name == "from")
    for n in range(3):
        firm.put(anna, ("Elders",), **{**theirs.fields, "subject": f"theirs {n}"})
    closed = firm.put(anna, ("Elders",), **{**theirs.fields, "subject": "closed"})
    firm.emulator.conditions.poison([firm.store.messages.find(anna, closed).id])
    number = firm.approved(SUBJECT)
    found = findings_of(firm.office.open_file(number))
    assert [(gap.folder, gap.count) for gap in found.not_seen if gap.reason == "unreadable"] == [("Elders", 1)]
    assert sorted(f.subject for f in found.findings) == ["", "theirs 0", "theirs 1", "theirs 2"]
    perform(firm.office, number)
    proof = prove(firm.office, number)
    named = {gap.folder for gap in proof.not_seen if gap.reason == "item-not-readable"}
    assert named == {"Recoverable Items / Deletions"}  # it went there unread; hard delete is refused for it
    firm.put(anna, ("Elders",), **theirs.fields)
    assert len(prove(firm.office, number).unexpected) == len(proof.unexpected) + 1


def with_archive(firm: PremisesTenant) -> tuple[Mailbox, str]:
    """Anna's archive, and the name by which a case knows it."""
    archive = firm.store.mailboxes.add_archive(firm.mailboxes[0])
    firm.store.mailboxes.change(archive, single_item_recovery=0)
    return archive, archive_name(firm.mailboxes[0].address)


@pytest.mark.parametrize("where", [("Oud", "Klant"), "recoverableitemspurges"], ids=["a folder", "Recoverable Items"])
def test_what_lies_in_an_archive_is_found_erased_and_proven(firm: PremisesTenant, where: str | tuple[str, ...]) -> None:
    """Beside the mailbox's own: in the archive's folders, and in its Recoverable Items."""
    archive, name = with_archive(firm)
    planted = [p for p in PLANTINGS if p.name in ("from", "attached message")]
    for planting in planted:
        firm.put(archive, where, **{**planting.fields, "subject": f"theirs [{planting.name}]"})
    firm.put(archive, ("Oud",), subject="other")
    number = firm.approved(SUBJECT)
    findings = findings_of(firm.office.open_file(number))
    assert sorted(f.mailbox for f in findings.findings) == [name, name]
    assert not [one for one in findings.not_seen if "archive" in one.reason]
    assert perform(firm.office, number).counts == {ItemState.ERASED: 2}
    assert firm.subjects() == {"other": 1}
    proof = prove(firm.office, number)
    assert proof.passed, proof.unexpected
    ignores_query = firm.emulator.conditions.ews.ignores_query
    assert [(g.reason, g.count) for g in proof.not_seen if g.mailbox == name] == (
        [("search-useless", 0)] if ignores_query else []
    )


def test_the_witness_sees_what_came_back_into_an_archive(firm: PremisesTenant) -> None:
    """Where only a body names the person, too."""
    archive, name = with_archive(firm)
    number = firm.approved(SUBJECT)
    perform(firm.office, number)
    for planting in (p for p in PLANTINGS if p.name in ("from", "address far down in the body")):
        firm.put(archive, ("Oud",), **planting.fields)
    proof = prove(firm.office, number)
    assert not proof.passed
    assert [one.mailbox for one in proof.unexpected] == [name, name]


def test_what_single_item_recovery_keeps_in_an_archive_is_held(firm: PremisesTenant) -> None:
    """As in the mailbox itself."""
    archive, _ = with_archive(firm)
    firm.store.mailboxes.change(archive, single_item_recovery=1)
    planting = next(p for p in PLANTINGS if p.name == "from")
    firm.put(archive, ("Oud",), **{**planting.fields, "subject": "kept"})
    number = firm.approved(SUBJECT)
    assert perform(firm.office, number).counts == {ItemState.HELD: 1}
    assert firm.subjects()["kept"] == 1


@pytest.mark.parametrize("answer", ["ErrorAccessDenied", "ErrorProxyRequestNotAllowed"])
def test_an_archive_that_is_refused_is_named_as_not_seen(firm: PremisesTenant, answer: str) -> None:
    """By mailbox and by what was answered; the rest of the search goes on."""
    with_archive(firm)
    planting = next(p for p in PLANTINGS if p.name == "from")
    firm.put(firm.mailboxes[0], "inbox", **planting.fields)
    refused = {"path": f"users/{firm.mailboxes[0].address}/ews/getfolder", "status": 403, "code": answer, "times": 1}
    firm.emulator.faults.set_plan(FaultPlan.make({"fault": [refused]}))
    number = firm.approved(SUBJECT)
    findings = findings_of(firm.office.open_file(number))
    (unseen,) = [gap for gap in findings.not_seen if gap.reason != "search-useless"]
    assert (unseen.mailbox, unseen.reason.split("-")[0]) == (firm.mailboxes[0].address, "archive")
    assert len(findings.findings) == 1


def test_what_single_item_recovery_keeps_is_held(firm: PremisesTenant) -> None:
    """Switched on, the server keeps what a hard delete takes: reported as held, never as erased."""
    firm.store.mailboxes.change(firm.mailboxes[0], single_item_recovery=1)
    planting = next(p for p in PLANTINGS if p.name == "from")
    firm.put(firm.mailboxes[0], "inbox", **{**planting.fields, "subject": "kept"})
    number = firm.approved(SUBJECT)
    performed = perform(firm.office, number)
    assert performed.counts == {ItemState.HELD: 1}
    assert firm.subjects()["kept"] == 1


def test_an_empty_list_is_approved_only_when_every_mailbox_was_read(firm: PremisesTenant) -> None:
    """That nothing was found says nothing of a mailbox that was not there."""
    firm.store.mailboxes.change(firm.mailboxes[1], state="soft-deleted")
    with pytest.raises(UserError, match=re.escape(firm.mailboxes[1].address)):
        firm.approved(SUBJECT)
    firm.store.mailboxes.change(firm.mailboxes[1], state="on-premises")
    assert firm.approved(SUBJECT)


@pytest.mark.parametrize("name", ["address far down in the body", "attached message"])
def test_a_held_item_that_only_its_inside_names_stays_held(firm: PremisesTenant, name: str) -> None:
    """Its id is another one in Recoverable Items and its envelope names nobody: the witness opens what lies there."""
    firm.store.mailboxes.change(firm.mailboxes[0], single_item_recovery=1)
    planting = next(p for p in PLANTINGS if p.name == name)
    firm.put(firm.mailboxes[0], "inbox", **{**planting.fields, "subject": "kept"})
    number = firm.approved(SUBJECT)
    assert perform(firm.office, number).counts == {ItemState.HELD: 1}
    proof = prove(firm.office, number)
    assert proof.unexpected == []
    assert not proof.passed  # held is not erased
    with firm.office.ledger.reading() as unit:
        assert [item.state for item in unit.cases.items(number)] == [ItemState.HELD]
    assert firm.subjects()["kept"] == 1


def test_an_erased_item_that_is_listed_and_does_not_come_fails_the_proof(firm: PremisesTenant) -> None:
    """That it can no longer be shown does not make it erased: its id is there."""
    anna = firm.mailboxes[0]
    number = performed(firm)
    back = firm.put(anna, ("Elders",), subject="ander")
    message = firm.store.messages.find(anna, back)
    with firm.office.ledger.unit() as unit:
        item = next(iter(unit.cases.items(number)))
        named = ews_ids.item_id(anna, message).get("Id")
        unit.cases.update_items(number, [msgspec.structs.replace(item, ids=ItemIds(named, item.ids.folder_id))])
    firm.emulator.conditions.poison([message.id])
    proof = prove(firm.office, number)
    assert [(u.id, u.why) for u in proof.unexpected] == [(named, "erased-but-there")]
    assert ("Elders", "item-not-readable") in [(n.folder, n.reason) for n in proof.not_seen]


def performed(firm: PremisesTenant) -> str:
    planting = next(p for p in PLANTINGS if p.name == "from")
    firm.put(firm.mailboxes[0], "inbox", **planting.fields)
    number = firm.approved(SUBJECT)
    assert perform(firm.office, number).counts == {ItemState.ERASED: 1}
    firm.put(firm.mailboxes[0], ("Elders",), subject="ander")
    return number


def test_an_appointment_in_a_mail_folder_is_listed_and_is_no_gap(firm: PremisesTenant) -> None:
    """Over EWS a folder lists items of every kind."""
    for place in ("deleteditems", "inbox"):
        firm.put(firm.mailboxes[0], place, message_class="IPM.Appointment", subject="overleg")
    number = firm.approved(SUBJECT)
    found = findings_of(firm.office.open_file(number))
    assert {gap.reason for gap in found.not_seen} & {"other-items", "listing-short"} == set()
    assert perform(firm.office, number).is_finished
    assert prove(firm.office, number).passed


def test_a_listing_that_stays_cut_is_short(firm: PremisesTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """For finder and witness: nothing but a cut explains a difference here."""
    number = firm.approved(SUBJECT)
    for n in range(5):
        firm.put(firm.mailboxes[0], ("Elders",), subject=f"ander {n}")
    real = items._found
    monkeypatch.setattr(
        items, "_found", lambda call, folder: real(call, folder)[: 3 if folder.name == "Elders" else None]
    )
    again = firm.approved(SUBJECT)
    found = findings_of(firm.office.open_file(again))
    assert [(g.folder, g.count) for g in found.not_seen if g.reason == "listing-short"] == [("Elders", 2)]
    perform(firm.office, number)
    proof = prove(firm.office, number)
    assert [(g.folder, g.count) for g in proof.not_seen if g.reason == "listing-short"] == [("Elders", 2)]
    assert not proof.passed


Answer = Callable[[bytes], bytes]
_BUSY = re.compile(rb'(<m:GetItemResponseMessage ResponseClass=)"Success">.*?</m:GetItemResponseMessage>', re.DOTALL)


def answering(monkeypatch: pytest.MonkeyPatch, changed: Answer, times: int) -> None:
    """So many of the witness's GetItem answers come changed."""
    left = [times]
    post = requests.Session.post

    def other(self: requests.Session, url: str, data: bytes, **options: Any) -> requests.Response:
        response = post(self, url, data, **options)
        if b"<m:GetItem>" in data and left[0]:
            left[0] -= 1
            response._content = changed(response.content)
            assert response._content != b""
        return response

    monkeypatch.setattr(requests.Session, "post", other)


def busy(answer: bytes) -> bytes:
    error = rb'\1"Error"><m:ResponseCode>ErrorServerBusy</m:ResponseCode><m:Items/></m:GetItemResponseMessage>'
    changed, count = _BUSY.subn(error, answer)
    assert count
    return changed


def cut_short(answer: bytes) -> bytes:
    changed, count = _BUSY.subn(b"", answer, count=1)
    assert count
    return changed


@pytest.mark.parametrize(
    ("changed", "times", "passed", "named"),
    [
        (busy, 2, True, []),
        (busy, 10**6, False, ["ErrorServerBusy"]),
        (cut_short, 10**6, False, ["broken-answer"]),
    ],
    ids=["busy for a while", "busy for good", "an answer without one of the items"],
)
def test_what_a_busy_server_does_not_give_is_asked_for_again_or_fails_the_proof(
    firm: PremisesTenant, monkeypatch: pytest.MonkeyPatch, changed: Answer, times: int, passed: bool, named: list[str]
) -> None:
    """It is no item's own trouble, and nobody saw what was asked for."""
    number = performed(firm)
    answering(monkeypatch, changed, times)
    proof = prove(firm.office, number)
    seen = [n.reason for n in proof.not_seen if n.folder == "Elders"]
    assert (proof.passed, seen) == (passed, named)


def odd(answer: bytes) -> bytes:
    changed = answer.replace(b"<t:Subject>", b"<t:Subject>&#x1F;&#31;&#xD83D;\x0b")
    assert (changed != answer) == (b"<t:Subject>" in answer)
    return changed


def test_what_xml_cannot_hold_hinders_no_proof(firm: PremisesTenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exchange writes it as it came; what names the person beside it is seen."""
    number = performed(firm)
    answering(monkeypatch, odd, 10**6)
    assert prove(firm.office, number).passed
    firm.put(firm.mailboxes[0], ("Elders",), **next(p for p in PLANTINGS if p.name == "from").fields)
    assert [u.why for u in prove(firm.office, number).unexpected] == ["names-the-person"]


def test_a_message_of_many_megabytes_hinders_no_proof(firm: PremisesTenant) -> None:
    """The server's search hits on it, and it is read as a whole."""
    number = performed(firm)
    body = "\n".join(["ruim voorbij het begin " * 3] * 20 + ["piet@klant.example"] + ["veel meer tekst " * 60] * 4_000)
    firm.put(firm.mailboxes[0], ("Elders",), subject="ander", body=body)
    proof = prove(firm.office, number)
    assert [u.why for u in proof.unexpected] == ["names-the-person"]
    assert proof.unanswered == []


def test_a_proof_ends_when_the_program_is_asked_to_stop(firm: PremisesTenant) -> None:
    """Over EWS, too."""
    number = performed(firm)
    firm.assembly.stop.set()
    with pytest.raises(TemporaryError, match="Stopped"):
        prove(firm.office, number)


def test_a_server_without_recoverable_items(tmp_path: Path) -> None:
    """Everything is found, erased and proven as far as there is anything to see; that there is no such folder is
    named by search and proof."""
    with running_emulator(clock=EmulatorClock(frozen_at=NOW)) as emulator:
        emulator.conditions.ews = with_switches("no_recoverable_items")
        firm = PremisesTenant(emulator, tmp_path, ("anna", "bert"), "", 0)
        for planting in (p for p in PLANTINGS if p.name in ("from", "bcc", "attached message")):
            firm.put(firm.mailboxes[0], "inbox", **{**planting.fields, "subject": planting.name})
        firm.put(firm.mailboxes[0], "inbox", subject="other")
        number = firm.approved(SUBJECT)
        found = findings_of(firm.office.open_file(number))
        assert {gap.mailbox for gap in found.not_seen if gap.reason == "no-recoverable-items"} == {
            mailbox.address for mailbox in firm.mailboxes
        }
        assert perform(firm.office, number).counts == {ItemState.ERASED: 3}
        assert firm.subjects() == {"other": 1}
        proof = prove(firm.office, number)
        assert proof.passed, proof.unexpected
        assert ("recoverableitemsroot", "no-recoverable-items") in {(g.folder, g.reason) for g in proof.not_seen}
        firm.assembly.close()


@pytest.mark.parametrize("impersonates", [True, False], ids=["by impersonation", "with delegate access"])
def test_not_found_is_none_only_by_impersonation(tmp_path: Path, impersonates: bool) -> None:
    """With delegate access Exchange answers the same about a folder that the account may not see: search and witness
    name it as not read, nothing is proven, and the eraser leaves the mailbox alone."""
    with running_emulator(clock=EmulatorClock(frozen_at=NOW)) as emulator:
        emulator.conditions.ews = with_switches("no_recoverable_items")
        firm = PremisesTenant(emulator, tmp_path, ("anna",), "", 0)
        connector, settings = firm.assembly._ews
        firm.assembly.__dict__["_ews"] = (connector, dataclasses.replace(settings, impersonate=impersonates))
        firm.put(firm.mailboxes[0], "inbox", **next(p for p in PLANTINGS if p.name == "from").fields)
        number = firm.approved(SUBJECT)
        coverage = searched_coverage(firm.office.open_file(number))
        places = {gap.folder for gap in coverage.unread if not gap.is_archive}
        assert places == (set() if impersonates else {"recoverableitemsroot"})
        look = firm.office.open_witness().look(
            firm.mailboxes[0].address, Marks(addresses=("x@y.example",)), frozenset()
        )
        kinds = {kind_of(reason) for folder, reason in look.not_seen if folder == "recoverableitemsroot"}
        assert kinds == {GapKind.BEYOND_DEPTH if impersonates else GapKind.UNREAD}
        performed = perform(firm.office, number)
        assert [type(error) for _, error in performed.unfinished] == ([] if impersonates else [NotPermitted])
        assert len(firm.subjects()) == (0 if impersonates else 1)
        firm.assembly.close()


@pytest.mark.parametrize("code", ["ErrorAccessDenied", "ErrorInvalidRequest", "ErrorServerBusy"])
def test_a_look_up_that_is_refused_after_a_deletion_leaves_the_item_open(
    firm: PremisesTenant, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """It was deleted, and nobody may look: never refused, and the next call finds out and goes on."""
    firm.put(firm.mailboxes[0], "inbox", **next(p for p in PLANTINGS if p.name == "from").fields)
    number = firm.approved(SUBJECT)
    handle, deleted = EwsFace.handle, [False]

    def closed(self: EwsFace, authorization: str, body: bytes, anchor: str = "") -> EwsResponse:
        if deleted[0] and b"FindItem" in body:
            return EwsResponse(500, fault(ExchangeError(code, "no"), {}))
        deleted[0] |= b"DeleteItem" in body
        return handle(self, authorization, body, anchor)

    with monkeypatch.context() as patch:
        patch.setattr(EwsFace, "handle", closed)
        for _ in range(2):
            performed = perform(firm.office, number)
            assert not performed.is_finished
            assert all(state is ItemState.PENDING or state is ItemState.PURGED for state in performed.counts)
            ((_, error),) = performed.unfinished
            assert isinstance(error, TemporaryError), error
        assert deleted[0]
    with firm.office.ledger.reading() as unit:
        states = [item.state for item in unit.cases.items(number)]
    assert ItemState.FAILED not in states
    assert perform(firm.office, number).counts == {ItemState.ERASED: 1}
    assert firm.subjects() == {}
