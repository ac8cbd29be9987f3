"""What clients send about a message, read and checked: JSON of a create or a PATCH, base64 MIME of a create."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.mime.read import read_mime
from mailsorter.emulator.odata.mapi import KEYWORDS, normal_id
from mailsorter.emulator.store import Address, NewAttachment, NewMessage

_IMPORTANCE = ("low", "normal", "high")
_FLAG_STATUS = ("notFlagged", "complete", "flagged")
_INFERENCE = ("focused", "other")


#: What the metadata knows of a message, event messages and bases included.
_NAMES = """
id createdDateTime lastModifiedDateTime changeKey categories receivedDateTime sentDateTime hasAttachments
internetMessageId internetMessageHeaders subject body bodyPreview importance parentFolderId sender from
toRecipients ccRecipients bccRecipients replyTo conversationId conversationIndex uniqueBody flag
isDeliveryReceiptRequested isReadReceiptRequested isRead isDraft webLink inferenceClassification attachments
extensions singleValueExtendedProperties multiValueExtendedProperties meetingMessageType meetingRequestType type
isAllDay isOutOfDate isDelegated startDateTime endDateTime location recurrence event allowNewTimeProposals
previousStartDateTime previousEndDateTime previousLocation responseRequested responseType proposedNewTime
"""
_MESSAGE_NAMES = frozenset(_NAMES.split())


def check_names(body: Mapping[str, Any]) -> None:
    """Refuse what no message has: a misspelt property must not look as if it were set.

    Raises:
        ExchangeError: RequestBodyRead.
    """
    for name in body:
        if "@" not in name and name not in _MESSAGE_NAMES:
            raise ExchangeError(
                "RequestBodyRead",
                f"The property '{_storable(name)}' does not exist on type 'microsoft.graph.message'. Make sure to only"
                " use property names that are defined by the type.",
            )


def _wrong(what: str) -> ExchangeError:
    return ExchangeError("BadRequest", f"Cannot convert the literal given for '{what}' to its expected type.")


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        raise _wrong(key)
    return _storable(value or "")


def _storable(text: str) -> str:
    """Without lone surrogates, which no database takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _flagged(body: Mapping[str, Any], key: str) -> bool:
    value = body.get(key)
    if value is not None and not isinstance(value, bool):
        raise _wrong(key)
    return bool(value)


def _choice(body: Mapping[str, Any], key: str, allowed: Sequence[str], default: str) -> str:
    value = body.get(key)
    if value is None:
        return default
    for choice in allowed:
        if isinstance(value, str) and value.lower() == choice.lower():
            return choice
    raise _wrong(key)


def read_address(value: Any, key: str) -> Address | None:
    """A participant in Graph's form; None for null."""
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("emailAddress"), dict):
        raise _wrong(key)
    address, name = value["emailAddress"].get("address"), value["emailAddress"].get("name")
    if (address is not None and not isinstance(address, str)) or (name is not None and not isinstance(name, str)):
        raise _wrong(key)
    return Address(_storable(name or address or ""), _storable(address or ""))


def read_addresses(body: Mapping[str, Any], key: str) -> list[Address]:
    """A list of participants."""
    value = body.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong(key)
    return [address for item in value if (address := read_address(item, key)) is not None]


def read_texts(body: Mapping[str, Any], key: str) -> list[str]:
    """A list of texts."""
    value = body.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(key)
    return [_storable(item) for item in value]


def read_body(body: Mapping[str, Any]) -> tuple[str, str] | None:
    """Body type and content; None when the JSON has no body."""
    value = body.get("body")
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _wrong("body")
    return _choice(value, "contentType", ("text", "html"), "text"), _text(value, "content")


def read_flag(value: Any) -> dict[str, object]:
    """A follow-up flag."""
    if not isinstance(value, dict):
        raise _wrong("flag")
    flag: dict[str, object] = {"flagStatus": _choice(value, "flagStatus", _FLAG_STATUS, "notFlagged")}
    for key in ("startDateTime", "dueDateTime", "completedDateTime"):
        moment = value.get(key)
        if moment is not None:
            if not isinstance(moment, dict) or not isinstance(moment.get("dateTime"), str):
                raise _wrong(key)
            flag[key] = {
                "dateTime": _storable(moment["dateTime"]),
                "timeZone": _storable(str(moment.get("timeZone", "UTC"))),
            }
    return flag


def read_extended(body: Mapping[str, Any]) -> dict[str, str]:
    """Single-value extended properties by normal id."""
    value = body.get("singleValueExtendedProperties")
    if value is None:
        return {}
    if not isinstance(value, list):
        raise _wrong("singleValueExtendedProperties")
    found: dict[str, str] = {}
    for item in value:
        if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not isinstance(item.get("value"), str):
            raise _wrong("singleValueExtendedProperties")
        found[normal_id(_storable(item["id"]))] = _storable(item["value"])
    return found


def read_multi(body: Mapping[str, Any]) -> dict[str, list[str]]:
    """Multi-value extended properties by normal id; each has at least one value, as in MAPI."""
    key = "multiValueExtendedProperties"
    value = body.get(key)
    if value is None:
        return {}
    if not isinstance(value, list):
        raise _wrong(key)
    found: dict[str, list[str]] = {}
    for item in value:
        if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not item.get("value"):
            raise _wrong(key)
        found[normal_id(_storable(item["id"]), multi=True)] = read_texts(item, "value")
    return found


def _headers(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    value = body.get("internetMessageHeaders")
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong("internetMessageHeaders")
    found = []
    for item in value:
        name, text = (item.get("name"), item.get("value")) if isinstance(item, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(text, str):
            raise _wrong("internetMessageHeaders")
        if not name.lower().startswith("x-") or not name.isascii():
            raise ExchangeError(
                "ErrorInvalidRequest", f"The internet message header name '{name}' should start with 'x-' or 'X-'."
            )
        found.append((name, _storable(text)))
    return found


def read_attachment(value: Any) -> NewAttachment:
    """A file, item or reference attachment in Graph's form."""
    if not isinstance(value, dict):
        raise _wrong("attachments")
    kind = str(value.get("@odata.type", "#microsoft.graph.fileAttachment")).rpartition(".")[2].lower()
    if kind not in ("fileattachment", "itemattachment", "referenceattachment"):
        raise _wrong("attachments")
    data = b""
    content = value.get("contentBytes")
    if content is not None:
        try:
            data = base64.b64decode(str(content), validate=True)
        except (binascii.Error, ValueError):
            raise _wrong("contentBytes") from None
    name = _text(value, "name")
    if not name:
        raise ExchangeError("ErrorInvalidRequest", "The attachment has no name.")
    return NewAttachment(
        name=name,
        content_type=_text(value, "contentType") or "application/octet-stream",
        data=data,
        kind={"fileattachment": "file", "itemattachment": "item", "referenceattachment": "reference"}[kind],
        is_inline=_flagged(value, "isInline"),
        content_id=_text(value, "contentId") or None,
    )


def _system_time(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise _wrong("singleValueExtendedProperties") from None


def new_from_json(body: Mapping[str, Any], *, now: int, owner: Address) -> NewMessage:
    """A message to create from JSON: a draft of today.

    Unless its extended properties say otherwise: `Integer 0x0E07` without bit 8 makes it no draft and `SystemTime
    0x0E06` sets the delivery time, the usual way to import old mail.
    """
    check_names(body)
    properties, multi = read_extended(body), read_multi(body)
    keywords = multi.pop(KEYWORDS, None)
    message_flags = properties.pop("Integer 0x0E07", "8")
    received = properties.pop("SystemTime 0x0E06", None)
    sent = properties.pop("SystemTime 0x0039", None)
    content = read_body(body) or ("text", "")
    attachments = body.get("attachments") or []
    if not isinstance(attachments, list):
        raise _wrong("attachments")
    is_draft = not message_flags.lstrip("-").isdigit() or bool(int(message_flags[:9]) & 8)
    sender = read_address(body.get("from"), "from")
    return NewMessage(
        subject=_text(body, "subject"),
        body_type=content[0],
        body=content[1],
        from_=sender or (None if is_draft else owner),
        sender=read_address(body.get("sender"), "sender"),
        to=read_addresses(body, "toRecipients"),
        cc=read_addresses(body, "ccRecipients"),
        bcc=read_addresses(body, "bccRecipients"),
        reply_to=read_addresses(body, "replyTo"),
        message_id=_text(body, "internetMessageId") or properties.pop("String 0x1035", None),
        references=properties.pop("String 0x1039", ""),
        in_reply_to=properties.pop("String 0x1042", ""),
        received=_system_time(received) if received else now,
        sent=_system_time(sent) if sent else now,
        created=now,
        is_read=is_draft or _flagged(body, "isRead") or bool(int(message_flags[:9]) & 1),
        is_draft=is_draft,
        importance=_choice(body, "importance", _IMPORTANCE, "normal"),
        inference=_choice(body, "inferenceClassification", _INFERENCE, "focused"),
        message_class=properties.pop("String 0x001A", "IPM.Note"),
        categories=read_texts(body, "categories") if keywords is None else keywords,
        flag=read_flag(body["flag"]) if body.get("flag") is not None else None,
        headers=_headers(body),
        properties=properties,
        multi_properties=multi,
        attachments=[read_attachment(item) for item in attachments],
        receipt_requested=_flagged(body, "isReadReceiptRequested"),
        delivery_receipt_requested=_flagged(body, "isDeliveryReceiptRequested"),
    )


def new_from_mime(body: bytes, *, now: int) -> NewMessage:
    """A message to create from base64 MIME: a draft, received now, sent when its Date says.

    Raises:
        ExchangeError: ErrorMimeContentInvalidBase64String.
    """
    try:
        data = base64.b64decode(body.translate(None, b"\r\n \t"), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise ExchangeError("ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content.")
    new = read_mime(data, is_draft=True)
    new.received = new.created = now
    new.sent = new.sent if new.sent is not None else now
    new.is_read = True
    return new


class Extended(NamedTuple):
    """Extended properties that a client sets, by normal id."""

    single: dict[str, str]
    multi: dict[str, list[str]]


def changes_from_json(
    body: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, Any], Extended, tuple[str, str] | None]:
    """A PATCH read: columns, keys of the ready JSON, extended properties, body.

    Raises:
        ExchangeError: a value of a wrong type, or a property that no message has. Properties that a message has and
            nobody can write are ignored, as Graph does.
    """
    check_names(body)
    columns: dict[str, Any] = {}
    head: dict[str, Any] = {}
    if "isRead" in body:
        columns["is_read"] = int(_flagged(body, "isRead"))
    if "importance" in body:
        columns["importance"] = head["importance"] = _choice(body, "importance", _IMPORTANCE, "normal")
    if "inferenceClassification" in body:
        columns["inference"] = _choice(body, "inferenceClassification", _INFERENCE, "focused")
    if "subject" in body:
        columns["subject"] = head["subject"] = _text(body, "subject")
    if "internetMessageId" in body:
        columns["message_id"] = head["internetMessageId"] = _text(body, "internetMessageId")
    for key in ("isDeliveryReceiptRequested", "isReadReceiptRequested"):
        if key in body:
            head[key] = _flagged(body, key)
    return columns, head, Extended(read_extended(body), read_multi(body)), read_body(body)
