"""Multinomial naive Bayes over bags, in whole numbers: what is learned can be unlearned to the last unit."""

from __future__ import annotations

import math

from mailsorter.prediction.features import UNIT, Bag

# How much of a feature a client is assumed to have without ever having shown it; small, because mail is telling.
_SMOOTHING = 0.005 * UNIT
# What so many clients' mail holds tells none of them apart, and adding it up for each would cost the speed.
_TOO_COMMON = 64


class Counts:
    """How much of each feature each client's mail holds."""

    def __init__(self) -> None:
        self.of_feature: dict[int, dict[str, int]] = {}
        self.messages_with: dict[int, int] = {}
        self.totals: dict[str, int] = {}
        self.messages: dict[str, int] = {}
        self.size = 0
        self._base: dict[str, tuple[float, float]] = {}  # client: log of its messages, log of its mass; made when asked

    def add(self, client_id: str, bag: Bag) -> None:
        """Learn one message."""
        self._base = {}
        self.size += 1
        self.messages[client_id] = self.messages.get(client_id, 0) + 1
        self.totals[client_id] = self.totals.get(client_id, 0) + sum(bag.values())
        for feature, weight in bag.items():
            clients = self.of_feature.setdefault(feature, {})
            clients[client_id] = clients.get(client_id, 0) + weight
            self.messages_with[feature] = self.messages_with.get(feature, 0) + 1

    def remove(self, client_id: str, bag: Bag) -> None:
        """Unlearn one message that was learned before."""
        self._base = {}
        self.size -= 1
        _subtract(self.messages, client_id, 1)
        _subtract(self.totals, client_id, sum(bag.values()))
        for feature, weight in bag.items():
            clients = self.of_feature[feature]
            _subtract(clients, client_id, weight)
            if not clients:
                del self.of_feature[feature]
            _subtract(self.messages_with, feature, 1)

    def rarity(self, feature: int) -> float:
        """The natural logarithm of how rare a known feature is; 0 for one never seen."""
        held = self.messages_with.get(feature)
        return math.log((1 + self.size) / held) if held else 0.0

    def log_scores(self, weighed: dict[int, float]) -> dict[str, float]:
        """Logarithm of how likely each client is, up to a constant; `weighed` are the bag's known features."""
        if not self._base:
            vocabulary = _SMOOTHING * len(self.of_feature)
            self._base = {
                client: (math.log(self.messages[client]), math.log((total + vocabulary) / _SMOOTHING))
                for client, total in self.totals.items()
            }
        telling = {f: weight for f, weight in weighed.items() if len(self.of_feature[f]) <= _TOO_COMMON}
        mass = sum(telling.values())
        scores = {client: prior - mass * size for client, (prior, size) in self._base.items()}
        for feature, weight in telling.items():
            for client, count in self.of_feature[feature].items():
                scores[client] += weight * math.log1p(count / _SMOOTHING)
        return scores


def _subtract(counts: dict[int, int] | dict[str, int], key: int | str, amount: int) -> None:
    left = counts[key] - amount  # type: ignore[index]
    if left:
        counts[key] = left  # type: ignore[index]
    else:
        del counts[key]  # type: ignore[arg-type]
