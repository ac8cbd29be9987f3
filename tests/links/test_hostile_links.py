"""No link that an answer gives takes the token anywhere else.

The real client, the real witness and the real sign-in speak HTTP with a server that hands out hostile links at every
place where Exchange gives one. Elsewhere servers listen that nobody may connect to.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from mailsorter.cases.witness.ews import EwsWitness
from mailsorter.cases.witness.graph import GraphWitness
from mailsorter.cases.witness.links import leads_home
from mailsorter.cases.witness.marks import Marks
from mailsorter.clock import VirtualClock
from mailsorter.errors import CursorLost, MailsorterError, Refused, SignInFailed, Unreachable
from mailsorter.mailbox.base import Mailbox
from mailsorter.mailbox.ews import EwsSettings, HybridSignIn, Password, open_mailbox
from mailsorter.mailbox.graph.connector import GraphConnector
from mailsorter.mailbox.graph.settings import ClientSecret
from mailsorter.mailbox.links import OddLink, Origin, checked
from mailsorter.mailbox.login import LoginSession
from tests.links.table import GOOD, HOSTILE
from tests.links.traps import Traps, traps
from tests.unit.mailbox.graph.scripted import Reply, ScriptedGraph, Seen

ADDRESS = "anna@firm.example"
CLOCK = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
Door = Callable[[Mailbox, str, ScriptedGraph], Any]


class World:
    """An answering server, a connector to it, and traps beside it."""

    def __init__(self, graph: ScriptedGraph, traps: Traps) -> None:
        self.graph, self.traps = graph, traps
        settings = graph.settings()
        self.connector = GraphConnector(
            settings, ClientSecret("canary"), clock=VirtualClock(CLOCK), chance=random.Random(1)
        )
        self.mailbox = self.connector.mailbox(ADDRESS)

    def link(self, text: str) -> str:
        own = self.graph.url.removeprefix("http://")
        return text.format(own=own, port=own.partition(":")[2], trap=self.traps.other_port.port)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    graph = ScriptedGraph()
    with traps(int(graph.url.rpartition(":")[2]), monkeypatch) as made:
        world = World(graph, made)
        yield world
        world.connector.close()
    graph.close()


def _page(**more: Any) -> Reply:
    return Reply(body={"value": [], **more})


def _first(link: str, first: Reply) -> Callable[[Seen], Reply]:
    """The first answer gives the link; whoever follows it gets an end."""
    left = [first]

    def script(seen: Seen) -> Reply:
        return left.pop() if left else _page(**{"@odata.deltaLink": "http://127.0.0.1/never"})

    return script


def _next(call: Callable[[Mailbox], Any], name: str = "@odata.nextLink") -> Door:
    def door(mailbox: Mailbox, link: str, graph: ScriptedGraph) -> Any:
        graph.script = _first(link, _page(**{name: link}))
        return call(mailbox)

    return door


def _redirect(status: int) -> Door:
    def door(mailbox: Mailbox, link: str, graph: ScriptedGraph) -> Any:
        graph.script = _first(link, Reply(status, b"", {"Location": link}))
        return mailbox.mime("m")

    return door


def _batch_redirect(mailbox: Mailbox, link: str, graph: ScriptedGraph) -> Any:
    items = [{"id": "0", "status": 308, "headers": {"Location": link}}]
    graph.script = _first(link, Reply(body={"responses": items}))
    (outcome,) = mailbox.texts(["m"])
    if isinstance(outcome, MailsorterError):
        raise outcome
    return outcome


def _batch_page(mailbox: Mailbox, link: str, graph: ScriptedGraph) -> Any:
    body = {"value": [{"id": "a", "name": "a.txt"}], "@odata.nextLink": link}
    graph.script = _first(link, Reply(body={"responses": [{"id": "0", "status": 200, "body": body}]}))
    (outcome,) = mailbox.attachment_names(["m"])
    if isinstance(outcome, MailsorterError):
        raise outcome
    return outcome


DOORS: dict[str, Door] = {
    "next page of a listing": _next(lambda mailbox: list(mailbox.list_ids("F"))),
    "next page of a round": _next(lambda mailbox: list(mailbox.changes("F", None))),
    "end of a round": _next(lambda mailbox: list(mailbox.changes("F", None)), "@odata.deltaLink"),
    "next page of the tree": _next(lambda mailbox: mailbox.tree_changes(None)),
    "end of the tree": _next(lambda mailbox: mailbox.tree_changes(None), "@odata.deltaLink"),
    "next page in a batch": _batch_page,
    "a redirect": _redirect(308),
    "a redirect of old": _redirect(302),
    "a redirect in a batch": _batch_redirect,
}
KEPT: dict[str, Callable[[Mailbox, str], Any]] = {
    "cursor of messages": lambda mailbox, cursor: list(mailbox.changes("F", cursor)),
    "cursor of the tree": lambda mailbox, cursor: mailbox.tree_changes(cursor),
}
HEADERS = ("a redirect", "a redirect of old")
# an empty or relative Location is RFC 9110's; it stays with this server and is judged when made absolute
RELATIVE = {"nothing", "a blank", "a path", "no scheme, own host"}


def _fits_a_header(link: str) -> bool:
    return link.isascii() and link.isprintable() and len(link) < 60_000


def test_the_table_is_long_enough() -> None:
    """At least forty links, each another."""
    assert len(set(HOSTILE.values())) == len(HOSTILE) >= 40


@pytest.mark.parametrize("name", HOSTILE)
def test_the_client_follows_no_hostile_link(world: World, name: str) -> None:
    """At every place where Graph gives a link: a plain error, no request for it, and no token at any other server."""
    link = world.link(HOSTILE[name])
    for door_name, door in DOORS.items():
        if door_name in HEADERS and (name in RELATIVE or not _fits_a_header(link)):
            continue
        if door_name == "a redirect in a batch" and name in RELATIVE:
            continue
        world.graph.seen.clear()
        with pytest.raises((Refused, CursorLost)) as caught:
            door(world.mailbox, link, world.graph)
        if isinstance(caught.value, Refused):
            assert caught.value.code == "ForeignLink", door_name
            assert "not followed" in caught.value.what
            assert not link.strip() or link not in str(caught.value)
        else:  # an end without a cursor is a lost one
            assert not link, door_name
        assert len({(seen.method, seen.path) for seen in world.graph.seen}) == 1, door_name
    for kept in KEPT.values():
        world.graph.seen.clear()
        with pytest.raises(CursorLost):
            kept(world.mailbox, link)
        assert world.graph.seen == []
    assert world.traps.caught == []
    assert world.traps.asked_for == []


@pytest.mark.parametrize("name", HOSTILE)
def test_the_witness_follows_no_hostile_link(world: World, name: str) -> None:
    """It has a look of its own: nothing is sent, and what it could not see is named."""
    link = world.link(HOSTILE[name])
    for is_redirect in (False, True):
        if is_redirect and (name in RELATIVE or not _fits_a_header(link)):
            continue
        world.graph.seen.clear()
        answer = Reply(308, b"", {"Location": link}) if is_redirect else _page(**{"@odata.nextLink": link})
        world.graph.script = lambda seen, answer=answer: answer
        witness = GraphWitness(world.graph.url, lambda: "canary", lambda seconds: None)
        look = witness.look(ADDRESS, Marks(addresses=("piet@client.example",)), frozenset())
        witness.close()
        assert {reason for _, reason in look.not_seen} == {"foreign-link"}
        assert len(world.graph.seen) == look.requests == 3  # two trees and one search, each asked for once
    assert world.traps.caught == []
    assert world.traps.asked_for == []


@pytest.mark.parametrize("name", GOOD)
def test_plain_links_are_followed(world: World, name: str) -> None:
    """By both: Graph's own ways to write a link are not refused."""
    link = world.link(GOOD[name])
    world.graph.script = _first(link, _page(**{"@odata.nextLink": link}))
    assert list(world.mailbox.list_ids("F")) is not None
    assert len(world.graph.seen) == 2
    assert leads_home(link, f"{world.graph.url}/v1.0/")


# the login host has no version in its paths; on loopback, MSAL's https address is asked by http
OTHER_THAN_GRAPH = ("no version", "another root", "version as a beginning", "https")


@pytest.mark.parametrize("name", [name for name in HOSTILE if name not in OTHER_THAN_GRAPH])
def test_the_secret_goes_to_the_configured_login_host_alone(world: World, name: str) -> None:
    """The discovery document names the token endpoint: one elsewhere gets neither secret nor request."""
    link = world.link(HOSTILE[name])
    answer = world.graph.answer

    def discovering(seen: Seen) -> Reply:
        if seen.path.endswith("openid-configuration"):
            return Reply(body={n: link for n in ("authorization_endpoint", "token_endpoint", "issuer")})
        return answer(seen)

    world.graph.answer = discovering  # type: ignore[method-assign]
    with pytest.raises((Unreachable, SignInFailed, Refused)):
        world.mailbox.mime("m")
    assert world.graph.seen == []
    assert world.graph.tokens == 0
    assert world.traps.caught == []
    assert world.traps.asked_for == []


PIECES = st.sampled_from(
    [*"/\\@:?#%.;[] \t\r\n\0", "..", "%2e", "%2f", "%5c", "%00", "//", "http:", "https:", "graph.example",
     "evil.example", "/v1.0/", "v1.0", ":443", ":80", "user", "\u202e", "\uff0f", "\u3002", "a"]
)  # fmt: skip


@given(
    pieces=st.lists(PIECES, max_size=8),
    start=st.sampled_from(["", "https://graph.example", "https://graph.example/v1.0/"]),
)
def test_what_is_let_through_goes_to_that_host_below_the_root(pieces: list[str], start: str) -> None:
    """Whatever the link: accepted by either look, it is sent to the one host, below the version, without a user."""
    link = start + "".join(pieces)
    accepted = leads_home(link, "https://graph.example/v1.0/")
    try:
        checked(link, Origin.of("https://graph.example"), ("/v1.0/",))
        accepted = True
    except OddLink:
        pass
    if accepted:
        sent = urllib3.util.parse_url(requests.Request("GET", link).prepare().url or "")
        assert (sent.scheme, sent.host, sent.port or 443, sent.auth) == ("https", "graph.example", 443, None)
        assert (sent.path or "").startswith("/v1.0/")
        assert "/../" not in f"{sent.path}/"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_exchange_server_leads_nowhere_else(world: World, status: int) -> None:
    """Connector, witness and sign-in over EWS follow no redirect: password, token and secret stay."""
    place = f"http://127.0.0.1:{world.traps.other_port.port}/ews/exchange.asmx"
    world.graph.script = lambda seen: Reply(status, b"", {"Location": place})
    url = f"{world.graph.url}/ews/exchange.asmx"
    mailbox = open_mailbox(EwsSettings(url, Password("basic", "u", "canary")), ADDRESS, clock=VirtualClock(CLOCK))
    with pytest.raises(MailsorterError):
        mailbox.tree()
    witness = EwsWitness(url, ("u", "canary"), lambda seconds: None)
    look = witness.look(ADDRESS, Marks(addresses=("piet@client.example",)), frozenset())
    witness.close()
    assert {reason for _, reason in look.not_seen} == {f"http-{status}"}
    world.graph.token_reply = Reply(status, b"", {"Location": place})
    secure = world.graph.url.replace("http://", "https://")
    hybrid = HybridSignIn("t.example", "app", "canary", secure, LoginSession(world.graph.url))
    with pytest.raises((SignInFailed, Unreachable)):
        open_mailbox(EwsSettings(url, hybrid), ADDRESS, clock=VirtualClock(CLOCK)).tree()
    assert world.traps.caught == []
    assert world.traps.asked_for == []
