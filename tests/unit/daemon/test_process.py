"""The real process: starts, files, answers, reloads, refuses, and ends within ten seconds."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from mailsorter.emulator import NewMessage, running_emulator
from mailsorter.emulator.faults import Fault, FaultPlan
from mailsorter.emulator.store.records import Address

OWN = "onzefirma.example"
CONFIG = """
clients = ["clients.toml"]
[firm]
domains = ["{own}"]
[[mailbox]]
address = "anna@{own}"
[ledger]
url = "sqlite:///ledger.db"
[graph]
tenant = "firm"
client_id = "emulator"
client_secret = "env:EMULATOR_SECRET"
url = "{url}"
authority = "{url}"
[daemon]
poll = "5 seconds"
jitter = "0 seconds"
health_port = {port}
{extra}
[log]
format = "json"
"""
BOOK = '[[client]]\nid = "acme"\nname = "Acme B.V."\ndomains = ["acme.example"]\n'


PATIENCE_S = 100  # a bound for what is waited for, on whatever machine; nothing is expected to take so long


class Running:
    """One daemon in a process of its own, with a folder and systemd's socket."""

    def __init__(self, folder: Path, url: str, *, extra: str = "", stuck_s: float | None = None) -> None:
        """`extra` is more of [daemon]; `stuck_s` makes a program that is sooner out of patience with its jobs."""
        self.folder = folder
        self.program = ["-m", "mailsorter"]
        if stuck_s is not None:
            impatient = (
                f"from mailsorter.daemon import pulse; pulse.STUCK_S = {stuck_s}; import mailsorter.__main__ as m"
            )
            self.program = ["-c", f"{impatient}; m.main()"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.config = folder / "mailsorter.toml"
        self.config.write_text(CONFIG.format(own=OWN, url=url, port=self.port, extra=extra))
        (folder / "clients.toml").write_text(BOOK)
        self.told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.told.bind(str(folder / "notify"))
        self.heard: list[str] = []
        self._seen = 0
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.log = (folder / "log").open("w+")
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *self.program, "--config", str(self.config), "daemon"],
            env={**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify"),
                 "WATCHDOG_USEC": "2000000", "EMULATOR_SECRET": "emulator"},
            stderr=self.log, stdout=self.log,
        )  # fmt: skip

    def _listen(self) -> None:
        """Always, as systemd does: a socket that nobody reads holds ten words, and the eleventh is lost."""
        while word := self.told.recv(4096):
            self.heard.append(word.decode())

    def hears(self, word: str) -> str:
        """Wait until systemd is told this."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            while self._seen < len(self.heard):
                self._seen += 1
                if word in self.heard[self._seen - 1]:
                    return self.heard[self._seen - 1]
            time.sleep(0.05)
        raise AssertionError(f"never heard {word}")

    def heard_within(self, seconds: float) -> list[str]:
        """All that systemd is told from now on, for so long."""
        self._seen = len(self.heard)
        time.sleep(seconds)
        return self.heard[self._seen :]

    def page(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def lines(self, event: str) -> list[dict]:
        found = [json.loads(line) for line in (self.folder / "log").read_text().splitlines() if line.startswith("{")]
        return [line for line in found if line["event"] == event]

    def waits_for(self, event: str, count: int = 1) -> list[dict]:
        until = time.monotonic() + PATIENCE_S
        while len(self.lines(event)) < count:
            assert time.monotonic() < until, (self.folder / "log").read_text()
            time.sleep(0.1)
        return self.lines(event)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ends:
            ends.sendto(b"", str(self.folder / "notify"))
        self._listener.join(10)
        self.told.close()
        self.log.close()


@pytest.fixture
def emulator():
    with running_emulator() as running:
        running.store.mailboxes.create(f"anna@{OWN}", "Anna")
        yield running


@pytest.fixture
def daemon(tmp_path, emulator):
    running = Running(tmp_path, emulator.url)
    yield running
    running.close()


def test_it_starts_answers_reloads_refuses_and_ends(daemon):
    """One life: ready, healthy, a bad config refused, a good one taken, a second daemon turned away, an end in time."""
    assert "Looking after 1 mailbox" in daemon.hears("READY=1")
    assert daemon.page("/healthz") == (200, '{"alive": true}\n')
    status, metrics = daemon.page("/metrics")
    assert status == 200
    assert 'mailsorter_lag_seconds{mailbox="1"}' in metrics
    assert "@" not in metrics
    assert daemon.page("/elsewhere")[0] == 404

    good = daemon.config.read_text()
    daemon.config.write_text(good.replace("[firm]", "[frim]"))
    daemon.process.send_signal(signal.SIGHUP)
    daemon.waits_for("config refused")
    assert daemon.page("/healthz")[0] == 200
    daemon.config.write_text(good.replace('poll = "5 seconds"', 'poll = "6 seconds"'))
    daemon.process.send_signal(signal.SIGHUP)
    daemon.waits_for("config reloaded")
    assert daemon.hears("RELOADING=1")
    daemon.config.write_text(daemon.config.read_text() + "[predict]\nenabled = true\n")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.waits_for("config reloaded", 2)
    command = [sys.executable, "-m", "mailsorter", "--config", str(daemon.config), "predict", "train"]
    subprocess.run(command, env={**os.environ, "EMULATOR_SECRET": "emulator"}, check=True, timeout=60)
    daemon.waits_for("config reloaded", 3)  # by itself, because the model is another one

    command = [sys.executable, "-m", "mailsorter", "--config", str(daemon.config), "daemon"]
    second = subprocess.run(
        command, env={**os.environ, "EMULATOR_SECRET": "emulator"}, capture_output=True, timeout=60, check=False
    )
    assert second.returncode == 5
    assert b"Another mailsorter daemon" in second.stderr

    assert daemon.hears("WATCHDOG=1")
    began = time.monotonic()
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(timeout=30) == 0
    assert time.monotonic() - began < 10
    assert daemon.hears("STOPPING=1")
    assert daemon.lines("daemon stopped")[0]["parked"] == 0
    assert OWN not in (daemon.folder / "log").read_text()


def test_killed_it_starts_again_on_the_same_ledger(daemon):
    """No lock outlives its holder."""
    daemon.hears("READY=1")
    daemon.process.kill()
    daemon.process.wait()
    daemon.start()
    daemon.hears("READY=1")
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(timeout=30) == 0


def test_the_watchdog_hears_of_a_daemon_that_waits_and_not_of_one_that_hangs(tmp_path, emulator):
    """A tenant that asks for patience is waited for, alive; a worker that shows nothing lets the watchdog bite."""
    running = Running(tmp_path, emulator.url, stuck_s=2)
    try:
        running.hears("READY=1")
        # mail alone: a sign-in that is refused is not asked again for a minute, which is msal's own patience
        emulator.faults.set_plan(FaultPlan((Fault(path="users/*", status=429, retry_after=4),)))
        eventually(lambda: emulator.faults.struck[0])
        assert len([word for word in running.heard_within(3) if "WATCHDOG=1" in word]) >= 2
        assert running.lines("job stuck") == []
        emulator.faults.set_plan(FaultPlan((Fault(path="users/*", latency_s=9, times=1),)))
        (line,) = running.waits_for("job stuck")
        assert (line["job"], line["seconds"] >= 2) == ("mailbox 1", True)
        assert running.page("/healthz") == (503, '{"alive": false}\n')
        assert running.heard_within(2) == []
        running.hears("WATCHDOG=1")  # the answer came after all
    finally:
        running.close()


def test_neither_a_silent_monitoring_service_nor_a_locked_ledger_holds_it_up(tmp_path, emulator):
    """A ping that nobody answers, then a ledger that another program holds: it files, it lives, it ends in time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection and says nothing
        running = Running(tmp_path, emulator.url, extra=f'ping_url = "http://127.0.0.1:{silent.getsockname()[1]}/x"')
        try:
            running.hears("READY=1")
            store, (anna,) = emulator.store, emulator.store.mailboxes.all()
            new = NewMessage(from_=Address("Piet", "piet@acme.example"), subject="Hallo", body="Dag")
            store.messages.create(anna, store.folders.find(anna, "inbox"), new)
            assert running.waits_for("sorted")[0]["filed"] == 1
            other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            store.messages.create(anna, store.folders.find(anna, "inbox"), new)
            assert len([word for word in running.heard_within(3) if "WATCHDOG=1" in word]) >= 2
            began = time.monotonic()
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(timeout=60) == 0
            assert time.monotonic() - began < 10
            other.close()
        finally:
            running.close()


def eventually(happened) -> None:
    until = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_it_ends_in_time_also_while_exchange_does_not_answer(daemon, emulator):
    """What is in flight is left to the next start; ten seconds are ten seconds."""
    daemon.hears("READY=1")
    emulator.faults.set_plan(FaultPlan((Fault(latency_s=25),)))
    eventually(lambda: emulator.faults.struck[0])  # a look hangs in a request
    began = time.monotonic()
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(timeout=30) == 0
    assert time.monotonic() - began < 10
    assert daemon.waits_for("daemon stopped")[0]["parked"] == 1
