"""Ledgers, case files and a config that 0.1.0 wrote: each later version opens them, goes on, and proves it.

`tests/fixtures/ledger_0_1_0/make.py` says how they were made, with the code of that version. What is asserted here must
stay true in every later version: it opens, it goes on from each state, it erases exactly what was approved.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mailsorter.assembly import Assembly
from mailsorter.cases.carry_on import carry_on, coming_due
from mailsorter.cases.close import close
from mailsorter.cases.decide import decide
from mailsorter.cases.find import find
from mailsorter.cases.letter import write_letter
from mailsorter.cases.office import Office
from mailsorter.cases.perform import perform
from mailsorter.cases.plan import make_plan
from mailsorter.cases.prove import prove
from mailsorter.checking.check import check_mailboxes
from mailsorter.checking.statement import MailboxStatement
from mailsorter.cli.app import app
from mailsorter.clock import VirtualClock
from mailsorter.config.load import load
from mailsorter.emulator import Emulator, EmulatorClock, NewMessage, Store, running_emulator
from mailsorter.emulator.portable import load as load_exchange
from mailsorter.emulator.store import Address
from mailsorter.model.case import ItemState, Verdict
from mailsorter.model.lifecycle import CaseState
from mailsorter.sorting.run import SortOptions, sort
from mailsorter.sorting.undo import undo_run
from tests.cases.signing import approve_seen
from tests.unit.sorting.firm import Onlooker

FIXTURE = Path(__file__).parent.parent / "fixtures" / "ledger_0_1_0"
WRITTEN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NEXT_DAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
CASES: dict[str, dict[str, str]] = json.loads((FIXTURE / "cases" / "facts.json").read_text("utf-8"))["cases"]
RUNS: list[str] = json.loads((FIXTURE / "filing" / "facts.json").read_text("utf-8"))["runs"]
OPEN = [person for person, case in CASES.items() if case["state"] != "closed"]


class Firm:
    """A copy of one of the fixture's firms, with its Exchange on a running emulator."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator, self.store, self.folder = emulator, emulator.store, folder
        self.config = folder / "mailsorter.toml"
        self.config.write_text(self.config.read_text("utf-8").replace("http://127.0.0.1:9", emulator.url), "utf-8")
        self.clock = VirtualClock(NEXT_DAY)
        self.assembly = Assembly(load(self.config), clock=self.clock)

    @property
    def office(self) -> Office:
        return self.assembly.office

    def wait_until(self, day: str) -> None:
        """Noon of that day, for the program and for Exchange."""
        moment = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
        seconds = (moment - self.clock.now()).total_seconds()
        self.clock.sleep(seconds)
        self.emulator.store.clock.advance(seconds)

    def places(self) -> dict[tuple[str, str], str]:
        """Folder of each message by mailbox and name, Recoverable Items too, from the emulator's own store."""
        return {
            (mailbox.address.partition("@")[0], message.message_id.strip("<>").partition("@")[0]): " / ".join(
                self.store.folders.path(mailbox, folder)
            )
            for mailbox in self.store.mailboxes.all()
            for folder in self.store.folders.all(mailbox)
            for message in self.store.messages.in_folder(folder)
        }

    def put(self, mailbox: int, name: str, **fields: Any) -> None:
        """A message arrives in the Inbox."""
        box = self.store.mailboxes.all()[mailbox]
        inbox = self.store.folders.well_known(box, "inbox")
        new = {"to": [Address("Anna", "anna@firm.example")], "message_id": f"<{name}@fixture.example>"} | fields
        self.store.messages.create(box, inbox, NewMessage(**new))

    def sort(self) -> None:
        """One run over all mailboxes, without an error."""
        own = self.assembly
        report = sort(own.ledger, own.clock, own.jobs(), SortOptions(Onlooker(), brakes=own.brakes()))
        assert [(r.error, r.failed) for r in report.mailboxes] == [(None, 0)] * 2

    def check(self) -> list[MailboxStatement]:
        """A complete check of both mailboxes."""
        own = self.assembly
        folders = {client.id: own.book.folder_of(client.id) for client in own.book}
        return check_mailboxes(own.ledger, own.clock, own.connect, folders)

    def run(self, *arguments: str) -> Any:
        """One command with --json, by the config of 0.1.0; gives what it answered."""
        command = ["--config", str(self.config), *arguments, "--json"]
        result = CliRunner().invoke(app, command, prog_name="mailsorter", obj=self.clock)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@contextmanager
def firm_of(name: str, folder: Path) -> Iterator[Firm]:
    """One of the fixture's firms, copied to a folder and running."""
    copy = folder / name
    shutil.copytree(FIXTURE / name, copy)
    (copy / "secret").write_text("emulator")
    for path in copy.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)  # a clone does not keep modes
    store = Store(":memory:", EmulatorClock(frozen_at=NEXT_DAY))
    load_exchange(store, copy / "exchange.jsonl.gz")
    with running_emulator(store) as emulator:
        firm = Firm(emulator, copy)
        try:
            yield firm
        finally:
            firm.assembly.close()
            store.close()


@pytest.fixture
def filing(tmp_path: Path) -> Iterator[Firm]:
    with firm_of("filing", tmp_path) as firm:
        yield firm


@pytest.fixture
def cases(tmp_path: Path) -> Iterator[Firm]:
    with firm_of("cases", tmp_path) as firm:
        yield firm


def plan_and_decide(office: Office, number: str) -> None:
    """A list without open questions: what only mentions the person goes too."""
    plan = make_plan(office, number, by="anna")
    if plan.undecided:
        handles = [item.finding.handle for item in plan.undecided]
        decide(office, number, handles, Verdict.ERASE, by="anna", reason="theirs")
        make_plan(office, number, by="anna")


def approve_list(office: Office, number: str) -> None:
    approve_seen(office, number, "bert")


NEXT = {
    CaseState.VERIFIED: find,
    CaseState.FOUND: plan_and_decide,
    CaseState.PLANNED: approve_list,
    CaseState.APPROVED: perform,
    CaseState.PERFORMING: perform,
    CaseState.PERFORMED: prove,
    CaseState.PROVEN: write_letter,
    CaseState.ANSWERED: close,
}


def go_on(office: Office, number: str, until: CaseState) -> None:
    """Take the case from the state it is in to that one; no state is met twice."""
    met: set[CaseState] = set()
    while (state := office.get(number).state) is not until:
        assert state not in met, f"case {number} does not get past {state}"
        met.add(state)
        NEXT[state](office, number)


def mail_of(person: str) -> set[tuple[str, str]]:
    """What is there of a person before anything is erased, without what is kept."""
    places = (("anna", "inbox"), ("bert", "deleted"), ("anna", "sent"), ("bert", "mentioned"))
    return {(mailbox, f"{person}-{what}") for mailbox, what in places}


@pytest.mark.parametrize("person", OPEN)
def test_an_open_case_goes_on_from_the_state_it_was_left_in(cases: Firm, person: str) -> None:
    """Exactly the list goes, the kept invoice and everybody else's mail stay, and the proof passes."""
    number, before = CASES[person]["number"], cases.places()
    assert cases.office.get(number).state == CASES[person]["state"]
    go_on(cases.office, number, CaseState.PERFORMED)
    after = cases.places()
    assert set(before) - set(after) == mail_of(person) & set(before)
    assert after == {key: folder for key, folder in before.items() if key not in mail_of(person)}
    assert ("anna", f"{person}-kept") in after
    proof = prove(cases.office, number)
    assert proof.passed
    assert proof.certificate["items"] == {"erased": 4, "kept": 1}
    go_on(cases.office, number, CaseState.CLOSED)
    assert cases.places() == after
    with cases.assembly.ledger.reading() as unit:
        assert unit.audit.verify() is None


def test_what_a_closed_case_kept_goes_after_its_last_day(cases: Firm) -> None:
    """Until then it stays; nothing else goes with it."""
    number, before = CASES["piet"]["number"], cases.places()
    assert cases.office.get(number).state is CaseState.CLOSED
    cases.wait_until("2033-12-31")
    assert coming_due(cases.office)[number] == 1
    assert carry_on(cases.office, number).due == 0
    assert cases.places() == before
    cases.wait_until("2034-01-01")
    assert carry_on(cases.office, number).counts == {ItemState.ERASED: 1}
    assert cases.places() == {key: folder for key, folder in before.items() if key != ("anna", "piet-kept")}
    assert carry_on(cases.office, number).due == 0


def test_what_a_closed_case_erased_is_known_again_when_a_backup_brings_it_back(cases: Firm) -> None:
    """By its tombstone, until the last backup that may hold it is gone; so is the person's address."""
    with cases.assembly.ledger.reading() as unit:
        assert unit.tombstones.forgotten_cases(["piet@asker.example"]) == {
            "piet@asker.example": CASES["piet"]["number"]
        }
    restored = {"from_": Address("Piet Oud", "piet@asker.example"), "received": int(WRITTEN.timestamp())}
    cases.put(0, "piet-inbox", subject="Overleg", body="Tot straks.", **restored)
    anna, _ = cases.check()
    assert {str(kind): count for kind, count in anna.differences.items()}["erased-mail-is-back"] == 1
    cases.wait_until("2027-03-01")
    anna, _ = cases.check()
    assert "erased-mail-is-back" not in {str(kind) for kind, count in anna.differences.items() if count}


def test_the_commands_show_what_0_1_0_wrote(cases: Firm) -> None:
    """With its config: every case by its number and state, and an audit chain that is whole."""
    shown = {case["case"]: case["state"] for case in cases.run("case", "list")["cases"]}
    assert shown == {case["number"]: case["state"] for case in CASES.values()}
    for case in CASES.values():
        assert cases.run("case", "show", case["number"])["state"] == case["state"]
    assert cases.run("audit", "verify")["holds"]
    assert cases.run("config", "check")


def test_a_run_is_taken_back(filing: Firm) -> None:
    """Each message goes to where it lay, but not what a person moved since; then ledger and mailboxes agree."""
    own = filing.assembly
    before = filing.places()
    undone = undo_run(own.ledger, own.clock, RUNS[0], own.connect, [client.id for client in own.book])
    assert [r.error for r in undone.mailboxes] == [None, None]
    after = filing.places()
    back = {key for key in before if before[key] != after[key]}
    assert back == {("anna", f"acme-{n}") for n in (1, 2, 3)} | {("bert", f"smit-{n}") for n in range(4)} | {
        ("anna", "sent"), ("anna", "code"),
    }  # fmt: skip
    assert after["anna", "sent"] == "Sent Items"
    assert {after[key] for key in back - {("anna", "sent")}} == {"Inbox"}
    assert [statement.agrees for statement in filing.check()] == [True, True]
    filing.sort()
    assert filing.places() == after


def test_filing_goes_on_and_remembers_what_people_did(filing: Firm) -> None:
    """Cursors hold, what people moved stays where they put it, and new mail is filed beside the old."""
    before = filing.places()
    assert [statement.agrees for statement in filing.check()] == [True, True]
    filing.sort()
    assert filing.places() == before
    assert (before["anna", "acme-0"], before["bert", "nobody"]) == ("Inbox", "Clients / Bakkerij Smit")
    filing.put(0, "new", from_=Address("Ans", "ans@acme.example"), subject="Vraag 9")
    filing.put(0, "answer", from_=Address("Eef", "eef@elders.example"), references="<acme-1@fixture.example>")
    filing.sort()
    new = {key: folder for key, folder in filing.places().items() if key not in before}
    assert new == {("anna", "new"): "Clients / Acme B.V.", ("anna", "answer"): "Clients / Acme B.V."}
    explained = filing.run("explain", RUNS[0])
    assert explained["run"] == RUNS[0]


_MANY = [Address(f"P{n}", f"p@elders{n}.example") for n in range(11)]


def test_after_the_upgrade_a_person_sees_first_what_is_decided_otherwise(filing: Firm) -> None:
    """`plan --against` with the same book: the difference is the program's own. What is filed stays filed."""
    filing.put(0, "notice", from_=Address("Bond", "info@bond.example"), to=[Address("A", "a@acme.example"), *_MANY])
    before = filing.places()
    shown = filing.run("plan", "--against", str(filing.folder / "clients.toml"))
    assert shown["differences"] == [{"before": "filed-to acme", "now": "unmatched", "messages": 1}]
    assert shown["errors"] == []
    assert filing.places() == before
    filing.run("sort")
    assert filing.places() == before
    assert filing.run("plan", "--against", str(filing.folder / "clients.toml"))["differences"] == []


def test_after_the_upgrade_the_brake_stops_what_is_far_more_than_usual(filing: Firm) -> None:
    """Mail that was left and would be filed now: nothing moves before a person says so."""
    with filing.config.open("a", encoding="utf-8") as config:
        config.write("[brakes]\nminimum = 5\nfactor = 1.5\n")
    for n in range(40):
        filing.put(0, f"late-{n}", from_=Address("Ans", "ans@acme.example"), subject=f"Vraag {n}")
    before = filing.places()
    command = ["--config", str(filing.config), "sort", "--json"]
    stopped = CliRunner().invoke(app, command, prog_name="mailsorter", obj=filing.clock)
    assert stopped.exit_code == 6, stopped.output
    assert "rules-changed" in stopped.output
    assert filing.places() == before
    filing.run("sort", "--yes")
    after = filing.places()
    assert {key: after[key] for key in before if after[key] != before[key]} == {
        ("anna", f"late-{n}"): "Clients / Acme B.V." for n in range(40)
    }
