"""Reading packed values of a type, from any thread."""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_building = threading.Lock()
_decoders: dict[Any, msgspec.msgpack.Decoder[Any]] = {}


def decoder_of(type_: type[T]) -> msgspec.msgpack.Decoder[T]:
    """The decoder of a type, built by one thread: msgspec shows others a half-built one of nested structs, and dies."""
    with _building:
        if type_ not in _decoders:
            _decoders[type_] = msgspec.msgpack.Decoder(type_)
        return _decoders[type_]
