"""A folder listed while others move its mail: what was there all the time is given, or the folder is called short."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from mailsorter.mailbox.folder_listing import FolderListing
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.mailbox.memory_server import Item
from mailsorter.model.folder import WellKnown


class LivePages(MemoryMailbox):
    """Pages by offset over the folder as it is at that moment, newest first, as Graph gives them."""

    before_page: Callable[[], None] = staticmethod(lambda: None)

    def _pages(self, folder_id: str, hidden: bool, method: str) -> Iterator[list[Item]]:
        start = 0
        while True:
            self.before_page()
            items = list(reversed(self.server.items(folder_id)))
            yield items[start : start + self._page_size]
            start += self._page_size
            if start >= len(items):
                return


@pytest.mark.parametrize("busy_pages", [0, 6, 12, 10**6], ids=["quiet", "a while", "longer", "for ever"])
def test_what_stays_is_given_or_the_folder_is_short(busy_pages: int) -> None:
    """500 runs: at each page one in ten messages may leave, and as many arrive."""
    skipped = shorts = 0
    for seed in range(125):
        chance = random.Random(seed)
        mailbox = LivePages(page_size=4)
        server = mailbox.server
        inbox = server.folder(WellKnown.INBOX).id
        stayed = {server.deliver(inbox, subject=str(n)) for n in range(chance.randrange(30))}
        left = [busy_pages]

        def move(
            left: list[int] = left, chance: random.Random = chance, stayed: set[str] = stayed, box: LivePages = mailbox
        ) -> None:
            if not left[0]:
                return
            left[0] -= 1
            here = box.server.folder(WellKnown.INBOX).id
            for item in list(box.server.items(here)):
                if chance.random() < 0.1:
                    box.server.user_moves(item.message.id, WellKnown.ARCHIVE)
                    stayed.discard(item.message.id)
                    if chance.random() < 0.5:
                        box.server.deliver(here, subject="new")

        mailbox.before_page = move
        listing = FolderListing(mailbox, inbox)
        given = [m.id for page in listing.messages() for m in page]
        skipped += bool(stayed - set(given))
        given += [m.id for page in listing.again() for m in page]
        assert len(given) == len(set(given)) == listing.listed
        assert listing.is_short or stayed <= set(given)
        assert listing.others == 0
        shorts += listing.is_short
    assert (skipped > 0) == (busy_pages > 0)  # otherwise this shows nothing
    assert shorts < 125
    assert shorts == 0 or busy_pages > 0  # a quiet folder is never called short
