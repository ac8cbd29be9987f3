"""The model learns, forecasts only what it has earned, and forgets exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from mailsorter.model.message import Message, Participant
from mailsorter.prediction import PredictionModel
from mailsorter.prediction import memory as memory_module
from mailsorter.prediction.model import MIN_MESSAGES, PROBATION

from .firm import KEY, filed


def taught(mail: list[tuple[Message, str]], **options: Any) -> PredictionModel:
    model = PredictionModel(KEY, **options)
    for message, client in mail:
        model.learn(message, client)
    return model


def state(model: PredictionModel) -> tuple[Any, ...]:
    """Everything that scores, without the numbers of the messages."""
    counts = model._counts
    held = sorted((one.client_id, sorted(one.bag.items()), sorted(one.people), one.mark) for one in model.memory)
    index = {feature: sorted(holding.values()) for feature, holding in model._neighbours._holding.items()}
    return (
        counts.of_feature,
        counts.messages_with,
        counts.totals,
        counts.messages,
        counts.size,
        held,
        index,
        set(model.memory.marks),
    )


@pytest.fixture(scope="module")
def trained() -> PredictionModel:
    return taught(filed(1500))


def test_too_little_mail_forecasts_nothing() -> None:
    model = taught(filed(MIN_MESSAGES - 1))
    forecast = model.forecast(filed(1, seed=9)[0][0])
    assert (forecast.client_id, forecast.suggestions) == (None, ())


def test_what_it_files_is_right_as_often_as_was_asked(trained: PredictionModel) -> None:
    unseen = filed(1500, seed=2)
    forecasts = [(trained.forecast(message).client_id, client) for message, client in unseen]
    files = [(predicted, client) for predicted, client in forecasts if predicted is not None]
    assert len(files) > 300
    assert sum(predicted == client for predicted, client in files) >= 0.995 * len(files)


def test_the_best_three_come_with_scores_that_fall(trained: PredictionModel) -> None:
    suggestions = trained.forecast(filed(1, seed=3)[0][0]).suggestions
    scores = [suggestion.score for suggestion in suggestions]
    assert len(suggestions) == 3
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_a_message_that_shares_nothing_is_not_forecast(trained: PredictionModel) -> None:
    stranger = Message(id="x", folder_id="f", subject="zebra", from_=Participant("q@nergens.example"))
    assert trained.forecast(stranger).client_id is None


def test_mail_that_cannot_be_told_apart_files_nothing() -> None:
    same = Message(id="x", folder_id="f", subject="vraag", from_=Participant("q@nergens.example"))
    model = taught([(same, ("acme", "bolt")[number % 2]) for number in range(1200)])
    assert model.forecast(same).client_id is None


def test_forgetting_people_leaves_no_trace_of_them() -> None:
    mail = filed(700)
    gone = "jan@acme.example"
    kept = [(m, c) for m, c in mail if gone not in {p.address for p in m.participants}]
    model = taught(mail)
    assert model.forget_people(["Jan@ACME.example"]) == len(mail) - len(kept) > 0
    assert state(model) == state(taught(kept))
    assert model.forget_people([gone]) == 0


def test_forgetting_a_client_leaves_no_trace_of_it() -> None:
    mail = filed(700)
    model = taught(mail)
    model.forget_client("bolt")
    assert state(model) == state(taught([(m, c) for m, c in mail if c != "bolt"]))


def test_forgetting_everyone_leaves_an_empty_model() -> None:
    model = taught(filed(600))
    model.forget_people(["sanne@firma.example"])
    assert state(model) == state(PredictionModel(KEY))


def test_old_mail_makes_room_for_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_module, "PER_CLIENT", 50)
    monkeypatch.setattr(memory_module, "IN_ALL", 120)
    mail = filed(700)
    model = taught(mail)
    assert len(model.memory) == 120
    assert max(map(len, model.memory.of_client.values())) <= 50
    newest = PredictionModel(KEY)
    for one in model.memory:
        newest.remember(one)
    assert state(newest) == state(model)


def test_a_contradicted_client_is_only_suggested_until_it_has_earned_it_again(trained: PredictionModel) -> None:
    model = taught(filed(1500))
    sure = next(m for m, _ in filed(200, seed=5) if model.forecast(m).client_id == "acme")
    model.contradict("acme")
    assert model.forecast(sure).client_id is None
    assert model.forecast(sure).suggestions[0].client_id == "acme"
    again = [(msgspec.structs.replace(m, internet_message_id=""), c) for m, c in filed(1000, seed=6) if c == "acme"]
    for message, client in again[: PROBATION * 4]:
        model.learn(message, client)
    assert model.forecast(sure).client_id == "acme"


def test_bodies_count_only_where_they_are_allowed() -> None:
    message, _ = filed(1)[0]
    off, on = PredictionModel(KEY), PredictionModel(KEY, reads_bodies=True)
    for model in (off, on):
        model.learn(message, "acme", "een heel bijzonder woord")
    assert state(off) == state(taught([(message, "acme")]))
    assert len(on._counts.of_feature) > len(off._counts.of_feature)


def test_nothing_readable_is_in_the_model(trained: PredictionModel) -> None:
    words = repr(state(trained))
    assert all(word not in words for word in ("dakkapel", "jan", "example", "@"))


def test_another_key_gives_other_hashes() -> None:
    message, client = filed(1)[0]
    other = PredictionModel(b"another key of enough bytes, too")
    other.learn(message, client)
    assert not other._counts.of_feature.keys() & taught([(message, client)])._counts.of_feature.keys()


def test_the_same_message_is_learned_once() -> None:
    mail = filed(600)
    model = taught(mail)
    assert [model.learn(message, client) for message, client in mail[:50]] == [False] * 50
    assert state(model) == state(taught(mail))


def test_a_message_that_a_person_moved_is_learned_anew_and_unlearned_for_the_old_client() -> None:
    mail = filed(600)
    model = taught(mail)
    message = mail[100][0]
    assert model.learn(message, "zeta")
    assert state(model) == state(taught([*mail[:100], *mail[101:], (message, "zeta")]))


def test_one_message_is_forgotten_by_its_message_id() -> None:
    mail = filed(600)
    model = taught(mail)
    assert model.forget_message(mail[7][0].internet_message_id)
    assert state(model) == state(taught([*mail[:7], *mail[8:]]))
    assert not model.forget_message("<never@seen.example>")


def test_older_mail_than_a_full_client_remembers_is_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_module, "PER_CLIENT", 3)
    day = datetime(2026, 3, 1, tzinfo=UTC)

    def dated(number: int, days: int) -> Message:
        return Message(
            id=str(number), folder_id="f", internet_message_id=f"<{number}>", received_at=day + timedelta(days)
        )

    model = taught([(dated(n, n), "acme") for n in range(1, 5)])
    assert not model.learn(dated(9, 0), "acme")
    assert model.learn(dated(10, 9), "acme")
    assert len(model.memory) == 3
