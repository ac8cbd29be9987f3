"""A ledger that cannot be trusted or written is met with a clear error, and nothing in it changes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from mailsorter.errors import LedgerError, LedgerFull, LedgerLocked, LedgerUnreadable, UserError
from mailsorter.ledger import engine
from mailsorter.ledger.ledger import Ledger
from mailsorter.ledger.trouble import translate
from tests.postgres import MASTER, PostgresServer

SRC = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    with Ledger.open(f"sqlite:///{path}", MASTER) as ledger, ledger.unit() as unit:
        for i in range(200):
            unit.cursors.set(1, i, "x" * 200)
    return path


def reads_all(path: Path) -> None:
    with Ledger.open(f"sqlite:///{path}", MASTER) as ledger, ledger.reading() as unit:
        for i in range(200):
            unit.cursors.get(1, i)


def test_a_file_that_is_no_database_is_said_to_be_corrupt(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(LedgerUnreadable, match="corrupt: mail was left alone"):
        reads_all(path)


def test_pages_overwritten_are_said_to_be_corrupt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[8192:] = os.urandom(len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(LedgerUnreadable, match="corrupt"):
        reads_all(path)


def test_a_ledger_cut_short_is_said_to_be_corrupt(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(LedgerUnreadable, match="corrupt"):
        reads_all(path)


def test_an_emptied_ledger_is_not_taken_for_a_new_one(path: Path) -> None:
    with Ledger.open(f"sqlite:///{path}", MASTER) as ledger, ledger.locks.hold(1):
        pass
    os.truncate(path, 0)
    with pytest.raises(LedgerUnreadable, match="was in use"):
        Ledger.open(f"sqlite:///{path}", MASTER)
    next(path.parent.glob("*.lock")).unlink()
    Ledger.open(f"sqlite:///{path}", MASTER).close()


def test_an_altered_sealed_field_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE cursor SET sealed = substr(sealed, 1, 20)")
    raw.close()
    with pytest.raises(LedgerUnreadable, match="does not open with this key"):
        reads_all(path)


@contextmanager
def nobody() -> Iterator[None]:
    """As a user who owns nothing: root may write everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_ledger_that_may_not_be_written_is_said_to_be_so(path: Path, what: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(path, folder))
        os.chmod(folder, 0o777 if what == "file" else 0o555)
        copy.chmod(0o666 if what == "folder" else 0o444)
        with (
            nobody(),
            pytest.raises(LedgerUnreadable, match=r"cannot be opened|read-only"),
            Ledger.open(f"sqlite:///{copy}", MASTER) as ledger,
            ledger.unit() as unit,
        ):
            unit.settings.set("a", b"b")
        os.chmod(folder, 0o700)


def test_another_process_that_holds_the_database_is_waited_for_and_then_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_S", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(LedgerLocked, match="Another process holds"):
        Ledger.open(f"sqlite:///{path}", MASTER)
    other.close()
    Ledger.open(f"sqlite:///{path}", MASTER).close()


def test_a_full_disk_is_said_and_what_was_there_stays(path: Path) -> None:
    with Ledger.open(f"sqlite:///{path}", MASTER) as ledger:
        with pytest.raises(LedgerFull, match="no room left"), ledger.unit() as unit:
            unit.connection.exec_driver_sql("PRAGMA max_page_count=1")
            unit.cursors.set(1, 0, "x" * 200_000)
        with ledger.unit() as unit:
            unit.connection.exec_driver_sql("PRAGMA max_page_count=1073741823")
            assert unit.cursors.get(1, 0) == "x" * 200


def test_a_file_size_limit_counts_as_a_full_disk(path: Path) -> None:
    program = (
        "import resource, sys; from mailsorter.ledger.ledger import Ledger; from mailsorter.errors import LedgerFull\n"
        "with Ledger.open(sys.argv[1], bytes(range(32))) as l:\n"
        " resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        " try:\n  with l.unit() as u: u.cursors.set(1, 0, 'x' * 500_000)\n"
        " except LedgerFull as error: print(error.what)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program, f"sqlite:///{path}"],
        capture_output=True, text=True, timeout=60, env={"PYTHONPATH": str(SRC)},
    )  # fmt: skip
    assert "no room left" in said.stdout, said.stderr
    reads_all(path)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", LedgerFull),
        ("55P03", LedgerLocked),
        ("57P03", LedgerLocked),
        ("25006", LedgerUnreadable),
        ("XX001", LedgerUnreadable),
        ("28P01", LedgerUnreadable),
        ("23505", LedgerError),
        (None, LedgerUnreadable),
    ],
)
def test_what_postgresqls_states_mean(state: str | None, kind: type[LedgerError]) -> None:
    error = psycopg.Error()
    error.sqlstate = state
    assert type(translate(error, "postgresql://db")) is kind


def test_a_server_that_is_not_there_is_said_without_its_password() -> None:
    with pytest.raises(LedgerUnreadable, match="cannot be opened") as caught:
        Ledger.open("postgresql://mail:hunter2@127.0.0.1:1/ledger", MASTER)
    assert "hunter2" not in str(caught.value)


def test_a_url_that_names_no_database_is_the_callers_mistake() -> None:
    with pytest.raises(UserError, match="cannot be used"):
        Ledger.open("oracle9://x/y", MASTER)


def test_many_mailboxes_at_once_leave_connections_to_work_with(postgres: PostgresServer) -> None:
    """Every thread holds its mailbox's lock and works; a lock must not take the pool's connections."""
    errors: list[BaseException] = []
    with Ledger.open(postgres.fresh(), MASTER) as ledger:
        gate = threading.Barrier(24)

        def work(number: int) -> None:
            try:
                with ledger.locks.hold(number):
                    gate.wait(timeout=30)
                    with ledger.unit() as unit:  # all meet the same client at the same moment
                        unit.places.client("acme")
                        unit.audit.append("sort", {"mailbox": number})
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 25)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with ledger.reading() as unit:
            assert unit.audit.verify() is None
    assert errors == []


def test_a_lock_is_free_when_its_holder_was_killed(path: Path) -> None:
    program = (
        "import sys, time; from mailsorter.ledger.ledger import Ledger\n"
        "l = Ledger.open(sys.argv[1], bytes(range(32)))\n"
        "with l.locks.hold(1): print('held', flush=True); time.sleep(60)\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, f"sqlite:///{path}"], stdout=subprocess.PIPE, env={"PYTHONPATH": str(SRC)}
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with Ledger.open(f"sqlite:///{path}", MASTER) as ledger:
        with pytest.raises(LedgerLocked), ledger.locks.hold(1):
            pass
        holder.kill()
        holder.wait()
        holder.stdout.close()
        with ledger.locks.hold(1):
            pass
