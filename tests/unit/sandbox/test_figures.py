"""The figures of the sandbox and of what runs the program agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailsorter.sandbox import LIMITS

DEPLOY = Path(__file__).parents[3] / "deploy"
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
NEEDED = LIMITS.workers * LIMITS.memory_bytes + LIMITS.parent_bytes


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("mailsorter.service", r"^MemoryMax=(\d+)([KMG])$"),
        ("mailsorter-officer.service", r"^MemoryMax=(\d+)([KMG])$"),
        ("mailsorter-as-service", r"-p MemoryMax=(\d+)([KMG]) "),
        ("mailsorter-as-officer", r"-p MemoryMax=(\d+)([KMG]) "),
        ("Containerfile", r"--memory=(\d+)([kmg]) "),
    ],
)
def test_the_workers_and_the_program_fit(name: str, pattern: str) -> None:
    found = re.findall(pattern, (DEPLOY / name).read_text("utf-8"), re.MULTILINE)

    assert len(found) == 1, name
    assert int(found[0][0]) * UNITS[found[0][1].upper()] >= NEEDED


@pytest.mark.parametrize(
    "name", ["mailsorter.service", "mailsorter-officer.service", "mailsorter-as-service", "mailsorter-as-officer"]
)
def test_a_worker_that_the_kernel_ends_does_not_end_the_service(name: str) -> None:
    assert "OOMPolicy=continue" in (DEPLOY / name).read_text("utf-8")


@pytest.mark.parametrize("name", ["mailsorter.service", "mailsorter-officer.service"])
def test_the_unit_lets_workers_limit_themselves(name: str) -> None:
    """@resources, which holds setrlimit, is taken away: what workers need comes back behind it."""
    filters = re.findall(r"^SystemCallFilter=(.*)$", (DEPLOY / name).read_text("utf-8"), re.MULTILINE)

    assert filters.index("setrlimit prlimit64") > filters.index("~@privileged @resources")


def test_the_limits_are_those_that_were_promised() -> None:
    assert (LIMITS.cpu_s, LIMITS.memory_bytes) == (20, 512 << 20)
