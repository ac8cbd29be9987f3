"""How much a search will read, told before it begins: messages, requests, and minutes at Exchange's quota."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from mailsorter.cases.office import MAILBOXES_AT_ONCE, Office
from mailsorter.errors import MailsorterError
from mailsorter.model.coverage import Depth

_LISTED, _TEXTS = 1_000, 200  # messages a request
_A_MINUTE = 1_000  # requests that Graph takes for one mailbox: 10,000 in ten minutes


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What lies ahead. `requests` are those that are certain; `opened_singly`: and one for each message that is opened.

    `minutes`: at the quota of the server, without the time that it takes to answer.
    """

    depth: Depth
    mailboxes: int
    messages: int
    requests: int
    minutes: int
    opened_singly: bool


OnForecast = Callable[[Forecast], None]


def forecast(office: Office, scope: Sequence[str], depth: Depth) -> Forecast:
    """Counted from the folders' own counts; a mailbox that does not answer now counts nothing."""
    per_mailbox = []
    for address in scope:
        try:
            tree = office.open_mailbox(address).tree(hidden=True, recoverable=True)
        except MailsorterError:
            continue
        per_mailbox.append([folder.item_count for folder in tree if not folder.is_search and folder.item_count])
    sizes = [_LISTED] if depth in (Depth.HEADERS, Depth.INDEXED) else [_LISTED, _TEXTS]
    requests = [sum(-(-count // size) for count in counts for size in sizes) for counts in per_mailbox]
    longest = max(max(requests, default=0), sum(requests) // MAILBOXES_AT_ONCE)
    return Forecast(
        depth=depth, mailboxes=len(scope), messages=sum(map(sum, per_mailbox)), requests=sum(requests),
        minutes=-(-longest // _A_MINUTE), opened_singly=depth is not Depth.HEADERS,
    )  # fmt: skip
