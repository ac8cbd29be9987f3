"""What each difference means, as a table."""

from __future__ import annotations

import pytest

from mailsorter.checking.difference import Kind, Mending, Where, judge_absent, judge_moved
from mailsorter.model.standing import MessageState as S

ACME, BAKKER = 1, 2


@pytest.mark.parametrize(
    ("state", "client", "where", "owner", "mending", "why"),
    [
        (S.FILED, ACME, Where.CLIENT, BAKKER, Mending(Kind.FILED_BY_HAND, S.BY_HAND, BAKKER, ACME), "another client's"),
        (S.FILED, ACME, Where.CLIENT, ACME, Mending(Kind.MOVED_BY_HAND, None), "a folder below the client's own"),
        (S.FILED, ACME, Where.OTHER, None, Mending(Kind.TAKEN_OUT_BY_HAND, S.BY_HAND, None, ACME), "not theirs"),
        (S.FILED, ACME, Where.DELETED, None, Mending(Kind.DELETED_BY_HAND, S.BY_HAND), "rubbish is nobody's"),
        (S.FILED, ACME, Where.RECOVERABLE, None, Mending(Kind.DELETED_BY_HAND, S.GONE), "on its way out"),
        (S.BY_HAND, ACME, Where.CLIENT, BAKKER, Mending(Kind.FILED_BY_HAND, S.BY_HAND, BAKKER, ACME), "changed mind"),
        (S.BY_HAND, None, Where.OTHER, None, Mending(Kind.MOVED_BY_HAND, None), "still by hand"),
        (S.LABELLED, None, Where.OTHER, None, Mending(Kind.MOVED_BY_HAND, None), "no client to reject"),
        (S.UNMATCHED, None, Where.CLIENT, ACME, Mending(Kind.FILED_BY_HAND, S.BY_HAND, ACME), "a correction"),
        (S.AMBIGUOUS, None, Where.OTHER, None, Mending(Kind.MOVED_BY_HAND, None), "may be decided another time"),
        (S.WAITING, ACME, Where.CLIENT, BAKKER, Mending(Kind.FILED_BY_HAND, S.BY_HAND, BAKKER), "never was Acme's"),
        (S.WAITING, ACME, Where.OTHER, None, Mending(Kind.MOVED_BY_HAND, S.BY_HAND), "no longer speaks for its thread"),
        (S.UNMATCHED, None, Where.DELETED, None, Mending(Kind.DELETED_BY_HAND, None), "may be restored"),
        (S.UNDONE, None, Where.CLIENT, ACME, Mending(Kind.FILED_BY_HAND, S.BY_HAND, ACME), "after an undo"),
        (S.RESTRICTED, ACME, Where.OTHER, None, Mending(Kind.RESTRICTED_MOVED, None), "only a person may decide"),
        (S.GONE, None, Where.CLIENT, ACME, Mending(Kind.CAME_BACK, S.BY_HAND, ACME), "restored to its client"),
        (S.GONE, None, Where.OTHER, None, Mending(Kind.CAME_BACK, S.UNMATCHED), "to be decided again"),
        (S.GONE, None, Where.DELETED, None, Mending(Kind.CAME_BACK, S.BY_HAND), "in Deleted Items"),
    ],
)
def test_moved(state: S, client: int | None, where: Where, owner: int | None, mending: Mending, why: str) -> None:
    assert judge_moved(state, client, where, owner) == mending, why


@pytest.mark.parametrize("state", [s for s in S if s is not S.GONE])
def test_every_state_that_is_absent_has_a_name(state: S) -> None:
    filed = (S.FILED, S.BY_HAND, S.LABELLED, S.RESTRICTED, S.UNCLEAR)
    assert judge_absent(state) is (Kind.CLAIMED_BUT_ABSENT if state in filed else Kind.DELETED_BY_HAND)


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("where", list(Where))
def test_every_pair_is_judged(state: S, where: Where) -> None:
    mending = judge_moved(state, ACME, where, BAKKER if where is Where.CLIENT else None)
    assert (mending.client is None) or (mending.state is S.BY_HAND)
