"""The definition in a firm: every identifier in every place, spread over every kind of folder, found at each depth.

The same table as in tests/unit/cases/test_concerns.py, here through mailboxes, searches and the proof's witness.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import pytest

from mailsorter.cases.find import Findings, find
from mailsorter.cases.intake import open_case
from mailsorter.cases.verify import attest
from mailsorter.cases.witness import Marks
from mailsorter.emulator import EmulatorClock, running_emulator
from mailsorter.emulator.mime.read import read_mime
from mailsorter.emulator.store import Address
from mailsorter.emulator.store.records import NewAttachment
from mailsorter.model.case import CaseKind, Role
from mailsorter.model.concern import CONCERNS, Concern, Identifier, Where
from mailsorter.model.coverage import Depth
from tests.cases.office import NOW
from tests.cases.tenant import Tenant
from tests.cases.test_plantings_ews import PremisesTenant
from tests.unit.cases.concerns import OTHERS, PLACES, SPELLINGS, SUBJECT, PlaceOf

ROLES = {
    Concern.THEIRS: {Role.AUTHOR, Role.ONLY_RECIPIENT, Role.ONE_OF_MANY},
    Concern.MENTIONED: {Role.MENTIONED},
    Concern.POSSIBLE: {Role.POSSIBLE},
}
KINDS: tuple[tuple[str | tuple[str, ...], ...], ...] = (
    ("inbox", "sentitems", "deleteditems", "junkemail", ("Clients", "Klant B.V.")),
    ("hidden",),
    ("recoverableitemsdeletions", "recoverableitemspurges", "recoverableitemsversions"),
    ("archive",),
    ("migrated", "migrated below the inbox"),
    ("another mailbox",),
)
"""Folders by kind: the definition holds in each kind."""
FOLDERS = tuple(folder for kind in KINDS for folder in kind)
CLASSES = {
    **{(place.where, place.how): "IPM.Schedule.Meeting.Request" for place in PLACES if place.where is Where.CALENDAR},
    **{(place.where, place.how): "REPORT.IPM.Note.NDR" for place in PLACES if place.where is Where.REPORT},
    (Where.ITEM, "note"): "IPM.StickyNote",
    (Where.ITEM, "task"): "IPM.Task",
}
"""What Exchange makes of what it delivers, and of what Outlook's other pages keep."""
TEXTS_OF_ATTACHMENTS = {(Where.ATTACHMENT, "CSV"), (Where.ATTACHMENT, "Word"), (Where.ATTACHMENT, "RTF"),
                        (Where.ATTACHMENT, "winmail.dat"),
                        (Where.ITEM, "contact")}  # fmt: skip
"""What `bodies` leaves closed. Archives are opened for their names, messages because they are mail."""
UNOPENED = TEXTS_OF_ATTACHMENTS | {(Where.ATTACHMENT_NAME, "file")}
UNLISTED = {(Where.ITEM, "note"), (Where.ITEM, "task")}
"""Items that Graph's mail folders hold and no listing of messages shows: counted as `other-items`. EWS lists them."""
NO_SUCH_CELL = {
    *((kind, where) for kind in (Identifier.NAME, Identifier.PHONE) for where in (Where.PARTICIPANT, Where.REPORT)),
    (Identifier.DIRECTORY_NAME, Where.ATTACHMENT_NAME),
}
"""What holds an address holds no name and no number, and the name of a file holds no slashes."""
SCAN = 2_000
IMPOSSIBLE = {"encrypted", "attachments-not-readable"}


class Planted(NamedTuple):
    """One message of the table, where it is, and what it must be found as."""

    place: PlaceOf
    identifier: Identifier
    spelling: str
    folder: str | tuple[str, ...]


def plantings() -> Iterator[Planted]:
    """Every row and column of the definition in every kind of folder, in every way that a place takes it."""
    used = dict.fromkeys(Identifier, 0)
    places = [cycle(kind) for kind in KINDS]
    for where in Where:
        for identifier in Identifier:
            ways = [place for place in PLACES if place.where is where and identifier in place.takes]
            spelled = [spelling for kind, spelling in SPELLINGS if kind is identifier]
            for number in range(max(len(ways), len(KINDS)) if ways else 0):
                spelling = spelled[used[identifier] % len(spelled)]
                used[identifier] += 1
                folder = next(places[number % len(KINDS)])
                yield Planted(ways[number % len(ways)], identifier, spelling, folder)


class World:
    """A firm with the table's mail in it. Each subject ends in the number of its planting."""

    def __init__(self, firm: Tenant) -> None:
        self.firm = firm
        anna, store = firm.mailboxes[0], firm.store
        self._archive = store.mailboxes.add_archive(anna)
        self._hidden = store.folders.create(anna, store.folders.well_known(anna, "msgfolderroot"), "H", hidden=True)
        inbox = store.folders.well_known(anna, "inbox")
        self._migrated = {
            "migrated": store.folders.create(
                anna, store.folders.well_known(anna, "msgfolderroot"), "Oud", folder_class="IPF.Imap"
            ),
            "migrated below the inbox": store.folders.create(anna, inbox, "INBOX", folder_class="IPF.Imap"),
        }
        self.planted = dict(enumerate(plantings()))
        placed = {number: (one.place, one.spelling) for number, one in self.planted.items()}
        placed |= {number: (PLACES[number % len(PLACES)], other) for number, other in enumerate(OTHERS, start=1_000)}
        for number, (place, text) in placed.items():
            folder = self.planted[number].folder if number in self.planted else FOLDERS[number % len(FOLDERS)]
            self._put(place, text, number, folder)
        of = {number: (place.where, place.how) for number, (place, _) in placed.items()}
        self.unopened = {SCAN, *(number for number, place in of.items() if place in UNOPENED)}
        self.unlisted = {n for n, place in of.items() if place in UNLISTED and not isinstance(firm, PremisesTenant)}
        scan = [NewAttachment("scan.pdf", "application/pdf", b"%PDF-1.7 \x00 Zande")]
        firm.put(anna, subject=f"scan [{SCAN}]", body="Zie de bijlage, die ik voor u heb ingescand op kantoor.",
                 attachments=scan)  # fmt: skip
        firm.put(anna, subject="geheim [2001]", message_class="IPM.Note.SMIME", body="x")

    def _put(self, place_of: PlaceOf, text: str, number: int, where: str | tuple[str, ...]) -> None:
        store, anna = self.firm.store, self.firm.mailboxes[0]
        placed = place_of.put(text)
        new = read_mime(placed.raw)
        shown = {
            "subject": f"{placed.subject} [{number}]", "from_": Address(placed.sender_name, placed.sender),
            "message_class": CLASSES.get((place_of.where, place_of.how), "IPM.Note"),
            "to": [Address("Anna", placed.to)], "received": int(NOW.timestamp()) - number,
        }  # fmt: skip
        new = dataclasses.replace(new, **shown)
        mailbox = {"archive": self._archive, "another mailbox": self.firm.mailboxes[1]}.get(str(where), anna)
        root = store.folders.well_known(mailbox, "msgfolderroot")
        if where == "hidden":
            store.messages.create(mailbox, self._hidden, new)
        elif where in self._migrated:  # mail gets there by migration alone: Graph creates nothing in such a folder
            made = store.messages.create(mailbox, root, new)
            store.messages.move(mailbox, made, self._migrated[str(where)])
        elif isinstance(where, tuple) or where in ("archive", "another mailbox"):
            place = root
            for name in where if isinstance(where, tuple) else ("Oud",):
                below = [f for f in store.folders.children(place) if f.name == name]
                place = below[0] if below else store.folders.create(mailbox, place, name)
            store.messages.create(mailbox, place, new)
        elif where.startswith("recoverable"):
            made = store.messages.create(mailbox, root, new)
            store.recoverable.relocate(mailbox, made, store.folders.well_known(mailbox, where))
        else:
            store.messages.create(mailbox, store.folders.well_known(mailbox, where), new)

    def searched(self, depth: Depth) -> tuple[Findings, dict[int, Role]]:
        office = self.firm.office
        self.number = open_case(office, CaseKind.ERASURE, SUBJECT).number
        attest(office, self.number, "known")
        found = find(office, self.number, depth=depth)
        return found, {int(f.subject.rpartition("[")[2].strip("]")): f.role for f in found.findings}

    def counted(self, found: Findings, reason: str) -> int:
        return sum(gap.count for gap in found.not_seen if gap.reason == reason)

    def wrong(self, roles: dict[int, Role]) -> dict[str, object]:
        """The plantings that were not found as they must be, but for those that no listing shows."""
        return {
            f"{one.place.where} ({one.place.how}): {one.spelling} [{number}]": roles.get(number)
            for number, one in self.planted.items()
            if number not in self.unlisted and roles.get(number) not in ROLES[CONCERNS[one.identifier, one.place.where]]
        }

    def witnessed(self, depth: Depth) -> set[tuple[str, str]]:
        """Mailbox and id of every message in which the witness sees the person."""
        marks = Marks(
            addresses=SUBJECT.addresses, names=(*SUBJECT.names, *SUBJECT.aliases), phones=SUBJECT.phones
        )  # fmt: skip
        names = self.firm.office.open_file(self.number).read("scope", list[str]) or []
        looks = [self.firm.office.open_witness().look(name, marks, frozenset(), depth.value) for name in names]
        return {(look.mailbox, hit.id) for look in looks for hit in look.hits}


ROADS = ("graph", *(("ews",) if find_spec("mailsorter.mailbox.ews") else ()))


@pytest.fixture(params=ROADS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    kind = Tenant if request.param == "graph" else PremisesTenant
    with running_emulator(clock=EmulatorClock(frozen_at=NOW)) as emulator:
        firm = kind(emulator, tmp_path, ("anna", "bert"), "", 0)
        yield World(firm)
        firm.assembly.close()


def test_everything_is_found_but_what_nobody_can_read(world: World) -> None:
    """Every planting with its meaning; nobody else's; and the witness sees exactly the same messages."""
    planted = world.planted.values()
    assert len(planted) >= 120
    assert {(one.identifier, one.place.where, kind) for one in planted for kind in KINDS if one.folder in kind} == {
        (*cell, kind) for cell in CONCERNS.keys() - NO_SUCH_CELL for kind in KINDS
    }
    assert {(one.place, one.identifier) for one in planted} == {(p, i) for p in PLACES for i in p.takes}
    assert {(one.identifier, one.spelling) for one in planted} == set(SPELLINGS)
    assert {one.folder for one in planted} == set(FOLDERS)
    found, roles = world.searched(Depth.EVERYTHING)
    assert world.wrong(roles) == {}
    assert {number for number in roles if number not in world.planted} == set()
    assert {gap.reason for gap in found.not_seen} & IMPOSSIBLE == IMPOSSIBLE
    assert world.counted(found, "other-items") == len(world.unlisted)
    assert world.witnessed(Depth.EVERYTHING) == {finding.key for finding in found.findings}


def test_bodies_miss_the_texts_of_attachments_and_count_them(world: World) -> None:
    found, roles = world.searched(Depth.BODIES)
    missing = {number for number in world.planted if number not in roles} - world.unlisted
    assert {(one.place.where, one.place.how) for one in map(world.planted.__getitem__, missing)} == TEXTS_OF_ATTACHMENTS
    assert len(world.wrong(roles)) == len(missing)
    assert world.counted(found, "attachments-not-opened") == len(world.unopened)
    assert world.counted(found, "other-items") == len(world.unlisted)
    assert world.witnessed(Depth.BODIES) == {finding.key for finding in found.findings}
