"""How a message becomes a bag: what weighs how much."""

from __future__ import annotations

import math

import msgspec
import pytest

from mailsorter.model.message import Message, Participant
from mailsorter.prediction.features import UNIT, FeatureHasher

from .firm import KEY

MESSAGE = Message(
    id="1",
    folder_id="f",
    subject="Re: steiger",
    from_=Participant("Jan@acme.example"),
    to=(Participant("sanne@firma.example"),),
    cc=(Participant("els@acme.example"),),
)


def test_a_person_weighs_half_as_much_again_as_a_word() -> None:
    hasher = FeatureHasher(KEY)
    bag = hasher.bag(MESSAGE)
    for token in ("f:jan@acme.example", "fd:acme.example", "t:sanne@firma.example", "p:els@acme.example"):
        assert bag[hasher.feature(token)] == pytest.approx(1.5 * bag[hasher.feature("s:steiger")], rel=0.01)


def test_what_is_said_often_weighs_more_but_not_as_often() -> None:
    hasher = FeatureHasher(KEY)
    bag = hasher.bag(MESSAGE, "beton beton beton kozijn")
    assert bag[hasher.feature("w:beton")] / bag[hasher.feature("w:kozijn")] == pytest.approx(1 + math.log(3), rel=0.01)


def test_all_bags_are_equally_long_and_whole_numbers() -> None:
    hasher = FeatureHasher(KEY)
    for text in ("", "een langer verhaal over beton en kozijnen " * 9):
        bag = hasher.bag(MESSAGE, text)
        assert math.hypot(*bag.values()) == pytest.approx(UNIT, rel=0.01)
        assert all(isinstance(weight, int) for weight in bag.values())


def test_a_message_without_people_or_words_has_a_bag() -> None:
    bare = msgspec.structs.replace(MESSAGE, subject="", from_=None, to=(), cc=())
    assert len(FeatureHasher(KEY).bag(bare)) == 2  # how many it went to, and how many got a copy
