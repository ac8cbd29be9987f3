"""The witness over Graph: its own requests, folder by folder through childFolders, 1,000 items a page.

Where the finder reads the tree by delta and well-known names, this walks down from the top with hidden folders shown,
and from `recoverableitemsroot`. Throttling and broken answers are waited out; what still cannot be read is told.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import quote

import requests

from mailsorter.cases.witness.links import leads_home
from mailsorter.cases.witness.marks import BY_NAME, NOTHING, SURE, Marks
from mailsorter.cases.witness.report import BODIES, EVERYTHING, HEADERS, INDEXED, FolderLook, Hit, MailboxLook
from mailsorter.cases.witness.texts import (
    READ_AT_ONCE,
    Reading,
    header_shows,
    is_carrier,
    is_read_whole,
    name_shows,
    read_html,
    read_message,
)
from mailsorter.sandbox import Sandbox

_FIELDS = (
    "id,parentFolderId,subject,bodyPreview,from,sender,replyTo,toRecipients,ccRecipients,bccRecipients,"
    "receivedDateTime,internetMessageId,hasAttachments"
)
_SEARCH_KEY, _SENDER, _AUTHOR = "Binary 0x300B", "String 0x5D01", "String 0x5D02"
_EXPAND = "singleValueExtendedProperties($filter=" + " or ".join(
    f"id eq '{name}'" for name in (_SEARCH_KEY, _SENDER, _AUTHOR, "String 0x001A")
) + ")"  # fmt: skip
_WHAT = f"$select={_FIELDS}&$expand={quote(_EXPAND, safe='$(),=')}"
_CLASS = "String 0x001A"
_WHAT_WITH_TEXT = _WHAT.replace(_FIELDS, f"{_FIELDS},body,internetMessageHeaders")
_TEXT_PAGE = 200
_RECOVERABLE = "Recoverable Items"
_NOT_THE_ITEMS = ("no-answer", "foreign-link", "http-401", "http-429", "http-502", "http-503")  # no item's own trouble
_BROKEN_ENTRY = "broken-entry"
_SEARCH_CODES = {_BROKEN_ENTRY: "search-broken-entries"}  # in a listing it hides a message; here it adds none
_TRIES = 8
_LONGEST_WAIT_S = 300.0
_TIMEOUT_S = (10.0, 120.0)
_PAGE = 1000
_CLASSES = "folder-classes"
_REFUSED = ("http-400", "http-401", "http-403", "http-404")
_NO_MAIL = ("IPF.APPOINTMENT", "IPF.CONTACT", "IPF.TASK", "IPF.STICKYNOTE", "IPF.JOURNAL", "IPF.CONFIGURATION",
            "IPF.FILES", "IPF.STOREITEM", "IPF.SKYPETEAMS", "OUTLOOK.REMINDER")  # fmt: skip
_ROUNDS = 3  # in which the ids alone are listed again where a folder counts more than it listed
_EARLIEST = "1900-01-01T00:00:00Z"
_FROM = "$filter=receivedDateTime%20ge%20{}&$orderby=receivedDateTime"
_SEARCH_PAGE = 250
_SMALL_PAGE = 50  # after an answer that broke off: one item of the page may be what the server cannot render


class CannotSee(Exception):
    """A request that gave no answer in the end; the text is a stable code."""


@dataclass(slots=True)
class _Counts:
    """Of one folder: the server's count (-1: none), how many were listed, how many are items of other kinds."""

    held: int
    listed: int = 0
    others: int = 0


class GraphWitness:
    """One identity's view of a tenant. `token` gives a bearer token.

    `sleep` waits so many seconds, and raises when the program is to stop: asked before every request, too.
    """

    def __init__(
        self, origin: str, token: Callable[[], str], sleep: Callable[[float], None], *, ca_file: str | None = None,
        sandbox: Sandbox | None = None,
    ) -> None:  # fmt: skip
        self._origin = origin.rstrip("/")
        self._home = f"{self._origin}/v1.0/"
        self._token = token
        self._sleep = sleep
        self._sandbox = sandbox
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ca_file or True
        self._session.resolve_redirects = lambda *_, **__: iter(())  # type: ignore[method-assign]  # `_own` judges first
        self._requests = 0
        self._depth = INDEXED

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def look(self, mailbox: str, marks: Marks, watched: frozenset[str], depth: str = INDEXED) -> MailboxLook:
        """See `Witness.look`."""
        self._depth = depth
        look, before = MailboxLook(mailbox=mailbox), self._requests
        users = f"/users/{quote(mailbox, safe='@')}"
        known: dict[str, tuple[str, ...]] = {}  # folders by id, with their paths
        for top, path in (("msgfolderroot", ()), ("recoverableitemsroot", (_RECOVERABLE,))):
            try:
                folders = list(self._folders(users, top, path, bool(path)))
            except CannotSee as reason:
                look.not_seen.append((top, str(reason)))
                continue
            for folder in folders:
                known[str(folder[0].get("id", ""))] = folder[1]
                self._look_into(look, users, folder, marks, watched)
        for folder in self._of_other_classes(look, users, known) if known else ():
            self._look_into(look, users, folder, marks, watched)
        if depth != HEADERS:
            self._search(look, users, marks)
        look.requests = self._requests - before
        return look

    # folders -------------------------------------------------------------------------------------------------

    def _folders(
        self, users: str, top: str, path: tuple[str, ...], is_recoverable: bool
    ) -> Iterator[tuple[dict[str, Any], tuple[str, ...], bool]]:
        url = f"{users}/mailFolders/{quote(top, safe='')}/childFolders?includeHiddenFolders=true&$top=100"
        for folder in self._pages(url):
            if str(folder.get("@odata.type", "")).lower().endswith("mailsearchfolder"):
                continue
            here = (*path, str(folder.get("displayName", "")))
            yield folder, here, is_recoverable
            yield from self._folders(users, folder["id"], here, is_recoverable)

    def _of_other_classes(
        self, look: MailboxLook, users: str, known: dict[str, tuple[str, ...]]
    ) -> list[tuple[dict[str, Any], tuple[str, ...], bool]]:
        """Folders that may hold mail and are no `mailFolder`: of class IPF.Imap, or of one that a program made.

        Only the admin paths show them. Where this identity may not ask there, that is told as `folder-classes`;
        where the server gave no answer this time, as `folder-classes-unanswered`.
        """
        found: list[tuple[dict[str, Any], tuple[str, ...], bool]] = []
        try:
            asked = self._json(f"{users}/settings/exchange").get("primaryMailboxId")
            if look.mailbox.startswith("MBX:") or not isinstance(asked, str):
                raise CannotSee(_CLASSES)  # version 1.0 knows no archive there
            base = f"/admin/exchange/mailboxes/{quote(asked, safe='')}/folders"
            level: list[tuple[tuple[str, ...], str]] = [((), f"{base}?$top={_PAGE}")]
            while level:
                below: list[tuple[tuple[str, ...], str]] = []
                for above, url in level:
                    for folder in self._pages(url):
                        one, kind = str(folder.get("id", "")), str(folder.get("type") or "").upper()
                        path = known.get(one, (*above, str(folder.get("displayName", ""))))
                        if folder.get("childFolderCount"):
                            below.append((path, f"{base}/{quote(one, safe='')}/childFolders?$top={_PAGE}"))
                        if one not in known and not kind.startswith(_NO_MAIL):
                            found.append((folder, path, False))
                level = below
        except CannotSee as reason:
            is_refused = str(reason) in (_CLASSES, *_REFUSED)
            look.not_seen.append(("", _CLASSES if is_refused else f"{_CLASSES}-unanswered"))
        return found

    def _look_into(
        self, look: MailboxLook, users: str, folder: tuple[dict[str, Any], tuple[str, ...], bool], marks: Marks,
        watched: frozenset[str],
    ) -> None:  # fmt: skip
        found, path, is_recoverable = folder
        name, naming = " / ".join(path), 0
        counts = _Counts(held=int(found.get("totalItemCount", -1)))
        if found.get("totalItemCount", 1):
            try:
                for message, inside in self._read_to_depth(
                    look, users, self._all_of(users, found["id"], counts), marks
                ):
                    places = (*_places(message, marks), *inside)
                    naming += bool(places)
                    if message["id"] in watched:
                        places = (*places, "watched")
                    if places:
                        look.hits.append(_hit(message, name, is_recoverable, places))
            except CannotSee as reason:
                look.not_seen.append((name, str(reason)))
        look.folders.append(
            FolderLook(
                folder=name, is_recoverable=is_recoverable, items=counts.listed, naming=naming, held=counts.held,
                others=counts.others,
            )
        )  # fmt: skip

    def _read_to_depth(
        self, look: MailboxLook, users: str, messages: Iterable[dict[str, Any]], marks: Marks
    ) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
        """The messages, each with what its text and attachments show beyond its envelope."""
        if self._depth not in (BODIES, EVERYTHING):
            yield from ((message, ()) for message in messages)
            return
        waiting = iter(messages)
        trouble: CannotSee | None = None
        while trouble is None:
            some: list[dict[str, Any]] = []
            try:
                some.extend(islice(waiting, READ_AT_ONCE))  # keeps what came before a trouble: it was seen
            except CannotSee as reason:
                trouble = reason
            if not some:
                break
            bodies = [message.get("body") or {} for message in some]
            html = [str(b.get("content") or "") if b.get("contentType") == "html" else "" for b in bodies]
            readings = read_html(html, marks, self._sandbox)
            for message, body, reading in zip(some, bodies, readings, strict=True):
                look.limited += reading.met_limit
                is_shown = bool(reading.strength) or _shown_in_headers(message, marks)
                is_shown = is_shown or (body.get("contentType") != "html" and marks.in_text(body.get("content") or ""))
                if not is_shown and not any(_places(message, marks)):
                    is_shown = self._carries(look, users, message, body.get("content") or "", marks)
                yield message, (("text",) if is_shown else ())
        if trouble is not None:
            raise trouble

    def _carries(self, look: MailboxLook, users: str, message: dict[str, Any], text: str, marks: Marks) -> bool:
        """Does what is attached name the person? Reports and invitations are read whole at once."""
        properties = {p.get("id"): p.get("value") for p in message.get("singleValueExtendedProperties") or []}
        is_whole = is_read_whole(str(properties.get(_CLASS) or ""))
        if not is_whole and not message.get("hasAttachments") and "cid:" not in text:
            return False
        if not is_whole and self._depth == BODIES:
            path = f"{users}/messages/{quote(message['id'], safe='')}/attachments?$select=name,contentType&$top=100"
            listed = list(self._pages(path))
            if any(name_shows(str(one.get("name") or ""), marks) for one in listed):
                return True
            is_whole = any(
                is_carrier(
                    str(one.get("name") or ""), str(one.get("contentType") or ""),
                    is_item=str(one.get("@odata.type", "")).lower().endswith("itemattachment"),
                )
                for one in listed
            )  # fmt: skip
            if not is_whole:
                return False
        reading = self._read(users, message, marks)
        look.limited += reading.met_limit
        return reading.names

    def _all_of(self, users: str, folder_id: str, counts: _Counts) -> Iterator[dict[str, Any]]:
        """Every message of a folder, each once; `counts` is filled with what the folder holds and what was listed.

        Where the folder counts more than it listed, the ids alone are listed again: a message that leaves a page moves
        another one to a page that was read before, so a round counts only if nothing of the round before has left.
        The listing's own count then says whether the rest are items of other kinds, which this road does not list.
        """
        folder = f"{users}/mailFolders/{quote(folder_id, safe='')}"
        url = f"{folder}/messages?includeHiddenMessages=true"
        seen: set[str] = set()
        is_deep = self._depth in (BODIES, EVERYTHING)
        what, size = (_WHAT_WITH_TEXT, _TEXT_PAGE) if is_deep else (_WHAT, _PAGE)
        for message in self._listed(users, url, what, (size, _SMALL_PAGE)):
            seen.add(message["id"])
            counts.listed = len(seen)
            yield message
        if counts.listed >= counts.held:
            return
        before, has_left = set(seen), False
        ids: set[str | None]
        for _ in range(_ROUNDS):
            ids = {_id_of(entry) for entry in self._pages(f"{url}&$select=id&$top={_PAGE}")}
            now = {one for one in ids if one is not None}
            yield from self._one_by_one(users, ids - seen, f"{url}&$select=id&$top=1", what)
            seen |= now
            listing = self._count(f"{url}&$select=id&$top=1&$count=true", "@odata.count")
            held = self._count(folder, "totalItemCount")
            counts.listed, counts.held = len(now), counts.held if held is None else held
            has_left = not before <= now
            if not has_left and held is not None and (len(now) >= held or len(now) == listing):
                counts.others = max(0, held - len(now))
                return
            before = now
        if has_left:
            raise CannotSee("listing-short")

    def _listed(self, users: str, url: str, what: str, sizes: tuple[int, ...]) -> Iterator[dict[str, Any]]:
        """Messages of a list; when a page breaks, all again in smaller pages, then singly, and each only once.

        Raises `CannotSee` behind the last one when entries were no messages.
        """
        seen: set[str] = set()
        for size in sizes:
            is_broken = False
            try:
                pages = self._pages if "$search=" in url else self._by_date
                for message in pages(f"{url}&{what}&$top={size}"):
                    if _id_of(message) is None:
                        is_broken = True  # an error in the place of a message
                    elif message["id"] not in seen:
                        seen.add(message["id"])
                        yield message
                if is_broken:
                    raise CannotSee(_BROKEN_ENTRY)
                return
            except CannotSee as reason:
                if str(reason) != "broken-answer":
                    raise
        yield from self._singly(users, f"{url}&$select=id&$top={sizes[0]}", what, seen)

    def _singly(self, users: str, bare_url: str, what: str, seen: set[str]) -> Iterator[dict[str, Any]]:
        """What is left, one by one; of what does not come its id alone, because that it is there is seen all the same.

        Raises `CannotSee` behind the last one when there were such, at once when it is the server that gives nothing.
        """
        ids = (_id_of(entry) for entry in self._pages(bare_url))
        yield from self._one_by_one(users, (one for one in ids if one not in seen), bare_url, what)

    def _one_by_one(self, users: str, ids: Iterable[str | None], bare_url: str, what: str) -> Iterator[dict[str, Any]]:
        """Messages by their ids, as `_singly` gives them; None stands for an entry that is no message."""
        closed = False
        for one in ids:
            if one is None:
                closed = True
                continue
            try:
                yield self._json(f"{users}/messages/{quote(one, safe='')}?{what}")
            except CannotSee as reason:
                if str(reason) == "http-404":
                    continue  # it left meanwhile
                if str(reason) in _NOT_THE_ITEMS:
                    raise
                self._json(bare_url)  # does it still answer about the folder?
                closed = True
                yield {"id": one}
        if closed:
            raise CannotSee("item-not-readable")

    def _count(self, path: str, name: str) -> int | None:
        """A count that the server gives under that name; None where it refuses to, or gives something else."""
        try:
            value = self._json(path).get(name)
        except CannotSee as reason:
            if str(reason) in _NOT_THE_ITEMS:
                raise
            return None
        return value if type(value) is int and value >= 0 else None

    # search --------------------------------------------------------------------------------------------------

    def _search(self, look: MailboxLook, users: str, marks: Marks) -> None:
        """The second road: what only bodies and attachments tell, as far as the server's index goes."""
        known = {hit.id for hit in look.hits}
        for term in marks.search_terms():
            quoted = quote('"' + term.replace('"', " ").replace("\\", " ") + '"', safe="")
            url = f"{users}/messages?$search={quoted}"
            try:
                for hit in self._listed(users, url, f"$select={_FIELDS}", (_SEARCH_PAGE, _SMALL_PAGE)):
                    message = hit if hit["id"] in known else self._as_listed(users, hit, look)
                    if message is None or message["id"] in known:
                        continue
                    reading = self._read(users, message, marks)
                    look.limited += reading.met_limit
                    if reading.names or reading.met_limit:
                        known.add(message["id"])
                        look.hits.append(_hit(message, "", False, ("text",)))
            except CannotSee as reason:
                code = _SEARCH_CODES.get(str(reason), str(reason))
                if ("search", code) not in look.not_seen:
                    look.not_seen.append(("search", code))
                if str(reason) not in ("item-not-readable", _BROKEN_ENTRY):
                    return

    def _as_listed(self, users: str, hit: dict[str, Any], look: MailboxLook) -> dict[str, Any] | None:
        """The hit under the id that listings give it: the index may know it by an id of the other kind.

        Where Exchange does not answer for the hit's id, one that was listed with its Message-ID and date is the same
        message, and gives None. Raises `CannotSee` when it is the server that does not answer.
        """
        try:
            message = self._json(f"{users}/messages/{quote(hit['id'], safe='')}?{_WHAT}")
        except CannotSee as reason:
            if str(reason) in _NOT_THE_ITEMS:
                raise
            same = (str(hit.get("internetMessageId") or ""), str(hit.get("receivedDateTime") or ""))
            is_listed = bool(same[0]) and any((one.message_id, one.received) == same for one in look.hits)
            return None if is_listed else hit
        return message if isinstance(message.get("id"), str) else hit

    def _read(self, users: str, message: dict[str, Any], marks: Marks) -> Reading:
        """One that the index brought. Where the index says yes and nobody can look, it counts as naming the person."""
        path = f"{users}/messages/{quote(message['id'], safe='')}/$value"
        try:
            raw = self._get(path).content
        except CannotSee:
            return Reading(SURE)
        return read_message(raw, marks, self._sandbox)

    # requests ------------------------------------------------------------------------------------------------

    def _pages(self, path: str) -> Iterator[dict[str, Any]]:
        page = self._json(path)
        while True:
            yield from page.get("value", [])
            if page.get("@odata.nextLink") is None:
                return
            page = self._json(self._own(page["@odata.nextLink"]))

    def _by_date(self, path: str) -> Iterator[dict[str, Any]]:
        """A folder's messages, oldest first; some of them twice. Each page is asked for from the last date of the one
        before, because the server's links only count: a message that leaves hides another one from them. Inside one
        second they are followed, and where the server refuses to sort.
        """
        since = _EARLIEST
        try:
            page = self._json(f"{path}&{_FROM.format(since)}")
        except CannotSee as reason:
            if str(reason) != "http-400":
                raise
            yield from self._pages(path)
            return
        while True:
            entries = page.get("value", [])
            yield from entries
            if page.get("@odata.nextLink") is None:
                return
            dates = [str(one.get("receivedDateTime") or "") if isinstance(one, dict) else "" for one in entries]
            if dates and all(dates) and dates == sorted(dates) and dates[-1] > since:
                since = dates[-1]
                page = self._json(f"{path}&{_FROM.format(quote(since, safe=':'))}")
            else:
                page = self._json(self._own(page["@odata.nextLink"]))

    def _json(self, path: str) -> dict[str, Any]:
        for _ in range(2):
            try:
                answer = _read(self._get(path).content)
            except ValueError:
                continue
            if isinstance(answer, dict):
                return answer
        raise CannotSee("broken-answer")

    def _get(self, path: str) -> requests.Response:
        url = self._own(f"{self._home}{path[1:]}" if path.startswith("/") else path)
        wait_s = 1.0
        for _ in range(_TRIES):
            response = self._once(url)
            if response is not None and response.status_code < 300:
                return response
            if response is not None and response.status_code in (307, 308):  # what lies in an auxiliary archive
                place = response.headers.get("Location", "")
                url = self._own(f"{self._origin}{place}" if place[:1] == "/" and place[:2] != "//" else place)
                continue
            if response is not None and response.status_code not in (401, 429, 500, 502, 503, 504):
                raise CannotSee(f"http-{response.status_code}")
            self._sleep(min(_retry_after(response) or wait_s, _LONGEST_WAIT_S))
            wait_s *= 2
        raise CannotSee("no-answer" if response is None else f"http-{response.status_code}")

    def _own(self, url: object) -> str:
        """The link, if it leads to the configured Graph origin: the token goes nowhere else."""
        if not leads_home(url, self._home):
            raise CannotSee("foreign-link")
        return str(url)

    def _once(self, url: str) -> requests.Response | None:
        self._sleep(0.0)
        self._requests += 1
        headers = {"Authorization": f"Bearer {self._token()}", "Prefer": 'IdType="ImmutableId"'}
        try:
            return self._session.get(url, headers=headers, timeout=_TIMEOUT_S, allow_redirects=False)
        except requests.RequestException:
            return None


def _id_of(entry: object) -> str | None:
    """The id of a list's entry; None where it is no message."""
    found = entry.get("id") if isinstance(entry, dict) else None
    return found if isinstance(found, str) else None


def _places(message: dict[str, Any], marks: Marks) -> Iterator[str]:
    for name in ("from", "sender"):
        if _names_person(message.get(name), marks):
            yield name
    for name in ("replyTo", "toRecipients", "ccRecipients", "bccRecipients"):
        if any(_names_person(one, marks) for one in message.get(name) or []):
            yield name
    for prop in message.get("singleValueExtendedProperties") or []:
        if prop.get("id") in (_SENDER, _AUTHOR) and marks.in_address(str(prop.get("value") or "")):
            yield "smtp"
    for name in ("subject", "bodyPreview"):
        if marks.in_text(str(message.get(name) or "")):
            yield name


def _shown_in_headers(message: dict[str, Any], marks: Marks) -> bool:
    """By whom and to whom it was resent, and whom a report is about."""
    return any(
        header_shows(str(header.get("name") or ""), str(header.get("value") or ""), marks)
        for header in message.get("internetMessageHeaders") or []
    )


def envelope_strength(message: dict[str, Any], marks: Marks) -> str:
    """How the envelope of a message shows the person, as `Marks.strength` has it."""
    people = [message.get("from"), message.get("sender")]
    for name in ("replyTo", "toRecipients", "ccRecipients", "bccRecipients"):
        people += message.get(name) or []
    shown = {marks.strength(str(message.get(name) or "")) for name in ("subject", "bodyPreview")}
    for participant in people:
        address = (participant or {}).get("emailAddress") or {}
        shown.add(SURE if marks.in_address(str(address.get("address") or "")) else NOTHING)
        shown.add(marks.strength(str(address.get("name") or "")))
    return next((one for one in (SURE, BY_NAME) if one in shown), NOTHING)


def _names_person(participant: Any, marks: Marks) -> bool:
    if not isinstance(participant, dict):
        return False
    address = participant.get("emailAddress") or {}
    return marks.in_address(str(address.get("address") or "")) or marks.in_text(str(address.get("name") or ""))


def _hit(message: dict[str, Any], folder: str, is_recoverable: bool, places: tuple[str, ...]) -> Hit:
    properties = {p.get("id"): p.get("value") for p in message.get("singleValueExtendedProperties") or []}
    return Hit(
        id=message["id"],
        folder=folder,
        is_recoverable=is_recoverable,
        places=places,
        search_key=base64.b64decode(properties.get(_SEARCH_KEY) or ""),
        message_id=str(message.get("internetMessageId") or ""),
        received=str(message.get("receivedDateTime") or ""),
    )


def _retry_after(response: requests.Response | None) -> float | None:
    try:
        return float(response.headers["Retry-After"]) if response is not None else None
    except (KeyError, ValueError):
        return None


def _read(content: bytes) -> Any:
    """An answer's JSON, with U+FFFD for what is no character: Exchange does not check the UTF-16 that it stores, so
    a sender's text may hold half of a surrogate pair, which neither database nor case file takes. Raises ValueError.
    """
    text = content.decode("utf-8", "replace")
    answer = json.loads(text)
    if "\\ud" not in text.lower():
        return answer
    plain = json.dumps(answer, ensure_ascii=False).encode("utf-16-le", "surrogatepass")
    return json.loads(plain.decode("utf-16-le", "replace"))
