"""Two officers work on one case at the same moment: nothing approved is overwritten, and no decision is lost.

One officer's command is stopped before each reading and each writing of the case file, and there another officer runs a
whole command. Two approvals are asked, so that there are two who approve.
"""

from __future__ import annotations

import functools
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.decide import decide
from mailsorter.cases.decisions import decisions_of
from mailsorter.cases.find import find, findings_of
from mailsorter.cases.perform import perform
from mailsorter.cases.plan import make_plan, plan_of
from mailsorter.errors import LedgerLocked, MailsorterError
from mailsorter.model.case import Finding, Verdict
from mailsorter.model.caseplan import digest
from mailsorter.model.lifecycle import CaseState
from tests.cases.office import PIET, World, mail, open_copied
from tests.cases.signing import Signer

APPROVED_OR_LATER = (CaseState.APPROVED, CaseState.PERFORMING, CaseState.PERFORMED)
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
ANNA, BERT, CARLA = (Signer(name) for name in ("anna", "bert", "carla"))  # anna plans, the others approve


class Case:
    """A case of two messages, as far as its list is approved by `approvals` officers (-1: it has no list yet)."""

    def __init__(self, folder: Path, approvals: int) -> None:
        people = (ANNA.entry, BERT.entry, CARLA.entry)
        self.world = World(folder, open_ledger=open_copied, approvals=2, approvers=people)
        self.office = self.world.office
        mail(self.world.anna, from_=PIET)
        mail(self.world.anna, from_=PIET)
        self.number = self.world.opened()
        find(self.office, self.number)
        self.findings: list[Finding] = sorted(findings_of(self.file).findings, key=lambda one: one.id)
        self.spared: set[tuple[str, str]] = set()  # keys of what an officer was told is decided as not theirs
        if approvals >= 0:
            make_plan(self.office, self.number, by="anna")
        for signer in (BERT, CARLA)[: max(approvals, 0)]:
            signer.approve(self.office, self.number)

    @property
    def file(self) -> CaseFile:
        return self.office.open_file(self.number)

    def decides(self, which: int) -> None:
        finding = self.findings[which]
        decide(self.office, self.number, [finding.handle], Verdict.NOT_THEIRS, by="carla", reason="another Piet")
        self.spared.add(finding.key)

    def plans(self) -> None:
        """Another list than the first, which is of the same items."""
        make_plan(self.office, self.number, by="anna", restricts_kept=True)

    def approves(self) -> None:
        CARLA.approve(self.office, self.number)

    def approves_and_performs(self) -> None:
        self.approves()
        self.performs()

    def performs(self) -> None:
        perform(self.office, self.number)

    def check(self) -> None:
        """Nothing approved was overwritten, no decision was lost, and nothing that was spared is gone."""
        row = self.office.get(self.number)
        if row.state in APPROVED_OR_LATER:
            assert digest(plan_of(self.file)) == row.plan_digest, "the approved list was overwritten"
        assert self.spared <= decisions_of(self.file).keys(), "a decision was lost"
        assert self.spared <= self.world.everything().keys(), "what was decided to stay was erased"
        if row.state is CaseState.PERFORMING:
            self.performs()  # it can be ended


Command = Callable[[Case], None]
FIRST_DECIDES: Command = functools.partial(Case.decides, which=0)
SECOND_DECIDES: Command = functools.partial(Case.decides, which=1)
PAIRS: dict[str, tuple[int, Command, Command]] = {
    "a decision while another is written": (-1, FIRST_DECIDES, SECOND_DECIDES),
    "a decision while the list is performed": (2, Case.performs, SECOND_DECIDES),
    "a decision while the list is approved": (1, Case.approves, SECOND_DECIDES),
    "a decision while the list is made": (0, Case.plans, SECOND_DECIDES),
    "a new list while the old one is performed": (2, Case.performs, Case.plans),
    "a new list while the old one is approved": (1, Case.approves, Case.plans),
    "approved and performed while a new list is made": (1, Case.plans, Case.approves_and_performs),
    "approved and performed while something is decided": (1, FIRST_DECIDES, Case.approves_and_performs),
}


@pytest.mark.parametrize("name", PAIRS)
def test_whenever_the_other_officer_comes_nothing_is_overwritten(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    approvals, command, other = PAIRS[name]
    step = came = 0
    while came == step:  # the command read or wrote at least so often
        step += 1
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder, monkeypatch.context() as patch:
            case = Case(Path(folder), approvals)
            try:
                came = interrupted(patch, case, step, command, other)
                case.check()
            finally:
                case.world.close()
    assert step > 2


def interrupted(patch: pytest.MonkeyPatch, case: Case, step: int, command: Command, other: Command) -> int:
    """Run the command, and before its file effect number `step` the other one; gives how many effects it came to."""
    here, came, trouble = threading.get_ident(), 0, []

    def run(one: Command) -> None:
        try:
            one(case)
        except MailsorterError:
            pass  # refused: it sees what changed
        except BaseException as error:
            trouble.append(error)

    def stopping(real: Callable[..., Any]) -> Callable[..., Any]:
        def effect(*given: Any) -> Any:
            nonlocal came
            if threading.get_ident() == here and came < step:
                came += 1
                if came == step:
                    officer = threading.Thread(target=run, args=(other,))
                    officer.start()
                    officer.join()
            return real(*given)

        return effect

    with patch.context() as hooked:
        hooked.setattr(CaseFile, "read", stopping(CaseFile.read))
        hooked.setattr(CaseFile, "write", stopping(CaseFile.write))
        run(command)
    assert not trouble, trouble
    return came


def test_another_process_is_refused_too(tmp_path: Path) -> None:
    """The lock is the operating system's: a process that holds the case keeps this one out, until it ends."""
    import subprocess
    import sys

    case = Case(tmp_path, 2)
    holder = (
        "import sys, pathlib\nfrom mailsorter.cases.alone import hold\n"
        f"with hold(pathlib.Path({str(case.office.folder)!r}), {case.number!r}):\n"
        "    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(LedgerLocked, match=case.number):
            case.performs()
        assert len(case.world.everything()) == 2
        process.kill()
    case.performs()
    assert not case.world.everything()
    case.world.close()
