"""An emulator over TLS, trusted through the environment as any other test server would be, with a little mail in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailsorter.emulator import Emulator, NewMessage, running_emulator
from mailsorter.emulator.store import Address
from tests.emulator.client import START

USER = "anna@firm.example"
SUBJECTS = ("One", "Two", "Three", "Four", "Five")
GRAPH_SCOPE = "https://graph.microsoft.com/.default"


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """Anna's mailbox with five messages in its Inbox and a folder Acme below it, over TLS."""
    with running_emulator(tls=True) as emulator:
        mailbox = emulator.store.mailboxes.create(USER, "Anna de Wit")
        inbox = emulator.store.folders.find(mailbox, "inbox")
        emulator.store.folders.create(mailbox, inbox, "Acme")
        for number, subject in enumerate(SUBJECTS):
            sender = Address("Piet Klant", "piet@klant.example")
            received = int(START.timestamp()) + number
            new = NewMessage(subject=subject, body="Text.", from_=sender, received=received)
            emulator.store.messages.create(mailbox, inbox, new)
        # the variables win over what a program says in code, so the clients need not be told anything
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.setenv(name, str(emulator.ca_file))
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        yield emulator


def lying_in(emulator: Emulator, folder: str) -> set[str]:
    """Subjects of what the store holds in one of Anna's folders."""
    mailbox = emulator.store.mailboxes.open(USER)
    found = emulator.store.folders.find(mailbox, folder)
    return {row[0] for row in emulator.store.db.rows("SELECT subject FROM message WHERE folder = ?", (found.id,))}
