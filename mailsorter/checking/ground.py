"""One mailbox as checking sees it: every folder, whose it is, and what the ledger knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mailsorter.checking.difference import Kind, Where
from mailsorter.checking.statement import Difference, MailboxStatement
from mailsorter.errors import MailsorterError, TemporaryError
from mailsorter.ledger.ledger import Unit
from mailsorter.mailbox.base import Mailbox
from mailsorter.model.folder import FOLDER_CLASSES, Folder, FolderPath, FolderTree, WellKnown
from mailsorter.perform import Hands


@dataclass(frozen=True, slots=True)
class CheckGround:
    """The mailbox's folders. `owner` maps a folder's id to the client whose it is, below client folders too;
    `watched` are ids of folders that sorting reads, each with when it last did, in seconds since 1970."""

    tree: FolderTree
    folders: tuple[Folder, ...]
    owner: Mapping[str, int]
    watched: Mapping[str, int]
    deleted: frozenset[str]
    recoverable: frozenset[str]

    def where(self, folder_id: str) -> Where:
        """What kind of folder it is."""
        if folder_id in self.recoverable:
            return Where.RECOVERABLE
        if folder_id in self.deleted:
            return Where.DELETED
        return Where.CLIENT if folder_id in self.owner else Where.OTHER

    def path(self, folder_id: str) -> FolderPath:
        """The folder's path; one in Recoverable Items has its own name alone."""
        folder = self.tree.get(folder_id)
        return self.tree.path(folder_id) or ((folder.name,) if folder else ())


def survey(hands: Hands, folder_of: Mapping[str, FolderPath], statement: MailboxStatement) -> CheckGround:
    """Look at all folders, hidden ones and Recoverable Items too where they are shown; follow client folders."""
    tree = _whole_tree(hands.mailbox, statement)
    deleted = tree.well_known(WellKnown.DELETED)
    in_deleted = frozenset(f.id for f in tree.within(deleted.id)) if deleted else frozenset()
    visible = {folder.id for folder in tree.within(tree.root_id)}
    with hands.ledger.unit() as unit:
        mine = _client_folders(unit, hands.number, tree, folder_of, in_deleted, statement)
        times = unit.cursors.at(hands.number)
        known = unit.places.folders(hands.number)
    return CheckGround(
        tree=tree,
        folders=tuple(f for f in tree if not f.is_search),
        owner=_owners(tree, mine),
        watched={f.id: times[f.number] for f in known if f.number in times and f.id in tree},
        deleted=in_deleted,
        recoverable=frozenset(f.id for f in tree if f.id not in visible),
    )


def _whole_tree(mailbox: Mailbox, statement: MailboxStatement) -> FolderTree:
    try:
        tree = mailbox.tree(hidden=True, recoverable=True)
    except TemporaryError:
        raise
    except MailsorterError:
        statement.not_shown.append("Recoverable Items: this app may not look there")
        tree = mailbox.tree(hidden=True)
    if tree.lacks:
        why = "this app may not list them" if tree.lacks == FOLDER_CLASSES else "the server did not list them this time"
        statement.not_shown.append(f"Mail in folders of other classes than IPF.Note: {why}")
    return tree


def _client_folders(
    unit: Unit,
    mailbox: int,
    tree: FolderTree,
    folder_of: Mapping[str, FolderPath],
    deleted: frozenset[str],
    statement: MailboxStatement,
) -> dict[str, int]:
    """Id to client of every client folder: those the ledger follows, then those people made where ours would be."""
    mine: dict[str, int] = {}
    for known in unit.places.folders(mailbox):
        if known.client is None:
            continue
        if known.id not in tree or known.id in deleted:
            statement.differs(Difference(kind=Kind.FOLDER_GONE, expected_in=known.path))
            continue
        mine[known.id] = known.client
        path = tree.path(known.id)
        if path != known.path:
            statement.differs(Difference(kind=Kind.FOLDER_MOVED, found_in=path, expected_in=known.path))
            unit.places.update_folders([(known, path, known.item_count)])
    followed = set(mine.values())
    for client_id, path in folder_of.items():
        found = tree.find(path)
        if found is None or found.id in mine:
            continue
        client = unit.places.client(client_id)
        if client not in followed:
            unit.places.folder(mailbox, found.id, path, client)
            mine[found.id] = client
    return mine


def _owners(tree: FolderTree, mine: Mapping[str, int]) -> dict[str, int]:
    """Whose each folder is: the nearest client folder above it."""
    owner: dict[str, int] = {}
    for root in sorted(mine, key=lambda folder_id: len(tree.path(folder_id))):  # inner ones last: they win
        owner.update((inside.id, mine[root]) for inside in tree.within(root))
    return owner
