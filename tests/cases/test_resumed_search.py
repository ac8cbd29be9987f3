"""A search that ends in the middle of a large folder goes on there, and finds what it would have found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mailsorter.cases import enumerate as finding
from mailsorter.cases.find import Findings, find
from mailsorter.cases.intake import open_case
from mailsorter.cases.verify import attest
from mailsorter.emulator import Emulator
from mailsorter.emulator.store import Address
from mailsorter.mailbox.base import Body, Detail
from mailsorter.mailbox.graph import mailbox as graph
from mailsorter.mailbox.graph import query
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.model.case import CaseKind, Subject
from mailsorter.model.coverage import Depth
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Message
from tests.cases.office import ANNA, NOW, PIET, World, mail, open_copied
from tests.cases.tenant import Tenant, tenant
from tests.machines.crash import Crash

MESSAGES, WINDOW, PAGE = 46, 10, 5
NEVER = 10**9
TORTURE = bool(os.environ.get("MAILSORTER_TORTURE"))


class Ending(MemoryMailbox):
    """A mailbox whose process ends before a page; by date or in the order of arrival, as servers differ."""

    lists_by_date = False
    pages_left = NEVER
    pages = 0
    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def messages(
        self, folder_id: str, detail: Detail, *, hidden: bool = False, since: datetime | None = None
    ) -> Iterator[tuple[Message, ...]]:
        for page in super().messages(folder_id, detail, hidden=hidden):
            shown = tuple(m for m in page if not (self.lists_by_date and since and _date(m) < since))
            if shown or not page:
                self._page()
                yield shown

    def bodies(
        self, folder_id: str, *, hidden: bool = False, since: datetime | None = None
    ) -> Iterator[tuple[Body, ...]]:
        for page in super().bodies(folder_id, hidden=hidden):
            dates = [_date(self.server.item(body.id).message) for body in page]
            if not self.lists_by_date:
                self._page()
                yield page
            elif not since or dates[-1] >= since:
                self._page()
                yield tuple(_replaced(body, received_at=date) for body, date in zip(page, dates, strict=True))

    def mime(self, message_id: str) -> bytes:
        self._page()
        return super().mime(message_id)

    def _page(self) -> None:
        if self.pages_left == 0:
            raise Crash
        self.pages_left -= 1
        self.pages += 1


def _date(message: Message) -> datetime:
    assert message.received_at is not None
    return message.received_at


def _replaced(body: Body, received_at: datetime) -> Body:
    return Body(id=body.id, content=body.content, has_attachments=body.has_attachments, received_at=received_at)


class EndingWorld(World):
    """A firm of one mailbox whose Inbox is large."""

    def _mailbox(self, address: str) -> Ending:
        return Ending(address, server=self.servers[address], page_size=PAGE)

    @property
    def anna(self) -> Ending:
        mailbox = self.mailboxes[ANNA.address]
        assert isinstance(mailbox, Ending)
        return mailbox


def filled(folder: Path, lists_by_date: bool, survive: bool) -> EndingWorld:
    """Every sixth message is from the person, every seventh names him in its text, every eighth must be opened."""
    folder.mkdir()
    world = EndingWorld(folder, mailboxes=(ANNA.address,), ids_survive_moves=survive, open_ledger=open_copied)
    world.anna.lists_by_date = lists_by_date
    for number in range(MESSAGES):
        fields = {"received_at": NOW - timedelta(hours=MESSAGES - number)}
        if number % 6 == 0:
            fields["from_"] = PIET
        if number % 7 == 0:
            fields |= {"text": "." * 300 + " bel Piet de Vries", "preview": "..."}
        if number % 8 == 0:
            fields |= {"has_attachments": True, "attachment_names": ("brief.eml",)}
        mail(world.anna.server, WellKnown.INBOX, **fields)
    mail(world.anna.server, WellKnown.ARCHIVE, from_=PIET, received_at=NOW)
    return world


def told(found: Findings, by_trace: bool) -> tuple[object, ...]:
    """What a search tells, by ids or where these change by dates."""
    keys = {(f.received_at if by_trace else f.id, f.role, f.seen, f.folder) for f in found.findings}
    gaps = {(gap.folder, gap.reason, gap.count) for gap in found.not_seen}
    return keys, gaps, found.messages, found.texts_read, found.opened


@pytest.mark.parametrize("survive", [True, False], ids=["ids survive", "ids change"])
@pytest.mark.parametrize("lists_by_date", [True, False], ids=["by date", "by arrival"])
def test_ended_before_any_page_it_goes_on_and_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lists_by_date: bool, survive: bool
) -> None:
    """Nothing is found, counted or named twice, and where listings are by date little is read again."""
    monkeypatch.setattr(finding, "_SAVE_EVERY", WINDOW)
    with closing(filled(tmp_path / "whole", lists_by_date, survive)) as world:
        number = world.opened()
        expected = told(find(world.office, number, depth=Depth.BODIES), by_trace=True)
        pages = world.anna.pages
    assert len(expected[0]) == 14  # type: ignore[arg-type]
    for ends_after in range(1, pages, 1 if TORTURE else 4):
        with closing(filled(tmp_path / f"{ends_after}", lists_by_date, survive)) as world:
            number, anna = world.opened(), world.anna
            anna.pages_left = ends_after
            with pytest.raises(Crash):
                find(world.office, number, depth=Depth.BODIES)
            anna.pages_left, anna.pages = NEVER, 0
            assert told(find(world.office, number, depth=Depth.BODIES), by_trace=True) == expected
            if lists_by_date:
                again = anna.pages + ends_after - pages
                assert again <= 2 * (WINDOW // PAGE + 1) + WINDOW // 8 + 4, (ends_after, again)


@pytest.mark.parametrize("lists_by_date", [True, False], ids=["by date", "by arrival"])
def test_what_moves_while_it_is_broken_off_is_found_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lists_by_date: bool
) -> None:
    """Old mail that comes into the part which was read, and mail that leaves that part for a folder not yet read."""
    monkeypatch.setattr(finding, "_SAVE_EVERY", WINDOW)
    with closing(filled(tmp_path / "world", lists_by_date, survive=True)) as world:
        number, anna = world.opened(), world.anna
        server = anna.server
        _, late = mail(server, WellKnown.SENT, from_=PIET, received_at=NOW - timedelta(days=900))
        _, named = mail(server, WellKnown.SENT, text="." * 300 + " Piet de Vries", preview=".", received_at=NOW)
        anna.pages_left = 14
        with pytest.raises(Crash):
            find(world.office, number, depth=Depth.BODIES)
        inbox = server.folder(WellKnown.INBOX).id
        first = next(item.message.id for item in server.items(inbox) if item.message.from_ == PIET)
        server.user_moves(late, WellKnown.INBOX)
        server.user_moves(named, WellKnown.INBOX)
        server.user_moves(first, WellKnown.DELETED)
        anna.pages_left = NEVER
        found = {f.id: f.folder for f in find(world.office, number, depth=Depth.BODIES).findings}
        expected = {
            item.message.id: item.message.folder_id
            for place in (WellKnown.INBOX, WellKnown.DELETED, WellKnown.ARCHIVE)
            for item in server.items(server.folder(place).id)
            if item.message.from_ == PIET or "Piet" in item.text
        }
        assert found.keys() == expected.keys() >= {late, named, first}
        assert (found[late], found[first]) == ("Inbox", "Deleted Items")


# the real process, over HTTP ------------------------------------------------------------------------------------

LARGE, PART, LISTED, TEXTS = 500, 150, 50, 25
SMALL_PARTS = f"""
import sys
from mailsorter.cases import enumerate as finding
from mailsorter.mailbox.graph import mailbox, query
finding._SAVE_EVERY, query.BODY_PAGE = {PART}, {TEXTS}
walk = mailbox.walk_messages
mailbox.walk_messages = lambda client, first, size, onward: walk(client, first, {LISTED}, onward)
from mailsorter.cli.app import run
sys.argv[:1] = ["mailsorter"]
run()
"""
SUBJECT = Subject(addresses=("piet@klant.example",), names=("Piet de Vries",))


def _pages_asked(emulator: Emulator) -> int:
    return emulator.face.requests["GET mailfolders/*/messages"]


def _search(firm: Tenant, number: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SMALL_PARTS, "--config", str(firm.config), "case", "find", number]
    return subprocess.Popen([*command, "--read", "bodies"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _opened(firm: Tenant) -> str:
    number = open_case(firm.office, CaseKind.ERASURE, SUBJECT).number
    attest(firm.office, number, "known by voice")
    return number


@pytest.mark.timeout(180)
def test_killed_while_it_reads_bodies_it_finds_the_same_with_the_rest_of_the_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The searches before and after are of this process, with the same small parts."""
    walk = graph.walk_messages
    monkeypatch.setattr(finding, "_SAVE_EVERY", PART)
    monkeypatch.setattr(query, "BODY_PAGE", TEXTS)
    monkeypatch.setattr(graph, "walk_messages", lambda client, first, size, onward: walk(client, first, LISTED, onward))
    with tenant(tmp_path, names=("anna",), is_now=True) as firm:
        anna = firm.mailboxes[0]
        with firm.store.db.write():
            for number in range(LARGE):
                by_person = {"from_": Address("Piet", "piet@klant.example")} if number % 97 == 0 else {}
                text = "Groeten." if number % 89 else "." * 300 + "\nTot morgen, Piet de Vries"
                firm.put(anna, "inbox", body=text, received=1_700_000_000 + 60 * number, **by_person)
        expected = find(firm.office, _opened(firm), depth=Depth.BODIES)
        pages = _pages_asked(firm.emulator)
        assert len(expected.findings) == len({n for n in range(LARGE) if n % 97 == 0 or n % 89 == 0})
        killed, before = _opened(firm), pages
        process = _search(firm, killed)
        while process.poll() is None and _pages_asked(firm.emulator) < before + pages * 6 // 10:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        done = _pages_asked(firm.emulator) - before
        assert pages // 2 < done < pages * 8 // 10
        found = find(firm.office, killed, depth=Depth.BODIES)
        rest = _pages_asked(firm.emulator) - before - done
        assert told(found, by_trace=False) == told(expected, by_trace=False)
        assert rest <= pages - done + PART // LISTED + PART // TEXTS + 4, (pages, done, rest)
