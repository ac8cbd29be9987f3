"""`explain` knows every code that any output prints."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import mailsorter
from mailsorter import errors
from mailsorter.cases.casefile import KeyFile
from mailsorter.cases.written import LetterKind
from mailsorter.checking.difference import Kind
from mailsorter.cli.case_view import LOOKALIKE_WORDS
from mailsorter.ledger import runs
from mailsorter.ledger.states import StepState
from mailsorter.model.account import Bucket
from mailsorter.model.brake import BRAKES
from mailsorter.model.case import CaseKind, ItemState, Role, Seen, Verdict
from mailsorter.model.coverage import BY_SCOPE, TRY_AGAIN, Depth, GapKind
from mailsorter.model.deadline import Term
from mailsorter.model.evidence import EvidenceKind
from mailsorter.model.explanations import explain
from mailsorter.model.ground import Basis
from mailsorter.model.labels import Label
from mailsorter.model.lifecycle import CaseState
from mailsorter.model.match import Outcome, Reason
from mailsorter.model.standing import MessageState
from mailsorter.model.verdict import Outcome as ProofOutcome
from mailsorter.model.verdict import Why

_MADE = ("NotSeen", "Unexpected", "Judgement")


def written_out() -> set[str]:
    """Codes written out in the source of cases: reasons of gaps, of the witness's gaps, and of judgements."""
    found: set[str] = set()
    root = Path(mailsorter.__file__).parent
    for path in [*(root / "cases").rglob("*.py"), root / "model" / "ground.py"]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", "")
            if name in _MADE:
                values = [k.value for k in node.keywords if k.arg in ("reason", "why")]
                values += node.args[1:2] if name == "Judgement" else []
                found |= {v.value for v in values if isinstance(v, ast.Constant) and v.value}
            if getattr(node.func, "attr", "") == "append" and node.args and isinstance(node.args[0], ast.Tuple):
                last = node.args[0].elts[-1]
                if isinstance(last, ast.Constant) and isinstance(last.value, str) and "not_seen" in ast.dump(node.func):
                    found.add(last.value)
    return found


def classes(kind: type[errors.MailsorterError]) -> set[str]:
    return (
        {kind.__name__}.union(*map(classes, kind.__subclasses__())) if kind.__module__ == "mailsorter.errors" else set()
    )


CODES = sorted(
    {
        *written_out(), *classes(errors.MailsorterError), *TRY_AGAIN, *BY_SCOPE, *Why, *Bucket, *Outcome, *Reason,
        *CaseKind, *CaseState, *ItemState, *Role, *Seen, *Verdict, *Basis, *Depth, *GapKind, *Term, *LetterKind, *Kind,
        *ProofOutcome, *Label, *BRAKES, KeyFile.MISSING, KeyFile.NOT_OURS, "suspension", "kept",
        runs.RUNNING, runs.DONE, runs.PARTIAL, runs.INTERRUPTED, runs.UNDONE,
        *(state.name.lower().replace("_", "-") for kinds in (MessageState, StepState) for state in kinds),
        *(kind.code for kind in EvidenceKind), *LOOKALIKE_WORDS, "http-400", "http-503", "archive-NotPermitted",
        "ErrorAccessDenied",
    }
)  # fmt: skip


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_its_paragraph(code: str) -> None:
    assert explain(code), code


def test_the_collection_finds_codes() -> None:
    """It would be empty if the source were written otherwise, and prove nothing."""
    assert {"item-not-readable", "no-date", "perhaps-the-request"} <= written_out()


@pytest.mark.parametrize("code", ["http-", "http-abc", "archive-", "archive-nonsense", "Error", "nonsense"])
def test_what_is_no_code_has_none(code: str) -> None:
    assert explain(code) is None
