"""The person behind a mailing list or a sending service, where the envelope itself still tells.

Lists rewrite From to pass DMARC: `"jan@acme.example via Lijst" <lijst@…>`, `jan=acme.example@lijst…`; forwarders
write `SRS0=hash=tt=acme.example=jan@…`. A display name alone proves nothing, so it counts only where a list or a
service says that it speaks for someone.
"""

from __future__ import annotations

from mailsorter.model.address import canonical, find_addresses
from mailsorter.model.evidence import EvidenceKind
from mailsorter.model.message import Message
from mailsorter.patterns import AFTER_WORD, BEFORE_WORD, Cap, before_token, compiled
from mailsorter.sorting.matching.text.mention import Mention

_SPEAKS_FOR = compiled(
    "on-behalf.speaks-for",
    BEFORE_WORD + "(?:via|namens|on behalf of|im auftrag von|pour le compte de)" + AFTER_WORD,
)
_ENCODED = compiled("on-behalf.encoded", r"^(?P<local>[^=@\s]+)=(?:40)?(?P<domain>[a-z0-9.-]+\.[a-z]{2,})@")
_SRS = compiled("on-behalf.srs", r"^srs[01][=+-].*?=(?P<domain>[a-z0-9.-]+\.[a-z]{2,})=(?P<local>[^=@]+)@")


def on_behalf_mentions(message: Message) -> list[Mention]:
    """Addresses of those for whom the author speaks."""
    found: list[str] = []
    for author in (message.from_, message.sender):
        if author is None:
            continue
        if "=" in author.address and len(author.address) <= Cap.PARTICIPANT:
            encoded = _SRS.match(author.address) or _ENCODED.match(author.address)
            original = canonical(f"{encoded['local']}@{encoded['domain']}") if encoded else None
            found.extend([original] if original else [])
        name = before_token(author.name, Cap.DISPLAY_NAME)
        if "@" in name and (message.list_id or _SPEAKS_FOR.found_in(name)):
            found.extend(find_addresses(name))
    return [Mention(EvidenceKind.ON_BEHALF, tuple(dict.fromkeys(found)))] if found else []
