"""Every mail request of Microsoft's reference pages is asked and has the status and the names that its page shows.

The pages' blocks are no part of the project (`MAILSORTER_TESTDATA`). Ids and other dummies in them are replaced by
real ones; what the emulator leaves out is named below, and must be refused.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from mailsorter.emulator import running_emulator
from mailsorter.emulator.store import NewAttachment
from tests.emulator import metadata
from tests.emulator.client import GraphClient, frozen_clock

PAGES = (metadata.testdata() or Path("/nonexistent")) / "traces" / "ms-docs-graph"

pytestmark = [
    pytest.mark.testdata,
    pytest.mark.skipif(not PAGES.is_dir(), reason="MAILSORTER_TESTDATA does not hold Microsoft's pages"),
]

#: Not mail, only a fragment of a request, or (the last) a heading that its own page contradicts.
_ELSEWHERE = re.compile(
    r"/(events|calendars?|calendargroups|groups|outlook/tasks|joinedTeams)\b|outlook\.office\.com|/\.\.\./|/api/v1\.0/|"
    r"^(GET|POST|PATCH|DELETE) /users/me/|\$skiptoken|\$deltatoken|\$batch|^POST .*/attachments/[^/]+$",
    re.IGNORECASE,
)
#: docs/emulator.md says so.
_LEFT_OUT = re.compile(
    r"createUploadSession|messageRules|/(reply|replyAll|forward|createReply|createReplyAll|createForward|send|sendMail)$"
)
#: A POST whose page's heading shows no body is asked with this one.
_BODIES: dict[str, Any] = {
    "move": {"destinationId": "archive"},
    "copy": {"destinationId": "archive"},
    "childFolders": {"displayName": "New"},
    "mailFolders": {"displayName": "New"},
    "messages": {"subject": "New"},
    "attachments": {"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentBytes": "aGk="},
}
#: The text of these pages says 201 where their sample shows 200.
_CREATES = {"mailfolder-post-childfolders", "mailfolder-post-messages", "message-copy", "mailsearchfolder-post"}


class Asked(NamedTuple):
    """A request of a page and what its page shows as answer."""

    page: str
    method: str
    path: str
    body: str
    status: int | None
    names: frozenset[str]


def blocks(page: str) -> list[tuple[str, str]]:
    """Kind and text of a page's blocks, in order."""
    files = sorted(PAGES.glob(f"{page}.[0-9][0-9].*.txt"))
    return [(path.name.split(".")[2], path.read_text(encoding="utf-8", errors="replace")) for path in files]


def shown(text: str) -> tuple[int | None, frozenset[str]]:
    """Status and names of an answer block; a page of a list shows the names of its first object."""
    status = re.match(r"HTTP/1\.1 (\d+)", text)
    start = text.find("{")
    try:
        answer = json.loads(text[start:]) if start >= 0 else {}
    except ValueError:
        answer = {}
    if isinstance(answer.get("value"), list):
        answer = answer["value"][0] if answer["value"] else {}
    names = {name for name in answer if "@" not in name}
    return (int(status[1]) if status else None), frozenset(names)


def asked() -> Iterator[Asked]:
    """Every request line of every page, with the page's next successful answer."""
    pages = sorted({path.name.split(".")[0] for path in PAGES.glob("*.request.txt")})
    for page in pages:
        parts = blocks(page)
        for number, (kind, text) in enumerate(parts):
            if kind != "request":
                continue
            answers = [shown(later) for kind, later in parts[number + 1 :] if kind == "response"]
            status, names = next((found for found in answers if (found[0] or 200) < 300), (None, frozenset()))
            lines = text.strip().splitlines()
            wanted = [line.strip() for line in lines if re.match(r"(GET|POST|PATCH|DELETE) ", line)]
            body = text.partition("\n\n")[2] if len(wanted) == 1 else ""
            for line in wanted:
                method, _, path = line.partition(" ")
                path = path.replace(" HTTP/1.1", "").replace("https://graph.microsoft.com", "").strip()
                if not _ELSEWHERE.search(line):
                    yield Asked(page, method, path, body, status, names)


class World(NamedTuple):
    """A mailbox in which each id of a request can be found."""

    graph: GraphClient
    folder: str
    child: str
    message: str
    attachment: str
    child_message: str
    child_attachment: str


@pytest.fixture(scope="module")
def graph() -> Iterator[GraphClient]:
    """One emulator for all; each request has a mailbox of its own."""
    with running_emulator(clock=frozen_clock()) as emulator, GraphClient(emulator, app="emulator") as client:
        client.immutable = False
        yield client


_numbers = itertools.count()


def world(graph: GraphClient) -> World:
    graph.user = f"user{next(_numbers)}@firm.example"
    graph.store.mailboxes.create(graph.user)
    app = graph.store.apps.get("emulator")
    assert app is not None
    graph.store.apps.register(msgspec.structs.replace(app, me=graph.user))
    folder = graph.post("mailFolders", {"displayName": "Folder"}).json()["id"]
    child = graph.post(f"mailFolders/{folder}/childFolders", {"displayName": "Child"}).json()["id"]
    files = [NewAttachment(name="a.txt", content_type="text/plain", data=b"hi")]
    ids = []
    for place in (folder, child):
        message = graph.id_of(graph.deliver(place, attachments=files))
        attachment = graph.get(f"messages/{message}/attachments")["value"][0]["id"]
        ids += [message, attachment]
    return World(graph, folder, child, *ids)


def real(path: str, found: World) -> str:
    """The path with real ids in place of the page's."""
    below_child = "/childfolders/" in path.lower()
    message = found.child_message if below_child else found.message
    attachment = found.child_attachment if below_child else found.attachment
    path = re.sub(r"/users/\{[^}]*\}", f"/users/{found.graph.user}", path, flags=re.IGNORECASE)
    path = re.sub(r"(/mailfolders/)(?!delta)[^/?]+", rf"\g<1>{found.folder}", path, flags=re.IGNORECASE)
    path = re.sub(r"(/childfolders/)[^/?]+", rf"\g<1>{found.child}", path, flags=re.IGNORECASE)
    path = re.sub(r"(/messages/)(?!delta)[^/?]+", rf"\g<1>{message}", path, flags=re.IGNORECASE)
    path = re.sub(r"(/attachments/)[^/?]+", rf"\g<1>{attachment}", path, flags=re.IGNORECASE)
    return path if path.startswith("/v1.0") else f"/v1.0{path}"


def real_body(request: Asked, found: World) -> Any:
    """The body with its dummies replaced, or one that fits; bytes for MIME."""
    text = request.body.strip()
    if not text:
        if request.method == "PATCH":
            return {"subject": "x"} if "/messages/" in request.path else {"displayName": "x"}
        return _BODIES.get(request.path.rpartition("/")[2], {})
    if not text.startswith("{"):
        return base64.b64encode(b"From: a@klant.example\r\nSubject: x\r\n\r\nx\r\n")
    for dummy, value in (("destinationId-value", "archive"), ("AQMkADYAAAIBDAAAAA==", found.folder)):
        text = text.replace(dummy, value)
    text = text.replace('"contentType": ""', '"contentType": "text"').replace("AQMkAGM2…", found.message)
    text = text.replace("R0lGODdhEAYEAA7", "aGk=").replace('"Clutter"', '"Rules"')  # every mailbox here has a Clutter
    text = re.sub(r",(\s*})", r"\1", text)  # one page ends its object with a comma
    try:
        return json.loads(text)
    except ValueError:  # cut short on the page
        return {}


def send(request: Asked, found: World) -> Any:
    path = real(request.path, found)
    if request.page == "mailsearchfolder-update":
        search = {"@odata.type": "microsoft.graph.mailSearchFolder", "displayName": "S", "includeNestedFolders": True}
        search |= {"sourceFolderIds": ["inbox"], "filterQuery": "isRead eq true"}
        made = found.graph.post(f"mailFolders/{found.folder}/childFolders", search)
        path = path.replace(found.folder, made.json()["id"])
    body = real_body(request, found) if request.method in ("POST", "PATCH") else None
    headers = {"Content_Type": "text/plain"} if isinstance(body, bytes) else {}
    return found.graph.send(request.method, path, body, **headers)


def _ids() -> tuple[list[Asked], list[str]]:
    requests = list(asked()) if PAGES.is_dir() else []
    return requests, [f"{request.page}: {request.method} {request.path}"[:90] for request in requests]


REQUESTS, NAMES = _ids()


@pytest.mark.parametrize("request_", REQUESTS, ids=NAMES)
def test_a_page_of_the_reference_is_answered_as_it_says(graph: GraphClient, request_: Asked) -> None:
    """The status its page shows, and at least the names in its answer."""
    response = send(request_, world(graph))
    if _LEFT_OUT.search(request_.path.partition("?")[0]):
        assert response.status_code in (400, 404, 405, 501), response.text
        return
    status = request_.status
    if request_.method == "POST" and request_.page in _CREATES:
        status = 201
    assert response.status_code == (status or 200), response.text
    of_search_folders = request_.page.startswith("mailsearchfolder") and not request_.body  # a heading without a body
    if request_.names and not of_search_folders and request_.path.rpartition("/")[2] != "$value":
        answer = response.json()
        item = answer["value"][0] if isinstance(answer.get("value"), list) else answer
        optional = {"from", "sender"} if item.get("isDraft") else set()  # a draft from JSON has no sender yet
        assert request_.names - optional <= set(item)


def test_the_pages_hold_as_many_requests_as_they_should() -> None:
    """A reader that overlooks them would make the test above hollow."""
    assert len(REQUESTS) > 80
