"""From one message to one finding: the person's role in its envelope, and a fingerprint that changes when it does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from mailsorter.model.case import Finding, Role, Seen
from mailsorter.model.concern import Concern, Sightings, concern
from mailsorter.model.contents import Contents, contents_digest
from mailsorter.model.message import Message, Participant
from mailsorter.model.person import Person
from mailsorter.patterns import Cap


def envelope_places(message: Message, person: Person) -> Sightings:
    """Every place of the envelope that names the person: participants, then their names, then subject and preview."""
    found = Sightings()
    for seen, meaning in _places(message, person):
        found.note(seen, meaning)
    return found


def _places(message: Message, person: Person) -> Iterator[tuple[Seen, Concern]]:
    for seen, participants in (
        (Seen.FROM, (message.from_,)), (Seen.SENDER, (message.sender,)), (Seen.REPLY_TO, message.reply_to),
        (Seen.TO, message.to), (Seen.CC, message.cc), (Seen.BCC, message.bcc),
    ):  # fmt: skip
        if any(p is not None and person.is_participant(p) for p in participants):
            yield seen, Concern.THEIRS
    for participant in message.participants:
        if participant.name and not person.is_participant(participant):
            identifier = person.identified_in_name(participant.name[: Cap.DISPLAY_NAME])
            if identifier is not None:
                yield Seen.DISPLAY_NAME, concern(identifier, Seen.DISPLAY_NAME)
    for seen, text in ((Seen.SUBJECT, message.subject), (Seen.PREVIEW, message.preview)):
        identifier = person.identified(text)
        if identifier is not None:
            yield seen, concern(identifier, seen)


def note_text(found: Sightings, seen: Seen, text: str, person: Person) -> None:
    """Add what a text at this place shows of the person."""
    identifier = person.identified(text)
    if identifier is not None:
        found.note(seen, concern(identifier, seen))


def sightings_of(finding: Finding) -> Sightings:
    """What a finding has recorded. One of an older version, which did not tell names from addresses, has no names."""
    found = Sightings()
    for seen in finding.seen:
        found.note(seen, Concern.POSSIBLE if seen in finding.by_name else Concern.MENTIONED)
    return found


def role_of(message: Message, places: Mapping[Seen, Concern], person: Person) -> Role:
    """The strongest role that the places give.

    Reply-To counts as author: behind a contact form it is the only place where the writer stands. An only recipient
    is alone among to, cc and bcc, whatever the number of their own addresses.
    """
    if {Seen.FROM, Seen.SENDER, Seen.REPLY_TO} & set(places):
        return Role.AUTHOR
    if {Seen.TO, Seen.CC, Seen.BCC} & set(places):
        others = [p for p in message.to + message.cc + message.bcc if not person.is_participant(p)]
        return Role.ONE_OF_MANY if others else Role.ONLY_RECIPIENT
    if places and all(meaning is Concern.POSSIBLE for meaning in places.values()):
        return Role.POSSIBLE
    return Role.MENTIONED


_ENVELOPE_BYTES = 16


def fingerprint(message: Message, contents: Contents | None = None) -> bytes:
    """Bytes that stay while the message is the one a reviewer saw, and change when it moves or is edited.

    16 bytes for the envelope, followed by 16 for the text and the attachments where these are known. The read flag,
    the follow-up flag and the preview are left out: reading is not changing, and servers make previews. So is the
    change key, because Exchange changes it when a message is read.
    """
    return _of_envelope(message) + (contents_digest(contents) if contents is not None else b"")


def with_contents(known: bytes, contents: Contents) -> bytes:
    """The fingerprint of a message with what it holds, in the place of what was known of that."""
    return known[:_ENVELOPE_BYTES] + contents_digest(contents)


def covers_contents(approved: bytes) -> bool:
    """Does the fingerprint cover text and attachments? One does not that an earlier version made, nor one of a message
    of which the server gave the envelope alone."""
    return len(approved) > _ENVELOPE_BYTES


def is_same_envelope(approved: bytes, message: Message) -> bool:
    """Has the message still the envelope, and does it still lie where it did?"""
    return approved[:_ENVELOPE_BYTES] == _of_envelope(message)


def is_same_contents(approved: bytes, contents: Contents) -> bool:
    """Has the message still the text and the attachments? True where the fingerprint does not cover them."""
    return not covers_contents(approved) or approved[_ENVELOPE_BYTES:] == contents_digest(contents)


def _of_envelope(message: Message) -> bytes:
    parts: list[str] = [
        message.folder_id,
        message.internet_message_id,
        message.search_key.hex(),
        message.received_at.isoformat() if message.received_at else "",
        message.subject,
        message.message_class,
        "\x1f".join(sorted(message.categories)),
        *(_spelled(p) for p in (message.from_, message.sender) if p is not None),
    ]
    for group in (message.reply_to, message.to, message.cc, message.bcc):
        parts.append("\x1e".join(_spelled(p) for p in group))
    framed = b"".join(len(raw := part.encode("utf-8", "surrogatepass")).to_bytes(4, "big") + raw for part in parts)
    return hashlib.sha256(framed).digest()[:_ENVELOPE_BYTES]


def _spelled(participant: Participant) -> str:
    return f"{participant.name}\x1f{participant.address}"
