"""What the connector and the witness ask is what an on-premises server's schema allows, whichever version it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mailsorter.cases.witness.ews import EwsWitness
from mailsorter.cases.witness.marks import Marks
from mailsorter.clock import SystemClock
from mailsorter.emulator import Emulator, NewMessage, running_emulator
from mailsorter.emulator.ews.switches import EwsServer
from mailsorter.emulator.ews.versions import VERSIONS
from mailsorter.mailbox.base import Detail, Done, Move
from mailsorter.mailbox.ews import EwsSettings, Password, archive_of, open_mailbox, tree
from mailsorter.model.folder import WellKnown

ADDRESS = "anna@firm.example"
ON_PREMISES = ("2016", "2019", "SE")


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with running_emulator() as running:
        box = running.store.mailboxes.create(ADDRESS, "Anna", state="on-premises")
        running.store.mailboxes.add_archive(box)
        inbox = running.store.folders.well_known(box, "inbox")
        for n in range(3):
            running.store.messages.create(box, inbox, NewMessage(subject=f"message {n}", message_id=f"<{n}@x.example>"))
        yield running


def ask_everything(emulator: Emulator) -> None:
    """Each thing that a connector, its archive and the witness can be asked, once."""
    settings = EwsSettings(f"{emulator.url}/ews/exchange.asmx", Password("basic", "emulator", "emulator"))
    clock = SystemClock()
    name = archive_of(settings, ADDRESS, clock=clock)
    assert name is not None
    for opened in (ADDRESS, name):
        mailbox = open_mailbox(settings, opened, clock=clock)
        seen = mailbox.tree(hidden=True, recoverable=True)
        assert seen.well_known(WellKnown.RECOVERABLE_DELETIONS) is not None
        mailbox.tree_changes(mailbox.tree_changes(None).cursor)
    mailbox = open_mailbox(settings, ADDRESS, clock=clock)
    seen = mailbox.tree(recoverable=True)
    inbox = seen.well_known(WellKnown.INBOX)
    assert inbox is not None
    (page,) = mailbox.changes(inbox.id, None)
    list(mailbox.changes(inbox.id, page.cursor))
    ids = [message.id for message in page.messages]
    assert len(ids) == 3
    mailbox.fetch(ids, Detail.TRACES)
    mailbox.locate(ids)
    mailbox.texts(ids)
    mailbox.attachment_names(ids)
    mailbox.attachments(ids)
    mailbox.mime(ids[0])
    mailbox.find("<0@x.example>")
    mailbox.search(["message"])
    mailbox.folder_permissions([inbox.id])
    made = mailbox.create_folder(seen.root_id, "Nieuw")
    mailbox.rename_folder(made.id, "Anders")
    moved = mailbox.move([Move(i, made.id) for i in ids])
    now = [one.id for one in moved if isinstance(one, Done)]
    assert len(now) == 3
    mailbox.copy([Move(now[0], inbox.id)])
    mailbox.categorize([(now[0], ("Klant",)), (now[1], ())])
    (gone,) = mailbox.delete_permanently([now[0]])
    assert isinstance(gone, Done)
    mailbox.delete_hard(gone.folder_id, [gone.id])
    mailbox.delete_empty_folder(mailbox.create_folder(seen.root_id, "Leeg").id)
    witness = EwsWitness(settings.url, ("emulator", "emulator"), lambda _: None, archives={name: ADDRESS})
    marks = Marks(addresses=("piet@klant.example",), names=("message",))
    for looked_at in (ADDRESS, name):
        assert not witness.look(looked_at, marks, frozenset()).not_seen


@pytest.mark.parametrize("version", ON_PREMISES)
def test_no_request_breaks_the_schema(emulator: Emulator, version: str) -> None:
    """Of Exchange 2016, 2019 and Subscription Edition: not one, and no folder is asked for a second time."""
    emulator.conditions.ews = EwsServer(VERSIONS[version])
    ask_everything(emulator)
    assert emulator.ews.schema_faults == []


def illegal(monkeypatch: pytest.MonkeyPatch, listed: str, name: WellKnown) -> None:
    monkeypatch.setattr(tree, listed, [*getattr(tree, listed), name])


@pytest.mark.parametrize(
    ("listed", "name"),
    [("_RECOVERABLE", WellKnown.RECOVERABLE_SUBSTRATE_HOLDS), ("_NAMED", WellKnown.CLUTTER)],
)
def test_an_illegal_name_is_noticed_and_hides_nothing(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, listed: str, name: WellKnown
) -> None:
    """Taken back in, it is faulted by the server; each name is asked for by itself then, and every folder found."""
    illegal(monkeypatch, listed, name)
    ask_everything(emulator)
    assert any(name in fault for fault in emulator.ews.schema_faults)


def test_no_folder_of_exchange_online_is_asked_for() -> None:
    """Their names are in no list that the connector asks by."""
    asked: set[Any] = {*tree._NAMED, *tree._RECOVERABLE, *tree._IN_ARCHIVE}
    assert not asked & tree.ONLINE_ONLY
    assert {WellKnown.CLUTTER, WellKnown.RECOVERABLE_SUBSTRATE_HOLDS} == tree.ONLINE_ONLY


def test_the_archive_folder_says_itself_what_it_is(emulator: Emulator) -> None:
    """Exchange 2016's schema has no name for it, so it is never asked for by name."""
    box = emulator.store.mailboxes.by_any_name(ADDRESS)
    assert box is not None
    settings = EwsSettings(f"{emulator.url}/ews/exchange.asmx", Password("basic", "emulator", "emulator"))
    found = open_mailbox(settings, ADDRESS, clock=SystemClock()).tree().well_known(WellKnown.ARCHIVE)
    assert found is not None
    assert found.name == emulator.store.folders.well_known(box, "archive").name
