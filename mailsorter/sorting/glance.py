"""A look that finds nothing must cost nothing: one tree request and one a watched folder, one read of the ledger.

A daemon's job remembers, in its `TreeCache`, what its last complete run stood on. While folders, rules and the ledger's
cursors are as they were, asking for changes is all there is to do. Whatever shows up is handed to the full run, pages
already read included, so that nothing is asked twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from mailsorter.ledger.ledger import Unit
from mailsorter.model.folder import Folder
from mailsorter.perform import Hands
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.ground import TreeCache, ask_for_tree
from mailsorter.sorting.window import Window, changed_windows

SAVE_AFTER_S = 600.0  # cursors of looks that found nothing are written this often: an older one only reads more


@dataclass(slots=True)
class Quiet:
    """What the last complete run of this process stood on. Cursors by folder number."""

    filing: Filing
    policy: bytes  # the digest of the filing's own
    watched: tuple[tuple[Folder, int], ...]
    saved_at: float
    saved: dict[int, str] = field(default_factory=dict)  # as the ledger has them
    newest: dict[int, str] = field(default_factory=dict)  # as the mailbox last gave them


def rules_setting(number: int) -> str:
    """Under which name the ledger keeps the digest of book and rules as a mailbox was last tested with."""
    return f"rules of mailbox {number}"


def own_rules_setting(number: int) -> str:
    """Under which name the ledger keeps the digest of the firm's own part of these rules.

    Ledgers of release 0.1.0 have none: there the whole was the firm's own.
    """
    return f"own rules of mailbox {number}"


def edition_setting(number: int) -> str:
    """Under which name the ledger keeps the edition of the rules of evidence that a mailbox was last tested with."""
    return f"edition of mailbox {number}"


def edition_in_force(unit: Unit, number: int, now: int) -> int:
    """The edition by which a mailbox's mail was last decided; `now`, the program's own, where it never was.

    Ledgers of release 0.1.0 do not name it: theirs is 1.
    """
    if unit.settings.get(rules_setting(number)) is None:
        return now
    written = unit.settings.get(edition_setting(number))
    return int(written) if written is not None else 1


def policy_setting(number: int) -> str:
    """Under which name the ledger keeps the digest of the filing policy by which a mailbox's mail last waited."""
    return f"policy of mailbox {number}"


@dataclass(slots=True)
class Glance:
    """What a first look gave: windows read ahead by folder id, and whether the tree was asked for.

    `quiet` stands where the ledger was as the last run had left it: nothing open, nothing due, the same rules.
    """

    ahead: dict[str, Iterator[Window]] = field(default_factory=dict)
    asked_tree: bool = False
    found_nothing: bool = False
    quiet: Quiet | None = None


def glance(hands: Hands, filing: Filing, cache: TreeCache) -> Glance:
    """Look whether there is anything to do at all. Raises what the mailbox raises."""
    seen = Glance()
    quiet = cache.quiet
    if not isinstance(quiet, Quiet) or quiet.filing is not filing or cache.tree is None:
        return seen
    if not _ledger_is_as_it_was(hands, quiet):
        cache.quiet = None
        return seen
    seen.quiet = quiet
    has_changed = ask_for_tree(hands.mailbox, cache)
    seen.asked_tree = True
    if has_changed:
        return seen
    for folder, number in quiet.watched:
        windows = changed_windows(hands.mailbox, folder, quiet.newest[number])
        first = next(windows, None)
        if first is None or first.messages or first.removed or not first.is_last:
            seen.ahead[folder.id] = chain(() if first is None else (first,), windows)
            return seen
        if first.cursor is not None:
            quiet.newest[number] = first.cursor
    seen.found_nothing = True
    _save(hands, quiet)
    return seen


def remember(
    hands: Hands,
    filing: Filing,
    cache: TreeCache,
    watched: Sequence[tuple[Folder, int]],
    cursors: Mapping[int, str],
) -> None:
    """A run came to its end: what the next look may stand on.

    `watched` are the folders with their numbers, `cursors` what the run wrote of them, by number.
    """
    known = {number: cursors[number] for _, number in watched if number in cursors}
    if len(known) < len(watched):
        cache.quiet = None
        return
    cache.quiet = Quiet(filing, filing.policy.digest, tuple(watched), hands.clock.monotonic(), dict(known), dict(known))


def _ledger_is_as_it_was(hands: Hands, quiet: Quiet) -> bool:
    """Another process may have sorted, been killed, or gone by other rules or another policy; mail may be due."""
    now_s = int(hands.clock.now().timestamp())
    with hands.ledger.reading() as unit:
        cursors = unit.cursors.all(hands.number)
        return (
            unit.settings.get(rules_setting(hands.number)) == quiet.filing.rules_digest
            and unit.settings.get(policy_setting(hands.number)) == quiet.policy
            and all(cursors.get(number) == cursor for number, cursor in quiet.saved.items())
            and not unit.messages.is_any_due(hands.number, now_s)
            and not unit.steps.is_any_open(hands.number)
        )


def _save(hands: Hands, quiet: Quiet) -> None:
    now = hands.clock.monotonic()
    if now - quiet.saved_at < SAVE_AFTER_S or quiet.newest == quiet.saved:
        return
    with hands.ledger.unit() as unit:
        for number, cursor in quiet.newest.items():
            unit.cursors.set(hands.number, number, cursor)
    quiet.saved, quiet.saved_at = dict(quiet.newest), now
