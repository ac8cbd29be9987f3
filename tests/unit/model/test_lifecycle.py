"""The life cycle of a case: every legal move, and that every other one is refused."""

from __future__ import annotations

import itertools

import pytest

from mailsorter.errors import LifecycleError
from mailsorter.model.lifecycle import CaseAct, CaseState, move, possible_acts

LEGAL = """
opened      verify   verified
verified    find     found
found       find     found
found       plan     planned
planned     find     found
planned     plan     planned
planned     approve  approved
approved    find     found
approved    plan     planned
approved    perform  performing
performing  perform  performing
performing  finish   performed
performed   find     found
performed   prove    proven
performed   letter   answered
proven      find     found
proven      prove    proven
proven      letter   answered
answered    find     found
answered    prove    answered
answered    letter   answered
answered    close    closed
rejected    letter   answered
opened      reject   rejected
verified    reject   rejected
found       reject   rejected
planned     reject   rejected
approved    reject   rejected
suspended   reject   rejected
opened      suspend  suspended
verified    suspend  suspended
found       suspend  suspended
planned     suspend  suspended
approved    suspend  suspended
"""
TABLE = {(CaseState(a), CaseAct(b)): CaseState(c) for a, b, c in (line.split() for line in LEGAL.strip().splitlines())}


@pytest.mark.parametrize(("state", "act"), list(itertools.product(CaseState, CaseAct)))
def test_a_move_is_legal_exactly_when_the_table_has_it(state: CaseState, act: CaseAct) -> None:
    """Every pair of state and act is decided by the table written out here, and by nothing else."""
    expected = TABLE.get((state, act))
    if expected is None:
        with pytest.raises(LifecycleError, match="cannot take the step"):
            move(state, act)
    else:
        assert move(state, act) is expected


@pytest.mark.parametrize("before", [s for s in CaseState if (s, CaseAct.SUSPEND) in TABLE])
def test_a_suspended_case_goes_on_where_it_stood(before: CaseState) -> None:
    """Suspending and resuming leaves a case where it was."""
    assert move(move(before, CaseAct.SUSPEND), CaseAct.RESUME, before_suspension=before) is before


@pytest.mark.parametrize("before", [None, CaseState.PERFORMING, CaseState.CLOSED, CaseState.SUSPENDED])
def test_resuming_into_a_state_that_cannot_be_suspended_is_refused(before: CaseState | None) -> None:
    """A damaged case row cannot jump past an approval by way of a suspension."""
    with pytest.raises(LifecycleError):
        move(CaseState.SUSPENDED, CaseAct.RESUME, before_suspension=before)


def test_nothing_is_performed_without_passing_an_approval() -> None:
    """Every road from opened to performing leads through approved."""
    reached, open_states = set(), [CaseState.OPENED]
    while open_states:
        state = open_states.pop()
        if state in reached or state is CaseState.APPROVED:
            continue
        reached.add(state)
        open_states += [target for (source, _), target in TABLE.items() if source is state]
    assert CaseState.PERFORMING not in reached


def test_a_closed_case_can_do_nothing() -> None:
    """Closed is the end."""
    assert possible_acts(CaseState.CLOSED) == ()


def test_the_refusal_names_what_is_possible() -> None:
    """A person who took the wrong step reads which steps there are."""
    with pytest.raises(LifecycleError, match=r"Possible now: verify, reject, suspend\."):
        move(CaseState.OPENED, CaseAct.PERFORM)
