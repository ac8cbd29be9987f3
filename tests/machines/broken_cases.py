"""Versions of the cases that are broken on purpose, each in one way that a claim depends on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mailsorter.cases import accounting, close, covering, letter, prove
from mailsorter.cases.expected import Expected
from mailsorter.ledger.steps import Steps
from mailsorter.mailbox import folder_listing
from mailsorter.model import account, coverage, verdict
from mailsorter.model.account import Bucket
from mailsorter.model.case import ItemState
from mailsorter.model.coverage import GapKind

Break = Callable[[pytest.MonkeyPatch], None]


def _not_open(patch: pytest.MonkeyPatch, bucket: Bucket) -> None:
    patch.setattr(account, "OPEN", tuple(one for one in account.OPEN if one is not bucket))


def a_hold_is_fine(patch: pytest.MonkeyPatch) -> None:
    """Held items do not hinder a proof."""
    _not_open(patch, Bucket.HELD)


def a_refused_delete_is_fine(patch: pytest.MonkeyPatch) -> None:
    """Items that Exchange refused to delete do not hinder a proof."""
    _not_open(patch, Bucket.FAILED)


def a_change_is_fine(patch: pytest.MonkeyPatch) -> None:
    """Items that changed since the approval do not hinder a proof."""
    _not_open(patch, Bucket.CHANGED)


def what_is_unread_lies_beyond_the_depth(patch: pytest.MonkeyPatch) -> None:
    """Every gap is counted and none hinders."""
    patch.setattr(coverage, "kind_of", lambda _: GapKind.BEYOND_DEPTH)


def the_search_s_gaps_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Only what the witness could not read counts."""
    patch.setattr(prove, "not_seen_by_search", lambda *_: [])


def the_witness_s_gaps_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Only what the search could not read counts."""
    patch.setattr(covering, "not_seen_by_witness", lambda _: [])
    patch.setattr(covering, "short_folders", lambda _: [])


def a_short_listing_is_whole(patch: pytest.MonkeyPatch) -> None:
    """Nobody compares a listing with the folder's count."""
    patch.setattr(covering, "short_folders", lambda _: [])
    patch.setattr(folder_listing.FolderListing, "again", lambda self: iter(()))


def the_witness_is_not_heard(patch: pytest.MonkeyPatch) -> None:
    """What it sees beside the list counts for nothing."""
    real = prove._compare

    def deaf(*given: Any) -> Any:
        compared = real(*given)
        compared.unsettled = []
        return compared

    patch.setattr(prove, "_compare", deaf)


def what_the_witness_saw_cannot_be_decided(patch: pytest.MonkeyPatch) -> None:
    """Its hits fail the proof and become no items."""
    patch.setattr(prove, "keep", lambda *_: None)
    patch.setattr(
        prove, "facts_of", lambda file, files: verdict.ProofFacts(seen=1, files=files)
    )  # fmt: skip


def erased_once_is_erased_for_ever(patch: pytest.MonkeyPatch) -> None:
    """The steps of a first erasure settle a second one."""
    patch.setattr(Steps, "forget_erasures", lambda *_: None)


def an_erased_item_may_be_there(patch: pytest.MonkeyPatch) -> None:
    """The proof takes an erased item that is seen for one that stays."""
    patch.setattr(prove, "STAYS", {**prove.STAYS, ItemState.ERASED: "erased"})


def a_case_closes_whatever_is_open(patch: pytest.MonkeyPatch) -> None:
    """Closing asks nothing."""
    patch.setattr(close, "_check_nothing_open", lambda *_: None)


def a_letter_says_what_it_is_told(patch: pytest.MonkeyPatch) -> None:
    """The letter done is written whatever remains."""
    patch.setattr(letter, "_check_answer", lambda *_: None)


def a_row_and_its_finding_are_two(patch: pytest.MonkeyPatch) -> None:
    """The account counts a message as a finding and as a row."""
    patch.setattr(accounting, "rows_of", lambda *_: {})


def what_moved_is_gone(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks whether what the witness sees is an approved message under another id."""
    patch.setattr(Expected, "perhaps", lambda *_: set())


def what_moved_is_one_more(patch: pytest.MonkeyPatch) -> None:
    """The account finds a row by the id that was approved, and by nothing else."""
    patch.setattr(accounting, "_by_traces", lambda *_: {})


WITH_CHANGING_IDS: dict[Break, str] = {
    what_moved_is_gone: "moved after approval",
    what_moved_is_one_more: "moved after approval",
}
"""Those that show where ids change on every move."""

ALL: dict[Break, str] = {
    a_hold_is_fine: "held",
    a_refused_delete_is_fine: "deletes refused",
    a_change_is_fine: "edited after approval",
    what_is_unread_lies_beyond_the_depth: "mailbox refused",
    the_search_s_gaps_are_forgotten: "left out and readable again",
    the_witness_s_gaps_are_forgotten: "mailbox refused to the witness alone",
    a_short_listing_is_whole: "listing cut",
    the_witness_is_not_heard: "restored",
    what_the_witness_saw_cannot_be_decided: "plain",
    erased_once_is_erased_for_ever: "restored",
    an_erased_item_may_be_there: "restored",
    a_case_closes_whatever_is_open: "mailbox refused",
    a_letter_says_what_it_is_told: "mailbox refused",
    a_row_and_its_finding_are_two: "plain",
}
"""Each with the directed schedule that catches it."""
