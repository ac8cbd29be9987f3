"""Seeding from files: `DIR/<mailbox>/<folder path>/<message files>`.

A message file is any regular file; a folder with `cur` and `new` is a Maildir; a file called `*.mbox`, `*.mbx` or
`mbox` holds many messages and names a folder itself. Inbox, Sent Items, Deleted Items, … in English or Dutch become
the well-known folders. What a file says is kept byte for byte and served back as the message's MIME.
"""

from __future__ import annotations

import mailbox as stdlib_mailbox
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from mailsorter.emulator.mime.read import read_mime
from mailsorter.emulator.seed.writer import BulkWriter
from mailsorter.emulator.store import Folder, Mailbox, NewMessage, Store
from mailsorter.emulator.store.compose import message_ids
from mailsorter.emulator.store.wellknown import folder_titles

DEFAULT_DOMAIN = "seeded.example"

_MBOX_SUFFIXES = frozenset({".mbox", ".mbx"})
_FROM_LINE = re.compile(rb"\AFrom [^\r\n]*\r?\n")


class SeedError(Exception):
    """The folder to seed from is not as it must be; the text says what and where."""


class FoundFile(NamedTuple):
    """One message in the tree."""

    owner: str
    folder: tuple[str, ...]
    data: bytes
    is_read: bool | None
    """None where the file does not say."""


@dataclass(slots=True)
class Seeded:
    """What a seeding did."""

    mailboxes: int = 0
    folders: int = 0
    messages: int = 0
    addresses: list[str] = field(default_factory=list)


def owner_address(name: str, domain: str = DEFAULT_DOMAIN) -> str:
    """The mailbox address that a folder's name stands for."""
    return name if "@" in name else f"{name}@{domain}"


def seed_tree(
    store: Store,
    root: Path,
    *,
    domain: str = DEFAULT_DOMAIN,
    progress: Callable[[int], None] = lambda count: None,
) -> Seeded:
    """Fill the store from a folder tree; what is there already stays, so seeding twice gives everything twice.

    Raises:
        SeedError: no such folder, nothing in it, or a file that lies in no mailbox.
    """
    if not root.is_dir():
        raise SeedError(f"{root}: no such folder. Give one that holds a folder for each mailbox.")
    owners = sorted(path for path in root.iterdir() if path.is_dir() and not path.is_symlink())
    stray = sorted(path.name for path in root.iterdir() if path.is_file())
    if stray:
        raise SeedError(f"{root / stray[0]}: this file lies in no mailbox. Put it into {root}/<mailbox>/<folder>/.")
    if not owners:
        raise SeedError(f"{root}: empty. Give a folder that holds a folder for each mailbox.")
    done = Seeded()
    for path in owners:
        address = owner_address(path.name, domain)
        mailbox = store.mailboxes.by_any_name(address) or store.mailboxes.create(address, path.name.partition("@")[0])
        done.addresses.append(address)
        done.mailboxes += 1
        _seed_mailbox(store, mailbox, path, done, progress)
    return done


def _seed_mailbox(store: Store, mailbox: Mailbox, path: Path, done: Seeded, progress: Callable[[int], None]) -> None:
    places = _Places(store, mailbox)
    first = int(store.db.value("SELECT coalesce(max(id), 0) FROM message"))
    for below in _folders(path, ()):
        places.get(below)  # a folder without messages is a folder too
    with BulkWriter(store) as writer:
        for found in _files(path, path.name, ()):
            folder = places.get(found.folder)
            writer.add(mailbox, folder, _message(found, folder))
            done.messages += 1
            progress(1)
    done.folders += places.count
    _join_conversations(store, mailbox, first)


def _message(found: FoundFile, folder: Folder) -> NewMessage:
    new = read_mime(_FROM_LINE.sub(b"", found.data), is_draft=folder.well_known == "drafts")
    new.is_read = folder.well_known != "inbox" if found.is_read is None else found.is_read
    return new


class _Places:
    """Folders of one mailbox by their path in the tree, made when first needed."""

    def __init__(self, store: Store, mailbox: Mailbox) -> None:
        self._store = store
        self._mailbox = mailbox
        self._titles = folder_titles()
        self._known: dict[tuple[str, ...], Folder] = {
            (): store.folders.well_known(mailbox, "inbox"),
        }
        self.count = 0

    def get(self, path: tuple[str, ...]) -> Folder:
        """The folder for a path; files right below the mailbox go to the Inbox."""
        if path not in self._known:
            self._known[path] = self._make(path)
            self.count += 1
        return self._known[path]

    def _make(self, path: tuple[str, ...]) -> Folder:
        folders = self._store.folders
        if len(path) == 1:
            title = self._titles.get(path[0].replace("_", " ").casefold())
            if title:
                return folders.well_known(self._mailbox, title)
            parent = folders.well_known(self._mailbox, "msgfolderroot")
        else:
            parent = self.get(path[:-1])
        for child in folders.children(parent):
            if child.name.casefold() == path[-1].casefold():
                return child
        return folders.create(self._mailbox, parent, path[-1])


def _is_maildir(path: Path) -> bool:
    return (path / "cur").is_dir() and (path / "new").is_dir()


def _is_mbox(path: Path) -> bool:
    return path.suffix.lower() in _MBOX_SUFFIXES or path.name.lower() == "mbox"


def _subfolders(path: Path) -> list[Path]:
    """Real folders below, without a Maildir's own three."""
    own = {"cur", "new", "tmp"} if _is_maildir(path) else set()
    return sorted(item for item in path.iterdir() if item.is_dir() and not item.is_symlink() and item.name not in own)


def _step(path: Path, folder: tuple[str, ...], child: Path) -> tuple[str, ...]:
    """The mail folder of a subfolder; in a Maildir, `.Clients.Acme` is Clients/Acme."""
    if _is_maildir(path) and child.name.startswith("."):
        return (*folder, *(part for part in child.name.split(".") if part))
    return (*folder, child.name)


def _folders(path: Path, folder: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for child in _subfolders(path):
        below = _step(path, folder, child)
        yield below
        yield from _folders(child, below)


def _files(path: Path, owner: str, folder: tuple[str, ...]) -> Iterator[FoundFile]:
    if _is_maildir(path):
        for part in ("new", "cur"):
            for file in sorted((path / part).iterdir()):
                if file.is_file():
                    flags = file.name.rpartition(":2,")[2] if ":2," in file.name else ""
                    yield FoundFile(owner, folder, file.read_bytes(), part == "cur" and "S" in flags)
    else:
        for file in sorted(item for item in path.iterdir() if item.is_file() and not item.is_symlink()):
            if _is_mbox(file):
                yield from _mbox(file, owner, folder)
            else:
                yield FoundFile(owner, folder, file.read_bytes(), None)
    for child in _subfolders(path):
        yield from _files(child, owner, _step(path, folder, child))


def _mbox(file: Path, owner: str, folder: tuple[str, ...]) -> Iterator[FoundFile]:
    """Messages of an mbox file, which is a folder of its name; one called just `mbox` belongs to its folder."""
    inside = folder if file.name.lower() == "mbox" else (*folder, file.stem)
    box = stdlib_mailbox.mbox(str(file), create=False)
    try:
        for key in box.iterkeys():
            data = box.get_bytes(key)
            head = data.partition(b"\n\n")[0]
            status = re.search(rb"(?im)^Status:\s*(\w*)", head)
            yield FoundFile(owner, inside, data, b"R" in status[1] if status else None)
    finally:
        box.close()


def _join_conversations(store: Store, mailbox: Mailbox, first: int) -> None:
    """Give messages that refer to each other, in whatever order they came, one conversation."""
    rows = store.db.rows(
        "SELECT id, message_id, conversation, json_extract(extra, '$.references'), json_extract(extra, '$.inReplyTo')"
        " FROM message WHERE mailbox = ? AND id > ? ORDER BY id",
        (mailbox.id, first),
    )
    root: dict[str, str] = {}

    def find(name: str) -> str:
        while root.setdefault(name, name) != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for _, message_id, _, references, reply in rows:
        for other in (*message_ids(references or ""), *message_ids(reply or "")):
            root[find(message_id)] = find(other)
    chosen: dict[str, bytes] = {}
    changes = []
    for number, message_id, conversation, _, _ in rows:
        wanted = chosen.setdefault(find(message_id), conversation)
        if wanted != conversation:
            changes.append((wanted, number))
    with store.db.write() as connection:
        connection.executemany("UPDATE message SET conversation = ? WHERE id = ?", changes)
