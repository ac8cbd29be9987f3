"""The store is broken on purpose, one small thing at a time, and a test of the suite notices each.

A row names a method, a piece of its source, what stands there instead, and the test that must then fail. Each test is
first run on the sound store, so that it fails because of the mutation and of nothing else.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from mailsorter.emulator import running_emulator
from mailsorter.emulator.conditions import Conditions
from mailsorter.emulator.graph import batch, delta, folders, messages, rights
from mailsorter.emulator.identity import Identity
from mailsorter.emulator.odata.sql import FilterSql
from mailsorter.emulator.store.changes import Changes
from mailsorter.emulator.store.folders import Folders
from mailsorter.emulator.store.ids import IdCodec
from mailsorter.emulator.store.mailboxes import Mailboxes
from mailsorter.emulator.store.messages import Messages
from mailsorter.emulator.store.recoverable import Recoverable
from mailsorter.emulator.throttle import Throttle
from tests.emulator import (
    test_batch,
    test_delta,
    test_folders,
    test_identity,
    test_messages,
    test_recoverable,
)
from tests.emulator.client import GraphClient, frozen_clock


class Mutation(NamedTuple):
    """One thing broken, and who must notice."""

    what: str
    home: Any
    """The class or module."""
    name: str
    old: str
    new: str
    check: Callable[..., None]
    arguments: Mapping[str, Any] = MappingProxyType({})


_HELD = {"hold": {"litigation_hold": 1}}
_MOVED = test_messages.test_a_move_keeps_the_immutable_id_dates_flags_and_categories
_COPIED = test_messages.test_a_copy_is_another_message_with_the_same_dates_and_search_key
_LATER = test_delta.test_a_later_round_tells_new_changed_and_removed_messages
_GONE = test_recoverable.test_hard_delete_removes_for_good
_EXPIRED = test_recoverable.test_recoverable_items_go_after_their_time
_LADDER = test_messages.test_delete_goes_to_deleted_items_then_deletions_then_purges

MUTATIONS = [
    # moves and copies
    Mutation("a move loses the flag", Recoverable, "relocate", "folder = ?,", "flag = '{}', folder = ?,", _MOVED),
    Mutation("a move loses categories", Recoverable, "relocate", "folder = ?,", "categories = '[]', folder = ?,",
        _MOVED),
    Mutation("a move marks as unread", Recoverable, "relocate", "folder = ?,", "is_read = 0, folder = ?,", _MOVED),
    Mutation("a move sets a new date", Recoverable, "relocate", "folder = ?,", "received = sent + 1, folder = ?,",
        _MOVED),
    Mutation("a move keeps the default id", Recoverable, "relocate", "generation + 1", "generation + 0",
        test_messages.test_a_move_without_the_immutable_header_changes_the_id_and_the_old_one_is_stale),
    Mutation("a stale id still opens", Messages, "resolve", "ref.generation is not None and", "False and",
        test_messages.test_a_move_without_the_immutable_header_changes_the_id_and_the_old_one_is_stale),
    Mutation("a move into Purges is let through", Messages, "_check_target", "folder.recoverable", "False",
        test_messages.test_a_move_into_recoverable_items_or_nowhere_is_refused),
    Mutation("a move ends nowhere", Messages, "move", "message, target)",
        "message, self._folders.get(mailbox, message.folder))", _MOVED),
    Mutation("a copy is a move", Messages, "copy",
        "duplicate(mailbox, message, target, now=now, indexed=self._indexed_at(now))",
        "relocate(mailbox, message, target)", _COPIED),
    Mutation("a copy loses its search key", Recoverable, "duplicate", "area=", "search_key=b'x' * 16, area=",
        _COPIED),
    Mutation("a copy is dated today", Recoverable, "duplicate", "area=", "received=now, area=", _COPIED),
    # delta
    Mutation("delta forgets removals", Recoverable, "_leave", "INSERT OR REPLACE INTO removal VALUES (?, ?, ?, ?, ?)",
        "SELECT ?, ?, ?, ?, ?", _LATER),
    Mutation("delta forgets changes", Messages, "change", "= self._db.next_sequence()", "= message.seq", _LATER),
    Mutation("delta tells everything each time", Changes, "messages", "(folder, after, *parameters",
        "(folder, 0, *parameters", test_delta.test_a_round_without_changes_is_empty),
    Mutation("delta tells one too few", Changes, "messages", "seq > ? AND hidden", "seq > ? + 1 AND hidden", _LATER),
    Mutation("delta shows there and back", Changes, "is_visible", "if not (", "if True or not (",
        test_delta.test_there_and_back_between_two_rounds_is_invisible),
    Mutation("delta hides a change made while away", Changes, "is_visible", "message.content_seq <= known", "True",
        test_delta.test_a_change_made_while_away_is_told_after_the_return),
    Mutation("delta hides a return across rounds", Changes, "is_visible", "return stay is None or stay > known",
        "return False", test_delta.test_what_came_went_and_came_back_is_told),
    Mutation("delta tells what was never known", Changes, "messages", "entered_seq <= ?", "entered_seq + 0 * ? >= 0",
        test_delta.test_what_came_and_went_between_two_rounds_is_never_told),
    Mutation("delta takes another folder's token", delta, "_open_token", "!= scope", "== -1",
        test_delta.test_a_token_of_another_folder_is_refused),
    Mutation("lost delta state still answers", Conditions, "lose_delta_state", "+ 1", "+ 0",
        test_delta.test_lost_state_answers_410_also_in_mid_round, {"when": "later"}),
    Mutation("the tree's delta forgets a removed folder", Folders, "remove",
        "INSERT INTO folder_removal VALUES (?, ?, ?, ?)", "SELECT ?, ?, ?, ?",
        test_folders.test_the_trees_delta_tells_every_folder_once_then_changes_only),
    Mutation("the tree's delta forgets a rename", Folders, "rename", "self._db.next_sequence()", "folder.seq",
        test_folders.test_the_trees_delta_tells_every_folder_once_then_changes_only),
    # deletion, holds, retention
    Mutation("DELETE skips Deleted Items", Messages, "delete", 'folder, "deleteditems")', 'folder, "msgfolderroot")',
        _LADDER),
    Mutation("DELETE in Deleted Items goes to Purges", Messages, "delete", 'message, "recoverableitemsdeletions")',
        'message, "recoverableitemspurges")', _LADDER),
    Mutation("permanentDelete erases", Messages, "permanent_delete",
        'self._recoverable.discard(mailbox, message, "recoverableitemspurges")', "self._recoverable.erase(message)",
        test_recoverable.test_permanent_delete_puts_into_purges_and_the_item_can_still_be_read),
    Mutation("a hold does not hold", Recoverable, "hard_delete", "if reason:", "if False:",
        test_recoverable.test_a_held_item_is_not_hard_deleted, _HELD),
    Mutation("litigation hold is not looked at", Recoverable, "hold", "mailbox.litigation_hold", "False",
        test_recoverable.test_a_held_item_is_not_hard_deleted, _HELD),
    Mutation("a label holds nothing", Recoverable, "hold", "message.label:", "False:",
        test_recoverable.test_a_retention_label_holds_its_item_only),
    Mutation("a label holds the whole mailbox", Recoverable, "hold", "message.label:", "True:",
        test_recoverable.test_a_retention_label_holds_its_item_only),
    Mutation("no delay hold", Recoverable, "hold", "mailbox.delay_hold_until >", "0 >",
        test_recoverable.test_litigation_hold_keeps_for_ever_and_its_end_leaves_a_delay_hold),
    Mutation("a policy that only deletes holds", Recoverable, "hold", 'and not policy.endswith(":1")', "",
        test_recoverable.test_a_policy_that_only_deletes_or_excludes_the_mailbox_holds_nothing,
        {"policies": '["mbxabc:1"]'}),
    Mutation("a hold does not outlast retention", Recoverable, "_process_mailbox", "self.hold(mailbox, message)",
        "''", test_recoverable.test_litigation_hold_keeps_for_ever_and_its_end_leaves_a_delay_hold),
    Mutation("retention never comes", Recoverable, "_process_mailbox", "discarded <= ?", "discarded < 0 * ?",
        _EXPIRED),
    Mutation("retention comes a day early", Recoverable, "_process_mailbox", "mailbox.retain_days *",
        "(mailbox.retain_days - 2) *", _EXPIRED),
    Mutation("no version is kept", Recoverable, "keep_version", "if self.hold", "if False and self.hold",
        test_recoverable.test_under_hold_the_original_of_changed_mail_is_kept_in_versions,
        {"change": {"subject": "changed"}, "kept": ["Hello"]}),
    Mutation("reading makes a version", Messages, "change", "if head or body is not None:", "if True:",
        test_recoverable.test_under_hold_the_original_of_changed_mail_is_kept_in_versions,
        {"change": {"isRead": True}, "kept": []}),
    Mutation("hard delete leaves the contents", Recoverable, "erase", "DELETE FROM content WHERE id = ?", "SELECT ?",
        _GONE),
    Mutation("hard delete only hides", Recoverable, "erase", "DELETE FROM message WHERE id = ?",
        "UPDATE message SET hidden = 1 WHERE id = ?", _GONE),
    Mutation("soft delete goes to Purges", Recoverable, "soft_delete", "recoverableitemsdeletions",
        "recoverableitemspurges", test_recoverable.test_soft_delete_goes_to_deletions),
    # folders
    Mutation("a name may be taken twice", Folders, "_check_name", "if taken:", "if False:",
        test_folders.test_a_taken_name_is_refused_in_any_case_also_when_a_hidden_folder_has_it),
    Mutation("a folder moves below itself", Folders, "move", "any(step.id == folder.id", "any(False and step",
        test_folders.test_a_folder_does_not_move_below_itself),
    Mutation("a well-known folder is deleted", Messages, "delete_folder", "if folder.well_known:", "if False:",
        test_folders.test_a_well_known_folder_is_not_deleted, {"method": "DELETE", "path": "mailFolders/inbox"}),
    Mutation("a dissolved folder keeps its mail from Purges", Messages, "permanent_delete_folder",
        "recoverableitemspurges", "recoverableitemsdeletions",
        test_folders.test_a_folder_deleted_for_good_is_gone_and_its_mail_recoverable,
        {"road": "permanent", "place": "recoverableitemspurges"}),
    Mutation("a copied folder is empty", Messages, "copy_folder", "self.in_folder(folder)", "()",
        test_folders.test_a_copied_folder_has_copies_of_all_below),
    # ids, queries, quota, rights
    Mutation("ids are not checked", IdCodec, "read_message_id", "if raw == self._immutable +",
        "if raw[43:49] or self._immutable +", test_messages.test_ids_are_case_sensitive_and_checked),
    Mutation("messages below a folder are found anywhere", messages, "find", "message.folder != folder.id", "False",
        test_messages.test_below_a_folder_only_its_own_messages_are_found),
    Mutation("pages repeat their last message", messages, "next_link", "str(skip)", "str(skip - 1)",
        test_messages.test_messages_come_newest_first_ten_a_page),
    Mutation("the mailbox's list holds Recoverable Items", messages, "_where", "AND message.area = 0", "",
        test_messages.test_the_whole_mailbox_leaves_recoverable_items_out_and_deleted_items_in),
    Mutation("hidden folders are always listed", folders, "_list", "if not hidden and", "if False and",
        test_folders.test_the_root_lists_visible_mail_folders_only),
    Mutation("a full mailbox takes more", Mailboxes, "check_room", "> mailbox.quota_bytes", "< 0",
        test_messages.test_a_full_mailbox_takes_nothing_more),
    Mutation("quota is not enforced", Throttle, "_enter", "used >= self.limits.requests", "False",
        test_batch.test_requests_over_the_quota_are_refused_until_the_window_has_passed),
    Mutation("refused requests do not count", Throttle, "_enter", "_add(meter.requests, now, 1)",
        "_add(meter.requests, now, int(used < self.limits.requests))",
        test_batch.test_refused_requests_count_against_the_quota_too),
    Mutation("five at once are let in", Throttle, "_enter", "> self.limits.concurrent",
        "> self.limits.concurrent + 1", test_batch.test_a_fifth_request_at_once_is_refused),
    Mutation("a batch hands its Prefer on", batch, "_item_request", "headers = _headers(item)",
        "headers = {'prefer': outer.headers.get('prefer', ''), **_headers(item)}",
        test_batch.test_the_outer_prefer_header_does_not_reach_the_items),
    Mutation("a failed dependency is not noticed", batch, "answer_batch", ">= 400", ">= 600",
        test_batch.test_what_depends_on_a_failure_fails_with_424),
    Mutation("scope is not looked at", rights, "_covers", "scope & wanted", "True",
        test_identity.test_a_scoped_app_is_refused_elsewhere_and_a_tenant_wide_grant_wins_over_scope),
    Mutation("an expired token opens", Identity, "app_of", 'float(claims["exp"]) <=', "0 >",
        test_identity.test_a_token_expires_with_the_emulators_clock),
    Mutation("revoking revokes nothing", Identity, "revoke_all", "self._generation += 1", "self._generation += 0",
        test_identity.test_revoked_tokens_are_refused_and_new_ones_are_not),
    Mutation("an unsortable list is sorted", FilterSql, "condition", "if order", "if False and order",
        test_messages.test_a_query_that_exchange_refuses_is_refused_with_its_code,
        {"query": "$filter=isRead eq true&$orderby=receivedDateTime", "code": "InefficientFilter"}),
]  # fmt: skip


def mutated(home: Any, name: str, old: str, new: str) -> Any:
    """The function with one piece of its source replaced, everywhere in it."""
    function = getattr(home, name)
    source = textwrap.dedent(inspect.getsource(function))
    assert old in source, f"{name} has changed: mend this row"
    scope: dict[str, Any] = {}
    exec(compile(source.replace(old, new), inspect.getfile(function), "exec"), function.__globals__, scope)
    return scope[name]


def run_check(mutation: Mutation) -> None:
    """The suite's test as pytest would call it, on an emulator of its own."""
    wanted = set(inspect.signature(mutation.check).parameters)
    if "graph" not in wanted:
        mutation.check(**mutation.arguments)
        return
    with running_emulator(clock=frozen_clock()) as emulator:
        emulator.store.mailboxes.create("anna@firm.example", "Anna de Wit")
        with GraphClient(emulator) as graph:
            arguments = {"graph": graph, **mutation.arguments}
            if "admin" in wanted:
                arguments["admin"] = "/v1.0/admin/exchange/mailboxes/" + graph.store.mailboxes.mbx_id(graph.mailbox)
            mutation.check(**arguments)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[mutation.what for mutation in MUTATIONS])
def test_a_broken_store_is_noticed(mutation: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The named test passes on the sound store and fails on the broken one."""
    run_check(mutation)
    monkeypatch.setattr(mutation.home, mutation.name, mutated(*mutation[1:5]))
    with pytest.raises((AssertionError, LookupError)):
        run_check(mutation)
