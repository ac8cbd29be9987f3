"""Every mailbox's own folders: well-known names, where they hang, what they are called in each language."""

from __future__ import annotations

from typing import NamedTuple


class WellKnown(NamedTuple):
    """One folder that every mailbox has from its creation."""

    name: str
    """The well-known name that Graph takes in place of an id; compared without regard to case."""
    parent: str
    """The well-known name of the folder it hangs under; empty for the root."""
    english: str
    dutch: str
    folder_class: str = "IPF.Note"
    hidden: bool = False


WELL_KNOWN: tuple[WellKnown, ...] = (
    WellKnown("root", "", "Root", "Root", "IPF"),
    WellKnown("msgfolderroot", "root", "Top of Information Store", "Bovenste niveau van gegevensarchief", "IPF"),
    WellKnown("inbox", "msgfolderroot", "Inbox", "Postvak IN"),
    WellKnown("drafts", "msgfolderroot", "Drafts", "Concepten"),
    WellKnown("sentitems", "msgfolderroot", "Sent Items", "Verzonden items"),
    WellKnown("deleteditems", "msgfolderroot", "Deleted Items", "Verwijderde items"),
    WellKnown("outbox", "msgfolderroot", "Outbox", "Postvak UIT"),
    WellKnown("junkemail", "msgfolderroot", "Junk Email", "Ongewenste e-mail"),
    WellKnown("archive", "msgfolderroot", "Archive", "Archief"),
    WellKnown("conversationhistory", "msgfolderroot", "Conversation History", "Gespreksgeschiedenis"),
    WellKnown("clutter", "msgfolderroot", "Clutter", "Onbelangrijke e-mail", hidden=True),
    WellKnown("syncissues", "msgfolderroot", "Sync Issues", "Synchronisatieproblemen", hidden=True),
    WellKnown("conflicts", "syncissues", "Conflicts", "Conflicten", hidden=True),
    WellKnown("localfailures", "syncissues", "Local Failures", "Lokale fouten", hidden=True),
    WellKnown("serverfailures", "syncissues", "Server Failures", "Serverfouten", hidden=True),
    WellKnown("scheduled", "msgfolderroot", "Scheduled", "Gepland", hidden=True),
    WellKnown("calendar", "msgfolderroot", "Calendar", "Agenda", "IPF.Appointment"),
    WellKnown("contacts", "msgfolderroot", "Contacts", "Contactpersonen", "IPF.Contact"),
    WellKnown("tasks", "msgfolderroot", "Tasks", "Taken", "IPF.Task"),
    WellKnown("notes", "msgfolderroot", "Notes", "Notities", "IPF.StickyNote"),
    WellKnown("searchfolders", "root", "Finder", "Finder", "IPF"),
    WellKnown("recoverableitemsroot", "root", "Recoverable Items", "Recoverable Items"),
    WellKnown("recoverableitemsdeletions", "recoverableitemsroot", "Deletions", "Deletions"),
    WellKnown("recoverableitemspurges", "recoverableitemsroot", "Purges", "Purges"),
    WellKnown("recoverableitemsversions", "recoverableitemsroot", "Versions", "Versions"),
    WellKnown("recoverableitemsdiscoveryholds", "recoverableitemsroot", "DiscoveryHolds", "DiscoveryHolds"),
    WellKnown("recoverableitemssubstrateholds", "recoverableitemsroot", "SubstrateHolds", "SubstrateHolds"),
    WellKnown("calendarlogging", "recoverableitemsroot", "Calendar Logging", "Calendar Logging"),
    WellKnown("audits", "recoverableitemsroot", "Audits", "Audits", hidden=True),
)

#: Names that an in-place archive has; it has no Inbox, Drafts, Sent Items or Outbox of its own.
ARCHIVE_NAMES = frozenset(
    {"root", "msgfolderroot", "deleteditems", "searchfolders"}
    | {folder.name for folder in WELL_KNOWN if folder.parent == "recoverableitemsroot"}
    | {"recoverableitemsroot"}
)

NAMES = frozenset(folder.name for folder in WELL_KNOWN)

#: Recoverable Items and what hangs below it: never part of a mailbox-wide listing.
RECOVERABLE = frozenset(
    {"recoverableitemsroot"} | {folder.name for folder in WELL_KNOWN if folder.parent == "recoverableitemsroot"}
)


def folder_titles() -> dict[str, str]:
    """Well-known name by casefolded display name in any language: `postvak in` is `inbox`."""
    titles: dict[str, str] = {}
    for folder in WELL_KNOWN:
        if folder.parent == "msgfolderroot":
            titles[folder.english.casefold()] = folder.name
            titles[folder.dutch.casefold()] = folder.name
    return titles | {"sent": "sentitems", "trash": "deleteditems", "junk": "junkemail", "junk e-mail": "junkemail"}
