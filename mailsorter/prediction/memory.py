"""The filed messages that the model remembers, as bags: the newest of every client, and nothing else.

Everything that scores is derived from these, so dropping one forgets it exactly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import msgspec

from mailsorter.prediction.features import Bag

# Older mail of a client says little about its new mail, and a file of hashes must stay small: at most some 8 MB.
PER_CLIENT = 600
IN_ALL = 20_000


class Remembered(msgspec.Struct, frozen=True, gc=False):
    """One filed message."""

    client_id: str
    bag: Bag
    people: frozenset[int] = frozenset()
    mark: int = 0  # a hash that names the message, so that it is not learned twice; 0: it has no name
    day: int = 0  # when it came, in days since 1970


class Memory:
    """Remembered messages by number, oldest first."""

    def __init__(self) -> None:
        self.by_number: dict[int, Remembered] = {}
        self.of_client: dict[str, deque[int]] = {}
        self.marks: dict[int, int] = {}  # mark to number
        self._next = 0

    def __len__(self) -> int:
        return len(self.by_number)

    def __iter__(self) -> Iterator[Remembered]:
        return iter(self.by_number.values())

    def wants(self, one: Remembered) -> bool:
        """Is it news? Not when this client's mail is full of newer, nor when the same was learned for it."""
        known = self.marks.get(one.mark)
        if known is not None and self.by_number[known].client_id == one.client_id:
            return False
        held = self.of_client.get(one.client_id)
        return held is None or len(held) < PER_CLIENT or one.day >= self.by_number[held[0]].day

    def add(self, one: Remembered) -> tuple[int, list[int]]:
        """Remember one; answers its number and the numbers of those that must make room."""
        number = self._next
        self._next += 1
        self.by_number[number] = one
        held = self.of_client.setdefault(one.client_id, deque())
        held.append(number)
        if one.mark:
            self.marks[one.mark] = number
        leaving = [held[0]] if len(held) > PER_CLIENT else []
        if not leaving and len(self.by_number) > IN_ALL:
            leaving = [max(self.of_client.values(), key=len)[0]]
        return number, leaving

    def remove(self, number: int) -> Remembered:
        """Drop one, and its client's entry with the last."""
        one = self.by_number.pop(number)
        held = self.of_client[one.client_id]
        held.remove(number)
        if self.marks.get(one.mark) == number:
            del self.marks[one.mark]
        if not held:
            del self.of_client[one.client_id]
        return one

    def concerning(self, people: Iterable[int]) -> list[int]:
        """Numbers of the messages in whose envelope any of these people is named."""
        wanted = frozenset(people)
        return [number for number, one in self.by_number.items() if wanted & one.people]
