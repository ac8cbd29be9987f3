"""What finding has brought so far in one mailbox: kept sealed, so that a broken-off search goes on where it stopped."""

from __future__ import annotations

from datetime import datetime

import msgspec

from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.threads import Threads
from mailsorter.model.case import Finding, Lookalike, NotSeen
from mailsorter.model.coverage import Depth
from mailsorter.model.message import Message

PART = "found"
KEY_BYTES = 8  # of a message's key in `Begun.given` and `Found.listed_ids`


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A message whose envelope does not name the person, but which is worth opening; `why` is a stable code."""

    message: Message
    folder: str
    recoverable: str
    why: str
    in_client_folder: bool = False  # of one whose envelope did not come: it concerns the case whatever it says


class FolderCount(msgspec.Struct, frozen=True):
    """How many messages of a folder were compared, and how many of them concern the person.

    `held` is the server's own count (-1: it gave none), `refused` why the folder was not read whole ("": it was).
    """

    folder: str
    messages: int
    findings: int
    held: int = -1
    refused: str = ""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """How far a large folder was read: what was listed up to here was compared to the search's whole depth.

    `given`: keys of the messages, 8 bytes each. `since`: what was received before is listed; None where the listing is
    not by date and is asked for from its beginning, though nothing of `given` is compared again.
    """

    folder_id: str
    since: datetime | None = None
    given: bytes = b""
    findings: int = 0


class Found(msgspec.Struct, kw_only=True):
    """One mailbox's state of the search. Mutable: the finder adds to it and saves it."""

    mailbox: str
    number: int
    done_folders: list[str] = []
    begun: Begun | None = None  # the folder in which the search is, once a few thousand of its messages were read
    folders: list[FolderCount] = []
    findings: dict[str, Finding] = {}
    candidates: list[Candidate] = []
    not_seen: list[NotSeen] = []
    lookalikes: dict[str, Lookalike] = {}
    listed_ids: bytes = b""  # of what was listed so far, 8 bytes a message; emptied when everything was listed
    threads: Threads = msgspec.field(default_factory=Threads)  # emptied when everything was listed
    forwarded_to: list[str] = []  # of older versions, which did not say by which message
    forwarded: dict[str, list[str]] = {}  # outside address to the ids of the findings that went there
    unreadable: list[str] = []  # ids of those that were named because they could not be opened
    limited: list[str] = []  # ids of those of which reading met a limit
    texts_read: int = 0
    opened: int = 0
    opened_findings: int = 0  # findings that opening brought: they are among the opened
    depth: Depth = Depth.INDEXED
    is_enumerated: bool = False
    is_searched: bool = False
    is_complete: bool = False

    def count_late(self, folder: str, messages: int, findings: int) -> None:
        """So many messages of a folder were compared only when it was looked into a second time."""
        for index, known in enumerate(self.folders):
            if known.folder == folder:
                held = max(known.held, known.messages + messages)
                self.folders[index] = FolderCount(
                    folder, known.messages + messages, known.findings + findings, held, known.refused
                )
                return
        self.folders.append(FolderCount(folder, messages, findings, messages))

    @property
    def messages(self) -> int:
        """How many messages were compared."""
        return sum(folder.messages for folder in self.folders)


def load(file: CaseFile, number: int, mailbox: str, depth: Depth) -> Found:
    """The mailbox's state, or a fresh one that is read to this depth."""
    return file.read(f"{PART}-{number}", Found) or Found(mailbox=mailbox, number=number, depth=depth)


def save(file: CaseFile, found: Found) -> None:
    """Seal the mailbox's state as it is."""
    file.write(f"{PART}-{found.number}", found)


def load_all(file: CaseFile) -> list[Found]:
    """Every mailbox's state, in the order of their numbers."""
    parts = [part for part in file.parts() if part.startswith(f"{PART}-")]
    loaded = [file.read(part, Found) for part in parts]
    return sorted((found for found in loaded if found is not None), key=lambda found: found.number)


def drop_all(file: CaseFile) -> None:
    """Forget an earlier search: a new one begins."""
    for part in file.parts():
        if part.startswith(f"{PART}-"):
            file.remove(part)
