"""What is installed: pyproject.toml, constraints.txt and the lock files say the same, and none says where from."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
RUNS = [*PROJECT["project"]["dependencies"], *EXTRAS["postgres"], *PROJECT["build-system"]["requires"]]
WANTED = {
    "requirements.lock": RUNS,
    "requirements-test.lock": [*RUNS, *EXTRAS["test"]],
    "requirements-tools.lock": EXTRAS["tools"],
}
REGENERATE = "run: python3 .ci/lock.py"


def entries(name: str) -> dict[str, tuple[str, list[str]]]:
    """Version and digests of each project of a lock file, by its normal name; checks the form of every line."""
    found: dict[str, tuple[str, list[str]]] = {}
    text = re.sub(r"\\\n\s+", " ", (ROOT / name).read_text("utf-8"))
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        pinned, *digests = line.split(" --hash=")
        requirement = Requirement(pinned)
        (specifier,) = requirement.specifier
        assert (specifier.operator, requirement.url) == ("==", None), line
        assert digests, f"{name}: {pinned} has no digest"
        for digest in digests:
            assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest.strip()), line
        assert canonicalize_name(requirement.name) not in found, f"{name}: {pinned} is there twice"
        found[canonicalize_name(requirement.name)] = (specifier.version, [digest.strip() for digest in digests])
    return found


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


def others(requirements: Iterable[str]) -> Iterator[Requirement]:
    """Without mailsorter's own extras, which name each other."""
    return (wanted for wanted in map(Requirement, requirements) if wanted.name != "mailsorter")


@pytest.mark.parametrize("name", WANTED)
def test_a_lock_file_holds_what_the_project_asks_for(name: str) -> None:
    """Every requirement is locked to a version that it allows, with digests."""
    locked = entries(name)
    for wanted in others(WANTED[name]):
        assert canonicalize_name(wanted.name) in locked, f"{name} has no {wanted.name}: {REGENERATE}"
        version, _ = locked[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(version), f"{name}: {wanted} does not allow {version}: {REGENERATE}"


@pytest.mark.parametrize("name", WANTED)
def test_a_lock_file_and_the_constraints_name_the_same_versions(name: str) -> None:
    """The README's commands, which take the constraints, install what the lock file locks."""
    constrained = constraints()
    differing = {
        project: (version, constrained.get(project))
        for project, (version, _) in entries(name).items()
        if constrained.get(project) != version
    }
    assert differing == {}, f"{name} differs from constraints.txt: {REGENERATE}"


def test_constraints_hold_every_requirement_and_nothing_by_hand() -> None:
    """Also what the bench extra asks for; in order, each once."""
    constrained = constraints()
    for wanted in others([*RUNS, *(line for extra in EXTRAS.values() for line in extra)]):
        version = constrained.get(canonicalize_name(wanted.name), "")
        assert version, f"constraints.txt has no {wanted.name}: {REGENERATE}"
        assert wanted.specifier.contains(version), f"{wanted} does not allow {version}: {REGENERATE}"
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    names = [re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in lines]
    assert names == sorted(set(names)), f"constraints.txt is not in order: {REGENERATE}"


def test_what_runs_is_tested_as_it_runs() -> None:
    """The tested set has the same versions with the same digests."""
    assert entries("requirements.lock").items() <= entries("requirements-test.lock").items()


def test_this_environment_holds_what_is_locked() -> None:
    """Everything that mailsorter needs here, directly or not, is in the lock file of the tested set."""
    locked = entries("requirements-test.lock")
    installed = {
        canonicalize_name(d.metadata["Name"]): d.version for d in map(importlib.metadata.distribution, needed())
    }
    strangers = {name for name in installed if name not in locked}
    assert strangers == set(), f"not locked: {REGENERATE}"
    differing = {name: version for name, version in installed.items() if locked[name][0] != version}
    assert differing == {}, "install them: .venv/bin/pip install -c constraints.txt -e '.[test]'"


def needed() -> set[str]:
    """Names of what is installed because mailsorter or its test extra needs it."""
    met: set[tuple[str, str]] = set()
    waiting = [Requirement("mailsorter[test]")]
    while waiting:
        one = waiting.pop()
        for extra in ("", *one.extras):
            if (one.name, extra) in met:
                continue
            met.add((one.name, extra))
            asked = map(Requirement, importlib.metadata.requires(one.name) or ())
            waiting += [r for r in asked if r.marker is None or r.marker.evaluate({"extra": extra})]
    return {name for name, _ in met} - {"mailsorter"}


@pytest.mark.parametrize("name", [*WANTED, "constraints.txt"])
def test_no_file_says_where_from(name: str) -> None:
    """Where files come from is for whoever installs to say."""
    text = (ROOT / name).read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-", re.sub(r"\\\n\s+--hash", "", text), re.MULTILINE), "an option of pip's"


def test_ci_installs_by_hash_before_the_readme_s_command() -> None:
    """The tests run on files whose digests were checked."""
    run = (ROOT / ".ci" / "run").read_text("utf-8")
    assert run.index("--require-hashes -r requirements-test.lock") < run.index("readme_command.py 2")
    deploy = (ROOT / "deploy" / "Containerfile").read_text("utf-8")
    assert "--require-hashes --requirement requirements.lock" in deploy
