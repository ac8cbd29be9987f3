"""A worker: reads documents from its input, one after the other, and writes the text that a parser finds in them.

Started by `process` as a program of its own. Whatever a parser prints goes nowhere, and of what it raises only that it
did: an exception's text may quote the document.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import IO

from mailsorter.sandbox import confine, frames
from mailsorter.sandbox.frames import Done, Ready, Request
from mailsorter.sandbox.limits import Ending

Parser = Callable[[bytes], Iterable[tuple[str, str]]]
"""Takes a document; yields kinds and texts. May raise anything."""


def main() -> None:
    """Serve until the input ends. The last argument holds the limits as JSON."""
    settings = json.loads(sys.argv[-1])
    memory: int = settings["memory_bytes"]
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    without = confine.confine(memory, settings["cpu_s"], settings["open_files"])
    replies.write(frames.packed(Ready(without)))
    while (request := _next(requests)) is not None:
        confine.allow_cpu(settings["cpu_s"])
        ending = _serve(request, requests, replies, settings["output_bytes"])
        is_tired = ending is Ending.MEMORY or confine.peak_bytes() > memory // 2
        if not is_tired and request.size > frames.PIECE_CHARS:
            gc.collect()
        replies.write(frames.packed(Done(ending, is_tired)))


def _next(requests: IO[bytes]) -> Request | None:
    head = requests.read(4)
    if len(head) < 4:
        return None
    return frames.REQUESTS.decode(requests.read(frames.length_of(head)))


def _serve(request: Request, requests: IO[bytes], replies: IO[bytes], output_bytes: int) -> Ending:
    left = output_bytes
    try:
        document = requests.read(request.size)
        for kind, text in _parser(request.parser)(document):
            for piece in frames.pieces(kind, text):
                frame = frames.packed(piece)
                left -= len(frame)
                if left < 0:
                    return Ending.OUTPUT
                _write(replies, frame)
    except MemoryError:
        return Ending.MEMORY
    except Exception:  # noqa: BLE001  whatever a parser raises on what a stranger wrote
        return Ending.FAILED
    return Ending.WHOLE


def _write(replies: IO[bytes], frame: bytes) -> None:
    view = memoryview(frame)
    while view:
        view = view[replies.write(view) :]


def _parser(name: str) -> Parser:
    module, _, function = name.partition(":")
    parser: Parser = getattr(importlib.import_module(module), function)
    return parser


if __name__ == "__main__":
    main()
