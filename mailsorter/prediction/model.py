"""Learn from filed mail, forget it, and forecast: the whole model of one firm."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable

from mailsorter.model.address import canonical
from mailsorter.model.match import Forecast, Suggestion
from mailsorter.model.message import Message
from mailsorter.prediction.calibration import Calibration
from mailsorter.prediction.counts import Counts
from mailsorter.prediction.features import UNIT, Bag, FeatureHasher
from mailsorter.prediction.memory import Memory, Remembered
from mailsorter.prediction.neighbours import Neighbours

DEFAULT_TARGET = 0.995
MIN_MESSAGES = 500  # less filed mail than this teaches nothing worth showing
# After a person contradicted a prediction for a client, so many for it must come out right before it may file again.
PROBATION = 50
_SHOWN = 3
_RANKED = 10  # beyond these no client has a probability worth adding up
_LEAST_SHARE = 1e-3  # of a client none of whose mail is near
_NO_NEIGHBOUR = math.log(_LEAST_SHARE)


class PredictionModel:
    """
    A model under one key; also a `Predictor` for matching.

    `target` is the precision that it must have earned to file. With `reads_bodies` off a body given to it is ignored.
    Forecasting changes nothing and may be done from several threads; learning and forgetting may not.
    """

    def __init__(self, key: bytes, *, target: float = DEFAULT_TARGET, reads_bodies: bool = False) -> None:
        self.target = target
        self.reads_bodies = reads_bodies
        self.memory = Memory()
        self.calibration = Calibration()
        self.probation: dict[str, int] = {}  # client -> right predictions still owed
        self.hash_key = key
        self._hasher = FeatureHasher(key)
        self._counts = Counts()
        self._neighbours = Neighbours()

    def learn(self, message: Message, client_id: str, text: str = "") -> bool:
        """
        Learn one filed message; before that, count whether it would have been predicted.

        Answers whether it was news: the same message for the same client is learned once, for another client it is
        learned anew and unlearned for the old one. Oldest first is the right order.
        """
        one = self.as_remembered(message, client_id, text)
        if not self.memory.wants(one):
            return False
        known = self.memory.marks.get(one.mark)
        if known is not None:
            self._drop(known)
        ranked = self._rank(one.bag, one.day) if len(self.memory) >= MIN_MESSAGES else []
        if ranked:
            self._count_outcome(ranked, client_id)
        self.remember(one)
        return True

    def as_remembered(self, message: Message, client_id: str, text: str = "") -> Remembered:
        """A message as the model would keep it; learns nothing."""
        bag = self._hasher.bag(message, text if self.reads_bodies else "")
        return Remembered(client_id, bag, self._hasher.people(message), self._mark_of(message), _day(message))

    def remember(self, one: Remembered) -> None:
        """Add one message as it was stored."""
        number, leaving = self.memory.add(one)
        self._counts.add(one.client_id, one.bag)
        self._neighbours.add(number, one.bag)
        for old in leaving:
            self._drop(old)

    def forget_people(self, addresses: Iterable[str]) -> int:
        """Unlearn every message in whose envelope one of these addresses is named; answers how many."""
        people = [self._hasher.person(found) for raw in addresses if (found := canonical(raw))]
        return self._drop_all(self.memory.concerning(people))

    def forget_message(self, internet_message_id: str) -> bool:
        """Unlearn one message by its Message-ID; answers whether it was remembered."""
        known = self.memory.marks.get(self._hasher.feature("m:" + internet_message_id))
        return known is not None and bool(self._drop_all([known]))

    def forget_client(self, client_id: str) -> int:
        """Unlearn all mail of a client; answers how many messages that were."""
        self.probation.pop(client_id, None)
        return self._drop_all(list(self.memory.of_client.get(client_id, ())))

    def contradict(self, client_id: str) -> None:
        """A person took mail out of this client's folder that was filed by prediction: suggest only, for a while."""
        self.probation[client_id] = PROBATION

    def forecast(self, message: Message, text: str = "") -> Forecast:
        """The best three clients with the share of such predictions that came out right, and whether to file."""
        if len(self.memory) < MIN_MESSAGES:
            return Forecast()
        ranked = self._rank(self._hasher.bag(message, text if self.reads_bodies else ""), _day(message))
        if not ranked:
            return Forecast()
        best, sureness = ranked[0][0], _sureness(ranked)
        files = best not in self.probation and self.calibration.may_file(sureness, self.target)
        return Forecast(best if files else None, self._suggestions(ranked, sureness))

    def rank(self, message: Message, text: str = "") -> tuple[list[tuple[str, float]], float]:
        """Clients with their probabilities as the model computes them, best first, and the sureness of the first."""
        ranked = self._rank(self._hasher.bag(message, text if self.reads_bodies else ""), _day(message))
        return ranked, _sureness(ranked)

    def _rank(self, bag: Bag, day: int) -> list[tuple[str, float]]:
        weighed = {f: w * r / UNIT for f, w in bag.items() if (r := self._counts.rarity(f)) > 0.0}
        if not weighed:
            return []
        length = math.sqrt(sum(weight * weight for weight in weighed.values()))
        scores = self._counts.log_scores({f: w / length for f, w in weighed.items()})
        shares = self._neighbours.shares(weighed, self.memory, day)
        blended = {client: 0.5 * score + _NO_NEIGHBOUR for client, score in scores.items()}
        for client, share in shares.items():
            blended[client] += math.log(share + _LEAST_SHARE) - _NO_NEIGHBOUR
        best = heapq.nsmallest(_RANKED, blended.items(), key=lambda pair: (-pair[1], pair[0]))
        likely = [(client, math.exp(score - best[0][1])) for client, score in best]
        total = sum(value for _, value in likely)
        return [(client, value / total) for client, value in likely]

    def _suggestions(self, ranked: list[tuple[str, float]], sureness: float) -> tuple[Suggestion, ...]:
        first = self.calibration.precision_near(sureness)
        rest = sum(value for _, value in ranked[1:]) or 1.0
        others = [Suggestion(client, round((1 - first) * value / rest, 4)) for client, value in ranked[1:_SHOWN]]
        return (Suggestion(ranked[0][0], round(first, 4)), *others)

    def _mark_of(self, message: Message) -> int:
        return self._hasher.feature("m:" + message.internet_message_id) if message.internet_message_id else 0

    def _count_outcome(self, ranked: list[tuple[str, float]], client_id: str) -> None:
        best = ranked[0][0]
        self.calibration.count(_sureness(ranked), is_right=best == client_id)
        owed = self.probation.get(best)
        if owed is not None:
            self._pay(best, PROBATION if best != client_id else owed - 1)

    def _pay(self, client_id: str, owed: int) -> None:
        if owed > 0:
            self.probation[client_id] = owed
        else:
            del self.probation[client_id]

    def _drop(self, number: int) -> None:
        one = self.memory.remove(number)
        self._counts.remove(one.client_id, one.bag)
        self._neighbours.remove(number, one.bag)

    def _drop_all(self, numbers: list[int]) -> int:
        for number in numbers:
            self._drop(number)
        return len(numbers)


def _day(message: Message) -> int:
    moment = message.received_at or message.sent_at
    return max(0, int(moment.timestamp() // 86_400)) if moment is not None else 0


def _sureness(ranked: list[tuple[str, float]]) -> float:
    if not ranked:
        return 0.0
    second = ranked[1][1] if len(ranked) > 1 else 0.0
    return math.log(ranked[0][1] / max(second, 1e-9))
