"""The units and helpers of `deploy/`, installed by the guide's own commands and run by a real systemd."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.service import two_users
from tests.service.box import PATIENCE_S, Box, box, commands, program_of, why_not

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "operations.md").read_text("utf-8")
REASON = why_not() or two_users.why_not()
pytestmark = [
    pytest.mark.skipif(bool(REASON), reason=REASON or "it can"),
    pytest.mark.skipif(not os.environ.get("MAILSORTER_TORTURE"), reason="takes long: set MAILSORTER_TORTURE=1"),
]
ETC, STATE, OFFICERS = "/etc/mailsorter", "/var/lib/mailsorter", "/var/lib/mailsorter-officer"
PERSON = "address: piet@klant.example\nname: Piet de Vries\n"
CASE = "2026-0001"
CONFIG = """
clients = ["clients.toml"]
[firm]
name = "Firma"
domains = ["firm.example"]
[[mailbox]]
address = "anna@firm.example"
[archive]
folder = "Clients/{name}"
[ledger]
url = "sqlite:////var/lib/mailsorter/ledger.db"
key = "credential:ledger-key"
[graph]
tenant = "emulator.example"
client_id = "emulator"
client_secret = "credential:graph-certificate"
url = "http://127.0.0.1:8765"
authority = "http://127.0.0.1:8765"
[daemon]
poll = "5 seconds"
jitter = "0 seconds"
[predict]
model = "/var/lib/mailsorter/prediction.model"
[erasure]
cases = "/var/lib/mailsorter-officer/cases"
signing_key = "credential:signing-key"
many_recipients = "erase"
mentioned = "erase"
[erasure.graph]
client_id = "emulator-erasure"
client_secret = "credential:erasing-certificate"
"""
BOOK = '[[client]]\nid = "klant"\nname = "Klant B.V."\ndomains = ["klant.example"]\n'
MAIL = """From: {author}\r
To: anna@firm.example\r
Subject: {subject}\r
Date: Mon, 2 Mar 2026 10:00:00 +0000\r
Message-ID: <{number}@klant.example>\r
\r
Hallo.\r
"""


@pytest.fixture
def installed() -> Iterator[Box]:
    """Users, groups, units and helpers made by the guide's own lines; secrets and config as it says."""
    with box() as made:
        made.type("install", "-d", "/opt/mailsorter/bin")
        made.write("/opt/mailsorter/bin/mailsorter", program_of(ROOT), "0755")
        for line in commands(GUIDE, "## From zero to running, in a quarter of an hour"):
            if line.split()[1] in ("groupadd", "useradd", "install"):
                made.type("sh", "-c", f"cd {ROOT} && {line.replace('sudo ', '')}")
        made.write(f"{ETC}/ledger.key", os.urandom(32).hex(), "0600")
        made.write(f"{ETC}/mailsorter.pem", "emulator", "0600")
        made.write(f"{ETC}/mailsorter-erasure.pem", "emulator", "0600")
        for line in commands(GUIDE, "## The officer"):
            if "openssl" in line:
                made.type("sh", "-c", line.replace("sudo ", ""))
        made.write(f"{ETC}/mailsorter.toml", CONFIG)
        made.write(f"{ETC}/clients.toml", BOOK)
        for line in commands(GUIDE, "## From zero to running, in a quarter of an hour"):
            if line.split()[1] in ("chgrp", "chmod"):
                made.type("sh", "-c", line.replace("sudo ", ""))
        seed = "/srv/seed/anna@firm.example/Inbox"
        for number, author in enumerate(["Piet de Vries <piet@klant.example>"] * 3 + ["Jan <jan@klant.example>"]):
            made.write(f"{seed}/{number}.eml", MAIL.format(author=author, subject=f"uniek {number}", number=number))
        emulator = ["/opt/mailsorter/bin/mailsorter", "emulator"]
        made.type(*emulator, "seed", "--state", "/srv/emulator.db", "--from", "/srv/seed")
        serve = [*emulator, "serve", "--state", "/srv/emulator.db", "--port", "8765"]
        made.type("systemd-run", "--quiet", "--unit=exchange", *serve)
        made.type("systemctl", "daemon-reload")
        until(lambda: "can be read and filed" in made.type("mailsorter-as-service", "doctor", code=None))
        yield made


def until(is_so: Callable[[], bool]) -> None:
    """Ask until it is."""
    last = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < last, "it never was"
        time.sleep(0.3)


def a_whole_case(made: Box) -> None:
    """From the running daemon to the closed case, both at work; and what neither can see of the other."""
    made.type("systemctl", "start", "mailsorter")
    until(lambda: '"filed": 4' in made.type("mailsorter-as-service", "status", "--json"))
    made.type("systemctl", "start", "mailsorter-officer")
    made.type("mailsorter-as-officer", "erase", "--from", "-", "--known", "bekend", said=PERSON, code=4,
              env={"SUDO_USER": "anna"})  # fmt: skip
    assert "mailsorter-as-officer" in made.type("mailsorter-as-service", "case", "show", CASE, code=2)
    running = made.type("systemctl", "show", "-P", "MainPID", "mailsorter").strip()
    credentials = made.type("nsenter", "-t", running, "-m", "ls", "/run/credentials/mailsorter.service").split()
    assert sorted(credentials) == ["graph-certificate", "ledger-key"]
    as_daemon = ["setpriv", "--reuid=mailsorter", "--regid=mailsorter", "--init-groups"]
    for place in (OFFICERS, f"{OFFICERS}/cases/{CASE}", f"{ETC}/mailsorter-erasure.pem", f"{ETC}/certificate-key.pem"):
        assert "Permission denied" in made.type(*as_daemon, "sh", "-c", f"cat {place}/* {place}", code=1), place
        seen_by_unit = made.type("nsenter", "-t", running, "-m", "ls", place, code=None)
        assert CASE not in seen_by_unit
    assert "clients" in made.type(*as_daemon, "cat", f"{ETC}/mailsorter.toml")
    made.type(
        "setpriv", "--reuid=mailsorter", "--regid=mailsorter", "--clear-groups", "cat", f"{ETC}/mailsorter.toml", code=1
    )
    review = json.loads(made.type("mailsorter-as-officer", "case", "review", CASE, "--json"))
    assert len(review["items"]) == 3
    made.type("mailsorter-as-officer", "case", "approve", CASE, "--by", "bert", "--digest", review["digest"])
    letter = made.type("mailsorter-as-officer", "erase", "--from", "-", said=PERSON)
    assert "3 berichten zijn gewist" in letter
    made.type("mailsorter-as-officer", "case", "prove", CASE, "--again", "--certificate", "certificate.json")
    certificate = json.loads(made.type("cat", f"{OFFICERS}/certificate.json"))
    assert (certificate["outcome"], certificate["signature"]["algorithm"]) == ("passed", "Ed25519")
    made.type("mailsorter-as-officer", "case", "close", CASE)
    assert "agrees" in made.type("mailsorter-as-service", "check")
    assert made.type("systemctl", "is-active", "mailsorter").strip() == "active"
    shown = made.type("systemctl", "list-units", "--all", "--no-pager", "--plain")
    shown += made.type("journalctl", "--no-pager", "-o", "cat", "-b")
    assert "mailsorter command" in shown, "systemd names the helper's unit"
    assert "can be read by" in shown, "the officer's own unit tells who can read which key"
    assert not any(word in shown for word in ("piet", "Piet", "uniek"))


def test_a_whole_case_on_sqlite(installed: Box) -> None:
    a_whole_case(installed)
    modes = set(installed.type("sh", "-c", f"stat -c '%G %a' {STATE}/*").split("\n")) - {""}
    assert modes == {"mailsorter 660"}
    assert installed.type("stat", "-c", "%U %G %a", STATE).strip() == "mailsorter mailsorter 2770"
    assert installed.type("stat", "-c", "%U %G %a", OFFICERS).strip() == "mailsorter-officer mailsorter 700"


def test_the_officer_is_asked_at_a_terminal(installed: Box) -> None:
    """Whose mail, and for the approval by the digest of the list, in the name of who called sudo."""
    installed.type("mailsorter-as-service", "sort")
    answers = [
        ("Addresses", "piet@klant.example"),
        ("Name", "Piet de Vries"),
        ("Phone", ""),
        ("anna, to approve", "{digest:.8}"),
    ]
    shown = installed.at_terminal(
        "mailsorter-as-officer", "erase", "--known", "bekend", answers=answers, env={"SUDO_USER": "anna"}
    )
    assert "3 berichten zijn gewist" in shown
    (case,) = json.loads(installed.type("mailsorter-as-officer", "case", "list", "--json"))["cases"]
    assert (case["state"], case["outcome"], case["buckets"]["erased"]) == ("answered", "passed", 3)


def test_a_helper_says_what_systemd_misses(installed: Box) -> None:
    """systemd-run ends with a number and nothing else."""
    for missing, told in ((STATE, "systemctl start mailsorter"), (f"{ETC}/certificate-key.pem", "a secret")):
        installed.type("mv", missing, "/srv/away")
        assert told in installed.type("mailsorter-as-officer", "config", "check", code=None)
        installed.type("mv", "/srv/away", missing)
    installed.type("mailsorter-as-officer", "config", "check")
    installed.type("userdel", "mailsorter-officer")
    assert "no user mailsorter-officer" in installed.type("mailsorter-as-officer", "config", "check", code=None)


def test_a_service_of_a_user_made_up_is_taken_over(installed: Box) -> None:
    """0.1.0's unit had DynamicUser=yes: systemd moves its state folder, and both users then work with the ledger."""
    old = ["systemd-run", "--quiet", "--wait", "--pipe", "--collect", "-p", "DynamicUser=yes", "-p", "User=ms-before",
           "-p", "StateDirectory=mailsorter", "-p", "StateDirectoryMode=0700", "-p", "UMask=0077",
           "-p", "SupplementaryGroups=mailsorter-config", "-p", f"LoadCredential=ledger-key:{ETC}/ledger.key",
           "-p", f"LoadCredential=graph-certificate:{ETC}/mailsorter.pem"]  # fmt: skip
    program = ["/opt/mailsorter/bin/mailsorter", "--config", f"{ETC}/mailsorter.toml"]
    installed.type("rm", "-rf", STATE)
    installed.type(*old, *program, "plan")
    installed.type(*old, *program, "status")
    assert "private" in installed.type("readlink", STATE)
    assert installed.type("sh", "-c", f"stat -c %a {STATE}/ledger.db").strip() == "600"
    a_whole_case(installed)


def test_a_whole_case_on_postgresql(installed: Box) -> None:
    """Debian's server, reached by its socket as one role by both users."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("Debian's postgresql is not installed")
    programs = found[-1].parent
    guide = GUIDE.partition("# pg_hba.conf\n")[2]
    hba, _, rest = guide.partition("# pg_ident.conf\n")
    ident = rest.partition("```")[0]
    as_server = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    installed.type("install", "-d", "-o", "postgres", "-m", "0755", "/srv/pg", "/run/postgresql")
    installed.type(*as_server, f"{programs}/initdb", "-D", "/srv/pg/data", "-A", "peer", "-E", "UTF8", "-U", "postgres")
    before = installed.type("cat", "/srv/pg/data/pg_hba.conf")
    installed.write("/srv/pg/data/pg_hba.conf", hba + before, "0644")
    installed.write("/srv/pg/data/pg_ident.conf", ident, "0644")
    installed.type("systemd-run", "--quiet", "--unit=database", "-p", "User=postgres", f"{programs}/postgres",
                   "-D", "/srv/pg/data", "-k", "/run/postgresql", "-c", "listen_addresses=")  # fmt: skip
    until(
        lambda: (
            "accepting"
            in installed.type(f"{programs}/pg_isready", "-h", "/run/postgresql", code=None).replace("no response", "")
        )
    )
    installed.type(*as_server, f"{programs}/createuser", "-h", "/run/postgresql", "mailsorter")
    installed.type(*as_server, f"{programs}/createdb", "-h", "/run/postgresql", "-O", "mailsorter", "mailsorter")
    (url,) = {line.split('"')[1] for line in GUIDE.split("`") if line.startswith('[ledger] url = "postgresql')}
    config = CONFIG.replace("sqlite:////var/lib/mailsorter/ledger.db", url)
    installed.write(f"{ETC}/mailsorter.toml", config)
    installed.type("chgrp", "mailsorter-config", f"{ETC}/mailsorter.toml")
    installed.type("chmod", "0640", f"{ETC}/mailsorter.toml")
    a_whole_case(installed)
    assert "ledger.db" not in installed.type("ls", STATE)
