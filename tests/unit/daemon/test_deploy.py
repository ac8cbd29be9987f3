"""What the installation files promise."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
UNIT = ROOT / "deploy" / "mailsorter.service"
CONTAINER = ROOT / "deploy" / "Containerfile"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_unit_is_sandboxed():
    """Exposure below 2.0 by systemd's own measure."""
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"Overall exposure level.*?: ([\d.]+)", told)
    assert found is not None, told
    assert float(found[1]) < 2.0


def test_the_unit_waits_longer_than_the_daemon_needs_to_stop():
    """systemd must not kill what is about to end by itself."""
    from mailsorter.daemon.process import STOP_WITHIN_S

    stop = int(re.search(r"^TimeoutStopSec=(\d+)$", UNIT.read_text(), re.M)[1])
    assert stop >= STOP_WITHIN_S + 5


def test_the_container_runs_as_nobody_special_and_keeps_no_secret():
    """No root at run time, no secret in a layer, state in a volume alone."""
    lines = CONTAINER.read_text().splitlines()
    assert "USER 10001:10001" in lines
    assert lines.index("USER 10001:10001") < lines.index('ENTRYPOINT ["mailsorter"]')
    assert not any(re.match(r"(ADD|ENV .*(SECRET|KEY|PASSWORD))", line) for line in lines)
    assert "VOLUME /state" in lines


def test_operations_lists_every_log_line_and_every_kind_of_trouble():
    """An administrator who greps the docs for what the log says finds it."""
    from mailsorter.daemon import advice
    from mailsorter.logs.words import EVENTS

    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for event, about in EVENTS.items():
        assert f"| `{event}` | {about} |" in text
    for _, means in advice._MEANINGS:
        assert means.kind in text
        assert means.advice in advice_table()


def advice_table() -> tuple[str, ...]:
    from mailsorter.logs.words import ADVICE

    return ADVICE
