"""Write constraints.txt and the lock files anew from pyproject.toml. The one command after a dependency changed:

    python3 .ci/lock.py                keeps the versions in constraints.txt, and adds what is new
    python3 .ci/lock.py --upgrade      takes the newest version of everything that pyproject.toml allows
    python3 .ci/lock.py --check        writes nothing; exit code 1 when a file would change

    requirements.lock          what runs: the program with PostgreSQL's driver, and what builds it
    requirements-test.lock     the tested set: the same and the test extra
    requirements-tools.lock    what this command and sbom.py use
    constraints.txt            every extra, versions alone, for `pip install -c`

A lock file has the SHA-256 of every file of each version, so that it serves every platform and Python from 3.11 on, and
no address: pip takes the files from the index that it is configured for, and refuses one with another digest.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from supply import LOCKS, ROOT, normal, pins, spelled_pins, tool

HEAD = "# Written by .ci/lock.py from pyproject.toml, not by hand.\n"


def compiled(uv: Path, folder: Path, constraints: str, extras: tuple[str, ...] | None, *, hashes: bool) -> str:
    """What uv resolves for these extras (None: all) and the build's own requirements, within the constraints."""
    build, within = folder / "build.in", folder / "within.txt"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    build.write_text("\n".join(project["build-system"]["requires"]) + "\n")
    within.write_text(constraints)
    sources = ["pyproject.toml", str(build)]
    if extras == ("tools",):  # these alone, without the program
        build.write_text("\n".join(project["project"]["optional-dependencies"]["tools"]) + "\n")
        sources, extras = [str(build)], ()
    command = [
        str(uv), "pip", "compile", "--quiet", *sources, "--constraint", str(within),
        "--universal", "--python-version", "3.11", "--fork-strategy", "fewest",
        "--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links",
        *(["--all-extras"] if extras is None else [f"--extra={extra}" for extra in extras]),
        *(["--generate-hashes"] if hashes else []),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(
            f"uv found no set of versions that fits; change pyproject.toml or constraints.txt:\n{done.stderr}"
        )
    return done.stdout


def constraints_of(everything: str, before: str) -> str:
    """constraints.txt: one version a project, in the spelling that it had."""
    spelled = {normal(name): name for name, _ in spelled_pins(before)}
    return "".join(f"{spelled.get(name, name)}=={version}\n" for name, version in sorted(pins(everything).items()))


def main() -> int:
    """Write the files, or compare them."""
    before = (ROOT / "constraints.txt").read_text("utf-8")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        uv = tool("uv", folder / "tools")
        everything = compiled(uv, folder, "" if "--upgrade" in sys.argv else before, None, hashes=False)
        files = {"constraints.txt": constraints_of(everything, before)}
        for name, extras in LOCKS.items():
            files[name] = HEAD + compiled(uv, folder, files["constraints.txt"], extras, hashes=True)
    differing = [name for name, text in files.items() if _now(name) != text]
    for name in differing:
        if "--check" in sys.argv:
            print(f"{name} is not what .ci/lock.py writes")
        else:
            (ROOT / name).write_text(files[name], "utf-8")
            print(f"{name}: {len(pins(files[name]))} versions")
    return 1 if differing and "--check" in sys.argv else 0


def _now(name: str) -> str:
    path = ROOT / name
    return path.read_text("utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
