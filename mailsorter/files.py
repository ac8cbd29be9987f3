"""The only place that writes files for people, and the program's own whole files.

A file for people is new: it is never written over something that is there, nor through a symbolic link that somebody
put there (`O_EXCL`, `O_NOFOLLOW`), and only its owner can read it (mode 0600), because it may name people. The
program's own files are replaced whole: through a new file beside them, so that at every moment the old or the new one
is there, complete. `tests/unit/test_file_writers.py` refuses other ways.

What the daemon and the officer both use (ledger, locks, prediction model) is in a folder that they share: setgid and
writable for its group. There, and only there, such a file is for that group as well (0660).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO

from mailsorter.errors import UserError

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
PRIVATE = 0o600
SHARED = 0o660
_NOT_OURS_TO_GIVE = (errno.EPERM, errno.EINVAL)  # EINVAL: a user or group that PrivateUsers= does not show us


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


def replace(path: Path, content: bytes, *, mode: int | None = None, for_folder: bool = False) -> None:
    """Write a file of the program's own whole; a link of that name is replaced, not followed.

    Without `mode` a file that is there keeps its mode, owner and group as far as this user may give them, and a new
    one is private. Where its group cannot be kept, the new group gets no rights. `for_folder` shares the file with the
    other users of its folder as `share` does. Raises OSError as the disk does; then the old file is untouched.
    """
    before = None if mode is not None else _status(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # O_EXCL, O_NOFOLLOW, 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if before is not None and os.name == "posix":
                _give(file.fileno(), before.st_uid, before.st_gid)
                mode = before.st_mode & 0o777
                if os.fstat(file.fileno()).st_gid != before.st_gid:
                    mode &= ~stat.S_IRWXG
            if mode is not None:
                # by the open file where that goes: in a shared folder another user could put a link in the name's place
                os.chmod(file.fileno() if os.chmod in os.supports_fd else name, mode)
            if for_folder:
                share(file.fileno(), path.parent)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    _sync_folder(path.parent)


def share(handle: int, folder: Path) -> None:
    """Let the group of a shared folder use the open file in it, if it is ours to give; elsewhere change nothing.

    A folder is shared when it is setgid and writable for its group. The file must have the folder's group already, as
    what is made in a setgid folder has, so that nobody gets a right who has none in the folder.
    """
    if os.name != "posix" or not _is_shared(folder):
        return
    found = os.fstat(handle)
    is_ours = found.st_uid == os.geteuid() and found.st_gid == folder.stat().st_gid and stat.S_ISREG(found.st_mode)
    if is_ours and stat.S_IMODE(found.st_mode) & SHARED != SHARED:
        os.fchmod(handle, SHARED)


def _is_shared(folder: Path) -> bool:
    """Is it setgid and writable for its group, and for nobody else?"""
    try:
        mode = folder.stat().st_mode
    except OSError:
        return False
    return os.name == "posix" and mode & (stat.S_ISGID | stat.S_IWGRP | stat.S_IWOTH) == stat.S_ISGID | stat.S_IWGRP


def _give(handle: int, user: int, group: int) -> None:
    """Give the file that owner and group; of what this user may not give, the group alone, or nothing."""
    for owner in (user, -1):
        try:
            os.fchown(handle, owner, group)
        except OSError as error:
            if error.errno not in _NOT_OURS_TO_GIVE:
                raise
        else:
            return


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
