"""The short ways that most mail takes give what the long ones give."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mailsorter.model.client import Client, ClientAddress, ClientStatus
from mailsorter.model.message import Message, Participant
from mailsorter.sorting.matching import MatchBook, match_message
from mailsorter.sorting.matching.decide import decide
from mailsorter.sorting.matching.envelope import _read_days_and_rules, read_envelope

ADDRESSES = (
    "jan@a.example", "JAN@A.example", "piet@a.example", "kok@mail.example", "kees@b.example", "wie@elders.example",
    "anna@firma.example", "mies@weg.example", "/o=x/cn=y", "", "jan@a.example, kees@b.example", "groep@ab.example",
)  # fmt: skip
BOOK = MatchBook(
    [
        Client(id="a", name="A", domains=("a.example", "ab.example"), addresses=(ClientAddress("jan@a.example"),)),
        Client(id="b", name="B", domains=("b.example", "ab.example"), addresses=(ClientAddress("kok@mail.example"),)),
        Client(id="weg", name="Weg", domains=("weg.example",), status=ClientStatus.LEFT),
    ],
    ["firma.example"],
)  # fmt: skip
_people = st.builds(Participant, st.sampled_from(ADDRESSES))
_groups = st.lists(_people, max_size=3).map(tuple)
_messages = st.builds(
    Message,
    id=st.just("1"), folder_id=st.just("inbox"), received_at=st.just(datetime(2026, 3, 2, tzinfo=UTC)),
    from_=st.none() | _people, sender=st.none() | _people, reply_to=_groups, to=_groups, cc=_groups, bcc=_groups,
)  # fmt: skip


class Nothing:
    def clients(self, message: Message) -> tuple[str, ...]:
        return ()


@given(_messages)
def test_plain_people_are_read_alike_by_both_ways(message: Message) -> None:
    short, long = read_envelope(message, BOOK), read_envelope(message, BOOK)
    _read_days_and_rules(long, message, BOOK)
    assert msgspec.structs.replace(short, alone=None) == long


@given(_messages)
def test_a_fact_that_is_alone_decides_as_it_would_among_others(message: Message) -> None:
    found = match_message(message, BOOK, Nothing())
    if found.evidence:
        assert found == decide(found.evidence, BOOK)
