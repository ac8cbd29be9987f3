"""The model's file: the same model comes back, and nothing else is accepted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailsorter.errors import UserError
from mailsorter.prediction import PredictionModel
from mailsorter.prediction.sealed import feature_key, load_model, save_model

from .firm import KEY, filed
from .test_model import state


@pytest.fixture
def model() -> PredictionModel:
    model = PredictionModel(feature_key(KEY))
    for message, client in filed(700):
        model.learn(message, client)
    model.contradict("bolt")
    return model


def load(path: Path, key: bytes = KEY) -> PredictionModel:
    return load_model(path, key, target=0.995, reads_bodies=False)


def test_what_was_saved_comes_back(model: PredictionModel, tmp_path: Path) -> None:
    save_model(model, tmp_path / "model", KEY)
    again = load(tmp_path / "model")
    assert state(again) == state(model)
    assert (again.calibration.bands, again.probation) == (model.calibration.bands, model.probation)
    message = filed(1, seed=8)[0][0]
    assert again.rank(message) == model.rank(message)


def test_no_file_is_an_empty_model(tmp_path: Path) -> None:
    assert len(load(tmp_path / "none").memory) == 0


def test_the_file_is_small_private_and_unreadable(model: PredictionModel, tmp_path: Path) -> None:
    path = tmp_path / "model"
    save_model(model, path, KEY)
    save_model(model, path, KEY)
    data = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(data) < 700 * 200
    assert all(word not in data for word in (b"acme", b"jan", b"dakkapel", b"example"))
    assert os.listdir(tmp_path) == ["model"]


@pytest.mark.parametrize("harm", ["flip", "cut", "empty", "other"])
def test_an_altered_file_is_refused_with_the_next_command(model: PredictionModel, tmp_path: Path, harm: str) -> None:
    path = tmp_path / "model"
    save_model(model, path, KEY)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes({"flip": bytes(data), "cut": bytes(data[:40]), "empty": b"", "other": b"something else"}[harm])
    with pytest.raises(UserError, match="mailsorter predict train"):
        load(path)


def test_a_model_of_other_scores_is_not_taken_over_with_what_those_earned(
    model: PredictionModel, tmp_path: Path
) -> None:
    path = tmp_path / "model"
    save_model(model, path, KEY)
    path.write_bytes(path.read_bytes().replace(b"mailsorter-model-2", b"mailsorter-model-1"))
    with pytest.raises(UserError, match="of this version"):
        load(path)


def test_another_key_does_not_open_it(model: PredictionModel, tmp_path: Path) -> None:
    save_model(model, tmp_path / "model", KEY)
    with pytest.raises(UserError, match="another key"):
        load(tmp_path / "model", b"not that key but long enough too")
