"""Auxiliary archives: a folder that shows in the in-place archive and lies in another mailbox answers with 308."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from mailsorter.emulator import NewMessage, Store
from mailsorter.emulator.portable import dump, load
from mailsorter.emulator.store import Folder, Mailbox, Message
from tests.emulator.client import GraphClient, frozen_clock


class Grown(NamedTuple):
    """An archive with one folder that lies where it shows and one that does not, a message in each."""

    archive: Mailbox
    here: Folder
    there: Folder
    near: Message
    far: Message
    main: str
    auxiliary: str

    def id(self, message: Message) -> str:
        return self.archive.ids.immutable_id(message.id)

    def folder(self, folder: Folder) -> str:
        return self.archive.ids.folder_id(folder.id)


def put(store: Store, archive: Mailbox, folder: Folder) -> Message:
    return store.messages.create(archive, folder, NewMessage(subject=folder.name, received=1_700_000_000))


@pytest.fixture
def grown(graph: GraphClient) -> Grown:
    store = graph.store
    archive = store.mailboxes.add_archive(graph.mailbox)
    top = store.folders.well_known(archive, "msgfolderroot")
    here, there = (store.folders.create(archive, top, name) for name in ("Here", "There"))
    near, far = put(store, archive, here), put(store, archive, there)
    guid = store.auxiliary.expand(archive, there)
    main, auxiliary = (store.mailboxes.mbx_id(archive, auxiliary=at) for at in ("", guid))
    return Grown(archive, here, there, near, far, main, auxiliary)


def test_the_folder_shows_in_the_archive_and_leads_to_the_auxiliary_one(graph: GraphClient, grown: Grown) -> None:
    """As documented for the admin API: no body, and the same path under the other mailbox's id."""
    shown = graph.all(f"/beta/admin/exchange/mailboxes/{grown.main}/folders?$select=displayName")
    assert {"Here", "There"} <= {folder["displayName"] for folder in shown}
    path = f"folders/{grown.folder(grown.there)}"
    response = graph.send("GET", f"/beta/admin/exchange/mailboxes/{grown.main}/{path}?$select=displayName")
    assert (response.status_code, response.content) == (308, b"")
    aim = f"/beta/admin/exchange/mailboxes/{grown.auxiliary}/{path}?$select=displayName"
    assert response.headers["Location"] == graph.emulator.url + aim
    found = graph.get(response.headers["Location"])
    assert (found["id"], found["displayName"]) == (grown.folder(grown.there), "There")
    assert grown.auxiliary in found["@odata.context"]
    assert graph.get(f"/beta/admin/exchange/mailboxes/{grown.main}/folders/{grown.folder(grown.here)}")


CALLS = [
    ("GET", "/v1.0/users/{mbx}/mailFolders/{f}/messages?$top=5", 200),
    ("GET", "/v1.0/users/{mbx}/mailFolders/{f}/messages/delta", 200),
    ("GET", "/v1.0/users/{mbx}/mailFolders/{f}/childFolders", 200),
    ("GET", "/v1.0/users/{mbx}/messages/{m}", 200),
    ("GET", "/v1.0/users/{mbx}/messages/{m}/$value", 200),
    ("POST", "/v1.0/users/{mbx}/messages/{m}/permanentDelete", 204),
    ("PATCH", "/v1.0/users/{mbx}/mailFolders/{f}/messages/{m}", 200),
    ("GET", "/beta/admin/exchange/mailboxes/{mbx}/folders/{f}/items?$top=5", 200),
    ("DELETE", "/beta/admin/exchange/mailboxes/{mbx}/folders/{f}/items/{m}?disposalType=hardDelete", 204),
]


@pytest.mark.parametrize(("method", "path", "status"), CALLS, ids=[f"{row[0]} {row[1]}" for row in CALLS])
def test_each_call_is_redirected_and_then_answered(
    graph: GraphClient, grown: Grown, method: str, path: str, status: int
) -> None:
    """Nothing is changed by the first request; a call that already names the right mailbox is answered at once."""
    graph.app = "emulator-tenant-wide"
    words = {"f": grown.folder(grown.there), "m": grown.id(grown.far)}
    body = {"isRead": True} if method == "PATCH" else None
    before = graph.store.db.sequence()
    first = graph.send(method, path.format(mbx=grown.main, **words), body)
    assert first.status_code == 308
    assert graph.store.db.sequence() == before
    assert first.headers["Location"].removeprefix(graph.emulator.url) == path.format(mbx=grown.auxiliary, **words)
    assert graph.send(method, first.headers["Location"], body).status_code == status
    near = path.format(mbx=grown.main, f=grown.folder(grown.here), m=grown.id(grown.near))
    assert graph.send(method, near, body).status_code == status


def test_what_lies_in_the_archive_is_sent_back_there(graph: GraphClient, grown: Grown) -> None:
    response = graph.send("GET", f"/v1.0/users/{grown.auxiliary}/mailFolders/{grown.folder(grown.here)}")
    assert response.status_code == 308
    assert f"/v1.0/users/{grown.main}/" in response.headers["Location"]


def test_items_of_a_batch_are_redirected_one_by_one(graph: GraphClient, grown: Grown) -> None:
    urls = [f"/users/{grown.main}/messages/{grown.id(message)}" for message in (grown.near, grown.far)]
    items = [{"id": str(number), "method": "GET", "url": url} for number, url in enumerate(urls)]
    near, far = graph.post("/v1.0/$batch", {"requests": items}).json()["responses"]
    assert (near["status"], far["status"]) == (200, 308)
    assert far["headers"]["Location"].endswith(f"/v1.0/users/{grown.auxiliary}/messages/{grown.id(grown.far)}")


def test_lists_of_a_whole_mailbox_hold_what_lies_in_it(graph: GraphClient, grown: Grown) -> None:
    for mailbox, subject in ((grown.main, "Here"), (grown.auxiliary, "There")):
        assert [message["subject"] for message in graph.all(f"/v1.0/users/{mailbox}/messages")] == [subject]
        assert graph.send("GET", f"/v1.0/users/{mailbox}/messages/$count").text == "1"


def test_mail_and_folders_move_inside_one_archive_mailbox_only(graph: GraphClient, grown: Grown) -> None:
    target = {"destinationId": grown.folder(grown.there)}
    near = f"/v1.0/users/{grown.main}/messages/{grown.id(grown.near)}"
    assert graph.refused("POST", f"{near}/move", target) == (400, "ErrorMoveCopyFailed")
    made = graph.post(
        f"/v1.0/users/{grown.auxiliary}/mailFolders/{grown.folder(grown.there)}/childFolders", {"displayName": "Below"}
    )
    assert made.status_code == 201
    far = f"/v1.0/users/{grown.auxiliary}/messages/{grown.id(grown.far)}"
    assert graph.post(f"{far}/move", {"destinationId": made.json()["id"]}).status_code == 201
    assert graph.refused("POST", f"{far}/move", {"destinationId": grown.folder(grown.here)})[0] == 400
    assert graph.send("GET", f"/v1.0/users/{grown.main}/messages/{grown.id(grown.far)}").status_code == 308


def test_an_auxiliary_archive_answers_for_its_folders_only(graph: GraphClient, grown: Grown) -> None:
    assert graph.refused("GET", f"/v1.0/users/{grown.auxiliary}/mailFolders") == (501, "NotImplemented")
    delta = f"/beta/admin/exchange/mailboxes/{grown.auxiliary}/folders/delta"
    assert graph.refused("GET", delta) == (501, "NotImplemented")
    admin = f"/v1.0/admin/exchange/mailboxes/{grown.auxiliary}/folders/{grown.folder(grown.there)}"
    assert graph.refused("GET", admin) == (404, "ResourceNotFound")


def test_an_app_scoped_to_another_mailbox_learns_nothing(graph: GraphClient, grown: Grown) -> None:
    app = graph.store.apps.get("emulator")
    assert app is not None
    scoped = type(app.assignments[0])("Application Mail.ReadWrite", ("bob@firm.example",))
    graph.store.apps.register(type(app)(client_id="scoped", assignments=(scoped,)))
    graph.app = "scoped"
    for mailbox in (grown.main, grown.auxiliary):
        path = f"/v1.0/users/{mailbox}/mailFolders/{grown.folder(grown.there)}"
        assert graph.refused("GET", path) == (403, "ErrorAccessDenied")


def test_only_own_folders_of_an_archive_are_expanded(graph: GraphClient, grown: Grown) -> None:
    store = graph.store
    inbox = store.folders.well_known(graph.mailbox, "inbox")
    deleted = store.folders.well_known(grown.archive, "deleteditems")
    for mailbox, folder in ((graph.mailbox, inbox), (grown.archive, inbox), (grown.archive, deleted)):
        with pytest.raises(ValueError, match="archive"):
            store.auxiliary.expand(mailbox, folder)


def test_an_archive_is_expanded_from_outside(graph: GraphClient, grown: Grown) -> None:
    address = "/_emulator/mailboxes/anna@firm.example/auxiliary"
    answered = graph.post(address, {"folder": grown.folder(grown.here)})
    assert answered.json() == {"mailbox_id": grown.auxiliary}
    assert graph.send("GET", f"/v1.0/users/{grown.main}/messages/{grown.id(grown.near)}").status_code == 308
    assert graph.post(address, {"folder": "x"}).status_code == 404
    assert graph.post(address, {"folder": "deleteditems"}).status_code == 400
    assert graph.post(address, {"folders": []}).status_code == 400
    graph.store.mailboxes.create("bob@firm.example")
    assert graph.post(address.replace("anna", "bob"), {"folder": "inbox"}).status_code == 404


def test_it_is_dumped_and_loaded(graph: GraphClient, grown: Grown, tmp_path: Path) -> None:
    dump(graph.store, tmp_path / "state.gz")
    other = Store(clock=frozen_clock())
    load(other, tmp_path / "state.gz")
    guid = other.auxiliary.guid_of(grown.there.id)
    assert other.mailboxes.mbx_id(grown.archive, auxiliary=guid) == grown.auxiliary
    assert other.mailboxes.open(grown.auxiliary).id == grown.archive.id
