"""The real process, killed: SIGKILL at any moment of performing, faults on the wire, holds switched on in between.

A few kills here, a hundred with MAILSORTER_TORTURE=1.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from mailsorter.cases.perform import perform
from mailsorter.cases.prove import prove
from mailsorter.emulator.faults import FaultPlan
from mailsorter.emulator.store import Address
from mailsorter.model.case import ItemState, Subject
from mailsorter.model.lifecycle import CaseState
from tests.cases.tenant import Tenant, tenant

PIET = Address("Piet", "piet@klant.example")
SUBJECT = Subject(addresses=(PIET.address,))
KILLS = 100 if os.environ.get("MAILSORTER_TORTURE") else 3


def fill(firm: Tenant, count: int) -> None:
    for number in range(count):
        mailbox = firm.mailboxes[number % 2]
        firm.put(mailbox, ("inbox", "sentitems", "deleteditems")[number % 3], from_=PIET, subject=f"bericht {number}")
        firm.put(mailbox, "inbox", subject=f"ander {number}")


def start(firm: Tenant, number: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "mailsorter", "--config", str(firm.config), "case", "perform", number]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def test_killed_at_any_moment_it_takes_no_more_and_finishes(tmp_path: Path) -> None:
    """After each kill only approved items are gone; called once more, all of them are, and the proof passes."""
    chance = random.Random(7)
    with tenant(tmp_path) as firm:
        fill(firm, 120)
        before = firm.everything()
        number = firm.approved(SUBJECT)
        with firm.office.ledger.reading() as unit:
            row = unit.cases.get(number)
        approved = approved_ids(firm, number)
        for _ in range(KILLS):
            process = start(firm, number)
            time.sleep(chance.uniform(0.8, 3.0))
            process.send_signal(signal.SIGKILL)
            _, said = process.communicate()
            assert_tells_nothing(tmp_path, said)
            there = set().union(*firm.everything().values())
            assert set().union(*before.values()) - there <= approved
            row = firm.office.get(number)
            if row.state is CaseState.PERFORMED:
                break
        if row.state is not CaseState.PERFORMED:
            assert perform(firm.office, number).is_finished
        after = set().union(*firm.everything().values())
        assert set().union(*before.values()) - after == approved
        assert prove(firm.office, number).passed


def assert_tells_nothing(folder: Path, said: bytes) -> None:
    """Nothing of the person in any file of ours, half written ones too, nor in what the process said."""
    ours = [p for p in folder.rglob("*") if p.is_file() and p.name not in ("mailsorter.toml", "clients.toml")]
    content = b"".join(path.read_bytes() + path.name.encode() for path in ours) + said
    for canary in (b"piet@klant", b"bericht 1", b"Piet"):
        assert canary not in content


def approved_ids(firm: Tenant, number: str) -> set[str]:
    from mailsorter.cases.plan import plan_of

    return {item.finding.id for item in plan_of(firm.office.open_file(number)).items if item.verdict == "erase"}


def test_a_hold_switched_on_in_mid_run_is_reported_and_finished_later(tmp_path: Path) -> None:
    """Held items stay in Recoverable Items and are named; when the hold is gone the case is continued."""
    from mailsorter.cases.carry_on import carry_on

    with tenant(tmp_path) as firm:
        fill(firm, 30)
        number = firm.approved(SUBJECT)
        anna = firm.mailboxes[0]
        firm.store.mailboxes.change(anna, litigation_hold=1)
        performed = perform(firm.office, number)
        assert performed.counts == {ItemState.HELD: 15, ItemState.ERASED: 15}
        proof = prove(firm.office, number)
        assert proof.passed
        assert [(r["why"], r["count"]) for r in proof.certificate["remainders"]] == [("held", 15)]
        assert carry_on(firm.office, number).counts == {ItemState.HELD: 15}
        firm.store.mailboxes.change(anna, litigation_hold=0, delay_hold_until=0)
        assert carry_on(firm.office, number).counts == {ItemState.ERASED: 15}
        again = prove(firm.office, number)
        assert (again.passed, again.certificate["items"]) == (True, {"erased": 30})


FAULTS = [
    {"path": "*/messages", "every": 3, "truncate": True, "times": 5},
    {"path": "*/messages", "every": 4, "status": 503, "times": 5},
    {"within": "item", "path": "*permanentdelete", "every": 3, "status": 429, "retry_after": 2, "times": 20},
    {"within": "item", "path": "*/items/*", "every": 4, "status": 429, "times": 20},
    {"within": "batch", "every": 5, "cut": "after", "times": 4},
    {"within": "batch", "every": 7, "cut": "before", "times": 4},
    {"path": "*childfolders*", "every": 9, "status": 504, "times": 4},
]


def test_throttled_cut_and_garbled_it_still_takes_exactly_the_list(tmp_path: Path) -> None:
    """429 on single items, connections cut before and after commit, 503, 504 and half pages: called again, it ends."""
    with tenant(tmp_path) as firm:
        fill(firm, 60)
        before = firm.everything()
        firm.emulator.faults.set_plan(FaultPlan.make({"fault": FAULTS}))
        number = firm.approved(SUBJECT)
        approved = approved_ids(firm, number)
        assert len(approved) == 60
        for _ in range(10):
            if perform(firm.office, number).is_finished:
                break
        firm.emulator.faults.set_plan(FaultPlan())
        assert firm.office.get(number).state is CaseState.PERFORMED
        assert firm.everything() == {place: ids - approved for place, ids in before.items()}
        assert prove(firm.office, number).passed
