"""What a killed mailsorter left in temporary folders is searched, too; files of other programs and users are not."""

from __future__ import annotations

import ast
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

import mailsorter
from mailsorter.cases.perform import perform
from mailsorter.cases.prove import prove
from mailsorter.cases.witness.local import TEMPORARY, leftovers, look_through_files
from mailsorter.cases.witness.marks import Marks
from tests.cases.office import PIET, World, mail


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_leftover_that_names_the_person_fails_the_proof(world: World, temporary: Path) -> None:
    mail(world.anna, from_=PIET)
    number = world.approved()
    perform(world.office, number)
    left = temporary / "mailsorter-plan-x7" / "plan.jsonl"
    left.parent.mkdir()
    left.write_text(f'{{"from": "{PIET.address}"}}', "utf-8")
    proof = prove(world.office, number)
    assert (proof.passed, proof.files.naming) == (False, [str(left)])
    left.unlink()
    assert prove(world.office, number).passed


def test_only_ours_is_looked_into(tmp_path: Path, temporary: Path) -> None:
    """By name and owner; a link is not followed to where somebody else wants it to lead."""
    book = tmp_path / "clients.toml"
    for name in ("other-x", "mailsorter-check-a"):
        (temporary / name).mkdir()
    (temporary / "mailsorter-link").symlink_to(tmp_path)
    (tmp_path / ".clients.toml-k3").write_text("half a book")
    found = [path for path in leftovers([book]) if tmp_path in path.parents]
    assert found == [tmp_path / ".clients.toml-k3", temporary / "mailsorter-check-a"]


@pytest.mark.parametrize(
    ("error", "unread"), [(FileNotFoundError, []), (PermissionError, ["mailsorter-check-a"])], ids=["gone", "closed"]
)
def test_a_folder_that_cannot_be_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[OSError], unread: list[str]
) -> None:
    """One that another process takes away meanwhile names nobody; one that does not open is named as unread."""
    strange, beside = tmp_path / "mailsorter-check-a", tmp_path / "mailsorter-check-b"
    strange.mkdir()
    beside.mkdir()
    (beside / "left").write_text(PIET.address, "utf-8")
    scandir = os.scandir

    def unlucky(path: Any) -> Any:
        if Path(path) == strange:
            raise error(1, "no", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", unlucky)
    look = look_through_files([strange, tmp_path], Marks(addresses=(PIET.address,)))
    assert look.naming == [str(beside / "left")]
    assert [Path(path).name for path in look.unread] == unread


def test_every_temporary_file_of_ours_has_our_name() -> None:
    """Or a folder of its own choice, beside what it replaces: else nobody would find it after a crash."""
    calls = [
        (path.name, {k.arg: ast.unparse(k.value) for k in call.keywords})
        for path in Path(mailsorter.__file__).parent.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("tempfile.") and call.keywords
    ]
    assert len(calls) > 5
    prefixes = [(name, k.get("prefix", "").lstrip("f")[1:]) for name, k in calls if "dir" not in k]  # f"…" as well
    assert [(name, prefix) for name, prefix in prefixes if not prefix.startswith(TEMPORARY)] == []
