"""Halves of surrogate pairs, as Exchange has them: it stores UTF-16 and does not check it.

A database takes no lone surrogate and no encoder writes one. Each is stored as a stand-in, a character of the last
private plane (U+10F800 to U+10FFFF, which nothing else here uses), and each face writes what Exchange would: an escape
in JSON, a character reference in XML, U+FFFD in MIME.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

T = TypeVar("T")

_LONE = re.compile("[\ud800-\udfff]")
_STAND_IN = re.compile(b"\xf4\x8f[\xa0-\xbf][\x80-\xbf]")  # U+10F800 to U+10FFFF in UTF-8
_DISTANCE = 0x10F800 - 0xD800


def storable(value: T) -> T:
    """The text, or the record of texts, with a stand-in for each lone surrogate; other values as they are."""
    return cast("T", _storable(value))


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else _LONE.sub(lambda found: chr(ord(found[0]) + _DISTANCE), value)
    if isinstance(value, dict):
        return {_storable(key): _storable(one) for key, one in value.items()}
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(_storable(one) for one in value)
    if hasattr(value, "_fields"):
        return type(value)(*map(_storable, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _storable(getattr(value, one.name)) for one in fields(value)})
    return value


def in_json(body: bytes) -> bytes:
    """An answer's JSON with an escape for each stand-in."""
    return _shown(body, lambda unit: b"\\u%04x" % unit)


def in_xml(body: bytes) -> bytes:
    """An answer's XML with a character reference for each stand-in, as Exchange Server writes it."""
    return _shown(body, lambda unit: b"&#x%X;" % unit)


def in_mime(text: str) -> str:
    """What of a stand-in can be sent as mail."""
    return _shown(text.encode(), lambda unit: b"\xef\xbf\xbd").decode()


def _shown(body: bytes, shape: Callable[[int], bytes]) -> bytes:
    if b"\xf4\x8f" not in body:
        return body
    return _STAND_IN.sub(lambda found: shape(ord(found[0].decode()) - _DISTANCE), body)
