"""docs/emulator.md keeps its promises: every row has tests that exist, every call has a row, every example works."""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from mailsorter.emulator.control import _CALLS
from mailsorter.emulator.ews.face import OPERATIONS
from mailsorter.emulator.faults import Fault, FaultPlan
from mailsorter.emulator.graph.routes import ADMIN_ROUTES, MAIL_ROUTES
from mailsorter.emulator.running import Emulator
from tests.emulator.client import GraphClient

pytest_plugins = ["mailsorter.emulator.pytest_plugin"]

DOC = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text(encoding="utf-8")
_GRADES = ("documented", "observed", "assumed", "left out")


def rows() -> list[tuple[str, str, list[str]]]:
    """What, standing and tests of each row in the tables of the section "How sure is it?"."""
    section = DOC.partition("## How sure is it?")[2].partition("\n## ")[0]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in section.splitlines() if "|" in line]
    return [
        (what, standing, re.findall(r"`([\w/]+::\w+)`", tests))
        for what, standing, tests in cells
        if what not in ("what", "---")
    ]


@pytest.mark.parametrize(("what", "standing", "tests"), rows(), ids=[row[0][:40] for row in rows()])
def test_each_row_has_a_grade_and_tests_that_exist(what: str, standing: str, tests: list[str]) -> None:
    """A row without a test, or with one that is not there, is no promise."""
    assert any(grade in standing for grade in _GRADES)
    assert tests
    for name in tests:
        place, _, function = name.partition("::")
        module = importlib.import_module(f"tests.emulator.{place.replace('/', '.')}")
        assert callable(getattr(module, function, None)), name


def test_every_call_of_the_face_has_a_row() -> None:
    """Messages below folders and folders below folders are the same calls; each is named once."""
    named = {found.lower() for found in re.findall(r"`((?:GET|POST|PATCH|DELETE) [^` ?]+)`", DOC)}
    missing = []
    for route in (*MAIL_ROUTES, *ADMIN_ROUTES):
        path = "/".join(route.pattern)
        if route in MAIL_ROUTES and not path.endswith("messages/delta"):
            path = re.sub(r"^mailfolders/\*(/childfolders/\*)?/messages(?=/|$)", "messages", path)
            path = re.sub(r"^mailfolders/\*/childfolders/\*/(?=move|copy|permanentdelete)", "mailfolders/*/", path)
            if route.method in ("PATCH", "DELETE"):
                path = re.sub(r"^mailfolders/\*/childfolders/\*$", "mailfolders/*", path)
        path = path.replace("mailfolders/*/childfolders/*/messages/delta", "mailfolders/*/messages/delta")
        if f"{route.method} {path}".lower() not in named:
            missing.append(f"{route.method} {path}")
    assert missing == []


def test_every_operation_of_the_ews_face_has_a_row() -> None:
    """In its own table."""
    table = DOC.partition("### Exchange Web Services")[2].partition("\n### ")[0]
    assert [name for name in OPERATIONS if not re.search(rf"\b{name}\b", table)] == []


def test_every_key_of_a_fault_and_every_steering_call_is_described() -> None:
    """The tables of faults and of `/_emulator` are complete."""
    faults = DOC.partition("## Faults")[2].partition("\n## ")[0]
    assert [name for name in Fault.__struct_fields__ if f"`{name}`" not in faults] == []
    steering = DOC.partition("## Steering it")[2].partition("\n## ")[0]
    calls = {f"{method} /_emulator/{name}".rstrip("/") for method, name in _CALLS}
    assert [call for call in sorted(calls) if f"`{call}" not in steering] == []


def test_the_plan_shown_is_a_plan() -> None:
    """Four rules, read by the reader of plans."""
    text = re.search(r"```toml\n(.*?)```", DOC, re.DOTALL)
    assert text is not None
    plan = FaultPlan.make(tomllib.loads(text[1]))
    assert [fault.status or fault.cut for fault in plan.fault] == [429, "after", 503, None]


def test_the_program_shown_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The first Python example, as it stands."""
    text = re.search(r"```python\n(.*?)```", DOC, re.DOTALL)
    assert text is not None
    exec(compile(text[1], "docs/emulator.md", "exec"), {})
    assert capsys.readouterr().out.startswith("http://127.0.0.1:")


def test_the_fixtures_give_an_exchange(exchange: Emulator, exchange_tls: Emulator) -> None:
    """Each has Anna's mailbox; one speaks https."""
    for emulator in (exchange, exchange_tls):
        assert emulator.store.mailboxes.open("anna@firm.example").display_name == "Anna de Wit"
    assert (exchange.url.partition(":")[0], exchange_tls.url.partition(":")[0]) == ("http", "https")


LEFT_OUT: list[tuple[str, str, Any]] = [
    ("POST", "sendMail", {"message": {}}),
    ("POST", "messages/{id}/reply", {}),
    ("POST", "messages/{id}/createReply", {}),
    ("POST", "messages/{id}/forward", {}),
    ("POST", "messages/{id}/send", {}),
    ("POST", "messages/{id}/attachments/createUploadSession", {}),
    ("GET", "mailFolders/inbox/messageRules", None),
    ("PATCH", "mailboxSettings", {}),
    ("POST", "/v1.0/subscriptions", {"resource": "x"}),
    ("PATCH", "/v1.0/users/anna@firm.example", {"displayName": "x"}),
    ("POST", "/v1.0/admin/exchange/mailboxes/{mbx}/exportItems", {"itemIds": []}),
    ("POST", "/v1.0/admin/exchange/mailboxes/{mbx}/createImportSession", {}),
    ("GET", "mailFolders/inbox/messages/delta?$deltatoken=latest", None),
]


@pytest.mark.parametrize(("method", "path", "body"), LEFT_OUT, ids=[f"{row[0]} {row[1]}" for row in LEFT_OUT])
def test_what_is_left_out_is_refused(graph: GraphClient, method: str, path: str, body: Any) -> None:
    """With an error in Graph's form, and nothing is changed."""
    message = graph.deliver()
    graph.app = "emulator-tenant-wide"
    words = {"{id}": graph.id_of(message), "{mbx}": graph.store.mailboxes.mbx_id(graph.mailbox)}
    for word, value in words.items():
        path = path.replace(word, value)
    before = graph.store.db.sequence()
    status, code = graph.refused(method, path, body)
    assert 400 <= status < 600
    assert code
    assert graph.store.db.sequence() == before


@pytest.mark.parametrize(
    "grant", ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]
)
def test_other_grants_are_left_out(graph: GraphClient, grant: str) -> None:
    """Only apps sign in here."""
    response = graph._http.post("/firm.example/oauth2/v2.0/token", data={"client_id": "emulator", "grant_type": grant})
    assert (response.status_code, response.json()["error"]) == (400, "unsupported_grant_type")
