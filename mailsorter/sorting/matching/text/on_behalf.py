"""The person behind a mailing list or a sending service, where the envelope itself still tells.

Lists rewrite From to pass DMARC: `"jan@acme.example via Lijst" <lijst@…>`, `jan=acme.example@lijst…`; forwarders
write `SRS0=hash=tt=acme.example=jan@…`. A display name alone proves nothing, so it counts only where a list or a
service says that it speaks for someone.
"""

from __future__ import annotations

import re

from mailsorter.model.address import canonical, find_addresses
from mailsorter.model.evidence import EvidenceKind
from mailsorter.model.message import Message
from mailsorter.sorting.matching.text.mention import Mention

_SPEAKS_FOR = re.compile(r"\b(?:via|namens|on behalf of|im auftrag von|pour le compte de)\b", re.IGNORECASE)
_ENCODED = re.compile(r"^(?P<local>[^=@\s]+)=(?:40)?(?P<domain>[a-z0-9.-]+\.[a-z]{2,})@", re.IGNORECASE)
_SRS = re.compile(r"^srs[01][=+-].*?=(?P<domain>[a-z0-9.-]+\.[a-z]{2,})=(?P<local>[^=@]+)@", re.IGNORECASE)


def on_behalf_mentions(message: Message) -> list[Mention]:
    """Addresses of those for whom the author speaks."""
    found: list[str] = []
    for author in (message.from_, message.sender):
        if author is None:
            continue
        encoded = _SRS.match(author.address) or _ENCODED.match(author.address)
        if encoded:
            original = canonical(f"{encoded.group('local')}@{encoded.group('domain')}")
            found.extend([original] if original else [])
        if "@" in author.name and (message.list_id or _SPEAKS_FOR.search(author.name)):
            found.extend(find_addresses(author.name))
    return [Mention(EvidenceKind.ON_BEHALF, tuple(dict.fromkeys(found)))] if found else []
