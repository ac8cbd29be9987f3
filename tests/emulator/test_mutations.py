"""A store that is broken on purpose is noticed: each mutant must make the test that guards it fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mailsorter.emulator.store.changes import Changes
from mailsorter.emulator.store.folders import Folders
from mailsorter.emulator.store.ids import IdCodec
from mailsorter.emulator.store.messages import Messages
from mailsorter.emulator.store.recoverable import Recoverable
from mailsorter.emulator.throttle import Throttle
from tests.emulator import test_batch, test_delta, test_folders, test_messages, test_recoverable
from tests.emulator.client import GraphClient

Patch = pytest.MonkeyPatch


def loses_flags(patch: Patch) -> None:
    real = Recoverable.relocate

    def relocate(self: Recoverable, mailbox: Any, message: Any, target: Any) -> Any:
        moved = real(self, mailbox, message, target)
        self._db.run('UPDATE message SET flag = \'{"flagStatus":"notFlagged"}\' WHERE id = ?', (moved.id,))
        return self._get(mailbox, moved.id)

    patch.setattr(Recoverable, "relocate", relocate)


def forgets_removals(patch: Patch) -> None:
    patch.setattr(Recoverable, "_leave", lambda self, message, seq: None)


def forgets_changes(patch: Patch) -> None:
    real = Changes.messages

    def changes(self: Changes, folder: int, **options: Any) -> Any:
        return [one for one in real(self, folder, **options) if one.message is None or one.is_new]

    patch.setattr(Changes, "messages", changes)


def tells_there_and_back(patch: Patch) -> None:
    patch.setattr(Changes, "is_visible", lambda self, folder, change, **options: True)


def holds_nothing(patch: Patch) -> None:
    patch.setattr(Recoverable, "hold", lambda self, mailbox, message: "")


def keeps_for_ever(patch: Patch) -> None:
    patch.setattr(Recoverable, "process", lambda self: 0)


def keeps_no_versions(patch: Patch) -> None:
    patch.setattr(Recoverable, "keep_version", lambda self, mailbox, message: None)


def deletes_at_once(patch: Patch) -> None:
    patch.setattr(Messages, "delete", lambda self, mailbox, message: self._recoverable.erase(message))


def keeps_default_ids(patch: Patch) -> None:
    real = IdCodec.default_id
    patch.setattr(IdCodec, "default_id", lambda self, message, generation: real(self, message, 1))


def takes_any_id(patch: Patch) -> None:
    patch.setattr(IdCodec, "_check", lambda self, kind, numbers: b"\0" * 16)


def leaves_mail_behind(patch: Patch) -> None:
    patch.setattr(Messages, "_dissolve", lambda self, mailbox, folder, into: self._folders.remove(mailbox, folder))


def forgets_taken_names(patch: Patch) -> None:
    patch.setattr(Folders, "_check_name", lambda self, mailbox, parent, name, but=0: None)


def admits_all(patch: Patch) -> None:
    from contextlib import nullcontext

    patch.setattr(Throttle, "admit", lambda self, app, mailbox, **options: nullcontext())


def _held(graph: GraphClient) -> None:
    admin = f"/v1.0/admin/exchange/mailboxes/{graph.get('settings/exchange')['primaryMailboxId']}"
    test_recoverable.test_a_held_item_is_not_hard_deleted(graph, admin, {"litigation_hold": 1})


def _dissolved(graph: GraphClient) -> None:
    test_folders.test_a_folder_deleted_for_good_is_gone_and_its_mail_recoverable(
        graph, "permanent", "recoverableitemspurges"
    )


def _versioned(graph: GraphClient) -> None:
    test_recoverable.test_under_hold_the_original_of_changed_mail_is_kept_in_versions(
        graph, {"subject": "changed"}, ["Hello"]
    )


MUTANTS: list[tuple[Callable[[Patch], None], Callable[[GraphClient], None]]] = [
    (loses_flags, test_messages.test_a_move_keeps_the_immutable_id_dates_flags_and_categories),
    (forgets_removals, test_delta.test_a_later_round_tells_new_changed_and_removed_messages),
    (forgets_changes, test_delta.test_a_later_round_tells_new_changed_and_removed_messages),
    (tells_there_and_back, test_delta.test_there_and_back_between_two_rounds_is_invisible),
    (holds_nothing, _held),
    (keeps_for_ever, test_recoverable.test_recoverable_items_go_after_their_time),
    (keeps_no_versions, _versioned),
    (deletes_at_once, test_messages.test_delete_goes_to_deleted_items_then_deletions_then_purges),
    (keeps_default_ids, test_messages.test_a_move_without_the_immutable_header_changes_the_id_and_the_old_one_is_stale),
    (takes_any_id, test_messages.test_ids_are_case_sensitive_and_checked),
    (leaves_mail_behind, _dissolved),
    (forgets_taken_names, test_folders.test_a_taken_name_is_refused_in_any_case_also_when_a_hidden_folder_has_it),
    (admits_all, test_batch.test_each_item_counts_as_a_request),
]


@pytest.mark.parametrize(("mutate", "guard"), MUTANTS, ids=[row[0].__name__ for row in MUTANTS])
def test_a_broken_store_is_noticed(
    graph: GraphClient, monkeypatch: Patch, mutate: Callable[[Patch], None], guard: Callable[[GraphClient], None]
) -> None:
    with monkeypatch.context() as patch:
        mutate(patch)
        with pytest.raises((AssertionError, KeyError, IndexError)):
            guard(graph)


@pytest.mark.parametrize("guard", {row[1] for row in MUTANTS}, ids=lambda guard: guard.__name__)
def test_a_whole_store_is_not(graph: GraphClient, guard: Callable[[GraphClient], None]) -> None:
    guard(graph)
