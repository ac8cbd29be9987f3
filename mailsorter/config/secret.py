"""Secrets by reference: the config names where a secret lies, and its value never prints itself."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

from mailsorter.errors import UserError


class Scheme(StrEnum):
    """Where a secret can lie."""

    ENV = "env"  # an environment variable
    FILE = "file"  # a file that only its owner can read
    KEYRING = "keyring"  # service/name in the desktop's or server's keyring
    CREDENTIAL = "credential"  # a file in systemd's credential folder (LoadCredential=)


EXPECTED_REFERENCE = (
    "a reference to a secret: env:NAME, file:PATH, keyring:SERVICE/NAME or credential:NAME (never the secret itself)"
)


class Secret:
    """A secret in memory: it shows itself only to `reveal`, and cannot be printed, formatted or pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret as text, without the line end that an editor puts behind it."""
        return self._value.decode("utf-8").rstrip("\r\n")

    def reveal_bytes(self) -> bytes:
        """The secret as it was stored, byte for byte."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not to be written anywhere")


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret lies. Printing it is harmless; `read` fetches the secret anew each time, so it may be rotated."""

    scheme: Scheme
    name: str
    folder: Path = Path()  # what a relative `file:` path starts from: the config file's folder

    def __str__(self) -> str:
        return f"{self.scheme}:{self.path if self.scheme is Scheme.FILE else self.name}"

    @classmethod
    def parse(cls, text: str, folder: Path) -> SecretReference:
        """Read `scheme:name`. Raises ValueError, which never shows the text: it may be the secret itself."""
        scheme, colon, name = text.partition(":")
        if not colon or scheme not in Scheme.__members__.values() or not name.strip():
            raise ValueError("no reference to a secret")
        if scheme == Scheme.KEYRING and not all(name.partition("/")):
            raise ValueError("no service and name")
        if scheme == Scheme.CREDENTIAL and "/" in name:
            raise ValueError("a credential's name is no path")
        return cls(Scheme(scheme), name.strip(), folder)

    @property
    def path(self) -> Path:
        """The file of a `file:` or `credential:` reference.

        Raises:
            UserError: a credential is asked for outside a systemd unit that passes credentials.
        """
        if self.scheme is Scheme.CREDENTIAL:
            folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
            if not folder:
                raise UserError(
                    f"The secret {self} cannot be read: systemd passed no credentials to this process.",
                    advice=f"Add LoadCredential={self.name}:/path/of/the/secret to the unit, or refer to a file:PATH.",
                )
            return Path(folder) / self.name
        return self.folder / Path(self.name).expanduser()

    def checked_path(self) -> Path:
        """The file of the reference, for libraries that open it themselves; checked as `read` checks it.

        Raises:
            UserError: it is no file, is not there, is empty, or others can read it.
        """
        self.read()
        return self.path

    def read(self) -> Secret:
        """Fetch the secret.

        Raises:
            UserError: it is not there, is empty, or others can read its file.
        """
        match self.scheme:
            case Scheme.ENV:
                value = _from_environment(self)
            case Scheme.KEYRING:
                value = _from_keyring(self)
            case Scheme.FILE:
                value = _from_file(self, private=True)
            case Scheme.CREDENTIAL:
                # systemd guards the folder; an ACL on the file shows as group bits, so its mode says nothing
                value = _from_file(self, private=False)
        if not value.strip():
            raise UserError(f"The secret {self} is empty.", advice="Put the secret there, then run: mailsorter doctor")
        return Secret(value)


def _from_environment(reference: SecretReference) -> bytes:
    value = os.environ.get(reference.name)
    if value is None:
        raise UserError(
            f"The environment variable {reference.name}, which the config refers to, is not set.",
            advice=f"Set it for this process, for example: export {reference.name}=…",
        )
    return value.encode("utf-8", "surrogateescape")


def _from_keyring(reference: SecretReference) -> bytes:
    import keyring
    from keyring.errors import KeyringError

    service, _, name = reference.name.partition("/")
    advice = f"Store it with: keyring set {service} {name}"
    try:
        value = keyring.get_password(service, name)
    except KeyringError as error:
        raise UserError(
            f"The keyring could not be asked for {reference} ({type(error).__name__}).",
            advice="On a machine without a keyring refer to file:PATH or credential:NAME instead.",
        ) from error
    if value is None:
        raise UserError(f"The keyring holds no {reference}.", advice=advice)
    return value.encode()


def _from_file(reference: SecretReference, *, private: bool) -> bytes:
    path = reference.path
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode  # of the very file that is read
            if private and os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise UserError(
                    f"The secret file {path} can be read by others (mode {stat.S_IMODE(mode):04o}).",
                    advice=f"Run: chmod 600 {path}",
                )
            return file.read()
    except OSError as error:
        raise UserError(
            f"The secret file {path} cannot be read ({error.strerror}).",
            advice="Put the secret there, readable by mailsorter's own user only, or mend the reference in the config.",
        ) from error


def create_key_file(path: Path) -> None:
    """Write a new random key of 32 bytes, in hexadecimal, that only its owner can read; one that exists stays.

    The file appears complete or not at all, so a process killed here never leaves half a key.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".key-")  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)  # unlike a rename it never replaces a key that someone else just made
    finally:
        os.unlink(name)
