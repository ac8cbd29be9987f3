"""Cases over a lying world: nothing claims what is not so, and from every state a printed command leads on.

Hypothesis draws schedules: the same few each time, and with MAILSORTER_TORTURE=1 others each time, 2,000 or as many as
MAILSORTER_SCHEDULES says; `--hypothesis-seed=N` draws the same ones again. The directed schedules run always, and each
of the versions that are broken on purpose is caught by them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.machines import broken_cases
from tests.machines.case_world import Lost, run

TORTURE = os.environ.get("MAILSORTER_TORTURE") == "1"
EXAMPLES = int(os.environ.get("MAILSORTER_SCHEDULES") or 2000) if TORTURE else 12
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

COMMANDS = (
    "find", "plan", "approve", "perform", "prove", "settle", "letter", "done", "close", "continue", "leave-out",
    "decide-otherwise", "sent",
)  # fmt: skip
ROUND = ("find", "plan", "approve", "perform", "prove")
OTHERS = (
    *(f"somebody:{what}" for what in
      ("new", "namesake", "hidden", "move", "edit", "delete", "destroy", "hold", "restore")),
    *(f"lie:{what}" for what in
      ("mailbox", "folder", "cut", "deletes", "search-fails", "search-empty", "search-other-ids", "truth")),
    "unlucky:lost", "unlucky:throttle", "kill:",
)  # fmt: skip


@st.composite
def schedules(draw: st.DrawFn) -> list[tuple[str, int]]:
    """Rounds of commands in their order, with other acts and stray commands between them."""
    drawn: list[tuple[str, int]] = []
    for _ in range(draw(st.integers(1, 3))):
        for command in ROUND[: draw(st.integers(1, len(ROUND)))]:
            for _ in range(draw(st.integers(0, 2))):
                drawn.append((draw(st.sampled_from(OTHERS + COMMANDS)), draw(st.integers(0, 40))))
            drawn.append((command, 0))
    drawn += [(one, draw(st.integers(0, 40))) for one in draw(st.lists(st.sampled_from(OTHERS + COMMANDS), max_size=4))]
    return drawn


def play(schedule: Sequence[tuple[str, int]], *, ids_survive_moves: bool = True) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        run(Path(folder), schedule, ids_survive_moves=ids_survive_moves)


@pytest.mark.timeout(0 if TORTURE else 300)
@settings(max_examples=EXAMPLES, derandomize=not TORTURE, deadline=None, suppress_health_check=list(HealthCheck))
@given(schedules())
@example([(one, 0) for one in (*ROUND, "lie:mailbox", "somebody:new", "prove", "letter", "close")])
def test_no_schedule_makes_a_case_claim_what_is_not_so(schedule: list[tuple[str, int]]) -> None:
    play(schedule)


@pytest.mark.timeout(0 if TORTURE else 300)
@settings(
    max_examples=EXAMPLES if TORTURE else 6, derandomize=not TORTURE, deadline=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(schedules())
def test_nor_where_an_id_changes_on_every_move(schedule: list[tuple[str, int]]) -> None:
    play(schedule, ids_survive_moves=False)


def acts(*names: str) -> list[tuple[str, int]]:
    """A schedule by names; `name@3` gives the act that number."""
    return [(name.partition("@")[0], int(name.partition("@")[2] or 0)) for name in names]


ANSWER = ("letter", "done", "close")
DIRECTED = {
    "plain": acts(*ROUND, *ANSWER),
    "mailbox refused": acts("lie:mailbox", *ROUND, *ANSWER),
    "mailbox refused to the search alone": acts("lie:mailbox", *ROUND[:4], "lie:truth", "prove", *ANSWER),
    "mailbox refused to the witness alone": acts(*ROUND[:4], "lie:mailbox", "prove", *ANSWER),
    "folder refused to the witness alone": acts(*ROUND[:4], "somebody:new", "lie:folder", "prove", *ANSWER),
    "left out and readable again": acts("lie:folder", *ROUND, "leave-out", "lie:truth", *ROUND, *ANSWER),
    "folder refused": acts("lie:folder", *ROUND, *ANSWER),
    "listing cut": acts("lie:cut", *ROUND, *ANSWER),
    "listing cut to the search alone": acts("lie:cut", *ROUND[:4], "lie:truth", "prove", *ANSWER),
    "search fails": acts("lie:search-fails", *ROUND, *ANSWER),
    "deletes refused": acts("lie:deletes", *ROUND, *ANSWER, "lie:truth", "continue", "prove", *ANSWER),
    "held": acts("somebody:hold@0", "somebody:hold@1", *ROUND, *ANSWER),
    "edited after approval": acts(*ROUND[:3], "somebody:edit@0", "perform", "prove", *ANSWER),
    "moved after approval": acts(*ROUND[:3], "somebody:move@1", "perform", "prove", *ANSWER),
    "restored": acts(*ROUND, "somebody:restore@0", "prove", *ANSWER, *ROUND, *ANSWER),
    "restored after the answer": acts(*ROUND, "letter", "somebody:restore@1", "prove", "close"),
    "namesake": acts("lie:search-empty", "somebody:namesake", *ROUND, *ANSWER, "settle", "prove", *ANSWER),
    "mentioned where no search looks": acts("lie:search-empty", "somebody:hidden", *ROUND, *ANSWER),
    "nothing found and a mailbox refused": acts(
        *(f"somebody:destroy@{n}" for n in (0, 0, 0, 0, 0, 0, 0)), "lie:mailbox", "find", "plan", "approve"
    ),
    "left out": acts("lie:mailbox", "somebody:new", *ROUND, "leave-out", "prove", *ANSWER),
    "second search": acts(*ROUND, "somebody:new", *ROUND, *ANSWER),
    "decided otherwise after approval": acts(*ROUND[:3], "decide-otherwise", "perform", "prove", *ANSWER),
    "killed while performing": acts(*ROUND[:3], "kill:@9", "perform", "perform", "prove", *ANSWER),
    "killed while proving": acts(*ROUND[:4], "kill:@3", "prove", *ANSWER),
}


@pytest.mark.parametrize("name", DIRECTED)
def test_a_directed_schedule_claims_nothing_that_is_not_so(name: str) -> None:
    play(DIRECTED[name])


WITH_CHANGING_IDS = tuple(DIRECTED) if TORTURE else (
    "plain", "held", "moved after approval", "restored", "restored after the answer", "namesake",
    "killed while performing",
)  # fmt: skip


@pytest.mark.parametrize("name", WITH_CHANGING_IDS)
def test_nor_does_it_where_ids_change(name: str) -> None:
    play(DIRECTED[name], ids_survive_moves=False)


def test_killed_at_any_effect_of_a_round_nothing_is_claimed_that_is_not_so() -> None:
    """Every eighth effect here; every one of them when asked for more."""
    step = 1 if TORTURE else 8
    for command in ("perform", "prove", "letter", "close"):
        before = (*ROUND, *ANSWER[:1], "close")
        head = before[: before.index(command)]
        for effect in range(0, 40, step):
            play(acts(*head, f"kill:@{effect}", command, *ROUND[3:], *ANSWER))


@pytest.mark.parametrize("breaks", broken_cases.ALL, ids=lambda one: one.__name__)
def test_a_version_that_is_broken_on_purpose_is_caught(
    breaks: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch)
    with pytest.raises(Lost):
        play(DIRECTED[broken_cases.ALL[breaks]])


@pytest.mark.parametrize("breaks", broken_cases.WITH_CHANGING_IDS, ids=lambda one: one.__name__)
def test_so_is_one_that_is_broken_where_ids_change(
    breaks: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch)
    with pytest.raises(Lost):
        play(DIRECTED[broken_cases.WITH_CHANGING_IDS[breaks]], ids_survive_moves=False)
