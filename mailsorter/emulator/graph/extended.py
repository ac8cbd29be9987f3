"""`$expand=singleValueExtendedProperties(...)` and the properties that come only when selected."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.graph.wire import iso
from mailsorter.emulator.mime.write import mime_of, transport_headers
from mailsorter.emulator.odata.mapi import normal_id
from mailsorter.emulator.store import Message, Store

_ID_TEST = re.compile(r"^\s*\w*/?id\s+eq\s+'((?:[^']|'')+)'\s*$", re.IGNORECASE)
_FILTER = re.compile(r"^\s*\$?filter\s*=\s*(.+?)\s*$", re.IGNORECASE | re.DOTALL)


def _people(message: Message, key: str) -> str:
    head: dict[str, Any] = msgspec.json.decode(message.head)
    return "; ".join(str(person["emailAddress"].get("name", "")) for person in head.get(key, []))


def _extra(message: Message, key: str) -> str | None:
    if message.extra == "{}":
        return None
    value = msgspec.json.decode(message.extra).get(key)
    return str(value) if value else None


def _sender(message: Message) -> str | None:
    person = msgspec.json.decode(message.head).get("sender")
    return str(person["emailAddress"]["address"]) if person else None


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


_Reader = Callable[[Store, Message], str | None]

_READERS: dict[str, _Reader] = {
    "String 0x001A": lambda store, message: message.message_class,
    "String 0x0037": lambda store, message: message.subject,
    "String 0x007D": lambda store, message: (
        None if message.is_draft else transport_headers(mime_of(store.messages, message))
    ),
    "String 0x0E02": lambda store, message: _people(message, "bccRecipients"),
    "String 0x0E03": lambda store, message: _people(message, "ccRecipients"),
    "String 0x0E04": lambda store, message: _people(message, "toRecipients"),
    "String 0x1035": lambda store, message: message.message_id,
    "String 0x1039": lambda store, message: _extra(message, "references"),
    "String 0x1042": lambda store, message: _extra(message, "inReplyTo"),
    "String 0x5D01": lambda store, message: _sender(message),
    "String 0x5D02": lambda store, message: message.from_address or None,
    "Integer 0x0E07": lambda store, message: str(message.is_read + 8 * message.is_draft + 16 * message.has_attachments),
    "Integer 0x0E08": lambda store, message: str(message.size),
    "Boolean 0x0E1B": lambda store, message: "true" if message.has_attachments else "false",
    "SystemTime 0x0E06": lambda store, message: iso(message.received),
    "SystemTime 0x0039": lambda store, message: iso(message.sent),
    "SystemTime 0x3007": lambda store, message: iso(message.created),
    "SystemTime 0x3008": lambda store, message: iso(message.modified),
    "Binary 0x300B": lambda store, message: _b64(message.search_key),
    "Binary 0x348A": lambda store, message: (
        _b64(message.last_folder.to_bytes(22, "big")) if message.last_folder else None
    ),
    "Binary 0x3019": lambda store, message: _b64(message.label.encode()) if message.label else None,
}


def requested(expand: Mapping[str, str]) -> tuple[str, ...]:
    """Ids of the extended properties that a request expands, as the client wrote them.

    Raises:
        ExchangeError: another navigation property than attachments, or a filter that is no list of ids.
    """
    for name, inner in expand.items():
        if name.lower() == "attachments":
            continue
        if name.lower() not in ("singlevalueextendedproperties", "multivalueextendedproperties"):
            raise ExchangeError(
                "BadRequest", f"Could not find a property named '{name}' on type 'microsoft.graph.message'."
            )
        match = _FILTER.match(inner)
        if match is None:
            raise ExchangeError("ErrorInvalidUrlQuery", f"Expanding {name} needs a filter on the property's id.")
        found = []
        for test in re.split(r"\s+or\s+", match[1], flags=re.IGNORECASE):
            if (one := _ID_TEST.match(test.strip("() "))) is None:
                raise ExchangeError(
                    "ErrorInvalidUrlQueryFilter", "The query filter contains one or more invalid nodes."
                )
            found.append(one[1].replace("''", "'"))
        return tuple(found) if name.lower().startswith("single") else ()
    return ()


def read(store: Store, message: Message, property_ids: tuple[str, ...]) -> bytes | None:
    """The requested properties that the message has, as JSON; None when it has none of them."""
    found = []
    own: dict[str, str] = msgspec.json.decode(message.extra).get("props", {}) if message.extra != "{}" else {}
    for property_id in property_ids:
        known = normal_id(property_id)
        reader = _READERS.get(known)
        value = own.get(known)  # what was set on the message goes before what is made up from its envelope
        if value is None and reader is not None:
            value = reader(store, message)
        if value is not None:
            found.append({"id": property_id, "value": value})
    return msgspec.json.encode(found) if found else None
