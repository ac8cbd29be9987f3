"""HTML by lexbor, a browser's parser: its text nodes in order, with a line's end where an element ends one."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

from selectolax.lexbor import LexborHTMLParser

from mailsorter.cases.witness.parsers.bounds import TooMuch

_LARGEST = 30_000_000  # characters: the tree takes ten times as much
_LINES = (
    "p,div,br,hr,li,ul,ol,dl,dt,dd,table,tr,td,th,caption,h1,h2,h3,h4,h5,h6,pre,blockquote,section,article,header,"
    "footer,nav,main,form,input,button,option,textarea,label,legend,fieldset,address,figure,figcaption,img,title,center"
)
_SOFT = dict.fromkeys((0xAD, 0x200B, 0x2060, 0xFEFF))


def page_texts(html: str) -> Iterator[str]:
    """What is seen, then what attributes tell."""
    if len(html) > _LARGEST:
        raise TooMuch
    tree = LexborHTMLParser(html)
    tree.strip_tags(["script", "style"])
    told = [
        f"{unquote(link)} {unquote_plus(link)}" if name == "href" else value  # a plus-tag, or a form's blank
        for node in tree.css("[href],[alt],[title],[value],[content],[placeholder]")
        for name, value in node.attributes.items()
        if value and name in ("href", "alt", "title", "value", "content", "placeholder")
        for link in [value.replace("mailto:", " ").replace("?", " ")]
    ]
    for node in tree.css(_LINES):
        node.insert_before("\n")
        node.insert_after("\n")
    if tree.root is not None:
        yield tree.root.text(deep=True, separator="").translate(_SOFT)
    yield "\n".join(told)
