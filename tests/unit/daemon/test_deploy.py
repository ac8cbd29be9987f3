"""What the installation files promise."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
UNIT = ROOT / "deploy" / "mailsorter.service"
AS_SERVICE = ROOT / "deploy" / "mailsorter-as-service"
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


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_every_line_of_the_unit(tmp_path):
    """But for the program and its man page, which are not installed where tests run."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/mailsorter/bin/mailsorter", "/bin/true"))
    command = ["systemd-analyze", "verify", "--man=no", str(copy)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")


def test_commands_beside_the_service_run_as_it_does():
    """Another user name would be another dynamic user, to whom systemd gives the state folder: the daemon loses it."""
    unit, script = UNIT.read_text(), AS_SERVICE.read_text()
    shared = re.findall(
        r"^((?:DynamicUser|User|SupplementaryGroups|StateDirectory|StateDirectoryMode|WorkingDirectory|UMask"
        r"|MemoryMax|OOMPolicy|LimitCORE|LoadCredential)=.*)$",
        unit,
        re.M,
    )
    assert sorted(shared) == sorted(re.findall(r"-p (\S+=\S+)", script))
    started = re.search(r"^ExecStart=(.*) daemon$", unit, re.M)
    assert f'{started[1]} "$@"' in script
    assert subprocess.run(["/bin/sh", "-n", str(AS_SERVICE)], check=False).returncode == 0
    assert AS_SERVICE.stat().st_mode & 0o111 == 0o111


def test_the_files_that_operations_installs_are_there():
    """Each path below deploy/ that the guide names, and each secret that the unit loads."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for name in re.findall(r"deploy/[\w.-]+", text):
        assert (ROOT / name).is_file(), name
    for name, path in re.findall(r"^LoadCredential=(\S+):(\S+)$", UNIT.read_text(), re.M):
        assert f'"credential:{name}"' in text
        assert path in text


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


def test_the_group_that_the_unit_needs_is_made_by_the_guide():
    """At the installation and at an upgrade from a version whose unit had none: without it systemd starts nothing."""
    (group,) = re.findall(r"^SupplementaryGroups=(\S+)$", UNIT.read_text(), re.M)
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    install, _, rest = text.partition("## What it does all day")
    upgrade = rest.partition("## Upgrade")[2].partition("\n## ")[0]
    for part in (install, upgrade):
        assert f"groupadd --system --force {group}" in part
        assert f"chgrp {group}" in part
