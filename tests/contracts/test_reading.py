"""The contract of `Mailbox`: what reading promises, for every connector."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from mailsorter.errors import CursorLost, MailsorterError, NotFound, PoisonItem
from mailsorter.mailbox.base import ChangePage, Detail, Mailbox, Place
from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.contents import Contents
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Message, Participant
from tests.contracts.graph_world import StoreWorld
from tests.contracts.worlds import World

BRAM = Participant("bram@klant.example", "Bram de Vries")
ANNA = Participant("anna@firm.example", "Anna")


def a_round(mailbox: Mailbox, folder_id: str, cursor: str | None = None) -> tuple[dict[str, Message], set[str], str]:
    """All pages of one round, read as a caller must: the last occurrence of an id wins."""
    present: dict[str, Message] = {}
    removed: set[str] = set()
    pages: list[ChangePage] = list(mailbox.changes(folder_id, cursor))
    for page in pages:
        for message in page.messages:
            present[message.id] = message
            removed.discard(message.id)
        for gone in page.removed:
            present.pop(gone, None)
            removed.add(gone)
    assert pages[-1].is_last
    assert not any(page.is_last for page in pages[:-1])
    return present, removed, pages[-1].cursor


def test_a_message_is_found_by_its_message_id_wherever_it_lies(world: World) -> None:
    wanted = world.deliver(WellKnown.INBOX, internet_message_id="<o'neil+1@acme.example>")
    world.deliver(WellKnown.INBOX, internet_message_id="<other@acme.example>")
    world.user_moves(wanted, WellKnown.ARCHIVE)
    found = world.mailbox.find("<o'neil+1@acme.example>")
    assert [place.folder_id for place in found] == [world.folder(WellKnown.ARCHIVE)]
    (message,) = world.mailbox.fetch([place.id for place in found])
    assert isinstance(message, Message)
    assert message.internet_message_id == "<o'neil+1@acme.example>"
    assert world.mailbox.find("<nobody@acme.example>") == []


def test_is_a_mailbox(world: World) -> None:
    """Every connector satisfies the protocol, and says which mailbox it is."""
    assert isinstance(world.mailbox, Mailbox)
    assert "@" in world.mailbox.address


def test_tree_holds_the_distinguished_folders(world: World) -> None:
    """The root and the everyday folders are in the tree under their well-known names."""
    tree = world.mailbox.tree()
    for name in (WellKnown.INBOX, WellKnown.SENT, WellKnown.DELETED, WellKnown.DRAFTS):
        folder = tree.well_known(name)
        assert folder is not None
        assert folder.parent_id == tree.root_id
    root = tree.well_known(WellKnown.ROOT)
    assert root is not None
    assert root.id == tree.root_id
    assert tree.path(root.id) == ()


def test_tree_holds_every_visible_folder_once(world: World) -> None:
    """Folders at any depth are found by path; a slash stays inside one name."""
    deep = world.folder(("Clients", "A/B Advies", "2026", "Offers"))
    tree = world.mailbox.tree()
    assert tree.path(deep) == ("Clients", "A/B Advies", "2026", "Offers")
    assert len({folder.id for folder in tree}) == len(list(tree)) == len(tree)


def test_tree_leaves_out_hidden_and_recoverable_unless_asked(world: World) -> None:
    """Hidden folders and Recoverable Items appear only when asked for, and then at the right place."""
    hidden = world.user_creates_hidden_folder(WellKnown.INBOX, "Rules")
    plain = world.mailbox.tree()
    assert hidden not in plain
    assert plain.well_known(WellKnown.RECOVERABLE_PURGES) is None
    assert world.mailbox.tree(hidden=True).path(hidden) == (*_path(world, WellKnown.INBOX), "Rules")
    recoverable = world.mailbox.tree(recoverable=True)
    root = recoverable.well_known(WellKnown.RECOVERABLE_ROOT)
    purges = recoverable.well_known(WellKnown.RECOVERABLE_PURGES)
    assert root is not None
    assert purges is not None
    assert recoverable.lies_within(purges.id, root.id)
    assert not recoverable.lies_within(purges.id, recoverable.root_id)
    assert hidden not in recoverable


def _path(world: World, name: WellKnown) -> tuple[str, ...]:
    return world.mailbox.tree().path(world.folder(name))


def test_tree_changes_says_nothing_when_nothing_changed(world: World) -> None:
    """Without a cursor the tree comes as it is; an unchanged tree answers None; a change brings the whole tree."""
    first = world.mailbox.tree_changes(None)
    assert first.tree is not None
    assert {f.id for f in first.tree} == {f.id for f in world.mailbox.tree()}
    second = world.mailbox.tree_changes(first.cursor)
    assert second.tree is None
    made = world.folder(("Clients", "Acme"))
    third = world.mailbox.tree_changes(second.cursor)
    assert third.tree is not None
    assert third.tree.path(made) == ("Clients", "Acme")
    assert third.tree.well_known(WellKnown.INBOX) is not None
    world.user_renames_folder(made, "Acme B.V.")
    fourth = world.mailbox.tree_changes(third.cursor)
    assert fourth.tree is not None
    assert fourth.tree.path(made) == ("Clients", "Acme B.V.")


def test_a_deleted_folder_lies_below_deleted_items(world: World) -> None:
    """A folder that a user deletes is not lost from the tree, nor is its mail."""
    folder = world.folder(("Old",))
    message = world.deliver(folder, subject="kept")
    world.user_deletes_folder(folder)
    tree = world.mailbox.tree()
    deleted = tree.well_known(WellKnown.DELETED)
    assert deleted is not None
    assert tree.lies_within(folder, deleted.id)
    assert [stub.id for page in world.mailbox.list_ids(folder) for stub in page] == [message]


def test_a_folder_says_how_many_items_it_has_now(world: World) -> None:
    """As many as a listing gives, where every item is mail; a folder that is gone says nothing."""
    folder = world.folder(("Counted",))
    assert world.mailbox.count_items(folder, hidden=True).held == 0
    for n in range(3):
        world.deliver(folder, subject=str(n))
    listed = sum(len(page) for page in world.mailbox.list_ids(folder, hidden=True))
    counts = world.mailbox.count_items(folder, hidden=True)
    assert (counts.held, listed) == (3, 3)
    assert counts.listed in (3, None)
    gone = world.folder(("Gone",))
    world.user_destroys_folder(gone)
    with pytest.raises(NotFound):
        world.mailbox.count_items(gone)


def test_first_round_delivers_everything(world: World) -> None:
    """Without a cursor a round holds every message of that folder and of no other."""
    inbox = world.folder(WellKnown.INBOX)
    wanted = {world.deliver(inbox, subject=f"message {n}") for n in range(13)}
    world.deliver(("Elsewhere",), subject="not here")
    present, removed, _ = a_round(world.mailbox, inbox)
    assert set(present) == wanted
    assert not removed
    assert {message.folder_id for message in present.values()} == {inbox}


def test_a_round_of_an_empty_folder_has_one_last_page(world: World) -> None:
    """Nothing in a folder is an answer, with a cursor to go on from."""
    present, removed, cursor = a_round(world.mailbox, world.folder(("Empty",)))
    assert (present, removed) == ({}, set())
    assert a_round(world.mailbox, world.folder(("Empty",)), cursor)[:2] == ({}, set())


def test_next_rounds_deliver_only_what_changed(world: World) -> None:
    """New, changed, moved away and gone items come in the next round; then nothing."""
    inbox = world.folder(WellKnown.INBOX)
    first, second, third, untouched = (world.deliver(inbox, subject=s) for s in ("a", "b", "c", "d"))
    _, _, cursor = a_round(world.mailbox, inbox)
    arrived = world.deliver(inbox, subject="e")
    world.user_reads(first)
    world.user_moves(second, ("Filed",))
    world.user_destroys(third)
    present, removed, cursor = a_round(world.mailbox, inbox, cursor)
    assert set(present) == {arrived, first}
    assert present[first].is_read
    assert removed == {second, third}
    assert untouched not in present
    assert a_round(world.mailbox, inbox, cursor)[:2] == ({}, set())


def test_a_cursor_of_a_page_in_between_goes_on_from_there(world: World) -> None:
    """A round broken off between pages loses nothing when it goes on from the last page seen."""
    inbox = world.folder(WellKnown.INBOX)
    wanted = {world.deliver(inbox, subject=f"message {n}") for n in range(12)}
    pages = world.mailbox.changes(inbox, None)
    first = next(pages)
    pages.close()  # type: ignore[attr-defined]
    seen = {message.id for message in first.messages}
    rest = wanted if first.is_last else seen | set(a_round(world.mailbox, inbox, first.cursor)[0])
    assert rest == wanted


def test_changes_carry_the_whole_envelope(world: World) -> None:
    """What matching needs comes with the round: people, subject, threads, times, class; and no search key."""
    inbox = world.folder(WellKnown.INBOX)
    received = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    sent = world.deliver(
        inbox,
        subject="Offerte 2026/14 \u2013 caf\u00e9 \u5b57",
        from_=BRAM,
        to=[ANNA, Participant("c..hall@voorbeeld.example", "Hall, C.")],
        cc=[Participant("o'neil@klant.example")],
        references=["<a@klant.example>", "<b@klant.example>"],
        internet_message_id="<c@klant.example>",
        received_at=received,
        text="Hierbij de offerte.",
        attachment_names=["offerte.pdf"],
    )
    present, _, _ = a_round(world.mailbox, inbox)
    message = present[sent]
    assert message.subject == "Offerte 2026/14 \u2013 caf\u00e9 \u5b57"
    assert message.from_ == BRAM
    assert message.to == (ANNA, Participant("c..hall@voorbeeld.example", "Hall, C."))
    assert [p.address for p in message.cc] == ["o'neil@klant.example"]
    assert message.references == ("<a@klant.example>", "<b@klant.example>")
    assert message.internet_message_id == "<c@klant.example>"
    assert message.received_at == received
    assert message.preview == "Hierbij de offerte."
    assert message.has_attachments
    assert message.message_class == "IPM.Note"
    assert message.conversation_id
    assert not message.is_read
    assert bool(message.search_key) is not world.mailbox.ids_survive_moves  # by it a lost move is found again


def test_a_reply_shares_its_conversation(world: World) -> None:
    """The server's own grouping joins a reply with what it answers, and not with anything else."""
    inbox = world.folder(WellKnown.INBOX)
    first = world.deliver(inbox, subject="Vraag", internet_message_id="<q@klant.example>")
    reply = world.deliver(inbox, subject="RE: Vraag", references=["<q@klant.example>"])
    other = world.deliver(inbox, subject="Iets anders")
    present, _, _ = a_round(world.mailbox, inbox)
    assert present[first].conversation_id == present[reply].conversation_id != present[other].conversation_id


def test_forgotten_cursors_are_said(world: World) -> None:
    """When the server lost its delta state a round raises, and a full round brings everything again."""
    inbox = world.folder(WellKnown.INBOX)
    message = world.deliver(inbox)
    _, _, cursor = a_round(world.mailbox, inbox)
    tree_cursor = world.mailbox.tree_changes(None).cursor
    world.forget_cursors()
    with pytest.raises(CursorLost):
        list(world.mailbox.changes(inbox, cursor))
    with pytest.raises(CursorLost):
        world.mailbox.tree_changes(tree_cursor)
    assert set(a_round(world.mailbox, inbox)[0]) == {message}


def test_forgotten_cursors_are_said_between_pages(world: World) -> None:
    """Delta state may be lost in the middle of a round too."""
    inbox = world.folder(WellKnown.INBOX)
    for n in range(12):
        world.deliver(inbox, subject=f"message {n}")
    pages = world.mailbox.changes(inbox, None)
    assert not next(pages).is_last
    world.forget_cursors()
    with pytest.raises(CursorLost):
        list(pages)


def test_an_unknown_folder_is_not_found(world: World) -> None:
    """A folder that is gone raises, it is never taken for an empty one."""
    gone = world.folder(("Gone",))
    world.user_destroys_folder(gone)
    with pytest.raises(NotFound):
        list(world.mailbox.changes(gone, None))
    with pytest.raises(NotFound):
        list(world.mailbox.messages(gone, Detail.ENVELOPE))
    with pytest.raises(NotFound):
        list(world.mailbox.list_ids(gone))


def test_listings_are_complete_and_only_of_that_folder(world: World) -> None:
    """Every message directly in the folder comes once, whatever the page size; not those of a subfolder."""
    folder = world.folder(("Clients", "Acme"))
    wanted = {world.deliver(folder, subject=f"message {n}") for n in range(13)}
    world.deliver(("Clients", "Acme", "Deeper"), subject="below")
    for detail in Detail:
        listed = [message for page in world.mailbox.messages(folder, detail) for message in page]
        assert len(listed) == 13
        assert {message.id for message in listed} == wanted
        assert {message.folder_id for message in listed} == {folder}
    stubs = [stub for page in world.mailbox.list_ids(folder) for stub in page]
    assert {stub.id for stub in stubs} == wanted
    assert {stub.folder_id for stub in stubs} == {folder}


def test_detail_decides_what_is_fetched(world: World) -> None:
    """IDS brings nothing personal; TRACES adds the search key, which a copy would share."""
    folder = world.folder(("Clients",))
    message_id = world.deliver(folder, subject="secret", from_=BRAM)
    by_detail = {d: next(iter(next(iter(world.mailbox.messages(folder, d))))) for d in Detail}
    assert by_detail[Detail.IDS] == Message(id=message_id, folder_id=folder)
    assert by_detail[Detail.ENVELOPE].subject == by_detail[Detail.TRACES].subject == "secret"
    assert by_detail[Detail.TRACES].search_key
    assert by_detail[Detail.TRACES].message_class == "IPM.Note"


def test_hidden_items_only_when_asked(world: World) -> None:
    """Associated items appear in a listing only with `hidden`."""
    inbox = world.folder(WellKnown.INBOX)
    plain, hidden = world.deliver(inbox, subject="plain"), world.deliver(inbox, subject="rule", hidden=True)
    assert {m.id for page in world.mailbox.messages(inbox, Detail.ENVELOPE) for m in page} == {plain}
    assert {s.id for page in world.mailbox.list_ids(inbox) for s in page} == {plain}
    assert {s.id for page in world.mailbox.list_ids(inbox, hidden=True) for s in page} == {plain, hidden}
    assert {m.id for p in world.mailbox.messages(inbox, Detail.IDS, hidden=True) for m in p} == {plain, hidden}


def test_fetch_answers_in_the_order_asked(world: World) -> None:
    """Messages by id wherever they lie; one that is gone or poisoned spoils nothing."""
    ids = [world.deliver(("Some", f"Folder {n % 3}"), subject=f"message {n}") for n in range(23)]
    world.user_destroys(ids[4])
    world.poison(ids[9])
    answers = world.mailbox.fetch(ids)
    assert isinstance(answers[4], NotFound)
    assert isinstance(answers[9], PoisonItem)
    for n, answer in enumerate(answers):
        if n not in (4, 9):
            assert isinstance(answer, Message)
            assert (answer.id, answer.subject) == (ids[n], f"message {n}")
    assert world.mailbox.fetch([]) == []


def test_an_unreadable_message_spoils_no_page(world: World) -> None:
    """What Exchange cannot render is listed as unreadable, with its id and folder; its neighbours come whole."""
    folder = world.folder(("Clients",))
    ids = [world.deliver(folder, subject=f"message {n}") for n in range(7)]
    world.poison(ids[3])
    listed = {m.id: m for page in world.mailbox.messages(folder, Detail.ENVELOPE) for m in page}
    present, _, cursor = a_round(world.mailbox, folder)
    for seen in (listed, present):
        assert set(seen) == set(ids)
        assert seen[ids[3]] == Message(id=ids[3], folder_id=folder, is_unreadable=True)
        assert [seen[i].subject for i in ids if i != ids[3]] == [f"message {n}" for n in range(7) if n != 3]
    assert {s.id for page in world.mailbox.list_ids(folder) for s in page} == set(ids)
    assert a_round(world.mailbox, folder, cursor)[:2] == ({}, set())


def test_locate_says_where_each_item_lies(world: World) -> None:
    """Place by id; of one that cannot be rendered perhaps only that it cannot."""
    folder = world.folder(("Clients",))
    here, gone, poisoned = (world.deliver(folder, subject=s) for s in ("a", "b", "c"))
    world.user_destroys(gone)
    world.poison(poisoned)
    places = world.mailbox.locate([here, gone, poisoned])
    assert places[0] == Place(here, folder)
    assert isinstance(places[1], NotFound)
    assert places[2] == Place(poisoned, folder) or isinstance(places[2], PoisonItem)


def test_find_by_message_id(world: World) -> None:
    """Every message of that msg-id outside Recoverable Items, hidden folders included; nothing for an unknown one."""
    wanted = "<o'neil+\u00e9@klant.example>"
    first = world.deliver(("A",), internet_message_id=wanted)
    second = world.deliver(world.user_creates_hidden_folder(WellKnown.INBOX, "Rules"), internet_message_id=wanted)
    world.deliver(("A",), internet_message_id="<other@klant.example>")
    world.deliver(WellKnown.RECOVERABLE_DELETIONS, internet_message_id=wanted)
    found = world.mailbox.find(wanted)
    assert {place.id for place in found} == {first, second}
    assert all(place.folder_id == world.lies_in(place.id) for place in found)
    assert world.mailbox.find("<nobody@klant.example>") == []
    assert world.mailbox.find('<\x01 "no body" & 中 ' + "x" * 10_000 + "@klant.example>") == []  # whoever sent it


def test_what_is_attached(world: World) -> None:
    """Names and kinds without any content, in the order asked."""
    first = world.deliver(("A",), attachment_names=["b.pdf", "bericht.eml"])
    second = world.deliver(("A",))
    gone = world.deliver(("A",))
    world.user_destroys(gone)
    listed = world.mailbox.attachments([second, first, gone])
    assert listed[0] == ()
    assert not isinstance(listed[1], MailsorterError)
    assert [(one.name, one.is_item) for one in listed[1]] == [("b.pdf", False), ("bericht.eml", False)]
    assert isinstance(listed[2], NotFound)


def test_texts_and_attachment_names(world: World) -> None:
    """The body as plain text and the attachments' names, in the order asked."""
    first = world.deliver(("A",), text="Hallo\nBram", attachment_names=["b.pdf", "a \u5b57.xlsx"])
    second = world.deliver(("A",), text="")
    gone = world.deliver(("A",))
    world.user_destroys(gone)
    texts = world.mailbox.texts([first, gone, second])
    assert isinstance(texts[0], str)
    assert texts[0].split() == ["Hallo", "Bram"]
    assert isinstance(texts[1], NotFound)
    assert texts[2] == ""
    names = world.mailbox.attachment_names([second, first, gone])
    assert names[:2] == [(), ("b.pdf", "a \u5b57.xlsx")]
    assert isinstance(names[2], NotFound)


def test_folders_of_other_classes_that_may_hold_mail_are_in_the_whole_tree(world: World) -> None:
    """A migrated mailbox has IPF.Imap; a calendar stays out."""
    if not isinstance(world, StoreWorld):
        pytest.skip("the mailbox in memory knows no classes of folders")
    old = world.make_folder("Oud", folder_class="IPF.Imap")
    calendar = world.make_folder("Rooster", folder_class="IPF.Appointment")
    item = world.deliver(WellKnown.INBOX)
    world.user_moves(item, ("Oud",))
    tree = world.mailbox.tree(hidden=True)
    assert old in tree
    assert calendar not in tree
    assert tree.path(old) == ("Oud",)
    assert not tree.lacks
    assert len([stub for page in world.mailbox.list_ids(old) for stub in page]) == 1
    assert len([m for page in world.mailbox.messages(old, Detail.TRACES) for m in page]) == 1


def test_contents_are_text_and_attachments_with_their_sizes(world: World) -> None:
    """In the order asked; what an attachment's size counts is the server's to say, but it says the same each time."""
    first = world.deliver(("A",), text="Hallo\nBram", attachment_names=["b.pdf", "a \u5b57.xlsx"])
    second = world.deliver(("A",), text="")
    gone, poisoned = world.deliver(("A",)), world.deliver(("A",))
    world.user_destroys(gone)
    world.poison(poisoned)
    held = world.mailbox.contents([second, gone, first, poisoned])
    assert held[0] == Contents("")
    assert isinstance(held[1], NotFound)
    assert isinstance(held[2], Contents)
    assert held[2].text.split() == ["Hallo", "Bram"]
    assert held[2].names == ("b.pdf", "a \u5b57.xlsx")
    assert isinstance(held[3], PoisonItem)
    world.user_reads(first)
    assert world.mailbox.contents([first]) == [held[2]]
    assert world.mailbox.contents([]) == []


HALF = "\ud83d"  # of a pair, at the end, before text, the wrong way round


def test_half_a_surrogate_pair_is_read_as_a_replacement_character(world: World) -> None:
    """Exchange stores UTF-16 unchecked: a stranger's text may hold half a pair. Nothing is lost for it, wherever it is
    read, nor is what is no half: a whole pair, and a backslash before what only looks like one."""
    if not isinstance(world, StoreWorld):
        pytest.skip("the mailbox in memory hands over what it was given: it reads no server's text")
    inbox, subject = world.folder(WellKnown.INBOX), rf"{HALF} \ud83d 😀 \{HALF}"
    sender, reader = Participant("bram@klant.example", f"Bram \udc00{HALF}"), Participant(f"anna{HALF}@firm.example")
    plain = world.deliver(WellKnown.INBOX, subject="plain")
    odd = world.deliver(
        WellKnown.INBOX, subject=subject, from_=sender, to=[reader, ANNA], text=f"Hallo {HALF}", attachment_names=[HALF]
    )
    world.user_renames_folder(world.folder(("A",)), f"A {HALF}")
    listed = [m for page in world.mailbox.messages(inbox, Detail.ENVELOPE) for m in page]
    whole, _, _ = a_round(world.mailbox, inbox)
    (fetched,) = world.mailbox.fetch([odd])
    assert isinstance(fetched, Message)
    for message in (next(m for m in listed if m.id == odd), whole[odd], fetched):
        assert not message.is_unreadable
        assert re.fullmatch(r"\ufffd+ \\ud83d 😀 \\\ufffd+", message.subject)
        assert message.from_ is not None
        assert message.from_.address == "bram@klant.example"
        assert re.fullmatch("Bram \ufffd+", message.from_.name)
        assert re.fullmatch("anna\ufffd+@firm.example", message.to[0].address)
        assert message.to[1] == ANNA
    assert {m.id for m in listed} == whole.keys() == {plain, odd}
    (text,) = world.mailbox.texts([odd])
    assert isinstance(text, str)
    assert re.fullmatch("Hallo \ufffd+", text.strip())
    (names,) = world.mailbox.attachment_names([odd])
    assert not isinstance(names, MailsorterError)
    assert all(name.strip("\ufffd") == "" for name in names)
    assert any(re.fullmatch("A \ufffd+", folder.name) for folder in world.mailbox.tree())
    assert world.mailbox.mime(odd)


def test_mime_is_the_whole_message(world: World) -> None:
    """RFC 5322 bytes with the header; `NotFound` when gone, `PoisonItem` when unreadable."""
    message = world.deliver(("A",), text="Hallo", internet_message_id="<m@klant.example>")
    assert b"<m@klant.example>" in world.mailbox.mime(message)
    world.poison(message)
    with pytest.raises(PoisonItem):
        world.mailbox.mime(message)
    world.user_destroys(message)
    with pytest.raises(NotFound):
        world.mailbox.mime(message)


def test_search_finds_words_and_addresses(world: World) -> None:
    """Any of the terms, in body or participants, in visible folders only."""
    by_word = world.deliver(("A",), subject="one", text="over de verbouwing")
    by_address = world.deliver(("B",), subject="two", from_=BRAM)
    world.deliver(("B",), subject="three", text="niets")
    world.deliver(WellKnown.RECOVERABLE_DELETIONS, subject="four", text="verbouwing")
    hits = world.mailbox.search(["verbouwing", BRAM.address])
    found = {message.id for message in hits.messages}
    if hits.is_useless:  # this server looks at no word: everything visible came
        assert found > {by_word, by_address}
        assert world.folder(WellKnown.RECOVERABLE_DELETIONS) not in {message.folder_id for message in hits.messages}
        return
    assert found == {by_word, by_address}
    assert hits.is_complete


def test_reading_changes_nothing(world: World) -> None:
    """After every kind of reading a message is unread and where it was, and a round brings nothing new."""
    inbox = world.folder(WellKnown.INBOX)
    message_id = world.deliver(inbox, text="Hallo", attachment_names=["a.pdf"])
    _, _, cursor = a_round(world.mailbox, inbox)
    world.mailbox.mime(message_id)
    world.mailbox.texts([message_id])
    world.mailbox.attachment_names([message_id])
    world.mailbox.search(["Hallo"])
    (answer,) = world.mailbox.fetch([message_id], Detail.TRACES)
    assert isinstance(answer, Message)
    assert not answer.is_read
    assert a_round(world.mailbox, inbox, cursor)[:2] == ({}, set())


def test_folder_permissions_are_told_for_each_folder_or_not_at_all(world: World) -> None:
    """Where a road can tell, everybody and anybody are among them; what is no folder spoils nothing."""
    folder = world.folder(("Clients", "Klant"))
    told = world.mailbox.folder_permissions([folder, "AAA=", folder])
    if told is None:
        return
    assert told[0] == told[2]
    assert isinstance(told[1], MailsorterError)
    assert not isinstance(told[0], MailsorterError)
    assert {(one.user, one.may_read) for one in told[0]} == {("Default", False), ("Anonymous", False)}


@pytest.mark.parametrize("verdict", list(AuthorCheck))
def test_an_envelope_brings_the_servers_verdict_on_its_author(world: World, verdict: AuthorCheck) -> None:
    """In rounds, in listings and by id alike; what a case lists goes without."""
    wanted = world.deliver(WellKnown.INBOX, from_=BRAM, to=[ANNA], author_check=verdict)
    inbox = world.mailbox.tree().well_known(WellKnown.INBOX)
    assert inbox is not None
    in_round = a_round(world.mailbox, inbox.id)[0][wanted]
    listed = {m.id: m for page in world.mailbox.messages(inbox.id, Detail.ENVELOPE) for m in page}[wanted]
    (fetched,) = world.mailbox.fetch([wanted])
    assert isinstance(fetched, Message)
    assert in_round.author_check is listed.author_check is fetched.author_check is verdict


def test_bodies_tell_what_is_attached_or_that_they_do_not_know(world: World) -> None:
    """With the text, so that no request a message is needed; `attachments` says the same."""
    bare = world.deliver(WellKnown.INBOX, text="zonder")
    both = world.deliver(WellKnown.INBOX, text="met", attachment_names=["b.pdf", "bericht.eml"])
    bodies = {body.id: body for page in world.mailbox.bodies(world.folder(WellKnown.INBOX)) for body in page}
    assert bodies.keys() == {bare, both}
    (known,) = world.mailbox.attachments([both])
    assert not isinstance(known, MailsorterError)
    assert bodies[both].has_attachments
    assert bodies[both].attached in (known, None)
    assert bodies[bare].attached in ((), None)


def test_a_listing_goes_on_from_a_date_and_misses_nothing_since(world: World) -> None:
    """What was received before may come all the same where a road does not list by date. Texts come in that order."""
    dates = [datetime(2026, 3, day, 12, tzinfo=UTC) for day in range(1, 15)]
    ids = [world.deliver(WellKnown.INBOX, text=f"{date:%d}", received_at=date) for date in dates]
    inbox, since = world.folder(WellKnown.INBOX), dates[6]
    listed = [m.id for page in world.mailbox.messages(inbox, Detail.TRACES, since=since) for m in page]
    texts = [body for page in world.mailbox.bodies(inbox, since=since) for body in page]
    assert set(ids[6:]) <= set(listed)
    assert list(dict.fromkeys(listed)) == list(dict.fromkeys(body.id for body in texts))
    if any(body.received_at for body in texts):
        assert (list(dict.fromkeys(listed)), [b.received_at for b in texts]) == (ids[6:], dates[6:])


def test_messages_with_attachments_are_counted_or_nobody_knows(world: World) -> None:
    for number in range(7):
        world.deliver((WellKnown.INBOX, ("A",))[number % 2], attachment_names=["a.pdf"] if number < 3 else [])
    assert world.mailbox.count_carrying() in (3, None)
