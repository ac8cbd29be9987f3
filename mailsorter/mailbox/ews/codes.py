"""Every response code that a server may give, by group: `codes.txt` has those of Microsoft's schema."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

#: Given by servers, or by exchangelib, and not in the schema.
BESIDE_THE_SCHEMA = {
    "ErrorRecoverableItemsAccessDenied": "HELD",
    "ErrorMailboxFull": "FULL",
    "TransportError": "AWAY",
    "NotTaken": "AWAY",
    "SOAPError": "AWAY",
    "MalformedResponseError": "AWAY",
    "RateLimitError": "AWAY",
    "UnauthorizedError": "SIGN_IN",
}


@cache
def group_of() -> dict[str, str]:
    """The group of each code that is known. Any other counts as REFUSED."""
    return dict(in_schema()) | BESIDE_THE_SCHEMA


def in_schema() -> Iterator[tuple[str, str]]:
    """Code and group, as the file has them."""
    group = ""
    for line in files(__package__).joinpath("codes.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        codes = line.split()
        if not line.startswith(" "):
            group = codes.pop(0)
        yield from ((code, group) for code in codes)
