"""The sealed case file: everything readable about a case, beside the ledger, under a key of its own.

One folder a case (mode 0700) holds sealed parts, each written whole: encrypted in memory, then to a temporary name,
synced, renamed. A part's name and the case's number are bound to its content (AES-GCM associated data), so that parts
cannot be swapped. The key lies in the same folder, wrapped by the ledger's own key, which is kept outside of both:
folder and database together tell nothing.

Killed at any instant: a part is the old one or the new one. `destroy` overwrites and removes the key first, so that
whatever it then fails to remove can no longer be read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mailsorter import files
from mailsorter.errors import LedgerError, LedgerUnreadable, UserError
from mailsorter.ledger.packed import decoder_of

T = TypeVar("T")

_MAGIC = b"MSCASE1\n"
_NONCE_BYTES = 12
_KEY_FILE = "key"
_SUFFIX = ".sealed"
_PART = re.compile(r"[a-z]+(?:-[0-9]+)?")


class KeyFile(StrEnum):
    """What was found of a case file's wrapped key."""

    WRAPPED = "wrapped"  # with the key in force
    MISSING = "case-file-missing"  # the case is closed, or its folder was moved
    NOT_OURS = "case-file-not-readable"  # this user may not read or replace it: it is the officer's


class CaseFile:
    """One case's sealed parts. Never prints what it holds."""

    def __init__(self, folder: Path, number: str, key: bytes) -> None:
        self._folder = folder
        self._number = number
        self._cipher = AESGCM(key)

    def __repr__(self) -> str:
        return f"CaseFile({self._number})"

    @classmethod
    def create(cls, root: Path, number: str, wrap: Callable[[bytes], bytes]) -> CaseFile:
        """A new case file under `root`; `wrap` encrypts its key with the ledger's. Raises `UserError` if it exists."""
        folder = root / number
        key = AESGCM.generate_key(bit_length=256)
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700)
            _write(folder / _KEY_FILE, wrap(key))
        except OSError as error:
            if folder.is_dir():
                raise UserError(f"There is a case file {number} already.", advice="Run: mailsorter case list") from None
            raise _unwritable(number, error) from None
        return cls(folder, number, key)

    @classmethod
    def open(cls, root: Path, number: str, unwrap: Callable[[bytes], bytes]) -> CaseFile:
        """An existing case file.

        Raises:
            UserError: there is none, because the case was closed and its key destroyed, or the folder was moved.
            LedgerUnreadable: the key does not open with the ledger's.
        """
        try:
            wrapped = (root / number / _KEY_FILE).read_bytes()
        except FileNotFoundError:
            raise UserError(
                f"Case {number} has no readable file any more: it was closed, or [erasure] cases names another folder.",
                advice=f"Run: mailsorter case show {number}",
            ) from None
        except OSError as error:
            raise _unwritable(number, error) from None
        return cls(root / number, number, unwrap(wrapped))

    @classmethod
    def rewrap(cls, root: Path, number: str, wrap_anew: Callable[[bytes], bytes]) -> KeyFile:
        """Have the case file's key wrapped anew; nothing is written when `wrap_anew` gives the same back.

        A key that is not there, or not for this user, is told and changes nothing. Raises `LedgerError` as `open` does.
        """
        path = root / number / _KEY_FILE
        try:
            wrapped = path.read_bytes()
            anew = wrap_anew(wrapped)
            if anew != wrapped:
                _write(path, anew)
        except FileNotFoundError:
            return KeyFile.MISSING
        except PermissionError:
            return KeyFile.NOT_OURS
        except OSError as error:
            raise _unwritable(number, error) from None
        return KeyFile.WRAPPED

    def write(self, part: str, value: Any) -> None:
        """Seal a value (anything msgspec can pack) as this part, in place of what was there.

        Raises:
            UserError: a text holds what no text can: bytes typed in another encoding arrive as lone surrogates.
        """
        nonce = os.urandom(_NONCE_BYTES)
        try:
            clear = msgspec.msgpack.encode(value)
        except UnicodeEncodeError:
            raise UserError(
                f"A text for case {self._number} holds bytes that are not UTF-8; it was not written down.",
                advice="Type the text again in a terminal that uses UTF-8, then repeat the command.",
            ) from None
        try:
            _write(self._path(part), _MAGIC + nonce + self._cipher.encrypt(nonce, clear, self._bound_to(part)))
        except OSError as error:
            raise _unwritable(self._number, error) from None

    def read(self, part: str, type_: type[T]) -> T | None:
        """A part's value; None when it was never written.

        Raises:
            LedgerUnreadable: it was altered or cut off, or another version of mailsorter wrote it.
            LedgerError: the disk does not give it.
        """
        try:
            raw = self._path(part).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unwritable(self._number, error) from None
        start = len(_MAGIC) + _NONCE_BYTES
        try:
            if raw[: len(_MAGIC)] != _MAGIC or len(raw) < start:
                raise InvalidTag
            clear = self._cipher.decrypt(raw[len(_MAGIC) : start], raw[start:], self._bound_to(part))
        except InvalidTag:
            raise LedgerUnreadable(
                f"The part {part} of case {self._number} does not open: it was altered, or belongs to another case.",
                advice="Restore the case folder from backup together with the ledger.",
            ) from None
        try:
            return decoder_of(type_).decode(clear)
        except msgspec.MsgspecError:
            raise LedgerUnreadable(
                f"The part {part} of case {self._number} is of another version of mailsorter.",
                advice="Install the version that wrote it.",
            ) from None

    def parts(self) -> tuple[str, ...]:
        """The names of all parts, sorted."""
        return tuple(sorted(path.name.removesuffix(_SUFFIX) for path in self._folder.glob(f"*{_SUFFIX}")))

    def remove(self, part: str) -> None:
        """Forget one part; nothing happens when it is not there."""
        try:
            self._path(part).unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(self._number, error) from None

    def _path(self, part: str) -> Path:
        if not _PART.fullmatch(part):
            raise ValueError(f"not a part's name: {part!r}")
        return self._folder / f"{part}{_SUFFIX}"

    def _bound_to(self, part: str) -> bytes:
        return f"{self._number}\0{part}".encode()


def key_path(root: Path, number: str) -> Path:
    """Where a case's wrapped key is."""
    return root / number / _KEY_FILE


def destroy(root: Path, number: str) -> None:
    """Make a case file unreadable for good and remove it; harmless when it is already gone or half gone.

    Raises:
        LedgerError: something of it cannot be removed; called again when that is mended, it goes on.
    """
    folder = root / number
    if not folder.is_dir():
        return
    key = folder / _KEY_FILE
    try:
        if key.exists():
            _overwrite(key)
            key.unlink()
        for path in sorted(folder.iterdir()):
            path.unlink()
        folder.rmdir()
        _sync_folder(root)
    except OSError as error:
        raise _unwritable(number, error) from None


def _overwrite(path: Path) -> None:
    """Random bytes in place. What a disk or file system keeps beside the file is wrapped by the ledger's key."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(os.urandom(size))
        file.flush()
        os.fsync(file.fileno())


def _write(path: Path, content: bytes) -> None:
    files.replace(path, content, mode=files.PRIVATE)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(number: str, error: OSError) -> LedgerError:
    return LedgerError(
        f"The file of case {number} cannot be read or written: {error.strerror}.",
        advice="Mend the folder named by [erasure] cases, then run the command again.",
    )
