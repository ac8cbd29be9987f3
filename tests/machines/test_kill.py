"""A short torture in every build; `python -m tests.machines.kill --kills 500` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.machines.kill import torture


@pytest.mark.timeout(400)
def test_killed_processes_lose_nothing(tmp_path: Path) -> None:
    met = torture(tmp_path, kills=3, messages=60, seed=4)
    assert met["killed"] == 3
    assert met["messages lost"] == met["messages twice"] == 0
