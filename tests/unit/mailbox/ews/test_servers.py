"""Answers that differ between EWS servers: each is survived, and costs what it must and no more."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from mailsorter.clock import VirtualClock
from mailsorter.emulator import Emulator, NewMessage, running_emulator
from mailsorter.emulator.ews.face import EwsFace, EwsResponse
from mailsorter.emulator.ews.switches import EXCLUSIVE, SWITCHES, all_compatible, with_switches
from mailsorter.errors import (
    MailboxGone,
    MailsorterError,
    NotFound,
    Refused,
    Unreachable,
)
from mailsorter.mailbox.base import Detail, Done, Mailbox, Move
from mailsorter.mailbox.ews import EwsSettings, Password, open_mailbox
from mailsorter.mailbox.ews.codes import BESIDE_THE_SCHEMA, group_of, in_schema
from mailsorter.mailbox.ews.refusals import translate
from mailsorter.model.folder import WellKnown

ADDRESS = "anna@firm.example"
OTHERS = {"NOT_FOUND": NotFound, "AWAY": Unreachable, "REFUSED": Refused, "GONE": MailboxGone}


class Office:
    """One mailbox on a server, and the connector that works it."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.box = emulator.store.mailboxes.create(ADDRESS, "Anna", state="on-premises")
        settings = EwsSettings(f"{emulator.url}/ews/exchange.asmx", Password("basic", "emulator", "emulator"))
        clock = VirtualClock(emulator.clock.now())
        self.mailbox: Mailbox = open_mailbox(settings, ADDRESS, clock=clock)
        self.tree = self.mailbox.tree()
        self.inbox = self._id(WellKnown.INBOX)

    def _id(self, name: WellKnown) -> str:
        found = self.tree.well_known(name)
        assert found is not None
        return found.id

    @property
    def asked(self) -> int:
        """How many requests were sent so far."""
        return int(self.mailbox._inner._inner.requests)  # type: ignore[attr-defined]

    def deliver(self, count: int, **fields: Any) -> list[str]:
        """So many messages into the Inbox, read once; their ids."""
        inbox = self.emulator.store.folders.well_known(self.box, "inbox")
        for n in range(count):
            new = NewMessage(**({"subject": f"message {n}", "message_id": f"<{n}@x.example>"} | fields))
            self.emulator.store.messages.create(self.box, inbox, new)
        return [m.id for page in self.mailbox.messages(self.inbox, Detail.ENVELOPE) for m in page]

    def subject(self, item_id: str) -> str:
        (found,) = self.mailbox.fetch([item_id])
        return getattr(found, "subject", str(found))

    def moved(self, ids: list[str], target: str) -> list[Any]:
        """In batches, as the performer asks."""
        outcomes: list[Any] = []
        for start in range(0, len(ids), 20):
            outcomes += self.mailbox.move([Move(i, target) for i in ids[start : start + 20]])
        return outcomes


@pytest.fixture
def office() -> Iterator[Office]:
    with running_emulator() as emulator:
        yield Office(emulator)


@pytest.mark.parametrize("switches", [("no_new_ids",), ("no_new_ids", "no_binary_restriction")])
def test_new_ids_that_are_not_told_are_found_in_batches(office: Office, switches: tuple[str, ...]) -> None:
    """Every message under its own new id, for at most twice the requests."""
    ids = office.deliver(60)
    subjects = {i: office.subject(i) for i in ids[:3]}
    filed = office.mailbox.create_folder(office.tree.root_id, "Filed").id
    office.emulator.conditions.ews = with_switches(*switches)
    before = office.asked
    outcomes = office.moved(ids, filed)
    assert all(isinstance(o, Done) and o.id and o.folder_id == filed for o in outcomes)
    assert office.asked - before <= 6 + (switches != ("no_new_ids",))  # the refusal is met once
    assert {office.subject(outcomes[n].id) for n in range(60) if ids[n] in subjects} == set(subjects.values())
    assert len({o.id for o in outcomes}) == 60


def test_several_targets_are_looked_into_by_one_request(office: Office) -> None:
    """Twenty messages into four folders: four moves, and one search for all."""
    ids = office.deliver(20)
    folders = [office.mailbox.create_folder(office.tree.root_id, f"Filed {n}").id for n in range(4)]
    office.emulator.conditions.ews = with_switches("no_new_ids")
    before = office.asked
    outcomes = office.mailbox.move([Move(i, folders[n % 4]) for n, i in enumerate(ids)])
    assert office.asked - before == 5
    assert [o.folder_id for o in outcomes if isinstance(o, Done)] == [folders[n % 4] for n in range(20)]


def test_which_of_two_copies_was_moved_is_not_guessed(office: Office) -> None:
    """A copy that lay in the target before shares the search key: the answer is that nobody knows."""
    (first,) = office.deliver(1)
    filed = office.mailbox.create_folder(office.tree.root_id, "Filed").id
    office.mailbox.copy([Move(first, filed)])
    office.emulator.conditions.ews = with_switches("no_new_ids")
    (outcome,) = office.mailbox.move([Move(first, filed)])
    assert isinstance(outcome, Unreachable)


def test_a_copy_without_a_told_id_is_found(office: Office) -> None:
    """In its target, by the key that it shares with the original."""
    (first,) = office.deliver(1)
    filed = office.mailbox.create_folder(office.tree.root_id, "Filed").id
    office.emulator.conditions.ews = with_switches("no_new_ids")
    (outcome,) = office.mailbox.copy([Move(first, filed)])
    assert isinstance(outcome, Done)
    assert (outcome.folder_id, office.subject(outcome.id)) == (filed, "message 0")
    assert outcome.id != first


def test_a_key_that_was_not_read_yet_is_read_before_the_move(office: Office) -> None:
    """By a connector that never saw the message, as long as it does not know that this server tells ids."""
    ids = office.deliver(2)
    filed = office.mailbox.create_folder(office.tree.root_id, "Filed").id
    office.emulator.conditions.ews = with_switches("no_new_ids")
    fresh = open_mailbox(
        EwsSettings(f"{office.emulator.url}/ews/exchange.asmx", Password("basic", "emulator", "emulator")),
        ADDRESS,
        clock=VirtualClock(office.emulator.clock.now()),
    )
    assert isinstance(fresh.move([Move(ids[0], filed)])[0], Done)
    assert isinstance(fresh.move([Move(ids[1], filed)])[0], Done)


def test_no_recoverable_items(office: Office) -> None:
    """The tree has none and says nothing else; an erasure ends, and nothing is claimed to lie there."""
    ids = office.deliver(2)
    office.emulator.conditions.ews = with_switches("no_recoverable_items")
    tree = office.mailbox.tree(hidden=True, recoverable=True)
    assert tree.well_known(WellKnown.RECOVERABLE_ROOT) is None
    assert tree.well_known(WellKnown.INBOX) is not None
    assert office.mailbox.delete_permanently(ids[:1]) == [Done(ids[0])]
    assert office.mailbox.delete_hard(office.inbox, ids[1:]) == [Done(ids[1])]
    assert [type(one) for one in office.mailbox.locate(ids)] == [NotFound, NotFound]


@pytest.mark.parametrize("switch", ["no_binary_restriction", "fewer_elements"])
def test_an_erasure_finds_what_it_deleted(office: Office, switch: str) -> None:
    """In Recoverable Items, under its new id, by restriction or by listing."""
    ids = office.deliver(3)
    office.emulator.conditions.ews = with_switches(switch)
    outcomes = office.mailbox.delete_permanently(ids)
    deletions = office.mailbox.tree(recoverable=True).well_known(WellKnown.RECOVERABLE_DELETIONS)
    assert deletions is not None
    assert [(type(o), getattr(o, "folder_id", "")) for o in outcomes] == [(Done, deletions.id)] * 3
    assert len({o.id for o in outcomes if isinstance(o, Done)} - set(ids)) == 3


def test_a_query_that_is_ignored_stops_the_search_as_useless(office: Office) -> None:
    """More hits than messages: what came is given to be checked, and the search says that it is none."""
    office.deliver(5)
    assert office.mailbox.search(["message 3"]).is_complete
    office.emulator.conditions.ews = with_switches("ignores_query")
    hits = office.mailbox.search(["nothing", "nobody", "nowhere"])
    assert hits.is_useless
    assert not hits.is_complete
    assert len(hits.messages) == 5


def test_pages_without_paging_attributes_are_read_to_the_end(office: Office) -> None:
    """Folders, listings, and folders that hold nothing."""
    office.emulator.conditions.ews = with_switches("fewer_elements")
    settings = EwsSettings(
        f"{office.emulator.url}/ews/exchange.asmx", Password("basic", "emulator", "emulator"), page=3
    )
    fresh = open_mailbox(settings, ADDRESS, clock=VirtualClock(office.emulator.clock.now()))
    office.deliver(7)
    assert len([s for page in fresh.list_ids(office.inbox) for s in page]) == 7
    drafts = office.tree.well_known(WellKnown.DRAFTS)
    assert drafts is not None
    assert [s for page in fresh.list_ids(drafts.id, hidden=True) for s in page] == []
    hidden = office.emulator.store.folders.well_known(office.box, "msgfolderroot")
    made = office.emulator.store.folders.create(office.box, hidden, "Verborgen", hidden=True)
    assert made.hidden
    assert "Verborgen" not in {f.name for f in fresh.tree()}
    assert "Verborgen" in {f.name for f in fresh.tree(hidden=True)}
    assert fresh.tree().well_known(WellKnown.INBOX) is not None


def test_other_codes_mean_the_same(office: Office) -> None:
    """A target folder, a synchronised folder, an item and a mailbox that are not there."""
    office.emulator.conditions.ews = with_switches("other_codes")
    ids = office.deliver(2)
    made = office.mailbox.create_folder(office.tree.root_id, "Weg")
    number = next(f.id for f in office.emulator.store.folders.subtree(_top(office)) if f.name == "Weg")
    office.emulator.store.messages.permanent_delete_folder(
        office.box, next(f for f in office.emulator.store.folders.subtree(_top(office)) if f.id == number)
    )
    told: list[Any] = office.mailbox.move([Move(ids[0], made.id)])
    assert isinstance(told[0], NotFound)
    assert "ErrorToFolderNotFound" in str(told[0])
    with pytest.raises(NotFound, match="ErrorSyncFolderNotFound"):
        list(office.mailbox.changes(made.id, None))
    office.mailbox.delete_hard(office.inbox, ids[:1])
    assert "ErrorInvalidId" in str(office.mailbox.locate(ids[:1])[0])
    assert isinstance(office.mailbox.locate(ids[:1])[0], NotFound)
    nobody = open_mailbox(
        EwsSettings(f"{office.emulator.url}/ews/exchange.asmx", Password("basic", "emulator", "emulator")),
        "nobody@firm.example",
        clock=VirtualClock(office.emulator.clock.now()),
    )
    with pytest.raises(MailboxGone, match="ErrorCannotFindUser"):
        nobody.tree()


def _top(office: Office) -> Any:
    return office.emulator.store.folders.well_known(office.box, "msgfolderroot")


def test_a_connection_that_is_dropped_after_a_large_body(office: Office) -> None:
    """HTTP 400 to the next request on it: asked once more on another connection, and done once."""
    ids = office.deliver(200)
    filed = office.mailbox.create_folder(office.tree.root_id, "Filed").id
    office.emulator.conditions.ews = with_switches("drops_after_large_body")
    before = office.asked
    assert not [one for one in office.mailbox.fetch(ids) if isinstance(one, MailsorterError)]
    assert all(isinstance(o, Done) for o in office.moved(ids[:40], filed))
    assert office.asked - before > 4  # so it did happen
    assert len([s for page in office.mailbox.list_ids(filed) for s in page]) == 40


Answer = Callable[[EwsFace, str, bytes, str], EwsResponse]


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("code", ["ErrorInternalServerError", "ErrorAccessDenied", "ErrorInvalidRequest"])
def test_a_deletion_whose_look_up_is_refused_is_open(office: Office, hard: bool, code: str) -> None:
    """It was done: the item is unknown, never refused, and the next call may look again."""
    from mailsorter.emulator.faults import FaultPlan

    ids = office.deliver(2)
    office.mailbox.fetch(ids, Detail.TRACES)
    rule = {"path": "users/*/ews/finditem", "status": 403, "code": code, "times": 10}
    office.emulator.faults.set_plan(FaultPlan.make({"fault": [rule]}))
    call = (
        (lambda: office.mailbox.delete_hard(office.inbox, ids))
        if hard
        else (lambda: office.mailbox.delete_permanently(ids))
    )
    assert [type(outcome) for outcome in call()] == [Unreachable, Unreachable]
    office.emulator.faults.set_plan(FaultPlan())
    assert [type(place) for place in office.mailbox.locate(ids)] == [NotFound, NotFound]


def test_each_switch_is_alone_or_compatible() -> None:
    """Every switch is in the combination but those that exclude others, which are listed."""
    together = all_compatible()
    assert {name for name in SWITCHES if not getattr(together, name)} == EXCLUSIVE
    assert set(SWITCHES) >= EXCLUSIVE


def test_a_refused_request_is_sent_once(office: Office) -> None:
    """ErrorInvalidRequest is no wrong version: nothing is sent again under other ones, a change least of all."""
    from mailsorter.emulator.faults import FaultPlan

    (first,) = office.deliver(1)
    rule = {"path": "users/*/ews/moveitem", "status": 403, "code": "ErrorInvalidRequest", "times": 1}
    office.emulator.faults.set_plan(FaultPlan.make({"fault": [rule]}))
    (outcome,) = office.mailbox.move([Move(first, office.inbox)])
    assert isinstance(outcome, Refused)
    assert office.emulator.faults.struck == [1]
    assert office.emulator.ews.schema_faults == []


# response codes --------------------------------------------------------------------------------------------------


def test_every_code_is_in_one_group() -> None:
    """None twice; and each group has its own error."""
    codes = [code for code, _ in in_schema()]
    assert len(codes) == len(set(codes)) == 520
    assert not set(codes) & BESIDE_THE_SCHEMA.keys()
    for code, group in group_of().items():
        raised = translate(code, ADDRESS, "read messages")
        assert type(raised) is not MailsorterError
        if group in OTHERS:
            assert type(raised) is OTHERS[group], code
    assert isinstance(translate("ErrorOfTomorrow", ADDRESS, "read messages"), Refused)


def test_a_mailbox_code_of_one_item_ends_no_mailbox() -> None:
    """Of one item among many it is a refusal of that item."""
    for code, group in group_of().items():
        if group == "GONE":
            assert isinstance(translate(code, ADDRESS, "read messages", is_item=True), Refused)


@pytest.mark.testdata
@pytest.mark.skipif(not os.environ.get("MAILSORTER_TESTDATA"), reason="MAILSORTER_TESTDATA is not set")
def test_the_codes_are_microsofts() -> None:
    """All of ResponseCodeType, and no other."""
    file = Path(os.environ["MAILSORTER_TESTDATA"]) / "traces" / "ews-schema" / "messages.local.xsd"
    xs = "{http://www.w3.org/2001/XMLSchema}"
    kinds = {one.get("name"): one for one in etree.parse(str(file)).getroot().iter(f"{xs}simpleType")}
    theirs = {one.get("value") for one in kinds["ResponseCodeType"].iter(f"{xs}enumeration")}
    assert {code for code, _ in in_schema()} == theirs - {"NoError"}
