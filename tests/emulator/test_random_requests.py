"""Whatever a client sends, the emulator answers; a 500 comes from a fault plan only.

Thousands of requests drawn from the face's own table, with ids, names, options and bodies right and wrong, go straight
to the face: the same code as over HTTP, without 3 ms of client each. MAILSORTER_TORTURE=1 sends 100,000.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from mailsorter.emulator import Store
from mailsorter.emulator.graph.face import Face
from mailsorter.emulator.graph.routes import ADMIN_ROUTES, MAIL_ROUTES
from mailsorter.emulator.graph.wire import Request
from mailsorter.emulator.seed.synthetic import seed_synthetic
from mailsorter.emulator.throttle import Limits, Throttle
from tests.emulator.client import frozen_clock

REQUESTS = 100_000 if os.environ.get("MAILSORTER_TORTURE") == "1" else 5_000

ODD = [
    "",
    "x",
    "%",
    "%00",
    "'",
    '"',
    "ü",
    "🙂",
    "𝄞" * 3,
    "a" * 300,
    "-1",
    "9" * 30,
    "null",
    "..",
    "\ud800",
    "(",
    "))",
    "inbox",
]
FILTERS = [
    "isRead eq true", "contains(subject,'a')", "receivedDateTime ge 2020-01-01", "subject eq", "((((", "not not isRead",
    "from/emailAddress/address eq 'a'", "size gt 99999999999999999999", "categories/any(c:c eq 'x')", "x/any()",
    "singleValueExtendedProperties/any(ep:ep/id eq 'String 0x1039' and ep/value eq 'x')", "totalItemCount gt 3",
    "receivedDateTime ge 0001-01-01T00:00:00+14:00", "type eq 'IPM.Note'", "displayName eq 'x'", "1 eq 1", "true",
    "singleValueExtendedProperties/any(ep:ep/id eq 'Integer 0x0E08' and cast(ep/value, Edm.Int32) gt " + "9" * 40 + ")",
]  # fmt: skip
OPTIONS = {
    "$top": ["1", "10", "1000", "0", "x", "9999999999"],
    "$skip": ["0", "5", "-1", "999999999"],
    "$select": ["id", "subject,from", "nosuch", "*", "", "body,uniqueBody,internetMessageHeaders", "displayName"],
    "$filter": FILTERS,
    "$orderby": ["receivedDateTime desc", "subject", "displayName", "x y z", ","],
    "$search": ['"a"', '"subject:b OR ("', '"received:x"', '""', "NOT", '"' + "(" * 99 + '"', '"from:a*"'],
    "$expand": [
        "attachments",
        "childFolders",
        "singleValueExtendedProperties($filter=id eq 'String 0x1039')",
        "multiValueExtendedProperties($filter=id eq 'StringArray 0x1039' or id eq 'x')",
        "x",
        "a(b",
    ],
    "$count": ["true", "false", "x"],
    "$skiptoken": ["x", "AAAA", ""],
    "$deltatoken": ["latest", "x", "AAAA"],
    "changeType": ["created", "x"],
    "includeHiddenFolders": ["true"],
    "includeHiddenMessages": ["true"],
    "disposalType": ["hardDelete", "softDelete", "x"],
}
BODIES: list[object] = [
    {}, [], None, 3, "x", {"displayName": "a"}, {"displayName": 3}, {"displayName": ""}, {"destinationId": "archive"},
    {"destinationId": 5}, {"isRead": True}, {"isRead": "x"}, {"categories": ["a"]}, {"categories": [1]},
    {"subject": "x", "body": {"contentType": "html", "content": "<b>"}}, {"toRecipients": [{"emailAddress": {}}]},
    {"toRecipients": [None, 3]}, {"from": None}, {"flag": {"flagStatus": "flagged", "dueDateTime": {"dateTime": "x"}}},
    {"singleValueExtendedProperties": [{"id": "Integer 0x0E07", "value": "x"}]},
    {"singleValueExtendedProperties": [{"id": "SystemTime 0x0E06", "value": "never"}]},
    {"singleValueExtendedProperties": [{"id": "String {x}", "value": "y"}]},
    {"singleValueExtendedProperties": [
        {"id": 'String {66f5a359-4659-4830-9070-00047ec6ac6e} Name a"b$', "value": "y"}
    ]},
    {"@odata.type": "#microsoft.graph.mailSearchFolder", "displayName": "s", "sourceFolderIds": ["inbox", "x"]},
    {"@odata.type": "#microsoft.graph.mailSearchFolder", "displayName": "t", "sourceFolderIds": [], "filterQuery": "("},
    {"multiValueExtendedProperties": [{"id": "StringArray 0x8001", "value": ["x", "\ud800"]}]},
    {"multiValueExtendedProperties": [{"id": "IntegerArray 0x8001", "value": [3, None]}]},
    {"name": "a.txt", "contentBytes": "aGk="}, {"name": "a", "contentBytes": "!"}, {"name": None},
    {"subject": "\ud800"},
    {"inputIds": ["x"], "sourceIdType": "restId", "targetIdType": "ewsId"}, {"inputIds": 3},
    {"internetMessageHeaders": [{"name": "X-a", "value": "b"}]}, {"internetMessageHeaders": [{"name": "Subject"}]},
    {"importance": "HIGH", "inferenceClassification": "other", "isReadReceiptRequested": None},
    {"attachments": [{"@odata.type": "#microsoft.graph.itemAttachment", "name": "i"}]}, {"attachments": "x"},
]  # fmt: skip


def _wire(text: str) -> str:
    """As it would travel: in ASCII; a stray per cent sign stays."""
    return quote(text, safe="%$()'\"*,:; =", errors="surrogatepass")


class Sender:
    """Draws requests."""

    def __init__(self, face: Face, seed: int) -> None:
        self.face = face
        self.chance = random.Random(seed)
        app = face.store.apps.get("emulator-tenant-wide")
        assert app is not None
        self.app = app
        self.mailbox = face.store.mailboxes.all()[0]
        self.places = ["inbox", "archive", "recoverableitemspurges", "deleteditems", "msgfolderroot", "drafts"]
        self.drawn = 0
        self.messages = self.living()

    def living(self) -> list[int]:
        """Messages that can be named: the requests before have removed others."""
        rows = self.face.store.db.rows("SELECT id FROM message WHERE mailbox = 1 ORDER BY id LIMIT 40")
        return [row[0] for row in rows] or self.messages

    def word(self, before: str) -> str:
        """Something for a star: mostly an id that fits, sometimes anything."""
        ids, chance = self.mailbox.ids, self.chance
        if chance.random() < 0.12:
            return chance.choice(ODD)
        if before in ("mailfolders", "childfolders", "folders"):
            folders = self.face.store.folders.all(self.mailbox)
            return chance.choice([*self.places, ids.folder_id(chance.choice(folders).id), ids.folder_id(10**6)])
        number = chance.choice(self.messages)
        if before == "attachments":
            return ids.attachment_id(number, None, chance.randrange(1, 30))
        return chance.choice([ids.immutable_id(number), ids.default_id(number, chance.randrange(1, 4))])

    def draw(self) -> Request:
        chance = self.chance
        self.drawn += 1
        if self.drawn % 50 == 0:
            self.messages = self.living()
        admin = chance.random() < 0.2
        route = chance.choice(ADMIN_ROUTES if admin else MAIL_ROUTES)
        words = [self.word(route.pattern[n - 1]) if part == "*" else part for n, part in enumerate(route.pattern)]
        if admin:
            start = ["admin", "exchange", "mailboxes", self.face.store.mailboxes.mbx_id(self.mailbox)]
        else:
            start = ["users", chance.choice(ODD) if chance.random() < 0.03 else self.mailbox.address]
        names = chance.sample(list(OPTIONS), chance.choice((0, 0, 1, 1, 2, 3)))
        query = "&".join(f"{name}={_wire(chance.choice(OPTIONS[name]))}" for name in names)
        method = route.method if chance.random() < 0.95 else chance.choice(["GET", "POST", "PUT", "PATCH", "DELETE"])
        body = json.dumps(chance.choice(BODIES)).encode() if method in ("POST", "PATCH") else b""
        if body and chance.random() < 0.05:
            body = chance.randbytes(20)
        headers = {"content-type": chance.choice(["application/json"] * 9 + ["text/plain"])}
        headers["prefer"] = chance.choice(
            ["", 'IdType="ImmutableId"', "odata.maxpagesize=3", "odata.maxpagesize=x", ",,="]
        )
        path = "/" + "/".join([chance.choice(["v1.0", "beta"]), *(_wire(word) for word in (*start, *words))])
        roles = frozenset(self.app.roles)
        return Request(method, path, query, headers, body, "http://127.0.0.1:1", self.app, roles)


@pytest.fixture
def face() -> Iterator[Face]:
    store = Store(clock=frozen_clock())
    seed_synthetic(store, 120)
    yield Face(store, Throttle(store.clock, Limits(requests=10**9, upload_bytes=10**12)))
    store.close()


def test_no_request_makes_the_emulator_itself_fail(face: Face, caplog: pytest.LogCaptureFixture) -> None:
    sender = Sender(face, seed=20260302)
    seen: dict[int, int] = {}
    for number in range(REQUESTS):
        request = sender.draw()
        response = face.handle(request)
        seen[response.status] = seen.get(response.status, 0) + 1
        assert response.status != 500, (number, request.method, request.path, request.query, request.body, caplog.text)
        if response.content_type.startswith("application/json") and response.body:
            json.loads(response.body)
    assert {200, 201, 204, 400, 403, 404, 405} <= set(seen), seen
    assert seen[200] + seen[201] + seen[204] > REQUESTS / 20, seen
    for mailbox in face.store.mailboxes.all():
        for folder in face.store.folders.all(mailbox):
            counted = face.store.db.value("SELECT count(*) FROM message WHERE folder = ?", (folder.id,))
            assert counted == folder.total, "counts and contents agree after all that"


@pytest.mark.parametrize(
    "query", ["$filter=" + "(" * 5000, "$filter=" + "not " * 5000 + "isRead", '$search="' + "NOT " * 5000]
)
def test_a_bottomless_expression_is_refused(face: Face, query: str) -> None:
    sender = Sender(face, seed=1)
    request = sender.draw()
    request.method, request.path, request.query = "GET", f"/v1.0/users/{sender.mailbox.address}/messages", query
    assert face.handle(request).status in (200, 400)
