"""Who takes over in the person's threads: gathered while listing, told when everything was listed, then forgotten.

Folders are listed in whatever order, so an answer may come before what it answers. Until then is kept, sealed with the
rest of the search and as digests: of outside addresses that resemble the person the conversation of each message, of
all outside writers the message that each answers, 12 bytes, so that a million messages do not fill the memory.
"""

from __future__ import annotations

import hashlib
import struct
from collections import Counter
from collections.abc import Iterable

import msgspec

from mailsorter.model.case import Finding, Role

_TAKES_PART = frozenset({Role.AUTHOR, Role.ONLY_RECIPIENT, Role.ONE_OF_MANY})
_DIGEST_BYTES = 8
_ANSWER = struct.Struct(f"<{_DIGEST_BYTES}sI")


class Threads(msgspec.Struct, kw_only=True):
    """What listing has met so far in one mailbox."""

    resembling: dict[str, bytearray] = {}  # address → digests of conversations, one a message
    writers: dict[str, int] = {}  # address → its number in `answers`
    answers: bytearray = msgspec.field(
        default_factory=bytearray
    )  # digest of the answered message, number of the writer

    def note_resembling(self, address: str, conversation_id: str) -> None:
        """An outside address that looks like the person takes part in this conversation."""
        self.resembling.setdefault(address, bytearray()).extend(_digest(conversation_id))

    def note_answer(self, writer: str, answered: str) -> None:
        """An outside address answers the message with this msg-id."""
        self.answers += _ANSWER.pack(_digest(answered), self.writers.setdefault(writer, len(self.writers)))

    def in_threads_of(self, findings: Iterable[Finding]) -> Counter[str]:
        """Resembling addresses, with their messages in conversations in which the person takes part."""
        theirs = {_digest(f.conversation_id) for f in findings if f.role in _TAKES_PART and f.conversation_id}
        counts = Counter({a: sum(one in theirs for one in _split(met)) for a, met in self.resembling.items()})
        return +counts

    def answered_for(self, findings: Iterable[Finding]) -> Counter[str]:
        """Writers, with their answers to mail that went to the person alone."""
        to_them_alone = {
            _digest(f.internet_message_id) for f in findings if f.role is Role.ONLY_RECIPIENT and f.internet_message_id
        }
        answered = (number for digest, number in _ANSWER.iter_unpack(self.answers) if digest in to_them_alone)
        by_number = Counter(answered)
        return Counter({writer: by_number[number] for writer, number in self.writers.items() if by_number[number]})


def _split(digests: bytearray) -> Iterable[bytes]:
    return (bytes(digests[i : i + _DIGEST_BYTES]) for i in range(0, len(digests), _DIGEST_BYTES))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()
