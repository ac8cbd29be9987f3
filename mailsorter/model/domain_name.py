"""Internationalised domain names (IDNA 2008 after UTS 46 mapping) in the ASCII form that mail servers use.

The library `idna` decides. It takes 0.05 ms a label, and a message may name 50,000 domains; labels that are valid
beyond doubt are therefore encoded without its full examination. Both ways give the same form for every label.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import idna

_LONGEST_LABEL = 63  # RFC 1035, section 2.3.4


@lru_cache(maxsize=8192)  # the readers of one message ask for the same domain one after the other
def in_ascii(domain: str) -> str:
    """The ASCII form of a domain in lower case; the domain itself where it has none. Never raises."""
    try:
        labels = idna.uts46_remap(domain, std3_rules=False, transitional=False).split(".")
        encoded = [_encoded(label) for label in labels]
        if None in encoded:
            return idna.encode(domain, uts46=True).decode("ascii")
        return ".".join(label for label in encoded if label is not None)
    except (idna.IDNAError, UnicodeError):
        return domain  # delivered all the same: compare it as written


def _encoded(label: str) -> str | None:
    """The label in ASCII; None when only the library can say whether it is one."""
    if not label or label[0] == "-" or label[-1] == "-" or label[2:4] == "--" or len(label) > _LONGEST_LABEL:
        return None
    if label.isascii():
        return label if label.replace("-", "a").isalnum() else None
    if not all(map(_is_beyond_doubt, label)):
        return None
    encoded = f"xn--{label.encode('punycode').decode('ascii')}"
    return encoded if len(encoded) <= _LONGEST_LABEL else None


@lru_cache(maxsize=16384)
def _is_beyond_doubt(character: str) -> bool:
    """Valid in any place of a label: a digit, a hyphen, a letter from left to right without a rule (RFC 5892)."""
    if character.isascii():
        return character == "-" or character.isdigit() or character.islower()
    if unicodedata.category(character) not in ("Ll", "Lo") or unicodedata.bidirectional(character) != "L":
        return False
    try:
        idna.check_label(character)
    except (idna.IDNAError, UnicodeError):
        return False
    return True
