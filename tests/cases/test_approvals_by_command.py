"""Approvals as a privacy officer meets them: the config's demands, the digest, and the question at a terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cases.signing import Signer
from tests.cases.tenant import Tenant, tenant
from tests.cases.test_commands import PIET, Desk, some_mail

TWO = "[erasure]\napprovals = 2\n"


def want_two(firm: Tenant) -> None:
    firm.config.write_text(firm.config.read_text().replace("[erasure]\n", TWO, 1))


def entry(name: str, key: str = "") -> str:
    return f'[[approver]]\nname = "{name}"\n' + (f'public_key = "{key}"\n' if key else "")


@pytest.mark.parametrize("approvers", ["", entry("bert"), entry("bert") + entry("carla", Signer("carla").public_key)])
def test_two_approvals_without_two_keys_stop_cases_and_not_filing(tmp_path: Path, approvers: str) -> None:
    """One person could type two names: `config check` and `case` refuse, `sort` files and warns, `doctor` fails."""
    with tenant(tmp_path, extra=approvers) as firm:
        want_two(firm)
        desk = Desk(firm)
        some_mail(firm)
        for words in (["config", "check"], ["case", "list"], ["erase", PIET.address]):
            assert re.search(r"mailsorter.toml:\d+: found 2 with [01] \[\[approver\]\]", desk.type(*words, code=2)), (
                words
            )
        sorted_ = desk.type("sort")
        assert "filing goes on; cases are stopped" in sorted_
        assert " messages filed." in sorted_
        assert "FAILED  Cases are stopped" in desk.type("doctor", code=2)


def test_two_keys_are_enough_for_the_config(tmp_path: Path) -> None:
    """With a planner who is listed too, and needs no key, nothing is left to say."""
    people = entry("bert", Signer("bert").public_key) + entry("carla", Signer("carla").public_key)
    with tenant(tmp_path, extra=people) as firm:
        want_two(firm)
        desk = Desk(firm)
        assert "right" in desk.type("config", "check")
        assert "no list can be made" in desk.type("doctor", code=0)
        firm.config.write_text(firm.config.read_text() + entry("anna"))
        assert "no list can be made" not in desk.type("doctor", code=0)


def test_one_approval_without_a_key_is_warned_of(tmp_path: Path) -> None:
    """Anybody at the machine can give it in any name."""
    with tenant(tmp_path) as firm:
        desk = Desk(firm)
        assert "anybody at this machine can give it" in desk.type("doctor")
        firm.config.write_text(firm.config.read_text() + entry("bert"))
        assert "bert has no public_key" in desk.type("doctor")
        keyed = entry("bert", Signer("bert").public_key)
        firm.config.write_text(firm.config.read_text().replace(entry("bert"), keyed))
        assert "public_key" not in desk.type("doctor")


def test_the_digest_is_where_the_list_is_shown(tmp_path: Path) -> None:
    """`review` prints it, beside CSV on standard error; `review` and `show` have it in JSON; approving asks for it."""
    with tenant(tmp_path) as firm:
        desk = Desk(firm)
        some_mail(firm)
        desk.json("erase", PIET.address, "--known", "bekend", "--by", "anna", code=4)
        seen = desk.json("case", "review", "2026-0001")["digest"]
        assert desk.type("case", "review", "2026-0001").rstrip().endswith(f"digest {seen}")
        assert f"digest {seen}" in desk.type("case", "review", "2026-0001", "--csv")
        assert desk.json("case", "show", "2026-0001")["digest"] == seen
        assert "--digest" in desk.type("case", "approve", "2026-0001", "--by", "bert", code=2)
        wrong = seen[:-1] + ("0" if seen[-1] != "0" else "1")
        desk.type("case", "approve", "2026-0001", "--by", "bert", "--digest", wrong, code=2)
        assert desk.json("case", "show", "2026-0001")["state"] == "planned"
        desk.type("case", "approve", "2026-0001", "--by", "bert", "--digest", seen)
        assert desk.json("case", "show", "2026-0001")["state"] == "approved"


@pytest.mark.parametrize("says", ["digest", "no"])
def test_at_a_terminal_the_walk_shows_the_list_and_asks(tmp_path: Path, says: str) -> None:
    """The officer types the first digits of the digest and the walk goes on to the letter; Enter stops it."""
    with tenant(tmp_path, is_now=True) as firm:
        firm.put(firm.mailboxes[0], from_=PIET)
        master, slave = pty.openpty()
        command = [sys.executable, "-m", "mailsorter", "--config", str(firm.config), "erase", PIET.address]
        command += ["--name", "Piet de Vries", "--known", "bekend", "--by", "anna"]
        running = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=os.environ | {"COLUMNS": "200"}
        )
        os.close(slave)
        shown = _until(master, "Enter stops here:")
        (digest,) = re.findall(r"digest ([0-9a-f]{64})", shown)
        os.write(master, (digest[:8] if says == "digest" else "").encode() + b"\n")
        shown += _until(master, "")
        os.close(master)
        assert running.wait(60) == (0 if says == "digest" else 4), shown
        assert ("Betreft:" in shown) == (says == "digest")
        assert Desk(firm).json("case", "list")["cases"][0]["state"] == ("answered" if says == "digest" else "planned")


def _until(terminal: int, words: str) -> str:
    """What the terminal shows up to these words; "" for all until the program ends."""
    shown = ""
    while not words or words not in shown:
        try:
            got = os.read(terminal, 4096)
        except OSError:  # Linux: EIO once the other side is closed
            break
        if not got:
            break
        shown += got.decode()
    return shown
