"""The witness over EWS, for mailboxes on the firm's own Exchange Server: SOAP of its own, written out here.

Where the finder asks for the whole tree at once, this walks down level by level from the top and from Recoverable
Items, and lists ordinary and associated items apart. A busy server is waited out; what cannot be read is told.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import msgspec
import requests
from lxml import etree

from mailsorter.cases.witness.marks import Marks
from mailsorter.cases.witness.report import BODIES, HEADERS, INDEXED, FolderLook, Hit, MailboxLook
from mailsorter.cases.witness.texts import (
    READ_AT_ONCE,
    header_shows,
    is_carrier,
    is_read_whole,
    name_shows,
    read_html,
    read_message,
)
from mailsorter.sandbox import Sandbox

_NAMES = {
    "t": "http://schemas.microsoft.com/exchange/services/2006/types",
    "m": "http://schemas.microsoft.com/exchange/services/2006/messages",
}
_TAGS = {"0x300b": "Binary", "0x5d01": "String", "0x5d02": "String", "0x3fd9": "String"}
_FIELDS = (
    *("item:Subject", "item:DateTimeReceived", "message:Sender", "message:ToRecipients", "message:CcRecipients"),
    *("message:BccRecipients", "message:From", "message:InternetMessageId", "message:ReplyTo"),
)
_SHAPE = (
    "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
    + "".join(f'<t:FieldURI FieldURI="{name}"/>' for name in _FIELDS)
    + "".join(f'<t:ExtendedFieldURI PropertyTag="{tag}" PropertyType="{kind}"/>' for tag, kind in _TAGS.items())
    + "</t:AdditionalProperties></m:ItemShape>"
)
_BARE = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
_MIME = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent></m:ItemShape>"
_TEXTS = (
    "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
    '<t:FieldURI FieldURI="item:ItemClass"/><t:FieldURI FieldURI="item:Body"/>'
    '<t:FieldURI FieldURI="item:Attachments"/>'
    '<t:ExtendedFieldURI PropertyTag="0x007D" PropertyType="String"/>'
    "</t:AdditionalProperties></m:ItemShape>"
)
_RECOVERABLE = "Recoverable Items"
_TOPS = (("msgfolderroot", ""), ("recoverableitemsroot", _RECOVERABLE))
_ARCHIVE_TOPS = (("archivemsgfolderroot", ""), ("archiverecoverableitemsroot", _RECOVERABLE))
_NONE = "no-recoverable-items"
_PAGE = 500
_MOST_STEPS_BACK = 1000  # of one folder: a server that keeps no order must not hold up the proof for ever
_OLDEST_FIRST = (
    '<m:SortOrder><t:FieldOrder Order="Ascending"><t:FieldURI FieldURI="item:DateTimeReceived"/></t:FieldOrder>'
    "</m:SortOrder>"
)
_ROUNDS = 3  # in which a folder's ids are listed again where it counts more than it listed
_CHUNK = 100
_OPENED_AT_ONCE = 20
_FOLDERS_AT_ONCE = 50
_TRIES = 8
_LONGEST_WAIT_S = 300.0
_TIMEOUT_S = (10.0, 120.0)
_REFERENCE = re.compile(rb"&#(x[0-9A-Fa-f]{1,8}|[0-9]{1,10});")
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_LEGAL = ((0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF))
_REPLACED = "\ufffd".encode()
_BUSY = ("ErrorServerBusy", "ErrorTimeoutExpired", "ErrorInternalServerTransientError", "ErrorMailboxStoreUnavailable")


@dataclass(frozen=True, slots=True)
class _Folder:
    """One folder as it is shown; `count` is how many items the server says that it has, if it does."""

    id: str
    name: str
    count: int | None
    is_recoverable: bool


class CannotSee(Exception):
    """A request that gave no answer in the end; the text is a stable code."""


class EwsWitness:
    """One account's view of the server. `sign_in` is what `requests` takes as `auth`.

    `sleep` waits so many seconds, and raises when the program is to stop: asked before every request, too.
    `archives` tells whose archive mailbox goes by which name.
    """

    def __init__(
        self,
        url: str,
        sign_in: Any,
        sleep: Callable[[float], None],
        *,
        ca_file: str | None = None,
        impersonate: bool = True,
        archives: Mapping[str, str] | None = None,
        sandbox: Sandbox | None = None,
    ) -> None:
        self._archives = archives or {}
        self._sandbox = sandbox
        self._url = url
        self._sleep = sleep
        self._impersonate = impersonate
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ca_file or True
        self._session.auth = sign_in
        self._mailbox = ""
        self._requests = 0
        self._depth = INDEXED

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def look(self, mailbox: str, marks: Marks, watched: frozenset[str], depth: str = INDEXED) -> MailboxLook:
        """See `Witness.look`."""
        self._depth = depth
        owner = self._archives.get(mailbox)
        self._mailbox = mailbox if owner is None else owner
        look, before = MailboxLook(mailbox=mailbox), self._requests
        folders: list[_Folder] = []
        for top, path in _TOPS if owner is None else _ARCHIVE_TOPS:
            found: list[_Folder] = []
            try:
                for some in self._folders(self._distinguished(top), path, look):
                    found.append(some)
            except CannotSee as reason:
                # with delegate access Exchange answers so about a folder that the account may not see, too
                has_none = bool(path) and str(reason) == "ErrorFolderNotFound" and self._impersonate
                look.not_seen.append((top, _NONE if has_none else str(reason)))
            for group in _groups(found):
                self._look_into(look, group, marks, watched)
            folders += found
        if depth != HEADERS:
            self._search(look, [one.id for one in folders if not one.is_recoverable], marks)
        look.requests = self._requests - before
        return look

    # folders -------------------------------------------------------------------------------------------------

    def _distinguished(self, name: str) -> str:
        owner = f"<t:Mailbox><t:EmailAddress>{escape(self._mailbox)}</t:EmailAddress></t:Mailbox>"
        return f'<t:DistinguishedFolderId Id="{name}">{"" if self._impersonate else owner}</t:DistinguishedFolderId>'

    def _folders(self, top: str, path: str, look: MailboxLook) -> Iterator[_Folder]:
        """Every folder below a top, level by level: the children of many are asked for at once."""
        level: list[tuple[str, str]] = [(top, path)]
        while level:
            below: list[tuple[str, str]] = []
            for start in range(0, len(level), _FOLDERS_AT_ONCE):
                for folder in self._children(level[start : start + _FOLDERS_AT_ONCE], look, bool(path)):
                    yield folder
                    below.append((f"<t:FolderId Id={quoteattr(folder.id)}/>", folder.name))
            level = below

    def _children(
        self, parents: Sequence[tuple[str, str]], look: MailboxLook, is_recoverable: bool
    ) -> Iterator[_Folder]:
        left = {0: list(parents)}
        while left:
            offset, some = left.popitem()
            body = (
                '<m:FindFolder Traversal="Shallow"><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>'
                f'<m:IndexedPageFolderView MaxEntriesReturned="{_PAGE}" Offset="{offset}" BasePoint="Beginning"/>'
                f"<m:ParentFolderIds>{''.join(one for one, _ in some)}</m:ParentFolderIds></m:FindFolder>"
            )
            for (parent, path), answer in zip(some, self._each(body, len(some)), strict=True):
                if isinstance(answer, str):
                    if len(parents) == 1 and "Distinguished" in parent:
                        raise CannotSee(answer)
                    look.not_seen.append((path, answer))
                    continue
                found = list(answer.iterfind("m:RootFolder/t:Folders/*", _NAMES))
                for folder in found:
                    if not folder.tag.endswith("}Folder"):
                        continue  # calendars, contacts, tasks and saved searches
                    name = f"{path} / {_text(folder, 't:DisplayName')}".removeprefix(" / ")
                    count = _text(folder, "t:TotalCount")
                    folder_id = str(folder.find("t:FolderId", _NAMES).get("Id"))
                    yield _Folder(folder_id, name, int(count) if count.isdecimal() else None, is_recoverable)
                if found and not _is_last(answer):
                    left.setdefault(offset + len(found), []).append((parent, path))

    def _look_into(self, look: MailboxLook, group: Sequence[_Folder], marks: Marks, watched: frozenset[str]) -> None:
        seen = {
            one.id: FolderLook(
                folder=one.name, is_recoverable=one.is_recoverable, items=0, naming=0, held=one.count or 0
            )
            for one in group
        }
        named = {one.id: one for one in group}
        listed: dict[str, set[str]] = {one.id: set() for one in group}
        for traversal in ("Shallow", "Associated"):
            try:
                for page in self._listed([one.id for one in group], traversal, "", look, named):
                    fresh = {item_id: where for item_id, where in page.items() if item_id not in listed[where]}
                    for item_id, where in fresh.items():
                        listed[where].add(item_id)
                    self._look_at(look, fresh, (named, seen), marks, watched)
            except CannotSee as reason:
                look.not_seen += [(one.name, str(reason)) for one in group]
        for one in group:
            is_refused = any(folder == one.name for folder, _ in look.not_seen)
            if seen[one.id].held > seen[one.id].items and not is_refused:
                try:
                    self._list_again(look, (named, seen), one, listed[one.id], marks, watched)
                except CannotSee as reason:
                    look.not_seen.append((one.name, str(reason)))
        look.folders.extend(seen.values())

    def _list_again(
        self,
        look: MailboxLook,
        folders: tuple[Mapping[str, _Folder], dict[str, FolderLook]],
        folder: _Folder,
        listed: set[str],
        marks: Marks,
        watched: frozenset[str],
    ) -> None:
        """A folder that counts more than it listed: its ids again, until it lists what it counts. FindItem lists items
        of every kind, so nothing else explains a difference. A round counts only if nothing of the one before left."""
        before, has_left = set(listed), False
        for _ in range(_ROUNDS):
            pages = [
                page
                for traversal in ("Shallow", "Associated")
                for page in self._listed([folder.id], traversal, "", look, folders[0])
            ]
            now = {item_id for page in pages for item_id in page}
            for page in pages:
                if fresh := {item_id: where for item_id, where in page.items() if item_id not in listed}:
                    self._look_at(look, fresh, folders, marks, watched)
            listed |= now
            held = self._total_of(folder.id)
            one = folders[1][folder.id]
            folders[1][folder.id] = msgspec.structs.replace(
                one, items=len(now), held=one.held if held is None else held
            )
            has_left = not before <= now
            if not has_left and held is not None and len(now) >= held:
                return
            before = now
        if has_left:
            raise CannotSee("listing-short")

    def _total_of(self, folder_id: str) -> int | None:
        """The folder's own count now, None where the server gives none."""
        (answer,) = self._each(
            "<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
            f"<m:FolderIds><t:FolderId Id={quoteattr(folder_id)}/></m:FolderIds></m:GetFolder>",
            1,
        )
        if isinstance(answer, str):
            raise CannotSee(answer)
        found = answer.find("m:Folders/*", _NAMES)
        count = "" if found is None else _text(found, "t:TotalCount")
        return int(count) if count.isdecimal() else None

    def _look_at(
        self,
        look: MailboxLook,
        page: Mapping[str, str],
        folders: tuple[Mapping[str, _Folder], dict[str, FolderLook]],
        marks: Marks,
        watched: frozenset[str],
    ) -> None:
        """Items of one page (their folders by their ids). In Recoverable Items each is opened as well: there no index
        of the server's looks, and what a hold keeps may name the person far inside."""
        named, seen = folders
        closed: list[str] = []
        left = dict(page)
        unnamed: list[str] = []
        try:
            for item in self._whole(list(page), closed=closed):
                folder_id = left.pop(_id(item))
                folder, counted = named[folder_id], seen[folder_id]
                places = tuple(dict.fromkeys(_places(item, marks)))
                if not places and (folder.is_recoverable if self._depth == INDEXED else self._depth != HEADERS):
                    unnamed.append(_id(item))
                seen[folder_id] = msgspec.structs.replace(
                    counted, items=counted.items + 1, naming=counted.naming + bool(places)
                )
                if _id(item) in watched:
                    places = (*places, "watched")
                if places:
                    look.hits.append(_hit(item, folder.name, folder.is_recoverable, places))
            if self._depth == BODIES:
                unnamed = self._texts_naming(look, unnamed, marks, closed)
                inside: Iterable[Any] = self._whole(unnamed, closed=closed)
            else:
                inside = self._naming(look, unnamed, marks, closed)
            for item in inside:
                folder = named[page[_id(item)]]
                seen[folder.id] = msgspec.structs.replace(seen[folder.id], naming=seen[folder.id].naming + 1)
                look.hits.append(_hit(item, folder.name, folder.is_recoverable, ("text",)))
        except CannotSee as reason:
            unread = {named[folder_id].name for item_id, folder_id in left.items() if item_id not in closed}
            look.not_seen += [(name, str(reason)) for name in sorted(unread or {named[f].name for f in page.values()})]
        for folder_id in dict.fromkeys(page[item_id] for item_id in closed):
            look.not_seen.append((named[folder_id].name, "item-not-readable"))
        look.hits += [  # that they are there is seen all the same
            Hit(
                id=item_id,
                folder=named[page[item_id]].name,
                is_recoverable=named[page[item_id]].is_recoverable,
                places=("watched",),
            )
            for item_id in dict.fromkeys(closed)
            if item_id in watched
        ]

    def _listed(
        self, folders: Sequence[str], traversal: str, query: str, look: MailboxLook, named: Mapping[str, _Folder]
    ) -> Iterator[dict[str, str]]:
        """Items of folders, page by page: the folder of each by its id, some twice. A folder that is refused is named.

        Oldest first, and each page of a folder must begin with an item of the one before: the server counts, so that
        one that leaves a page hides another. Where none of them comes, the page is asked for further ahead.
        """
        order = f"<m:QueryString>{escape(query)}</m:QueryString>" if query else ""
        before: dict[str, set[str]] = {}  # by folder, the ids of its page before
        steps_back: dict[str, int] = {}
        left = {0: list(folders)}
        while left:
            offset, some = left.popitem()
            inside = "".join(f"<t:FolderId Id={quoteattr(one)}/>" for one in some)
            body = (
                f'<m:FindItem Traversal="{traversal}">{_BARE}'
                f'<m:IndexedPageItemView MaxEntriesReturned="{_PAGE}" Offset="{offset}" BasePoint="Beginning"/>'
                f"{'' if query else _OLDEST_FIRST}<m:ParentFolderIds>{inside}</m:ParentFolderIds>{order}</m:FindItem>"
            )
            page: dict[str, str] = {}
            for folder_id, answer in zip(some, self._each(body, len(some)), strict=True):
                if isinstance(answer, str):
                    look.not_seen.append((named[folder_id].name if named else "search", answer))
                    continue
                ids = [_id(item) for item in answer.iterfind("m:RootFolder/t:Items/*", _NAMES)]
                page |= dict.fromkeys(ids, folder_id)
                known = before.get(folder_id, set())
                back = max(0, offset - max(1, len(known) - 1))
                if offset and known and known.isdisjoint(ids) and steps_back.get(folder_id, 0) < _MOST_STEPS_BACK:
                    steps_back[folder_id] = steps_back.get(folder_id, 0) + 1
                    left.setdefault(back, []).append(folder_id)
                elif ids and not _is_last(answer):
                    overlaps = len(ids) > 1 and not query
                    before[folder_id] = set(ids) if overlaps else set()
                    left.setdefault(offset + len(ids) - overlaps, []).append(folder_id)
            yield page

    def _each(self, body: str, count: int) -> list[Any]:
        """A response message for each of `count` folders, or the code of what is wrong with it. Raises `CannotSee`."""
        answers = self._ask(body, per_item=True)
        if len(answers) != count:
            raise CannotSee("broken-answer")
        return [
            (_text(one, "m:ResponseCode") or "no-answer") if one.get("ResponseClass") == "Error" else one
            for one in answers
        ]

    def _whole(self, ids: Sequence[str], shape: str = _SHAPE, *, closed: list[str] | None = None) -> Iterator[Any]:
        """Items by their ids; what the server cannot give is added to `closed`, or raises `CannotSee` without it."""
        at_once = _CHUNK if shape == _SHAPE else _OPENED_AT_ONCE
        for start in range(0, len(ids), at_once):
            chunk = ids[start : start + at_once]
            named = "".join(f"<t:ItemId Id={quoteattr(i)}/>" for i in chunk)
            answers = self._ask(f"<m:GetItem>{shape}<m:ItemIds>{named}</m:ItemIds></m:GetItem>", per_item=True)
            if len(answers) != len(chunk):
                raise CannotSee("broken-answer")
            for item_id, answer in zip(chunk, answers, strict=True):
                items = answer.find("m:Items", _NAMES)
                if answer.get("ResponseClass") != "Error" and items is not None and len(items):
                    yield items[0]
                elif _text(answer, "m:ResponseCode") != "ErrorItemNotFound":
                    if closed is None:
                        raise CannotSee("item-not-readable")
                    closed.append(item_id)

    # search --------------------------------------------------------------------------------------------------

    def _search(self, look: MailboxLook, folders: Sequence[str], marks: Marks) -> None:
        """The second road: what only bodies and attachments tell, as far as the server's index goes.

        What it finds is opened once, whichever terms find it: a server that looks at no term gives everything each
        time.
        """
        opened = {hit.id for hit in look.hits}
        closed: list[str] = []
        try:
            for term in marks.search_terms():
                quoted = '"' + term.replace('"', " ") + '"'
                for start in range(0, len(folders), _FOLDERS_AT_ONCE):
                    for page in self._listed(folders[start : start + _FOLDERS_AT_ONCE], "Shallow", quoted, look, {}):
                        fresh = [item_id for item_id in page if item_id not in opened]
                        opened.update(fresh)
                        for item in self._naming(look, fresh, marks, closed, is_suggested=True):
                            look.hits.append(_hit(item, "", False, ("text",)))
        except CannotSee as reason:
            look.not_seen.append(("search", str(reason)))
        if closed:
            look.not_seen.append(("search", "item-not-readable"))

    def _texts_naming(self, look: MailboxLook, ids: Sequence[str], marks: Marks, closed: list[str]) -> list[str]:
        """Those of the items whose text, header block or attachments' names show the person, and those whose attached
        messages or archives do."""
        found, whole, html = [], [], []
        for item in self._whole(ids, _TEXTS, closed=closed):
            body = item.find("t:Body", _NAMES)
            text, item_id = _text(item, "t:Body"), _id(item)
            attached = item.find("t:Attachments", _NAMES)
            listed = () if attached is None else attached
            if body is not None and body.get("BodyType") == "HTML":
                html.append((item_id, text))
                text = ""  # what its tags hold, no reader sees
            names = [_text(one, "t:Name") for one in listed]
            if (
                marks.in_text(text)
                or _shown_in_headers(_properties(item).get("0x7d", ""), marks)
                or any(name_shows(name, marks) for name in names)
            ):
                found.append(item_id)
            elif is_read_whole(_text(item, "t:ItemClass")) or any(
                is_carrier(
                    _text(one, "t:Name"), _text(one, "t:ContentType"), is_item=one.tag.endswith("ItemAttachment")
                )
                for one in listed
            ):
                whole.append(item_id)
        for start in range(0, len(html), READ_AT_ONCE):
            some = html[start : start + READ_AT_ONCE]
            readings = read_html([text for _, text in some], marks, self._sandbox)
            look.limited += sum(reading.met_limit for reading in readings)
            found += [one for (one, _), reading in zip(some, readings, strict=True) if reading.names]
        already = set(found)
        opened = [one for one in whole if one not in already]
        found += [_id(item) for item in self._naming(look, opened, marks, closed)]
        return list(dict.fromkeys(found))

    def _naming(
        self, look: MailboxLook, ids: Sequence[str], marks: Marks, closed: list[str], *, is_suggested: bool = False
    ) -> Iterator[Any]:
        """Those of the items that name the person anywhere inside, as they are shown; opened a few at a time.

        `is_suggested`: the server's index says that they do. Where nobody can read one to its end, its word counts.
        """
        found = []
        for item in self._whole(ids, _MIME, closed=closed):
            raw = _decoded(_text(item, "t:MimeContent"))
            reading = read_message(raw, marks, self._sandbox)
            look.limited += reading.met_limit
            if reading.names or (reading.met_limit and is_suggested):
                found.append(_id(item))
        yield from self._whole(found, closed=closed)

    # requests ------------------------------------------------------------------------------------------------

    def _ask(self, body: str, *, per_item: bool = False) -> list[Any]:
        """The response messages of one operation; `per_item`: one that says what is wrong with its item, too.

        Raises `CannotSee`.
        """
        wait_s = 1.0
        reason = "no-answer"
        for _ in range(_TRIES):
            answers, reason, hint = self._once(body)
            if answers is not None and (not reason or (per_item and reason not in _BUSY)):
                return answers
            if reason not in _BUSY and reason != "no-answer":
                break
            self._sleep(min(hint or wait_s, _LONGEST_WAIT_S))
            wait_s *= 2
        raise CannotSee(reason)

    def _once(self, body: str) -> tuple[list[Any] | None, str, float | None]:
        """Response messages, the code of what is wrong with them ("" for nothing), seconds the server wants."""
        self._sleep(0.0)
        self._requests += 1
        headers = {"Content-Type": "text/xml; charset=utf-8", "X-AnchorMailbox": self._mailbox}
        try:
            response = self._session.post(
                self._url, self._envelope(body), headers=headers, timeout=_TIMEOUT_S, allow_redirects=False
            )
        except requests.RequestException:
            return None, "no-answer", None
        if response.status_code == 400:  # some servers, on a connection after a large body: again on a new one
            response.close()
            return None, "no-answer", None
        if response.status_code not in (200, 500):
            return None, f"http-{response.status_code}", None
        try:
            root = _parsed(response.content)
        except etree.XMLSyntaxError:
            return None, "no-answer", None
        hint = next(
            (
                int(v.text or 0) / 1000
                for v in root.iterfind(".//t:Value", _NAMES)
                if v.get("Name") == "BackOffMilliseconds"
            ),
            None,
        )
        messages = root.find(".//m:ResponseMessages", _NAMES)
        if messages is None:
            code = next((e.text or "" for e in root.iter("{*}ResponseCode")), "")
            return None, code or "no-answer", hint
        codes = [_text(one, "m:ResponseCode") for one in messages if one.get("ResponseClass") == "Error"]
        busy = [code for code in codes if code in _BUSY]  # the server's trouble, whichever item it met
        return list(messages), next(iter(busy or codes), ""), hint

    def _envelope(self, body: str) -> bytes:
        who = (
            "<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>"
            f"{escape(self._mailbox)}</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>"
            if self._impersonate
            else ""
        )
        return (
            '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
            f'xmlns:t="{_NAMES["t"]}" xmlns:m="{_NAMES["m"]}"><s:Header>'
            f'<t:RequestServerVersion Version="Exchange2013_SP1"/>{who}</s:Header><s:Body>{body}</s:Body></s:Envelope>'
        ).encode()


def _groups(folders: Sequence[_Folder]) -> Iterator[list[_Folder]]:
    """Neighbouring folders that can be listed together: up to 50, of which the first pages make one page or little
    more."""
    group: list[_Folder] = []
    for folder in folders:
        items = sum(_PAGE if one.count is None else min(one.count, _PAGE) for one in (*group, folder))
        if group and (len(group) == _FOLDERS_AT_ONCE or items > _PAGE):
            yield group
            group = []
        group.append(folder)
    if group:
        yield group


def _parsed(answer: bytes) -> Any:
    """The answer's root. Exchange writes what senders wrote, also what XML 1.0 forbids: that is read as U+FFFD.

    Never forgiving beyond that: an answer that was cut off is none. Raises `XMLSyntaxError`.
    """
    legal = _FORBIDDEN.sub(_REPLACED, _REFERENCE.sub(_legal, answer))
    return etree.fromstring(legal, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))


def _legal(reference: re.Match[bytes]) -> bytes:
    number = reference[1]
    point = int(number[1:], 16) if number[:1] == b"x" else int(number)
    is_legal = (
        point in (9, 10, 13) or 0x20 <= point <= 0xD7FF or 0xE000 <= point <= 0xFFFD or 0x10000 <= point < 0x110000
    )
    return reference[0] if is_legal else _REPLACED


def _places(item: Any, marks: Marks) -> Iterator[str]:
    for name in ("From", "Sender", "ReplyTo", "ToRecipients", "CcRecipients", "BccRecipients"):
        for person in item.iterfind(f"t:{name}/t:Mailbox", _NAMES):
            if marks.in_address(_text(person, "t:EmailAddress")) or marks.in_text(_text(person, "t:Name")):
                yield name
    if marks.in_text(_text(item, "t:Subject")):
        yield "subject"
    for tag, value in _properties(item).items():
        if tag in ("0x5d01", "0x5d02") and marks.in_address(value):
            yield "smtp"
        if tag == "0x3fd9" and marks.in_text(value):
            yield "preview"


def _shown_in_headers(block: str, marks: Marks) -> bool:
    """By whom and to whom it was resent, and whom a report is about."""
    for line in block.replace("\r", "").replace("\n ", " ").replace("\n\t", " ").split("\n"):
        name, _, value = line.partition(":")
        if header_shows(name, value, marks):
            return True
    return False


def _properties(item: Any) -> dict[str, str]:
    found = {}
    for one in item.iterfind("t:ExtendedProperty", _NAMES):
        uri = one.find("t:ExtendedFieldURI", _NAMES)
        if uri is not None and uri.get("PropertyTag"):
            found[f"0x{int(uri.get('PropertyTag'), 16):x}"] = _text(one, "t:Value")
    return found


def _hit(item: Any, folder: str, is_recoverable: bool, places: tuple[str, ...]) -> Hit:
    return Hit(
        id=_id(item),
        folder=folder,
        is_recoverable=is_recoverable,
        places=places,
        search_key=_decoded(_properties(item).get("0x300b", "")),
        message_id=_text(item, "t:InternetMessageId"),
        received=_text(item, "t:DateTimeReceived"),
    )


def _id(item: Any) -> str:
    named = item.find("t:ItemId", _NAMES)
    return "" if named is None else str(named.get("Id"))


def _text(parent: Any, path: str) -> str:
    found = parent.find(path, _NAMES)
    return "" if found is None else (found.text or "")


def _is_last(answer: Any) -> bool:
    """Whether nothing is behind a page that shows something: a server that does not say so is asked for more."""
    root = answer.find("m:RootFolder", _NAMES)
    return root is not None and root.get("IncludesLastItemInRange", "").lower() == "true"


def _decoded(written: str) -> bytes:
    try:
        return base64.b64decode(written)
    except binascii.Error:
        return b""
