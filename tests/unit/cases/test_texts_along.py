"""Texts read along with a listing: each wanted one once, few in memory, none asked for beyond what is needed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsorter.cases import texts_along
from mailsorter.cases.texts_along import ListingOrder, TextsAlong
from mailsorter.mailbox.base import Body
from mailsorter.model.message import Message

START = datetime(2026, 3, 1, tzinfo=UTC)


def at(hour: int) -> datetime:
    return START + timedelta(hours=hour)


def messages(*hours: int | None) -> list[Message]:
    return [Message(id=str(hour), folder_id="f", received_at=None if hour is None else at(hour)) for hour in hours]


@pytest.mark.parametrize(
    ("since", "pages", "until"),
    [
        (None, [[1, 2, 2], [2, 3]], 3),
        (None, [[1, 2], [], [4]], 4),
        (None, [[1, 2], [None], [3]], 3),  # one that could not be rendered
        (None, [[None]], None),
        (5, [[5, 6]], 6),
        (5, [], 5),
        (5, [[3, 6]], None),  # a server that does not list by date
        (None, [[9, 8], [10, 11]], None),
        (None, [[8, 9], [1, 2], [10, 11]], None),  # once out of order, never again believed
    ],
)
def test_up_to_when_a_listing_by_date_has_come(
    since: int | None, pages: list[list[int | None]], until: int | None
) -> None:
    order = ListingOrder(None if since is None else at(since))
    for page in pages:
        order.note(messages(*page))
    assert order.until == (None if until is None else at(until))


class Pages:
    """Pages of texts, counted as they are asked for."""

    def __init__(self, pages: list[list[Body]]) -> None:
        self._pages = pages
        self.asked = 0

    def __iter__(self) -> Iterator[list[Body]]:
        for page in self._pages:
            self.asked += 1
            yield page


def texts(*hours: int, dated: bool = True) -> list[Body]:
    return [Body(id=str(hour), content="x", received_at=at(hour) if dated else None) for hour in hours]


def test_it_asks_for_no_page_beyond_the_last_date() -> None:
    """Message 2 is rendered nowhere; that is known once a later text came."""
    pages = Pages([texts(0, 1), texts(3, 4), texts(5, 6)])
    along = TextsAlong(iter(pages), {"0", "1", "2", "3"}.__contains__)
    unread = {"0", "1", "2", "3"}
    assert [body.id for page in along.of(unread, at(3)) for body in page] == ["0", "1", "3"]
    assert (unread, pages.asked) == ({"2"}, 2)
    later = {"4"}
    assert [body.id for page in along.of(later, at(4)) for body in page] == ["4"]  # kept from the page before
    assert pages.asked == 2


def test_without_dates_it_keeps_no_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts_along, "_AHEAD", 4)
    pages = Pages([texts(*range(n, n + 2), dated=False) for n in range(10, 30, 2)])
    unread = {"1"}
    assert list(TextsAlong(iter(pages), {"1"}.__contains__).of(unread, None)) == []
    assert (unread, pages.asked) == ({"1"}, 2)


@given(st.data())
def test_each_text_is_given_once_to_the_window_of_its_message(data: st.DataObject) -> None:
    """Whatever the sizes of pages and windows, and whether or not the server tells dates."""
    count, dated = data.draw(st.integers(0, 40)), data.draw(st.booleans())
    size, window = data.draw(st.integers(1, 7)), data.draw(st.integers(1, 9))
    lost = data.draw(st.sets(st.integers(0, 39), max_size=3))
    rendered = [n for n in range(count) if n not in lost]
    pages = Pages([texts(*rendered[n : n + size], dated=dated) for n in range(0, len(rendered), size)])
    listed: set[str] = set()
    along = TextsAlong(iter(pages), lambda one: one in listed)
    for start in range(0, count, window):
        ids = {str(n) for n in range(start, min(count, start + window))}
        listed |= ids
        unread, until = set(ids), at(min(count, start + window) - 1)
        given_ids = [body.id for page in along.of(unread, until if dated else None) for body in page]
        assert len(given_ids) == len(set(given_ids))
        assert set(given_ids) | unread == ids
        assert unread == {str(n) for n in lost} & ids
