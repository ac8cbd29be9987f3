"""What one mailbox looks like at the start of a run: its tree, the watched folders, each client's folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mailsorter.errors import CursorLost, UserError
from mailsorter.ledger.cursors import TREE
from mailsorter.ledger.places import KnownFolder
from mailsorter.mailbox.base import Mailbox
from mailsorter.model.folder import Folder, FolderPath, FolderTree, WellKnown
from mailsorter.perform import Hands
from mailsorter.sorting.client_numbers import ClientNumbers
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.matching import MatchBook
from mailsorter.sorting.targets import Targets
from mailsorter.sorting.watched import watched_folders


@dataclass(frozen=True, slots=True)
class Owned:
    """Whose each of the folders is that the ledger knows: made anew only when one changed hands, id or path."""

    known: Sequence[KnownFolder]
    numbers: ClientNumbers
    of_client: Mapping[str, tuple[str, FolderPath]]  # client id to folder id and path
    client_of_folder: Mapping[str, int]


@dataclass(slots=True)
class TreeCache:
    """The tree as a daemon last saw it, so that an idle look costs one request and no decoding."""

    tree: FolderTree | None = None
    cursor: str | None = None
    numbers: tuple[MatchBook, ClientNumbers] | None = None  # of this book: a digest for each client
    number: int | None = None  # the mailbox's in the ledger
    owned: Owned | None = None
    quiet: object = None  # what `glance` stands on
    decided: set[bytes] | None = None  # threads decided since left mail was last tested by them; None: ask of all
    fruitless: frozenset[bytes] = frozenset()  # left mail of decided threads that was tested again and stayed left


@dataclass(frozen=True, slots=True)
class MailboxGround:
    """Where everything is. `client_of_folder` maps a client folder's id to the ledger's client number."""

    tree: FolderTree
    targets: Targets
    watched: tuple[Folder, ...]
    missing: tuple[str, ...]
    client_of_folder: Mapping[str, int]
    numbers: ClientNumbers
    sent_folder_id: str | None = field(default=None)
    known: Sequence[KnownFolder] = ()  # folders as the ledger had them at the start


def survey(hands: Hands, filing: Filing, cache: TreeCache, *, is_fresh: bool = False) -> MailboxGround:
    """Look at the mailbox's folders; `is_fresh`: the cache's tree was asked for just now.

    Raises `UserError` when none of the watched ones exist.
    """
    tree = cache.tree if is_fresh and cache.tree is not None else _tree(hands, cache)
    numbers = _numbers(hands, filing.book, cache)
    with hands.ledger.reading() as unit:
        known = unit.places.folders(hands.number)
        numbers.learn(unit, (f.client for f in known if f.client is not None))
    owned = cache.owned = _owned(known, numbers, cache.owned)
    paths = filing.folder_of.values()
    watched = watched_folders(tree, filing.watch, filing.archive, paths, owned.client_of_folder)
    if watched.missing and not watched.folders:
        raise UserError(
            f"Mailbox {hands.mailbox.address} has none of the folders to watch: {', '.join(watched.missing)}.",
            advice="Mend [filing] watch, then run: mailsorter config check",
        )
    sent = tree.well_known(WellKnown.SENT)
    targets = Targets(tree, filing.folder_of, owned.of_client)
    return MailboxGround(
        tree, targets, watched.folders, watched.missing, owned.client_of_folder, numbers, sent.id if sent else None,
        known,
    )  # fmt: skip


def _owned(known: Sequence[KnownFolder], numbers: ClientNumbers, before: Owned | None) -> Owned:
    """Whose folder each is; as it was before where nothing but counts has changed since."""
    if before is not None and before.numbers is numbers and _is_of_the_same(known, before.known):
        return before
    of_client = {c: (f.id, f.path) for f in known if (c := numbers.id(f.client)) is not None}
    return Owned(known, numbers, of_client, {f.id: f.client for f in known if f.client is not None})


def _is_of_the_same(known: Sequence[KnownFolder], before: Sequence[KnownFolder]) -> bool:
    return len(known) == len(before) and all(
        one is other or (one.number, one.id, one.path, one.client) == (other.number, other.id, other.path, other.client)
        for one, other in zip(known, before, strict=True)
    )


def _numbers(hands: Hands, book: MatchBook, cache: TreeCache) -> ClientNumbers:
    if cache.numbers is None or cache.numbers[0] is not book:
        cache.numbers = book, ClientNumbers(hands.ledger.key, book.clients)
    return cache.numbers[1]


def ask_for_tree(mailbox: Mailbox, cache: TreeCache) -> bool:
    """Bring the cache's tree up to date; gives whether it changed. A server that forgot where we were starts anew."""
    try:
        page = mailbox.tree_changes(cache.cursor if cache.tree is not None else None)
    except CursorLost:
        page = mailbox.tree_changes(None)
    cache.cursor = page.cursor
    if page.tree is not None:
        if cache.tree is not None:
            page.tree.share(cache.tree)
        cache.tree = page.tree
    return page.tree is not None


def _tree(hands: Hands, cache: TreeCache) -> FolderTree:
    ask_for_tree(hands.mailbox, cache)
    with hands.ledger.unit() as unit:
        if cache.cursor is not None and unit.cursors.get(hands.number, TREE) != cache.cursor:
            unit.cursors.set(hands.number, TREE, cache.cursor)
    assert cache.tree is not None  # a look without a cursor always brings the tree
    return cache.tree
