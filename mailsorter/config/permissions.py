"""Who else may write or read what the program trusts: config, client books, and the folders of ledger and cases.

Whoever can write the config chooses where tokens go and what is kept; whoever can write the folder of a file can put
another in its place. So each may be written by its owner alone, or by the group that the service itself belongs to.
What nobody can write, because it lies on a read-only mount, is safe whatever its mode (Kubernetes mounts a config so).

Symbolic links: the folder that holds the link and the folder that holds its target are both looked at.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from mailsorter.config.schema import Config
from mailsorter.errors import UserError

READ_ONLY = getattr(os, "ST_RDONLY", 1)


def write_problems(config_file: Path, config: Config) -> list[str]:
    """A line for each place that others may write: `PATH: found …, expected …; run: …`; none where no modes are."""
    if os.name != "posix":
        return []
    state = state_folder(config)
    own = _own_groups(state)
    places: list[tuple[Path, bool]] = []
    for path in (config_file, *config.clients):
        places += [(path, True), *((folder, False) for folder in _folders_of(path))]
    ledger = None if state is None else Path(str(config.ledger.url).removeprefix("sqlite:///"))
    places += [(place, True) for place in (state, ledger, config.erasure.cases) if place is not None]
    lines: dict[Path, str] = {}
    for path, is_strict in places:
        line = _write_problem(path, own, is_strict=is_strict)
        if line:
            lines.setdefault(path, line)
    return list(lines.values())


def read_warnings(books: Iterable[Path]) -> list[str]:
    """A line for each client book that every user of this machine can read: it names people."""
    if os.name != "posix":
        return []
    return [
        f"{book}: every user of this machine can read it, and it names people. Run: chmod o-r {book}"
        for book in books
        if _is_for_all(book)
    ]


def model_warnings(config: Config) -> list[str]:
    """A line where daemon and officer, each in a folder of his own, would have a prediction model each."""
    if not config.predict.enabled or config.predict.model is not None or state_folder(config) is not None:
        return []
    return [
        "[predict] model: not set, and the ledger is on a database server, so the model is searched in the folder in "
        "which a command starts: a case closed elsewhere forgets nobody in it. Name its file."
    ]


def require_own_case_files(config: Config) -> None:
    """Raises `UserError` where this user may not make and read case files: they are the officer's."""
    if os.name != "posix":
        return
    folder = next((place for place in _upwards(config.erasure.cases) if _is_there(place)), Path("/"))
    rights = os.R_OK | os.W_OK | os.X_OK
    if not os.access(folder, rights, effective_ids=os.access in os.supports_effective_ids):
        raise UserError(
            f"The case files in {config.erasure.cases} are not for the user {user_name(os.geteuid())}, as whom this "
            "command runs.",
            advice="Run it as the officer who has them; beside the service: sudo mailsorter-as-officer …",
        )


def _upwards(path: Path) -> Iterator[Path]:
    yield path.absolute()
    yield from path.absolute().parents


def _is_there(path: Path) -> bool:
    """Is there something of that name, as far as this user can see? A closed folder above it hides it."""
    try:
        return path.exists()
    except OSError:
        return False


def user_name(number: int) -> str:
    """The user's name, or the number where the machine's list has none."""
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def state_folder(config: Config) -> Path | None:
    """The folder of the ledger's SQLite file, where its prediction model and locks are too; None for a server."""
    url = str(config.ledger.url)
    return Path(url.removeprefix("sqlite:///")).parent if url.startswith("sqlite:///") else None


def _folders_of(path: Path) -> Iterator[Path]:
    yield path.absolute().parent
    if path.is_symlink():
        yield path.resolve().parent


def _write_problem(path: Path, own: frozenset[int], *, is_strict: bool) -> str:
    """What is wrong with one place, "" for nothing; where it is not strict a sticky folder will do, such as /tmp."""
    try:
        status = path.stat()
        if os.statvfs(path).f_flag & READ_ONLY:
            return ""
    except OSError:
        return ""  # not there yet, or not for this user to see: opening it will say so
    mode = stat.S_IMODE(status.st_mode)
    if not is_strict and mode & stat.S_ISVTX:
        return ""
    who, less = [], []
    if mode & stat.S_IWOTH:
        who, less = ["everyone"], ["o-w"]
    if mode & stat.S_IWGRP and status.st_gid not in own and not _is_private_group(status):
        who, less = [*who, f"group {group_name(status.st_gid)}"], [*less, "g-w"]
    if not who:
        return ""
    kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a file"
    return (
        f"{path}: found {kind} that {' and '.join(who)} may write (mode {mode:04o}), expected one that only its owner "
        f"or the service's own group may write; run: chmod {','.join(less)} {path}"
    )


def _own_groups(state: Path | None) -> frozenset[int]:
    """Root's group, the groups of this process, and those of the user who has the state folder: the service."""
    groups = {0, os.getegid(), *os.getgroups()}
    try:
        if state is not None:
            groups |= groups_of(state.stat().st_uid)
    except OSError:
        pass  # no folder yet
    return frozenset(groups)


def groups_of(user: int) -> frozenset[int]:
    """The groups of a user; none of one whom no list knows, as those of a container or of DynamicUser=."""
    import pwd

    try:
        found = pwd.getpwuid(user)
    except KeyError:
        return frozenset()
    return frozenset((found.pw_gid, *os.getgrouplist(found.pw_name, found.pw_gid)))


def _is_private_group(status: os.stat_result) -> bool:
    """Is the group the owner's own, of the same name and without anybody else (the rule of Debian and Fedora)?"""
    import grp
    import pwd

    try:
        owner, group = pwd.getpwuid(status.st_uid), grp.getgrgid(status.st_gid)
    except KeyError:
        return False
    return owner.pw_gid == group.gr_gid and owner.pw_name == group.gr_name and set(group.gr_mem) <= {owner.pw_name}


def group_name(number: int) -> str:
    """The group's name, or the number where the machine's list has none."""
    import grp

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _is_for_all(path: Path) -> bool:
    """Can any user reach and read the file? A folder above that is closed to others closes it."""
    try:
        target = path.resolve()
        if not target.stat().st_mode & stat.S_IROTH:
            return False
        return all(folder.stat().st_mode & stat.S_IXOTH for folder in target.parents)
    except OSError:
        return False
