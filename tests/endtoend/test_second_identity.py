"""The second identity is read by what erases, and by nothing else: filing works where it cannot be read at all."""

from __future__ import annotations

import errno
import os
from datetime import timedelta
from pathlib import Path

import pytest

from mailsorter.assembly import Assembly
from mailsorter.config.load import load
from mailsorter.config.secret import SecretReference
from mailsorter.daemon.process import Daemon
from mailsorter.emulator.store import Address
from mailsorter.errors import UserError
from mailsorter.logs import get_logger
from tests.cases.tenant import Tenant, tenant
from tests.cases.test_commands import Desk

OFFICERS = ("officers-secret", "officers.pem", "certificate-key.pem")
FILING = (
    ("plan",), ("sort",), ("status",), ("status", "--digest"), ("review",), ("check",), ("undo", "--client", "klant"),
    ("audit", "verify"), ("config", "check"), ("config", "show"), ("case", "list"),
)  # fmt: skip
CREDENTIALS = {
    "secret": 'client_secret = "file:officers-secret"\nclient_secret_expires = 2026-01-31\n',
    "certificate": 'certificate = "file:officers.pem"\n',
    "systemd": 'certificate = "credential:officers.pem"\n',
}


def reading(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which secrets are read from now on, by name."""
    seen: list[str] = []
    real = SecretReference.read

    def read(self: SecretReference):  # type: ignore[no-untyped-def]
        seen.append(self.name)
        return real(self)

    monkeypatch.setattr(SecretReference, "read", read)
    return seen


def divide(firm: Tenant, credential: str) -> None:
    """A config whose second identity and signing key are somebody else's: neither is there for this user."""
    text = firm.config.read_text("utf-8")
    before, second = text.split("[erasure.graph]\n")
    signed = before.replace("[erasure]\n", '[erasure]\nsigning_key = "file:certificate-key.pem"\n')
    assert 'client_secret = "file:secret"\n' in second
    own = second.replace('client_secret = "file:secret"\n', credential)
    firm.config.write_text(f"{signed}[erasure.graph]\n{own}", "utf-8")


@pytest.mark.parametrize("credential", CREDENTIALS.values(), ids=CREDENTIALS)
def test_the_daemon_starts_files_and_compares_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, credential: str
) -> None:
    """Whichever config it gets, also after a reload."""
    with tenant(tmp_path) as firm:
        firm.put(firm.mailboxes[0], from_=Address("Jan", "jan@klant.example"))
        received = f"{firm.clock.now() - timedelta(days=12):%Y-%m-%d}"
        Desk(firm).type("case", "open", "--address", "piet@klant.example", "--received", received)
        divide(firm, credential)
        (tmp_path / "cases").rename(tmp_path / "the officer's alone")
        seen = reading(monkeypatch)
        daemon = Daemon(firm.config, load(firm.config), get_logger(), clock=firm.clock)
        try:
            daemon.assemble()
            for number in list(daemon.service.mailboxes):
                daemon.service.poll(number)
            daemon.service.watch_surroundings()
            daemon.service.nightly()
            daemon.service.daily()
            daemon.reload()
            with daemon.service.ledger.reading() as unit:
                announced = unit.settings.get("deadlines announced")
        finally:
            daemon.service.ledger.close()
            daemon._assembly.close()
        assert b"2026-0001 firm" in (announced or b""), "the terms of cases need nothing of the officer's"
        assert "secret" in seen, "the first identity's is read"
        assert not set(OFFICERS) & set(seen)
        assert any("Klant" in place for place in (path for _, path in firm.everything())), "it has filed"


def test_the_daemon_refuses_to_erase_even_where_it_could_read_it(tmp_path: Path) -> None:
    """A hard delete asked of the daemon's own connector."""
    with tenant(tmp_path) as firm:
        message = firm.put(firm.mailboxes[0])
        with Assembly(load(firm.config), clock=firm.clock, may_erase=False) as assembly:
            mailbox = assembly.open_any(firm.mailboxes[0].address)
            folder = next(iter(mailbox.tree())).id
            with pytest.raises(UserError, match="never erases"):
                mailbox.delete_hard(folder, [message])
        assert message in set().union(*firm.everything().values())


def test_no_command_that_files_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tenant(tmp_path) as firm:
        divide(firm, CREDENTIALS["secret"])
        seen = reading(monkeypatch)
        desk = Desk(firm)
        for words in FILING:
            desk.type(*words)
        assert "secret" in seen
        assert not set(OFFICERS) & set(seen)


def test_a_case_says_whose_it_is(tmp_path: Path) -> None:
    """A search needs the second identity for archives: without it nothing is written down as searched."""
    with tenant(tmp_path) as firm:
        divide(firm, CREDENTIALS["secret"])
        desk = Desk(firm)
        told = desk.type("erase", "piet@klant.example", "--known", "bekend", "--by", "anna", code=2)
        assert "officers-secret" in told
        assert desk.json("case", "show", "2026-0001")["state"] == "verified"


def test_another_user_s_case_files_are_told_and_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status and list tell what the ledger has and say so; what needs the file is refused with whose command it is."""
    with tenant(tmp_path) as firm:
        desk = Desk(firm)
        desk.json("erase", "piet@klant.example", "--known", "bekend", "--by", "anna", code=4)
        (seen,) = desk.json("case", "list")["cases"]
        assert seen["by_ledger_alone"] is False
        real_access, real_read = os.access, Path.read_bytes

        def access(path: Path, *rest: int, **more: bool) -> bool:
            return "cases" not in Path(path).parts and real_access(path, *rest, **more)

        def read_bytes(path: Path) -> bytes:
            if "cases" in path.parts:
                raise PermissionError(errno.EACCES, "Permission denied")
            return real_read(path)

        monkeypatch.setattr(os, "access", access)
        monkeypatch.setattr(Path, "read_bytes", read_bytes)
        for words in (("case", "list"), ("status",)):
            (seen,) = desk.json(*words)["cases"]
            assert (seen["by_ledger_alone"], seen["outcome"]) == (True, None)
            assert "2026-0001" in desk.type(*words).split("by the ledger alone")[1]
        for words in (
            ("case", "show", "2026-0001"),
            ("erase", "piet@klant.example"),
            ("case", "open", "--address", "x@y.example"),
        ):
            assert "mailsorter-as-officer" in desk.type(*words, code=2)
        assert len(desk.json("case", "list")["cases"]) == 1, "no case without a file was opened"


def test_doctor_tries_the_officer_s_keys_as_the_officer_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the daemon's user they are not asked for, and nothing is wrong; as the officer, one that is missing is."""
    with tenant(tmp_path) as firm:
        divide(firm, CREDENTIALS["secret"])
        desk = Desk(firm)
        checks = {one["name"]: one["status"] for one in desk.json("doctor", code=2)["checks"]}
        assert (checks["erasing sign-in"], checks["signing key"]) == ("failed", "failed")
        real = os.access
        monkeypatch.setattr(os, "access", lambda path, *a, **k: "cases" not in Path(path).parts and real(path, *a, **k))
        firm.config.with_name("cases").mkdir(exist_ok=True)
        seen = reading(monkeypatch)
        found = desk.json("doctor")
        assert found["ok"]
        assert {one["name"]: one["status"] for one in found["checks"]}["erasing sign-in"] == "ok"
        assert not set(OFFICERS) & set(seen)
        keys = [one["what"] for one in found["checks"] if one["name"] == "key"]
        assert any(what.startswith("erasure.signing_key, file:") for what in keys)
