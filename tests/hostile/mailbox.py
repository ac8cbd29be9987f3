"""Hostile inputs as messages of a mailbox on the emulator."""

from __future__ import annotations

from typing import Any

from mailsorter.emulator import NewMessage
from mailsorter.emulator.mime.read import read_mime
from mailsorter.emulator.store.records import Address, NewAttachment
from tests.hostile.corpus import IN_PROCESS, IN_WORKERS, KINDS
from tests.hostile.made import Hostile

_STRANGER = Address("Wie", "wie@elders.example")
_ANNA = Address("Anna", "anna@onzefirma.example")
_MOST_PEOPLE = 500  # Exchange Online's default limit of recipients is 500 and its highest 1,000

IN_MAIL = tuple(row for kind in (*IN_PROCESS, *IN_WORKERS) for row in KINDS[kind])


def message_of(row: Hostile, size: int) -> NewMessage:
    """The input as the message that would bring it."""
    made = row.make(size)
    if row.kind == "subjects":
        return NewMessage(subject=made, body="Dag.", from_=_STRANGER, to=[_ANNA])
    if row.kind == "bodies":
        return NewMessage(subject="FW: offerte", body=made, from_=_ANNA, to=[_ANNA])
    if row.kind == "headers":
        return _of_envelope(made)
    return read_mime(made)


def _of_envelope(envelope: dict[str, Any]) -> NewMessage:
    properties = {p["id"]: p["value"] for p in envelope.get("singleValueExtendedProperties", ())}
    headers = [(h["name"], h["value"]) for h in envelope.get("internetMessageHeaders", ())][:_MOST_PEOPLE]
    return NewMessage(
        subject="Dag",
        body="Dag.",
        preview=envelope.get("bodyPreview"),
        from_=_person(envelope.get("from")) or _STRANGER,
        sender=_person(envelope.get("sender")),
        to=_people(envelope.get("toRecipients")) or [_ANNA],
        cc=_people(envelope.get("ccRecipients")),
        bcc=_people(envelope.get("bccRecipients")),
        reply_to=_people(envelope.get("replyTo")),
        message_id=envelope.get("internetMessageId"),
        references=properties.get("String 0x1039", ""),
        in_reply_to=properties.get("String 0x1042", ""),
        message_class=properties.get("String 0x001A", "IPM.Note"),
        categories=envelope.get("categories", ())[:_MOST_PEOPLE],
        headers=headers,
        attachments=[NewAttachment(name=name, data=b"a") for name in envelope.get("names", ())[:20]],
    )


def _person(one: dict[str, Any] | None) -> Address | None:
    return Address(one["emailAddress"]["name"], one["emailAddress"]["address"]) if one else None


def _people(many: list[dict[str, Any]] | None) -> list[Address]:
    return [person for one in (many or ())[:_MOST_PEOPLE] if (person := _person(one))]
