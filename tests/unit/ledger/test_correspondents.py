"""Whom the firm has written to: digests only, forgotten with the person."""

from __future__ import annotations

from pathlib import Path

from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.messages import MessageRow, Remembered
from mailsorter.model.standing import MessageState
from mailsorter.model.thread import Trust
from tests.postgres import MASTER


def test_who_was_written_to_is_known_until_forgotten(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/l.db", MASTER) as ledger:
        with ledger.unit() as unit:
            unit.correspondents.record(["a@x.example", "b@x.example"])
            unit.correspondents.record(["a@x.example"])
            assert unit.correspondents.known(["a@x.example", "c@x.example"]) == {"a@x.example"}
            assert unit.correspondents.forget(["a@x.example", "c@x.example"]) == 1
        with ledger.reading() as unit:
            assert unit.correspondents.known(["a@x.example", "b@x.example"]) == {"b@x.example"}
    assert b"x.example" not in (tmp_path / "l.db").read_bytes()


def test_a_message_that_does_not_speak_for_its_thread_is_not_found_by_it(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/l.db", MASTER) as ledger, ledger.unit() as unit:
        client = unit.places.client("acme")
        of = {
            "mailbox": 1,
            "folder": 1,
            "state": MessageState.FILED,
            "client": client,
            "thread": b"t",
            "message_id": b"m",
        }
        unit.messages.record([MessageRow(token=b"forged", speaks=False, **of)])
        assert unit.messages.of_threads([b"t"]) == {b"t": Remembered(set(), {Trust.NO})}
        assert unit.messages.of_message_ids([b"m"]) == {b"m": Remembered(set(), {Trust.NO})}
        unit.messages.record([MessageRow(token=b"sound", **of)])
        assert unit.messages.of_threads([b"t"]) == {b"t": Remembered({client}, {Trust.NO, Trust.YES})}
