"""The real process, killed: SIGKILL at any moment of performing, faults on the wire, holds switched on in between.

A few kills here, a hundred with MAILSORTER_TORTURE=1; -s prints how many processes died and how many came through.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

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
ITEMS = 40
REQUESTS = 60  # about what one process sends for so many items in two mailboxes


def fill(firm: Tenant, count: int) -> None:
    for number in range(count):
        mailbox = firm.mailboxes[number % 2]
        firm.put(mailbox, ("inbox", "sentitems", "deleteditems")[number % 3], from_=PIET, subject=f"bericht {number}")
        firm.put(mailbox, "inbox", subject=f"ander {number}")


def start(firm: Tenant, number: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "mailsorter", "--config", str(firm.config), "case", "perform", number]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@pytest.mark.timeout(0 if KILLS > 10 else 180)
def test_killed_at_any_moment_it_takes_no_more_and_finishes(tmp_path: Path) -> None:
    """After each kill only approved items are gone; called once more, all of them are, and the proof passes."""
    chance, met = random.Random(7), Counter[str]()
    with tenant(tmp_path, is_now=True) as firm:
        while met["killed"] < KILLS:
            erase_while_killed(firm, chance, met)
    print(dict(met))


def erase_while_killed(firm: Tenant, chance: random.Random, met: Counter[str]) -> None:
    """One case, whose process is killed again and again until the list is done or enough were killed."""
    fill(firm, ITEMS)
    before = firm.everything()
    number = firm.approved(SUBJECT)
    approved = approved_ids(firm, number)
    assert len(approved) == ITEMS
    everything = set().union(*before.values())
    while met["killed"] < KILLS and firm.office.get(number).state is not CaseState.PERFORMED:
        come_through, said = kill_after(firm, number, chance.randrange(REQUESTS), chance.uniform(0, 0.02))
        met["came through" if come_through else "killed"] += 1
        assert_tells_nothing(firm.folder, said)
        assert everything - set().union(*firm.everything().values()) <= approved
    if firm.office.get(number).state is not CaseState.PERFORMED:
        assert perform(firm.office, number).is_finished
    assert firm.everything() == {place: ids - approved for place, ids in before.items()}
    assert prove(firm.office, number).passed
    met["cases"] += 1


def kill_after(firm: Tenant, number: str, requests: int, then_s: float) -> tuple[bool, bytes]:
    """Perform in a process that dies a moment after so many of its requests; did it end before, and what did it say?

    Counted in requests, because how long a process takes to start says nothing of what it has done.
    """
    seen = firm.emulator.face.requests.total() + requests
    process = start(firm, number)
    while process.poll() is None and firm.emulator.face.requests.total() <= seen:
        time.sleep(0.001)
    time.sleep(then_s)
    process.send_signal(signal.SIGKILL)
    _, said = process.communicate()
    return process.returncode != -signal.SIGKILL, said


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
        assert (proof.passed, proof.certificate["outcome"]) == (False, "not-proven")
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
