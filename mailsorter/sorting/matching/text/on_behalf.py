"""The person behind a mailing list or a sending service, where the envelope itself still tells.

Lists rewrite From to pass DMARC: `"jan@acme.example via Lijst" <lijst@…>`, `jan=acme.example@lijst…`; forwarders
write `SRS0=hash=tt=acme.example=jan@…`. A display name alone proves nothing, so it counts only where a list
stands behind it. The sender's return path names whom a list wrote to, not who wrote (VERP).
"""

from __future__ import annotations

from mailsorter.model.address import canonical, find_addresses
from mailsorter.model.evidence import EvidenceKind
from mailsorter.model.message import Message
from mailsorter.patterns import Cap, before_token, compiled
from mailsorter.sorting.matching.text.mention import Mention

_ENCODED = compiled("on-behalf.encoded", r"^(?P<local>[^=@\s]+)=(?:40)?(?P<domain>[a-z0-9.-]+\.[a-z]{2,})@")
_SRS = compiled("on-behalf.srs", r"^srs[01][=+-].*?=(?P<domain>[a-z0-9.-]+\.[a-z]{2,})=(?P<local>[^=@]+)@")


# VERP return paths hold the recipient: bounces+jan=klant.example@list.example (RFC 6650 and common practice).
_RETURN_PATH = ("bounce", "return", "owner", "request", "error", "msprvs", "verp", "mailer", "news", "prvs", "btv1")


def on_behalf_mentions(message: Message) -> list[Mention]:
    """Addresses of those for whom the author speaks. Without a list behind it nobody is believed to speak for others,
    but for a forwarder's SRS address."""
    found: list[str] = []
    for author in (message.from_, message.sender, *message.reply_to):
        if author is None:
            continue
        if "=" in author.address and len(author.address) <= Cap.PARTICIPANT:
            encoded = _SRS.match(author.address)
            is_agent = author is message.sender and author is not message.from_
            if encoded is None and not is_agent and message.list_id and not _is_return_path(author.address):
                encoded = _ENCODED.match(author.address)
            original = canonical(f"{encoded['local']}@{encoded['domain']}") if encoded else None
            found.extend([original] if original else [])
        name = before_token(author.name, Cap.DISPLAY_NAME)
        if "@" in name and message.list_id:
            found.extend(find_addresses(name))
    return [Mention(EvidenceKind.ON_BEHALF, tuple(dict.fromkeys(found)))] if found else []


def _is_return_path(address: str) -> bool:
    local = address.partition("=")[0].lower()
    return "+" in local or local.startswith(_RETURN_PATH)
