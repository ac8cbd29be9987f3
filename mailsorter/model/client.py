"""Who the firm works for, as the client book tells it."""

from __future__ import annotations

import enum
from datetime import date

import msgspec


class ClientStatus(enum.StrEnum):
    """How the relationship stands; only `left` changes what matching does."""

    ACTIVE = "active"
    PROSPECT = "prospect"
    DORMANT = "dormant"
    LEFT = "left"  # their mail is still recognised, but waits for a person instead of making a folder again


class ClientAddress(msgspec.Struct, frozen=True, gc=False):
    """One address of a client, and the days on which it was theirs, both ends included; None: without end."""

    address: str
    valid_from: date | None = None
    valid_until: date | None = None


class Client(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One client. Addresses, domains and codes are raw, as the book has them; matching brings them to one form."""

    id: str  # stable, never shown to outsiders; the ledger knows a client by it
    name: str
    folder: str = ""  # template of the archive folder; "" takes the config's
    domains: tuple[str, ...] = ()
    addresses: tuple[ClientAddress, ...] = ()
    codes: tuple[str, ...] = ()  # project codes, as they stand in subjects and file names
    team: tuple[str, ...] = ()  # the consultants who work for this client
    language: str = "nl"
    contract_ended_on: date | None = None  # legal duties to keep its mail count from this day
    status: ClientStatus = ClientStatus.ACTIVE
