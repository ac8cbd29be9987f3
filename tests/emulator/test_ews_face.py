"""The EWS face: what exchangelib, a client that nobody here wrote, and Microsoft's own schema say of it."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import exchangelib
import pytest
import requests
from exchangelib import Account, Configuration, Credentials, FaultTolerance, Mailbox, Message
from exchangelib.errors import ErrorCrossMailboxMoveCopy, ErrorFolderNotFound
from exchangelib.items import HARD_DELETE, MOVE_TO_DELETED_ITEMS, SOFT_DELETE
from exchangelib.properties import EWS_ID, HEX_ENTRY_ID, AlternateId
from exchangelib.protocol import close_connections
from lxml import etree

from mailsorter.emulator import Emulator, NewMessage, running_emulator
from mailsorter.emulator.ews.face import EwsResponse
from mailsorter.emulator.faults import FaultPlan
from mailsorter.emulator.store.records import Address, Folder, NewAttachment
from mailsorter.emulator.throttle import Limits

ADDRESS = "anna@firm.example"
SIGN_IN = "Basic " + base64.b64encode(b"emulator:emulator").decode()


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with running_emulator() as running:
        running.store.mailboxes.create(ADDRESS, "Anna", state="on-premises")
        yield running


@pytest.fixture
def account(emulator: Emulator) -> Iterator[Account]:
    """exchangelib's own account, by impersonation."""
    yield open_account(emulator)
    close_connections()


def open_account(emulator: Emulator, access: str = exchangelib.IMPERSONATION) -> Account:
    config = Configuration(
        service_endpoint=f"{emulator.url}/EWS/Exchange.asmx",
        credentials=Credentials("emulator", "emulator"),
        auth_type=exchangelib.BASIC,
        version=exchangelib.Version(build=exchangelib.Build(15, 2, 0, 0)),
        retry_policy=FaultTolerance(max_wait=30),
    )
    return Account(ADDRESS, config=config, autodiscover=False, access_type=access)


def deliver(emulator: Emulator, subject: str, folder: str = "inbox", **fields: Any) -> int:
    box = emulator.store.mailboxes.by_any_name(ADDRESS)
    assert box is not None
    target = emulator.store.folders.well_known(box, folder)
    return emulator.store.messages.create(box, target, NewMessage(subject=subject, **fields)).id


def top_of(emulator: Emulator) -> Folder:
    box = emulator.store.mailboxes.by_any_name(ADDRESS)
    assert box is not None
    return emulator.store.folders.well_known(box, "msgfolderroot")


def test_it_asks_for_sign_in_first(emulator: Emulator) -> None:
    """401 with WWW-Authenticate before anything else; a wrong password likewise; any case of the path is taken."""
    for path in ("/ews/exchange.asmx", "/EWS/Exchange.asmx"):
        for headers in ({}, {"Authorization": "Basic " + base64.b64encode(b"emulator:wrong").decode()}):
            refused = requests.post(emulator.url + path, data=b"", headers=headers, timeout=10)
            assert refused.status_code == 401
            assert refused.headers["WWW-Authenticate"].startswith("Basic")
    broken = requests.post(emulator.url + path, data=b"<no", headers={"Authorization": SIGN_IN}, timeout=10)
    assert broken.status_code == 500
    assert b"ErrorSchemaValidation" in broken.content
    assert requests.get(emulator.url + path, timeout=10).status_code == 405


def test_exchangelib_works_with_it(emulator: Emulator, account: Account) -> None:
    """Folders, listing, reading, moving, copying, categories, syncing and the three ways to delete."""
    first = deliver(
        emulator,
        "Offerte",
        body="Hallo",
        from_=Address("Bram", "bram@klant.example"),
        to=[Address("Anna", ADDRESS)],
        attachments=[NewAttachment("a.pdf", data=b"x")],
    )
    assert first
    inbox, root = account.inbox, account.msg_folder_root
    assert inbox.total_count == 1
    (item,) = inbox.all()
    assert (item.subject, item.sender.email_address, item.is_read) == ("Offerte", "bram@klant.example", False)
    (whole,) = account.fetch([item])
    assert [r.email_address for r in whole.to_recipients] == [ADDRESS]
    assert whole.text_body == "Hallo"
    assert [a.name for a in whole.attachments] == ["a.pdf"]
    assert b"Offerte" in whole.mime_content
    folder = exchangelib.Folder(parent=root, name="Klant A/B")
    folder.save()
    old_id = whole.id
    whole.move(folder)
    assert whole.id != old_id
    assert [i.subject for i in folder.all()] == ["Offerte"]
    whole.copy(account.inbox)
    assert account.inbox.all().count() == 1
    whole.categories = ["Klant"]
    whole.save(update_fields=["categories"])
    (again,) = account.fetch([whole])
    assert again.categories == ["Klant"]
    assert [i.subject for i in folder.filter(subject__contains="offer")] == ["Offerte"]
    assert [i.subject for i in folder.filter("Offerte")] == ["Offerte"]
    account.bulk_delete([again], delete_type=MOVE_TO_DELETED_ITEMS)
    assert [i.subject for i in account.trash.all()] == ["Offerte"]
    account.bulk_delete(account.trash.all(), delete_type=SOFT_DELETE)
    assert [i.subject for i in account.recoverable_items_deletions.all()] == ["Offerte"]
    account.bulk_delete(account.recoverable_items_deletions.all(), delete_type=HARD_DELETE)
    assert [i.subject for i in account.recoverable_items_purges.all()] == ["Offerte"]
    folder.delete()


def test_exchangelib_syncs_with_it(emulator: Emulator, account: Account) -> None:
    """A round brings everything, the next one only what changed; the state goes on where it was."""
    for n in range(30):
        deliver(emulator, f"message {n}")
    changes = list(account.inbox.sync_items(only_fields=["subject"], max_changes_returned=7))
    assert sorted(item.subject for kind, item in changes) == sorted(f"message {n}" for n in range(30))
    state = account.inbox.item_sync_state
    deliver(emulator, "new")
    later = list(account.inbox.sync_items(sync_state=state, only_fields=["subject"]))
    assert [(kind, item.subject) for kind, item in later] == [("create", "new")]
    names = {folder.name for kind, folder in account.msg_folder_root.sync_hierarchy()}
    assert {"Inbox", "Sent Items"} <= names


def test_exchangelib_creates_in_it(emulator: Emulator, account: Account) -> None:
    """An item saved by EWS is seen through Graph's face as well: one mailbox, two faces."""
    made = Message(
        account=account,
        folder=account.drafts,
        subject="Concept",
        body="tekst",
        to_recipients=[Mailbox(email_address="bram@klant.example")],
    )
    made.save()
    box = emulator.store.mailboxes.by_any_name(ADDRESS)
    assert box is not None
    emulator.store.mailboxes.change(box, state="ok")
    shown = requests.get(
        f"{emulator.url}/v1.0/users/{ADDRESS}/mailFolders/drafts/messages", headers=emulator.headers(), timeout=10
    ).json()["value"]
    assert [(m["subject"], m["toRecipients"][0]["emailAddress"]["address"]) for m in shown] == [
        ("Concept", "bram@klant.example")
    ]


def test_exchangelib_renames_and_moves_folders_in_it(emulator: Emulator, account: Account) -> None:
    """A folder keeps its id and what lies in it, whatever it is called and wherever it hangs."""
    root = account.msg_folder_root
    above, folder = exchangelib.Folder(parent=root, name="Klanten"), exchangelib.Folder(parent=root, name="Klant A")
    above.save()
    folder.save()
    was = folder.id
    folder.name = "Klant B"
    folder.save(update_fields=["name"])
    folder.move(above)
    root.refresh()
    (found,) = [f for f in root.walk() if f.name == "Klant B"]
    assert (found.id, found.parent.name) == (was, "Klanten")
    assert not [f for f in root.walk() if f.name == "Klant A"]


def test_exchangelib_converts_ids_in_it(emulator: Emulator, account: Account) -> None:
    """EWS ids and REST's are the same item's."""
    deliver(emulator, "Offerte")
    (item,) = account.inbox.all()
    asked = AlternateId(id=item.id, format=EWS_ID, mailbox=ADDRESS)
    (there,) = account.protocol.convert_ids([asked], destination_format=HEX_ENTRY_ID)
    (back,) = account.protocol.convert_ids([there], destination_format=EWS_ID)
    assert there.id != item.id
    assert back.id == item.id


def test_exchangelib_reads_the_archive(emulator: Emulator, account: Account) -> None:
    """By its own distinguished folders; nothing crosses between it and the mailbox; without one there are none."""
    box = emulator.store.mailboxes.by_any_name(ADDRESS)
    assert box is not None
    with pytest.raises(ErrorFolderNotFound):
        account.archive_msg_folder_root.refresh()
    archive = emulator.store.mailboxes.add_archive(box)
    top = emulator.store.folders.well_known(archive, "msgfolderroot")
    made = emulator.store.folders.create(archive, top, "Oud")
    emulator.store.messages.create(archive, made, NewMessage(subject="Offerte"))
    root = open_account(emulator).archive_msg_folder_root
    assert {folder.name for folder in root.children} == {"Deleted Items", "Oud"}
    (item,) = (root / "Oud").all()
    assert item.subject == "Offerte"
    with pytest.raises(ErrorCrossMailboxMoveCopy):
        item.move(account.inbox)
    item.soft_delete()
    deleted = open_account(emulator).archive_recoverable_items_deletions
    assert [i.subject for i in deleted.all()] == ["Offerte"]


@pytest.mark.parametrize("retry_after", [1.5, None])
def test_a_busy_server_is_waited_for(emulator: Emulator, account: Account, retry_after: float | None) -> None:
    """A fault plan makes it busy, with and without a hint; exchangelib understands both."""
    emulator.faults.set_plan(
        FaultPlan.make({"fault": [{"path": "users/*/ews/*", "status": 429, "times": 1, "retry_after": retry_after}]})
    )
    account.protocol.RETRY_WAIT = 0.1
    assert account.inbox.all().count() == 0
    assert emulator.faults.struck == [1]


def test_quota_counts_here_too() -> None:
    """Beyond the limit EWS answers ErrorServerBusy with the time to wait."""
    with running_emulator(limits=Limits(requests=2, requests_window_s=60)) as emulator:
        emulator.store.mailboxes.create(ADDRESS)
        answers = [post(emulator, GET_INBOX) for _ in range(3)]
    assert [r.status_code for r in answers] == [200, 200, 500]
    assert b"ErrorServerBusy" in answers[-1].content
    assert b"BackOffMilliseconds" in answers[-1].content


def test_who_may_not_is_told(emulator: Emulator) -> None:
    """Another mailbox than there is, and an account without the right to impersonate."""
    assert b"ErrorNonExistentMailbox" in post(emulator, GET_INBOX.replace(ADDRESS, "nobody@firm.example")).content
    from mailsorter.emulator.store.apps import App

    emulator.store.apps.register(App("stranger", secrets=("emulator",)))
    stranger = "Basic " + base64.b64encode(b"FIRM\\stranger:emulator").decode()
    assert b"ErrorImpersonateUserDenied" in post(emulator, GET_INBOX, stranger).content


def test_what_it_does_not_do_is_refused(emulator: Emulator) -> None:
    """An operation without a row is a fault, never an empty success."""
    answer = post(emulator, GET_INBOX.replace("m:GetFolder", "m:GetDelegate"))
    assert answer.status_code == 500
    assert b"Fault" in answer.content


GET_INBOX = f"""<?xml version="1.0"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"
 xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages">
<s:Header><t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>{ADDRESS}</t:PrimarySmtpAddress>
</t:ConnectingSID></t:ExchangeImpersonation></s:Header>
<s:Body><m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>
<m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder></s:Body></s:Envelope>"""


def post(emulator: Emulator, body: str, sign_in: str = SIGN_IN) -> requests.Response:
    url = f"{emulator.url}/ews/exchange.asmx"
    return requests.post(url, data=body.encode(), headers={"Authorization": sign_in}, timeout=10)


TESTDATA = os.environ.get("MAILSORTER_TESTDATA")


@pytest.mark.testdata
@pytest.mark.skipif(not TESTDATA, reason="MAILSORTER_TESTDATA is not set")
def test_every_answer_is_valid(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that exchangelib and our own connector are answered validates against Microsoft's schema."""
    pytest.importorskip("mailsorter.mailbox.ews")
    from mailsorter.clock import SystemClock
    from mailsorter.mailbox.base import Detail, Move
    from mailsorter.mailbox.ews import EwsSettings, Password, open_mailbox

    schema_file = Path(str(TESTDATA)) / "traces" / "ews-schema" / "messages.local.xsd"
    schema = etree.XMLSchema(etree.parse(str(schema_file)))
    answers: list[bytes] = []
    face = emulator._server.config.app.ews  # type: ignore[union-attr]
    handle = face.handle

    def recording(authorization: str, body: bytes, anchor: str) -> EwsResponse:
        response: EwsResponse = handle(authorization, body, anchor)
        answers.append(response.body)
        return response

    monkeypatch.setattr(face, "handle", recording)
    account = open_account(emulator)
    test_exchangelib_works_with_it(emulator, account)
    test_exchangelib_renames_and_moves_folders_in_it(emulator, account)
    test_exchangelib_reads_the_archive(emulator, account)
    for n in range(30):
        deliver(emulator, f"message {n} \x01", references="<a@x> <b@x>", cc=[Address("", "c@x.example")])
    list(account.inbox.sync_items(max_changes_returned=7))
    list(account.msg_folder_root.sync_hierarchy())
    for item in account.inbox.all():  # everything there is of an item
        account.fetch([item])
    close_connections()
    settings = EwsSettings(f"{emulator.url}/ews/exchange.asmx", Password("basic", "emulator", "emulator"))
    mailbox = open_mailbox(settings, ADDRESS, clock=SystemClock())
    tree = mailbox.tree(hidden=True, recoverable=True)
    mailbox.tree_changes(None)
    made = mailbox.create_folder(tree.root_id, "Nieuw")
    ids = [stub.id for f in tree for page in mailbox.list_ids(f.id, hidden=True) for stub in page]
    mailbox.fetch(ids, Detail.TRACES)
    mailbox.texts(ids)
    mailbox.attachment_names(ids)
    mailbox.search(["Offerte"])
    mailbox.find("<nowhere@x>")
    moved = mailbox.move([Move(i, made.id) for i in [*ids[:3], "AAA="]])
    assert moved
    mailbox.rename_folder(made.id, "Anders")
    number = next(f.id for f in emulator.store.folders.children(top_of(emulator)) if f.name == "Anders")
    emulator.conditions.share(number, "x@elsewhere.example", "Editor")
    (told,) = mailbox.folder_permissions([made.id]) or ()
    assert [(p.user, p.may_read) for p in told if p.may_read] == [("x@elsewhere.example", True)]  # type: ignore[union-attr]
    checked = 0
    for body in answers:
        root = etree.fromstring(re.sub(rb"^\s*<\?xml[^>]*\?>", b"", body)) if body else None
        soap_body = None if root is None else root.find("{http://schemas.xmlsoap.org/soap/envelope/}Body")
        if soap_body is None or etree.QName(soap_body[0]).localname == "Fault":
            continue
        assert schema.validate(soap_body[0]), schema.error_log[0]
        checked += 1
    assert checked > 50
