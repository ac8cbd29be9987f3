"""A systemd of its own, as process 1 of a machine that is thrown away: what it changes is nowhere afterwards.

Namespaces for processes, mounts, network, names and control groups; the root is an overlay over this machine's, with
everything written kept in memory. Of this machine's units only the message bus and the journal are started.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SYSTEMD = "/lib/systemd/systemd"
PATIENCE_S = 100
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BOOT = """#!/bin/sh
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir -p /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
cd /mnt/root
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
for folder in run tmp var/tmp; do mount -t tmpfs -o mode=1777 tmpfs $folder; done
chmod 0755 run
mkdir -p run/lock run/systemd
umount -R sys/fs/cgroup
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mount -t cgroup2 cgroup2 sys/fs/cgroup
else
  mount -t tmpfs tmpfs sys/fs/cgroup
  mkdir sys/fs/cgroup/systemd
  mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
fi
# nothing of this machine's own start: no temporary folder is emptied, no setting of the kernel changed
rm -rf usr/lib/systemd/system/*.target.wants etc/systemd/system/*.wants
ip link set lo up
mkdir -p .before
pivot_root . .before
cd /
umount -l /.before
mount --make-rshared /
export container=lxc
exec /lib/systemd/systemd --system --unit=basic.target --log-target=null
"""


class Box:
    """The machine that runs; words are typed there as root."""

    def __init__(self, init: int) -> None:
        self._init = init

    def type(self, *words: str, said: str = "", code: int | None = 0, env: dict[str, str] | None = None) -> str:
        """Run a command there; gives what it printed and, behind it, what it complained of."""
        command = ["nsenter", "-t", str(self._init), "-m", "-p", "-i", "-u", "-n", "-C", "-r", "-w", *words]
        environment = {"PATH": _PATH, **(env or {})}
        done = subprocess.run(command, input=said, capture_output=True, text=True, check=False, env=environment)
        assert code is None or done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def at_terminal(self, *words: str, answers: Sequence[tuple[str, str]], env: dict[str, str]) -> str:
        """Run a command there at a terminal, and type each answer when its question has come; gives what was shown."""
        import pty

        command = ["nsenter", "-t", str(self._init), "-m", "-p", "-i", "-u", "-n", "-C", "-r", "-w", *words]
        process, terminal = pty.fork()
        if process == 0:
            os.execvpe(command[0], command, {"PATH": _PATH, "TERM": "dumb", **env})
        shown = b""
        for question, answer in (*answers, ("", "")):
            while not question or question.encode() not in shown:
                try:
                    shown += os.read(terminal, 4096)
                except OSError:  # it has ended
                    break
            if question:
                found = re.search(r"digest ([0-9a-f]{64})", shown.decode("utf-8", "replace"))
                os.write(terminal, answer.format(digest=found[1] if found else "").encode() + b"\r")
        os.waitpid(process, 0)
        os.close(terminal)
        return shown.decode("utf-8", "replace")

    def write(self, path: str, content: str, mode: str = "0644") -> None:
        """A file there."""
        self.type("install", "-D", "-m", mode, "/dev/stdin", path, said=content)


def why_not() -> str:
    """Why no such machine can be had here; "" when it can."""
    if os.name != "posix" or os.geteuid() != 0:
        return "only root can start a systemd of its own"
    missing = [name for name in ("unshare", "nsenter", "pivot_root", "ip", "dbus-daemon") if shutil.which(name) is None]
    if missing or not Path(SYSTEMD).exists():
        return f"not installed: {', '.join([*missing, *([] if Path(SYSTEMD).exists() else ['systemd'])])}"
    return "" if "overlay" in Path("/proc/filesystems").read_text() else "this kernel has no overlay file system"


@contextmanager
def box() -> Iterator[Box]:
    """Boot it; it ends with the block, with all that ran in it."""
    with tempfile.TemporaryDirectory(prefix="mailsorter-box-") as folder:
        script = Path(folder, "boot.sh")
        script.write_text(BOOT)
        script.chmod(0o700)
        spaces = ["--fork", "--pid", "--mount", "--ipc", "--uts", "--net", "--cgroup", "--kill-child"]
        with Path(folder, "log").open("w+b") as log:
            outer = subprocess.Popen(["unshare", *spaces, str(script)], stdout=log, stderr=log)
            try:
                made = Box(_init_of(outer))
                _wait_for(made)
                yield made
            finally:
                outer.kill()  # its child, process 1 of the box, is killed with it, and so is all below that
                outer.wait()


def _init_of(outer: subprocess.Popen[bytes]) -> int:
    """The process that is number 1 in the box, once it is systemd."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        assert outer.poll() is None, "the box did not start"
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
        for child in children:
            if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                return int(child)
        time.sleep(0.1)
    raise AssertionError("systemd did not start")


def _wait_for(made: Box) -> None:
    until = time.monotonic() + PATIENCE_S
    while "running" not in made.type("systemctl", "is-system-running", code=None):
        assert time.monotonic() < until, made.type("systemctl", "list-units", "--failed", "--no-pager", code=None)
        time.sleep(0.2)
    made.type("systemctl", "start", "dbus.socket", "dbus.service")  # systemd-run --wait hears through it
    made.type("systemctl", "start", "systemd-journald.socket", "systemd-journald.service")
    made.type("systemctl", "log-target", "journal")


def commands(guide: str, heading: str) -> list[str]:
    """The shell lines of a section of a guide, in order."""
    section = guide.partition(f"\n{heading}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^ *```\n(.*?)^ *```", section, re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip().startswith("sudo ")]


def program_of(root: Path) -> str:
    """A script in the place of /opt/mailsorter/bin/mailsorter, which an installation would have put there."""
    python = shutil.which(f"python{sys.version_info.major}.{sys.version_info.minor}", path="/usr/bin:/usr/local/bin")
    paths = os.pathsep.join([str(root), *(path for path in sys.path if path.endswith("site-packages"))])
    return f'#!/bin/sh\nexport PYTHONPATH={paths} PYTHONDONTWRITEBYTECODE=1\nexec {python} -m mailsorter "$@"\n'
