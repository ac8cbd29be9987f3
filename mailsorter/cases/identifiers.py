"""Addresses that a case should not take for one person's without a person's word, and those that it cannot take.

Everything with such an address is found and, once approved, erased: an address that two clients share, or one of the
firm's own people, would take somebody else's mail along. A wildcard finds nothing and looks as if it found all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailsorter.cases.office import Office
from mailsorter.errors import DecisionNeeded, UserError
from mailsorter.model.address import canonical, domain_of
from mailsorter.model.person import is_directory_name

_LONGEST, _LONGEST_LOCAL = 254, 64  # RFC 5321, 4.5.3.1


def check_addresses(office: Office, addresses: Iterable[str], although: str = "") -> None:
    """May these be searched for as one person's? `although` is the officer's reason to take doubtful ones all the same.

    Raises:
        UserError: one of them is a wildcard, or no address at all.
        DecisionNeeded: one of them is shared, the firm's own, or of a kind that no mail server outside can have.
    """
    given = tuple(addresses)
    for which, address in enumerate(given, start=1):
        _require_possible(address, which)
    doubts = [doubt for which, address in enumerate(given, start=1) for doubt in _doubts(office, address, which)]
    if doubts and not although.strip():
        raise DecisionNeeded(
            " ".join(doubts),
            advice='If it is right all the same, give the reason, which is written down: --although "why"',
        )


def _require_possible(address: str, which: int) -> None:
    """An error names no address of a person (mailsorter.errors), so it says which of those given."""
    local, _, domain = address.strip().rpartition("@")
    if "*" in address or any(c in "?%" for c in domain) or ("@" in address and local.strip() in ("", "%", "?")):
        raise UserError(
            f"Address {which} stands for many addresses, and a case is about one person.",
            advice="Name each of the person's addresses; for everybody of a client: "
            "mailsorter case open --kind client-leaves --client ID",
        )
    if canonical(address) is None and not is_directory_name(address):
        raise UserError(
            f"Address {which} is none.", advice="Check its spelling; an address looks like name@klant.example"
        )


def _doubts(office: Office, address: str, which: int) -> Iterator[str]:
    found = canonical(address)
    if found is None:
        return  # a name of Exchange's own directory
    local, _, domain = found.rpartition("@")
    if _is_own(office, found):
        yield f"Address {which} is one of the firm's own people: mail of the whole firm names it."
    sharers = [c.id for c in office.clients.values() if found in {canonical(a) for a in c.addresses}]
    if len(sharers) > 1:
        shown = ", ".join(sharers)
        yield f"Address {which} is listed for {len(sharers)} clients in the client book ({shown}): it is shared."
    labels = domain.split(".")
    if len(labels) < 2 or "" in labels or labels[-1].isdigit() or len(found) > _LONGEST or len(local) > _LONGEST_LOCAL:
        yield f"Address {which} is one that no mail from outside can come from."


def _is_own(office: Office, address: str) -> bool:
    if address in {canonical(own) for own in (*office.mailboxes, *office.firm.own_addresses)}:
        return True
    domain = domain_of(address)
    return any(domain == own.lower() or domain.endswith("." + own.lower()) for own in office.firm.own_domains)
