"""The audit chain: what an intruder does to it, and what verify says."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import delete, update

from mailsorter.errors import UserError
from mailsorter.ledger.audit import canonical
from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.schema import audit
from tests.postgres import MASTER


@pytest.fixture
def heads(ledger: Ledger) -> list[str]:
    with ledger.unit() as unit:
        return [unit.audit.append("sort", {"run": f"r{i}", "filed": i}) for i in range(1, 7)]


def fault(ledger: Ledger, head: str | None = None) -> tuple[int, str] | None:
    with ledger.reading() as unit:
        found = unit.audit.verify(head)
        return (found.number, found.kind) if found else None


def tamper(ledger: Ledger, *statements: object) -> None:
    with ledger.unit() as unit:
        for statement in statements:
            unit.connection.execute(statement)  # type: ignore[call-overload]


def renumber(ledger: Ledger, start: int, by: int) -> None:
    numbers = range(start, 7) if by < 0 else range(6, start - 1, -1)
    tamper(ledger, *(update(audit).where(audit.c.number == n).values(number=n + by) for n in numbers))


def test_an_untouched_chain_holds_with_every_head_it_ever_had(ledger: Ledger, heads: list[str]) -> None:
    assert [fault(ledger, head) for head in (None, "0:", *heads, heads[-1][:20])] == [None] * 9
    with ledger.reading() as unit:
        assert unit.audit.head() == heads[-1]


@pytest.mark.parametrize("column", ["body", "kind", "at"])
def test_an_altered_entry_is_named(ledger: Ledger, heads: list[str], column: str) -> None:
    value = {"body": canonical({"run": "r3", "filed": 4}), "kind": "undo", "at": 5}[column]
    tamper(ledger, update(audit).where(audit.c.number == 3).values({column: value}))
    assert fault(ledger) == (3, "altered")


def test_a_missing_entry_is_named(ledger: Ledger, heads: list[str]) -> None:
    tamper(ledger, delete(audit).where(audit.c.number == 3))
    assert fault(ledger) == (3, "missing")


def test_a_missing_entry_is_named_though_later_ones_were_renumbered(ledger: Ledger, heads: list[str]) -> None:
    tamper(ledger, delete(audit).where(audit.c.number == 3))
    renumber(ledger, 4, -1)
    assert fault(ledger) == (3, "missing")


def test_a_missing_first_entry_is_named(ledger: Ledger, heads: list[str]) -> None:
    tamper(ledger, delete(audit).where(audit.c.number == 1))
    assert fault(ledger) == (1, "missing")


def test_an_inserted_entry_is_named(ledger: Ledger, heads: list[str]) -> None:
    renumber(ledger, 3, 1)
    tamper(ledger, audit.insert().values(number=3, at=1, kind="sort", body="{}", mac=bytes(32)))
    assert fault(ledger) == (3, "inserted")


def test_a_cut_tail_shows_only_to_who_kept_the_head(ledger: Ledger, heads: list[str]) -> None:
    tamper(ledger, delete(audit).where(audit.c.number > 4))
    assert fault(ledger) is None
    assert fault(ledger, heads[-1]) == (5, "cut")


def test_a_tail_rewritten_with_the_stolen_key_shows_to_who_kept_the_head(ledger: Ledger, heads: list[str]) -> None:
    tamper(ledger, delete(audit).where(audit.c.number > 4))
    with ledger.unit() as unit:
        for i in range(2):
            unit.audit.append("sort", {"run": f"forged {i}"})
    assert fault(ledger) is None
    assert fault(ledger, heads[-1]) == (6, "altered")


@pytest.mark.parametrize("head", ["", "6", "6:", "x:abc", "6:zz", "-1:" + "a" * 64, "6:" + "a" * 65, "6:abc"])
def test_a_head_that_is_none_is_the_callers_mistake(ledger: Ledger, head: str) -> None:
    with pytest.raises(UserError, match="not the head"):
        fault(ledger, head)


def test_one_value_has_one_spelling() -> None:
    assert canonical({"b": 1, "a": ["é", {"z": None, "y": True}]}) == '{"a":["é",{"y":true,"z":null}],"b":1}'
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical({"a": float("nan")})  # type: ignore[dict-item]


def test_entries_written_at_the_same_moment_make_one_chain(ledger: Ledger, url: str) -> None:
    def write(opened: Ledger) -> None:
        for i in range(10):
            with opened.unit() as unit:
                unit.audit.append("sort", {"filed": i})

    with Ledger.open(url, MASTER) as second:
        threads = [threading.Thread(target=write, args=(o,)) for o in (ledger, second, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with ledger.reading() as unit:
        assert unit.audit.verify() is None
        assert [e.number for e in unit.audit.entries()] == list(range(1, 31))
