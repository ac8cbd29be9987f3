"""The remembered messages most like a new one, by an inverted index."""

from __future__ import annotations

import heapq
import math

from mailsorter.prediction.features import Bag
from mailsorter.prediction.memory import Memory

# A feature that so many messages share tells little, and walking all of them would cost the speed.
_LONGEST_WALK = 300
_NEIGHBOURS = 20
# Likeness counts to this power: one near twin outweighs many that share a greeting.
_POWER = 2
# Clients with much mail have more neighbours by chance alone.
_CROWD = 0.3
# Work moves on: what was filed long ago counts less, but never nothing.
_HALF_LIFE_DAYS = 120
_OLD = 0.3


class Neighbours:
    """Which messages hold which feature."""

    def __init__(self) -> None:
        self._holding: dict[int, dict[int, int]] = {}

    def add(self, number: int, bag: Bag) -> None:
        for feature, weight in bag.items():
            self._holding.setdefault(feature, {})[number] = weight

    def remove(self, number: int, bag: Bag) -> None:
        for feature in bag:
            holding = self._holding[feature]
            del holding[number]
            if not holding:
                del self._holding[feature]

    def shares(self, weighed: dict[int, float], memory: Memory, day: int) -> dict[str, float]:
        """Each client's share of the likeness of the nearest messages; {} when nothing is alike. `day` 0: unknown."""
        likeness: dict[int, float] = {}
        for feature, weight in weighed.items():
            holding = self._holding.get(feature)
            if holding is None or len(holding) > _LONGEST_WALK:
                continue
            for number, held in holding.items():
                likeness[number] = likeness.get(number, 0.0) + weight * held
        nearest = heapq.nlargest(_NEIGHBOURS, likeness.items(), key=lambda pair: pair[1])
        shares: dict[str, float] = {}
        for number, value in nearest:
            one = memory.by_number[number]
            likeness_now = (value * _freshness(day, one.day)) ** _POWER
            shares[one.client_id] = (
                shares.get(one.client_id, 0.0) + likeness_now / len(memory.of_client[one.client_id]) ** _CROWD
            )
        total = sum(shares.values())
        return {client: share / total for client, share in shares.items()} if total > 0 else {}


def _freshness(day: int, day_then: int) -> float:
    if not (day and day_then):
        return 1.0
    return _OLD + (1 - _OLD) * math.exp2(-max(0, day - day_then) / _HALF_LIFE_DAYS)
