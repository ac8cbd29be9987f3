"""From one message to one finding: the person's role in its envelope, and a fingerprint that changes when it does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from mailsorter.model.case import Role, Seen
from mailsorter.model.message import Message, Participant
from mailsorter.model.person import Person

ROLE_ORDER = tuple(Role)


def envelope_places(message: Message, person: Person) -> tuple[Seen, ...]:
    """Every place of the envelope that names the person: participants, then subject, then preview."""
    return tuple(dict.fromkeys(_places(message, person)))


def _places(message: Message, person: Person) -> Iterator[Seen]:
    single = ((Seen.FROM, message.from_), (Seen.SENDER, message.sender))
    many = ((Seen.REPLY_TO, message.reply_to), (Seen.TO, message.to), (Seen.CC, message.cc), (Seen.BCC, message.bcc))
    for seen, participant in single:
        if participant is not None and person.is_participant(participant):
            yield seen
    for seen, participants in many:
        if any(person.is_participant(p) for p in participants):
            yield seen
    if person.is_mentioned(message.subject):
        yield Seen.SUBJECT
    if person.is_mentioned(message.preview):
        yield Seen.PREVIEW


def role_of(message: Message, places: Sequence[Seen], person: Person) -> Role:
    """The strongest role that the places give.

    Reply-To counts as author: behind a contact form it is the only place where the writer stands. An only recipient
    is alone among to, cc and bcc, whatever the number of their own addresses.
    """
    if {Seen.FROM, Seen.SENDER, Seen.REPLY_TO} & set(places):
        return Role.AUTHOR
    if {Seen.TO, Seen.CC, Seen.BCC} & set(places):
        others = [p for p in message.to + message.cc + message.bcc if not person.is_participant(p)]
        return Role.ONE_OF_MANY if others else Role.ONLY_RECIPIENT
    return Role.MENTIONED


def fingerprint(message: Message) -> bytes:
    """16 bytes that stay while the message is the one a reviewer saw, and change when it moves or is edited.

    The read flag, the follow-up flag and the preview are left out: reading is not changing, and servers make previews.
    """
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
    return hashlib.sha256(framed).digest()[:16]


def _spelled(participant: Participant) -> str:
    return f"{participant.name}\x1f{participant.address}"
