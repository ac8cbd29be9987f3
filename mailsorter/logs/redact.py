"""The guard of every log line: passes what `words` knows, drops the rest, and when in doubt passes nothing.

It lists what may pass, not what must not: a new kind of secret needs no new rule. When the guard itself fails, the
line is replaced, never written unchecked.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any

from mailsorter.logs.words import EVENTS, KEYS

_STAMPS = ("timestamp", "level")  # made by processors after this one; a caller's own is dropped
_FRAMES = 8


def redact(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A structlog processor: the line with only what may be told."""
    try:
        return _checked(line)
    except Exception:  # noqa: BLE001  fails closed: whatever went wrong, the line is not written
        return {"event": "withheld"}


def _checked(line: Mapping[str, Any]) -> dict[str, Any]:
    event = line.get("event")
    known = isinstance(event, str) and event in EVENTS
    checked: dict[str, Any] = {"event": str(event) if known else "withheld"}
    withheld = 0
    for name, value in line.items():
        if name == "event" or name in _STAMPS:
            continue
        if name == "exc_info":
            checked |= describe(value)
        elif value is None or (name in KEYS and KEYS[name](value)):
            if value is not None:
                checked[str(name)] = value
        else:
            withheld += 1
    if withheld:
        checked["withheld"] = withheld
    return checked


def describe(error: Any) -> dict[str, Any]:
    """An exception as its class and the places it went through, without its text and without local values."""
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if not isinstance(error, BaseException):
        return {}
    shown = {"error": type(error).__name__, "places": places(error.__traceback__)}
    return {name: value for name, value in shown.items() if KEYS[name](value)}


def places(trace: TracebackType | None) -> list[str]:
    """Where an error came from: `file.py:12 in function`, innermost last."""
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames]
