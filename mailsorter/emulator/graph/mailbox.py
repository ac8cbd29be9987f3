"""What Graph says of a mailbox as a whole: settings, its ids, translation between id forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mailsorter.emulator.errors import ExchangeError, malformed_id
from mailsorter.emulator.graph.directory import context_user
from mailsorter.emulator.graph.router import Call
from mailsorter.emulator.graph.wire import Response, answer
from mailsorter.emulator.store.ids import IdCodec, MessageRef

_MAX_IDS = 1000


def get_settings(call: Call) -> Response:
    """GET mailboxSettings."""
    settings = {
        "archiveFolder": call.mailbox.ids.folder_id(call.face.store.folders.well_known(call.mailbox, "archive").id),
        "timeZone": "W. Europe Standard Time",
        "dateFormat": "d-M-yyyy",
        "timeFormat": "HH:mm",
        "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
        "userPurpose": call.mailbox.kind,
        "language": {"locale": "nl-NL", "displayName": "Nederlands (Nederland)"},
        "automaticRepliesSetting": {"status": "disabled", "externalAudience": "none"},
    }
    if call.request.options.select:
        wanted = {name.lower() for name in call.request.options.select}
        settings = {name: value for name, value in settings.items() if name.lower() in wanted}
    return answer(
        {
            "@odata.context": f"{call.request.origin}/v1.0/$metadata#{context_user(call.mailbox)}/mailboxSettings",
            **settings,
        }
    )


def get_purpose(call: Call) -> Response:
    """GET mailboxSettings/userPurpose."""
    context = f"{call.request.origin}/v1.0/$metadata#{context_user(call.mailbox)}/mailboxSettings/userPurpose"
    return answer({"@odata.context": context, "value": call.mailbox.kind})


def get_exchange_settings(call: Call) -> Response:
    """GET settings/exchange: the mailbox ids of the admin API; the archive's in beta only."""
    mailboxes = call.face.store.mailboxes
    context = f"{call.request.origin}/v1.0/$metadata#{context_user(call.mailbox)}/settings/exchange/$entity"
    shown: dict[str, Any] = {"@odata.context": context, "primaryMailboxId": mailboxes.mbx_id(call.mailbox)}
    if call.beta:
        archive = mailboxes.archive(call.mailbox)
        shown["inPlaceArchiveMailboxId"] = mailboxes.mbx_id(archive) if archive else None
    return answer(shown)


def _ews(text: str) -> str:
    return text.replace("-", "/").replace("_", "+")


def _rest(text: str) -> str:
    return text.replace("/", "-").replace("+", "_")


#: Exchange's own mapping between REST and EWS forms: `/` is `-`, `+` is `_`. The store's ids are base64url, where
#: `-` stands for `+`; only the round trip matters to clients.
_Writer = Callable[[IdCodec, int, int], str]
_WRITERS: dict[str, _Writer] = {
    "restid": lambda ids, message, generation: ids.default_id(message, generation),
    "ewsid": lambda ids, message, generation: _ews(ids.default_id(message, generation)),
    "entryid": lambda ids, message, generation: ids.entry_id(message, generation),
    "restimmutableentryid": lambda ids, message, generation: ids.immutable_id(message),
    "immutableentryid": lambda ids, message, generation: ids.immutable_id(message),
}


def _read(ids: IdCodec, form: str, text: str) -> MessageRef:
    match form:
        case "restid":
            ref = ids.read_message_id(text)
        case "ewsid":
            ref = ids.read_message_id(_rest(text))
        case "entryid":
            ref = ids.read_entry_id(text)
        case _:
            ref = ids.read_message_id(text)
    if (ref.generation is None) != ("immutable" in form):
        raise malformed_id()
    return ref


def translate_ids(call: Call) -> Response:
    """POST translateExchangeIds: up to 1,000 ids of one form into another; a bad one has `errorDetails`."""
    body = call.request.json()
    inputs = body.get("inputIds", body.get("InputIds"))
    source = str(body.get("sourceIdType", body.get("SourceIdType", ""))).lower()
    target = str(body.get("targetIdType", body.get("TargetIdType", ""))).lower()
    if not isinstance(inputs, list) or not all(isinstance(item, str) for item in inputs) or len(inputs) > _MAX_IDS:
        raise ExchangeError("ErrorInvalidRequest", f"inputIds must be a list of at most {_MAX_IDS} ids.")
    if source not in _WRITERS or target not in _WRITERS:
        raise ExchangeError(
            "ErrorInvalidRequest", "sourceIdType and targetIdType must each be one of the known id types."
        )
    context = f"{call.request.origin}/v1.0/$metadata#Collection(microsoft.graph.convertIdResult)"
    return answer({"@odata.context": context, "value": [_translated(call, source, target, item) for item in inputs]})


def _translated(call: Call, source: str, target: str, text: str) -> dict[str, Any]:
    ids = call.mailbox.ids
    try:
        message = call.face.store.messages.resolve(call.mailbox, _read(ids, source, text))
    except ExchangeError as error:
        return {"sourceId": text, "targetId": None, "errorDetails": {"code": error.code, "message": error.message}}
    return {"sourceId": text, "targetId": _WRITERS[target](ids, message.id, message.generation)}
