"""JSON whose texts are no Unicode is read with U+FFFD there, and all else of it as it came."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsorter.mailbox.graph.client import Answer, Garbled, decoded
from mailsorter.mailbox.graph.reading import read_json
from mailsorter.mailbox.graph.refusals import Refusal

_any = msgspec.json.Decoder(Any)
_texts = st.text(alphabet=st.characters() | st.sampled_from('\ud800\udbff\udc00\udfff\\u"d8😀'))
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _texts,
    lambda inside: st.lists(inside) | st.dictionaries(_texts, inside),
)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb'"\ud800"', "\ufffd"),
        (rb'"\uDFFF x"', "\ufffd x"),
        (rb'"\ud800\ud83d\ude00"', "\ufffd😀"),
        (rb'"\ude00\ud83d"', "\ufffd\ufffd"),
        (rb'"\ud800\n\\ud800\\\ud800\u0041"', "\ufffd\n\\ud800\\\ufffdA"),
        (rb'"\\ud800"', "\\ud800"),
        (rb'"\ud83d\ude00"', "😀"),
        (b'"a\xffb"', "a\ufffdb"),
        (b'"\xed\xa0\x80"', "\ufffd\ufffd\ufffd"),  # a surrogate in UTF-8's manner: three bytes that are none
    ],
)
def test_what_is_no_character_is_replaced(body: bytes, text: str) -> None:
    assert read_json(body, _any) == text


@given(_values)
def test_everything_else_comes_as_it_is(value: Any) -> None:
    """Whatever JSON can write is read, and is what Python's parser reads of it, with whole characters only."""
    body = json.dumps(value).encode()
    shown = json.dumps(json.loads(body), ensure_ascii=False).encode("utf-16-le", "surrogatepass")
    assert read_json(body, _any) == json.loads(shown.decode("utf-16-le", "replace"))


@pytest.mark.parametrize(
    "body", [rb'{"a": "\ud800', rb'["\ud800" x]', b"", b'"\x01"', rb'["\ud800", NaN]', b'["\xff"' + b"[" * 100_000]
)
def test_what_is_no_json_is_garbled_still(body: bytes) -> None:
    with pytest.raises(Garbled):
        decoded(Answer(200, body), _any)


@pytest.mark.parametrize("message", [rb"\ud83d exists", b"\xff"])
def test_a_refusal_is_known_by_its_code_whatever_name_it_repeats(message: bytes) -> None:
    body = b'{"error": {"code": "ErrorFolderExists", "message": "' + message + b'"}}'
    assert Refusal.read(409, body).key == "folderexists"
