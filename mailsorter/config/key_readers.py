"""Who can read which key that the config names: by the modes of files, and by what this process was handed.

Nothing secret is read. Root can read every file and is not named. Two users are told apart: the daemon's, who has the
ledger's folder, and the officer's, to whom the second identity and the signing key belong.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from mailsorter.config.permissions import group_name, groups_of, state_folder, user_name
from mailsorter.config.schema import Config
from mailsorter.config.secret import Scheme, SecretReference

_OFFICERS = (("erasure", "graph"), ("erasure", "signing_key"))
_DAEMON = "mailsorter"
"""The daemon's user in `deploy/`, where no ledger file shows it."""


@dataclass(frozen=True, slots=True)
class KeyReaders:
    """One key of the config. `is_here`: can this process read it? None where only asking would tell (a keyring)."""

    name: str
    reference: str
    is_officers: bool
    readers: str
    is_here: bool | None
    is_for_daemon: bool  # the daemon's user can read it, as far as this process can see


def key_readers(config: Config) -> list[KeyReaders]:
    """Every key that the config names, in its order."""
    daemon = daemon_user(config)
    return [_readers(where, reference, daemon) for where, reference in _references(config, ())]


def reader_warnings(config: Config) -> list[str]:
    """A line for each key of the officer's that the daemon's user can read."""
    return [
        f"[{one.name.rpartition('.')[0]}] {one.name.rpartition('.')[2]} ({one.reference}) can be read by the daemon's "
        "user, who should neither erase nor sign. Give it to the officer alone: docs/operations.md, The officer."
        for one in key_readers(config)
        if one.is_officers and one.is_for_daemon
    ]


def daemon_user(config: Config) -> int | None:
    """The user who has the ledger's folder; with a database server the user `mailsorter` if there is one."""
    if os.name != "posix":
        return None
    import pwd

    state = state_folder(config)
    try:
        return pwd.getpwnam(_DAEMON).pw_uid if state is None else state.stat().st_uid
    except (KeyError, OSError):
        return None


def _references(value: Any, where: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], SecretReference]]:
    if isinstance(value, SecretReference):
        yield where, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _references(getattr(value, name), (*where, name))
    elif isinstance(value, tuple):
        for one in value:
            yield from _references(one, where)


def _readers(where: tuple[str, ...], reference: SecretReference, daemon: int | None) -> KeyReaders:
    is_officers = any(where[: len(own)] == own for own in _OFFICERS)
    is_daemon = os.name == "posix" and daemon == os.geteuid()
    is_for_daemon = False
    match reference.scheme:
        case Scheme.ENV:
            is_here: bool | None = reference.name in os.environ
            readers = "whoever starts the process with it"
        case Scheme.KEYRING:
            is_here = None
            readers = "the user whose keyring it is"
        case Scheme.CREDENTIAL:
            path = Path(os.environ.get("CREDENTIALS_DIRECTORY", ""), reference.name)
            is_here = "CREDENTIALS_DIRECTORY" in os.environ and os.access(path, os.R_OK)
            readers = "each unit that loads it"
        case Scheme.FILE:
            is_here = os.access(reference.path, os.R_OK)
            readers, is_for_daemon = _of_file(reference.path, daemon)
    return KeyReaders(
        name=".".join(where), reference=str(reference), is_officers=is_officers, readers=readers, is_here=is_here,
        is_for_daemon=is_for_daemon or bool(is_here and is_daemon),
    )  # fmt: skip


def _of_file(path: Path, daemon: int | None) -> tuple[str, bool]:
    """Who can read the file by its modes, in words, and whether the daemon's user is among them."""
    try:
        found = path.stat()
    except PermissionError:
        return "not this user", False
    except OSError:
        return "nobody: there is no such file", False
    if os.name != "posix":
        return "not known on this system", False
    names, mode = [f"user {user_name(found.st_uid)}"], found.st_mode
    is_for_daemon = daemon == found.st_uid and bool(mode & stat.S_IRUSR)
    if mode & stat.S_IRGRP:
        names.append(f"group {group_name(found.st_gid)}")
        is_for_daemon = is_for_daemon or (daemon is not None and found.st_gid in groups_of(daemon))
    if mode & stat.S_IROTH:
        return "everybody", True
    return ", ".join(names), is_for_daemon
