"""The emulator's way from HTML to text: what the former expression gave, in linear time."""

from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from mailsorter.emulator.mime.read import nth_part, read_mime
from mailsorter.emulator.store.compose import message_ids
from mailsorter.emulator.store.markup import as_lines, without_tags

_TAG = re.compile(r"(?s)<(?:style|script|title)\b.*?</(?:style|script|title)>|<!--.*?-->|<[^>]*>")
PIECES = [
    "<",
    "script",
    "style",
    ">",
    "</script>",
    "</title>",
    "<!--",
    "-->",
    " ",
    "x",
    "<title>",
    "_",
    "<b",
    "!",
    "--",
]
MARKUP = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@given(MARKUP)
def test_tags_go_as_before(markup: str) -> None:
    assert without_tags(markup) == _TAG.sub(" ", markup)
    assert message_ids(markup) == re.findall(r"<[^<>\s]+>", markup)


class Counted(str):
    """Counts the characters that `find` is asked to look through."""

    __slots__ = ()
    looked = 0

    def find(self, needle: str, start: int = 0) -> int:  # type: ignore[override]
        found = super().find(needle, start)
        Counted.looked += (len(self) if found < 0 else found) - start + 1
        return found


def test_what_is_opened_and_never_closed_is_looked_for_once() -> None:
    for piece in ("<script>", "<!--", "<", "<title><b>", "<!-- <i>"):
        Counted.looked = 0
        text = Counted(piece * 2_000)
        without_tags(text)
        assert Counted.looked < 10 * len(text), piece


def test_parameters_without_end_are_cut_and_the_rest_is_read() -> None:
    """The standard library counts the quotes before each `;` of them."""
    header = b'Content-Type: text/plain; name="' + b";" * 200_000 + b'"\r\n'
    data = header + b"Subject: " + b"x" * 20_000 + b"\r\n\r\nhello"
    message = read_mime(data)
    assert (message.body, len(message.subject)) == ("hello", 20_000)
    assert nth_part(data, 0) == b"hello"
    assert message.mime == data


@given(MARKUP)
def test_lines_hold_the_same_words(markup: str) -> None:
    """Blocks only part them."""
    assert "".join(as_lines(markup).split()) == "".join(html.unescape(without_tags(markup)).split())


def test_blocks_end_lines_and_links_show_their_target() -> None:
    markup = (
        '<div><b>Van:</b> Jan &lt;<a\nhref="mailto:jan@acme.example">jan@acme.example</a>&gt;<br>\r\n'
        "<b>Aan:</b>&nbsp;Bram</div><p></p><p></p><p>Dag\n allemaal</p><!-- <br> -->"
    )
    assert as_lines(markup).split("\n") == [
        "Van: Jan <jan@acme.example<mailto:jan@acme.example>>",
        "Aan: Bram",
        "",
        "Dag allemaal",
    ]
