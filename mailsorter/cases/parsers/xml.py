"""XML of office documents as a stream: no tree, no entities, no network, bounded in depth.

Office Open XML (ECMA-376 part 2, 8.2.2) allows no document type declaration and OpenDocument has none: one that has is
not read on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

from lxml import etree

from mailsorter.cases.parsers.budget import BeyondLimits, Closed
from mailsorter.cases.parsers.flow import Flow

# Elements after which a word ends; runs of letters inside a paragraph belong together however they are formatted.
_ENDS = frozenset({"p", "h", "br", "tab", "si", "is", "v", "c", "row", "tr", "tc", "table-cell", "line-break", "title"})
_TELLING = frozenset({"Target", "href", "val", "author", "creator"})
_MAX_DEPTH = 1_000


def xml_texts(blocks: Iterable[bytes]) -> Iterator[str]:
    """The text, words kept whole. Raises `Closed` for what is no XML that may be read, `BeyondLimits`."""
    target = _Target()
    parser: Any = etree.XMLParser(
        target=cast(Any, target),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
    )
    try:
        for block in blocks:
            parser.feed(block)
            yield from target.flow.ready()
        parser.close()
    except etree.XMLSyntaxError:
        yield from target.flow.rest()
        raise Closed from None
    yield from target.flow.rest()


class _Target:
    def __init__(self) -> None:
        self.flow = Flow()
        self._open: list[tuple[str, list[str]]] = []

    def doctype(self, name: str, public: str, system: str) -> None:
        raise Closed

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= _MAX_DEPTH:
            raise BeyondLimits
        telling = [v for k, v in attributes.items() if _local(k) in _TELLING and ("@" in v or " " in v)]
        self._open.append(("\n" if telling or _local(tag) in _ENDS else "", telling))

    def end(self, tag: str) -> None:
        separator, telling = self._open.pop()
        self.flow.add(separator)
        for value in telling:
            self.flow.add(f"{value}\n")

    def data(self, text: str) -> None:
        self.flow.add(text)

    def close(self) -> None:
        """Nothing to give: the text was taken as it came."""


def _local(name: str) -> str:
    return name.rpartition("}")[2]
