"""An invented firm and its clients, shared by the tables of this folder."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from mailsorter.model.client import Client, ClientAddress, ClientStatus
from mailsorter.sorting.matching import MatchBook

CLIENTS = (
    Client(
        id="acme",
        name="Acme B.V.",
        domains=("acme.example", "acme-groep.example"),
        addresses=(ClientAddress("acme.inkoop@gmail.com"),),
        codes=("ACM-24", "ACM-25"),
    ),
    Client(id="bolt", name="Bolt & Zn", domains=("bolt.example",), codes=("BLT/7",)),
    Client(
        id="cato",
        name="Cato Zorg",
        domains=("cato.example", "co.uk", "gmail.com"),
        addresses=(
            ClientAddress("piet@wissel.example", valid_until=date(2025, 12, 31)),
            ClientAddress("c..hall@voorbeeld.example"),
            ClientAddress("o'neil@apart.example"),
        ),
    ),
    Client(
        id="delta",
        name="Delta Advies",
        domains=("delta-advies.example",),
        addresses=(ClientAddress("piet@wissel.example", valid_from=date(2026, 1, 1)),),
    ),
    Client(id="einde", name="Einde B.V.", domains=("einde.example",), status=ClientStatus.LEFT),
    Client(id="holding", name="Groep Holding", domains=("groep.example",)),
    Client(id="dochter", name="Groep Dochter", domains=("groep.example", "dochter.groep.example"), codes=("DOC-1",)),
)
OWN_DOMAINS = ("firma.example",)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def book() -> MatchBook:
    return MatchBook(CLIENTS, OWN_DOMAINS, own_addresses=("Consultant.Thuis@gmail.com",))
