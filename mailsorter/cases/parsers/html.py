"""HTML as a reader sees it: by libxml2's HTML parser, as a stream, so that no tree is built however large it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import unquote

from lxml import etree

from mailsorter.cases.parsers.charsets import decoded
from mailsorter.cases.parsers.flow import Flow

# Where a word ends. Everything else is inside a line, so that a name with a letter in bold stays one name.
_BREAKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "br", "button", "caption", "center", "dd", "details"),
        *("dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4"),
        *("h5", "h6", "head", "header", "hr", "html", "iframe", "img", "input", "legend", "li", "main", "nav", "ol"),
        *("option", "p", "pre", "section", "select", "summary", "table", "tbody", "td", "textarea", "tfoot", "th"),
        *("thead", "title", "tr", "ul", "video"),
    }
)
_UNSEEN = frozenset({"script", "style"})
_TELLING = frozenset({"alt", "title", "value", "placeholder", "content", "aria-label", "summary"})
_LINKS = frozenset({"href", "src", "action"})
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s{0,9}=\s{0,9}[\"']?([A-Za-z0-9_:.\-]{1,40})", re.IGNORECASE)
_BLOCK = 1 << 16


def html_texts(content: bytes, charset: str | None) -> Iterator[str]:
    """The text with entities decoded, and behind it what attributes say: links to addresses, descriptions."""
    named = _CHARSET.search(content[:2048]) if charset is None else None
    text = decoded(content, named[1].decode("ascii") if named else charset)
    yield from html_text(text)


def html_text(text: str) -> Iterator[str]:
    """The same of HTML that is text already."""
    target = _Target()
    parser: Any = etree.HTMLParser(target=cast(Any, target), encoding="utf-8", huge_tree=True, no_network=True)
    raw = text.replace("\0", "").encode("utf-8", "replace")
    if not raw.strip():
        return
    for start in range(0, len(raw), _BLOCK):
        parser.feed(raw[start : start + _BLOCK])
        yield from target.said.ready()
        yield from target.beside.ready()
    parser.close()
    yield from target.said.rest()
    yield from target.beside.rest()


class _Target:
    def __init__(self) -> None:
        self.said = Flow()
        self.beside = Flow()
        self._unseen = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _BREAKS:
            self.said.add("\n")
        for name, value in attributes.items():
            if name in _TELLING:
                self.beside.add(f"{value}\n")
            elif name in _LINKS and ("@" in value or "%40" in value or value[:4].lower() == "tel:"):
                self.beside.add(f"{_link(value)}\n")

    def end(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _BREAKS:
            self.said.add("\n")

    def data(self, text: str) -> None:
        if not self._unseen:
            self.said.add(text)

    def comment(self, text: str) -> None:
        """Comments are not seen."""

    def close(self) -> None:
        """Nothing to give: the text was taken as it came."""


def _link(value: str) -> str:
    """Where a link leads, its parts apart: an address may stand there alone."""
    told = unquote(value)
    if told[:7].lower() == "mailto:":
        told = told[7:]
    return told.replace("?", " ").replace("&", " ").replace("=", " ")
