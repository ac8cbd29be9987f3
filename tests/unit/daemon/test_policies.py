"""Filing policy through the daemon: on arrival, once read, after N days, flags, Sent Items, quiet hours, categories."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from zoneinfo import ZoneInfo

import pytest

from mailsorter.model.filing import FilingPolicy, QuietHours, Timing, When
from mailsorter.model.folder import WellKnown
from mailsorter.sorting.run import Job, SortOptions, sort
from mailsorter.sorting.undo import undo_run
from tests.unit.sorting.firm import Onlooker

HOUR, DAY = 60, 24 * 60
FILED, LEFT = "Clients / Acme B.V.", "Inbox"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")  # the tests begin at 10:00 there


def with_policy(world, **policy):
    world.set_book(list(world.filing.book.clients.values()), policy=FilingPolicy(**policy))
    world.start()


def test_on_arrival(world):
    """Within two looks."""
    message = world.deliver("piet@acme.example")
    world.go_on(2)
    assert world.where(message) == FILED


def test_once_read(world):
    """Unread mail stays in view for days; read, it goes with the next look."""
    with_policy(world, received=Timing(When.READ))
    message = world.deliver("piet@acme.example")
    world.go_by(3 * HOUR)
    assert world.where(message) == LEFT
    world.mailbox.server.user_changes(message, is_read=True)
    world.go_on(2)
    assert world.where(message) == FILED


def test_after_days(world):
    """Not an hour too early, and at its time although nothing changes in the mailbox."""
    with_policy(world, received=Timing(When.AFTER, 3))
    message = world.deliver("piet@acme.example")
    world.go_by(3 * DAY - HOUR)
    assert world.where(message) == LEFT
    world.go_on(HOUR + 3)
    assert world.where(message) == FILED


def test_never_while_flagged(world):
    """A flag is a person's sign that it is still work."""
    message = world.deliver("piet@acme.example", is_flagged=True)
    world.go_by(3 * HOUR)
    assert world.where(message) == LEFT
    world.mailbox.server.user_changes(message, is_flagged=False)
    world.go_on(2)
    assert world.where(message) == FILED


def with_another_policy(world, **policy):
    """The same book and rules; the config was reloaded with other words for when."""
    world.filing = replace(world.filing, policy=FilingPolicy(**policy))
    world.start()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"received": Timing(When.READ)}, {}),
        ({"received": Timing(When.AFTER, 30)}, {"received": Timing(When.AFTER, 1)}),
        ({"quiet": (QuietHours(time(9), time(18)), QuietHours(time(18), time(9)))}, {}),
    ],
    ids=["once read", "after days", "quiet hours"],
)
def test_what_waits_goes_by_the_policy_of_now(world, before, after):
    """Mail that waits under one policy is looked at again under the next, though nobody touches it."""
    with_another_policy(world, **before)
    message = world.deliver("piet@acme.example")
    world.go_by(2 * DAY)
    assert world.where(message) == LEFT
    with_another_policy(world, **after)
    world.go_on(2)
    assert world.where(message) == FILED


def test_another_policy_moves_nothing_that_an_undo_put_back(world):
    """Only another client book or other rules do."""
    message = world.deliver("piet@acme.example")
    world.go_on(2)
    with world.ledger.reading() as unit:
        (run,) = unit.runs.latest(1)
    connect = {world.mailbox.address: lambda: world.mailbox}
    assert undo_run(world.ledger, world.clock, run.id, connect, ["acme"]).total("filed") == 1
    world.go_on(2)
    assert world.where(message) == LEFT
    with_another_policy(world, received=Timing(When.AFTER, 1))
    world.go_by(2 * DAY)
    assert world.where(message) == LEFT


def test_flags_can_be_ignored(world):
    """If the config says so."""
    with_policy(world, flagged_waits=False)
    message = world.deliver("piet@acme.example", is_flagged=True)
    world.go_on(2)
    assert world.where(message) == FILED


def test_sent_items_go_by_their_own_rule(world):
    """What one has sent oneself can go at once, while received mail waits to be read."""
    with_policy(world, received=Timing(When.READ), sent=Timing(When.AFTER, 1))
    received = world.deliver("piet@acme.example")
    sent = world.deliver("anna@onzefirma.example", to="piet@acme.example", where=WellKnown.SENT)
    world.go_by(DAY - HOUR)
    assert (world.where(received), world.where(sent)) == (LEFT, "Sent Items")
    world.go_on(HOUR + 5)
    assert (world.where(received), world.where(sent)) == (LEFT, FILED)


@pytest.mark.parametrize(
    ("quiet", "minutes", "expected"),
    [
        ((QuietHours(time(8, 30), time(17, 30)),), 7 * HOUR, LEFT),
        ((QuietHours(time(8, 30), time(17, 30)),), 8 * HOUR, FILED),
        ((QuietHours(time(8, 30), time(12)), QuietHours(time(13), time(17, 30))), 2 * HOUR + 30, FILED),
        ((QuietHours(time(18), time(7)),), 2, FILED),
    ],
    ids=["still quiet", "evening", "lunch", "only at night"],
)
def test_quiet_hours_are_of_the_firms_own_clock(world, quiet, minutes, expected):
    """Nothing moves while they last; soon after it does, although nothing changes in the mailbox."""
    with_policy(world, quiet=quiet, zone=AMSTERDAM)
    message = world.deliver("piet@acme.example")
    world.go_by(max(0, minutes - 30))
    world.go_on(min(30, minutes))
    assert world.where(message) == expected


def test_each_mailbox_by_its_own_policy(three):
    """One reads first, one files at once."""
    jobs = three.jobs()
    from dataclasses import replace

    from mailsorter.daemon.service import Settings

    slow = replace(three.filing, policy=FilingPolicy(received=Timing(When.READ)))
    jobs[1] = replace(jobs[1], filing=slow)
    three.service.take_over(jobs, Settings(pace=three.service.settings.pace))
    from mailsorter.model.message import Participant

    places = []
    for mailbox in three.mailboxes[:2]:
        message = mailbox.server.deliver(from_=Participant("a@acme.example"), subject="x")
        places.append((mailbox.server, message))
    three.go_on(5)
    found = [server.tree().path(server.item(message).message.folder_id) for server, message in places]
    assert found == [("Clients", "Acme B.V."), ("Inbox",)]


def test_a_category_with_the_clients_name_is_stamped_beside_others(world):
    """And taken back by an undo, which is tested with undo."""
    world.set_book(list(world.filing.book.clients.values()), stamp_category=True)
    world.start()
    message = world.deliver("piet@acme.example", categories=("Rood",))
    world.go_on(2)
    assert world.where(message) == FILED
    assert world.mailbox.server.item(message).message.categories == ("Rood", "Acme B.V.")


def test_a_policy_that_becomes_looser_lets_waiting_mail_go(world):
    """Reload from "read" to "arrival": what waited to be read is filed without being read."""
    with_policy(world, received=Timing(When.READ))
    message = world.deliver("piet@acme.example")
    world.go_on(5)
    assert world.where(message) == LEFT
    world.set_book(list(world.filing.book.clients.values()), policy=FilingPolicy(), rules_digest=b"other")
    world.start()
    world.go_on(5)
    assert world.where(message) == FILED


def test_a_daemon_notices_that_somebody_sorted_by_another_policy_meanwhile(world):
    """What waited for its day waits for the reader since; the daemon goes by its own policy again."""
    with_another_policy(world, received=Timing(When.AFTER, 3))
    message = world.deliver("piet@acme.example")
    world.go_on(2)
    read = replace(world.filing, policy=FilingPolicy(received=Timing(When.READ)))
    by_hand = Job(world.mailbox.address, read, lambda: world.mailbox)
    assert sort(world.ledger, world.clock, [by_hand], SortOptions(Onlooker())).mailboxes[0].left == {"wait": 1}
    world.go_by(4 * DAY)
    world.go_on(2)
    assert world.where(message) == FILED
