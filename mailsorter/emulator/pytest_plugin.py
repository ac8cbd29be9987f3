"""pytest fixtures for whoever tests a client of Exchange: `pytest_plugins = ["mailsorter.emulator.pytest_plugin"]`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailsorter.emulator.running import Emulator, running_emulator

USER = "anna@firm.example"


@pytest.fixture
def exchange() -> Iterator[Emulator]:
    """A fresh Exchange in memory over plain http, with one empty mailbox, `anna@firm.example`."""
    with running_emulator() as emulator:
        emulator.store.mailboxes.create(USER, "Anna de Wit")
        yield emulator


@pytest.fixture
def exchange_tls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """The same over https, for clients that insist (msal, azure-identity); its certificate is trusted in this test.

    OpenSSL's and requests' variables for trusted certificates are pointed at it, since they win over what a program
    says in code.
    """
    with running_emulator(tls=True) as emulator:
        emulator.store.mailboxes.create(USER, "Anna de Wit")
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.setenv(name, str(emulator.ca_file))
        yield emulator
