"""The ledger's core: units, digests, sealing, rows, steps, cursors."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailsorter.errors import LedgerError, LedgerLocked, LedgerUnreadable
from mailsorter.ledger.keys import LedgerKey
from mailsorter.ledger.ledger import Ledger, Unit
from mailsorter.ledger.messages import MessageRow
from mailsorter.ledger.states import StepState
from mailsorter.ledger.steps import Intent, StepEnd, StepFacts
from mailsorter.model.standing import MessageState
from mailsorter.model.step import StepKind
from tests.postgres import MASTER


def row(unit: Unit, name: str, **changes: object) -> MessageRow:
    values: dict = {
        "token": unit.messages.token(1, name),
        "mailbox": 1,
        "folder": 1,
        "state": MessageState.UNMATCHED,
        "thread": unit.messages.thread_token(1, "thread of " + name),
        "message_id": unit.messages.message_id_token(f"<{name}@onzefirma.example>"),
    }
    return MessageRow(**(values | changes))


def test_a_unit_that_raises_leaves_nothing(ledger: Ledger) -> None:
    with pytest.raises(RuntimeError), ledger.unit() as unit:
        unit.messages.record([row(unit, "a")])
        raise RuntimeError
    with ledger.reading() as unit:
        assert unit.messages.counts() == {}


def test_recording_twice_is_as_good_as_once(ledger: Ledger) -> None:
    for _ in range(2):
        with ledger.unit() as unit:
            unit.messages.record([row(unit, "a"), row(unit, "b")])
    with ledger.reading() as unit:
        assert unit.messages.counts() == {MessageState.UNMATCHED: 2}


def test_a_later_recording_without_thread_keeps_the_thread(ledger: Ledger) -> None:
    with ledger.unit() as unit:
        unit.messages.record([row(unit, "a")])
        unit.messages.record([row(unit, "a", thread=None, message_id=None, state=MessageState.FILED, client=7)])
        token = unit.messages.thread_token(1, "thread of a")
        assert unit.messages.of_threads([token])[token].clients == {7}


def test_only_filed_mail_speaks_for_its_thread(ledger: Ledger) -> None:
    with ledger.unit() as unit:
        unit.messages.record([row(unit, "a", client=3, state=MessageState.UNDONE)])
        token = unit.messages.message_id_token("<a@onzefirma.example>")
        assert unit.messages.of_message_ids([token])[token].clients == set()


def test_more_tokens_than_one_statement_takes_are_all_looked_up(ledger: Ledger) -> None:
    with ledger.unit() as unit:
        rows = [row(unit, str(i)) for i in range(2500)]
        unit.messages.record(rows)
        assert len(unit.messages.standing(r.token for r in rows)) == 2500


def test_the_database_refuses_a_second_open_intent_for_one_message(ledger: Ledger) -> None:
    with ledger.unit() as unit:
        run = unit.runs.begin("sort")
        intent = Intent(kind=StepKind.MOVE, token=b"m" * 16, facts=StepFacts(id="x"))
        (number,) = unit.steps.begin(run.number, 1, [intent])
    with pytest.raises(LedgerError), ledger.unit() as unit:
        unit.steps.begin(run.number, 1, [intent])
    with ledger.unit() as unit:
        assert [s.number for s in unit.steps.open(1)] == [number]
        unit.steps.finish([StepEnd(number=number, state=StepState.DONE)])
        unit.steps.begin(run.number, 1, [intent])  # an ended one does not stand in the way


def test_steps_come_back_as_they_were_written(ledger: Ledger) -> None:
    facts = StepFacts(id="AAk-1", source="f1", target="f2", path=("Clients", "Müller / Söhne"), received_s=5)
    with ledger.unit() as unit:
        run = unit.runs.begin("sort")
        numbers = unit.steps.begin(
            run.number, 4, [Intent(kind=StepKind.MOVE, token=bytes([i]) * 16, facts=facts, client=2) for i in range(3)]
        )
    with ledger.reading() as unit:
        steps = list(unit.steps.of_run(run.number))
    assert [s.number for s in steps] == numbers
    assert all(s.facts == facts and s.client == 2 and s.state is StepState.OPEN for s in steps)


def test_cursors_are_sealed_and_come_back(ledger: Ledger, tmp_path: Path) -> None:
    link = "https://graph.example/v1.0/users/anna@onzefirma.example/delta?$deltatoken=abc"
    with ledger.unit() as unit:
        unit.cursors.set(1, 2, link)
    with ledger.reading() as unit:
        assert unit.cursors.get(1, 2) == link
        assert unit.cursors.get(1, 3) is None
    ledger.close()
    assert all(b"onzefirma" not in path.read_bytes() for path in tmp_path.iterdir())


def test_another_key_is_refused_and_changes_nothing(url: str) -> None:
    Ledger.open(url, MASTER).close()
    with pytest.raises(LedgerUnreadable, match="another key"):
        Ledger.open(url, LedgerKey.generate())


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE invoices (n)")
    other.close()
    with pytest.raises(LedgerUnreadable, match="not a ledger"):
        Ledger.open(f"sqlite:///{tmp_path}/other.db", MASTER)


def test_two_holders_of_one_mailbox_exclude_each_other(ledger: Ledger, url: str) -> None:
    with Ledger.open(url, MASTER) as second:
        with ledger.locks.hold(1), second.locks.hold(2):
            with pytest.raises(LedgerLocked), second.locks.hold(1):
                pass
            with pytest.raises(LedgerLocked), ledger.locks.hold(1):
                pass
        with second.locks.hold(1):
            pass


def test_digests_of_different_things_never_meet() -> None:
    key = LedgerKey(MASTER)
    digests = {
        key.digest("a", "bc"), key.digest("ab", "c"), key.digest("a", "b", "c"), key.digest("a", "", "bc"),
        LedgerKey(bytes(32)).digest("a", "bc"),
    }  # fmt: skip
    assert len(digests) == 5


def test_a_sealed_value_opens_for_its_own_purpose_only() -> None:
    key = LedgerKey(MASTER)
    sealed = key.seal(["AAk="], "cursor")
    assert key.open(sealed, "cursor", list) == ["AAk="]
    for wrong in (sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(LedgerUnreadable):
            key.open(wrong, "cursor", list)
    with pytest.raises(LedgerUnreadable):
        key.open(sealed, "step", list)


def test_left_mail_of_a_decided_thread_is_found_in_all_of_the_mailbox_or_in_some_threads(ledger: Ledger) -> None:
    """Left means unmatched or internal; what is of another mailbox, or lies alone in its thread, is not found."""
    with ledger.unit() as unit:
        threads = [unit.messages.thread_token(1, name) for name in ("one", "two", "three")]
        unit.messages.record(
            [
                row(unit, "filed", thread=threads[0], state=MessageState.FILED),
                row(unit, "left", thread=threads[0]),
                row(unit, "waits", thread=threads[1], state=MessageState.WAITING),
                row(unit, "internal", thread=threads[1], state=MessageState.INTERNAL),
                row(unit, "ambiguous", thread=threads[1], state=MessageState.AMBIGUOUS),
                row(unit, "elsewhere", thread=threads[1], mailbox=2),
                row(unit, "alone", thread=threads[2]),
            ]
        )
        left, internal = unit.messages.token(1, "left"), unit.messages.token(1, "internal")
        assert unit.messages.undecided_in_decided_threads(1) == {left, internal}
        assert unit.messages.undecided_in_decided_threads(1, threads[1:]) == {internal}
        assert unit.messages.undecided_in_decided_threads(1, ()) == frozenset()


def test_what_another_process_made_of_a_folder_is_seen(ledger: Ledger, url: str) -> None:
    """A ledger remembers the names that it has opened; the row decides whether they still hold."""
    with ledger.unit() as unit:
        assert unit.places.mailbox("anna@onzefirma.example") == 1
        number = unit.places.folder(1, "AQMk1", ("Oud",))
    with ledger.reading() as unit:
        (before,) = unit.places.folders(1)
    with Ledger.open(url, MASTER) as other, other.unit() as unit:
        unit.places.update_folders([(before, ("Klanten", "Nieuw"), 7)])
        client = unit.places.client("acme")
    with ledger.reading() as unit:
        (renamed,) = unit.places.folders(1)
    assert (renamed.number, renamed.path, renamed.item_count) == (number, ("Klanten", "Nieuw"), 7)
    with Ledger.open(url, MASTER) as other, other.unit() as unit:
        unit.places.update_folders([(renamed, renamed.path, 8)])
        unit.places.folder(1, "AQMk1", ("Klanten", "Nieuw"), client)
    with ledger.reading() as unit:
        (owned,) = unit.places.folders(1)
    assert (owned.id, owned.path, owned.client, owned.item_count) == ("AQMk1", ("Klanten", "Nieuw"), client, 8)


def test_idle_runs_are_forgotten_behind_a_mark_that_follows_time(ledger: Ledger) -> None:
    """Runs with steps stay, and are not gone through again; what is young now is looked at another night."""
    clock = ledger.clock
    with ledger.unit() as unit:
        numbers = [unit.runs.begin("sort").number for _ in range(3)]
        intent = Intent(kind=StepKind.MOVE, token=b"t" * 16, facts=StepFacts(id="AAMk"))
        unit.steps.begin(numbers[1], 1, [intent])
    border = int(clock.now().timestamp()) + 1
    clock.sleep(60)
    with ledger.unit() as unit:
        young = unit.runs.begin("sort").number
        assert unit.runs.forget_idle(border) == (2, numbers[2])
        assert [unit.runs.get(n) is not None for n in (*numbers, young)] == [False, True, False, True]
        assert unit.runs.forget_idle(border, after=numbers[2]) == (0, numbers[2])
        assert unit.runs.forget_idle(border + 120, after=numbers[2]) == (1, young)
        assert unit.runs.forget_idle(border + 120, after=young) == (0, young)


def test_facts_of_old_steps_go_and_an_open_one_holds_the_mark(ledger: Ledger) -> None:
    """An open step's facts are needed to settle it, however old it is."""
    with ledger.unit() as unit:
        run = unit.runs.begin("sort").number
        intents = [Intent(kind=StepKind.MOVE, token=bytes([n]) * 16, facts=StepFacts(id="AAMk")) for n in range(4)]
        numbers = unit.steps.begin(run, 1, intents)
        unit.steps.finish([StepEnd(number=n, state=StepState.DONE) for n in (numbers[0], numbers[2])])
    border = int(ledger.clock.now().timestamp()) + 1
    ledger.clock.sleep(60)
    with ledger.unit() as unit:
        unit.steps.finish([StepEnd(number=numbers[3], state=StepState.DONE)])
        assert unit.steps.drop_facts(border) == (2, numbers[0])
        assert unit.steps.drop_facts(border, after=numbers[0]) == (0, numbers[0])
        assert [s.facts is None for s in unit.steps.of_run(run)] == [True, False, True, False]
        unit.steps.finish([StepEnd(number=numbers[1], state=StepState.DONE)])
        assert unit.steps.drop_facts(border + 3600, after=numbers[0]) == (2, numbers[0])


def test_a_number_given_in_a_unit_that_fails_is_not_remembered(ledger: Ledger) -> None:
    """A ledger remembers clients' numbers over units; only those that stand in the database."""
    with pytest.raises(RuntimeError), ledger.unit() as unit:
        unit.places.client("acme")
        unit.places.client("acme")
        raise RuntimeError
    with ledger.unit() as unit:
        other, acme = unit.places.client("other"), unit.places.client("acme")
    assert other != acme
    with ledger.unit() as unit:
        assert (unit.places.client("other"), unit.places.client("acme")) == (other, acme)
        assert set(unit.places.client_tokens([other, acme])) == {other, acme}


def test_a_folder_whose_unit_failed_is_not_taken_for_known(ledger: Ledger) -> None:
    """Numbers are kept across units, but not those that a unit gave and lost again."""
    with ledger.unit() as unit:
        mailbox = unit.places.mailbox("anna@firm.example")
    with pytest.raises(RuntimeError), ledger.unit() as unit:
        unit.places.folder(mailbox, "folder-1", ("A",))
        unit.places.folder(mailbox, "folder-1", ("A",), unit.places.client("k1"))  # found again, in this unit only
        raise RuntimeError
    with ledger.unit() as unit:
        other = unit.places.folder(mailbox, "folder-2", ("B",))
        lost = unit.places.folder(mailbox, "folder-1", ("A",))
    with ledger.unit() as unit:
        assert [(f.number, f.id) for f in unit.places.folders(mailbox)] == [(other, "folder-2"), (lost, "folder-1")]
        assert unit.places.folder(mailbox, "folder-1", ("A",)) == lost
