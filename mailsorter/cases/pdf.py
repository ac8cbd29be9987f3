"""PDF by typst: a layout of ours and data of anyone's, which never meet as markup."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_LAYOUTS = Path(__file__).with_name("letters")


def render(layout: str, data: Mapping[str, Any]) -> bytes:
    """The PDF of one of our layouts (`letter`, `certificate`) with this data."""
    import typst  # 80 MB of compiler: only when a PDF is wanted

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = typst.compile(
            str(_LAYOUTS / f"{layout}.typ"), root=str(_LAYOUTS), sys_inputs={"data": json.dumps(dict(data))}
        )
    assert isinstance(compiled, bytes)  # without an output path typst returns the document
    return compiled
