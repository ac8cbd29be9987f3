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
OFFICER = ROOT / "deploy" / "mailsorter-officer.service"
AS_OFFICER = ROOT / "deploy" / "mailsorter-as-officer"
CONTAINER = ROOT / "deploy" / "Containerfile"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", [UNIT, OFFICER], ids=lambda unit: unit.name)
def test_the_unit_is_sandboxed(unit):
    """Exposure below 2.0 by systemd's own measure."""
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
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
@pytest.mark.parametrize("unit", [UNIT, OFFICER], ids=lambda unit: unit.name)
def test_systemd_understands_every_line_of_the_unit(unit, tmp_path):
    """But for the program and its man page, which are not installed where tests run."""
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/opt/mailsorter/bin/mailsorter", "/bin/true"))
    command = ["systemd-analyze", "verify", "--man=no", str(copy)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")


SHARED = (
    "User", "Group", "SupplementaryGroups", "StateDirectory", "StateDirectoryMode", "ReadWritePaths",
    "InaccessiblePaths", "WorkingDirectory", "UMask", "MemoryMax", "OOMPolicy", "TasksMax", "LimitCORE",
    "LoadCredential",
)  # fmt: skip
"""What a helper has exactly as its unit; of the walls a helper has fewer, because it writes what a person asks for."""


def settings(unit):
    """The [Service] section, as `name=value` in order."""
    return re.findall(r"^(\w+=.*)$", unit.read_text().partition("[Service]")[2].partition("\n[")[0], re.M)


def values(unit, name):
    return [line.partition("=")[2] for line in settings(unit) if line.startswith(f"{name}=")]


@pytest.mark.parametrize(("unit", "helper"), [(UNIT, AS_SERVICE), (OFFICER, AS_OFFICER)], ids=["service", "officer"])
def test_a_command_beside_a_unit_runs_as_it_does(unit, helper):
    """Same user, folders and secrets; and nothing that the unit does not have, but for a home that can be read."""
    script = helper.read_text()
    given = re.findall(r"-p (\S+=\S*)", script)
    own = [line for line in settings(unit) if line.partition("=")[0] in SHARED]
    assert own
    assert sorted(own) == sorted(line for line in given if line.partition("=")[0] in SHARED)
    assert set(given) - set(settings(unit)) == {"ProtectHome=read-only"}
    assert {"NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes", "PrivateUsers=yes"} <= set(given)
    started = re.search(r"^ExecStart=(.*?) (daemon|config check)$", unit.read_text(), re.M)
    assert f'{started[1]} "$@"' in script
    assert subprocess.run(["/bin/sh", "-n", str(helper)], check=False).returncode == 0
    assert helper.stat().st_mode & 0o111 == 0o111


@pytest.mark.parametrize("helper", [AS_SERVICE, AS_OFFICER], ids=lambda helper: helper.name)
def test_a_helper_s_unit_has_a_name_that_tells_nothing(helper, tmp_path):
    """What systemd shows and logs of a transient unit is its name and description: neither comes from the command."""
    told = tmp_path / "told"
    (tmp_path / "systemd-run").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {told}\n')
    (tmp_path / "systemd-run").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SUDO_USER": "anna"}
    command = [str(helper), "case", "find", "2026-0001", "--address", "a b@klant.example"]
    subprocess.run(command, env=environment, check=True, stdin=subprocess.DEVNULL)
    words = told.read_text().splitlines()
    program = words.index("/opt/mailsorter/bin/mailsorter")
    assert words[program + 3 :] == ["case", "find", "2026-0001", "--address", "a b@klant.example"]
    assert "--description=mailsorter command" in words[:program]
    assert not any("klant" in word or "2026" in word for word in words[:program])
    assert not any(word.startswith("--unit") for word in words)
    assert ("--setenv=MAILSORTER_BY=anna" in words) == (helper == AS_OFFICER)


def test_the_second_identity_and_the_signing_key_are_the_officer_s_alone():
    """In the officer's unit, and in no other; the daemon's unit cannot even see the officer's folder."""
    only = set(values(OFFICER, "LoadCredential")) - set(values(UNIT, "LoadCredential"))
    assert {line.partition(":")[0] for line in only} == {"erasing-certificate", "signing-key"}
    assert set(values(UNIT, "LoadCredential")) < set(values(OFFICER, "LoadCredential"))
    for path in (UNIT, AS_SERVICE, CONTAINER):
        for line in only:
            assert line.partition(":")[0] not in path.read_text(), path.name
            assert line.partition(":")[2] not in path.read_text(), path.name
    (folder,) = values(OFFICER, "StateDirectory")
    assert f"-/var/lib/{folder}" in values(UNIT, "InaccessiblePaths")


def test_both_users_share_the_state_folder_and_only_the_daemon_s_unit_has_it_made():
    """systemd gives a StateDirectory to the unit's user: two units with one folder would take it from each other."""
    assert values(UNIT, "User") != values(OFFICER, "User")
    assert values(UNIT, "Group") == values(OFFICER, "Group"), "under PrivateUsers= no other group is shown"
    (state,), (own,) = values(UNIT, "StateDirectory"), values(OFFICER, "StateDirectory")
    assert state != own
    assert values(UNIT, "StateDirectoryMode") == ["2770"], "setgid and writable for the group: files.share"
    assert values(OFFICER, "StateDirectoryMode") == ["0700"]
    assert values(OFFICER, "ReadWritePaths") == [f"/var/lib/{state}"]
    assert not values(UNIT, "DynamicUser") + values(OFFICER, "DynamicUser"), "a user made up has no officer beside it"


def test_the_guides_and_the_units_agree_on_the_officer(tmp_path):
    """Users, groups, folders, and every secret with its file and its name in the config."""
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    erasure = (ROOT / "docs" / "erasure.md").read_text(encoding="utf-8")
    section = operations.partition("## The officer\n")[2].partition("\n## ")[0]
    for unit in (UNIT, OFFICER):
        (user,), (group,) = values(unit, "User"), values(unit, "Group")
        made = "--user-group" if user == group else f"--gid {group}"
        for part in (operations.partition("## What it does")[0], operations.partition("## Upgrade")[2]):
            (groups,) = values(unit, "SupplementaryGroups")
            (home,) = values(unit, "StateDirectory")
            line = re.search(rf"^ *sudo useradd --system (.*) {user}$", part, re.M)
            assert line is not None, user
            assert {made, f"--groups {groups}", f"--home-dir /var/lib/{home}"} <= set(
                re.findall(r"--[\w-]+(?: [^-]\S*)?", line[1])
            )
        for name, path in (line.split(":") for line in values(unit, "LoadCredential")):
            rows = [row for row in section.splitlines() if row.startswith("|") and f"`{path}`" in row]
            assert len(rows) == 1, path
            cells = [cell.strip() for cell in rows[0].split("|")[1:-1]]
            loads = [path for one in (UNIT, OFFICER) for path in values(one, "LoadCredential")]
            assert cells[2] == (f"`credential:{name}`" if loads.count(f"{name}:{path}") == 2 else "never")
            assert cells[3] == f"`credential:{name}`"
            assert path in erasure or cells[2] != "never" or name == "erasing-certificate"
    config = re.search(r"```toml\n(.*?)```", section, re.DOTALL)[1]
    own = {f"credential:{line.partition(':')[0]}" for line in values(OFFICER, "LoadCredential")}
    theirs = {f"credential:{line.partition(':')[0]}" for line in values(UNIT, "LoadCredential")}
    assert set(re.findall(r'"(credential:[\w-]+)"', config)) == own - theirs
    (cases,) = re.findall(r'^ *cases = "(.*)"$', config, re.M)
    assert cases.startswith(f"/var/lib/{values(OFFICER, 'StateDirectory')[0]}/")
    assert f'cases = "{cases}"' in operations.partition("## The officer\n")[0]
    assert "mailsorter-officer" in erasure
    assert "never the daemon" not in erasure or "The officer" in erasure
    for word in ("ssh-keygen -t ed25519 -f approval-key", "openssl genpkey -algorithm ed25519"):
        assert word in section
        assert word in erasure


def test_no_file_says_that_the_daemon_could_have_the_officer_s_keys():
    """The comment of the helper once invited to add them "here and in the unit"."""
    for path in (UNIT, AS_SERVICE):
        for line in path.read_text().splitlines():
            if "second" in line or "signing" in line:
                assert "Never load" in line, f"{path.name}: {line}"


def test_the_files_that_operations_installs_are_there():
    """Each path below deploy/ that the guide names, and each secret that the unit loads."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for name in re.findall(r"deploy/[\w.-]+", text):
        assert (ROOT / name).is_file(), name
    for unit in (UNIT, OFFICER):
        assert f"deploy/{unit.name}" in text
        for name, path in (line.split(":") for line in values(unit, "LoadCredential")):
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
    (group,) = values(UNIT, "SupplementaryGroups")
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    install, _, rest = text.partition("## What it does all day")
    upgrade = rest.partition("## Upgrade")[2].partition("\n## ")[0]
    for part in (install, upgrade):
        assert f"groupadd --system --force {group}" in part
        assert f"chgrp {group}" in part
