"""Write the software bill of materials: what runs, by `requirements.lock`, as CycloneDX JSON.

    python3 .ci/sbom.py build/sbom.json

Each component has its version and the SHA-256 of every file that may be installed for it. The document is validated
against CycloneDX's schema, compared with the lock file, and the same for the same lock file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from supply import ROOT, normal, pins, tool


def main(out: Path) -> int:
    """Write it. Raises `SystemExit` when it does not list exactly what is locked."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        program = tool("cyclonedx-py", Path(made) / "tools")
        command = [str(program), "requirements", "--pyproject", "pyproject.toml", "--output-reproducible", "--validate"]
        command += ["--of", "JSON", "-o", str(out.resolve()), "requirements.lock"]
        quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}  # a lock file does not say which version needs which
        subprocess.run(command, cwd=ROOT, check=True, env=quiet)
    bill = json.loads(out.read_text("utf-8"))
    listed = {normal(component["name"]): component["version"] for component in bill["components"]}
    if listed != pins((ROOT / "requirements.lock").read_text("utf-8")):
        raise SystemExit(f"{out} does not list exactly what requirements.lock holds")
    print(f"{out}: CycloneDX {bill['specVersion']}, {len(listed)} components")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Say where to: python3 .ci/sbom.py build/sbom.json")
    sys.exit(main(Path(sys.argv[1])))
