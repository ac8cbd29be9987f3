"""Finding items by their MAPI search key, many at a time: what a server moved and did not say the new ids of.

One FindItem over all the folders concerned. A server that refuses a restriction on a binary property is asked for the
folders' listings instead, which carry the key: as many requests as the folders have thousands of items.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from mailsorter.errors import MailsorterError, NotFound, Refused
from mailsorter.mailbox.base import Place
from mailsorter.mailbox.ews import translate
from mailsorter.mailbox.ews.client import EwsClient
from mailsorter.mailbox.ews.elements import SEARCH_KEY, any_of, element, find_items, is_last, listed

_PAGE = 1000  # the most that Exchange gives
_KEYS_AT_ONCE = 100
_FOLDERS_AT_ONCE = 50
_REMEMBERED = 20_000


class SearchKeys:
    """The search keys of items that were read, by id: where ids change, what an item is known by once it was moved."""

    def __init__(self) -> None:
        self._of: dict[str, bytes] = {}

    def remember(self, item_id: str, key: bytes) -> None:
        """Keep one; the oldest are forgotten beyond 20,000."""
        if key:
            self._of[item_id] = key
            if len(self._of) > _REMEMBERED:
                del self._of[next(iter(self._of))]

    def of(self, item_id: str) -> bytes:
        """The key, or b"" where it is not known."""
        return self._of.get(item_id, b"")


class ByKey:
    """Looks for items by search key."""

    def __init__(self, client: EwsClient) -> None:
        self._client = client
        self._is_refused = False

    def look(
        self, folders: Sequence[str], keys: Collection[bytes], *, traversal: str = "Shallow"
    ) -> dict[bytes, list[Place]]:
        """Where items with those keys lie in those folders; a folder that is gone holds none.

        Raises what the server answers, a refusal of the restriction left out: then the folders are listed.
        """
        wanted = sorted(set(keys) - {b""})
        found: dict[bytes, list[Place]] = {}
        for start in range(0, len(wanted), _KEYS_AT_ONCE):
            if not self._is_refused:
                try:
                    condition = _with_key(wanted[start : start + _KEYS_AT_ONCE])
                    self._take(found, self._pages(folders, traversal, condition), wanted)
                    continue
                except Refused:
                    self._is_refused = True
            found.clear()
            self._take(found, self._pages(folders, traversal, None), wanted)
            break
        return found

    def _take(self, found: dict[bytes, list[Place]], items: Iterable[Any], wanted: Collection[bytes]) -> None:
        for parent, one in items:
            item = translate.message(one)
            if item.search_key in wanted:
                found.setdefault(item.search_key, []).append(Place(item.id, parent))

    def _pages(self, folders: Sequence[str], traversal: str, condition: Any) -> Iterable[tuple[str, Any]]:
        """Every item of the folders that meets the condition, with its folder."""
        for start in range(0, len(folders), _FOLDERS_AT_ONCE):
            left = {0: list(folders[start : start + _FOLDERS_AT_ONCE])}
            while left:
                offset, some = left.popitem()
                payload = find_items(some, traversal, offset, _PAGE, condition, (SEARCH_KEY,))
                for parent, answer in zip(some, self._client.each(payload, len(some), "find messages"), strict=True):
                    if isinstance(answer, NotFound):
                        continue
                    if isinstance(answer, MailsorterError):
                        raise answer
                    items = listed(answer)
                    yield from ((parent, one) for one in items)
                    if items and not is_last(answer, len(items), full_is=_PAGE):
                        left.setdefault(offset + len(items), []).append(parent)


def _with_key(keys: Sequence[bytes]) -> Any:
    return element("m:Restriction", any_of(SEARCH_KEY, [base64.b64encode(key).decode() for key in keys]))
