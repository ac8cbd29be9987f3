"""Filling a store from files and with the synthetic consultancy; states as portable text."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mailsorter.emulator.portable import dump, load
from mailsorter.emulator.seed.synthetic import seed_synthetic
from mailsorter.emulator.seed.tree import SeedError, seed_tree
from mailsorter.emulator.seed.world import synthetic_clients, truth_by_immutable_id, truth_by_message
from mailsorter.emulator.store import NotAStateFile, Store
from tests.emulator.client import frozen_clock


def mail(number: int, *more: str) -> bytes:
    lines = (f"From: p{number}@klant.example", f"Message-ID: <{number}@x>", f"Subject: {number}", *more)
    return "\r\n".join((*lines, "Date: Mon, 02 Mar 2026 10:00:00 +0100", "", "hoi", "")).encode()


def put(folder: Path, name: str, data: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def picture(store: Store) -> dict[str, Any]:
    """Subjects by mailbox and folder path."""
    return {
        f"{mailbox.address}/{'/'.join(store.folders.path(mailbox, folder))}": sorted(
            message.subject for message in store.messages.in_folder(folder)
        )
        for mailbox in store.mailboxes.all()
        for folder in store.folders.all(mailbox)
        if folder.total
    }


def test_folders_of_files_become_mail_folders(tmp_path: Path) -> None:
    anna = tmp_path / "anna@firm.example"
    put(anna / "Inbox", "1.eml", mail(1))
    put(anna / "Verzonden items", "2", mail(2))
    put(anna / "deleted_items", "3.txt", mail(3))
    put(anna / "Klanten" / "Acme BV", "any name", mail(4))
    put(anna, "5.eml", mail(5))
    put(tmp_path / "bert" / "Sub", "6.eml", b"From bert Mon Mar  2 10:00:00 2026\n" + mail(6))
    (anna / "Leeg").mkdir()
    store = Store()
    assert seed_tree(store, tmp_path).messages == 6
    assert picture(store) == {
        "anna@firm.example/Inbox": ["1", "5"],
        "anna@firm.example/Sent Items": ["2"],
        "anna@firm.example/Deleted Items": ["3"],
        "anna@firm.example/Klanten/Acme BV": ["4"],
        "bert@seeded.example/Sub": ["6"],
    }
    mailbox = store.mailboxes.open("anna@firm.example")
    assert "Leeg" in {folder.name for folder in store.folders.all(mailbox)}
    bert = store.mailboxes.open("bert@seeded.example")
    sub = next(folder for folder in store.folders.all(bert) if folder.name == "Sub")
    assert store.messages.stored_mime(store.messages.in_folder(sub)[0]) == mail(6)


def test_a_maildir_and_an_mbox_are_read_with_their_flags(tmp_path: Path) -> None:
    anna = tmp_path / "anna"
    for part in ("cur", "new", "tmp"):
        (anna / "Box" / part).mkdir(parents=True)
    put(anna / "Box" / "new", "a", mail(1))
    put(anna / "Box" / "cur", "b:2,S", mail(2))
    put(anna / "Box" / "cur", "c:2,", mail(3))
    for part in ("cur", "new"):
        (anna / "Box" / ".Clients.Acme" / part).mkdir(parents=True)
    put(anna / "Box" / ".Clients.Acme" / "cur", "d:2,S", mail(4))
    box = b"".join(
        b"From x Mon Mar  2 10:00:00 2026\n" + mail(n, f"Status: {flag}").replace(b"\r\n", b"\n") + b"\n"
        for n, flag in ((5, "RO"), (6, "O"))
    )
    put(anna, "Old mail.mbox", box)
    store = Store()
    seed_tree(store, tmp_path, domain="firm.example")
    assert picture(store) == {
        "anna@firm.example/Box": ["1", "2", "3"],
        "anna@firm.example/Box/Clients/Acme": ["4"],
        "anna@firm.example/Old mail": ["5", "6"],
    }
    rows = store.db.rows("SELECT subject, is_read FROM message ORDER BY subject")
    assert rows == [("1", 0), ("2", 1), ("3", 0), ("4", 1), ("5", 1), ("6", 0)]


def test_received_dates_come_from_the_top_received_header_else_from_date(tmp_path: Path) -> None:
    put(tmp_path / "a@b.example" / "X", "1", mail(1, "Received: by y; Tue, 03 Mar 2026 11:00:00 +0100"))
    put(tmp_path / "a@b.example" / "X", "2", mail(2))
    store = Store()
    seed_tree(store, tmp_path)
    assert store.db.rows("SELECT subject, received - sent FROM message ORDER BY subject") == [("1", 90_000), ("2", 0)]


def test_conversations_are_joined_in_whatever_order_files_come(tmp_path: Path) -> None:
    box = tmp_path / "a@b.example" / "X"
    put(box, "1", mail(1, "In-Reply-To: <2@x>"))
    put(box, "2", mail(2, "References: <3@x>"))
    put(box, "3", mail(3))
    put(box, "4", mail(4))
    store = Store()
    seed_tree(store, tmp_path)
    found = dict(store.db.rows("SELECT subject, conversation FROM message"))
    assert found["1"] == found["2"] == found["3"] != found["4"]


@pytest.mark.parametrize("wrong", ["missing", "empty", "stray"])
def test_a_folder_that_is_none_to_seed_from_is_refused(tmp_path: Path, wrong: str) -> None:
    root = tmp_path / "mail"
    if wrong != "missing":
        root.mkdir()
    if wrong == "stray":
        put(root, "1.eml", mail(1))
    with pytest.raises(SeedError, match=str(root)):
        seed_tree(Store(), root)


# the synthetic consultancy


@pytest.mark.parametrize("count", [0, 1, 7, 200, 1500])
def test_exactly_so_many_messages_are_made_and_at_least_half_of_them_in_the_first_mailbox(count: int) -> None:
    store = Store(clock=frozen_clock())
    assert seed_synthetic(store, count).messages == count
    totals = Counter(dict(store.db.rows("SELECT mailbox, count(*) FROM message GROUP BY mailbox")))
    assert sum(totals.values()) == count
    assert totals[1] * 2 >= count


def test_the_same_seed_gives_the_same_firm_and_another_seed_another() -> None:
    def picture_of(seed: int) -> list[Any]:
        store = Store(clock=frozen_clock())
        seed_synthetic(store, 300, random_seed=seed)
        return store.db.rows("SELECT mailbox, folder, subject, head, extra, received FROM message ORDER BY id")

    assert picture_of(1) == picture_of(1) != picture_of(2)


def test_every_kind_of_mail_is_there_and_the_truth_is_known_for_each_message() -> None:
    store = Store(clock=frozen_clock())
    seed_synthetic(store, 3000)
    truth = truth_by_message(store)
    assert len(truth) == len(truth_by_immutable_id(store)) == 3000
    kinds = Counter(one.kind for one in truth.values())
    assert len(kinds) == 14
    known = {client.id for client in synthetic_clients(store)}
    assert {one.client for one in truth.values()} - {""} <= known
    assert all(
        one.client == "" for one in truth.values() if one.kind in ("newsletter", "private", "internal", "stranger")
    )
    assert any(len(client.domains) > 1 for client in synthetic_clients(store))
    addresses = {row[0] for row in store.db.rows("SELECT DISTINCT from_address FROM message")}
    assert all(address.endswith(".example") for address in addresses), "nobody real is named"


# dump and load


def test_a_dumped_state_is_the_same_when_loaded(tmp_path: Path) -> None:
    store = Store(clock=frozen_clock())
    seed_synthetic(store, 150)
    mailbox = store.mailboxes.all()[0]
    inbox = store.folders.well_known(mailbox, "inbox")
    store.messages.permanent_delete(mailbox, store.messages.in_folder(inbox)[0])
    rows = dump(store, tmp_path / "state.jsonl.gz")
    other = Store(tmp_path / "new.sqlite", clock=frozen_clock())
    assert load(other, tmp_path / "state.jsonl.gz") == rows
    for table in ("message", "folder", "removal", "content", "attachment", "app", "truth", "counter", "mailbox"):
        assert other.db.rows(f"SELECT * FROM {table}") == store.db.rows(f"SELECT * FROM {table}"), table
    other.messages.permanent_delete(mailbox, other.messages.in_folder(inbox)[0])
    with pytest.raises(NotAStateFile, match="not empty"):
        load(other, tmp_path / "state.jsonl.gz")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not gzip", id="not gzip"),
        pytest.param(gzip.compress(b"{}\n"), id="no header"),
        pytest.param(gzip.compress(b'{"emulator":1}\n["x",{"a":1}]\n'), id="an unknown table"),
    ],
)
def test_what_is_no_dump_is_refused_and_leaves_the_store_empty(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad"
    path.write_bytes(data)
    store = Store()
    with pytest.raises(NotAStateFile):
        load(store, path)
    assert store.mailboxes.all() == []
    assert store.apps.get("emulator") is not None
