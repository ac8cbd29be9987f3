"""The contract of `Mailbox`: what changing promises, for every connector."""

from __future__ import annotations

import pytest

from mailsorter.errors import Held, MailsorterError, NameTaken, NotFound, Refused, Unreachable
from mailsorter.mailbox.base import Detail, Done, Move, Outcome, Place
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Message
from tests.contracts.worlds import World


def done(outcome: Outcome) -> Done:
    """The outcome, which must be a change that happened."""
    assert isinstance(outcome, Done), outcome
    return outcome


def test_create_folder(world: World) -> None:
    """A new folder is visible, empty and below its parent, whatever letters its name has."""
    clients = world.mailbox.create_folder(world.mailbox.tree().root_id, "Clients")
    made = world.mailbox.create_folder(clients.id, "A/B \u00ab\u5b57\u00bb & 'co'")
    assert (made.name, made.parent_id, made.item_count) == ("A/B \u00ab\u5b57\u00bb & 'co'", clients.id, 0)
    assert world.mailbox.tree().path(made.id) == ("Clients", made.name)


def test_a_taken_name_is_said(world: World) -> None:
    """A sibling's name, in any case and even when that sibling is hidden, is taken; elsewhere it is free."""
    root = world.mailbox.tree().root_id
    made = world.mailbox.create_folder(root, "Acme")
    with pytest.raises(NameTaken):
        world.mailbox.create_folder(root, "ACME")
    world.user_creates_hidden_folder(world.mailbox.tree().root_id, "Shadow")
    with pytest.raises(NameTaken):
        world.mailbox.create_folder(root, "Shadow")
    assert world.mailbox.create_folder(made.id, "Acme").parent_id == made.id
    other = world.mailbox.create_folder(root, "Other")
    with pytest.raises(NameTaken):
        world.mailbox.rename_folder(other.id, "acme")


def test_create_below_a_missing_parent(world: World) -> None:
    """The parent that is gone is said, not replaced."""
    gone = world.folder(("Gone",))
    world.user_destroys_folder(gone)
    with pytest.raises(NotFound):
        world.mailbox.create_folder(gone, "Acme")


def test_rename_folder(world: World) -> None:
    """A renamed folder keeps its id and what lies in it."""
    folder = world.folder(("Clients", "Acme"))
    message = world.deliver(folder)
    renamed = world.mailbox.rename_folder(folder, "Acme Holding")
    assert (renamed.id, renamed.name) == (folder, "Acme Holding")
    assert world.lies_in(message) == folder


def test_only_an_empty_folder_is_deleted(world: World) -> None:
    """A folder with a message, an associated item or a subfolder, hidden or not, stays."""
    with_message, with_hidden, with_child, empty = (world.folder((n,)) for n in ("a", "b", "c", "d"))
    world.deliver(with_message)
    world.deliver(with_hidden, hidden=True)
    world.user_creates_hidden_folder(with_child, "child")
    for folder in (with_message, with_hidden, with_child):
        with pytest.raises(Refused):
            world.mailbox.delete_empty_folder(folder)
    world.mailbox.delete_empty_folder(empty)
    tree = world.mailbox.tree()
    assert {with_message, with_hidden, with_child} <= {folder.id for folder in tree}
    assert empty not in tree or tree.lies_within(empty, world.folder(WellKnown.DELETED))


def test_move_answers_per_item_in_order(world: World) -> None:
    """Each message lands where it should, more than fit in one request; a missing one spoils nothing."""
    inbox, one, two = world.folder(WellKnown.INBOX), world.folder(("One",)), world.folder(("Two",))
    ids = [world.deliver(inbox, subject=f"message {n}") for n in range(45)]
    world.user_destroys(ids[7])
    outcomes = world.mailbox.move([Move(m, one if n % 2 else two) for n, m in enumerate(ids)])
    assert len(outcomes) == 45
    assert isinstance(outcomes[7], NotFound)
    for n, outcome in enumerate(outcomes):
        if n == 7:
            continue
        target = one if n % 2 else two
        assert done(outcome).folder_id == target
        assert world.lies_in(done(outcome).id) == target
        if world.mailbox.ids_survive_moves:
            assert done(outcome).id == ids[n]
    assert [stub for page in world.mailbox.list_ids(inbox) for stub in page] == []
    assert world.mailbox.move([]) == []


def test_move_keeps_the_message_as_it_is(world: World) -> None:
    """A move changes the place and nothing else."""
    message_id = world.deliver(WellKnown.INBOX, subject="Vraag", text="Hallo", attachment_names=["a.pdf"])
    (before,) = world.mailbox.fetch([message_id])
    moved = done(world.mailbox.move([Move(message_id, world.folder(("Filed",)))])[0])
    (after,) = world.mailbox.fetch([moved.id])
    assert isinstance(before, Message)
    assert isinstance(after, Message)
    for name in ("received_at", "subject", "internet_message_id", "conversation_id", "is_read", "has_attachments"):
        assert getattr(after, name) == getattr(before, name)


def test_a_moved_message_leaves_one_round_and_enters_the_other(world: World) -> None:
    """The source's next round says removed, the target's brings it."""
    inbox, filed = world.folder(WellKnown.INBOX), world.folder(("Filed",))
    message_id = world.deliver(inbox)
    cursors = {folder: [page.cursor for page in world.mailbox.changes(folder, None)][-1] for folder in (inbox, filed)}
    moved = done(world.mailbox.move([Move(message_id, filed)])[0])
    left = list(world.mailbox.changes(inbox, cursors[inbox]))
    came = list(world.mailbox.changes(filed, cursors[filed]))
    assert message_id in {gone for page in left for gone in page.removed}
    assert moved.id in {message.id for page in came for message in page.messages}


def test_move_to_a_missing_folder(world: World) -> None:
    """The message stays where it is."""
    message_id = world.deliver(WellKnown.INBOX)
    gone = world.folder(("Gone",))
    world.user_destroys_folder(gone)
    assert isinstance(world.mailbox.move([Move(message_id, gone)])[0], MailsorterError)
    assert world.lies_in(message_id) == world.folder(WellKnown.INBOX)


def test_move_where_it_already_lies(world: World) -> None:
    """Moving to its own folder loses nothing; wherever the answer says it is, there it is."""
    inbox = world.folder(WellKnown.INBOX)
    moved = done(world.mailbox.move([Move(world.deliver(inbox), inbox)])[0])
    assert moved.folder_id == inbox == world.lies_in(moved.id)


def test_copy_leaves_the_original_where_it_is(world: World) -> None:
    """A copy is another message with an id of its own, the same message-id and the same search key."""
    inbox, filed = world.folder(WellKnown.INBOX), world.folder(("Filed",))
    original = world.deliver(inbox, subject="Vraag", internet_message_id="<q@klant.example>")
    gone = world.deliver(inbox)
    world.user_destroys(gone)
    outcomes = world.mailbox.copy([Move(original, filed), Move(gone, filed)])
    assert isinstance(outcomes[1], NotFound)
    copied = done(outcomes[0])
    assert copied.id != original
    assert copied.folder_id == filed == world.lies_in(copied.id)
    assert world.lies_in(original) == inbox
    first, second = world.mailbox.fetch([original, copied.id], Detail.TRACES)
    assert isinstance(first, Message)
    assert isinstance(second, Message)
    assert (first.internet_message_id, first.search_key) == (second.internet_message_id, second.search_key)


def test_a_lost_answer_is_unreachable_per_item(world: World) -> None:
    """When the answer to a move is lost nobody knows: every item says so, and looking tells."""
    filed = world.folder(("Filed",))
    ids = [world.deliver(WellKnown.INBOX) for _ in range(3)]
    world.lose_next_answer("move")
    outcomes = world.mailbox.move([Move(m, filed) for m in ids])
    assert all(isinstance(outcome, Unreachable) for outcome in outcomes)
    if world.mailbox.ids_survive_moves:
        assert world.mailbox.locate(ids) == [Place(m, filed) for m in ids]
    else:
        assert all(isinstance(place, NotFound) for place in world.mailbox.locate(ids))


def test_categories_are_set_as_a_whole(world: World) -> None:
    """Exactly these categories, none of the earlier ones."""
    message_id = world.deliver(WellKnown.INBOX)
    for categories in (("Filed", "Acme"), ("Review",), ()):
        assert done(world.mailbox.categorize([(message_id, categories)])[0]).id == message_id
        (message,) = world.mailbox.fetch([message_id])
        assert isinstance(message, Message)
        assert set(message.categories) == set(categories)


def test_delete_permanently_ends_in_recoverable_items(world: World) -> None:
    """The message is in no visible folder and still in Recoverable Items, where it is listed and located."""
    ids = [world.deliver(("Clients",), subject=f"message {n}") for n in range(22)]
    gone = world.deliver(("Clients",))
    world.user_destroys(gone)
    outcomes = world.mailbox.delete_permanently([*ids, gone])
    assert isinstance(outcomes[-1], NotFound)
    assert all(isinstance(outcome, Done) for outcome in outcomes[:-1])
    tree = world.mailbox.tree(recoverable=True)
    root = tree.well_known(WellKnown.RECOVERABLE_ROOT)
    assert root is not None
    listed = {stub.id for folder in tree.within(root.id) for page in world.mailbox.list_ids(folder.id) for stub in page}
    assert len(listed) == 22
    assert listed == {done(outcome).id for outcome in outcomes[:-1]}  # the ids that they have there
    if world.mailbox.ids_survive_moves:
        assert listed == set(ids)
    visible = {s.id for f in world.mailbox.tree() for page in world.mailbox.list_ids(f.id) for s in page}
    assert not visible & listed


def test_delete_hard_is_for_good_except_under_a_hold(world: World) -> None:
    """From Recoverable Items an item goes for good; one under a hold stays and says so."""
    purges = world.folder(WellKnown.RECOVERABLE_PURGES)
    free, held = (world.deliver(WellKnown.RECOVERABLE_PURGES, subject=s) for s in ("free", "held"))
    world.hold(held)
    outcomes = world.mailbox.delete_hard(purges, [free, held, free])
    assert isinstance(outcomes[0], Done)
    assert isinstance(outcomes[1], Held)
    assert isinstance(outcomes[2], NotFound)
    assert world.lies_in(free) is None
    assert world.lies_in(held) == purges
    assert isinstance(world.mailbox.locate([free])[0], NotFound)


def test_a_poisoned_message_can_be_moved(world: World) -> None:
    """What cannot be rendered can still be moved or says so itself; its neighbours are not spoiled."""
    filed = world.folder(("Filed",))
    poisoned, plain = world.deliver(WellKnown.INBOX), world.deliver(WellKnown.INBOX)
    world.poison(poisoned)
    outcomes = world.mailbox.move([Move(poisoned, filed), Move(plain, filed)])
    assert done(outcomes[1]).folder_id == filed
    if isinstance(outcomes[0], MailsorterError):
        assert world.lies_in(poisoned) in (filed, world.folder(WellKnown.INBOX))
