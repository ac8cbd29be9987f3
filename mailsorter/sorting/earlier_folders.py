"""Client folders that people made before mailsorter came, told by their names: prediction learns from them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mailsorter.clock import Clock
from mailsorter.ledger.ledger import Ledger
from mailsorter.mailbox.base import Mailbox
from mailsorter.model.client import Client
from mailsorter.model.folder import FolderPath, FolderTree, WellKnown
from mailsorter.perform import Hands
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.ground import TreeCache, survey
from mailsorter.sorting.matching.phrases import fold

_NOBODYS = (WellKnown.DELETED, WellKnown.JUNK, WellKnown.DRAFTS, WellKnown.OUTBOX)


@dataclass(frozen=True, slots=True)
class EarlierFolder:
    """One folder that has a client's name or id. `why_not` says why nothing is learned from it; "" where it can be."""

    address: str
    folder_id: str
    path: FolderPath
    client_id: str
    messages: int
    why_not: str = ""


def earlier_folders(
    ledger: Ledger, clock: Clock, address: str, filing: Filing, connect: Callable[[], Mailbox]
) -> list[EarlierFolder]:
    """Folders of a mailbox whose name is a client's name or id, in the order of the tree; the ledger's own not.

    Nothing is changed. Raises as the mailbox does.
    """
    with ledger.unit() as unit:
        number = unit.places.mailbox(address)
    ground = survey(Hands(connect(), number, ledger, clock), filing, TreeCache())
    tree = ground.tree
    left_out = {folder.id for name in _NOBODYS if (top := tree.well_known(name)) for folder in tree.within(top.id)}
    left_out |= {folder.id for client in ground.client_of_folder for folder in tree.within(client)}
    clients = _by_name(filing.book.clients.values())
    found: list[EarlierFolder] = []
    for folder in tree:
        named = clients.get(_name(folder.name), ())
        if not named or folder.id in left_out or folder.well_known is not None or folder.is_search or folder.is_hidden:
            continue
        why_not = "" if len(named) == 1 else f"{len(named)} clients have that name"
        if not folder.item_count and not folder.child_count:
            why_not = why_not or "it is empty"
        count = _messages(tree, folder.id)
        found.append(EarlierFolder(address, folder.id, tree.path(folder.id), sorted(named)[0], count, why_not))
    return _outermost(tree, found)


def _messages(tree: FolderTree, folder_id: str) -> int:
    return sum(folder.item_count for folder in tree.within(folder_id))


def _outermost(tree: FolderTree, found: list[EarlierFolder]) -> list[EarlierFolder]:
    """Without folders that are inside another one found: that one's reading covers them."""
    ids = {one.folder_id for one in found}
    return [
        one
        for one in found
        if not any(above.id in ids for above in tree.upwards(one.folder_id) if above.id != one.folder_id)
    ]


def _by_name(clients: Iterable[Client]) -> dict[str, set[str]]:
    named: dict[str, set[str]] = {}
    for client in clients:
        for name in {_name(client.name), _name(client.id)}:
            named.setdefault(name, set()).add(client.id)
    return named


def _name(text: str) -> str:
    return " ".join(fold(text).split())
