"""What Graph is asked for, counted: requests are the budget that a mailbox has (design, section 8)."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from mailsorter.emulator import Emulator, EmulatorClock, NewMessage, running_emulator
from mailsorter.emulator.graph.switches import graph_with
from mailsorter.emulator.store.apps import App, Assignment
from mailsorter.emulator.throttle import Limits
from mailsorter.errors import MailboxGone, MailboxMoving, MailsorterError, NotPermitted, SignInFailed
from mailsorter.mailbox.base import Detail, Done, Move
from mailsorter.mailbox.graph import ClientSecret, GraphSettings
from mailsorter.mailbox.graph.connector import GraphConnector
from mailsorter.model.folder import WellKnown
from tests.contracts.graph_world import GraphWorld


class EmulatorTime:
    """The emulator's own time as a `Clock`: to wait is to move it on."""

    def __init__(self, clock: EmulatorClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.now_s()

    def sleep(self, seconds: float) -> None:
        self._clock.advance(max(0.0, seconds))


Connect = Callable[..., GraphConnector]


@pytest.fixture
def connect() -> Iterator[Connect]:
    made: list[GraphConnector] = []

    def make(emulator: Emulator, **changes: Any) -> GraphConnector:
        values = {"tenant": "t.example", "client_id": "emulator", "origin": emulator.url, "login_origin": emulator.url}
        settings = GraphSettings(**{**values, **changes})
        made.append(GraphConnector(settings, ClientSecret("emulator"), clock=EmulatorTime(emulator.clock)))
        return made[-1]

    yield make
    for connector in made:
        connector.close()


@pytest.fixture
def graph(plain_emulator: Emulator) -> Iterator[GraphWorld]:
    world = GraphWorld(plain_emulator)
    yield world
    world.close()


def spent(world: GraphWorld, act: Callable[[], object]) -> int:
    """How many requests the act cost."""
    before = world.connector.traffic["requests"]
    act()
    return world.connector.traffic["requests"] - before


def test_an_idle_poll_is_one_request_and_one_a_folder(graph: GraphWorld) -> None:
    """Nothing new: one request for the tree, one for each watched folder."""
    mailbox = graph.mailbox
    folders = [graph.folder(WellKnown.INBOX), graph.folder(WellKnown.SENT), graph.folder(("Project",))]
    for folder in folders:
        graph.deliver(folder)
    tree = mailbox.tree_changes(None).cursor
    cursors = {folder: list(mailbox.changes(folder, None))[-1].cursor for folder in folders}

    def poll() -> None:
        assert mailbox.tree_changes(tree).tree is None
        for folder, cursor in cursors.items():
            (page,) = mailbox.changes(folder, cursor)
            assert not page.messages
            assert not page.removed

    assert spent(graph, poll) == 1 + len(folders)


def test_a_change_of_the_tree_costs_nothing_more(graph: GraphWorld) -> None:
    """The kept tree takes the changes in: still one request; another process pays for one whole look."""
    cursor = graph.mailbox.tree_changes(None).cursor
    graph.folder(("Clients", "Acme"))

    def look() -> None:
        page = graph.mailbox.tree_changes(cursor)
        assert page.tree is not None
        assert page.tree.find(("Clients", "Acme")) is not None

    assert spent(graph, look) <= 2  # the well-known names that were missing are asked for once more, in one batch
    other = graph.connector.mailbox(graph.mailbox.address)
    page = other.tree_changes(cursor)
    assert page.tree is not None
    assert page.tree.find(("Clients", "Acme")) is not None
    assert page.tree.well_known(WellKnown.INBOX) is not None


def test_a_filed_message_costs_one_request(graph: GraphWorld) -> None:
    """Moving 45 messages is 45 requests in three exchanges; reading them was one page each five."""
    inbox, filed = graph.folder(WellKnown.INBOX), graph.folder(("Filed",))
    ids = [graph.deliver(inbox) for _ in range(45)]
    assert spent(graph, lambda: list(graph.mailbox.changes(inbox, None))) <= 10
    exchanges = graph.connector.traffic["exchanges"]
    assert spent(graph, lambda: graph.mailbox.move([Move(m, filed) for m in ids])) == 45
    assert graph.connector.traffic["exchanges"] - exchanges == 3


def test_finding_costs_a_request_a_page(graph: GraphWorld) -> None:
    """A listing of n messages with pages of p is ⌈n/p⌉ requests, whatever the detail; each page but the first begins
    with the last message of the page before, so that no mail is missed that moves meanwhile."""
    folder = graph.folder(("Clients",))
    for day in range(1, 14):
        graph.deliver(folder, received_at=datetime(2026, 11, day, tzinfo=UTC))
    for detail in Detail:
        assert spent(graph, lambda d=detail: list(graph.mailbox.messages(folder, d))) == 3  # type: ignore[misc]
    assert spent(graph, lambda: list(graph.mailbox.list_ids(folder))) == 3


def test_a_long_run_is_never_throttled_and_uses_its_quota(connect: Connect) -> None:
    """Against the server's own limits, in its own time: two whole windows without a 429, 95 % of the quota used."""
    clock = EmulatorClock(frozen_at=datetime(2026, 11, 2, 8, 0, tzinfo=UTC))
    with running_emulator(clock=clock, limits=Limits(requests=600, requests_window_s=180.0)) as emulator:
        box = emulator.store.mailboxes.create("anna@firm.example")
        connector = connect(emulator, requests_per_window=600, window_s=180.0)
        mailbox = connector.mailbox(box.address)
        mailbox.tree()
        start, before = clock.now_s(), connector.traffic["requests"]
        gone = "x" * 40
        while clock.now_s() - start < 360:
            mailbox.locate([gone] * 20)
            clock.advance(0.2)
        assert connector.traffic["throttled"] == 0
        assert connector.traffic["requests"] - before >= 0.95 * 2 * 600


def test_throttling_by_others_is_waited_out(connect: Connect) -> None:
    """When others used up the quota before, 429s are waited out and everything still gets done."""
    clock = EmulatorClock(frozen_at=datetime(2026, 11, 2, 8, 0, tzinfo=UTC))
    with running_emulator(clock=clock, limits=Limits(requests=100, requests_window_s=60.0)) as emulator:
        box = emulator.store.mailboxes.create("anna@firm.example")
        other = connect(emulator).mailbox(box.address)
        other.locate(["AAkALgAAAAA="] * 60)
        connector = connect(emulator, requests_per_window=100, window_s=60.0)
        mailbox = connector.mailbox(box.address)
        filed = mailbox.create_folder(mailbox.tree().root_id, "Filed").id
        inbox = emulator.store.folders.well_known(box, "inbox")
        made = [emulator.store.messages.create(box, inbox, NewMessage()) for _ in range(60)]
        ids = [box.ids.immutable_id(m.id) for m in made]
        assert mailbox.move([Move(m, filed) for m in ids]) == [Done(m, filed) for m in ids]
        assert connector.traffic["throttled"] > 0


@pytest.mark.parametrize(
    ("state", "expected"),
    [("unlicensed", MailboxGone), ("inactive", MailboxGone), ("on-premises", MailboxGone), ("moving", MailboxMoving)],
)
def test_mailboxes_that_cannot_be_opened(
    plain_emulator: Emulator, connect: Connect, state: str, expected: type[Exception]
) -> None:
    """Each says what it is, at once and as often as it is asked."""
    address = f"{state}{random.random()}@firm.example"
    plain_emulator.store.mailboxes.create(address, state=state)
    with pytest.raises(expected):
        connect(plain_emulator).reach(address)
    with pytest.raises(expected):
        connect(plain_emulator).mailbox(address).tree()
    mailbox = connect(plain_emulator).mailbox(address)
    for _ in range(2):
        with pytest.raises(expected) as caught:
            mailbox.tree(hidden=True)
        assert "no folder tree" not in str(caught.value)


def test_an_address_that_is_no_mailbox(plain_emulator: Emulator, connect: Connect) -> None:
    """Gone, not an empty mailbox."""
    with pytest.raises(MailboxGone):
        connect(plain_emulator).reach("nobody@firm.example")


def test_rights_are_seen_where_they_are_given(plain_emulator: Emulator, connect: Connect) -> None:
    """A role in the token is tenant-wide and shows; a scoped role does not, and refuses the other mailbox."""
    plain_emulator.store.mailboxes.create("in-scope@firm.example")
    plain_emulator.store.mailboxes.create("out-of-scope@firm.example")
    scoped = Assignment("Application Mail.ReadWrite", ("in-scope@firm.example",))
    plain_emulator.store.apps.register(App("scoped", secrets=("emulator",), assignments=(scoped,)))
    connector = connect(plain_emulator, client_id="scoped")
    assert connector.token_roles() == ()
    connector.reach("in-scope@firm.example")
    with pytest.raises(NotPermitted, match=r"Mail\.Read"):
        connector.reach("out-of-scope@firm.example")
    assert "Mail.ReadWrite" in connect(plain_emulator, client_id="emulator-tenant-wide").token_roles()


def test_an_expired_secret(plain_emulator: Emulator, connect: Connect) -> None:
    """Said as expired."""
    plain_emulator.store.apps.register(App("stale", expired_secrets=("emulator",)))
    with pytest.raises(SignInFailed, match="expired"):
        connect(plain_emulator, client_id="stale").token_roles()


def test_the_archive_is_a_mailbox_of_its_own(plain_emulator: Emulator, connect: Connect) -> None:
    """Where there is one it opens by its id, with its own Recoverable Items; where there is none, None."""
    with_archive = plain_emulator.store.mailboxes.create("with-archive@firm.example")
    plain_emulator.store.mailboxes.create("without-archive@firm.example")
    plain_emulator.store.mailboxes.add_archive(with_archive)
    connector = connect(plain_emulator)
    archive = connector.archive("with-archive@firm.example")
    assert archive is not None
    tree = archive.tree(hidden=True, recoverable=True)
    assert tree.well_known(WellKnown.RECOVERABLE_PURGES) is not None
    assert tree.well_known(WellKnown.INBOX) is None
    assert connector.archive("without-archive@firm.example") is None


def test_an_expanded_folder_of_the_archive_is_read_and_emptied(plain_emulator: Emulator, connect: Connect) -> None:
    """Pages, single messages and deletions follow Exchange's 308 into the auxiliary archive."""
    store = plain_emulator.store
    grown = store.mailboxes.create("grown@firm.example")
    archive = store.mailboxes.add_archive(grown)
    folder = store.folders.create(archive, store.folders.well_known(archive, "msgfolderroot"), "Old")
    messages = [store.messages.create(archive, folder, NewMessage(subject=str(n))) for n in range(3)]
    store.auxiliary.expand(archive, folder)
    opened = connect(plain_emulator).archive("grown@firm.example")
    assert opened is not None
    place, ids = archive.ids.folder_id(folder.id), [archive.ids.immutable_id(message.id) for message in messages]
    assert place in opened.tree(hidden=True)
    listed = [message for page in opened.messages(place, Detail.ENVELOPE) for message in page]
    assert {(message.id, message.folder_id) for message in listed} == {(item, place) for item in ids}
    changes = [message.id for page in opened.changes(place, None) for message in page.messages]
    assert sorted(changes) == sorted(ids)
    assert [message.subject for message in opened.fetch(ids) if not isinstance(message, MailsorterError)] == list("012")
    assert opened.delete_hard(place, ids) == [Done(item) for item in ids]
    assert store.messages.in_folder(folder) == []


def test_the_erasing_identity_is_another_one(plain_emulator: Emulator, connect: Connect) -> None:
    """Hard deletion goes out by the second identity, and only that."""
    box = plain_emulator.store.mailboxes.create("erased@firm.example")
    eraser = Assignment("Application MailboxItem.ReadWrite", ("erased@firm.example",))
    reader = Assignment("Application Mail.ReadWrite", ("erased@firm.example",))
    plain_emulator.store.apps.register(App("reader", secrets=("emulator",), assignments=(reader,)))
    plain_emulator.store.apps.register(
        App("eraser", secrets=("emulator",), roles=("User.Read.All",), assignments=(eraser,))
    )
    names = {"tenant": "t.example", "origin": plain_emulator.url, "login_origin": plain_emulator.url}
    reading, erasing = (GraphSettings(client_id=name, **names) for name in ("reader", "eraser"))
    secret = ClientSecret("emulator")
    connector = GraphConnector(reading, secret, erasing=(erasing, lambda: secret))
    alone = GraphConnector(reading, secret)
    try:
        connector.reach_erasing("erased@firm.example")
        mailbox = connector.mailbox("erased@firm.example")
        inbox = plain_emulator.store.folders.well_known(box, "inbox")
        message = plain_emulator.store.messages.create(box, inbox, NewMessage())
        message_id = box.ids.immutable_id(message.id)
        purges = mailbox.tree(recoverable=True).well_known(WellKnown.RECOVERABLE_PURGES)
        assert purges is not None
        assert isinstance(mailbox.delete_permanently([message_id])[0], Done)
        with pytest.raises(NotPermitted):
            alone.mailbox("erased@firm.example").delete_hard(purges.id, [message_id])
        assert isinstance(mailbox.delete_hard(purges.id, [message_id])[0], Done)
        assert message_id not in {s.id for page in mailbox.list_ids(purges.id) for s in page}
    finally:
        connector.close()
        alone.close()


@pytest.mark.parametrize(
    ("switch", "pages", "known"), [("", 3, 250), ("refuses_attached", 4, 0), ("ignores_inner_select", 3, 200)]
)
def test_what_is_attached_comes_with_the_texts(graph: GraphWorld, switch: str, pages: int, known: int) -> None:
    """At no request of its own. Where a server refuses that, or sends the attachments' bytes along, it is asked no
    more: the texts come without, and once is all that it costs."""
    inbox = graph.folder(WellKnown.INBOX)
    for number in range(250):
        when = datetime(2026, 3, 1, 0, number // 60, number % 60, tzinfo=UTC)
        graph.deliver(inbox, attachment_names=["a.pdf"], received_at=when)
    graph._emulator.conditions.graph = graph_with(*filter(None, [switch]))
    bodies = [body for page in graph.mailbox.bodies(inbox) for body in page]
    assert len({body.id for body in bodies}) == 250
    assert sum(body.attached is not None and body.attached[0].name == "a.pdf" for body in bodies) == known
    assert spent(graph, lambda: list(graph.mailbox.bodies(inbox))) <= pages
