"""The witness over EWS, for mailboxes on the firm's own Exchange Server: SOAP of its own, written out here.

Where the finder asks for the whole tree at once, this walks down folder by folder from the top and from Recoverable
Items, and lists ordinary and associated items apart. A busy server is waited out; what cannot be read is told.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import requests
from lxml import etree

from mailsorter.cases.witness.marks import Marks
from mailsorter.cases.witness.report import FolderLook, Hit, MailboxLook
from mailsorter.cases.witness.texts import texts_of

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
_RECOVERABLE = "Recoverable Items"
_TOPS = (("msgfolderroot", ""), ("recoverableitemsroot", _RECOVERABLE))
_ARCHIVE_TOPS = (("archivemsgfolderroot", ""), ("archiverecoverableitemsroot", _RECOVERABLE))
_PAGE = 500
_CHUNK = 50
_TRIES = 8
_LONGEST_WAIT_S = 300.0
_TIMEOUT_S = (10.0, 120.0)
_REFERENCE = re.compile(rb"&#(x[0-9A-Fa-f]{1,8}|[0-9]{1,10});")
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_LEGAL = ((0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF))
_REPLACED = "\ufffd".encode()
_BUSY = ("ErrorServerBusy", "ErrorTimeoutExpired", "ErrorInternalServerTransientError", "ErrorMailboxStoreUnavailable")


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
    ) -> None:
        self._archives = archives or {}
        self._url = url
        self._sleep = sleep
        self._impersonate = impersonate
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ca_file or True
        self._session.auth = sign_in
        self._mailbox = ""
        self._requests = 0

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def look(self, mailbox: str, marks: Marks, watched: frozenset[str]) -> MailboxLook:
        """See `Witness.look`."""
        owner = self._archives.get(mailbox)
        self._mailbox = mailbox if owner is None else owner
        look, before = MailboxLook(mailbox=mailbox), self._requests
        folders: list[tuple[str, str]] = []
        for top, path in _TOPS if owner is None else _ARCHIVE_TOPS:
            try:
                for folder_id, name, count in self._folders(self._distinguished(top), path):
                    folders.append((folder_id, name))
                    self._look_into(look, (folder_id, name, count), marks, watched)
            except CannotSee as reason:
                look.not_seen.append((top, str(reason)))
        self._search(look, [f for f, name in folders if not name.startswith(_RECOVERABLE)], marks)
        look.requests = self._requests - before
        return look

    # folders -------------------------------------------------------------------------------------------------

    def _distinguished(self, name: str) -> str:
        owner = f"<t:Mailbox><t:EmailAddress>{escape(self._mailbox)}</t:EmailAddress></t:Mailbox>"
        return f'<t:DistinguishedFolderId Id="{name}">{"" if self._impersonate else owner}</t:DistinguishedFolderId>'

    def _folders(self, parent: str, path: str) -> Iterator[tuple[str, str, int]]:
        offset = 0
        while True:
            body = (
                '<m:FindFolder Traversal="Shallow"><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>'
                f'<m:IndexedPageFolderView MaxEntriesReturned="{_PAGE}" Offset="{offset}" BasePoint="Beginning"/>'
                f"<m:ParentFolderIds>{parent}</m:ParentFolderIds></m:FindFolder>"
            )
            (root,) = self._ask(body)
            found = list(root.iterfind(".//t:Folders/*", _NAMES))
            for folder in found:
                if not folder.tag.endswith("}Folder"):
                    continue  # calendars, contacts, tasks and saved searches
                name = f"{path} / {_text(folder, 't:DisplayName')}".removeprefix(" / ")
                folder_id = str(folder.find("t:FolderId", _NAMES).get("Id"))
                yield folder_id, name, int(_text(folder, "t:TotalCount") or 0)
                yield from self._folders(f"<t:FolderId Id={quoteattr(folder_id)}/>", name)
            offset += len(found)
            if _is_last(root) or not found:
                return

    def _look_into(
        self, look: MailboxLook, folder: tuple[str, str, int], marks: Marks, watched: frozenset[str]
    ) -> None:
        folder_id, name, held = folder
        items = naming = 0
        is_recoverable = name.startswith(_RECOVERABLE)
        closed: list[str] = []
        try:
            for traversal in ("Shallow", "Associated"):
                for ids in self._listed(folder_id, traversal, ""):
                    for item in self._whole(ids, closed=closed):
                        items += 1
                        places = tuple(dict.fromkeys(_places(item, marks)))
                        naming += bool(places)
                        if _id(item) in watched:
                            places = (*places, "watched")
                        if places:
                            look.hits.append(_hit(item, name, is_recoverable, places))
        except CannotSee as reason:
            look.not_seen.append((name, str(reason)))
        if closed:  # that they are there is seen all the same
            look.not_seen.append((name, "item-not-readable"))
            look.hits += [
                Hit(id=item_id, folder=name, is_recoverable=is_recoverable, places=("watched",))
                for item_id in closed
                if item_id in watched
            ]
        look.folders.append(
            FolderLook(folder=name, is_recoverable=is_recoverable, items=items, naming=naming, held=held)
        )

    def _listed(self, folder_id: str, traversal: str, query: str) -> Iterator[list[str]]:
        offset = 0
        asked = f"<m:QueryString>{escape(query)}</m:QueryString>" if query else ""
        while True:
            body = (
                f'<m:FindItem Traversal="{traversal}">{_BARE}'
                f'<m:IndexedPageItemView MaxEntriesReturned="{_PAGE}" Offset="{offset}" BasePoint="Beginning"/>'
                f"<m:ParentFolderIds><t:FolderId Id={quoteattr(folder_id)}/></m:ParentFolderIds>{asked}</m:FindItem>"
            )
            (root,) = self._ask(body)
            ids = [_id(item) for item in root.iterfind(".//t:Items/*", _NAMES)]
            yield ids
            offset += len(ids)
            if _is_last(root) or not ids:
                return

    def _whole(self, ids: Sequence[str], shape: str = _SHAPE, *, closed: list[str] | None = None) -> Iterator[Any]:
        """Items by their ids; what the server cannot give is added to `closed`, or raises `CannotSee` without it."""
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
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
        """The second road: what only bodies and attachments tell, as far as the server's index goes."""
        known = {hit.id for hit in look.hits}
        closed: list[str] = []
        try:
            for term in marks.search_terms():
                quoted = '"' + term.replace('"', " ") + '"'
                for folder_id in folders:
                    for ids in self._listed(folder_id, "Shallow", quoted):
                        self._read(look, [i for i in ids if i not in known], known, marks, closed)
        except CannotSee as reason:
            look.not_seen.append(("search", str(reason)))
        if closed:
            look.not_seen.append(("search", "item-not-readable"))

    def _read(self, look: MailboxLook, ids: Sequence[str], known: set[str], marks: Marks, closed: list[str]) -> None:
        for item in self._whole(ids, _MIME, closed=closed):
            raw = _decoded(_text(item, "t:MimeContent"))
            if any(marks.in_text(text) for text in texts_of(raw)):
                known.add(_id(item))
                look.hits.extend(_hit(whole, "", False, ("text",)) for whole in self._whole([_id(item)], closed=closed))

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
            if marks.in_address(_text(person, "t:EmailAddress")) or marks.in_address(_text(person, "t:Name")):
                yield name
    if marks.in_text(_text(item, "t:Subject")):
        yield "subject"
    for tag, value in _properties(item).items():
        if tag in ("0x5d01", "0x5d02") and marks.in_address(value):
            yield "smtp"
        if tag == "0x3fd9" and marks.in_text(value):
            yield "preview"


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
    root = answer.find("m:RootFolder", _NAMES)
    return root is None or root.get("IncludesLastItemInRange", "true").lower() != "false"


def _decoded(written: str) -> bytes:
    try:
        return base64.b64decode(written)
    except binascii.Error:
        return b""
