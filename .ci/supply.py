"""What `lock.py` and `sbom.py` share: the lock files, how their lines are read, and the tools they pin."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {
    "requirements.lock": ("postgres",),
    "requirements-test.lock": ("postgres", "test"),
    "requirements-tools.lock": ("tools",),
}
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


def normal(name: str) -> str:
    """A project's name in the one form that indexes use."""
    return re.sub(r"[-_.]+", "-", name).lower()


def spelled_pins(text: str) -> list[tuple[str, str]]:
    """Name and version of each line `name==version …` of a lock or constraints file."""
    return _PIN.findall(text)


def pins(text: str) -> dict[str, str]:
    """Versions by normal name."""
    return {normal(name): version for name, version in spelled_pins(text)}


def tool(name: str, folder: Path) -> Path:
    """A program of `requirements-tools.lock`, installed by its hashes into an environment in `folder`."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    locked = ROOT / "requirements-tools.lock"
    wanted = ["--require-hashes", "-r", str(locked)] if locked.exists() else [name]  # the very first time
    subprocess.run([str(folder / "bin" / "pip"), "install", "-q", *wanted], check=True)
    return folder / "bin" / name
