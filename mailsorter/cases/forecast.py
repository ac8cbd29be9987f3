"""How much a search will read, told before it begins: messages, requests, and minutes at Exchange's quota.

What is certain is counted from the folders: a page of envelopes, a page of texts, and a page of the second round of
ids. How many messages are opened whole is known only when they were listed. Until then the server's count of messages
with attachments tells it: with `everything` about so many, with `bodies` at most about so many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from mailsorter.cases.found import KEY_BYTES, Found
from mailsorter.cases.office import MAILBOXES_AT_ONCE, Office
from mailsorter.errors import MailsorterError
from mailsorter.mailbox.base import Mailbox
from mailsorter.model.coverage import Depth

_LISTED, _TEXTS = 1_000, 200  # messages a request
REQUESTS_OPENED = 2  # its envelope once more, and the whole message
_A_MINUTE = 1_000  # requests that Graph takes for one mailbox: 10,000 in ten minutes


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What lies ahead. `requests` are certain, and take at least `minutes` at the quota of the server.

    `opened`: an estimate of how many messages are opened whole for what is attached, at `REQUESTS_OPENED` each (with
    `bodies` an upper bound, 0 with `headers`); with them it takes `minutes_opened`. None: a server does not tell how
    many have attachments. Invitations and bounces without any are opened too, and nobody counts them beforehand.
    `unknown`: mailboxes that did not answer now; nothing of them is counted. All without the time that the server takes
    to answer.
    """

    depth: Depth
    mailboxes: int
    messages: int
    requests: int
    minutes: int
    opened: int | None
    minutes_opened: int | None
    unknown: int = 0


OnForecast = Callable[[Forecast], None]


def forecast(office: Office, scope: Sequence[str], depth: Depth, states: Sequence[Found] = ()) -> Forecast:
    """What a search of these mailboxes still has to read; `states`: how far it came before it was broken off."""
    by_mailbox = {state.mailbox: state for state in states}
    messages, requests, opened = 0, list[int](), list[int | None]()
    unknown = 0
    for address in scope:
        try:
            counted = _of_mailbox(office, address, depth, by_mailbox)
        except MailsorterError:
            unknown += 1
            continue
        messages += counted[0]
        requests.append(counted[1])
        opened.append(counted[2])
    known = [number for number in opened if number is not None]
    is_known = len(known) == len(opened)
    both = [certain + REQUESTS_OPENED * more for certain, more in zip(requests, known, strict=True)] if is_known else []
    return Forecast(
        depth=depth, mailboxes=len(scope), messages=messages, requests=sum(requests), minutes=_minutes(requests),
        opened=sum(known) if is_known else None, minutes_opened=_minutes(both) if is_known else None, unknown=unknown,
    )  # fmt: skip


def _of_mailbox(
    office: Office, address: str, depth: Depth, by_mailbox: Mapping[str, Found]
) -> tuple[int, int, int | None]:
    """Messages, certain requests, and messages to be opened (None: not known) of one mailbox."""
    state = by_mailbox.get(address) or Found(mailbox=address, number=0, depth=depth)
    if state.is_complete:
        return 0, 0, 0
    if state.is_enumerated:
        return 0, 0, len(state.candidates)
    mailbox = office.open_mailbox(address)
    held = {
        folder.id: folder.item_count for folder in mailbox.tree(hidden=True, recoverable=True) if not folder.is_search
    }
    counts = [_left(state, folder_id, count) for folder_id, count in held.items()]
    sizes = [_LISTED] if depth in (Depth.HEADERS, Depth.INDEXED) else [_LISTED, _TEXTS]
    requests = sum(-(-count // size) for count in counts for size in sizes)
    requests += sum(-(-count // _LISTED) for count in held.values())  # the second round is over all of them
    share = sum(counts) / (sum(held.values()) or 1)
    return sum(counts), requests, _opened(mailbox, depth, share)


def _left(state: Found, folder_id: str, count: int) -> int:
    if folder_id in state.done_folders:
        return 0
    begun = state.begun
    return count if begun is None or begun.folder_id != folder_id else max(0, count - len(begun.given) // KEY_BYTES)


def _opened(mailbox: Mailbox, depth: Depth, share: float) -> int | None:
    """About how many messages of the mailbox are opened; `share`: how much of it is still to be read."""
    if depth is Depth.HEADERS:
        return 0
    carrying = mailbox.count_carrying()
    return None if carrying is None else round(carrying * share)


def _minutes(requests: Sequence[int]) -> int:
    """At the quota of each mailbox, so many mailboxes at once."""
    longest = max(max(requests, default=0), sum(requests) // MAILBOXES_AT_ONCE)
    return -(-longest // _A_MINUTE)
