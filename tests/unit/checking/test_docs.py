"""docs/safety.md explains every code that brakes and reconciliation can give."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailsorter.checking.difference import Kind
from mailsorter.cli.check import _SAID
from mailsorter.model.brake import BRAKES

PAGE = Path(__file__).parents[3].joinpath("docs", "safety.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", list(Kind))
def test_every_difference_is_explained_and_said(kind: Kind) -> None:
    assert f"| `{kind}` |" in PAGE
    assert kind in _SAID


@pytest.mark.parametrize("code", BRAKES)
def test_every_brake_is_explained(code: str) -> None:
    assert f"| `{code}` |" in PAGE
