"""Judges that this project did not write: Microsoft's metadata, traffic recorded in a real tenant, real odd mail.

They need MAILSORTER_TESTDATA to point at that data, which is no part of the project.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from mailsorter.emulator import Store, running_emulator
from mailsorter.emulator.mime.read import read_mime
from mailsorter.emulator.seed.synthetic import seed_synthetic
from mailsorter.emulator.seed.tree import seed_tree
from tests.emulator.client import GraphClient
from tests.emulator.metadata import metadata

DATA = Path(os.environ.get("MAILSORTER_TESTDATA", "/nonexistent"))

pytestmark = [
    pytest.mark.testdata,
    pytest.mark.skipif(not DATA.is_dir(), reason="MAILSORTER_TESTDATA does not point at the test data"),
]


@pytest.fixture(scope="module")
def full() -> Iterator[GraphClient]:
    """A client of the synthetic firm, as an app with all rights."""
    with running_emulator() as emulator:
        seed_synthetic(emulator.store, 600, random_seed=2)
        owner = emulator.store.mailboxes.all()[0].address
        with GraphClient(emulator, user=owner, app="emulator-tenant-wide") as client:
            yield client


ANSWERS = [
    "messages?$top=400",
    "messages?$top=100&$select=internetMessageHeaders,uniqueBody",
    "messages?$top=100&$expand=attachments",
    "messages?$top=50&$expand=singleValueExtendedProperties($filter=id eq 'String 0x001A')",
    "mailFolders/inbox/messages/delta?$top=300",
    "mailFolders?includeHiddenFolders=true&$top=100&$expand=childFolders",
    "mailFolders/delta",
    "/v1.0/users",
    "/v1.0/users?$select=assignedPlans,proxyAddresses,accountEnabled,userType",
    "/v1.0/admin/exchange/mailboxes/{mbx}/folders?$top=100",
    "/v1.0/admin/exchange/mailboxes/{mbx}/folders/inbox/items?$top=100",
]


@pytest.mark.parametrize("path", ANSWERS)
def test_hundreds_of_objects_agree_with_microsofts_metadata(full: GraphClient, path: str) -> None:
    """The client holds every answer against the metadata; here are many objects of each kind."""
    assert metadata() is not None
    assert len(full.get(path.replace("{mbx}", full.store.mailboxes.mbx_id(full.mailbox)))["value"]) >= 5


# recorded traffic


class Exchange(NamedTuple):
    method: str
    path: str
    body: str
    status: int
    answer: str


_START = re.compile(r"^> (GET|POST|PATCH|DELETE) (\S+) HTTP/2$")

#: In this order the recorded calls make sense one after another.
TRACES = (
    "get-folders",
    "get-folder",
    "get-folder-id",
    "setup-temp-message",
    "create-message",
    "get-messages",
    "teardown-temp-message",
)


def recorded(name: str, part: str = "mail") -> list[Exchange]:
    """Requests and answers of one trace file."""
    found: list[dict[str, Any]] = []
    for line in (DATA / "traces" / "msgraph-gnome" / part / name).read_text(encoding="utf-8").splitlines():
        if begun := _START.match(line):
            found.append({"method": begun[1], "path": begun[2], "sent": [], "got": [], "status": 0})
        elif found and (status := re.match(r"^< HTTP/2 (\d+)", line)):
            found[-1]["status"] = int(status[1])
        elif found and line.startswith("> ") and not re.match(r"^> [\w-]+: ", line):
            found[-1]["sent"].append(line[2:])
        elif found and line.startswith("< ") and not re.match(r"^< [\w-]+: ", line):
            found[-1]["got"].append(line[2:])
    return [
        Exchange(one["method"], one["path"], "\n".join(one["sent"]), one["status"], "\n".join(one["got"]))
        for one in found
    ]


def shape(value: Any) -> Any:
    """Names and types, without the values; lists by their first member."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


@pytest.fixture
def max_() -> Iterator[GraphClient]:
    """The recorded person's place: `/me`, default ids."""
    with running_emulator() as emulator:
        emulator.store.mailboxes.create("max@firm.example", language="nl")
        app = emulator.store.apps.get("emulator")
        assert app is not None
        emulator.store.apps.register(msgspec.structs.replace(app, me="max@firm.example"))
        with GraphClient(emulator, user="max@firm.example") as graph:
            graph.immutable = False
            yield graph


def test_recorded_traffic_is_answered_alike(max_: GraphClient) -> None:
    """The same calls get the same status and the same shape of answer; recorded ids are translated as they turn up."""
    ids: dict[str, str] = {}
    assert sum(_compare(max_, call, ids) for name in TRACES for call in recorded(name)) >= 10


def test_recorded_calls_about_the_user_are_answered_alike(max_: GraphClient) -> None:
    """Who I am, with the same names; a path that leads nowhere, with the same code and text."""
    calls = recorded("get-user", "user")
    assert len(calls) == 2
    for call in calls:
        response = max_.send(call.method, call.path)
        theirs, ours = json.loads(call.answer), response.json()
        assert response.status_code == call.status
        assert set(ours) == set(theirs)
        if "error" in theirs:
            assert {name: ours["error"][name] for name in theirs["error"]} == theirs["error"]


def _compare(graph: GraphClient, call: Exchange, ids: dict[str, str]) -> int:
    path = call.path
    for theirs, ours in ids.items():
        path = path.replace(theirs, ours)
    response = graph.send(call.method, path, json.loads(call.body) if call.body.strip() else None)
    assert response.status_code == call.status, (call.method, path, response.text)
    if "$value" in path or call.status == 204:
        return 1
    theirs, ours = json.loads(call.answer), response.json()
    if "value" not in theirs:
        ids[theirs["id"]] = ours["id"]
        assert shape(ours) == shape(theirs) | {name: shape(ours[name]) for name in set(ours) - set(theirs)}
        assert set(ours) - set(theirs) <= {"@odata.type"}
    else:
        assert set(ours) == set(theirs)
        if theirs["value"]:
            for item in theirs["value"]:
                if item.get("subject") == "Hello World":
                    ids.setdefault(item["id"], ours["value"][0]["id"])
            assert set(ours["value"][0]) == set(theirs["value"][0])
            assert shape(ours["value"][0]) == shape(theirs["value"][0])
    return 1


def test_errors_pasted_in_issues_have_codes_that_the_emulator_knows() -> None:
    from mailsorter.emulator.errors import STATUS

    lines = (DATA / "traces" / "graph_errors_pasted_in_issues.jsonl").read_text(encoding="utf-8").splitlines()
    codes = {
        (found["status"], found["body"]["error"]["code"])
        for line in lines
        if isinstance((found := json.loads(line)).get("body"), dict) and "code" in found["body"].get("error", {})
    }
    assert codes
    assert {code for _, code in codes if code} <= set(STATUS) | {"UnknownError", ""}


# real odd mail


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mail")
    with tarfile.open(DATA / "mail.tgz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "corpora"


def test_every_odd_message_is_taken_shown_and_given_back_byte_for_byte(corpora: Path) -> None:
    files = [path for path in sorted((corpora / "mime").rglob("*")) if path.is_file()]
    assert len(files) > 900
    with running_emulator() as emulator:
        mailbox = emulator.store.mailboxes.create("anna@firm.example")
        inbox = emulator.store.folders.well_known(mailbox, "inbox")
        with GraphClient(emulator) as graph:
            for number, path in enumerate(files):
                message = emulator.store.messages.create(mailbox, inbox, read_mime(path.read_bytes()))
                if number % 10 == 0:
                    value = graph.send("GET", f"messages/{graph.id_of(message)}/$value")
                    assert value.content == path.read_bytes()
            expand = "$expand=attachments,singleValueExtendedProperties($filter=id eq 'String 0x007D')"
            assert len(graph.all(f"messages?$top=200&{expand}&$select=subject,internetMessageHeaders,body")) == len(
                files
            )


def test_two_real_mailboxes_are_seeded_whole(corpora: Path) -> None:
    store = Store()
    done = seed_tree(store, corpora / "enron" / "mail")
    assert done.messages == 2364 + 3669
    totals = {
        mailbox.address: sum(folder.total for folder in store.folders.all(mailbox)) for mailbox in store.mailboxes.all()
    }
    assert totals == {"farmer-d@seeded.example": 3669, "lokay-m@seeded.example": 2364}
    store.close()
