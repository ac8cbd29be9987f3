"""A person's mail in an auxiliary archive: found, erased and proven gone by the witness, through Graph's redirects."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter

from mailsorter.cases.find import findings_of
from mailsorter.cases.perform import perform
from mailsorter.cases.prove import prove
from mailsorter.cases.witness.graph import GraphWitness
from mailsorter.cases.witness.marks import Marks
from mailsorter.emulator.store import Address
from mailsorter.model.case import ItemState, Subject
from tests.cases.tenant import Tenant, tenant

PIET = Address("Piet", "piet@klant.example")
SUBJECT = Subject(addresses=(PIET.address,))


def planted(firm: Tenant) -> str:
    """A message of Piet's in a folder of Anna's archive that lies in the auxiliary one; gives its id."""
    anna, store = firm.mailboxes[0], firm.store
    archive = store.mailboxes.add_archive(anna)
    item = firm.put(archive, ("Oud",), from_=PIET)
    store.auxiliary.expand(archive, store.folders.get(archive, store.messages.find(archive, item).folder))
    return item


def test_mail_in_an_auxiliary_archive_is_found_erased_and_proven(tmp_path: Path) -> None:
    """The finder, the eraser and the witness each follow; the witness saw the folder, and nothing is left in it."""
    with tenant(tmp_path) as firm:
        item = planted(firm)
        archive = firm.store.mailboxes.archive(firm.mailboxes[0])
        assert archive is not None
        number = firm.approved(SUBJECT)
        found = findings_of(firm.office.open_file(number))
        assert [f.key[1] for f in found.findings] == [item]
        assert not [gap for gap in found.not_seen if gap.folder not in ("", "search")]
        assert perform(firm.office, number).counts == {ItemState.ERASED: 1}
        assert firm.store.db.value("SELECT count(*) FROM message WHERE mailbox = ?", (archive.id,)) == 0
        proof = prove(firm.office, number)
        assert proof.passed, proof.unexpected
        assert not [gap for gap in proof.not_seen if "308" in gap.reason or gap.folder == "Oud"]


def test_the_witness_sees_what_was_left_in_an_auxiliary_archive(tmp_path: Path) -> None:
    """A message that comes in after the list was performed is no gap for the witness: it is told."""
    with tenant(tmp_path) as firm:
        planted(firm)
        number = firm.approved(SUBJECT)
        perform(firm.office, number)
        archive = firm.store.mailboxes.archive(firm.mailboxes[0])
        assert archive is not None
        firm.put(archive, ("Oud",), from_=PIET)
        proof = prove(firm.office, number)
        assert not proof.passed
        assert len(proof.unexpected) == 1


class Elsewhere(HTTPAdapter):
    """A server that sends every request on to the same place, and remembers what it was asked."""

    def __init__(self, location: str) -> None:
        super().__init__()
        self.location = location
        self.asked: list[str] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        self.asked.append(str(request.url))
        response = requests.Response()
        response.request = request
        response.status_code = 308
        response.headers["Location"] = self.location
        response.raw = io.BytesIO()
        return response


@pytest.mark.parametrize(
    ("location", "reason"),
    [("https://evil.example/v1.0/x", "foreign-link"), ("https://graph.example/v1.0/round", "http-308")],
)
def test_the_witness_is_led_nowhere_else_and_not_in_circles(location: str, reason: str) -> None:
    """The bearer token opens every mailbox: it goes to the configured origin alone, and what is unseen is named."""
    server = Elsewhere(location)
    witness = GraphWitness("https://graph.example", lambda: "token", lambda seconds: None)
    for scheme in ("https://", "http://"):
        witness._session.mount(scheme, server)
    look = witness.look("anna@firm.example", Marks(addresses=(PIET.address,)), frozenset())
    witness.close()
    assert {why for _, why in look.not_seen} == {reason}
    assert {urlsplit(url).netloc for url in server.asked} == {"graph.example"}
