"""A message as a bag of keyed hashes: without the key nobody can ask the model about a word or a person."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from hashlib import blake2b

from mailsorter.model.address import addresses_in, base_of, domain_of
from mailsorter.model.message import Message
from mailsorter.patterns import WordFinder, before_word, compiled

_WORDS = WordFinder("-'/&")
_PREFIX = compiled(
    "features.prefix", r"^\s*(?:(?:re|fwd?|aw|antw(?:oord)?|betr|doorst|wg|tr|sv|vs)\s*(?:\[\d+\])?\s*:\s*)+"
)
_MAX_WORDS = 600  # of a body; what is below is quoted history
_MAX_TEXT = 20_000
_MAX_SUBJECT = 300
_CACHE_SIZE = 100_000

# Who writes to whom tells more than a word does, and a long body must not drown it.
_PEOPLE_COUNT = 1.5

# Weights are whole numbers, so that what is subtracted is exactly what was added.
UNIT = 1024

Bag = dict[int, int]
"""Feature to weight; the squares of the weights add up to about UNIT²."""


class FeatureHasher:
    """Turns messages into bags, under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._cache: dict[str, int] = {}

    def bag(self, message: Message, text: str = "") -> Bag:
        """Who is named, the subject's words and pairs of words, and the body's words where `text` is given."""
        logs = self._logs(self._words(message, text), 1.0)
        logs.update(self._logs(self._people_tokens(message), _PEOPLE_COUNT))
        length = math.sqrt(sum(value * value for value in logs.values())) or 1.0
        return {feature: max(1, round(UNIT * value / length)) for feature, value in logs.items()}

    def people(self, message: Message) -> frozenset[int]:
        """Hashes of everyone named in the envelope: by these a person is found again when they must be forgotten.

        A plus-address stands for its base too: a tag does not make another person.
        """
        found = {a for p in message.participants for a in addresses_in(p.address)}
        return frozenset(map(self.person, found | {base for a in found if (base := base_of(a))}))

    def person(self, address: str) -> int:
        """The hash of one canonical address."""
        return self.feature("p:" + address)

    def feature(self, token: str) -> int:
        """64 bits of a keyed hash."""
        found = self._cache.get(token)
        if found is None:
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
            digest = blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8, key=self._key).digest()
            found = self._cache[token] = int.from_bytes(digest, "big")
        return found

    def _logs(self, tokens: Iterable[str], factor: float) -> dict[int, float]:
        counts: dict[int, int] = {}
        for token in tokens:
            feature = self.feature(token)
            counts[feature] = counts.get(feature, 0) + 1
        return {feature: factor * (1.0 + math.log(count)) for feature, count in counts.items()}

    def _words(self, message: Message, text: str) -> Iterable[str]:
        subject = list(_WORDS.words(_PREFIX.sub("", before_word(message.subject, _MAX_SUBJECT)).lower()))
        for word in subject:
            yield "s:" + word
            yield "w:" + word
        for first, second in itertools.pairwise(subject):
            yield f"s2:{first} {second}"
        if text:
            for word in itertools.islice(_WORDS.words(before_word(text, _MAX_TEXT).lower()), _MAX_WORDS):
                yield "w:" + word

    def _people_tokens(self, message: Message) -> Iterable[str]:
        author = addresses_in(message.from_.address) if message.from_ else ()
        for address in author:
            yield "f:" + address
            yield "p:" + address
            yield "fd:" + domain_of(address)
        for group in (message.to, message.cc):
            for participant in group[:30]:
                for address in addresses_in(participant.address):
                    yield "p:" + address
                    if group is message.to:
                        yield "t:" + address
        yield f"nto:{min(8, len(message.to))}"
        yield f"ncc:{min(8, len(message.cc))}"
