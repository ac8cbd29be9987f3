"""Delta with `$expand` may answer 500 where all else works: filing goes on without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailsorter.emulator.faults import FaultPlan
from mailsorter.errors import Unreachable
from mailsorter.model.folder import WellKnown
from tests.cases.tenant import Tenant, tenant

EXPANDED = {"path": "users/*/messages/delta", "query": "*$expand=*", "status": 500}


def inbox(firm: Tenant) -> str:
    folder = firm.office.open_mailbox("anna@firm.example").tree().well_known(WellKnown.INBOX)
    assert folder is not None
    return folder.id


def test_a_round_comes_without_extended_properties_and_is_remembered(tmp_path: Path) -> None:
    """Each message is whole all the same, its thread too; the next round does not try again."""
    with tenant(tmp_path, ("anna",)) as firm:
        key = firm.put(firm.mailboxes[0], subject="vraag", references="<eerder@klant.example>")
        mailbox, folder_id = firm.office.open_mailbox("anna@firm.example"), inbox(firm)
        firm.emulator.faults.set_plan(FaultPlan.make({"fault": [EXPANDED]}))
        pages = list(mailbox.changes(folder_id, None))
        messages = [message for page in pages for message in page.messages]
        assert [(m.id, m.subject, m.references) for m in messages] == [(key, "vraag", ("<eerder@klant.example>",))]
        struck = firm.emulator.faults.struck
        assert struck[0] > 0
        late = firm.put(firm.mailboxes[0], subject="later")
        again = [m.id for page in mailbox.changes(folder_id, pages[-1].cursor) for m in page.messages]
        assert again == [late]
        assert {m.id for page in mailbox.changes(folder_id, None) for m in page.messages} == {key, late}
        assert firm.emulator.faults.struck == struck


def test_a_server_that_fails_altogether_is_still_unreachable(tmp_path: Path) -> None:
    """The extended properties are not to blame: nothing is remembered, and the next run tries as before."""
    with tenant(tmp_path, ("anna",)) as firm:
        key = firm.put(firm.mailboxes[0], references="<eerder@klant.example>")
        mailbox, folder_id = firm.office.open_mailbox("anna@firm.example"), inbox(firm)
        firm.emulator.faults.set_plan(FaultPlan.make({"fault": [{**EXPANDED, "query": "*"}]}))
        with pytest.raises(Unreachable):
            list(mailbox.changes(folder_id, None))
        firm.emulator.faults.set_plan(FaultPlan())
        assert [m.id for page in mailbox.changes(folder_id, None) for m in page.messages] == [key]


def test_a_cursor_that_fails_is_given_up_for_a_whole_round(tmp_path: Path) -> None:
    """Its token asks for extended properties. Where a new round with them works, only the cursor had trouble."""
    with tenant(tmp_path, ("anna",)) as firm:
        key = firm.put(firm.mailboxes[0], references="<eerder@klant.example>")
        mailbox, folder_id = firm.office.open_mailbox("anna@firm.example"), inbox(firm)
        (*_, last) = mailbox.changes(folder_id, None)
        by_token = {**EXPANDED, "query": "*token=*"}
        firm.emulator.faults.set_plan(FaultPlan.make({"fault": [by_token]}))
        with pytest.raises(Unreachable):
            list(mailbox.changes(folder_id, last.cursor))
        firm.emulator.faults.set_plan(FaultPlan.make({"fault": [{**by_token, "times": 6}, EXPANDED]}))
        assert [m.id for page in mailbox.changes(folder_id, last.cursor) for m in page.messages] == [key]
