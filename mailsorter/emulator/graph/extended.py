"""`$expand=singleValueExtendedProperties(...)` and `multiValueExtendedProperties(...)`."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.graph.wire import iso
from mailsorter.emulator.mime.write import mime_of, transport_headers
from mailsorter.emulator.odata.filter import Compare, Literal, Logic, Node, Path, parse_filter
from mailsorter.emulator.odata.mapi import KEYWORDS, normal_id
from mailsorter.emulator.odata.sql import invalid_nodes
from mailsorter.emulator.store import Message, Store

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


class Requested(NamedTuple):
    """Ids of the extended properties that a request expands, as the client wrote them."""

    single: tuple[str, ...] = ()
    multi: tuple[str, ...] = ()


def requested(expand: Mapping[str, str]) -> Requested:
    """The extended properties of an `$expand`.

    Raises:
        ExchangeError: another navigation property than attachments, or a filter that is no list of ids.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, inner in expand.items():
        match name.lower():
            case "attachments":
                continue
            case "singlevalueextendedproperties":
                found["single"] = _ids(name, inner)
            case "multivalueextendedproperties":
                found["multi"] = _ids(name, inner)
            case _:
                raise ExchangeError(
                    "BadRequest", f"Could not find a property named '{name}' on type 'microsoft.graph.message'."
                )
    return Requested(**found)


def _ids(name: str, inner: str) -> tuple[str, ...]:
    match = _FILTER.match(inner)
    if match is None:
        raise ExchangeError("ErrorInvalidUrlQuery", f"Expanding {name} needs a filter on the property's id.")
    return tuple(_named(parse_filter(match[1])))


def _named(node: Node) -> Iterator[str]:
    """`id eq 'A' or id eq 'B'`: the ids, in order."""
    match node:
        case Logic("or", (left, right)):
            yield from _named(left)
            yield from _named(right)
        case Compare("eq", Path(path), Literal(str() as property_id)) if path.lower().rpartition("/")[2] == "id":
            yield property_id
        case _:
            raise invalid_nodes()


def pairs(store: Store, message: Message, wanted: Requested) -> list[tuple[str, bytes]]:
    """The expanded properties that the message has, as ready pairs of its JSON: none of a sort it has nothing of."""
    if not wanted.single and not wanted.multi:
        return []
    own: dict[str, Any] = msgspec.json.decode(message.extra) if message.extra != "{}" else {}
    single = _single(store, message, wanted.single, own.get("props", {}))
    multi = _multi(message, wanted.multi, own.get("multi", {}))
    found = (("singleValueExtendedProperties", single), ("multiValueExtendedProperties", multi))
    return [(name, msgspec.json.encode(values)) for name, values in found if values]


def _single(store: Store, message: Message, ids: Sequence[str], own: Mapping[str, str]) -> list[dict[str, str]]:
    found = []
    for property_id in ids:
        known = normal_id(property_id)
        reader = _READERS.get(known)
        value = own.get(known)  # what was set on the message goes before what is made up from its envelope
        if value is None and reader is not None:
            value = reader(store, message)
        if value is not None:
            found.append({"id": property_id, "value": value})
    return found


def value_of(store: Store, message: Message, property_id: str) -> str | None:
    """The value of one single-value property, None where the message has none."""
    own = msgspec.json.decode(message.extra).get("props", {})
    return next((pair["value"] for pair in _single(store, message, (property_id,), own)), None)


def _multi(message: Message, ids: Sequence[str], own: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    found = []
    for property_id in ids:
        known = normal_id(property_id, multi=True)
        values = msgspec.json.decode(message.categories) if known == KEYWORDS else own.get(known)
        if values:
            found.append({"id": property_id, "value": values})
    return found
