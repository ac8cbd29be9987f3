"""Our own places: does any file of ours hold the person's strings? And where do the client book's files name them?"""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from mailsorter.cases.witness.marks import Marks

TEMPORARY = "mailsorter-"
"""How the name of every temporary file and folder of this program begins (the suite holds it to that)."""

_CHUNK = 1 << 20


class BookEntry(msgspec.Struct, frozen=True):
    """A line of the client book or an import that names the person: the officer must edit it."""

    path: str
    line: int


class FilesLook(msgspec.Struct, kw_only=True):
    """Files of ours: how many were read, which of them name the person, which could not be read."""

    read: int = 0
    naming: list[str] = []
    unread: list[str] = []


def look_through_files(places: Iterable[Path], marks: Marks) -> FilesLook:
    """Search every file below these places for the person's strings."""
    needles, look = marks.byte_needles(), FilesLook()
    for path in _files(places, look.unread):
        try:
            if needles and _holds(path, needles):
                look.naming.append(str(path))
            look.read += 1
        except FileNotFoundError:
            continue  # a temporary file that is gone names nobody
        except OSError:
            look.unread.append(str(path))
    return look


def leftovers(books: Iterable[Path]) -> list[Path]:
    """What mailsorter may have left in the system's temporary folders, and beside client books, when it was killed.

    Its own names only, and only what belongs to the user who asks: nobody else's files are opened. A service with a
    temporary folder of its own (systemd's PrivateTmp) has it removed when it stops.
    """
    folders = {Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")}  # noqa: S108  looked into, not written to
    found = [path for folder in folders for path in folder.glob(f"{TEMPORARY}*")]
    found += [path for book in books for path in book.parent.glob(f".{glob.escape(book.name)}-*")]
    return sorted(path for path in found if _is_ours(path))


def _is_ours(path: Path) -> bool:
    try:
        return not path.is_symlink() and (not hasattr(os, "getuid") or path.stat().st_uid == os.getuid())
    except OSError:
        return False  # gone meanwhile


def book_entries(places: Iterable[Path], marks: Marks) -> list[BookEntry]:
    """Every line of these text files that names the person."""
    return [
        BookEntry(str(path), number)
        for path in _files(places)
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1)
        if marks.in_book(line)
    ]


def _files(places: Iterable[Path], closed: list[str] | None = None) -> Iterator[Path]:
    """Every file in and below these places, each once; folders that cannot be opened are added to `closed`.

    A folder may go while it is walked: another process of ours ended and took its temporary one with it.
    """

    def note(error: OSError) -> None:
        place = str(error.filename)
        if closed is not None and not isinstance(error, FileNotFoundError) and place not in closed:
            closed.append(place)

    seen: set[Path] = set()
    for place in places:
        for path in _below(place, note) if place.is_dir() else [place]:
            if path.is_file() and not path.is_symlink() and path not in seen:
                seen.add(path)
                yield path


def _below(place: Path, note: Callable[[OSError], None]) -> Iterator[Path]:
    for folder, folders, names in os.walk(place, onerror=note):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))


def _holds(path: Path, needles: tuple[bytes, ...]) -> bool:
    """Read in pieces that overlap by the longest needle; letters are compared in lower case."""
    overlap = max(len(n) for n in needles)
    tail = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            window = (tail + chunk).lower()
            if any(needle in window for needle in needles):
                return True
            tail = window[-overlap:]
    return False
