"""FindItem's restrictions, looked at message by message."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import msgspec

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.ews.shapes import property_of
from mailsorter.emulator.ews.soap import elements, find, name_of
from mailsorter.emulator.graph.wire import iso
from mailsorter.emulator.store import Message, Store

_VALUES: dict[str, Callable[[Message], str]] = {
    "item:Subject": lambda message: message.subject,
    "item:ItemClass": lambda message: message.message_class,
    "item:DateTimeReceived": lambda message: iso(message.received),
    "item:DateTimeSent": lambda message: iso(message.sent),
    "item:HasAttachments": lambda message: "true" if message.has_attachments else "false",
    "message:IsRead": lambda message: "true" if message.is_read else "false",
    "message:InternetMessageId": lambda message: message.message_id,
    "message:From": lambda message: message.from_address,
    "item:Categories": lambda message: "\n".join(msgspec.json.decode(message.categories)),
}
_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "IsEqualTo": operator.eq,
    "IsNotEqualTo": operator.ne,
    "IsGreaterThan": operator.gt,
    "IsGreaterThanOrEqualTo": operator.ge,
    "IsLessThan": operator.lt,
    "IsLessThanOrEqualTo": operator.le,
}


def matches(store: Store, message: Message, condition: Any) -> bool:
    """Does the message meet the condition?

    Raises:
        ExchangeError: ErrorUnsupportedPathForQuery, or a condition that the emulator does not know.
    """
    kind = name_of(condition)
    if kind == "And":
        return all(matches(store, message, part) for part in elements(condition))
    if kind == "Or":
        return any(matches(store, message, part) for part in elements(condition))
    if kind == "Not":
        return not any(matches(store, message, part) for part in elements(condition))
    value = _value(store, message, next(elements(condition)))
    if kind == "Exists":
        return value is not None
    if kind == "Contains":
        wanted = find(condition, "t:Constant").get("Value", "")
        return value is not None and wanted.casefold() in value.casefold()
    if kind not in _COMPARE:
        raise ExchangeError("ErrorInvalidRestriction", f"The emulator knows no restriction {kind}.")
    wanted = find(condition, "t:FieldURIOrConstant/t:Constant").get("Value", "")
    return value is not None and _COMPARE[kind](value.casefold(), wanted.casefold())


def _value(store: Store, message: Message, path: Any) -> str | None:
    if name_of(path) == "ExtendedFieldURI":
        return property_of(store, message, (path.get("PropertyTag", ""), path.get("PropertyType", "String")))
    uri = path.get("FieldURI", "")
    if uri not in _VALUES:
        raise ExchangeError("ErrorUnsupportedPathForQuery", f"The property {uri} cannot be searched for.")
    return _VALUES[uri](message)
