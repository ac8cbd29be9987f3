"""Requests as clients in the field write them: each is understood like its plain form."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest

from tests.emulator.client import GraphClient

ME = "/v1.0/me"
USER = "/v1.0/users/anna@firm.example"


@pytest.fixture
def anna(graph: GraphClient) -> GraphClient:
    """An app for which `/me` means Anna, with two messages in her Inbox and a folder below it."""
    app = graph.store.apps.get("emulator")
    assert app is not None
    graph.store.apps.register(msgspec.structs.replace(app, me="anna@firm.example"))
    graph.deliver(subject="First")
    graph.deliver(subject="Second")
    graph.post("mailFolders/inbox/childFolders", {"displayName": "Acme"})
    return graph


def raw(graph: GraphClient, method: str, target: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    """A request whose target goes over the wire as it stands: no client library tidies it up."""
    place = urlsplit(graph.emulator.url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    try:
        sent = {"Authorization": f"Bearer {graph.emulator.token()}", "Prefer": 'IdType="ImmutableId"'}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        connection.request(method, target, body=body or None, headers=sent)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


WRITTEN = [
    ("me", f"{ME}/mailFolders/inbox", f"{USER}/mailFolders/inbox"),
    ("doubled slash (a GNOME client)", f"{ME}/mailFolders//inbox/messages", f"{ME}/mailFolders/inbox/messages"),
    ("slashes everywhere", "//v1.0//me//mailFolders//inbox", f"{ME}/mailFolders/inbox"),
    ("slash at the end", f"{ME}/mailFolders/?includeHiddenFolders=true", f"{ME}/mailFolders?includeHiddenFolders=true"),
    ("slash before the query", f"{ME}/messages/?$select=subject", f"{ME}/messages?$select=subject"),
    ("lower case", f"{ME}/mailfolders/INBOX/childfolders", f"{ME}/mailFolders/inbox/childFolders"),
    ("key in parentheses", f"{ME}/mailFolders('inbox')/messages", f"{ME}/mailFolders/inbox/messages"),
    ("user in parentheses", "/v1.0/users('anna@firm.example')/mailFolders/inbox", f"{USER}/mailFolders/inbox"),
    ("percent-encoded parentheses", f"{ME}/mailFolders%28%27inbox%27%29/messages", f"{ME}/mailFolders/inbox/messages"),
    ("percent-encoded address", "/v1.0/users/anna%40firm.example/mailFolders/inbox", f"{USER}/mailFolders/inbox"),
    ("percent-encoded dollar", f"{ME}/messages?%24select=subject&%24top=1", f"{ME}/messages?$select=subject&$top=1"),
    ("no dollar", f"{ME}/messages?select=subject&top=1", f"{ME}/messages?$select=subject&$top=1"),
    ("option in upper case", f"{ME}/messages?$TOP=1&$Select=subject", f"{ME}/messages?$top=1&$select=subject"),
    ("property in another case", f"{ME}/messages?$select=Subject", f"{ME}/messages?$select=subject"),
    ("spaces in a list", f"{ME}/messages?$select=subject,%20isRead", f"{ME}/messages?$select=subject,isRead"),
    ("plus for a space", f"{ME}/messages?$orderby=subject+asc", f"{ME}/messages?$orderby=subject%20asc"),
    (
        "filter wholly encoded",
        f"{ME}/messages?%24filter=subject%20eq%20%27First%27",
        f"{ME}/messages?$filter=subject+eq+'First'",
    ),
    ("empty option", f"{ME}/messages?$filter=&$select=subject", f"{ME}/messages?$select=subject"),
    ("count segment", f"{ME}/mailFolders/inbox/messages/%24count", f"{ME}/mailFolders/inbox/messages/$count"),
]


@pytest.mark.parametrize(("written", "plain"), [row[1:] for row in WRITTEN], ids=[row[0] for row in WRITTEN])
def test_a_request_written_otherwise_means_the_same(anna: GraphClient, written: str, plain: str) -> None:
    """The value (or whole entity) is the same; links and contexts may repeat what was written."""
    status, body = raw(anna, "GET", written)
    assert status == 200, body
    _, expected = raw(anna, "GET", plain)
    found, wanted = msgspec.json.decode(body), msgspec.json.decode(expected)
    if isinstance(wanted, dict):
        for answer in (found, wanted):
            answer.pop("@odata.context", None)
            answer.pop("@odata.nextLink", None)
    assert found == wanted


@pytest.mark.parametrize("name", ["delta", "delta()", "microsoft.graph.delta", "microsoft.graph.delta()", "Delta"])
@pytest.mark.parametrize("place", ["mailFolders", "mailFolders/inbox/messages"])
def test_delta_may_be_written_as_a_function(anna: GraphClient, place: str, name: str) -> None:
    """With and without parentheses and namespace; its own links lead on."""
    told, link = anna.round(f"{place}/{name}")
    assert len(told) >= 2
    assert anna.round(link)[0] == []


@pytest.mark.parametrize("name", ["move", "microsoft.graph.move", "microsoft.graph.move()"])
def test_an_action_may_be_written_with_its_namespace(anna: GraphClient, name: str) -> None:
    """As .NET clients write it."""
    first = anna.get("messages?$filter=subject eq 'First'")["value"][0]["id"]
    assert anna.post(f"messages/{first}/{name}", {"destinationId": "archive"}).status_code == 201


@pytest.mark.parametrize("key", ["destinationId", "DestinationId", "DESTINATIONID"])
@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_a_move_names_its_destination_in_any_case(anna: GraphClient, key: str, version: str) -> None:
    """Microsoft's SDKs write DestinationId, its pages destinationId; beta is the same for mail."""
    first = anna.get("messages?$filter=subject eq 'First'")["value"][0]["id"]
    response = anna.post(f"/{version}/me/messages/{first}/move", {key: "archive"})
    assert response.status_code == 201
    assert response.json()["parentFolderId"] == anna.get("mailFolders/archive")["id"]


def test_beta_serves_mail_and_keeps_to_itself(anna: GraphClient) -> None:
    """Links of beta stay in beta; a folder has its wellKnownName only there."""
    assert anna.get("/beta/me/mailFolders/inbox")["wellKnownName"] == "inbox"
    assert "wellKnownName" not in anna.get("/v1.0/me/mailFolders/inbox")
    assert "/beta/" in anna.get("/beta/me/messages?$top=1")["@odata.nextLink"]
    assert "/beta/" in anna.get("/beta/me/mailFolders/inbox/messages/delta")["@odata.deltaLink"]


def test_the_roots_answer(anna: GraphClient) -> None:
    """`GET /` needs no token (clients look whether anyone is there); the version's root is Graph's."""
    found = httpx.get(anna.emulator.url + "/", trust_env=False)
    assert found.status_code == 200
    assert found.json()["graph"] == f"{anna.emulator.url}/v1.0"
    assert raw(anna, "GET", "/v1.0")[0] == 200
    assert raw(anna, "GET", "/v1.0/")[0] == 200


def test_me_without_a_user_is_refused(graph: GraphClient) -> None:
    """An app-only token has no me, as in Graph."""
    assert graph.refused("GET", "/v1.0/me/messages") == (400, "BadRequest")


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "application/json;odata=x", ""]
)
def test_a_body_is_json_whatever_its_content_type_adds(anna: GraphClient, kind: str) -> None:
    """Parameters of the type, or no type at all, do not matter."""
    headers = {"Content_Type": kind} if kind else {}
    status, _ = raw(anna, "POST", f"{ME}/mailFolders", b'{"displayName":"New"}', **headers)
    assert status == 201


def test_prefer_values_are_combined_and_answered(anna: GraphClient) -> None:
    """One header with several preferences in any spelling."""
    prefer = 'outlook.body-content-type="text", IdType="ImmutableId",odata.maxpagesize=1'
    response = anna.send("GET", "mailFolders/inbox/messages/delta", Prefer=prefer)
    assert len(response.json()["value"]) == 1
    applied = response.headers["Preference-Applied"]
    for part in ('IdType="ImmutableId"', 'outlook.body-content-type="text"', "odata.maxpagesize=1"):
        assert part in applied


def test_a_head_and_an_unknown_method_do_not_break_the_server(anna: GraphClient) -> None:
    """They get an answer of their own, and the next request is served."""
    assert raw(anna, "HEAD", f"{ME}/messages")[0] in (200, 405)
    assert raw(anna, "OPTIONS", f"{ME}/messages")[0] == 405
    assert raw(anna, "GET", f"{ME}/messages")[0] == 200


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        (f"{ME}/mailFolders/inbox/nothing", 400, "RequestBroker--ParseUri"),
        ("/beta/me/contacts/users/unknown", 400, "RequestBroker--ParseUri"),
        (f"{ME}/nothing", 400, "BadRequest"),
        ("/v2.0/me/messages", 400, "BadRequest"),
        (f"{ME}/messages/%0A", 400, "ErrorInvalidIdMalformed"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_as_recorded(
    anna: GraphClient, target: str, status: int, code: str
) -> None:
    """Within Exchange's part the broker refuses, outside it the gateway."""
    found, body = raw(anna, "GET", target)
    assert (found, msgspec.json.decode(body)["error"]["code"]) == (status, code)
