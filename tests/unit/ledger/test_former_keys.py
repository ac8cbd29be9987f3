"""Replacing the ledger's key while the ledger goes on, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from mailsorter.clock import VirtualClock
from mailsorter.errors import LedgerError, LedgerLocked, LedgerUnreadable
from mailsorter.ledger.by_hand import digests_of, record_by_hand
from mailsorter.ledger.cases import CaseItem, ItemIds
from mailsorter.ledger.former import under_former_keys
from mailsorter.ledger.key_look import look
from mailsorter.ledger.ledger import Ledger, Unit
from mailsorter.ledger.locks import DAEMON
from mailsorter.ledger.messages import MessageRow
from mailsorter.ledger.rekey import MailboxRekeying, finish
from mailsorter.ledger.schema import audit
from mailsorter.ledger.states import StepState
from mailsorter.ledger.steps import Intent, StepEnd, StepFacts
from mailsorter.ledger.tombstones import Traces, traces_of
from mailsorter.model.case import CaseKind, ItemState
from mailsorter.model.lifecycle import CaseState
from mailsorter.model.message import Message, Participant
from mailsorter.model.standing import MessageState
from mailsorter.model.step import StepKind
from tests.postgres import MASTER

NEW, THIRD = bytes(reversed(MASTER)), b"3" * 32
ADDRESS = "anna@onzefirma.example"
DAYS = timedelta(days=90)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 23, tzinfo=UTC))


def message(n: int) -> Message:
    return Message(
        id=f"AAMk{n}", folder_id="inbox", internet_message_id=f"<{n}@acme.example>", conversation_id=f"c{n}",
        search_key=bytes([n]) * 16, received_at=datetime(2026, 11, 1, n, tzinfo=UTC),
        from_=Participant(f"jan{n}@acme.example"),
    )  # fmt: skip


MAIL = [message(n) for n in range(5)]
ERASED = message(9)


def fill(ledger: Ledger) -> None:
    """Rows, steps, a correction, a cursor, a waiting message, a tombstone, a forgotten person, a closed case's item."""
    with ledger.unit() as unit:
        number = unit.places.mailbox(ADDRESS)
        acme = unit.places.client("acme")
        folder = unit.places.folder(number, "acme-folder", ("Clients", "Acme"), acme)
        run = unit.runs.begin("sort")
        for one in MAIL:
            own = digests_of(unit, number, one)
            facts = StepFacts(
                id=one.id, source="inbox", target="acme-folder", thread=own.thread, message_id=own.message_id
            )
            (step,) = unit.steps.begin(
                run.number, number, [Intent(kind=StepKind.MOVE, token=own.key, facts=facts, client=acme)]
            )
            unit.steps.finish([StepEnd(number=step, state=StepState.DONE)])
            unit.messages.record(
                [
                    MessageRow(
                        token=own.key, mailbox=number, folder=folder, state=MessageState.FILED, client=acme,
                        thread=own.thread, message_id=own.message_id, run=run.number,
                    )
                ]
            )  # fmt: skip
        record_by_hand(unit, number, digests_of(unit, number, MAIL[0]), client=None, rejected=acme, folder=folder)
        unit.messages.wait(number, unit.messages.token(number, MAIL[1].id), MAIL[1].id, 0)
        unit.cursors.set(number, folder, "https://graph/delta?anna")
        expires = int((ledger.clock.now() + DAYS).timestamp())
        unit.tombstones.bury([traces(unit, ERASED)], expires)
        unit.tombstones.forget_address("2026-0001", ["weg@acme.example"], expires)
        case = unit.cases.open(CaseKind.ERASURE, ledger.clock.now().date())
        kept = MAIL[2]
        unit.cases.put_items(
            case.number,
            [
                CaseItem(
                    mailbox=number, token=unit.messages.token(number, kept.id), ids=ItemIds(kept.id, "inbox"),
                    search_key=traces(unit, kept).search_key, received=traces(unit, kept).date, state=ItemState.KEPT,
                )
            ],
        )  # fmt: skip
        unit.connection.exec_driver_sql("UPDATE cases SET state = 'closed'")
        unit.audit.append("test", {"run": 1})
    assert CaseState.CLOSED.value == "closed"


def traces(unit: Unit, one: Message) -> Traces:
    return traces_of(unit.key, one.search_key, one.internet_message_id, one.received_at)


def everything_is_known(ledger: Ledger, *, buried: bool = True) -> None:
    """By readable things alone, as a run and a check would ask."""
    with ledger.reading() as unit:
        number = unit.places.mailbox_numbers()[0]
        assert unit.places.mailbox(ADDRESS) == number
        acme = unit.places.client("acme")
        assert unit.places.mailbox_numbers() == [number]
        folder = unit.places.find_folder(number, "acme-folder")
        assert folder is not None
        tokens = [unit.messages.token(number, one.id) for one in MAIL]
        standing = unit.messages.standing(tokens)
        assert [standing[token].state for token in tokens] == [MessageState.BY_HAND] + [MessageState.FILED] * 4
        threads = [unit.messages.thread_token(number, one.conversation_id) for one in MAIL[1:]]
        assert {t: r.clients for t, r in unit.messages.of_threads(threads).items()} == {t: {acme} for t in threads}
        ids = [unit.messages.message_id_token(one.internet_message_id) for one in MAIL[1:]]
        assert {i: r.clients for i, r in unit.messages.of_message_ids(ids).items()} == {i: {acme} for i in ids}
        own = digests_of(unit, number, MAIL[0])
        assert own.thread is not None
        assert own.sender is not None
        assert unit.corrections.of_threads([own.thread])[own.thread][0].rejected == acme
        assert unit.corrections.of_senders([own.sender])[own.sender][0].rejected == acme
        assert unit.corrections.of_messages([own.key])[own.key][0].rejected == acme
        steps = unit.steps.of_messages(tokens)
        assert [steps[token][0].facts.id for token in tokens] == [one.id for one in MAIL]  # type: ignore[union-attr]
        assert unit.cursors.get(number, folder) == "https://graph/delta?anna"
        assert [w.id for w in unit.messages.due(number, unit.now_s)] == [MAIL[1].id]
        (item,) = unit.cases.items("2026-0001")
        assert item.token == unit.messages.token(number, MAIL[2].id)
        assert unit.cases.listed(tokens) == {tokens[2]}
        if buried:
            assert unit.tombstones.risen([*MAIL, ERASED]) == [ERASED]
            assert unit.tombstones.forgotten_cases(["weg@acme.example"]) == {"weg@acme.example": "2026-0001"}
        assert unit.audit.verify() is None


def rekey(ledger: Ledger) -> bool:
    with ledger.unit() as unit:
        number = unit.places.mailbox(ADDRESS)
    rekeying = MailboxRekeying(ledger, number)
    rekeying.learn(MAIL)
    rekeying.sweep(is_complete=True)
    rekeying.close()
    return finish(ledger, [ADDRESS], ["acme"])


@pytest.fixture
def filled(url: str, clock: VirtualClock) -> str:
    with Ledger.open(url, MASTER, clock=clock) as ledger:
        fill(ledger)
        everything_is_known(ledger)
    clock.sleep(60)
    return url


def test_until_it_is_rekeyed_everything_is_known_under_both_keys(filled: str, clock: VirtualClock) -> None:
    with Ledger.open(filled, NEW, former_keys=[MASTER], clock=clock) as ledger:
        everything_is_known(ledger)
        with ledger.reading() as unit:
            (under,) = under_former_keys(unit.connection, unit.now_s)
            assert (under.rows["message"], under.rows["step"], under.tombstones) == (5, 5, 2)
            assert not under.may_go
    with Ledger.open(filled, NEW, former_keys=[MASTER], clock=clock) as again:
        everything_is_known(again)


def test_rekeyed_everything_is_known_under_the_new_key_alone(filled: str, clock: VirtualClock) -> None:
    with Ledger.open(filled, NEW, former_keys=[MASTER], clock=clock) as ledger:
        assert rekey(ledger)
        everything_is_known(ledger)
        assert rekey(ledger)
        with ledger.reading() as unit:
            (under,) = under_former_keys(unit.connection, unit.now_s)
        assert under.rows == {}
        assert under.reasons == ["2 tombstones under it, the last until 2027-02-21"]
    with pytest.raises(LedgerUnreadable, match="2 tombstones under it, the last until 2027-02-21"):
        Ledger.open(filled, NEW, clock=clock)
    clock.sleep(DAYS.total_seconds() + 1)
    for _ in range(2):
        with Ledger.open(filled, NEW, clock=clock) as ledger:
            everything_is_known(ledger, buried=False)
            with ledger.reading() as unit:
                assert under_former_keys(unit.connection, unit.now_s) == []
                assert [e.kind for e in unit.audit.entries()] == ["test", "key.replaced", "key.rekeyed", "key.released"]


def test_a_third_key_may_come_before_the_first_is_gone(filled: str, clock: VirtualClock) -> None:
    Ledger.open(filled, NEW, former_keys=[MASTER], clock=clock).close()
    with pytest.raises(LedgerUnreadable, match="former_keys must name every key"):
        Ledger.open(filled, THIRD, former_keys=[NEW], clock=clock)
    with Ledger.open(filled, THIRD, former_keys=[NEW, MASTER], clock=clock) as ledger:
        everything_is_known(ledger)
        assert rekey(ledger)
        everything_is_known(ledger)
    clock.sleep(DAYS.total_seconds() + 1)
    with Ledger.open(filled, THIRD, clock=clock) as ledger:
        everything_is_known(ledger, buried=False)


def test_a_key_left_out_too_early_is_asked_for(filled: str, clock: VirtualClock) -> None:
    Ledger.open(filled, NEW, former_keys=[MASTER], clock=clock).close()
    with pytest.raises(LedgerUnreadable, match="no check has gone through") as refused:
        Ledger.open(filled, NEW, clock=clock)
    assert refused.value.advice == "Put it back into [ledger] former_keys; then run: mailsorter check"


def test_wrong_keys_are_refused(filled: str, clock: VirtualClock) -> None:
    with pytest.raises(LedgerUnreadable, match="another key"):
        Ledger.open(filled, NEW, clock=clock)
    with pytest.raises(LedgerUnreadable, match="another key"):
        Ledger.open(filled, NEW, former_keys=[THIRD], clock=clock)
    with pytest.raises(LedgerUnreadable, match="never had"):
        Ledger.open(filled, MASTER, former_keys=[THIRD], clock=clock)
    with Ledger.open(filled, MASTER, clock=clock) as ledger:
        everything_is_known(ledger)
    Ledger.open(filled, NEW, former_keys=[MASTER], clock=clock).close()
    with pytest.raises(LedgerUnreadable, match="was replaced on 2026-11-23"):
        Ledger.open(filled, MASTER, former_keys=[NEW], clock=clock)


def test_a_case_that_was_open_keeps_the_key_needed(filled: str, clock: VirtualClock) -> None:
    with Ledger.open(filled, MASTER, clock=clock) as ledger, ledger.unit() as unit:
        unit.cases.open(CaseKind.ERASURE, clock.now().date())
    clock.sleep(60)
    with Ledger.open(filled, NEW, former_keys=[MASTER], clock=clock) as ledger:
        assert rekey(ledger)
    clock.sleep(DAYS.total_seconds() + 1)
    with pytest.raises(LedgerUnreadable, match="1 open case from before"):
        Ledger.open(filled, NEW, clock=clock)


@pytest.mark.parametrize("state", [ItemState.KEPT, ItemState.PENDING, ItemState.PURGED])
def test_a_kept_item_that_no_listing_shows_keeps_the_key_needed(
    filled: str, clock: VirtualClock, state: ItemState
) -> None:
    """Also while its erasure, when it fell due, was broken off: it is to be found again by its traces."""
    with Ledger.open(filled, NEW, former_keys=[MASTER], clock=clock) as ledger:
        with ledger.unit() as unit:
            items = [msgspec.structs.replace(item, state=state) for item in unit.cases.items("2026-0001")]
            unit.cases.update_items("2026-0001", items)
            number = unit.places.mailbox(ADDRESS)
        rekeying = MailboxRekeying(ledger, number)
        rekeying.learn(one for one in MAIL if one != MAIL[2])
        rekeying.sweep(is_complete=True)
        rekeying.close()
        assert finish(ledger, [ADDRESS], ["acme"])
        everything_is_known(ledger)
    clock.sleep(DAYS.total_seconds() + 1)
    with pytest.raises(LedgerUnreadable, match="1 kept item of cases that no check has met"):
        Ledger.open(filled, NEW, clock=clock)


def test_no_key_is_replaced_while_somebody_works_a_mailbox(filled: str, clock: VirtualClock) -> None:
    with Ledger.open(filled, MASTER, clock=clock) as ledger:
        for number in (DAEMON, 1):
            with ledger.locks.hold(number), pytest.raises(LedgerLocked, match="cannot be replaced"):
                Ledger.open(filled, NEW, former_keys=[MASTER], clock=clock)
        everything_is_known(ledger)


def test_a_daemon_at_work_hinders_no_other_command(filled: str, clock: VirtualClock) -> None:
    with (
        Ledger.open(filled, MASTER, clock=clock) as daemon,
        daemon.locks.hold(DAEMON),
        Ledger.open(filled, MASTER, clock=clock) as other,
        other.unit() as unit,
    ):
        unit.audit.append("test", {"run": 2})


def test_a_process_of_before_writes_nothing_more(filled: str, clock: VirtualClock) -> None:
    with Ledger.open(filled, MASTER, clock=clock) as before:
        Ledger.open(filled, NEW, former_keys=[MASTER], clock=clock).close()
        with pytest.raises(LedgerUnreadable, match="replaced while this process ran"), before.unit():
            raise AssertionError("never reached")
        with pytest.raises(LedgerUnreadable, match="replaced while this process ran"), before.reading():
            raise AssertionError("never reached")


def test_what_is_written_of_a_message_moves_all_that_is_known_of_it(filled: str, clock: VirtualClock) -> None:
    with Ledger.open(filled, NEW, former_keys=[MASTER], clock=clock) as ledger:
        with ledger.unit() as unit:
            row = unit.messages.row(unit.messages.token(1, MAIL[0].id))
            assert row is not None
            unit.messages.record([row])
        with ledger.reading() as unit:
            (under,) = under_former_keys(unit.connection, unit.now_s)
            assert (under.rows["message"], under.rows["step"], under.rows.get("correction")) == (4, 4, None)
            (only,) = unit.messages.of_message_id(unit.messages.message_id_token(MAIL[0].internet_message_id))
            assert len(unit.steps.of_message(bytes(only.token))) == 1
        everything_is_known(ledger)


def test_a_second_open_intent_is_refused_under_any_key(filled: str, clock: VirtualClock) -> None:
    with Ledger.open(filled, MASTER, clock=clock) as ledger, ledger.unit() as unit:
        run = unit.runs.begin("sort")
        intent = Intent(kind=StepKind.MOVE, token=unit.messages.token(1, "x"), facts=StepFacts(id="x"))
        unit.steps.begin(run.number, 1, [intent])
    with Ledger.open(filled, NEW, former_keys=[MASTER], clock=clock) as ledger:
        with pytest.raises(LedgerError), ledger.unit() as unit:
            intent = Intent(kind=StepKind.MOVE, token=unit.messages.token(1, "x"), facts=StepFacts(id="x"))
            unit.steps.begin(run.number, 1, [intent])
        with ledger.reading() as unit:
            (still,) = unit.steps.open(1)
            assert still.token == unit.messages.token(1, "x")


@pytest.mark.parametrize("change", ["key.replaced", "test"])
def test_the_chain_over_a_change_of_key_cannot_be_rewritten(filled: str, clock: VirtualClock, change: str) -> None:
    with Ledger.open(filled, NEW, former_keys=[MASTER], clock=clock) as ledger:
        with ledger.unit() as unit:
            unit.audit.append("after", {"run": 2})
            head = unit.audit.head()
            assert unit.audit.verify(head) is None
        with ledger.unit() as unit:
            unit.connection.execute(audit.update().where(audit.c.kind == change).values(body='{"run":7}'))
        with ledger.reading() as unit:
            fault = unit.audit.verify()
        assert fault is not None
        assert fault.kind == "altered"


def test_a_chain_cut_before_the_change_of_key_shows(filled: str, clock: VirtualClock) -> None:
    with Ledger.open(filled, NEW, former_keys=[MASTER], clock=clock) as ledger:
        with ledger.unit() as unit:
            unit.connection.execute(audit.delete().where(audit.c.number > 1))
        with ledger.reading() as unit:
            fault = unit.audit.verify()
        assert fault is not None
        assert fault.kind == "cut"


def test_a_look_changes_nothing(filled: str, clock: VirtualClock) -> None:
    now_s = int(clock.now().timestamp())
    before = look(filled, NEW, [MASTER], now_s)
    assert before is not None
    assert not before.is_in_force
    with Ledger.open(filled, NEW, former_keys=[MASTER], clock=clock):
        after = look(filled, NEW, [MASTER], now_s)
    assert after is not None
    assert after.is_in_force
    assert [state.generation for state in after.under_former_keys] == [0]
