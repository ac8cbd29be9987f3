"""What was approved is the text and the attachments too: an edit is a change, reading is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from mailsorter.cases.perform import perform
from mailsorter.cases.plan import PART, plan_of
from mailsorter.cases.prove import prove
from mailsorter.emulator.store import Address
from mailsorter.emulator.store.records import NewAttachment
from mailsorter.errors import MailsorterError, PoisonItem, Unreachable
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.mailbox.memory_server import MemoryServer
from mailsorter.model.case import ItemState, Subject
from mailsorter.model.caseplan import digest
from mailsorter.model.contents import Attached, Contents, contents_digest
from mailsorter.model.finding import covers_contents, fingerprint, is_same_contents, with_contents
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Message
from tests.cases.office import ANNA, PIET, World, mail
from tests.cases.signing import approve_seen
from tests.cases.tenant import tenant

NAMES = ("offerte.pdf", "foto.jpg")


@pytest.fixture(params=[True, False], ids=["ids survive moves", "ids change"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, ids_survive_moves=request.param)
    yield made
    made.close()


def _text(server: MemoryServer, item: str) -> None:
    server.item(item).text = "tot straks, om half tien"


def _name(server: MemoryServer, item: str) -> None:
    server.item(item).attachment_names = ("contract.pdf", NAMES[1])


def _size(server: MemoryServer, item: str) -> None:
    server.item(item).attachment_sizes[NAMES[0]] = 80_001


def _one_less(server: MemoryServer, item: str) -> None:
    server.item(item).attachment_names = NAMES[:1]


def _read(server: MemoryServer, item: str) -> None:
    server.user_changes(item, is_read=True, is_flagged=True)


def _other_lines(server: MemoryServer, item: str) -> None:
    server.item(item).text = "\r\ntot\u00a0 straks\r\n\r\n"


def _other_order(server: MemoryServer, item: str) -> None:
    server.item(item).attachment_names = NAMES[::-1]


@pytest.mark.parametrize("where", [WellKnown.INBOX, WellKnown.RECOVERABLE_DELETIONS])
@pytest.mark.parametrize(
    ("act", "is_edit"),
    [(_text, True), (_name, True), (_size, True), (_one_less, True),
     (_read, False), (_other_lines, False), (_other_order, False)],
)  # fmt: skip
def test_only_an_edit_is_a_change(
    world: World, where: WellKnown, act: Callable[[MemoryServer, str], None], is_edit: bool
) -> None:
    key = mail(world.anna, where, from_=PIET, attachment_names=NAMES)
    number = world.approved()
    act(world.anna, key[1])
    state = ItemState.CHANGED if is_edit else ItemState.ERASED
    assert perform(world.office, number).counts == {state: 1}
    assert (key in world.everything()) is is_edit
    assert prove(world.office, number).passed is not is_edit


def test_an_edit_while_the_list_is_being_performed_is_seen(world: World) -> None:
    """Each batch is read just before it goes, not the whole list before the first goes."""
    keys = [mail(world.anna, from_=PIET) for _ in range(45)]
    number = world.approved()
    anna = world.mailboxes[ANNA.address]
    real = anna.delete_permanently

    def delete(ids: Sequence[str]) -> list[object]:
        for _, item in keys:
            if item not in ids and item in world.anna.everything():
                _text(world.anna, item)
        return real(ids)  # type: ignore[return-value]

    anna.delete_permanently = delete  # type: ignore[assignment, method-assign]
    assert perform(world.office, number).counts == {ItemState.ERASED: 20, ItemState.CHANGED: 25}


class NoContents(MemoryMailbox):
    error: MailsorterError = PoisonItem("Exchange does not render it.")

    def contents(self, ids: Sequence[str]) -> list[Contents | MailsorterError]:
        return [self.error for _ in ids]


class NoContentsNow(NoContents):
    error = Unreachable("No answer.")


def test_what_cannot_be_read_again_is_for_a_person(world: World) -> None:
    """Not erased unseen; while an answer may come later nothing is decided."""
    key = mail(world.anna, from_=PIET)
    number = world.approved()
    before = world.mailboxes[ANNA.address]
    world.mailboxes[ANNA.address] = NoContentsNow(ANNA.address, server=world.anna)
    assert [type(error) for _, error in perform(world.office, number).unfinished] == [Unreachable]
    world.mailboxes[ANNA.address] = NoContents(ANNA.address, server=world.anna)
    assert perform(world.office, number).counts == {ItemState.LOOK: 1}
    assert key in world.everything()
    world.mailboxes[ANNA.address] = before
    assert not prove(world.office, number).passed


def _approved_by_0_1_0(world: World) -> str:
    """A list whose fingerprints are of the envelope alone, as that version made and approved it."""
    number = world.planned()
    file = world.office.open_file(number)
    plan = plan_of(file)
    items = tuple(
        msgspec.structs.replace(i, finding=msgspec.structs.replace(i.finding, fingerprint=i.finding.fingerprint[:16]))
        for i in plan.items
    )
    old = msgspec.structs.replace(plan, items=items)
    file.write(PART, old)
    with world.ledger.unit() as unit:
        row = unit.cases.get(number)
        unit.cases.save(msgspec.structs.replace(row, plan_digest=digest(old)))
    approve_seen(world.office, number, "bert")
    return number


def test_an_approval_of_an_earlier_version_means_what_it_meant(world: World) -> None:
    """It covers the envelope: that is compared, and nothing that its approver's list did not record."""
    read = mail(world.anna, from_=PIET)
    moved = mail(world.anna, from_=PIET, subject="verplaatst")
    number = _approved_by_0_1_0(world)
    _text(world.anna, read[1])
    world.anna.user_moves(moved[1], ("Prive",))
    assert perform(world.office, number).counts == {ItemState.ERASED: 1, ItemState.CHANGED: 1}


def test_a_list_without_texts_has_the_digest_that_it_had() -> None:
    """An approval of 0.1.0 is found again by its list's digest, which covers 16 bytes a finding."""
    message = Message(id="m", folder_id="f", subject="overleg")
    assert len(fingerprint(message)) == 16
    assert fingerprint(message, Contents("a")) == with_contents(fingerprint(message), Contents("a"))
    assert not covers_contents(fingerprint(message))
    assert is_same_contents(fingerprint(message), Contents("anything"))


def test_no_two_contents_are_framed_alike() -> None:
    """What ends the text and begins a name, and which size belongs to which name, is part of the digest."""
    made = [
        Contents("a b"), Contents("ab"), Contents("a", (Attached("b", 0),)), Contents("a", (Attached("b", 1),)),
        Contents("a", (Attached("b", 1), Attached("c", 2))), Contents("a", (Attached("b", 2), Attached("c", 1))),
        Contents("a", (Attached("", 1), Attached("b", 1))), Contents("a\ud83d"), Contents(""),
    ]  # fmt: skip
    assert len({contents_digest(one) for one in made}) == len(made)


def test_over_http_an_edited_body_stays_and_a_read_message_goes(tmp_path: Path) -> None:
    """Both roads bring text, names and sizes; the change key changes with reading and decides nothing."""
    with tenant(tmp_path, names=("anna",)) as firm:
        anna, person = firm.mailboxes[0], Address("Piet", "piet@klant.example")
        attached = [NewAttachment(name="offerte.pdf", data=b"x" * 100)]
        ids = [firm.put(anna, from_=person, attachments=attached) for _ in range(3)]
        number = firm.approved(Subject(addresses=("piet@klant.example",)))
        store = firm.store.messages
        read, edited, dropped = (store.find(anna, one) for one in ids)
        store.change(anna, read, {"is_read": 1})
        store.change(anna, edited, {}, body=("text", "Iets anders."))
        store.remove_attachment(anna, dropped, store.attachments(dropped)[0].id)
        counts = perform(firm.office, number).counts
    assert counts == {ItemState.ERASED: 1, ItemState.CHANGED: 2}
