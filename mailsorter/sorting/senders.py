"""Where people filed a sender's mail before: a suggestion for the next of it, never a reason to file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from mailsorter.ledger.by_hand import sender_token
from mailsorter.ledger.ledger import Unit
from mailsorter.model.match import Match, Suggestion
from mailsorter.model.message import Message
from mailsorter.sorting.client_numbers import ClientNumbers

_SHOWN = 3


class SenderCorrections:
    """People's corrections of these messages' senders, looked up in one query. Answers from memory."""

    def __init__(self, unit: Unit, messages: Iterable[Message], numbers: ClientNumbers) -> None:
        self._numbers = numbers
        self._token_of = {m.id: token for m in messages if (token := sender_token(unit, m)) is not None}
        rows = unit.corrections.of_senders(set(self._token_of.values())) if self._token_of else {}
        self._clients = {token: [row.client for row in found] for token, found in rows.items()}
        numbers.learn(unit, (client for clients in self._clients.values() for client in clients if client is not None))

    def suggestions(self, message: Message) -> tuple[Suggestion, ...]:
        """Clients of the book to whom people filed mail of this sender, best first.

        The score is the client's share of all corrections of the sender's mail, those out of every client's folder
        and those for clients no longer in the book included.
        """
        clients = self._clients.get(self._token_of.get(message.id, b""), ())
        counts = Counter(found for client in clients if (found := self._numbers.id(client)) is not None)
        best = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return tuple(Suggestion(client, round(count / len(clients), 4)) for client, count in best)


def with_suggestions(match: Match, by_people: Iterable[Suggestion], rejected: Iterable[str]) -> Match:
    """The match with what people's corrections suggest before what was predicted; best three, each client once.

    `rejected` are clients out of whose folder a person took this very thread: they are not suggested again.
    """
    refused = set(rejected)
    best: dict[str, Suggestion] = {}
    for suggestion in (*by_people, *match.suggestions):
        if suggestion.client_id not in refused:
            best.setdefault(suggestion.client_id, suggestion)
    return msgspec.structs.replace(match, suggestions=tuple(best.values())[:_SHOWN])
