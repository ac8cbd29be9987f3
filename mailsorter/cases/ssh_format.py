"""The binary format that SSH keys and signatures share, read without any leniency. Source: RFC 4251, section 5."""

from __future__ import annotations

import base64
import binascii


class SignatureRefused(Exception):
    """The signature does not hold; the text says why, for people. `approve` turns it into a `UserError`."""


class Reader:
    """Reads length-prefixed fields in order; every method raises `SignatureRefused` when the data does not fit."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        if self._at + count > len(self._data):
            raise SignatureRefused("it is cut off or damaged")
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken

    def number(self) -> int:
        """A uint32."""
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        """A string: a uint32 length and that many bytes."""
        return self.take(self.number())

    def string_of(self, count: int) -> bytes:
        """A string of exactly so many bytes."""
        read = self.string()
        if len(read) != count:
            raise SignatureRefused("it has more or fewer bytes than its format allows")
        return read

    def positive(self) -> int:
        """An mpint above zero, in the one form that RFC 4251 allows: no leading zero byte that is not needed."""
        raw = self.string()
        if not raw or raw[0] & 0x80:
            raise SignatureRefused("it holds a number that is not positive")
        if raw[0] == 0 and (len(raw) == 1 or not raw[1] & 0x80):
            raise SignatureRefused("it holds a number with a leading zero that is not needed")
        return int.from_bytes(raw, "big")

    def rest(self) -> bytes:
        """Everything that was not read yet."""
        return self.take(len(self._data) - self._at)

    def end(self) -> None:
        """Refuses bytes after the last field."""
        if self._at != len(self._data):
            raise SignatureRefused("it has more bytes than its format allows")


def string(value: bytes) -> bytes:
    """The same as a field: its length and its bytes."""
    return len(value).to_bytes(4, "big") + value


def decode_base64(text: str) -> bytes:
    """Bytes of base64 in its one canonical form. Raises `SignatureRefused`: other letters, blanks, unused bits set."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SignatureRefused("its base64 is damaged") from None
    if base64.b64encode(decoded).decode("ascii") != text:
        raise SignatureRefused("its base64 is damaged")
    return decoded
