"""Torture: real processes against a real emulator process, killed at random moments, some on a full disk.

    python -m tests.machines.kill --kills 500

Starts `mailsorter emulator serve` on a seeded state, then again and again `mailsorter sort`, `undo` and `check`, and
SIGKILLs them at random. After every one the emulator is asked what it holds: a message that is missing or there twice
ends the torture. In the end a last run, an undo of everything and two checks must come out even. Prints what was tried.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

SOURCE = Path(__file__).parents[2]
MAILSORTER = (sys.executable, "-m", "mailsorter")


_SILENT = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]


def _become(arguments: list[str]) -> NoReturn:
    """This forked process is `mailsorter` from now on."""
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    from mailsorter.cli.app import run

    sys.argv = ["mailsorter", *arguments]
    try:
        run()
    except BaseException as error:
        os._exit(error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else 1)
    os._exit(0)


class Lost(AssertionError):
    """A promise is broken."""


@dataclass
class Torture:
    """One emulator, one ledger, many processes."""

    folder: Path
    messages: int
    chance: random.Random
    met: Counter[str] = field(default_factory=Counter)
    forks: bool = False
    life_s: dict[str, float] = field(default_factory=dict)  # about as long as each command lives, when it is let live

    def __post_init__(self) -> None:
        self.state = self.folder / "exchange.db"
        self.config = self.folder / "mailsorter.toml"
        self.environment = {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONFAULTHANDLER": "1"}
        self._run(
            ["emulator", "seed", "--state", str(self.state), "--messages", str(self.messages), "--random-seed", "7"]
        )
        self.before = self.held()

    # processes --------------------------------------------------------------------------------------------------

    def serve(self) -> subprocess.Popen[bytes]:
        """Start the emulator and wait until it listens."""
        arguments = ["emulator", "serve", "--state", str(self.state), "--port", "0", "--config-out", str(self.config)]
        server = subprocess.Popen(
            [*MAILSORTER, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self.environment
        )
        assert server.stdout is not None
        if not server.stdout.readline().startswith(b"ready"):
            raise RuntimeError("the emulator does not listen")
        return server

    def _run(self, arguments: list[str], **how: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*MAILSORTER, *arguments], capture_output=True, env=self.environment, check=False, **how)

    def command(self, *arguments: str) -> Any:
        """A command that is let live; gives its JSON."""
        done = self._run(["--config", str(self.config), *arguments, "--json"])
        if done.returncode not in (0, 3):
            raise Lost(f"{arguments} ended with {done.returncode}: {done.stderr.decode()[-2000:]}")
        return json.loads(done.stdout)

    def kill(self, *arguments: str) -> None:
        """A command that dies at a random moment."""
        name, started = arguments[0], time.monotonic()
        life_s = self.life_s.setdefault(name, 1.0 if self.forks else 3.0)
        ends = started + self.chance.uniform(0.02, life_s)
        pid = self._start(*arguments)
        while not (ended := os.waitpid(pid, os.WNOHANG))[0] and time.monotonic() < ends:
            time.sleep(0.002)
        came_through = ended[0] == pid
        if came_through and os.WIFSIGNALED(ended[1]):
            raise Lost(f"{arguments} died of signal {os.WTERMSIG(ended[1])}, which was not ours")
        if came_through:
            self.life_s[name] = 0.7 * life_s + 0.3 * (time.monotonic() - started)
        else:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            self.life_s[name] = life_s * 1.05
        self.met["came through" if came_through else "killed"] += 1
        self.met[name] += 1

    def _start(self, *arguments: str) -> int:
        """A process of its own; with `forks` one that has imported everything already, which is most of the time."""
        command = [*MAILSORTER, "--config", str(self.config), *arguments]
        if not self.forks:
            return os.posix_spawn(sys.executable, command, self.environment, file_actions=_SILENT)
        pid = os.fork()
        if pid == 0:
            _become(command[3:])
        return pid

    def fill_disk(self, *arguments: str) -> None:
        """A command whose files may not grow much further."""
        limit = self.chance.randrange(4_000, 200_000)  # the write-ahead log meets it first
        done = self._run(
            ["--config", str(self.config), *arguments],
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )
        if done.returncode == 1 and b"no room left" not in done.stderr:
            raise Lost(f"a full disk was met with: {done.stderr.decode()[-2000:]}")
        self.met["full disk" if done.returncode == 1 else "disk was large enough"] += 1

    # promises ---------------------------------------------------------------------------------------------------

    def held(self) -> Counter[str]:
        """Every message there is, by mailbox and immutable id, and how often."""
        shown = json.loads(self._run(["emulator", "show", "--state", str(self.state), "--json"]).stdout)
        return Counter(
            f"{mailbox['address']} {message}"
            for mailbox in shown["mailboxes"]
            for folder in mailbox["folders"]
            for message in _ids(folder)
        )

    def examine(self) -> None:
        """Nothing lost, nothing twice."""
        now = self.held()
        self.met["messages lost"] += sum((self.before - now).values())
        self.met["messages twice"] += sum((now - self.before).values())
        if now != self.before:
            raise Lost(f"{self.before - now} lost, {now - self.before} too many")

    def go(self, kills: int) -> None:
        """Kill so many processes; then everything must come out even."""
        self.command("sort")
        number = 0
        while self.met["killed"] < kills:
            number += 1
            if number % 12 == 0:
                self.fill_disk(*self._next())
            self.kill(*self._next())
            if number % 10 == 0:
                self.examine()
        self.comes_out_even()

    def _runs(self) -> list[str]:
        """Runs by their ids, oldest first, read straight from the ledger: a command would take a second."""
        with closing(sqlite3.connect(f"file:{self.folder}/mailsorter.sqlite?mode=ro", uri=True)) as ledger:
            return [
                row[0] for row in ledger.execute("SELECT id FROM run WHERE kind IN ('sort', 'undo') ORDER BY number")
            ]

    def _next(self) -> tuple[str, ...]:
        """Mostly undoing the newest run, which alternates between filing everything and taking it back."""
        roll = self.chance.random()
        if roll < 0.1:
            return ("check",)
        if roll < 0.35:
            return ("sort",)
        runs = self._runs()
        return ("undo", runs[-1] if roll < 0.85 else self.chance.choice(runs[-6:]))

    def comes_out_even(self) -> None:
        """A last run, and two checks of which the second finds nothing."""
        self.command("sort")
        self.examine()
        self.command("check")
        again = self.command("check")
        for mailbox in again["mailboxes"]:
            if not mailbox["agrees"] or mailbox["differences"]:
                raise Lost(f"ledger and mailbox differ: {mailbox['differences']}")
        if self._run(["--config", str(self.config), "audit", "verify"]).returncode:
            raise Lost("the audit chain is broken")
        status = self.command("status")
        if any(mailbox["interrupted"] for mailbox in status["mailboxes"]):
            raise Lost("an intent stayed open")


def _ids(folder: dict[str, Any]) -> list[str]:
    return list(folder.get("messages") or folder.get("immutable_ids") or folder.get("ids") or [])


def main() -> None:
    """Run it and print what was met."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=500)
    options.add_argument("--messages", type=int, default=400)
    options.add_argument("--forks", action="store_true", help="fork a process that has imported everything: faster")
    options.add_argument("--random-seed", type=int, default=time.time_ns() % 10**6)
    given = options.parse_args()
    print(f"random seed {given.random_seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="mailsorter-torture-") as folder:
        met = torture(Path(folder), given.kills, given.messages, given.random_seed, forks=given.forks)
    for name, count in sorted(met.items()):
        print(f"{name:24}{count:8}")


def torture(folder: Path, kills: int, messages: int, seed: int, *, forks: bool = False) -> Counter[str]:
    """Torture in that folder; gives what was met. Raises `Lost`."""
    if forks:
        for module in (
            "assembly",
            "sorting.run",
            "sorting.undo",
            "checking.check",
            "mailbox.graph.connector",
            "cli.sort",
        ):
            importlib.import_module(f"mailsorter.{module}")
    one = Torture(folder, messages, random.Random(seed), forks=forks)
    server = one.serve()
    try:
        one.go(kills)
    except Lost:
        print(dict(one.met), flush=True)
        raise
    finally:
        server.terminate()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()
    return one.met


if __name__ == "__main__":
    main()
