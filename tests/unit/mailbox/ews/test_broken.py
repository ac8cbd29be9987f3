"""Deliberately broken versions of what survives other servers: each is noticed by the test that it concerns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from exchangelib import FailFast

from mailsorter.emulator import running_emulator
from mailsorter.errors import MailsorterError
from mailsorter.mailbox.base import Done
from mailsorter.mailbox.ews import by_key, codes, elements, mailbox, session, tree
from tests.unit.mailbox.ews import test_servers as suite
from tests.unit.mailbox.ews.test_servers import Office

Break = Callable[[pytest.MonkeyPatch], None]


def pages_end_where_nothing_says_so(patch: pytest.MonkeyPatch) -> None:
    """What a server leaves out counts as "that was the last page"."""

    def is_last(answer: Any, shown: int, *, full_is: int = 0) -> bool:
        root = elements.find(answer, "m:RootFolder")
        return root is None or root.get("IncludesLastItemInRange", "true").lower() != "false"

    for module in (mailbox, tree, by_key):
        patch.setattr(module, "is_last", is_last)


def nothing_is_looked_for(patch: pytest.MonkeyPatch) -> None:
    """A new id that is not told stays unknown."""
    patch.setattr(by_key.ByKey, "look", lambda self, folders, keys, **_: {})


def the_first_copy_is_taken(patch: pytest.MonkeyPatch) -> None:
    """Of several items with one key the first counts as the one that was moved."""
    look = by_key.ByKey.look

    def first(self: Any, folders: Any, keys: Any, **how: Any) -> Any:
        return {key: places[:1] for key, places in look(self, folders, keys, **how).items()}

    patch.setattr(by_key.ByKey, "look", first)


def each_is_looked_for_by_itself(patch: pytest.MonkeyPatch) -> None:
    """One search a message."""
    look = by_key.ByKey.look

    def singly(self: Any, folders: Any, keys: Any, **how: Any) -> Any:
        found: dict[bytes, Any] = {}
        for key in keys:
            found |= look(self, folders, [key], **how)
        return found

    patch.setattr(by_key.ByKey, "look", singly)


def http_400_is_the_end(patch: pytest.MonkeyPatch) -> None:
    """Not asked again on another connection."""
    patch.setattr(session.AskOnce, "raise_response_errors", FailFast.raise_response_errors)


def codes_of_other_servers_are_unknown(patch: pytest.MonkeyPatch) -> None:
    """ErrorToFolderNotFound and its like are refusals."""
    known = dict(codes.group_of())
    known["ErrorToFolderNotFound"] = known["ErrorSyncFolderNotFound"] = known["ErrorInvalidId"] = "REFUSED"
    patch.setattr("mailsorter.mailbox.ews.refusals.group_of", lambda: known)


def a_deletion_that_nobody_looked_up_is_done(patch: pytest.MonkeyPatch) -> None:
    """Instead of unknown."""
    patch.setattr(mailbox, "_not_looked_up", lambda error: Done("?"))


BROKEN: list[tuple[Break, Callable[[Office], None]]] = [
    (pages_end_where_nothing_says_so, suite.test_pages_without_paging_attributes_are_read_to_the_end),
    (nothing_is_looked_for, suite.test_a_copy_without_a_told_id_is_found),
    (the_first_copy_is_taken, suite.test_which_of_two_copies_was_moved_is_not_guessed),
    (each_is_looked_for_by_itself, suite.test_several_targets_are_looked_into_by_one_request),
    (http_400_is_the_end, suite.test_a_connection_that_is_dropped_after_a_large_body),
    (codes_of_other_servers_are_unknown, suite.test_other_codes_mean_the_same),
    (
        a_deletion_that_nobody_looked_up_is_done,
        lambda office: suite.test_a_deletion_whose_look_up_is_refused_is_open(office, False, "ErrorAccessDenied"),
    ),
]


@pytest.fixture
def office() -> Iterator[Office]:
    with running_emulator() as emulator:
        yield Office(emulator)


@pytest.mark.parametrize(("broken", "test"), BROKEN, ids=[one.__name__ for one, _ in BROKEN])
def test_a_broken_version_is_noticed(
    office: Office, monkeypatch: pytest.MonkeyPatch, broken: Break, test: Callable[[Office], None]
) -> None:
    """The test passes as things are (it is part of this suite), and fails with the break."""
    broken(monkeypatch)
    with pytest.raises((AssertionError, MailsorterError)):
        test(office)
