"""`$search`: KQL over participants, subject, body and attachments, with the index's lag and its cap of 1,000.

Words are matched as the index does: by token and prefix, without regard to case. An address matches by its tokens, so
`participants:jan@a.example` also finds `jan@b.example`'s neighbours when their tokens agree: clients must look again.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.graph.directory import context_user
from mailsorter.emulator.graph.paging import collection, next_link, page_size
from mailsorter.emulator.graph.router import Call
from mailsorter.emulator.graph.wire import Response, answer
from mailsorter.emulator.odata.filter import parse_filter
from mailsorter.emulator.odata.properties import MESSAGE_PROPERTIES
from mailsorter.emulator.odata.sql import FilterSql, parse_time
from mailsorter.emulator.store import Folder

MAX_RESULTS = 1000
_BROKEN = b'{"error":{"code":"ErrorItemNotFound","message":"The specified object was not found in the store."}}'

_TERM = re.compile(r'\s*(?:(?P<mark>[()])|(?:(?P<name>[A-Za-z]+)\s*(?P<sign>[:=<>]=?))?(?P<value>"[^"]*"|[^\s()"]+))')
_BODY = "(SELECT body FROM content WHERE content.id = message.content)"
_NAMES = "(SELECT group_concat(name, ' ') FROM attachment WHERE attachment.content = message.content)"


def _head(*keys: str) -> str:
    return " || ' ' || ".join(f"coalesce(json_extract(message.head, '$.{key}'), '')" for key in keys)


_TEXTS = {
    "subject": "message.subject",
    "body": _BODY,
    "from": _head("from"),
    "to": _head("toRecipients"),
    "cc": _head("ccRecipients"),
    "bcc": _head("bccRecipients"),
    "recipients": _head("toRecipients", "ccRecipients", "bccRecipients"),
    "participants": _head("from", "toRecipients", "ccRecipients", "bccRecipients"),
    "attachment": _NAMES,
    "attachments": _NAMES,
    "importance": "message.importance",
}
_ANYWHERE = f"message.subject || ' ' || {_TEXTS['from']} || ' ' || {_BODY}"


class _Query:
    """Translates a KQL text to SQL, term by term: AND between neighbours, OR, NOT, parentheses."""

    def __init__(self, text: str) -> None:
        self.parameters: list[Any] = []
        self._terms = [match.groupdict() for match in _TERM.finditer(text)]
        self._at = 0
        self._depth = 0

    def sql(self) -> str:
        whole = self._either()
        while self._at < len(self._terms):
            self._at += 1  # a stray closing parenthesis is ignored, as the real parser does
            if self._at < len(self._terms):
                whole = f"({whole} AND {self._either()})"
        return whole

    def _word(self) -> str:
        return (
            (self._terms[self._at]["value"] or self._terms[self._at]["mark"] or "")
            if self._at < len(self._terms)
            else ""
        )

    def _either(self) -> str:
        self._depth += 1
        if self._depth > 50:
            raise _cannot_read()
        found = self._both()
        while self._word() == "OR":
            self._at += 1
            found = f"({found} OR {self._both()})"
        self._depth -= 1
        return found

    def _both(self) -> str:
        found = self._one()
        while self._at < len(self._terms) and self._word() not in ("OR", ")"):
            if self._word() == "AND":
                self._at += 1
            found = f"({found} AND {self._one()})"
        return found

    def _one(self) -> str:
        if self._at >= len(self._terms):
            return "1"
        if self._word() == "NOT":
            self._at += 1
            self._depth += 1
            if self._depth > 50:
                raise _cannot_read()
            return f"(NOT {self._one()})"
        term = self._terms[self._at]
        self._at += 1
        if term["mark"] == "(":
            inner = self._either()
            if self._word() == ")":
                self._at += 1
            return inner
        if term["mark"]:
            return "1"
        return self._term(term["name"], term["sign"], term["value"].strip('"'))

    def _term(self, name: str | None, sign: str | None, value: str) -> str:
        if name is None:
            return self._text(_ANYWHERE, value)
        key = name.lower()
        if key in ("hasattachment", "hasattachments"):
            return f"(message.has_attachments = {int(value.lower() in ('true', '1', 'yes'))})"
        if key in ("received", "sent"):
            return self._time(f"message.{key}", sign or ":", value)
        if key == "size":
            return self._size(sign or ":", value)
        if key == "kind":
            meetings = "message.message_class LIKE 'IPM.Schedule%'"
            return (
                f"({meetings})"
                if value.lower() == "meetings"
                else f"(NOT {meetings})"
                if value.lower() == "email"
                else "0"
            )
        if key not in _TEXTS:
            return self._text(_ANYWHERE, f"{name}{sign}{value}")
        return self._text(_TEXTS[key], value)

    def _text(self, sql: str, value: str) -> str:
        self.parameters.append(value)
        return f"kql_match({sql}, ?)"

    def _time(self, column: str, sign: str, value: str) -> str:
        start, dots, end = value.partition("..")
        low = parse_time(start)
        if dots:
            self.parameters += [low, parse_time(end) + 86_400]
            return f"({column} >= ? AND {column} < ?)"
        if sign in (":", "="):
            self.parameters += [low, low + 86_400]
            return f"({column} >= ? AND {column} < ?)"
        self.parameters.append(low)
        return f"({column} {sign.rstrip(':')} ?)"

    def _size(self, sign: str, value: str) -> str:
        low, dots, high = value.partition("..")
        if not low.isdigit() or len(low) > 15 or (dots and not (high.isdigit() and len(high) <= 15)):
            raise _cannot_read()
        self.parameters.append(int(low))
        if dots:
            self.parameters.append(int(high))
            return "(message.size >= ? AND message.size <= ?)"
        return f"(message.size {'=' if sign == ':' else sign} ?)"


def _cannot_read() -> ExchangeError:
    return ExchangeError("BadRequest", "Syntax error in the $search expression.")


def search_condition(text: str) -> tuple[str, list[Any]]:
    """SQL of a `$search` value, which clients put in double quotes."""
    inner = text.strip()
    if len(inner) >= 2 and inner[0] == inner[-1] == '"':
        inner = inner[1:-1].replace('\\"', '"')
    if not inner.strip():
        raise _cannot_read()
    query = _Query(inner)
    return query.sql(), query.parameters


def answer_search(call: Call, folder: Folder | None, place: str) -> Response:
    """GET messages?$search=…: newest sent first, 1,000 at most over all pages, only what the index has seen."""
    from mailsorter.emulator.graph import messages  # messages hands searches over to here

    request, options = call.request, call.request.options
    if options.filter:
        raise ExchangeError("SearchWithFilter", "The query parameter '$filter' is not supported with '$search'.")
    if options.orderby:
        raise ExchangeError("SearchWithOrderBy", "The query parameter '$orderby' is not supported with '$search'.")
    if call.mailbox.kind == "archive":
        raise ExchangeError("ErrorInvalidRequest", "Searching the in-place archive is not supported.")
    condition, parameters = search_condition(options.search or "")
    scope, first = (
        ("message.mailbox = ? AND message.area = 0", call.mailbox.id)
        if folder is None
        else ("message.folder = ?", folder.id)
    )
    size = page_size(request, default=25)
    last = min(options.skip + size, MAX_RESULTS)
    is_immutable = request.immutable and call.face.conditions.graph.immutable_ids_in_search
    shower = messages.Shower(call, options.select, dict(options.expand), immutable=is_immutable)
    rows = call.face.store.db.rows(
        f"SELECT message.id FROM message WHERE {scope} AND message.hidden = 0 AND message.indexed <= ? AND {condition}"
        f"{messages.only_mail(call)} ORDER BY message.sent DESC, message.id DESC LIMIT ?",
        (first, int(call.face.store.clock.now_s()), *parameters, last + 1),
    )
    numbers = [row[0] for row in rows]
    shower.check_page(numbers[options.skip : last])
    shown = [shower.show(message) for message in messages.by_numbers(call, numbers[options.skip : last])]
    shown[: request.break_entries] = [_BROKEN] * min(request.break_entries, len(shown))
    link = next_link(request, last) if len(numbers) > last and last < MAX_RESULTS else ""
    context = f"{request.origin}/v1.0/$metadata#{context_user(call.mailbox)}/{place}"
    return answer(collection(context, shown, next_page=link))


def folder_condition(call: Call, folder: Folder) -> tuple[str, list[Any]]:
    """What a search folder shows: messages of its source folders that pass its filter."""
    values: dict[str, Any] = msgspec.json.decode(folder.search or "{}")
    store, numbers = call.face.store, []
    for reference in values.get("sourceFolderIds", []):
        source = store.folders.find(call.mailbox, reference)
        nested = store.folders.subtree(source) if values.get("includeNestedFolders") else [source]
        numbers += [found.id for found in nested]
    where = f"message.folder IN ({','.join(str(number) for number in numbers)})"
    text = str(values.get("filterQuery") or "")
    if not text:
        return where, []
    parse_filter(text)
    condition = FilterSql(MESSAGE_PROPERTIES, call.mailbox.ids, mapi=True).condition(text)
    return f"{where} AND {condition.sql}", list(condition.parameters)
