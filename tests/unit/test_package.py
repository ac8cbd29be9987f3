"""The package as a whole."""

import tomllib
from pathlib import Path

import mailsorter

ROOT = Path(__file__).parents[2]


def test_version_is_the_same_in_package_and_project_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert mailsorter.__version__ == project["version"]


def test_constraints_hold_no_download_address() -> None:
    assert "://" not in (ROOT / "constraints.txt").read_text(encoding="utf-8")
