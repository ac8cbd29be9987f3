"""The people of the messages and invitations that a message carries as parts or attachments, as RFC 5322 bytes.

Pairs of a kind and a text come in this order: `message` or `invitation` begins one, with the level at which it lies (0
right inside the outer message, 1 inside an attached message that is told before it), and what follows belongs to it:
`header` (one transport header that tells about its author), `author`, `recipient`, `subject`, `date` (ISO 8601 with an
offset, or "" for one that cannot be read). The outer message's own header is not read. Bodies are not read at all.

A limit raises `TooMuch`: whoever reads only a part of what is there might miss the second client.
"""

from __future__ import annotations

import base64
import binascii
import email
import email.policy
from collections.abc import Iterator
from datetime import UTC
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

_MESSAGES = 20  # carried messages and invitations, all levels together
_DEPTH = 5  # a message in a message in a message
_PARTS = 2_000
_PEOPLE = 2_000
_PARAMETERS = 10_000  # characters of a header with parameters: the standard library reads them in quadratic time
_HEADER = 65_536  # characters of one address header
_TOLD = ("received", "authentication-results", "x-ms-exchange-organization-authas")
_MESSAGE_TYPES = frozenset({"message/rfc822", "message/global"})  # the second: RFC 6532, with UTF-8 in headers
# Messages too, of whomever: what else is attached must not decide without them.
_NOT_READ = frozenset({"application/vnd.ms-outlook", "message/partial", "message/external-body"})
_AUTHORS, _RECIPIENTS = ("from", "sender", "reply-to"), ("to", "cc", "bcc")


class TooMuch(Exception):
    """There is more in the message than is read of one."""


class _Capped(email.policy.Compat32):
    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_PARAMETERS] if name.lower().startswith("content-") else value


_READING = _Capped()


def read_carried(raw: bytes) -> Iterator[tuple[str, str]]:
    """What the message carries. Raises `TooMuch`, and whatever the standard library raises on damaged mail."""
    yield from _Reader().inside(email.message_from_bytes(raw, policy=_READING), 0)


class _Reader:
    def __init__(self) -> None:
        self._messages = self._parts = self._people = 0

    def inside(self, message: Message, depth: int) -> Iterator[tuple[str, str]]:
        """Everything that a message's parts carry."""
        if depth > _DEPTH:
            raise TooMuch
        stack = [message]
        while stack:
            part = stack.pop()
            self._parts += 1
            if self._parts > _PARTS:
                raise TooMuch
            kind, name = part.get_content_type(), _file_name(part)
            if kind in _NOT_READ or name.endswith(".msg"):
                raise TooMuch
            if kind in _MESSAGE_TYPES or name.endswith(".eml"):
                for carried in _attached(part):
                    yield from self._message(carried, depth)
            elif kind == "text/calendar" or name.endswith(".ics"):
                yield from self._invitation(_text(part), depth)
            elif part.is_multipart() and part.get_content_maintype() == "multipart":
                stack += reversed([one for one in part.get_payload() if isinstance(one, Message)])

    def _message(self, carried: Message, depth: int) -> Iterator[tuple[str, str]]:
        self._begin()
        yield "message", str(depth)
        headers = [(name.lower(), str(value)) for name, value in carried.raw_items()]
        for name, value in headers:
            if name in _TOLD:
                yield "header", f"{name}: {' '.join(value.split())}"
            elif name in _AUTHORS or name in _RECIPIENTS:
                for address in _addresses(value):
                    yield "author" if name in _AUTHORS else "recipient", self._person(address)
            elif name == "subject":
                yield "subject", _decoded(value)
            elif name == "date":
                yield "date", _moment(value)
        yield from self.inside(carried, depth + 1)

    def _invitation(self, text: str, depth: int) -> Iterator[tuple[str, str]]:
        """Organiser and attendees (RFC 5545, 3.8.4); the text's other lines are not read."""
        self._begin()
        yield "invitation", str(depth)
        unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "")
        for line in unfolded.split("\n"):
            name = line[:9].upper()
            if name.startswith(("ORGANIZER", "ATTENDEE")):
                for address in _calendar_addresses(line[:_PARAMETERS]):
                    yield "author" if name == "ORGANIZER" else "recipient", self._person(address)

    def _begin(self) -> None:
        self._messages += 1
        if self._messages > _MESSAGES:
            raise TooMuch

    def _person(self, address: str) -> str:
        self._people += 1
        if self._people > _PEOPLE:
            raise TooMuch
        return address


def _attached(part: Message) -> list[Message]:
    """The message in a part: parsed already as message/rfc822, else out of a file's bytes."""
    inner = part.get_payload()
    if isinstance(inner, list):
        encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
        found = [one for one in inner if isinstance(one, Message)]
        if encoding != "base64":  # RFC 2046, 5.2.1 allows no encoding of it, and some write one
            return found
        try:
            packed = "".join(str(one.get_payload()) for one in found)
            return [email.message_from_bytes(base64.b64decode(packed), policy=_READING)]
        except (binascii.Error, ValueError):
            return []
    content = part.get_payload(decode=True)
    return [email.message_from_bytes(content, policy=_READING)] if isinstance(content, bytes) else []


def _file_name(part: Message) -> str:
    try:
        return _decoded(part.get_filename() or "").strip().lower()
    except (TypeError, ValueError, LookupError):
        return ""


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else ""


def _addresses(value: str) -> list[str]:
    if len(value) > _HEADER:
        raise TooMuch
    text = _readable(" ".join(value.split()))
    found = [address for _, address in getaddresses([text]) if "@" in address]
    if found or "@" not in text:
        return found
    for mark in '<>(),;"':  # no address list by the standard: everybody it may name, so that nobody is missed
        text = text.replace(mark, " ")
    return [word for word in text.split() if "@" in word]


def _moment(value: str) -> str:
    try:
        moment = parsedate_to_datetime(" ".join(value.split())[:200])
    except (TypeError, ValueError, IndexError, OverflowError):
        return ""
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).isoformat()


def _calendar_addresses(line: str) -> Iterator[str]:
    """Whom a line names: its EMAIL parameter (RFC 7986, 6.2), and its value where that is a mailto URI.

    Where the value is something else, a token or a path, the parameter is all there is. Quotes hide `;` and `:`.
    """
    is_quoted = False
    begin = 0
    for position, char in enumerate(line):
        if char == '"':
            is_quoted = not is_quoted
        elif char in ";:" and not is_quoted:
            name, _, value = line[begin:position].partition("=")
            if name.strip().upper() == "EMAIL" and (address := value.strip().strip('"').strip()):
                yield address
            begin = position + 1
            if char == ":":
                scheme, _, address = line[begin : begin + 1_000].strip().partition(":")
                if scheme.lower() == "mailto" and address.strip():
                    yield address.strip()
                return


def _decoded(raw: object) -> str:
    """A header's text with encoded words (RFC 2047) resolved."""
    text = " ".join(_readable(str(raw)[:_PARAMETERS]).split())
    if "=?" not in text:
        return text
    try:
        return "".join(
            part.decode(charset or "ascii", "replace") if isinstance(part, bytes) else part
            for part, charset in decode_header(text)
        )
    except (LookupError, ValueError, HeaderParseError):
        return text


def _readable(text: str) -> str:
    """Raw 8-bit header bytes, which the standard library gives as surrogates, as UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
