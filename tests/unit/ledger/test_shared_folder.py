"""Ledger, locks and prediction model in a folder that daemon and officer share, and in one that they do not."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mailsorter.ledger.ledger import Ledger
from mailsorter.prediction import PredictionModel
from mailsorter.prediction.forgetting import hold_model
from mailsorter.prediction.sealed import feature_key, save_model

KEY = bytes(32)


@pytest.mark.parametrize(("folder", "expected"), [(0o700, 0o600), (0o770, 0o600), (0o2770, 0o660)])
def test_what_both_users_need_is_for_both_in_a_shared_folder(tmp_path: Path, folder: int, expected: int) -> None:
    """SQLite gives its log and index the database's own mode."""
    tmp_path.chmod(folder)
    ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db", KEY)
    try:
        with ledger.unit() as unit:
            number = unit.places.mailbox("anna@firm.example")
        model = PredictionModel(feature_key(KEY), target=0.9, reads_bodies=False)
        with ledger.locks.hold(number), hold_model(tmp_path / "prediction.model"):
            save_model(model, tmp_path / "prediction.model", KEY)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        ledger.close()
    names = {"ledger.db", "ledger.db-wal", "ledger.db-shm", f"ledger.db.mailbox-{number}.lock"}
    assert modes == dict.fromkeys(names | {"prediction.model", "prediction.model.lock"}, expected)


def test_a_private_ledger_of_before_is_shared_when_its_owner_opens_it(tmp_path: Path) -> None:
    """The administrator made the folder one for both; the daemon starts first."""
    tmp_path.chmod(0o700)
    url = f"sqlite:///{tmp_path}/ledger.db"
    Ledger.open(url, KEY).close()
    assert stat.S_IMODE((tmp_path / "ledger.db").stat().st_mode) == 0o600
    tmp_path.chmod(0o2770)
    Ledger.open(url, KEY).close()
    assert stat.S_IMODE((tmp_path / "ledger.db").stat().st_mode) == 0o660
