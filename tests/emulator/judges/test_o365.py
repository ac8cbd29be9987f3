"""O365 as it comes, but for the host: lists, searches by its own query language, moves, copies and writes."""

from __future__ import annotations

import io
from collections.abc import Iterator

import msal
import pytest
from O365 import Account, Connection
from O365 import MSGraphProtocol as Protocol
from O365.utils.token import MemoryTokenBackend

from mailsorter.emulator import Emulator
from tests.emulator.judges.conftest import SUBJECTS, USER, lying_in


@pytest.fixture
def account(office: Emulator) -> Iterator[Account]:
    """A signed-in O365 account over Anna's mailbox."""

    class Local(Connection):  # its sign-in host is hard-wired; everything else is O365's own
        @property
        def msal_client(self) -> msal.ConfidentialClientApplication:
            if self._msal_client is None:
                self._msal_client = msal.ConfidentialClientApplication(
                    "emulator",
                    client_credential="emulator",
                    authority=office.authority,
                    instance_discovery=False,
                    token_cache=self.token_backend,
                )
            return self._msal_client

    class LocalAccount(Account):
        connection_constructor = Local

    class LocalProtocol(Protocol):
        _protocol_url = f"{office.url}/"

    account = LocalAccount(
        ("emulator", "emulator"),
        protocol=LocalProtocol(timezone="UTC"),
        auth_flow_type="credentials",
        tenant_id="emulator.example",
        main_resource=USER,
        token_backend=MemoryTokenBackend(),
        requests_delay=0,
    )
    assert account.authenticate()
    yield account
    if account.con.session is not None:  # made at the first request
        account.con.session.close()
    account.con.msal_client.http_client.close()


def test_folders_and_messages_are_listed(account: Account) -> None:
    """The Inbox's messages newest first, its child folder, and pages of two joined by nextLinks."""
    mailbox = account.mailbox()
    assert "Inbox" in {folder.name for folder in mailbox.get_folders()}
    inbox = mailbox.inbox_folder()
    assert [folder.name for folder in inbox.get_folders()] == ["Acme"]
    assert [message.subject for message in inbox.get_messages(limit=5, batch=2)] == list(reversed(SUBJECTS))


def test_its_query_language_is_understood(account: Account) -> None:
    """O365 writes `$filter`, `$orderby`, `$select` and `$search` in its own way."""
    inbox = account.mailbox().inbox_folder()
    query = inbox.new_query()
    found = inbox.get_messages(query=query.equals("subject", "Three"))
    assert [message.subject for message in found] == ["Three"]
    found = inbox.get_messages(query=query.equals("from", "piet@klant.example"), limit=5)
    assert len(list(found)) == 5
    assert [m.subject for m in inbox.get_messages(limit=1, order_by="receivedDateTime asc")] == ["One"]
    assert inbox.get_folder(folder_name="Acme").name == "Acme"


def test_a_message_is_moved_copied_marked_and_deleted(account: Account, office: Emulator) -> None:
    """What O365 says it did is what the store holds."""
    mailbox = account.mailbox()
    inbox = mailbox.inbox_folder()
    acme = inbox.get_folder(folder_name="Acme")
    by_subject = {message.subject: message for message in inbox.get_messages(limit=5)}
    assert by_subject["One"].move(acme)
    assert by_subject["Two"].copy(acme)
    assert by_subject["Three"].mark_as_read()
    assert by_subject["Four"].delete()
    assert lying_in(office, "inbox") == {"Two", "Three", "Five"}
    assert lying_in(office, "deleteditems") == {"Four"}
    assert {message.subject for message in acme.get_messages()} == {"One", "Two"}
    assert [message.is_read for message in inbox.get_messages(limit=5) if message.subject == "Three"] == [True]


def test_a_folder_is_made_renamed_and_moved(account: Account) -> None:
    """Folder changes are seen in the next listing."""
    mailbox = account.mailbox()
    made = mailbox.create_child_folder("Beta B.V.")
    assert made.update_folder_name("Beta / Zonen")
    assert made.move_folder(mailbox.inbox_folder())
    assert {folder.name for folder in mailbox.inbox_folder().get_folders()} == {"Acme", "Beta / Zonen"}


def test_a_draft_is_saved_and_its_attachment_read_back(account: Account, office: Emulator) -> None:
    """A draft made through O365 carries its recipients and its attachment."""
    draft = account.mailbox().new_message()
    draft.to.add("klant@beta.example")
    draft.subject, draft.body = "Offerte", "<p>Beste klant</p>"
    draft.attachments.add([(io.BytesIO(b"bytes of a plan"), "plan.bin")])
    assert draft.save_draft()
    assert lying_in(office, "drafts") == {"Offerte"}
    found = account.mailbox().drafts_folder().get_message(query="subject eq 'Offerte'", download_attachments=True)
    assert [person.address for person in found.to] == ["klant@beta.example"]
    assert [attachment.name for attachment in found.attachments] == ["plan.bin"]


def test_delta_and_batch_go_through_its_connection(account: Account) -> None:
    """O365 knows neither; its connection carries both, with the headers it merges."""
    base = account.protocol.service_url + f"users/{USER}"
    page = account.con.get(f"{base}/mailFolders/inbox/messages/delta?$select=subject").json()
    assert {item["subject"] for item in page["value"]} == set(SUBJECTS)
    assert "@odata.deltaLink" in page
    items = [{"id": str(n), "method": "GET", "url": f"/users/{USER}/messages?$top=1"} for n in range(3)]
    answer = account.con.post(account.protocol.service_url + "$batch", data={"requests": items}).json()
    assert sorted(item["status"] for item in answer["responses"]) == [200, 200, 200]
