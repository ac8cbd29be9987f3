"""Telling systemd how we are: ready, reloading, alive, stopping. Without systemd nothing is told."""

from __future__ import annotations

import os
import time

import sdnotify

_PATIENCE_S = 1.0  # a listener that does not read must not keep us from our work


class Notifier:
    """sd_notify(3). `watchdog_s` is how often to say that we live, or None when nobody waits for it."""

    def __init__(self) -> None:
        self._notifier = sdnotify.SystemdNotifier() if os.environ.get("NOTIFY_SOCKET") else None
        self.watchdog_s = _watchdog_s()
        if self._notifier is not None and self._notifier.socket is not None:
            self._notifier.socket.settimeout(_PATIENCE_S)

    def ready(self, status: str) -> None:
        """Started, or reloaded. `status` is shown by `systemctl status`: counts, no names."""
        self._tell(f"READY=1\nSTATUS={status}")

    def reloading(self) -> None:
        """A reload began; `ready` ends it."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def alive(self) -> None:
        """We live, and the scheduler does. Said only where a watchdog waits for it."""
        if self.watchdog_s is not None:
            self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """The end has begun."""
        self._tell("STOPPING=1")

    def _tell(self, what: str) -> None:
        if self._notifier is not None:
            self._notifier.notify(what)


def _watchdog_s() -> float | None:
    """Half of systemd's patience, as sd_watchdog_enabled(3) advises; None when it is not for this process."""
    wanted, for_pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not wanted.isdigit() or for_pid != str(os.getpid()):
        return None
    return int(wanted) / 2e6
