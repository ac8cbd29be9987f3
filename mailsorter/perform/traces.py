"""Finding a message whose id names nothing any more, where ids change on every move (EWS).

By its MAPI search key, which a move keeps, or where it has none by its msg-id. Copies share both: all hits are given.
Those with a key are looked for together; for the others this reads folder after folder. Only after a lost answer or a
crash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from mailsorter.errors import NotFound
from mailsorter.mailbox.base import Detail, Mailbox, Place
from mailsorter.model.folder import Folder
from mailsorter.model.message import Message
from mailsorter.model.step import Identity


def may_be(message: Message, search_key: bytes, received_s: int | None) -> bool:
    """Could this be the message that is looked for, of which these two are known ("" and None: not)?

    A move keeps both. A copy shares both; another message of the same msg-id, as the sent one beside the one that came
    in, has a search key of its own.
    """
    if search_key and message.search_key and message.search_key != search_key:
        return False
    return received_s is None or message.received_at is None or int(message.received_at.timestamp()) == received_s


def by_trace(
    mailbox: Mailbox, wanted: Sequence[Identity], recoverable: Collection[str], but_not: Collection[str]
) -> dict[str, list[Place]]:
    """Where those messages may lie now, by the id they had; one that lies nowhere is left out.

    Recoverable Items (`recoverable`: ids of its folders) come first; the other folders are read only for what is not
    there. `but_not` are ids that are known to be other messages. Raises what reading the mailbox raises.
    """
    found: dict[str, list[Place]] = {}
    if not wanted:
        return found
    keyed = [identity for identity in wanted if identity.search_key]
    if keyed:
        places = mailbox.find_traces([identity.search_key for identity in keyed], recoverable=True)
        for identity in keyed:
            hits = [place for place in places.get(identity.search_key, ()) if place.id not in but_not]
            deleted = [place for place in hits if place.folder_id in recoverable]
            if hits:
                found[identity.id] = deleted or hits
        wanted = [identity for identity in wanted if not identity.search_key]
        if not wanted:
            return found
    folders = [folder for folder in mailbox.tree(hidden=True, recoverable=True) if not folder.is_search]
    inside = [folder for folder in folders if folder.id in recoverable]
    outside = [folder for folder in folders if folder.id not in recoverable]
    for some in (inside, outside):
        missing = [identity for identity in wanted if identity.id not in found]
        if missing:
            _look(mailbox, some, missing, but_not, found)
    return found


def _look(
    mailbox: Mailbox,
    folders: Sequence[Folder],
    wanted: Sequence[Identity],
    but_not: Collection[str],
    found: dict[str, list[Place]],
) -> None:
    ids_of: dict[bytes | str, list[str]] = {}
    for identity in wanted:
        trace = identity.search_key or identity.internet_message_id.strip()
        if trace:
            ids_of.setdefault(trace, []).append(identity.id)
    for message in _messages(mailbox, folders):
        if message.id in but_not:
            continue
        for trace in (message.search_key, message.internet_message_id.strip()):
            for old_id in ids_of.get(trace, ()):
                found.setdefault(old_id, []).append(Place(message.id, message.folder_id))


def _messages(mailbox: Mailbox, folders: Sequence[Folder]) -> Iterator[Message]:
    for folder in folders:
        try:
            for page in mailbox.messages(folder.id, Detail.TRACES, hidden=True):
                yield from page
        except NotFound:
            continue  # the folder went since the tree was read
