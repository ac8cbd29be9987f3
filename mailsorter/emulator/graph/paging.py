"""Page sizes and the links to the next page."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlencode

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.graph.wire import Request

DEFAULT_PAGE = 10
MAX_PAGE = 1000


def page_size(request: Request, *, default: int = DEFAULT_PAGE, largest: int = MAX_PAGE) -> int:
    """How many objects a page holds: `$top`, 10 without.

    Raises:
        ExchangeError: ErrorInvalidUrlQuery outside 1 to 1000.
    """
    top = request.options.top
    if top is None:
        return default
    if not 1 <= top <= largest:
        raise ExchangeError(
            "ErrorInvalidUrlQuery", f"Invalid $top value. Valid values are between 1 and {largest}, inclusive."
        )
    return top


def next_link(request: Request, skip: int) -> str:
    """The link to the page that begins after `skip` objects: the same request with another `$skip`."""
    query = [
        (name, value)
        for name, value in parse_qsl(request.query, keep_blank_values=True)
        if name.lower() not in ("$skip", "skip")
    ]
    query.append(("$skip", str(skip)))
    return f"{request.origin}{_clean_path(request.path)}?{urlencode(query, quote_via=quote)}"


def collection(context: str, items: list[bytes], *, next_page: str = "", count: int | None = None) -> bytes:
    """A collection answer of ready objects."""
    head = b'{"@odata.context":"' + context.encode() + b'",'
    if count is not None:
        head += b'"@odata.count":' + str(count).encode() + b","
    tail = b',"@odata.nextLink":"' + next_page.encode() + b'"}' if next_page else b"}"
    return head + b'"value":[' + b",".join(items) + b"]" + tail


def _clean_path(path: str) -> str:
    return "/" + "/".join(part for part in path.split("/") if part)
