"""The same promise as `test_random_requests`, over the wire: hypothesis sends requests through the HTTP server.

The suite sends a few; `MAILSORTER_TORTURE=1` sends 10,000, and with schemathesis installed and the OpenAPI
description that `MAILSORTER_OPENAPI` names as many again made from that. A failing request is made smaller.
"""

from __future__ import annotations

import os
import string
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

TORTURE = os.environ.get("MAILSORTER_TORTURE") == "1"
REQUESTS = 10_000 if TORTURE else 120
USER = "anna@firm.example"

#: What a refusal may be; 501 is a seam left for later, 503 and 507 are a mailbox's own states.
REFUSALS = {400, 401, 403, 404, 405, 409, 410, 412, 413, 501, 503, 507}

_odd = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "'", "''", "(", "()", "('", "$", "%00", "\x00", "\ud7ff", "é", "🙂", "../..", "a" * 500, "-1", "null"]
    ),
)
_number = st.one_of(st.integers(-3, 2000).map(str), st.sampled_from(["", "1e3", "９", "99999999999", "x"]))
_property = st.sampled_from(
    [
        *("subject", "receivedDateTime", "from/emailAddress/address", "isRead", "importance", "internetMessageId"),
        *("hasAttachments", "conversationId", "parentFolderId", "id", "categories", "flag/flagStatus", "sender"),
        *("displayName", "totalItemCount", "type", "size", "createdDateTime", "nonsense", "body/content", ""),
    ]
)
_literal = st.one_of(
    st.sampled_from(
        [
            "'x'",
            "true",
            "null",
            "2026-03-01T00:00:00Z",
            "2026-13-99",
            "0",
            "-1",
            "1.5",
            "'O''Neil'",
            "'",
            "low",
            "'low'",
        ]
    ),
    st.text(alphabet=string.printable, max_size=8),
)
_condition = st.one_of(
    st.builds("{} {} {}".format, _property, st.sampled_from(["eq", "ne", "ge", "lt", "has", "in", ""]), _literal),
    st.builds("{}({},{})".format, st.sampled_from(["contains", "startswith", "endswith", "f"]), _property, _literal),
    st.builds("categories/any(c:c {} {})".format, st.sampled_from(["eq", "ne"]), _literal),
    st.builds(
        "singleValueExtendedProperties/any(ep:ep/id eq {} and ep/value eq {})".format,
        st.sampled_from(
            ["'String 0x001A'", "'Integer 0x0E08'", "'x'", "'String {66f5a359-4659-4830-9070-00047ec6ac6e} Name A'"]
        ),
        _literal,
    ),
    _odd,
)
_filter = st.recursive(
    _condition,
    lambda inner: st.one_of(
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
        inner.map("not ({})".format),
    ),
    max_leaves=6,
)
_kql = st.one_of(
    st.sampled_from(
        ['"pizza"', '"from:piet"', '"received>=2026-01-01"', '"size:1..9"', '"hasAttachments:true"', '"(a OR b) NOT c"']
    ),
    _odd,
)
_select = st.lists(_property, max_size=4).map(",".join)
_expand = st.one_of(
    st.sampled_from(
        [
            *("attachments", "childFolders", "nonsense", "attachments($select=name)", "singleValueExtendedProperties"),
            "singleValueExtendedProperties($filter=id eq 'String 0x007D' or id eq 'Integer 0x0E08')",
            "singleValueExtendedProperties($filter=id eq 'Binary 0x300B')",
            "singleValueExtendedProperties($filter=x)",
        ]
    ),
    _odd,
)
_option = st.one_of(
    st.tuples(st.sampled_from(["$top", "$skip", "top", "%24top"]), _number),
    st.tuples(st.just("$select"), _select),
    st.tuples(st.just("$filter"), _filter),
    st.tuples(st.just("$orderby"), st.builds("{} {}".format, _property, st.sampled_from(["", "asc", "desc", "x"]))),
    st.tuples(st.just("$expand"), _expand),
    st.tuples(st.just("$search"), _kql),
    st.tuples(st.just("$count"), st.sampled_from(["true", "false", "x"])),
    st.tuples(st.sampled_from(["$skiptoken", "$deltatoken"]), _odd),
    st.tuples(st.just("disposalType"), st.sampled_from(["hardDelete", "softDelete", "x", ""])),
    st.tuples(st.sampled_from(["includeHiddenFolders", "includeHiddenMessages"]), st.sampled_from(["true", "x"])),
    st.tuples(st.just("changeType"), st.sampled_from(["created", "updated,deleted", "x"])),
    st.tuples(_odd, _odd),
)
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**40), 2**40), st.floats(-1e9, 1e9), _odd),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)
_person = st.one_of(
    st.fixed_dictionaries({"emailAddress": st.fixed_dictionaries({"address": _odd, "name": _odd})}), _json
)
_known = {
    **{
        name: st.one_of(_odd, _json)
        for name in ("displayName", "subject", "destinationId", "internetMessageId", "importance")
    },
    **{name: st.one_of(st.booleans(), _json) for name in ("isRead", "isHidden", "isReadReceiptRequested")},
    **{name: st.one_of(st.lists(_person, max_size=2), _json) for name in ("toRecipients", "replyTo")},
    "from": _person,
    "body": st.one_of(
        st.fixed_dictionaries({"contentType": st.sampled_from(["text", "html", "HTML", ""]), "content": _odd}), _json
    ),
    "categories": st.one_of(st.lists(_odd, max_size=3), _json),
    "flag": st.one_of(st.fixed_dictionaries({"flagStatus": st.sampled_from(["flagged", "x"])}), _json),
    "singleValueExtendedProperties": st.one_of(
        st.lists(
            st.fixed_dictionaries(
                {"id": st.sampled_from(["Integer 0x0E07", "SystemTime 0x0E06", "String 0x001A", "x"]), "value": _odd}
            ),
            max_size=2,
        ),
        _json,
    ),
    "attachments": st.one_of(
        st.lists(
            st.fixed_dictionaries(
                {
                    "@odata.type": st.sampled_from(["#microsoft.graph.fileAttachment", "x"]),
                    "name": _odd,
                    "contentBytes": _odd,
                }
            ),
            max_size=2,
        ),
        _json,
    ),
    "internetMessageHeaders": st.one_of(
        st.lists(st.fixed_dictionaries({"name": _odd, "value": _odd}), max_size=2), _json
    ),
    "@odata.type": st.sampled_from(["#microsoft.graph.mailSearchFolder", "x"]),
    "sourceFolderIds": st.one_of(st.lists(_odd, max_size=2), _json),
    "filterQuery": _filter,
    "name": _odd,
    "contentBytes": _odd,
    "inputIds": st.one_of(st.lists(_odd, max_size=2), _json),
    "sourceIdType": st.sampled_from(["restId", "entryId", "ewsId", "x"]),
    "targetIdType": st.sampled_from(["restImmutableEntryId", "entryId", "x"]),
}
_object = st.lists(st.sampled_from(sorted(_known)), max_size=4, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: _known[name] for name in names})
)
_body = st.one_of(st.none(), _object, _object, _json, st.binary(max_size=30), st.just(b"SGVsbG86IHgNCg0KeA=="))
_headers = st.fixed_dictionaries(
    {},
    optional={
        "Prefer": st.sampled_from(
            [
                *('IdType="ImmutableId"', "odata.maxpagesize=2", "odata.maxpagesize=x", "odata.maxpagesize=0", ",,=,"),
                'outlook.body-content-type="text"',
            ]
        ),
        "Content-Type": st.sampled_from(["application/json", "text/plain", "text/plain; x", "multipart/mixed", ""]),
        "If-Match": st.sampled_from(["*", "W/", 'W/"x"', '"']),
        "ConsistencyLevel": st.just("eventual"),
    },
)
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
            word = draw.draw(st.one_of(st.sampled_from(pool), st.sampled_from(pool), st.sampled_from(pool), _odd))
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
    query = draw.draw(st.lists(_option, max_size=3))
    text = "&".join(f"{quote(name, safe='$%')}={quote(value, safe='')}" for name, value in query)
    method = (
        route.method if draw.draw(st.integers(0, 9)) else draw.draw(st.sampled_from(["GET", "POST", "PATCH", "PUT"]))
    )
    body = draw.draw(_body) if method != "GET" else None
    return method, f"{path}?{text}" if text else path, body, draw.draw(_headers)


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
