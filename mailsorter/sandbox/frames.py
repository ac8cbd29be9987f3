"""What passes through the pipes: frames of a length (four bytes, big-endian) and a MessagePack value.

A worker is not trusted: frames are decoded into typed structs, and their length is bounded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

PIECE_CHARS = 200_000  # a longer text comes in several pieces
OVERLAP_CHARS = 1_000  # that two pieces of one text share, so that a name across the cut is whole in one of them
MAX_FRAME = 4 * PIECE_CHARS + 10_000  # bytes; a character takes four at most

_HEAD = struct.Struct(">I")
_ENCODER = msgspec.msgpack.Encoder()


class Request(msgspec.Struct, frozen=True, tag=True):
    """A document to read; `size` bytes follow the frame."""

    parser: str
    size: int


class Ready(msgspec.Struct, frozen=True, tag=True):
    """A worker that has limited itself; `without` names the limits that this system does not have."""

    without: tuple[str, ...] = ()


class Piece(msgspec.Struct, frozen=True, tag=True):
    """Some text of a document; `kind` is a code that the parser and its caller agree on."""

    kind: str
    text: str


class Done(msgspec.Struct, frozen=True, tag=True):
    """The document's end. `ending` is a value of `Ending`; `is_tired`: the worker asks to be replaced."""

    ending: str
    is_tired: bool = False


ANSWERS = msgspec.msgpack.Decoder(Ready | Piece | Done)
REQUESTS = msgspec.msgpack.Decoder(Request)


class BrokenFrame(Exception):
    """What came is no frame of ours."""


def packed(value: msgspec.Struct) -> bytes:
    """One frame."""
    body = _ENCODER.encode(value)
    return _HEAD.pack(len(body)) + body


def length_of(head: bytes) -> int:
    """The length that a frame's first four bytes tell. Raises `BrokenFrame` for one beyond the bound."""
    (length,) = _HEAD.unpack(head)
    if length > MAX_FRAME:
        raise BrokenFrame
    return int(length)


def answers(buffer: bytearray) -> Iterator[Ready | Piece | Done]:
    """Take every whole frame off the buffer's front. Raises `BrokenFrame`."""
    while len(buffer) >= _HEAD.size:
        end = _HEAD.size + length_of(bytes(buffer[: _HEAD.size]))
        if len(buffer) < end:
            return
        try:
            answer = ANSWERS.decode(memoryview(buffer)[_HEAD.size : end])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise BrokenFrame from None
        del buffer[:end]
        yield answer


def pieces(kind: str, text: str) -> Iterator[Piece]:
    """A text in pieces of bounded length that overlap; lone surrogates become question marks."""
    start = 0
    while True:
        part = text[start : start + PIECE_CHARS]
        yield Piece(kind, part.encode("utf-8", "replace").decode("utf-8"))
        if start + PIECE_CHARS >= len(text):
            return
        start += PIECE_CHARS - OVERLAP_CHARS
