"""The immutable ids of messages that came under ids of either kind.

`$search` is not documented to honour the Prefer header, and was seen to answer default ids. Those are translated by
`translateExchangeIds` (1,000 a request; user-translateexchangeids.md), or where the app may not call it (it takes
User.Read.All), by asking for each message: with the header the answer has the immutable id (outlook-immutable-id.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec

from mailsorter.errors import MailsorterError, NotPermitted, PermanentError, Unreachable
from mailsorter.mailbox.base import Place
from mailsorter.mailbox.graph import wire
from mailsorter.mailbox.graph.client import GraphClient, Request, decoded
from mailsorter.model.message import Message

_AT_ONCE = 1000  # of one translateExchangeIds request
_SAMPLE = 20  # messages asked for before the rest is believed: a batch

Locate = Callable[[Sequence[str]], list[Place | MailsorterError]]


class StableIds:
    """Translates ids of one mailbox.

    Every request begins from `request`; `locate` is the mailbox's own.
    """

    def __init__(self, client: GraphClient, users: str, request: Request, locate: Locate) -> None:
        self._client = client
        self._request = replace(request, method="POST", path=f"{users}/translateExchangeIds")
        self._locate = locate
        self._may_translate = True  # until Exchange refuses it here

    def of(self, messages: Sequence[Message]) -> tuple[list[Message], list[Message]]:
        """The messages under their immutable ids, each once, and those whose immutable id Exchange does not tell."""
        known = self._translated([message.id for message in messages], "restId", "restImmutableEntryId")
        unknown = [message for message in messages if message.id not in known]
        known |= self._asked_for([message.id for message in unknown])
        placed = {
            known[m.id]: msgspec.structs.replace(m, id=known[m.id]) if known[m.id] != m.id else m
            for m in reversed(messages)
            if m.id in known
        }
        return list(reversed(placed.values())), [message for message in messages if message.id not in known]

    def defaults(self, ids: Sequence[str]) -> dict[str, str]:
        """The default ids that these items have just now, by immutable id, as far as Exchange translates them."""
        return self._translated(ids, "restImmutableEntryId", "restId")

    def _translated(self, ids: Sequence[str], source: str, target: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for start in range(0, len(ids), _AT_ONCE) if self._may_translate else ():
            body = {"inputIds": list(ids[start : start + _AT_ONCE]), "sourceIdType": source, "targetIdType": target}
            try:
                answer = decoded(self._client.request(replace(self._request, body=body)), wire.translated_ids)
            except (PermanentError, NotPermitted, Unreachable):
                self._may_translate = False
                break
            found |= {one.source_id: one.target_id for one in answer.value if one.target_id}
        return found

    def _asked_for(self, ids: Sequence[str]) -> dict[str, str]:
        """By asking for the messages; when a first few have the ids that they came under, all have."""
        found = self._located(ids[:_SAMPLE])
        if len(found) == len(ids[:_SAMPLE]) and all(was == now for was, now in found.items()):
            return {one: one for one in ids}
        return found | self._located(ids[_SAMPLE:])

    def _located(self, ids: Sequence[str]) -> dict[str, str]:
        """Raises what may be better later."""
        found: dict[str, str] = {}
        for asked, place in zip(ids, self._locate(ids) if ids else (), strict=True):
            if isinstance(place, Place):
                found[asked] = place.id
            elif not isinstance(place, PermanentError):
                raise place
        return found
