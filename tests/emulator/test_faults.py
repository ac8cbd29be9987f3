"""Faults by plan and by endpoint."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from mailsorter.emulator.faults import FaultPlan, FaultPlanError
from tests.emulator.client import GraphClient


def plan(graph: GraphClient, *faults: dict[str, Any], seed: int = 1) -> None:
    graph.emulator.faults.set_plan(FaultPlan.make({"fault": list(faults), "seed": seed}))


def statuses(graph: GraphClient, count: int, path: str = "mailFolders/inbox") -> list[int]:
    return [graph.send("GET", path).status_code for _ in range(count)]


def test_a_rule_strikes_when_it_says(graph: GraphClient) -> None:
    plan(graph, {"status": 503, "skip": 1, "every": 2, "times": 2})
    assert statuses(graph, 7) == [200, 503, 200, 503, 200, 200, 200]
    assert graph.emulator.faults.struck == [2]


def test_a_rule_strikes_only_what_it_names(graph: GraphClient) -> None:
    plan(graph, {"status": 500, "method": "GET", "path": "users/*/messages", "mailbox": "anna@*", "app": "emulator"})
    assert statuses(graph, 1, "messages") == [500]
    assert statuses(graph, 1) == [200]
    graph.app = "emulator-tenant-wide"
    assert statuses(graph, 1, "messages") == [200]


def test_chance_is_the_same_for_the_same_seed(graph: GraphClient) -> None:
    runs = []
    for seed in (5, 5, 6):
        plan(graph, {"status": 503, "probability": 0.5}, seed=seed)
        runs.append(statuses(graph, 20))
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize(("fault", "status", "code", "retry_after"), [
    ({"status": 429, "retry_after": 7}, 429, "TooManyRequests", "7"),
    ({"status": 429}, 429, "TooManyRequests", None),
    ({"status": 429, "code": "ApplicationThrottled", "retry_after": 2.128}, 429, "ApplicationThrottled", "2.128"),
    ({"status": 502}, 502, "BadGateway", None),
    ({"status": 503}, 503, "ServiceUnavailable", None),
    ({"status": 504}, 504, "GatewayTimeout", None),
    ({"code": "ErrorMailboxMoveInProgress"}, 503, "ErrorMailboxMoveInProgress", None),
    ({"token": "expired"}, 401, "InvalidAuthenticationToken", None),
    ({"token": "revoked"}, 401, "InvalidAuthenticationToken", None),
])  # fmt: skip
def test_an_error_comes_as_the_plan_says(
    graph: GraphClient, fault: dict[str, Any], status: int, code: str, retry_after: str | None
) -> None:
    plan(graph, fault)
    response = graph.send("GET", "messages")
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert response.headers.get("Retry-After") == retry_after


def test_an_error_may_have_no_body(graph: GraphClient) -> None:
    plan(graph, {"status": 504, "empty_body": True})
    assert graph.send("GET", "messages").content == b""


def test_single_items_of_a_batch_are_struck(graph: GraphClient) -> None:
    plan(graph, {"status": 429, "retry_after": 3, "within": "item", "every": 2})
    items = [{"id": str(number), "method": "GET", "url": f"/users/{graph.user}/messages"} for number in range(4)]
    answers = graph.post("/v1.0/$batch", {"requests": items}).json()["responses"]
    assert [answer["status"] for answer in answers] == [429, 200, 429, 200]
    assert answers[0]["headers"]["Retry-After"] == "3"


@pytest.mark.parametrize(("when", "left"), [("before", 1), ("after", 0)])
@pytest.mark.parametrize("batched", [False, True])
def test_a_connection_is_cut_before_or_after_the_change_is_made(
    graph: GraphClient, when: str, left: int, batched: bool
) -> None:
    message = graph.deliver()
    plan(graph, {"cut": when, "path": "*/move", "times": 1})
    body = {"destinationId": "archive"}
    path = f"messages/{graph.id_of(message)}/move"
    item = {"id": "1", "method": "POST", "url": f"/users/{graph.user}/{path}", "body": body}
    item["headers"] = {"Content-Type": "application/json"}
    with pytest.raises(httpx.RemoteProtocolError):
        graph.post("/v1.0/$batch", {"requests": [item]}) if batched else graph.post(path, body)
    assert graph.get("mailFolders/inbox")["totalItemCount"] == left


def test_a_200_may_carry_half_an_answer(graph: GraphClient) -> None:
    graph.deliver()
    plan(graph, {"truncate": True})
    response = graph.send("GET", "messages")
    assert response.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        response.json()


def test_an_answer_may_trickle_and_be_late(graph: GraphClient) -> None:
    plan(graph, {"latency_s": 0.1, "jitter_s": 0.05, "trickle_bytes_per_s": 2000})
    begun = time.monotonic()
    assert graph.get("mailFolders/inbox")["displayName"] == "Inbox"
    assert time.monotonic() - begun > 0.2


def test_the_date_header_may_be_wrong(graph: GraphClient) -> None:
    right = graph.send("GET", "messages").headers["Date"]
    plan(graph, {"skew_s": -7200})
    assert (right, graph.send("GET", "messages").headers["Date"]) == (
        "Mon, 02 Mar 2026 09:00:00 GMT",
        "Mon, 02 Mar 2026 07:00:00 GMT",
    )


def test_delta_state_is_lost_when_the_plan_says(graph: GraphClient) -> None:
    link = graph.round("mailFolders/inbox/messages/delta")[1]
    plan(graph, {"lose_delta_state": True, "path": "*/delta", "times": 1})
    assert graph.refused("GET", link) == (410, "SyncStateNotFound")


@pytest.mark.parametrize("what", ["move", "delete", "read", "deliver", "rename"])
def test_another_user_meddles_in_mid_run(graph: GraphClient, what: str) -> None:
    graph.post("mailFolders", {"displayName": "Klant"})
    graph.deliver()

    def picture() -> Any:
        folders = graph.store.folders.all(graph.mailbox)
        return [(folder.name, folder.total, folder.unread) for folder in folders]

    before = picture()
    plan(graph, {"meddle": what, "times": 1})
    graph.get("mailFolders")
    assert picture() != before


@pytest.mark.parametrize("text", [
    "fault = 3", "[[fault]]\nstatsu = 500", "[[fault]]\nprobability = 2.0", "[[fault]]\nevery = 0", "not toml [",
    '[[fault]]\ncut = "maybe"',
])  # fmt: skip
def test_a_plan_with_a_mistake_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(FaultPlanError, match=r"plan\.toml"):
        FaultPlan.read(path)


def test_a_plan_is_read_from_toml_or_json(tmp_path: Path) -> None:
    toml, js = tmp_path / "plan.toml", tmp_path / "plan.json"
    toml.write_text("seed = 9\n[[fault]]\nstatus = 503\n")
    js.write_text('{"seed": 9, "fault": [{"status": 503}]}')
    assert FaultPlan.read(toml) == FaultPlan.read(js)
    with pytest.raises(FaultPlanError, match="cannot be read"):
        FaultPlan.read(tmp_path / "none.toml")


# the endpoint


def steer(graph: GraphClient, method: str, path: str, body: Any = None) -> httpx.Response:
    return graph.send(method, f"/_emulator/{path}", body)


def test_the_endpoint_moves_time_and_applies_retention(graph: GraphClient) -> None:
    message = graph.deliver()
    graph.post(f"messages/{graph.id_of(message)}/permanentDelete")
    assert steer(graph, "POST", "clock", {"advance_s": 15 * 86_400}).json()["now"].startswith("2026-03-17")
    assert graph.all("mailFolders/recoverableitemspurges/messages") == []
    assert steer(graph, "POST", "clock", {"set": "2027-01-01T00:00:00+00:00", "freeze": True}).status_code == 200
    assert graph.emulator.clock.now().year == 2027
    steer(graph, "POST", "clock", {"thaw": True})


def test_the_endpoint_sets_and_clears_faults(graph: GraphClient) -> None:
    assert steer(graph, "PUT", "faults", {"fault": [{"status": 503}]}).json() == {"rules": 1}
    assert statuses(graph, 1) == [503]
    assert steer(graph, "DELETE", "faults").json() == {"rules": 0}
    assert statuses(graph, 1) == [200]


def test_the_endpoint_makes_and_changes_mailboxes_and_delivers(graph: GraphClient) -> None:
    made = steer(graph, "POST", "mailboxes", {"address": "new@firm.example", "kind": "shared"}).json()
    assert made["mailbox_id"].startswith("MBX:")
    assert steer(graph, "POST", "mailboxes/new@firm.example/archive", {}).json()["mailbox_id"].startswith("MBX:")
    mime = b"From: a@x.example\r\nSubject: delivered\r\n\r\nhi"
    sent = graph.send("POST", "/_emulator/mailboxes/new@firm.example/messages", mime, Content_Type="message/rfc822")
    assert graph.get(f"/v1.0/users/new@firm.example/messages/{sent.json()['id']}")["subject"] == "delivered"
    changed = steer(graph, "PATCH", "mailboxes/new@firm.example", {"litigation_hold": 1, "retention_policies": ["x:2"]})
    assert changed.json()["litigation_hold"] == 1
    lifted = steer(graph, "PATCH", "mailboxes/new@firm.example", {"end_hold_days": 30}).json()
    assert (lifted["litigation_hold"], lifted["retention_policies"]) == (0, "[]")
    assert steer(graph, "POST", f"mailboxes/{graph.user}/meddle", {"what": "deliver"}).status_code == 200
    assert len(graph.all("messages")) == 1


def test_the_endpoint_sets_conditions_apps_and_quota(graph: GraphClient) -> None:
    message = graph.deliver()
    link = graph.round("mailFolders/inbox/messages/delta")[1]
    body = {
        "mailbox": graph.user,
        "poison": [graph.id_of(message)],
        "lose_delta_state": True,
        "delta_replay": 1,
        "search_lag_s": 5,
    }
    assert steer(graph, "POST", "conditions", body).status_code == 200
    assert graph.refused("GET", f"messages/{graph.id_of(message)}") == (500, "ErrorCorruptData")
    assert graph.refused("GET", link)[0] == 410
    assert steer(graph, "POST", "apps", {"client_id": "mine", "roles": ["Mail.Read"]}).status_code == 200
    assert graph.store.apps.get("mine") is not None
    assert steer(graph, "POST", "reset-quota", {}).status_code == 200
    assert graph.emulator.throttle.used("emulator", graph.mailbox.id) == 0
    assert steer(graph, "POST", "revoke-tokens", {}).status_code == 200


def test_the_endpoint_tells_what_was_asked(graph: GraphClient) -> None:
    graph.get("mailFolders/inbox")
    told = steer(graph, "GET", "").json()
    assert told["requests"] == {"GET mailfolders/*": 1}
    assert told["mailboxes"] == [graph.user]


@pytest.mark.parametrize(("method", "path", "body", "status"), [
    ("POST", "nosuch", {}, 404),
    ("POST", "clock", {"advance": 1}, 400),
    ("POST", "clock", {"set": "never"}, 400),
    ("POST", "clock", {"set": "0001-01-01"}, 400),
    ("POST", "clock", {"set": "9999-12-31T23:59:59+00:00"}, 400),
    ("POST", "clock", {"set": "9999-12-31T23:59:59-14:00"}, 400),
    ("POST", "clock", {"advance_s": 1e30}, 400),
    ("POST", "clock", {"advance_s": -1e12}, 400),
    ("POST", "clock", {"advance_s": "nan"}, 400),
    ("PUT", "faults", {"fault": [{"latency_s": -1}]}, 400),
    ("PUT", "faults", {"fault": [{"jitter_s": 1e300}]}, 400),
    ("PUT", "faults", {"fault": [{"skew_s": 1e30}]}, 400),
    ("PUT", "faults", {"fault": [{"x": 1}]}, 400),
    ("POST", "mailboxes", {"address": "noat"}, 400),
    ("POST", "mailboxes", {"address": "anna@firm.example"}, 400),
    ("PATCH", "mailboxes/none@firm.example", {}, 404),
    ("PATCH", "mailboxes/anna@firm.example", {"guid": "x"}, 400),
    ("PATCH", "mailboxes/anna@firm.example", {"kind": []}, 400),
    ("PATCH", "mailboxes/anna@firm.example", {"quota_bytes": "x"}, 400),
    ("PATCH", "mailboxes/anna@firm.example", {"retain_days": 10**15}, 400),
    ("PATCH", "mailboxes/anna@firm.example", {"litigation_hold": None}, 400),
    ("PATCH", "mailboxes/anna@firm.example", {"retention_policies": [3]}, 400),
    ("PATCH", "mailboxes/anna@firm.example", {"retention_policies": "mbx"}, 400),
    ("PATCH", "mailboxes/anna@firm.example", {"end_hold_days": 10**20}, 400),
    ("POST", "conditions", {"search_lag_s": 10**20}, 400),
    ("POST", "conditions", {"poison": ["x"]}, 400),
    ("POST", "conditions", {"poison": ["x"], "mailbox": "anna@firm.example"}, 400),
    ("POST", "apps", {"roles": 3}, 400),
    ("POST", "clock", b"{", 400),
    ("POST", "clock", [1], 400),
])  # fmt: skip
def test_the_endpoint_refuses_what_it_cannot_read(
    graph: GraphClient, method: str, path: str, body: Any, status: int
) -> None:
    headers = {"Content_Type": "application/json"} if isinstance(body, bytes) else {}
    response = graph.send(method, f"/_emulator/{path}", body, **headers)
    assert response.status_code == status, response.text
    assert response.json()["error"]
    assert graph.post("messages", {"subject": "It still works"}).status_code == 201


def test_the_endpoint_takes_json_only(graph: GraphClient) -> None:
    response = graph.send("POST", "/_emulator/clock", b"advance_s=1", Content_Type="text/plain")
    assert response.status_code == 415


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "{own}"}, 200),
        ({"Origin": "{own}", "Sec_Fetch_Site": "same-origin"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "{own}.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 421),
    ],
)
def test_no_web_page_of_another_origin_steers_it(graph: GraphClient, headers: dict[str, str], status: int) -> None:
    """Programs name no origin; browsers name the page's, and how far away it is."""
    sent = {name: value.replace("{own}", graph.emulator.url) for name, value in headers.items()}
    before = graph.emulator.clock.now()
    assert graph.send("GET", "/_emulator", **sent).status_code == status
    assert graph.send("POST", "/_emulator/clock", {"advance_s": 60}, **sent).status_code == status
    assert (graph.emulator.clock.now() > before) is (status == 200)
    assert graph.send("DELETE", "/_emulator/faults", **sent).status_code == status


def test_mail_is_taken_under_its_own_name_only(graph: GraphClient) -> None:
    """A form of a web page can send text/plain, and nothing arrives."""
    path = "/_emulator/mailboxes/anna@firm.example/messages"
    for kind in ("text/plain", "multipart/form-data", "application/x-www-form-urlencoded", ""):
        assert graph.send("POST", path, b"Subject: x\r\n\r\ny", Content_Type=kind).status_code == 415
    assert graph.send("POST", path, b"Subject: x\r\n\r\ny", Content_Type="message/rfc822").status_code == 200
