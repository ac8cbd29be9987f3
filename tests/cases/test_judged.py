"""Judged by a client nobody here wrote: Microsoft's own SDK walks every folder after an erasure.

Messages of the synthetic firm lie around the person: 300, or 2,000 with MAILSORTER_TORTURE=1. Importing the SDK takes
seconds, so there is one test.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mailsorter.cases.perform import perform
from mailsorter.emulator.store import Address
from mailsorter.model.case import Subject
from tests.cases.tenant import Tenant, tenant
from tests.cases.test_killed import approved_ids
from tests.emulator.judges.test_msgraph_sdk import run

# the SDK's own generated classes warn of each other when they are defined
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:(msgraph|kiota|msgraph_core)")

SELECT = ["internetMessageId", "from", "sender", "toRecipients", "ccRecipients", "bccRecipients", "replyTo"]
MESSAGES = 2_000 if os.environ.get("MAILSORTER_TORTURE") else 300
PIET = Address("Quirijn", "quirijn@zandstra.example")


async def folders(user: Any, top: str) -> AsyncIterator[str]:
    """Ids of every folder below the top, hidden ones too."""
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.users.item.mail_folders.item.child_folders import child_folders_request_builder as builder

    wanted = builder.ChildFoldersRequestBuilder.ChildFoldersRequestBuilderGetQueryParameters(
        include_hidden_folders="true", top=100
    )
    below = user.mail_folders.by_mail_folder_id(top).child_folders
    page = await below.get(request_configuration=RequestConfiguration(query_parameters=wanted))
    for folder in page.value:
        yield folder.id
        async for deeper in folders(user, folder.id):
            yield deeper


async def walk(graph: Any, firm: Tenant) -> dict[str, set[str]]:
    """Every message of every mailbox by its Message-ID, with everyone it names."""
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.users.item.mail_folders.item.messages import messages_request_builder as builder

    wanted = builder.MessagesRequestBuilder.MessagesRequestBuilderGetQueryParameters(top=1000, select=SELECT)
    seen: dict[str, set[str]] = {}
    for mailbox in firm.mailboxes:
        user = graph.users.by_user_id(mailbox.address)
        for top in ("msgfolderroot", "recoverableitemsroot"):
            async for folder in folders(user, top):
                messages = user.mail_folders.by_mail_folder_id(folder).messages
                page = await messages.get(request_configuration=RequestConfiguration(query_parameters=wanted))
                while page is not None:
                    for m in page.value:
                        seen.setdefault(f"{mailbox.address} {m.internet_message_id}", set()).update(named(m))
                    page = await messages.with_url(page.odata_next_link).get() if page.odata_next_link else None
    return seen


def named(message: Any) -> set[str]:
    """Everyone a message's envelope names."""
    people = [message.from_, message.sender, *(message.to_recipients or ()), *(message.cc_recipients or ())]
    people += [*(message.bcc_recipients or ()), *(message.reply_to or ())]
    return {p.email_address.address.lower() for p in people if p and p.email_address and p.email_address.address}


def test_microsoft_s_own_sdk_finds_nobody_and_misses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before: the person is there. After: nowhere, and every other message is still where it was counted."""
    with tenant(tmp_path, synthetic=MESSAGES, tls=True) as firm:
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.setenv(name, str(firm.emulator.ca_file))
        anna, bert = firm.mailboxes[:2]
        for number in range(6):
            place = ("inbox", "sentitems", "deleteditems", "recoverableitemspurges", ("Clients", "X"), "drafts")[number]
            role = ({"from_": PIET}, {"to": [PIET]}, {"cc": [PIET]}, {"reply_to": [PIET]}, {"bcc": [PIET]})[number % 5]
            firm.put((anna, bert)[number % 2], place, subject=f"geplant {number}", **role)
        before = stored(firm)
        number_ = firm.approved(Subject(addresses=(PIET.address,)))
        approved = approved_ids(firm, number_)
        assert perform(firm.office, number_).is_finished
        walks: list[dict[str, set[str]]] = []

        async def look(graph: Any) -> None:
            walks.append(await walk(graph, firm))

        run(firm.emulator, look)
        assert PIET.address not in set().union(*walks[0].values())
        assert len(approved) == 6
        assert set(walks[0]) == {key for key, item in before.items() if item not in approved}


def stored(firm: Tenant) -> dict[str, str]:
    """Mailbox and Message-ID of everything in the emulator's store, with the immutable id."""
    store = firm.store
    return {
        f"{mailbox.address} {message.message_id}": mailbox.ids.immutable_id(message.id)
        for mailbox in firm.mailboxes
        for folder in store.folders.all(mailbox)
        for message in store.messages.in_folder(folder)
    }
