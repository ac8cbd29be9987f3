"""JSON from Graph, read although a text in it may be no Unicode.

Exchange stores UTF-16 and does not check it, so a sender's subject, name or preview can hold half of a surrogate pair.
JSON can write one (`"\\ud800"`, RFC 8259 section 8.2), msgspec refuses it, and then nothing of the whole page would be
read. Bytes that are no UTF-8 are refused likewise. Only an answer that is refused is read a second time, with U+FFFD
for what is no character; everything else of it stays as it came.
"""

from __future__ import annotations

import json
from typing import TypeVar

import msgspec

T = TypeVar("T")


def read_json(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """The body in the decoder's form. Raises `msgspec.DecodeError` for JSON that is cut off or of another form."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        repaired = with_characters_only(body)
        if repaired is None or repaired == body:
            raise msgspec.DecodeError(str(error)) from None
    return decoder.decode(repaired)


def with_characters_only(body: bytes) -> bytes | None:
    """The same JSON in UTF-8 with U+FFFD for each lone surrogate and each byte that is no UTF-8; None if it is no JSON.

    Python's parser decides what is an escape and what is a pair; it takes time linear in the length.
    """
    try:
        value = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    text = json.dumps(value, ensure_ascii=False)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
