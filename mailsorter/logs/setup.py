"""Setting up the process's one log: ours through structlog, other libraries' through the same guard."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any, TextIO, cast

import structlog
from structlog.typing import FilteringBoundLogger

from mailsorter import files
from mailsorter.logs.redact import describe, redact
from mailsorter.logs.storm import StormGuard

_opened: list[TextIO] = []  # the file that `configure` opened last, to be closed by the next one
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(
    *,
    level: str = "info",
    as_json: bool = False,
    file: Path | None = None,
    stream: TextIO | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Set up the log of this process, once at its start; called again it replaces what was before.

    Lines go to `file` (appended; for its owner, and the group of a shared folder), else to `stream`, else to
    standard error.
    """
    while _opened:
        _opened.pop().close()
    out = _open(file) if file is not None else stream or sys.stderr
    structlog.configure(
        processors=[
            redact,
            StormGuard(monotonic),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer() if as_json else _text,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,  # a reload may change level and place
    )
    root = logging.getLogger()
    root.handlers = [_Guarded()]
    root.setLevel(logging.WARNING)


def get_logger(**bound: object) -> FilteringBoundLogger:
    """A logger; `bound` goes into each of its lines."""
    return cast(FilteringBoundLogger, structlog.get_logger(**bound))


class _Guarded(logging.Handler):
    """Other libraries' lines: urllib3's hold addresses, O365's a token. Only who spoke and how loud is told."""

    def emit(self, record: logging.LogRecord) -> None:
        error = describe(record.exc_info) if record.exc_info else {}
        get_logger().log(record.levelno, "library", logger=record.name, **error)


def _open(file: Path) -> TextIO:
    # a link is followed: in a container the log may be one to /dev/stdout; the mode is a new file's
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    files.share(descriptor, file.resolve().parent)
    _opened.append(os.fdopen(descriptor, "a", encoding="utf-8", buffering=1))
    return _opened[-1]


def _text(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> str:
    """One line for people: time, level, what happened, details."""
    rest = " ".join(f"{k}={_shown(v)}" for k, v in line.items() if k not in ("timestamp", "level", "event"))
    return f"{line['timestamp']} {line['level']:<7} {line['event']}  {rest}".rstrip()


def _shown(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) and " " in value else str(value)
