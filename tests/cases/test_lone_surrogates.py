"""Half of a surrogate pair in a stranger's text, through every step that mail passes: filed, found, erased, proven."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailsorter.cases.perform import perform
from mailsorter.cases.prove import prove
from mailsorter.emulator.store import Address
from mailsorter.model.case import Subject
from tests.cases.tenant import Tenant, tenant
from tests.cases.test_commands import Desk

HALF = "\ud83d"


def fill(firm: Tenant, half: str) -> None:
    """The same mail with a half in all of its texts, or with ordinary letters there."""
    anna = firm.mailboxes[0]
    piet, wie = Address(f"Piet {half}", "piet@klant.example"), Address(half, f"wie{half}@elders.example")
    odd = {"message_id": f"<{half}@klant.example>", "references": f"<{half}1@x.example>", "categories": [half]}
    for number in range(3):
        firm.put(anna, from_=piet, subject=f"{half} bericht {number} {half}", body=half, preview=half)
    firm.put(anna, from_=wie, subject=half, body=f"over piet@klant.example {half}", **odd)
    firm.put(anna, ("Map", f"Onder {half}"), from_=piet, subject=f"los {half}", **odd)


@pytest.mark.parametrize("half", [HALF, "\udc00", "z"])
def test_mail_with_half_a_pair_is_filed_and_listed_as_any_other(tmp_path: Path, half: str) -> None:
    with tenant(tmp_path, names=("anna",)) as firm:
        fill(firm, half)
        desk = Desk(firm)
        done = desk.json("sort")
        assert [done[k] for k in ("pulled", "filed", "left", "failed")] == [4, 3, 1, 0]
        (left,) = desk.json("review")["messages"]
        assert left["subject"] == ("z" if half == "z" else "\ufffd")
        desk.type("explain", done["run"])
        desk.type("review")
        assert desk.json("sort")["pulled"] == 0


@pytest.mark.parametrize("half", [HALF, "z"])
def test_a_case_finds_erases_and_proves_mail_with_half_a_pair(tmp_path: Path, half: str) -> None:
    with tenant(tmp_path, names=("anna",)) as firm:
        fill(firm, half)
        number = firm.approved(Subject(addresses=("piet@klant.example",)))
        desk = Desk(firm)
        desk.json("case", "show", number)
        desk.json("case", "review", number)
        performed = perform(firm.office, number)
        assert performed.is_finished
        proof = prove(firm.office, number)
        named = [(n.folder, n.reason) for n in proof.not_seen if n.reason != "text-by-index-only"]
        assert (proof.passed, named, sum(performed.counts.values())) == (True, [], 5)
        desk.type("case", "review", number, "--csv")
        desk.type("case", "prove", number, "--again")
        desk.type("case", "letter", number, "--pdf", str(tmp_path / "letter.pdf"))


def test_a_name_typed_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 come from the command line as lone surrogates. No case is left behind."""
    with tenant(tmp_path, names=("anna",)) as firm:
        desk = Desk(firm)
        said = desk.type("case", "open", "--address", "piet@klant.example", "--person", "Ren\udce9", code=2)
        assert "not UTF-8" in said
        assert "Piet" not in said
        assert desk.json("case", "list")["cases"] == []
