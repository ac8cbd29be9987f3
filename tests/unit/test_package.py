"""The package as a whole."""

import ast
import tomllib
from pathlib import Path

import mailsorter
from tests.sources import nodes

ROOT = Path(__file__).parents[2]


def test_version_is_the_same_in_package_and_project_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert mailsorter.__version__ == project["version"]


def test_constraints_hold_no_download_address() -> None:
    assert "://" not in (ROOT / "constraints.txt").read_text(encoding="utf-8")


def test_nothing_is_decoded_by_a_decoder_made_on_the_spot() -> None:
    """Two threads that decode a type for the first time can end the process (design §10): decoders are built once."""
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "mailsorter").rglob("*.py"))
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "decode"
        and any(keyword.arg == "type" for keyword in node.keywords)
    ]
    assert calls == []
