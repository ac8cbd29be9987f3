"""Cases, items and tombstones in the ledger."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from mailsorter.errors import UserError
from mailsorter.ledger.cases import CaseItem, ItemIds
from mailsorter.ledger.engine import database_file
from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.tombstones import Traces, traces_of
from mailsorter.model.case import CaseKind, ItemState
from mailsorter.model.lifecycle import CaseState
from mailsorter.model.message import Message

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def an_item(token: str, state: ItemState = ItemState.PENDING, **more) -> CaseItem:
    return CaseItem(
        mailbox=1, token=token.encode().ljust(16), ids=ItemIds(f"AAMk-{token}", "folder"), state=state, **more
    )


def test_numbers_follow_the_year(ledger: Ledger) -> None:
    """Each year counts from one, and a number is given once."""
    with ledger.unit() as unit:
        numbers = [unit.cases.open(CaseKind.ERASURE, date(y, 1, 5)).number for y in (2026, 2026, 2027, 2026)]
    assert numbers == ["2026-0001", "2026-0002", "2027-0001", "2026-0003"]


def test_a_case_comes_back_as_it_was_written(ledger: Ledger) -> None:
    """Every field of a case survives."""
    import msgspec

    with ledger.unit() as unit:
        row = unit.cases.open(CaseKind.CLIENT_LEAVES, date(2026, 11, 20))
        full = msgspec.structs.replace(
            row, state=CaseState.SUSPENDED, before_suspension=CaseState.FOUND, suspended_on=date(2026, 11, 21),
            suspended_until=date(2026, 12, 1), is_extended=True, paused_days=3, told_on=date(2026, 11, 22),
            plan_digest=b"d" * 32, planner=b"p" * 16, restricts_kept=True, proof="passed", closed=7,
        )  # fmt: skip
        unit.cases.save(full)
        assert unit.cases.get(row.number) == full
        assert unit.cases.all() == [full]


def test_two_people_at_one_case_do_not_overwrite_each_other(ledger: Ledger) -> None:
    """Who read a state that has changed since is refused."""
    with ledger.unit() as unit:
        row = unit.cases.open(CaseKind.ERASURE, NOW.date())
        with pytest.raises(UserError, match="somebody else"):
            unit.cases.save(row, was=CaseState.FOUND)


def test_an_unknown_case_names_the_list(ledger: Ledger) -> None:
    with ledger.reading() as unit, pytest.raises(UserError, match="mailsorter case list"):
        unit.cases.get("2026-0099")


def test_the_same_approval_twice_is_one(ledger: Ledger) -> None:
    """And an approval of one list is none of another."""
    with ledger.unit() as unit:
        number = unit.cases.open(CaseKind.ERASURE, NOW.date()).number
        for digest, name in ((b"1", "anna"), (b"1", "Anna "), (b"1", "bert"), (b"2", "anna")):
            unit.cases.approve(number, digest, unit.cases.name_token(name), is_signed=False)
        assert len(unit.cases.approvals(number, b"1")) == 2
        assert len(unit.cases.approvals(number, b"2")) == 1


def test_items_keep_their_place_and_are_taken_up_again(ledger: Ledger) -> None:
    """A second round updates an item that it meets again instead of adding it."""
    with ledger.unit() as unit:
        number = unit.cases.open(CaseKind.ERASURE, NOW.date()).number
        unit.cases.put_items(number, [an_item("a", ItemState.FAILED), an_item("b")])
        unit.cases.put_items(number, [an_item("a")])
        unit.cases.update_items(number, [an_item("b", ItemState.KEPT, until=date(2030, 1, 1), ground="tax")])
        found = list(unit.cases.items(number))
        assert [(i.ids.id, i.state) for i in found] == [("AAMk-a", ItemState.PENDING), ("AAMk-b", ItemState.KEPT)]
        assert unit.cases.item_counts(number) == {ItemState.PENDING: 1, ItemState.KEPT: 1}


@pytest.mark.parametrize(("day", "due"), [("2030-01-01", 0), ("2030-01-02", 1), ("2031-01-01", 2)])
def test_what_is_due(ledger: Ledger, day: str, due: int) -> None:
    """Kept and retained items fall due when their last day has passed; held ones have none."""
    with ledger.unit() as unit:
        number = unit.cases.open(CaseKind.ERASURE, NOW.date()).number
        unit.cases.put_items(
            number,
            [
                an_item("a", ItemState.KEPT, until=date(2030, 1, 1)),
                an_item("b", ItemState.RETAINED, until=date(2030, 6, 1)),
                an_item("c", ItemState.HELD),
                an_item("d", ItemState.ERASED, until=date(2020, 1, 1)),
            ],
        )
        assert unit.cases.due(date.fromisoformat(day)).get(number, 0) == due


def test_forgetting_leaves_only_what_still_lies_somewhere(ledger: Ledger) -> None:
    with ledger.unit() as unit:
        number = unit.cases.open(CaseKind.ERASURE, NOW.date()).number
        unit.cases.put_items(number, [an_item(state.value, state) for state in ItemState])
        unit.cases.forget_items(number)
        assert set(unit.cases.item_counts(number)) == {ItemState.KEPT, ItemState.RETAINED, ItemState.HELD}


def a_message(key: bytes = b"key", msg_id: str = "<1@x.example>", at: datetime = NOW) -> Message:
    return Message(id="new", folder_id="f", search_key=key, internet_message_id=msg_id, received_at=at)


@pytest.mark.parametrize(
    ("message", "is_risen"),
    [
        (a_message(), True),
        (a_message(key=b""), True),  # a server that shows no search key
        (a_message(msg_id=""), True),
        (a_message(at=datetime(2020, 1, 1, tzinfo=UTC)), True),
        (a_message(key=b"", msg_id="<2@x.example>"), False),  # only the date is the same
        (a_message(msg_id="<2@x.example>", at=datetime(2020, 1, 1, tzinfo=UTC)), False),
        (a_message(key=b"other", msg_id="<2@x.example>"), False),
    ],
)
def test_a_restored_message_is_known_again_by_two_of_three(ledger: Ledger, message: Message, is_risen: bool) -> None:
    """Its id is new; search key, msg-id and date are not."""
    with ledger.unit() as unit:
        unit.tombstones.bury([traces_of(ledger.key, b"key", "<1@x.example>", NOW)], int(NOW.timestamp()) + 10)
        assert bool(unit.tombstones.risen([message])) is is_risen


def test_a_message_with_one_trace_gets_no_tombstone(ledger: Ledger) -> None:
    """One digest alone would accuse innocent mail."""
    with ledger.unit() as unit:
        unit.tombstones.bury([Traces(None, b"m" * 16, None)], int(NOW.timestamp()) + 10)
        assert unit.tombstones.risen([a_message()]) == []


def test_tombstones_and_forgotten_addresses_expire(ledger: Ledger) -> None:
    """After the backup horizon nothing of them is left."""
    end = int(NOW.timestamp()) + 10
    with ledger.unit() as unit:
        unit.tombstones.bury([traces_of(ledger.key, b"key", "<1@x.example>", NOW)], end)
        unit.tombstones.forget_address("2026-0001", ["piet@klant.example"], end)
        wanted = ["jan@klant.example", "piet@klant.example"]
        assert unit.tombstones.forgotten_cases(wanted) == {"piet@klant.example": "2026-0001"}
        assert unit.tombstones.expire() == 0
    ledger.clock.sleep(11)
    with ledger.unit() as unit:
        assert unit.tombstones.risen([a_message()]) == []
        assert unit.tombstones.forgotten_cases(["piet@klant.example"]) == {}
        assert unit.tombstones.expire() == 2


def test_what_was_deleted_is_not_in_the_database_s_files(ledger: Ledger) -> None:
    """Compacting rewrites the database, on either kind, and loses nothing that was kept."""
    with ledger.unit() as unit:
        number = unit.cases.open(CaseKind.ERASURE, NOW.date()).number
        unit.cases.put_items(number, [an_item(str(n), ItemState.ERASED) for n in range(50)])
        unit.cases.put_items(number, [an_item("kept", ItemState.KEPT, until=date(2030, 1, 1))])
    with ledger.unit() as unit:
        assert unit.cases.forget_items(number) == 50
    ledger.compact()
    with ledger.reading() as unit:
        assert unit.cases.item_counts(number) == {ItemState.KEPT: 1}
    file = database_file(ledger.engine)
    if file is not None:
        assert an_item("7").token not in file.read_bytes()
        assert file.with_name(file.name + "-wal").stat().st_size == 0
