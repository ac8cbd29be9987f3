"""How much is too much, as tables."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from mailsorter.model import brake
from mailsorter.model.brake import BRAKES, BrakePolicy, History, Look, emptied

TODAY = date(2026, 11, 23)


def days(**ago_moves: int) -> dict[date, int]:
    return {TODAY - timedelta(days=int(ago[1:])): moves for ago, moves in ago_moves.items()}


@pytest.mark.parametrize(
    ("moves", "last_ago", "room", "why"),
    [
        ({}, None, 200, "nothing known: the minimum"),
        (days(d1=10, d2=30), 1, 200, "five times thirty is below the minimum"),
        (days(d1=100, d2=300), 1, 1500, "five times the busiest day"),
        (days(d3=300), 3, 4500, "a long weekend brings three days' mail"),
        (days(d0=100), 0, 500, "the second run of a day"),
    ],
)
def test_room(moves: dict[date, int], last_ago: int | None, room: int, why: str) -> None:
    last = None if last_ago is None else TODAY - timedelta(days=last_ago)
    assert History(moves=moves, last=last).room(BrakePolicy(), TODAY) == room, why


def test_history_adds_up_by_day_and_forgets_after_sixty() -> None:
    history = History(moves=days(d0=5, d59=7, d60=9), last=TODAY).and_now(TODAY, days(d0=3))
    assert history == History(moves=days(d0=8, d59=7), last=TODAY)


@pytest.mark.parametrize(
    ("looks", "before", "now", "found", "why"),
    [
        ([Look(1, 500, 500, True)], 900, 900, None, "nothing changed"),
        ([Look(1, 500, 0, True)], 900, 900, 1, "a client's folder does not empty itself"),
        ([Look(1, 199, 0, True)], 900, 701, None, "too few to speak of"),
        ([Look(1, 500, 0, False)], 900, 900, None, "people clear their Inbox: it lies elsewhere now"),
        ([Look(1, 500, 0, False)], 900, 400, 1, "cleared, and nowhere else either"),
        ([Look(1, 500, None, True)], 900, 900, None, "gone is another brake's matter"),
        ([Look(1, 500, 1, True)], 900, 401, None, "something is left"),
        ([], 900, 0, 0, "the whole mailbox"),
        ([], 0, 0, None, "a new mailbox"),
    ],
)
def test_emptied(looks: list[Look], before: int, now: int, found: int | None, why: str) -> None:
    assert emptied(looks, before, now, minimum=200) == found, why


def test_every_code_has_its_facts_and_its_line_in_the_docs() -> None:
    """Status, health page and docs/safety.md speak of the same brakes."""
    names = (name for name in vars(brake) if re.fullmatch("[A-Z][A-Z_]+", name))
    codes = {getattr(brake, name) for name in names if isinstance(getattr(brake, name), str)}
    safety = (Path(__file__).parents[3] / "docs" / "safety.md").read_text("utf-8")
    section = safety[safety.index("## Brakes") : safety.index("## Reconciliation")]
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))
    assert set(BRAKES) == documented == codes
