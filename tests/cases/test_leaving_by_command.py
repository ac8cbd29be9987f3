"""A client leaves, and strangers had put their mail into the client's folder by copying References and codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsorter.emulator.store import Address
from tests.cases.tenant import tenant
from tests.cases.test_commands import Desk

BOOK = '[[client]]\nid = "klant"\nname = "Klant B.V."\ndomains = ["klant.example"]\ncodes = ["KL-24"]\n'
PIET, STRANGER, THIRD = (
    Address("Piet", "piet@klant.example"), Address("Wie", "wie@aanval.example"), Address("Mia", "mia@derde.example"),
)  # fmt: skip
FOLDER = ("Clients", "Klant B.V.")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with tenant(tmp_path, extra='[filing]\nwhen = "arrival"\n') as firm:
        (firm.folder / "clients.toml").write_text(BOOK, "utf-8")
        yield Desk(firm)


def test_what_a_copied_thread_or_code_filed_is_looked_at_and_never_erased_unasked(desk: Desk) -> None:
    """Sorted, found, planned, approved, performed: only the client's own mail goes."""
    anna, _ = desk.firm.mailboxes
    own = desk.firm.put(anna, from_=PIET, message_id="<echt@klant.example>", subject="Planning")
    colleague = desk.firm.put(
        anna, to=[Address("Anna", anna.address), PIET], references="<echt@klant.example>", authentication="internal"
    )
    copied = desk.firm.put(
        anna, from_=STRANGER, subject="Re: Planning", references="<echt@klant.example>", message_id="<a@aanval.example>"
    )
    third = desk.firm.put(
        anna, from_=THIRD, subject="Re: Planning", references="<echt@klant.example> <a@aanval.example>"
    )
    coded = desk.firm.put(anna, from_=STRANGER, subject="Offerte KL-24")
    forged = desk.firm.put(
        anna, from_=STRANGER, subject="Re: Planning", references="<echt@klant.example>", authentication="fail"
    )
    assert desk.json("sort")["filed"] == 5
    place = desk.firm.everything()
    filed = next(ids for (number, path), ids in place.items() if number == 0 and path.endswith("Klant B.V."))
    assert filed == {own, colleague, copied, third, coded}
    assert forged in next(ids for (number, path), ids in place.items() if number == 0 and path.endswith("/Inbox"))

    desk.type("case", "open", "--kind", "client-leaves", "--client", "klant")
    desk.type("case", "verify", "2026-0001", "--known", "opzegging getekend")
    assert desk.json("case", "find", "2026-0001")["findings"] == 5
    planned = desk.json("case", "plan", "2026-0001")
    assert planned["counts"] == {"erase": 2, "keep": 0, "look": 3, "not-theirs": 0}
    listed = desk.json("case", "review", "2026-0001")["items"]
    looked_at = [item for item in listed if item["verdict"] == "look"]
    assert sorted((item["sender"], item["subject"], item["reason"]) for item in looked_at) == [
        (THIRD.address, "Re: Planning", "nobody-of-the-client"),
        (STRANGER.address, "Offerte KL-24", "nobody-of-the-client"),
        (STRANGER.address, "Re: Planning", "nobody-of-the-client"),
    ]
    handles = [item["handle"] for item in looked_at]
    desk.type("case", "decide", "2026-0001", *handles, "--not-theirs", "--by", "anna", "--reason", "van een vreemde")
    desk.type("case", "plan", "2026-0001", "--by", "anna")
    desk.approve("2026-0001")
    assert desk.json("case", "perform", "2026-0001")["items"]["erased"] == 2
    left = set().union(*desk.firm.everything().values())
    assert {copied, third, coded, forged} <= left
    assert not {own, colleague} & left


def test_a_persons_word_on_a_thread_does_not_vouch_for_what_joins_it(desk: Desk) -> None:
    """A person put one message with the client; an authenticated stranger answers it, and is filed by that word."""
    anna, store = desk.firm.mailboxes[0], desk.firm.store
    moved = desk.firm.put(anna, from_=THIRD, message_id="<hand@derde.example>", subject="Planning")
    client = desk.firm.put(anna, from_=PIET, subject="Dag")
    assert desk.json("sort")["filed"] == 1
    folder = next(f for f in store.folders.all(anna) if f.name == "Klant B.V.")
    store.messages.move(anna, store.messages.get(anna, anna.ids.read_message_id(moved).message), folder)
    joined = desk.firm.put(anna, from_=STRANGER, subject="Re: Planning", references="<hand@derde.example>")
    assert desk.json("sort")["filed"] == 1
    desk.type("case", "open", "--kind", "client-leaves", "--client", "klant")
    desk.type("case", "verify", "2026-0001", "--known", "opzegging getekend")
    desk.type("case", "find", "2026-0001")
    desk.type("case", "plan", "2026-0001")
    listed = desk.json("case", "review", "2026-0001")["items"]
    assert {(item["sender"], item["verdict"]) for item in listed} == {
        (STRANGER.address, "look"), (PIET.address, "erase"), (THIRD.address, "erase"),
    }  # fmt: skip
    assert joined != client
