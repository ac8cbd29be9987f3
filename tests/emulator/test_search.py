"""`$search`: what the index finds, and what it does not."""

from __future__ import annotations

import pytest

from mailsorter.emulator.store import Address, NewAttachment
from tests.emulator.client import START, GraphClient

NOW = int(START.timestamp())

QUERIES = [
    ('"subject:offerte"', {"Offerte zonnepanelen"}),
    ('"from:sanne"', {"Offerte zonnepanelen"}),
    ('"participants:sanne@klant.example"', {"Offerte zonnepanelen", "Notulen"}),
    ('"to:anna"', {"Offerte zonnepanelen"}),
    ('"cc:sanne"', {"Notulen"}),
    ('"recipients:anna"', {"Offerte zonnepanelen", "Notulen"}),
    ('"attachment:begroting"', {"Notulen"}),
    ('"hasAttachments:true"', {"Notulen"}),
    ('"zonnepanelen"', {"Offerte zonnepanelen"}),
    ('"zonnep*"', {"Offerte zonnepanelen"}),
    ('"zonnep"', set()),
    ('"received>=2026-03-01"', {"Offerte zonnepanelen"}),
    ('"received:2025-12-01..2025-12-31"', {"Notulen"}),
    ('"subject:offerte OR subject:notulen"', {"Offerte zonnepanelen", "Notulen"}),
    ('"subject:offerte AND NOT from:sanne"', set()),
    ('"(subject:notulen OR subject:offerte) hasAttachments:true"', {"Notulen"}),
    ('"size>1"', {"Offerte zonnepanelen", "Notulen"}),
    ('"kind:meetings"', set()),
    ('"from:sanne@elders.example"', set()),
]  # fmt: skip


@pytest.fixture
def found(graph: GraphClient) -> GraphClient:
    sanne, anna = Address("Sanne Kok", "sanne@klant.example"), Address("Anna", "anna@firm.example")
    graph.deliver(subject="Offerte zonnepanelen", from_=sanne, to=[anna])
    attachment = NewAttachment("begroting 2026.xlsx", "application/x", b"1")
    graph.deliver(
        subject="Notulen",
        from_=Address("", "kees@x.example"),
        to=[Address("", "b@x.example")],
        cc=[sanne],
        bcc=[anna],
        attachments=[attachment],
        received=NOW - 80 * 86_400,
    )
    return graph


@pytest.mark.parametrize(("query", "expected"), QUERIES)
def test_a_search_finds_by_token(found: GraphClient, query: str, expected: set[str]) -> None:
    assert {item["subject"] for item in found.all(f"messages?$search={query}")} == expected


def test_a_search_may_be_held_to_a_folder(found: GraphClient) -> None:
    assert found.all('mailFolders/archive/messages?$search="offerte"') == []
    assert len(found.all('mailFolders/inbox/messages?$search="offerte"')) == 1


def test_the_index_lags_behind(graph: GraphClient) -> None:
    graph.store.db.set_setting("search_lag_s", 120)
    graph.deliver(subject="fresh")
    assert graph.all('messages?$search="fresh"') == []
    assert len(graph.all("messages")) == 1
    graph.emulator.clock.advance(121)
    assert len(graph.all('messages?$search="fresh"')) == 1


def test_a_search_gives_a_thousand_at_most_newest_sent_first(
    graph: GraphClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailsorter.emulator.graph.search.MAX_RESULTS", 30)
    for number in range(40):
        graph.deliver(subject=f"same {number}", received=NOW - number)
    found = graph.all('messages?$search="same"&$top=8')
    assert [item["subject"] for item in found] == [f"same {number}" for number in range(30)]


@pytest.mark.parametrize("query", ['""', '"size:big"', '"received>never"'])
def test_a_search_that_cannot_be_read_is_refused(graph: GraphClient, query: str) -> None:
    assert graph.refused("GET", f"messages?$search={query}") == (400, "BadRequest")
