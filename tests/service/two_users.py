"""Daemon and officer as two users of this machine, with the folders, modes and config of the guide and `deploy/`.

The users are numbers that the machine's lists do not know, so that nothing of the machine is changed. Their secrets lie
in a credentials folder each, as systemd makes one.
"""

from __future__ import annotations

import functools
import json
import os
import re
import secrets
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mailsorter.emulator import Emulator

ROOT = Path(__file__).parents[2]
GROUP, CONFIG_GROUP = 61_001, 61_003
DAEMON, OFFICER = 61_001, 61_002
NAMES = {DAEMON: "mailsorter", OFFICER: "mailsorter-officer"}
PATIENCE_S = 100  # a bound for what is waited for, on whatever machine; nothing is expected to take so long


@functools.cache
def interpreter() -> tuple[str, dict[str, str]] | None:
    """A Python that other users can start, and what its environment needs to find this project; None without one."""
    own = Path(sys.executable).resolve()
    beside = shutil.which(f"python{sys.version_info.major}.{sys.version_info.minor}", path="/usr/bin:/usr/local/bin")
    paths = [str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))]
    for program in (str(own), beside):
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [program or "", "-c", "import mailsorter.assembly"]
        try:
            done = subprocess.run(command, env=environment, user=OFFICER, group=GROUP, extra_groups=[], cwd="/",
                                  capture_output=True, check=False)  # fmt: skip
        except OSError:
            continue
        if done.returncode == 0:
            return str(program), environment
    return None


def why_not() -> str:
    """Why this machine cannot play two users; "" when it can."""
    if os.name != "posix" or os.geteuid() != 0:
        return "only root can start processes of two users"
    return "" if interpreter() is not None else "no Python here that another user can start with this project"


@dataclass
class Typed:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Its JSON."""
        return json.loads(self.out)


@dataclass
class Machine:
    """The folders of an installation below one folder, and its two users."""

    folder: Path
    emulator: Emulator
    ledger_url: str = ""
    program: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found = interpreter()
        assert found is not None
        self.program, self.environment = found
        self.state, self.officers = self.folder / "state", self.folder / "officer"
        self.config = self.folder / "etc" / "mailsorter.toml"
        self.cases = self.officers / "cases"
        self._make(self.folder / "etc", 0, 0, 0o755)
        self._make(self.state, DAEMON, GROUP, stat.S_ISGID | 0o770)
        self._make(self.officers, OFFICER, GROUP, 0o700)
        self.key = secrets.token_hex(32)
        self.secrets = {"ledger-key": self.key, "graph-certificate": "emulator"}
        signing = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.officers_alone = {"erasing-certificate": "emulator", "signing-key": signing.decode()}
        self.give_secrets()
        self.write_config()

    def _make(self, path: Path, user: int, group: int, mode: int) -> None:
        path.mkdir(exist_ok=True)
        os.chown(path, user, group)
        path.chmod(mode)

    def credentials(self, user: int) -> Path:
        """The user's credentials folder."""
        return self.folder / f"credentials-{NAMES[user]}"

    def give_secrets(self) -> None:
        """Each user's, readable by that user alone."""
        for user in (DAEMON, OFFICER):
            folder = self.credentials(user)
            self._make(folder, user, GROUP, 0o700)
            for name, content in (self.secrets | (self.officers_alone if user == OFFICER else {})).items():
                (folder / name).write_text(content, "utf-8")
                os.chown(folder / name, user, GROUP)
                (folder / name).chmod(0o400)

    def write_config(self, extra: str = "", ledger: str = "", daemon: str = "") -> None:
        """The config of the guide: one for both users, readable by their second group."""
        guide = (ROOT / "docs" / "operations.md").read_text("utf-8").partition("## The officer\n")[2]
        blocks = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
        erasure = re.sub(r"^ {3}", "", blocks[0], flags=re.MULTILINE)
        erasure = erasure.replace("/var/lib/mailsorter-officer", str(self.officers))
        erasure = erasure.replace("the second app's id", "emulator-erasure")
        erasure = erasure.replace("certificate = ", "client_secret = ")
        url = self.ledger_url or f"sqlite:///{self.state}/ledger.db"
        text = (
            'clients = ["clients.toml"]\n[firm]\nname = "Firma"\ndomains = ["firm.example"]\n'
            '[[mailbox]]\naddress = "anna@firm.example"\n[archive]\nfolder = "Clients/{name}"\n'
            f'[ledger]\nurl = "{url}"\nkey = "credential:ledger-key"\n{ledger}'
            '[graph]\ntenant = "emulator.example"\nclient_id = "emulator"\n'
            'client_secret = "credential:graph-certificate"\n'
            f'url = "{self.emulator.url}"\nauthority = "{self.emulator.url}"\n'
            f'[daemon]\npoll = "5 seconds"\njitter = "0 seconds"\n{daemon}'
            f'[predict]\nmodel = "{self.state}/prediction.model"\n'
            f"{erasure}"
        ).replace("[erasure]\n", f'[erasure]\nmany_recipients = "erase"\nmentioned = "erase"\n{extra}', 1)
        book = '[[client]]\nid = "klant"\nname = "Klant B.V."\ndomains = ["klant.example"]\n'
        for path, content in ((self.config, text), (self.config.with_name("clients.toml"), book)):
            path.write_text(content, "utf-8")
            os.chown(path, 0, CONFIG_GROUP)
            path.chmod(0o640)

    def _as(self, user: int) -> dict[str, Any]:
        home = self.state if user == DAEMON else self.officers
        environment = self.environment | {
            "CREDENTIALS_DIRECTORY": str(self.credentials(user)), "LOGNAME": NAMES[user], "HOME": str(home),
            "MAILSORTER_BY": "anna" if user == OFFICER else "",
        }  # fmt: skip
        return {"user": user, "group": GROUP, "extra_groups": [CONFIG_GROUP], "umask": 0o077, "cwd": home,
                "env": environment}  # fmt: skip

    def type(self, user: int, *words: str, said: str = "", code: int = 0) -> Typed:
        """Run a command as that user; the exit code must be the one expected."""
        command = [self.program, "-m", "mailsorter", "--config", str(self.config), *words]
        done = subprocess.run(command, input=said, capture_output=True, text=True, check=False, **self._as(user))
        typed = Typed(done.returncode, done.stdout, done.stderr)
        assert typed.code == code, (words, typed)
        return typed

    def can_read(self, user: int, path: Path) -> bool:
        """Can a process of that user read the file, or list the folder?"""
        look = "import os, sys; p = sys.argv[1]; os.listdir(p) if os.path.isdir(p) else open(p, 'rb').read()"
        done = subprocess.run([self.program, "-c", look, str(path)], capture_output=True, check=False, **self._as(user))
        return done.returncode == 0

    @contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[bytes]]:
        """The daemon as its user, until the block ends; it must end by itself when asked to."""
        log = self.folder / "daemon.log"
        command = [self.program, "-m", "mailsorter", "--config", str(self.config), "daemon"]
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, **self._as(DAEMON))
            try:
                yield process
                assert process.poll() is None, log.read_text("utf-8")
            finally:
                process.terminate()
                ended = process.wait(timeout=PATIENCE_S)
        assert ended == 0, log.read_text("utf-8")
        assert "Traceback" not in log.read_text("utf-8")

    def files(self) -> dict[str, tuple[int, int]]:
        """Group and mode of each file in the shared folder."""
        found = {path.name: path.stat() for path in self.state.iterdir()}
        return {name: (status.st_gid, stat.S_IMODE(status.st_mode)) for name, status in found.items()}


def wait_until(is_so: Callable[[], bool]) -> None:
    """Ask until it is."""
    until = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until, "it never was"
        time.sleep(0.1)


@contextmanager
def machine(emulator: Emulator, ledger_url: str = "") -> Iterator[Machine]:
    """An installation in a folder that both users can reach."""
    with tempfile.TemporaryDirectory(prefix="mailsorter-two-users-") as folder:
        Path(folder).chmod(0o755)
        yield Machine(Path(folder), emulator, ledger_url)
