from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mailsorter.config.load import load
from mailsorter.errors import ConfigError

GOOD = """\
[firm]
domains = ["onzefirma.example"]
[[mailbox]]
address = "anna@onzefirma.example"
[graph]
tenant = "t"
client_id = "c"
client_secret = "env:S"
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a config and a book; give the config's path."""

    def _write(config: str = GOOD, book: str = "", book_name: str = "clients.toml") -> Path:
        (tmp_path / "mailsorter.toml").write_text(config, encoding="utf-8")
        (tmp_path / book_name).write_text(book, encoding="utf-8")
        return tmp_path / "mailsorter.toml"

    return _write


@pytest.fixture
def problems_of(write: Callable[..., Path], tmp_path: Path) -> Callable[..., list[str]]:
    """Load a config and a book; give the problems, without the folder in front."""

    def _problems(config: str = GOOD, book: str = "", book_name: str = "clients.toml") -> list[str]:
        try:
            load(write(config, book, book_name))
        except ConfigError as error:
            return [line.removeprefix(f"{tmp_path}/") for line in error.problems]
        return []

    return _problems
