"""All that a log line can say: the table of events, and the shape that each detail must have.

The guard (`redact`) knows nothing else. A new log line starts here; docs/operations.md lists the same table (a test
compares them). No event and no shape admits a subject, an address or a folder's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

EVENTS: Mapping[str, str] = {
    "daemon started": "The daemon is ready; `mailboxes` says how many it looks after.",
    "daemon stopping": "It was asked to end and finishes the batches in flight.",
    "daemon stopped": "It ended; `parked` counts mailboxes whose batch the next start settles.",
    "config reloaded": "SIGHUP: the new config is in force.",
    "config refused": "SIGHUP: the new config has `problems` problems; the old one stays in force.",
    "sorted": "One mailbox was sorted and something happened there; an idle look is a debug line.",
    "trouble": "Something does not work; said once when it begins. `advice` names what a person must do, if anything.",
    "trouble over": "It works again, after `seconds`.",
    "clock jumped": "The machine's clock moved by `seconds`; the timetable was made anew.",
    "upkeep": "The ledger was tidied: what was forgotten and how large it is.",
    "reconciled": "One mailbox was compared with the ledger.",
    "case due": "A term or a kept item of a case comes near or has come; nothing is erased by the daemon.",
    "mailbox": "One call to Exchange (debug).",
    "skipped": "A job was still running when its next turn came.",
    "lines suppressed": "A burst of equal lines was cut off; `count` were not written.",
    "library": "Another library's log line; its text is withheld, because it may quote anything.",
    "job stuck": "A job hangs, silent for `seconds`: the watchdog is told nothing more, so systemd starts us anew.",
    "unexpected": "An error that nobody foresaw; `places` says where, without its text.",
    "ping failed": "The monitoring service could not be reached.",
    "withheld": "A line that the guard did not know; its text was dropped.",
}

Shape = Callable[[Any], bool]


def _pattern(expression: str) -> Shape:
    compiled = re.compile(expression)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) < 1e15


_NAME = _pattern(r"[A-Za-z_][A-Za-z0-9_]{0,63}")  # of a class or a call
_WORD = _pattern(r"[a-z]+(?:[ -][a-z]+){0,7}")


def _few(shape: Shape) -> Shape:
    return lambda value: isinstance(value, list | tuple) and len(value) <= 20 and all(map(shape, value))


def _one_of(*values: str) -> Shape:
    return frozenset(values).__contains__


ADVICE = (
    "",
    "Run: mailsorter doctor",
    "Run: mailsorter status",
    "Run: mailsorter config check",
    "Run: mailsorter check",
    "Run: mailsorter sort",
    "Run: mailsorter plan",
    "Run: mailsorter case list",
    "Make room on the ledger's disk; it goes on by itself.",
    "Restore ledger and key from backup, then start again.",
    "Renew the app's secret or certificate, then send SIGHUP.",
    "Take the mailbox out of the config, or give it back its licence, then send SIGHUP.",
    "Set the machine's clock right.",
    "Start the daemon again to use the new ledger.",
    "Send SIGHUP to take over the changed config.",
    "Give the app its permission back; docs/operations.md says how.",
    "Free space in the mailbox.",
)
"""Everything that a log line can advise: fixed sentences, because an error's own may name a mailbox."""

COUNTS = (
    "pulled", "filed", "left", "failed", "skipped", "settled", "seconds", "count", "parked", "problems", "items",
    "pages", "suppressed", "withheld", "facts_forgotten", "tombstones_expired", "runs_forgotten", "ledger_bytes",
    "wal_bytes", "differences", "healed", "port", "pid", "folders", "retry_s", "status",
)  # fmt: skip

KEYS: Mapping[str, Shape] = {
    "mailbox": _number,  # the ledger's opaque number, never an address
    "mailboxes": _number,
    "clients": _number,
    "run": _pattern(r"\d{8}-\d{6}-[0-9a-f]{4,8}"),
    "case": _pattern(r"\d{4}-\d{4,6}"),
    "term": _WORD,
    "kind": _WORD,
    "brake": _WORD,
    "days": _number,
    "call": _NAME,
    "job": _pattern(r"[a-z]+(?: [a-z]+){0,3}(?: \d{1,9})?"),  # "mailbox 3": the ledger's number
    "error": _NAME,
    "kinds": _few(_NAME),
    "places": _few(_pattern(r"[A-Za-z0-9_.]{1,64}:\d{1,6} in [A-Za-z0-9_<>]{1,64}")),
    "advice": _one_of(*ADVICE),
    "logger": _pattern(r"[A-Za-z0-9_.]{1,80}"),
    "signal": _pattern(r"SIG[A-Z0-9]{2,6}"),
    "version": _pattern(r"[0-9A-Za-z.+-]{1,30}"),
    **dict.fromkeys(COUNTS, _number),
}
