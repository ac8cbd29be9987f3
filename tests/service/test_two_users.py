"""The daemon as one user and the officer as another, on one ledger at the same time: a whole case, really run."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailsorter.cases.certificate import is_genuine
from mailsorter.emulator import Emulator, NewMessage, running_emulator
from mailsorter.emulator.store import Address, Mailbox
from tests.postgres import PostgresServer
from tests.service.two_users import CONFIG_GROUP, DAEMON, GROUP, OFFICER, Machine, machine, wait_until, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "it can")
long = pytest.mark.skipif(not os.environ.get("MAILSORTER_TORTURE"), reason="takes long: set MAILSORTER_TORTURE=1")
PIET, JAN = Address("Piet de Vries", "piet@klant.example"), Address("Jan", "jan@klant.example")
PERSON = "address: piet@klant.example\nname: Piet de Vries\n"
CASE = "2026-0001"


class Exchange:
    """Anna's mailbox on a running emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.store = emulator.store
        self.anna: Mailbox = self.store.mailboxes.create("anna@firm.example", "Anna")

    def arrive(self, author: Address, subject: str) -> None:
        inbox = self.store.folders.well_known(self.anna, "inbox")
        message = NewMessage(from_=author, to=[Address("Anna", self.anna.address)], subject=subject, body="Hallo.")
        self.store.messages.create(self.anna, inbox, message)

    def inbox(self) -> int:
        """How many messages are still there."""
        return len(self.store.messages.in_folder(self.store.folders.well_known(self.anna, "inbox")))

    def subjects(self) -> set[str]:
        """Of all mail of the mailbox, wherever it is."""
        folders = self.store.folders.all(self.anna)
        return {message.subject for folder in folders for message in self.store.messages.in_folder(folder)}


@contextmanager
def installed(request: pytest.FixtureRequest) -> Iterator[tuple[Machine, Exchange]]:
    with running_emulator() as emulator:
        url = ""
        if request.param == "postgresql":
            server: PostgresServer = request.getfixturevalue("postgres")
            url = open_to_others(server.empty())
        with machine(emulator, url) as made:
            yield made, Exchange(emulator)


def open_to_others(url: str) -> str:
    """Let other users of this machine reach the server's socket; the URL as a config may have it."""
    head, _, folder = url.partition("?host=")
    Path(folder).chmod(0o711)
    return f"{head.replace(':@', '@')}?host={folder}"


@pytest.fixture
def both(request: pytest.FixtureRequest) -> Iterator[tuple[Machine, Exchange]]:
    with installed(request) as made:
        yield made


@long
@pytest.mark.parametrize("both", ["sqlite", "postgresql"], indirect=True)
def test_a_whole_case_while_the_daemon_files(both: tuple[Machine, Exchange]) -> None:
    """From `erase` to the closed case, by the officer; the daemon files before, meanwhile and afterwards."""
    place, exchange = both
    for number in range(3):
        exchange.arrive(PIET, f"uniek {number}")
    with place.daemon():
        wait_until(lambda: exchange.inbox() == 0)
        place.type(OFFICER, "erase", "--from", "-", "--known", "bekend", said=PERSON, code=4)
        exchange.arrive(JAN, "daarna")
        wait_until(lambda: exchange.inbox() == 0)
        unreadable_for_the_daemon(place)
        seen = place.type(OFFICER, "case", "review", CASE, "--json").data["digest"]
        place.type(OFFICER, "case", "approve", CASE, "--by", "bert", "--digest", seen)
        place.type(OFFICER, "erase", "--from", "-", said=PERSON)
        certificate = place.officers / "certificate.json"
        place.type(OFFICER, "case", "prove", CASE, "--again", "--certificate", str(certificate))
        assert is_genuine(json.loads(certificate.read_text("utf-8")))
        place.type(OFFICER, "case", "close", CASE)
        exchange.arrive(JAN, "en nog een")
        wait_until(lambda: exchange.inbox() == 0)
        place.type(DAEMON, "check")
    assert exchange.subjects() == {"daarna", "en nog een"}
    place.type(DAEMON, "audit", "verify")
    assert place.type(DAEMON, "status", "--json").data["mailboxes"][0]["messages"]["filed"] == 2
    modes = place.files()
    assert set(modes.values()) <= {(GROUP, 0o660)}, modes
    assert ("ledger.db" in modes) == (not place.ledger_url), "on a server nothing of the ledger is in the folder"


@pytest.mark.parametrize("both", ["sqlite"], indirect=True)
def test_an_officer_s_case_is_closed_to_the_daemon(both: tuple[Machine, Exchange]) -> None:
    """The short form of the above: both work on one ledger, and what is the officer's stays the officer's."""
    place, exchange = both
    exchange.arrive(PIET, "uniek")
    place.type(DAEMON, "sort")
    assert exchange.inbox() == 0
    place.type(OFFICER, "erase", "--from", "-", "--known", "bekend", said=PERSON, code=4)
    unreadable_for_the_daemon(place)
    modes = place.files()
    assert set(modes.values()) == {(GROUP, 0o660)}, modes
    for path in (place.config, place.config.with_name("clients.toml")):  # the guide's group mailsorter-config
        assert path.stat().st_gid == CONFIG_GROUP
        os.chown(path, 0, 0)
        assert not place.can_read(DAEMON, path)


def unreadable_for_the_daemon(place: Machine) -> None:
    """With an open case: its folder, its key, the officer's secrets; and what the daemon's user can still ask."""
    for path in (place.officers, place.cases / CASE, place.cases / CASE / "key"):
        assert not place.can_read(DAEMON, path), path
        assert place.can_read(OFFICER, path), path
    for name in place.officers_alone:
        assert not place.can_read(DAEMON, place.credentials(OFFICER) / name), name
        assert not (place.credentials(DAEMON) / name).exists()
    (listed,) = place.type(DAEMON, "case", "list", "--json").data["cases"]
    assert (listed["state"], listed["by_ledger_alone"], listed["outcome"]) == ("planned", True, None)
    refused = place.type(DAEMON, "case", "show", CASE, code=2)
    assert "mailsorter-as-officer" in refused.err
    place.type(DAEMON, "erase", "x@klant.example", code=2)
    assert len(place.type(OFFICER, "case", "list", "--json").data["cases"]) == 1


@long
@pytest.mark.parametrize("both", ["sqlite", "postgresql"], indirect=True)
def test_who_cannot_read_a_case_s_key_does_not_release_the_ledger_s(both: tuple[Machine, Exchange]) -> None:
    """The daemon's user checks first: the old key stays needed, and the officer's check ends it."""
    place, exchange = both
    exchange.arrive(PIET, "uniek")
    place.type(DAEMON, "sort")
    place.type(OFFICER, "erase", "--from", "-", "--known", "bekend", said=PERSON, code=4)
    before = (place.cases / CASE / "key").read_bytes()
    place.secrets |= {"old-key": place.key, "ledger-key": secrets.token_hex(32)}
    place.give_secrets()
    place.write_config(ledger='former_keys = ["credential:old-key"]\n')
    told = place.type(DAEMON, "check")
    assert f"{CASE} (case-file-not-readable)" in told.out
    (key,) = place.type(DAEMON, "status", "--json").data["former_keys"]
    assert (key["rekeyed"], key["may_go"], key["case_files"]) == (None, False, {CASE: "case-file-not-readable"})
    assert (place.cases / CASE / "key").read_bytes() == before
    place.type(OFFICER, "check")
    (key,) = place.type(DAEMON, "status", "--json").data["former_keys"]
    assert (key["rekeyed"] is None, key["case_files"], key["open_cases"]) == (False, {}, 1)
    assert (place.cases / CASE / "key").read_bytes() != before
    place.type(OFFICER, "case", "reject", CASE, "--reason", "niet de persoon")
    place.type(OFFICER, "case", "letter", CASE)
    place.type(OFFICER, "case", "close", CASE)
    (key,) = place.type(DAEMON, "status", "--json").data["former_keys"]
    assert key["may_go"] is True
