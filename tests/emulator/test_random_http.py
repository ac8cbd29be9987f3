"""The same promise as `test_random_requests`, over the wire: hypothesis sends requests through the HTTP server.

The suite sends a few; `MAILSORTER_TORTURE=1` sends 10,000, and with schemathesis installed and the OpenAPI
description that `MAILSORTER_OPENAPI` names as many again made from that. A failing request is made smaller.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from mailsorter.emulator import running_emulator
from mailsorter.emulator.graph.routes import ADMIN_ROUTES, MAIL_ROUTES
from mailsorter.emulator.store import NewAttachment
from mailsorter.emulator.throttle import Limits
from tests.emulator.client import GraphClient, frozen_clock
from tests.emulator.random_parts import BODY, HEADERS, ODD, OPTION

TORTURE = os.environ.get("MAILSORTER_TORTURE") == "1"
REQUESTS = 10_000 if TORTURE else 250
USER = "anna@firm.example"

#: What a refusal may be; 501 is a seam left for later, 503 and 507 are a mailbox's own states.
REFUSALS = {400, 401, 403, 404, 405, 409, 410, 412, 413, 501, 503, 507}

_TABLE = [("users/{user}/", route) for route in MAIL_ROUTES] + [
    ("admin/exchange/mailboxes/{mbx}/", route) for route in ADMIN_ROUTES
]


class Target:
    """The running emulator and the ids that requests may name."""

    def __init__(self, client: GraphClient) -> None:
        self.client = client
        store, mailbox = client.store, client.mailbox
        inbox = store.folders.find(mailbox, "inbox")
        folders = [store.folders.create(mailbox, inbox, name) for name in ("Acme", "Beta")]
        search = '{"filterQuery":"isRead eq false","sourceFolderIds":[],"includeNestedFolders":true,"isSupported":true}'
        folders.append(store.folders.create(mailbox, inbox, "Search", search=search))
        files = [NewAttachment(name="a.txt", content_type="text/plain", data=b"x")]
        messages = [client.deliver(subject=f"Message {number}", attachments=files) for number in range(40)]
        for number, place in enumerate(("recoverableitemsdeletions", "recoverableitemspurges", "deleteditems")):
            store.messages.move(mailbox, messages[number], store.folders.find(mailbox, place)) if number == 2 else None
        self.names = [
            *(mailbox.ids.folder_id(folder.id) for folder in folders),
            *(client.id_of(message) for message in messages),
            *(mailbox.ids.default_id(message.id, message.generation) for message in messages[:5]),
            *("inbox", "Drafts", "deleteditems", "archive", "msgfolderroot", "recoverableitemsroot", "searchfolders"),
            *("recoverableitemspurges", "recoverableitemsdeletions", "recoverableitemsversions", "calendar"),
        ]
        attachment = client.get(f"messages/{self.names[3]}/attachments")["value"][0]["id"]
        self.names.append(attachment)
        self.mbx = store.mailboxes.mbx_id(mailbox)


_targets: list[Target] = []


@pytest.fixture(scope="module", autouse=True)
def _target() -> Iterator[None]:
    """One emulator for all requests; they wear its mailbox down, and that is part of it."""
    with running_emulator(clock=frozen_clock(), limits=Limits(requests=10**9)) as emulator:
        emulator.store.mailboxes.create(USER, "Anna de Wit")
        with GraphClient(emulator, app="emulator-tenant-wide") as client:
            _targets.append(Target(client))
            yield
            _targets.clear()


def path_of(draw: st.DataObject, target: Target, prefix: str, pattern: tuple[str, ...]) -> str:
    """The path of a row, its stars filled with ids that fit, ids that do not, and nonsense."""
    words = []
    for part in pattern:
        if part == "*":
            pool = target.names
            word = draw.draw(st.one_of(st.sampled_from(pool), st.sampled_from(pool), st.sampled_from(pool), ODD))
            if draw.draw(st.integers(0, 9)) == 0:
                word = word[: draw.draw(st.integers(0, len(word)))]
            words.append(quote(word, safe=""))
        else:
            words.append(part)
    base = prefix.format(user=USER, mbx=target.mbx)
    return f"/{draw.draw(st.sampled_from(['v1.0', 'v1.0', 'beta', 'x']))}/{base}{'/'.join(words)}"


def request_of(draw: st.DataObject, target: Target) -> tuple[str, str, Any, dict[str, str]]:
    """Method, path with query, body and headers."""
    prefix, route = draw.draw(st.sampled_from(_TABLE))
    path = path_of(draw, target, prefix, route.pattern)
    query = draw.draw(st.lists(OPTION, max_size=3))
    text = "&".join(f"{quote(name, safe='$%')}={quote(value, safe='')}" for name, value in query)
    method = (
        route.method if draw.draw(st.integers(0, 9)) else draw.draw(st.sampled_from(["GET", "POST", "PATCH", "PUT"]))
    )
    body = draw.draw(BODY) if method != "GET" else None
    return method, f"{path}?{text}" if text else path, body, draw.draw(HEADERS)


def check(status: int, content_type: str, body: bytes) -> None:
    """A success, or a refusal in Graph's form that the emulator means."""
    if status < 300:
        return
    assert status in REFUSALS, (status, body)
    assert content_type.startswith("application/json")
    error = msgspec.json.decode(body)["error"]
    assert error["code"]
    assert error["message"]


@given(draw=st.data())
@settings(max_examples=REQUESTS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_no_request_makes_the_emulator_fail(draw: st.DataObject) -> None:
    """Every row of the table with fitting and unfitting ids, options, headers and bodies, alone or in a batch."""
    target = _targets[0]
    client = target.client
    if client.get("mailFolders/inbox?$select=totalItemCount")["totalItemCount"] < 5:
        client.deliver()
    if draw.draw(st.integers(0, 9)):
        method, path, body, headers = request_of(draw, target)
        response = client.send(method, path, body, **headers)
        check(response.status_code, response.headers.get("content-type", ""), response.content)
        return
    items = []
    for number in range(draw.draw(st.integers(1, 3))):
        method, path, body, headers = request_of(draw, target)
        item: dict[str, Any] = {"id": str(number), "method": method, "url": path.partition("/")[2].partition("/")[2]}
        item["headers"] = {"Content-Type": "application/json", **headers}
        if body is not None:
            item["body"] = body.decode("latin-1") if isinstance(body, bytes) else body
        items.append(item)
    response = client.post("/v1.0/$batch", {"requests": items})
    check(response.status_code, response.headers["content-type"], response.content)
    for item in response.json().get("responses", ()):
        if item["status"] >= 300:
            check(item["status"], item["headers"]["Content-Type"], msgspec.json.encode(item["body"]))


@pytest.mark.torture
@pytest.mark.timeout(0)
@pytest.mark.skipif(not TORTURE, reason="MAILSORTER_TORTURE=1 sends ten thousand requests made from the description")
def test_requests_made_from_the_openapi_description_never_make_it_fail() -> None:
    """schemathesis makes requests from an OpenAPI description of Graph's mail; it is no dependency of the tests."""
    schemathesis = pytest.importorskip("schemathesis")
    place = Path(os.environ.get("MAILSORTER_OPENAPI", ""))
    if not place.is_file():
        pytest.skip("MAILSORTER_OPENAPI does not name the OpenAPI description")
    target = _targets[0]
    schema = schemathesis.openapi.from_path(str(place))
    operations = [found.ok() for found in schema.get_all_operations() if hasattr(found.ok(), "as_strategy")]
    sent = 0
    headers = {"Authorization": f"Bearer {target.client.emulator.token('emulator-tenant-wide')}"}
    for operation in operations:

        @given(case=operation.as_strategy())
        @settings(
            max_examples=max(1, REQUESTS // len(operations)),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        def send(case: Any) -> None:
            nonlocal sent
            sent += 1
            for name in case.path_parameters:
                if name == "user-id":
                    case.path_parameters[name] = USER
                elif name == "mailbox-id":
                    case.path_parameters[name] = target.mbx
                else:
                    case.path_parameters[name] = target.names[sent % len(target.names)]
            response = case.call(base_url=f"{target.client.emulator.url}/v1.0", headers=headers)
            check(response.status_code, response.headers.get("content-type", [""])[0], response.content)

        send()
    assert sent >= REQUESTS * 0.9
