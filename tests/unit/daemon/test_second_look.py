"""Threads that cross mailboxes: what `sort` decides in a second look, the daemon decides too, one mailbox at a time."""

from __future__ import annotations

from mailsorter.daemon.timetable import PollEnd
from mailsorter.errors import Unreachable
from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Participant

FILED, LEFT = ("Clients", "Acme B.V."), ("Inbox",)


def answer(mailbox, number: int) -> str:
    """Mail of an authenticated stranger that answers mail of a client."""
    return mailbox.server.deliver(
        WellKnown.INBOX,
        from_=Participant("wie@elders.example"),
        references=(f"<{number}@acme.example>",),
        author_check=AuthorCheck.PASSED,
    )


def question(mailbox, number: int) -> str:
    """The client's mail."""
    return mailbox.server.deliver(
        WellKnown.INBOX, from_=Participant("jan@acme.example"), internet_message_id=f"<{number}@acme.example>"
    )


def place(mailbox, item: str) -> tuple[str, ...]:
    return mailbox.server.tree().path(mailbox.server.item(item).message.folder_id)


def test_a_thread_decided_in_another_mailbox_later_is_decided_here_by_the_next_morning(three):
    """The answer was looked at before its question, which another mailbox got, had been."""
    anna, bram, _ = three.mailboxes
    three.go_on(3)
    left = answer(anna, 1)
    three.go_on(3)
    asked = question(bram, 1)
    three.go_on(5)
    assert (place(anna, left), place(bram, asked)) == (LEFT, FILED)
    three.service.nightly()
    three.go_on(3)
    assert place(anna, left) == FILED
    assert [line["filed"] for line in three.kept.told("sorted") if line["level"] == "info"][-1] == 1


def test_a_first_reading_files_what_sort_would_have_filed(three):
    """The mailbox with the answers is read before the one with the questions; no night is waited for."""
    anna, _, cor = three.mailboxes
    answers = [answer(anna, number) for number in range(5)]
    questions = [question(cor, number) for number in range(5)]
    three.go_on(4)
    assert {place(cor, item) for item in questions} == {FILED}
    assert {place(anna, item) for item in answers} == {FILED}


def test_a_second_look_waits_for_what_is_still_being_read_and_is_not_cut(three, monkeypatch):
    """A backlog in slices: the second look comes once after all, whole, and an idle look costs then what it did."""
    anna, _, cor = three.mailboxes
    three.service.poller.slice_s = 0.0
    answers = [answer(anna, number) for number in range(25)]
    questions = [question(cor, number) for number in range(25)]
    three.go_on(2)
    assert {m.end for m in three.service.mailboxes.values()} == {PollEnd.MORE}
    three.service.poller.slice_s = 60.0
    listed, listings = anna.messages, []

    def slowly(*arguments):
        listings.append(arguments)
        for page in listed(*arguments):  # of five
            three.clock.sleep(100)
            yield page

    monkeypatch.setattr(anna, "messages", slowly)
    three.go_on(1)
    assert {place(anna, item) for item in answers} == {LEFT}
    three.deliver("piet@acme.example")  # so that the look has ordinary work too, whose time is sliced
    three.go_on(12)
    assert len(listings) == 2, "each watched folder once"
    assert {place(cor, item) for item in questions} == {FILED}
    assert {place(anna, item) for item in answers} == {FILED}
    assert {m.end for m in three.service.mailboxes.values()} == {PollEnd.COMPLETE}
    for mailbox in three.mailboxes:
        mailbox.calls.clear()
    for index in range(3):
        three.look(index)
    assert [m.calls for m in three.mailboxes] == [{"tree_changes": 1, "changes": 2}] * 3


def test_a_second_look_that_failed_is_made_up_for(three):
    """The night's network was gone: the next look that works is the second one."""
    anna, bram, _ = three.mailboxes
    three.go_on(3)
    left = answer(anna, 1)
    three.go_on(3)
    question(bram, 1)
    three.go_on(5)
    three.service.nightly()
    anna.fail_next("messages", Unreachable("gone"), times=1)
    three.go_on(5)
    assert place(anna, left) == FILED


def test_without_anything_left_a_night_writes_nothing(world):
    """A second look lists the watched folders; it leaves no run behind."""
    world.deliver("piet@acme.example")
    world.deliver("wie@elders.example")
    world.go_on(3)
    with world.ledger.reading() as unit:
        before = [run.number for run in unit.runs.since(0)]
    world.service.nightly()
    world.go_on(3)
    with world.ledger.reading() as unit:
        assert [run.number for run in unit.runs.since(0)] == before
