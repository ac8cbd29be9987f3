"""Taking wrong values out of a document, so that what is right can still be compared with each other."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mailsorter.config.problem import Where

# stand in for what a config cannot do without, when its own was wrong; no check compares these names with anything
_STAND_INS: Mapping[str, Any] = {
    "firm": {"domains": ["stand-in.invalid"]},
    "mailbox": [{"address": "stand-in@stand-in.invalid"}],
}


class Pruned:
    """A copy of a document's data from which values were taken out; it still knows where the rest was written."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data: dict[str, Any] = copy.deepcopy(dict(data))
        self._kept: dict[str, list[int]] = {
            name: list(range(len(rows))) for name, rows in self.data.items() if isinstance(rows, list)
        }

    def take_out(self, places: Iterable[Where]) -> None:
        """Remove each wrong value; where one is missing, the table that misses it."""
        removals = {spot for place in places if (spot := self._nearest(place))}
        for spot in sorted(_outermost(removals), key=_deepest_and_last_first):
            holder: Any = self.data
            for part in spot[:-1]:
                holder = holder[part]
            del holder[spot[-1]]
            name, index = spot[0], spot[1] if len(spot) == 2 else None
            if isinstance(name, str) and isinstance(index, int):
                del self._kept[name][index]
        for name, stand_in in _STAND_INS.items():
            if not self.data.get(name):
                self.data[name] = copy.deepcopy(stand_in)

    def written_at(self, place: Where) -> Where:
        """The place in the document of a place in the pruned data."""
        match place:
            case (str(name), int(index), *rest) if index < len(self._kept.get(name, ())):
                return (name, self._kept[name][index], *rest)
            case _:
                return place

    def _nearest(self, place: Where) -> Where:
        """The place itself if it is there, else the nearest one around it that is."""
        spot: Any = self.data
        for depth, part in enumerate(place):
            if not _holds(spot, part):
                return place[:depth]
            spot = spot[part]
        return place


def _holds(spot: Any, part: str | int) -> bool:
    if isinstance(spot, dict):
        return part in spot
    return isinstance(spot, list) and isinstance(part, int) and 0 <= part < len(spot)


def _outermost(places: set[Where]) -> Iterator[Where]:
    """Those that do not lie inside another."""
    return (place for place in places if not any(place[:length] in places for length in range(1, len(place))))


def _deepest_and_last_first(place: Where) -> tuple[int, list[int]]:
    return -len(place), [-part if isinstance(part, int) else 0 for part in place]
