"""When mail is filed, from the words of a config to the folder: the daemon over real HTTP, on one virtual clock.

Two mailboxes of one firm: Bram's goes by `[filing]`, Anna's by her own words, which stand at her mailbox and override.
The clock shows Monday 09:00 in Amsterdam when the mail comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from mailsorter.emulator.store.records import Address
from tests.endtoend.weather import ACME, LEFT, PACE, Weather, weather

READ = {"isRead": True}
FLAG, NO_FLAG = {"flag": {"flagStatus": "flagged"}}, {"flag": {"flagStatus": "notFlagged"}}


@pytest.fixture
def world(tmp_path) -> Iterator[Weather]:
    with weather(tmp_path) as made:
        yield made


def configured(world: Weather, firm: str, anna: str = "") -> None:
    """The daemon with these words in [filing] and at Anna's mailbox."""
    world.firm.write_config(f"{PACE}[filing]\n{firm}\n")
    text = world.firm.config.read_text("utf-8")
    entry = f'address = "{world.anna.address}"\n'
    assert entry in text
    world.firm.config.write_text(text.replace(entry, f"{entry}{anna}\n"), "utf-8")
    world.restart()


@dataclass(frozen=True)
class Policy:
    """One row. `then`: after so many hours a person does this to both messages, or nothing; then they lie there."""

    name: str
    firm: str
    anna: str
    then: tuple[tuple[float, dict[str, Any], str, str], ...]  # hours, touch, Anna's folder, Bram's folder
    mail: dict[str, Any] = field(default_factory=dict)


TABLE = (
    Policy("on arrival, Anna once read", 'when = "arrival"', 'when = "read"', (
        (0.5, {}, LEFT, ACME), (48, {}, LEFT, ACME), (0.5, READ, ACME, ACME),
    )),
    Policy("once read, Anna on arrival", 'when = "read"', 'when = "arrival"', (
        (0.5, {}, ACME, LEFT), (24, {}, ACME, LEFT), (0.5, READ, ACME, ACME),
    )),
    Policy("after three days, Anna after one", 'when = "after 3 days"', 'when = "after 1 day"', (
        (23, {}, LEFT, LEFT), (1.5, {}, ACME, LEFT), (46.5, {}, ACME, LEFT), (1.5, {}, ACME, ACME),
    )),
    Policy("flags wait, Anna's do not", "never_while_flagged = true", "never_while_flagged = false", (
        (24, {}, ACME, LEFT), (0.5, NO_FLAG, ACME, ACME),
    ), mail={"flag": {"flagStatus": "flagged"}}),
    Policy("flagged after it came", 'when = "read"', "", (
        (0.5, FLAG, LEFT, LEFT), (3, READ, LEFT, LEFT), (0.5, NO_FLAG, ACME, ACME),
    )),
    Policy("quiet hours, Anna has none", 'quiet_hours = "08:30-17:30"', "quiet_hours = []", (
        (8, {}, ACME, LEFT), (1, {}, ACME, ACME),
    )),
    Policy("quiet hours are Anna's alone", "", 'quiet_hours = ["08:30-12:00", "13:00-17:30"]', (
        (2.75, {}, LEFT, ACME), (0.75, {}, ACME, ACME),
    )),
    Policy("watched folders are Anna's own", "", 'watch = ["sentitems"]', (
        (3, {}, LEFT, ACME),
    )),
)  # fmt: skip


@pytest.mark.parametrize("policy", TABLE, ids=[row.name for row in TABLE])
def test_mail_that_came_is_filed_when_the_config_says(world, policy):
    """Not before, and soon after, also when nothing else happens in the mailbox."""
    configured(world, policy.firm, policy.anna)
    mail = [world.arrive(mailbox=number, **policy.mail) for number in range(2)]
    for hours, touch, *expected in policy.then:
        if touch:
            for message in mail:
                world.touches(message, **touch)
        world.clock.sleep(max(0.0, hours - 1) * 3600)  # the looks of the last hour tell as much as all of them
        world.go_on(min(hours, 1))
        assert [world.where(message) for message in mail] == expected
    assert world.troubles() == []


@pytest.mark.parametrize(
    ("firm", "anna", "expected"),
    [
        ('when = "read"\nsent = { when = "arrival" }', "", (ACME, ACME)),
        ('when = "arrival"\nsent = { when = "after 1 day" }', "", ("Sent Items", "Sent Items")),
        ('when = "arrival"', 'sent = { when = "after 1 day" }', ("Sent Items", ACME)),
        ('sent = { when = "after 1 day" }', 'sent = { when = "arrival" }', (ACME, "Sent Items")),
    ],
    ids=["sent at once, received once read", "sent a day later", "Anna's a day later", "Anna's at once"],
)
def test_sent_items_go_by_their_own_rule(world, firm, anna, expected):
    """And where a day is to pass it passes, and then they go."""
    configured(world, firm, anna)
    mail = [
        world.arrive(
            owner.address, mailbox=number, folder="sentitems", to=[Address("Piet", "piet@acme.example")], is_read=True
        )
        for number, owner in enumerate(world.firm.mailboxes)
    ]
    received = world.arrive(mailbox=1)
    world.go_on(3)
    assert tuple(world.where(message) for message in mail) == expected
    assert world.where(received) == (LEFT if 'when = "read"' in firm else ACME)
    world.clock.sleep(21 * 3600)
    world.go_on(1)
    assert [world.where(message) for message in mail] == [ACME, ACME]


@pytest.mark.parametrize(
    ("firm", "anna", "expected"),
    [
        ("stamp_category = true", "", 2),
        ("", "stamp_category = true", 1),
        ("stamp_category = true", "stamp_category = false", 0),
    ],
)
def test_a_category_with_the_clients_name_is_stamped_where_the_config_says(world, firm, anna, expected):
    """Beside those that are there; all of it in Exchange's own answer."""
    configured(world, firm, anna)
    mail = [world.arrive(mailbox=number, categories=["Rood"]) for number in range(2)]
    world.go_on(0.5)
    assert [world.where(message) for message in mail] == [ACME, ACME]
    stamped = [world.shown(message)["categories"] for message in mail]
    with_name, without = ["Rood", "Acme B.V."], ["Rood"]
    assert stamped == {2: [with_name, with_name], 1: [with_name, without], 0: [without, with_name]}[expected]
