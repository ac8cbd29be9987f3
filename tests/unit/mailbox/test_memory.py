"""The in-memory mailbox's own hooks: bad luck, shared servers, counting."""

from __future__ import annotations

import pytest

from mailsorter.errors import Held, NotPermitted, Throttled, Unreachable
from mailsorter.mailbox.base import Done, Mailbox, Move
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Participant


class PowerCut(BaseException):
    """The process ends here."""


def test_it_is_a_mailbox() -> None:
    """The protocol is satisfied as it stands, for mypy as well as at run time."""
    mailbox: Mailbox = MemoryMailbox("anna@firm.example")
    assert isinstance(mailbox, Mailbox)


def test_a_fault_strikes_once_and_before() -> None:
    """A failed call changed nothing, and the next one works."""
    mailbox = MemoryMailbox()
    message = mailbox.server.deliver()
    filed = mailbox.server.folder(("Filed",)).id
    mailbox.fail_next("move", Throttled("too much", retry_after_s=3))
    with pytest.raises(Throttled):
        mailbox.move([Move(message, filed)])
    assert mailbox.server.ids(WellKnown.INBOX) == {message}
    assert mailbox.move([Move(message, filed)]) == [Done(message, filed)]
    assert mailbox.calls["move"] == 2


def test_the_process_may_end_in_the_middle_of_a_batch() -> None:
    """`after_items` items are changed, then the end of the process goes through every except clause."""
    mailbox = MemoryMailbox()
    ids = [mailbox.server.deliver() for _ in range(3)]
    filed = mailbox.server.folder(("Filed",)).id
    mailbox.fail_next("move", PowerCut(), after_items=2)
    with pytest.raises(PowerCut):
        mailbox.move([Move(m, filed) for m in ids])
    assert mailbox.server.ids(filed) == set(ids[:2])


def test_a_lost_answer_says_unknown_for_each() -> None:
    """`Unreachable` out of many items comes back per item, whatever happened on the server."""
    mailbox = MemoryMailbox()
    ids = [mailbox.server.deliver() for _ in range(2)]
    filed = mailbox.server.folder(("Filed",)).id
    mailbox.fail_next("move", Unreachable("lost"), after_items=1)
    assert all(isinstance(outcome, Unreachable) for outcome in mailbox.move([Move(m, filed) for m in ids]))
    assert mailbox.server.ids(filed) == {ids[0]}


def test_one_item_can_fail_alone() -> None:
    """`fail_item` answers for that item until it is taken back."""
    mailbox = MemoryMailbox()
    first, second = mailbox.server.deliver(), mailbox.server.deliver()
    mailbox.fail_item(first, Held("held"))
    outcomes = mailbox.delete_permanently([first, second])
    assert isinstance(outcomes[0], Held)
    assert isinstance(outcomes[1], Done)
    mailbox.fail_item(first, None)
    assert isinstance(mailbox.delete_permanently([first])[0], Done)


def test_reading_can_fail_between_pages() -> None:
    """The second page of a listing fails when told so: pages are asked for lazily."""
    mailbox = MemoryMailbox(page_size=2)
    inbox = mailbox.server.folder(WellKnown.INBOX).id
    for _ in range(3):
        mailbox.server.deliver()
    pages = mailbox.list_ids(inbox)
    assert len(next(pages)) == 2
    mailbox.fail_next("list_ids", NotPermitted("no"))
    with pytest.raises(NotPermitted):
        next(pages)


def test_a_server_outlives_its_mailboxes() -> None:
    """A second mailbox object on the same server sees what the first one did, by the same cursors."""
    first = MemoryMailbox()
    inbox = first.server.folder(WellKnown.INBOX).id
    message = first.server.deliver()
    cursor = [page.cursor for page in first.changes(inbox, None)][-1]
    first.move([Move(message, first.server.folder(("Filed",)).id)])
    second = MemoryMailbox(server=first.server)
    assert [page.removed for page in second.changes(inbox, cursor)] == [(message,)]


def test_user_deletes_twice_as_outlook_does() -> None:
    """First to Deleted Items, then on to Recoverable Items; copies share search key and message-id."""
    mailbox = MemoryMailbox()
    server = mailbox.server
    message = server.deliver()
    copy = server.user_copies(message, WellKnown.INBOX)
    server.user_deletes(message)
    assert server.ids(WellKnown.DELETED) == {message}
    server.user_deletes(message)
    assert server.ids(WellKnown.RECOVERABLE_DELETIONS) == {message}
    assert server.item(copy).message.search_key == server.item(message).message.search_key


def test_a_sender_of_thousands_of_brackets_is_no_address_in_the_whole_message() -> None:
    """Python's own header parser recurses on such a sender without end."""
    mailbox = MemoryMailbox()
    message = mailbox.server.deliver(from_=Participant("(" * 20_000), subject="toch gelezen")
    assert b"Subject: toch gelezen" in mailbox.mime(message)
