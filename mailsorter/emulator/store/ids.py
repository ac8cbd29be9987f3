"""Ids as Exchange forms them: default ids that change with every move, immutable ids that do not, folder ids.

An id carries its own numbers, so that looking one up needs no index on 152-character strings; a keyed check makes a
truncated id, one in the wrong case, or one of another mailbox recognisable as malformed. Ids are case-sensitive, hold
`-`, `_` and `=`, and have the lengths of real ones: 152 (default), 68 (immutable), 120 (folder).
"""

from __future__ import annotations

import base64
import binascii
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from mailsorter.emulator.errors import malformed_id

_STORE_UID = bytes.fromhex("1d840311aa6611cd9bc800aa002fc45a")


class MessageRef(NamedTuple):
    """The numbers inside a message id; `generation` is None in an immutable id."""

    message: int
    generation: int | None


def _decode(text: str) -> bytes:
    """Bytes of a canonical base64url id."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii"))
    except (binascii.Error, ValueError):
        raise malformed_id() from None
    if base64.urlsafe_b64encode(raw).decode("ascii") != text:
        raise malformed_id()
    return raw


class IdCodec:
    """Makes and reads the ids of one mailbox."""

    def __init__(self, mailbox_guid: str) -> None:
        guid = str(UUID(mailbox_guid)).encode("ascii")
        self._key = UUID(mailbox_guid).bytes
        self._message = b"\x00\x03\x24\x00" + guid + b"\x00\x46\x00\x00\x00\x00\x00" + _STORE_UID + b"\x07\x00"
        self._folder = b"\x00\x03\x24\x00" + guid + b"\x00\x2e\x00\x00\x00\x00\x00" + _STORE_UID + b"\x01\x00"
        self._immutable = b"\x00\x09\x00\x2e\x00\x00\x00\x00\x00" + _STORE_UID + b"\x0d\x00"
        self._conversation = b"\x00\x04\x24\x00" + guid + b"\x00\x10\x00"
        self._change = b"\x09\x00\x00\x00\x16\x00\x00\x00" + blake2b(self._key, digest_size=16).digest()

    def _check(self, kind: bytes, numbers: bytes) -> bytes:
        return blake2b(kind + numbers, digest_size=16, key=self._key).digest()

    # messages

    def default_id(self, message: int, generation: int) -> str:
        """The id that clients get without the immutable header; another one after each move."""
        return base64.urlsafe_b64encode(self._default_bytes(message, generation)).decode("ascii")

    def _default_bytes(self, message: int, generation: int) -> bytes:
        first = generation.to_bytes(6, "big")
        second = message.to_bytes(6, "big")
        check = self._check(b"m", first + second)
        return self._message + self._key + first + b"\x00\x00" + check + second + b"\x00\x00"

    def immutable_id(self, message: int) -> str:
        """The id that stays for the message's life in this mailbox."""
        number = message.to_bytes(6, "big")
        raw = self._immutable + self._check(b"i", number) + number + b"\x00\x00"
        return base64.urlsafe_b64encode(raw).decode("ascii")

    def entry_id(self, message: int, generation: int) -> str:
        """The MAPI entry id in base64url, as `translateExchangeIds` gives it."""
        raw = b"\x00\x00\x00\x00" + self._default_bytes(message, generation)[47:]
        return base64.urlsafe_b64encode(raw).decode("ascii")

    def read_message_id(self, text: str) -> MessageRef:
        """Numbers of a default or immutable message id of this mailbox.

        Raises:
            ExchangeError: ErrorInvalidIdMalformed.
        """
        raw = _decode(text)
        if len(raw) == 113 and raw.startswith(self._message):
            first, second = raw[81:87], raw[105:111]
            if raw == self._default_bytes(int.from_bytes(second, "big"), int.from_bytes(first, "big")):
                return MessageRef(int.from_bytes(second, "big"), int.from_bytes(first, "big"))
        elif len(raw) == 51 and raw.startswith(self._immutable):
            number = raw[43:49]
            if raw == self._immutable + self._check(b"i", number) + number + b"\x00\x00":
                return MessageRef(int.from_bytes(number, "big"), None)
        raise malformed_id()

    def read_entry_id(self, text: str) -> MessageRef:
        """Numbers of an entry id."""
        raw = _decode(text)
        if len(raw) != 70:
            raise malformed_id()
        whole = self._message[:47] + raw[4:]
        return self.read_message_id(base64.urlsafe_b64encode(whole).decode("ascii"))

    # folders, conversations, changes, attachments

    def folder_id(self, folder: int) -> str:
        """A folder's id: the same with and without the immutable header."""
        number = folder.to_bytes(6, "big")
        raw = self._folder + self._check(b"f", number) + number + b"\x00\x00"
        return base64.urlsafe_b64encode(raw).decode("ascii")

    def read_folder_id(self, text: str) -> int:
        """The folder's number.

        Raises:
            ExchangeError: ErrorInvalidIdMalformed.
        """
        raw = _decode(text)
        number = raw[-8:-2]
        if raw != self._folder + self._check(b"f", number) + number + b"\x00\x00":
            raise malformed_id()
        return int.from_bytes(number, "big")

    def conversation_id(self, conversation: bytes) -> str:
        """A conversation's id in this mailbox."""
        return base64.urlsafe_b64encode(self._conversation + conversation).decode("ascii")

    def read_conversation_id(self, text: str) -> bytes:
        """The conversation's sixteen bytes."""
        raw = _decode(text)
        if len(raw) != len(self._conversation) + 16 or not raw.startswith(self._conversation):
            raise malformed_id()
        return raw[-16:]

    def change_key(self, sequence: int) -> str:
        """Another one after each write to the item."""
        return base64.b64encode(self._change + sequence.to_bytes(6, "big")).decode("ascii")

    def read_change_key(self, text: str) -> int:
        """The sequence number in a change key; -1 for one that is not of this mailbox."""
        try:
            raw = base64.b64decode(text.encode("ascii"), validate=True)
        except (binascii.Error, ValueError):
            return -1
        return int.from_bytes(raw[-6:], "big") if raw[:-6] == self._change else -1

    def attachment_id(self, message: int, generation: int | None, attachment: int) -> str:
        """An attachment's id; immutable when `generation` is None."""
        base = self._immutable if generation is None else self._message
        numbers = message.to_bytes(6, "big") + (generation or 0).to_bytes(6, "big") + attachment.to_bytes(6, "big")
        raw = base + b"\x01\x12\x00" + self._check(b"a", numbers) + numbers
        return base64.urlsafe_b64encode(raw).decode("ascii")

    def read_attachment_id(self, text: str) -> int:
        """The attachment's number."""
        raw = _decode(text)
        numbers = raw[-18:]
        if len(raw) < 37 or raw[-34:-18] != self._check(b"a", numbers):
            raise malformed_id()
        return int.from_bytes(numbers[12:], "big")
