"""Messages for the benchmarks from files: envelope, body text and attachment names, whatever state they are in."""

from __future__ import annotations

import email
import email.header
import email.message
import email.utils
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mailsorter.model.message import Message, Participant

_ONE_ADDRESS = re.compile(r"<([^<>\s]+@[^<>\s]+)>")
_MSG_ID = re.compile(r"<[^<>\s]+>")
_TAGS = re.compile(r"<(?:style|script)\b.*?</(?:style|script)>|<[^>]{0,2000}>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Parsed:
    """One file: the envelope as a connector would deliver it, and what it would fetch on demand."""

    path: Path
    message: Message
    text: str
    attachment_names: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The folder that holds the file: in a tree of filed mail, its label."""
        return self.path.parent.name


def read_tree(root: Path) -> Iterator[Parsed]:
    """Every file below a folder, in the order of its path."""
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        yield parse(path.read_bytes(), path)


def parse(raw: bytes, path: Path) -> Parsed:
    """One message from its bytes; never raises for what they hold."""
    mime = email.message_from_bytes(raw)
    text, names = _body(mime)
    return Parsed(path, _envelope(mime, str(path), text, has_attachments=bool(names)), text, names)


def _envelope(mime: email.message.Message, id_: str, text: str, *, has_attachments: bool) -> Message:
    authors, senders = _people(mime, "From"), _people(mime, "Sender")
    when = _date(mime)
    return Message(
        id=id_,
        folder_id="inbox",
        received_at=when,
        sent_at=when,
        internet_message_id=_header(mime, "Message-ID").strip(),
        references=tuple(_MSG_ID.findall(_header(mime, "References") + _header(mime, "In-Reply-To"))),
        subject=_header(mime, "Subject")[:255],
        preview=text[:255],
        from_=authors[0] if authors else None,
        sender=senders[0] if senders else None,
        reply_to=_people(mime, "Reply-To"),
        to=_people(mime, "To"),
        cc=_people(mime, "Cc"),
        bcc=_people(mime, "Bcc"),
        has_attachments=has_attachments,
        list_id=_header(mime, "List-Id"),
    )


def _header(mime: email.message.Message, name: str) -> str:
    value = mime.get(name)
    if value is None:
        return ""
    raw = str(value)
    try:
        parts = email.header.decode_header(value)
        return "".join(_decoded(part, charset) for part, charset in parts)
    except (ValueError, LookupError, email.errors.MessageError):
        return raw


def _decoded(part: bytes | str, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    try:
        return part.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return part.decode("latin-1")


def _people(mime: email.message.Message, name: str) -> tuple[Participant, ...]:
    values = [str(value) for value in mime.get_all(name, [])]
    try:
        found = email.utils.getaddresses(values)
    except RecursionError:  # the standard library's answer to thousands of empty groups
        found = []
    for value in values:  # an address as unquoted display name is no second address
        inside = _ONE_ADDRESS.findall(value)
        if len(inside) == 1 and len(found) > 1 and "," not in value and ";" not in value:
            found = [("", inside[0])]
    usable = tuple(Participant(address, shown) for shown, address in found if address)
    return usable or tuple(Participant(value) for value in values if value.strip())


def _date(mime: email.message.Message) -> datetime | None:
    for value in (str(mime.get("Date", "")), str(mime.get("Received", "")).rpartition(";")[2]):
        try:
            when = email.utils.parsedate_to_datetime(value)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        try:
            return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _body(mime: email.message.Message) -> tuple[str, tuple[str, ...]]:
    texts: list[str] = []
    names: list[str] = []
    for part in mime.walk():
        try:
            name = part.get_filename()
            if name:
                names.append(str(name))
            elif part.get_content_maintype() in ("text", "message") and not part.is_multipart():
                texts.append(_part_text(part))
        except (LookupError, ValueError, TypeError, AttributeError):
            continue
    return "\n".join(texts), tuple(names)


def _part_text(part: email.message.Message) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else str(part.get_payload()).encode("utf-8", "replace")
    text = _decoded(raw, part.get_content_charset())
    return _TAGS.sub(" ", text) if part.get_content_subtype() == "html" else text
