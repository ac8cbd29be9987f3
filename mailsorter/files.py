"""The only place that writes files for people, and the program's own whole files.

A file for people is new: it is never written over something that is there, nor through a symbolic link that somebody
put there (`O_EXCL`, `O_NOFOLLOW`), and only its owner can read it (mode 0600), because it may name people. The
program's own files are replaced whole: through a new file beside them, so that at every moment the old or the new one
is there, complete. `tests/unit/test_file_writers.py` refuses other ways.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from mailsorter.errors import UserError

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
PRIVATE = 0o600


def require_new(path: Path, option: str) -> None:
    """Say before a long work that the file it ends in cannot be made; `option` names it on the command line.

    Raises:
        UserError: something of that name is there, be it a link that leads nowhere, or its folder is not.
    """
    if os.path.lexists(path):
        raise _exists(path, option)
    if not path.parent.is_dir():
        raise UserError(f"{path} cannot be written: there is no folder {path.parent}.", advice=_another(option))


def open_new(path: Path, option: str) -> BinaryIO:
    """A new file for its owner alone, open for writing. Raises `UserError` as `require_new`."""
    try:
        return os.fdopen(os.open(path, _NEW, PRIVATE), "wb")
    except FileExistsError:
        raise _exists(path, option) from None
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.", advice=_another(option)) from None


def create(path: Path, content: bytes, option: str) -> None:
    """Write a new file for its owner alone; one that could not be written whole is removed. Raises `UserError`."""
    try:
        with open_new(path, option) as file:
            try:
                file.write(content)
                file.flush()
            except OSError:
                os.unlink(path)
                raise
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.", advice=_another(option)) from None


def replace(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Write a file of the program's own whole; a link of that name is replaced, not followed.

    Without `mode` a file that is there keeps its mode, owner and group as far as this user may give them, and a new
    one is private. Raises OSError as the disk does; then the old file is untouched.
    """
    before = None if mode is not None else _status(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # O_EXCL, O_NOFOLLOW, 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if before is not None and os.name == "posix":
                with contextlib.suppress(PermissionError):
                    os.fchown(file.fileno(), before.st_uid, before.st_gid)
            file.flush()
            os.fsync(file.fileno())
        if before is not None or mode is not None:
            os.chmod(name, mode if before is None else before.st_mode & 0o777)  # type: ignore[arg-type]
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    _sync_folder(path.parent)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _sync_folder(folder: Path) -> None:
    """Make the new name last (a folder can be synced on POSIX only)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems cannot
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exists(path: Path, option: str) -> UserError:
    return UserError(f"{path} exists already and was left as it is.", advice=_another(option))


def _another(option: str) -> str:
    return f"Name a file that does not exist yet: {option} FILE"
