"""The synthetic consultancy: a year and a half of a small Dutch firm's mail, invented, the same for the same seed.

What kinds there are and how often is one table, `_KINDS`; `letters.py` writes the texts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from mailsorter.emulator.seed import letters
from mailsorter.emulator.seed.letters import Letter
from mailsorter.emulator.seed.tree import Seeded
from mailsorter.emulator.seed.world import World, keep_world, make_world
from mailsorter.emulator.seed.writer import BulkWriter
from mailsorter.emulator.store import Folder, Mailbox, Store

Writer = Callable[[random.Random, World, int], list[Letter]]


class Kind(NamedTuple):
    """One kind of correspondence."""

    name: str
    weight: int
    write: Writer


_KINDS = (
    Kind("client thread", 46, letters.client_thread),
    Kind("project code only", 3, letters.code_only),
    Kind("two clients", 2, letters.two_clients),
    Kind("offer", 4, letters.offer),
    Kind("invoice", 5, letters.invoice),
    Kind("forward", 4, letters.forward),
    Kind("contact form", 3, letters.contact_form),
    Kind("bounce", 2, letters.bounce),
    Kind("invitation", 4, letters.invitation),
    Kind("internal", 10, letters.internal),
    Kind("private", 3, letters.private),
    Kind("newsletter", 8, letters.newsletter),
    Kind("applicant", 3, letters.applicant),
    Kind("stranger", 3, letters.stranger),
)


def client_count(messages: int) -> int:
    """How many clients a firm with so much mail has."""
    return max(6, min(600, messages // 50))


def seed_synthetic(
    store: Store, messages: int, *, random_seed: int = 1, progress: Callable[[int], None] = lambda count: None
) -> Seeded:
    """Fill the store with exactly `messages` messages over all mailboxes, at least half of them in the first.

    Raises:
        ValueError: a negative number of messages.
    """
    if messages < 0:
        raise ValueError("the number of messages cannot be negative")
    chance = random.Random(random_seed)
    world = make_world(chance, client_count(messages))
    keep_world(store, world)
    places = _places(store, world)
    done = Seeded(mailboxes=len(places), addresses=[place.mailbox.address for place in places])
    with BulkWriter(store, expected=messages) as writer:
        for letter in _stream(chance, world, messages):
            place = places[letter.owner]
            number = writer.add(place.mailbox, place.folders[letter.folder], letter.message)
            writer.tell_truth(number, letter.client, letter.kind, letter.note)
            done.messages += 1
            if done.messages % 1000 == 0:
                progress(1000)
    progress(done.messages % 1000)
    return done


class _Place(NamedTuple):
    mailbox: Mailbox
    folders: dict[str, Folder]


def _places(store: Store, world: World) -> list[_Place]:
    found = []
    for number, person in enumerate((*world.staff, world.shared)):
        shared = number == len(world.staff)
        mailbox = store.mailboxes.by_any_name(person.address) or store.mailboxes.create(
            person.address, person.name, kind="shared" if shared else "user", language="nl" if number == 1 else "en"
        )
        names = ("inbox", "sentitems", "deleteditems", "archive")
        found.append(_Place(mailbox, {name: store.folders.well_known(mailbox, name) for name in names}))
    return found


#: More than the longest exchange of letters, so that the first mailbox can never fall below half.
_AHEAD = 24


def _stream(chance: random.Random, world: World, messages: int) -> Iterator[Letter]:
    """Exactly so many letters; the first mailbox gets the next ones whenever it is not well ahead."""
    kinds = [kind for kind in _KINDS for _ in range(kind.weight)]
    total = first = 0
    while total < messages:
        owner = 0 if first * 2 < total + _AHEAD else chance.randrange(len(world.staff) + 1)
        kind = chance.choice(kinds)
        for letter in kind.write(chance, world, owner):
            if total < messages:
                total += 1
                first += letter.owner == 0
                yield letter._replace(kind=kind.name)
