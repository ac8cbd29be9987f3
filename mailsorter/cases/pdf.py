"""PDF by typst: a layout of ours and data of anyone's, which never meet as markup."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mailsorter.patterns import normalized
from mailsorter.plain_text import one_line_each

_LAYOUTS = Path(__file__).with_name("letters")


def render(layout: str, data: Mapping[str, Any]) -> bytes:
    """The PDF of one of our layouts (`letter`, `certificate`) with this data, each text of which becomes one line."""
    import typst  # 80 MB of compiler: only when a PDF is wanted

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = typst.compile(
            str(_LAYOUTS / f"{layout}.typ"), root=str(_LAYOUTS), sys_inputs={"data": json.dumps(one_line_each(data))}
        )
    assert isinstance(compiled, bytes)  # without an output path typst returns the document
    return compiled


def missing_letters(document: bytes, text: str) -> str:
    """The letters of `text` for which the PDF has no picture, so that it shows empty boxes; "" when it shows all.

    typst says nothing of them: it sets the font's box for what it does not know, which a reader of the PDF gets as NUL.
    """
    from pypdf import PdfReader

    shown = "".join(page.extract_text() for page in PdfReader(io.BytesIO(document)).pages)
    if "\0" not in shown:
        return ""
    known = set(normalized("NFKC", shown))
    letters = dict.fromkeys(c for c in normalized("NFKC", text) if not c.isascii())  # every font has ASCII
    return "".join(c for c in letters if c not in known) or "?"
