"""The texts of a folder, read along with the listing of its messages.

Both listings are asked for in the same order. So after every few thousand messages the texts of those are read, and a
folder of any size needs the memory of so many ids and of a few pages of texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from mailsorter.mailbox.base import Body
from mailsorter.model.message import Message

_AHEAD = 1000  # texts that are kept until the listing has come to their messages


class ListingOrder:
    """Is a listing by date, oldest first, and up to when has it come?

    `until`: all messages before it were listed. None: nothing was, or the listing has another order.
    """

    def __init__(self, since: datetime | None = None) -> None:
        self.until = since
        self._is_by_date = True

    def note(self, page: Sequence[Message]) -> None:
        """The next page. Messages without a date, which could not be rendered, tell nothing."""
        dates = [message.received_at for message in page if message.received_at is not None]
        if not dates:
            return
        is_later = self.until is None or dates[0] >= self.until
        self._is_by_date = self._is_by_date and is_later and dates == sorted(dates)
        self.until = dates[-1] if self._is_by_date else None


class TextsAlong:
    """`pages` as `Mailbox.bodies` gives them, not asked for before the first `of`.

    `is_listed` answers whether the listing gave a message already: the text of another one is kept until it did.
    """

    def __init__(self, pages: Iterator[Sequence[Body]], is_listed: Callable[[str], bool]) -> None:
        self._pages = pages
        self._is_listed = is_listed
        self._ahead: list[Body] = []
        self._last: datetime | None = None

    def of(self, unread: set[str], through: datetime | None) -> Iterator[list[Body]]:
        """Pages of the texts of those messages, whose ids it takes out of the set.

        What is left in the set comes with no page: the server does not render it, it left, or it came meanwhile.
        `through`: when the last of them was received, where the listing is by date; None: it may be anywhere.
        """
        kept, self._ahead = self._ahead, []
        yield from self._wanted(kept, unread)
        while unread and len(self._ahead) < _AHEAD and not self._is_past(through):
            page = next(self._pages, None)
            if page is None:
                return
            dates = [body.received_at for body in page if body.received_at is not None]
            self._last = max(dates) if len(dates) == len(page) > 0 else None
            yield from self._wanted(page, unread)

    def _is_past(self, through: datetime | None) -> bool:
        return through is not None and self._last is not None and self._last > through

    def _wanted(self, page: Sequence[Body], unread: set[str]) -> Iterator[list[Body]]:
        wanted = [body for body in page if body.id in unread]
        self._ahead += [body for body in page if body.id not in unread and not self._is_listed(body.id)]
        unread.difference_update(body.id for body in wanted)
        if wanted:
            yield wanted
