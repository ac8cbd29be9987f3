"""Every output counts alike: random cases, and each finding is in one bucket on every screen, in JSON and on paper.

The numbers that they must show are counted from the mail that was planted, not from what the program recorded.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import re
import tempfile
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from mailsorter.cases.decide import decide
from mailsorter.cases.find import find, findings_of
from mailsorter.cases.letter import write_letter
from mailsorter.cases.perform import perform
from mailsorter.cases.plan import make_plan, plan_of
from mailsorter.cases.prove import Proof, prove
from mailsorter.cases.review import listed, rows
from mailsorter.cases.witnessed import undecided
from mailsorter.cli import status
from mailsorter.cli.app import app
from mailsorter.cli.case_show import show_case
from mailsorter.cli.case_view import OUTCOME_WORDS, list_cases, plan_data
from mailsorter.cli.voice import Voice
from mailsorter.errors import MailsorterError
from mailsorter.mailbox.memory_server import MemoryServer
from mailsorter.model.case import Verdict
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Participant
from mailsorter.model.verdict import Outcome
from tests.cases.lying import Lies
from tests.cases.office import ANNA, BERT, KEY, PIET, World, mail, open_copied
from tests.cases.signing import approve_seen

NAMESAKE = Participant("piet@elders.example", "Piet")
ALIKE = Participant("piet@anders.example", "Piet")
FAR_INSIDE = f"{'x ' * 200} groet, Piet de Vries"  # behind what a listing shows
LETTER = {
    "en": (r"This brought up (\d+) message", r"(?m)^- (\d+) messages? "),
    "nl": (r"Dat leverde (\d+) bericht", r"(?m)^- (\d+) bericht(?:en)? "),
}


@dataclasses.dataclass(frozen=True)
class Plan:
    """How many messages of each kind a case has; each kind ends in a bucket of its own."""

    theirs: int = 1  # erased
    invoices: int = 0  # kept
    protected: int = 0  # held
    refused: int = 0  # failed, until the second search
    edited: int = 0  # changed, until the second search
    strangers: int = 0  # not theirs, by a decision before the list
    namesakes: int = 0  # seen by the witness alone: wait, then not theirs by a decision
    alike: int = 0  # another Piet: never counted
    new: int = 0  # come after the first proof
    locked: int = 0  # folders that neither search nor witness may read, until the second search
    again: bool = False  # a second search and list

    @property
    def found(self) -> int:
        return self.theirs + self.invoices + self.protected + self.refused + self.edited + self.strangers


plans = st.builds(
    Plan, theirs=st.integers(0, 3), invoices=st.integers(0, 2), protected=st.integers(0, 2), refused=st.integers(0, 2),
    edited=st.integers(0, 2), strangers=st.integers(0, 2), namesakes=st.integers(0, 2), alike=st.integers(0, 2),
    new=st.integers(0, 2), locked=st.integers(0, 2), again=st.booleans(),
)  # fmt: skip


class Case:
    """One case over one firm, looked at through every output."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.plan, self.lies = plan, Lies()
        self.world = World(folder, open_ledger=open_copied)
        self.lies.tell(self.world)
        anna, bert = self.world.anna, self.world.bert
        self._plant(anna, plan.theirs, from_=PIET)
        self._plant(anna, plan.invoices, from_=PIET, subject="factuur")
        held = self._plant(anna, plan.protected, where=WellKnown.RECOVERABLE_PURGES, from_=PIET)
        anna.hold([key[1] for key in held])
        self._plant(bert, plan.refused, from_=PIET)
        self.edited = self._plant(anna, plan.edited, from_=PIET, subject="vraag")
        self.strangers = self._plant(anna, plan.strangers, from_=NAMESAKE, text="groet, Piet de Vries")
        self._plant(anna, plan.namesakes, from_=NAMESAKE, text=FAR_INSIDE)
        self._plant(anna, plan.alike, from_=ALIKE)
        for n in range(plan.locked):
            self._plant(anna, 1, where=("Clients", f"Dicht {n}"))
            self.lies.folders.add((ANNA.address, f"Clients / Dicht {n}"))
        self.lies.searches.update({ANNA.address: "empty", BERT.address: "empty"})
        self.office = self.world.office
        self.number = self.world.opened()
        self.config = write_config(folder)

    @staticmethod
    def _plant(server: MemoryServer, count: int, where: Any = None, **fields: Any) -> list[tuple[str, str]]:
        return [mail(server, where, **fields) for _ in range(count)]

    # the acts of a case

    def make_list(self) -> None:
        find(self.office, self.number)
        self.agree()
        file = self.office.open_file(self.number)
        for finding in findings_of(file).findings:
            verdict = Verdict.NOT_THEIRS if finding.key in self.strangers else None
            if verdict is not None:
                decide(self.office, self.number, [finding.handle], verdict, by="anna", reason="another Piet")
        plan = make_plan(self.office, self.number, by="anna")
        for item in plan.undecided:
            decide(self.office, self.number, [item.finding.handle], Verdict.ERASE, by="anna", reason="theirs")
        make_plan(self.office, self.number, by="anna")
        self.agree()

    def carry_out(self) -> Proof:
        approve_seen(self.office, self.number, "bert")
        perform(self.office, self.number)
        self.agree()
        proof = prove(self.office, self.number)
        self.agree(proof)
        return proof

    def settle(self) -> Proof:
        if undecided(self.office.open_file(self.number)):
            decide(
                self.office, self.number, [], Verdict.NOT_THEIRS, by="anna", reason="another Piet",
                sender=NAMESAKE.address,
            )  # fmt: skip
        self.agree()
        proof = prove(self.office, self.number)
        self.agree(proof)
        return proof

    # what the outputs say

    def agree(self, proof: Proof | None = None) -> dict[str, int]:
        """Every output says the same; gives the buckets that hold something."""
        shown = show_case(Voice(as_json=True), self.office, self.number)
        (of_list,) = list_cases(Voice(as_json=True), self.office)["cases"]
        (of_status,) = self._status()["cases"]
        buckets, total = shown["account"]["buckets"], shown["account"]["total"]
        assert buckets == of_list["buckets"] == of_status["buckets"]
        assert total == sum(buckets.values()) == of_list["total"] == of_status["total"]
        assert shown["outcome"] == of_list["outcome"] == of_status["outcome"]
        if proof is not None:
            assert proof.certificate["account"]["buckets"] == buckets
            assert proof.certificate["account"]["total"] == total
            assert proof.certificate["outcome"] == shown["outcome"]
        of_show = said(lambda voice: show_case(voice, self.office, self.number))
        of_list = said(lambda voice: list_cases(voice, self.office))
        self._texts_agree(shown, of_show, of_list, said(lambda voice: status._show_cases(voice, self._status())))
        self._places_agree(shown, of_show, proof)
        self._review_agrees(shown)
        return {bucket: count for bucket, count in buckets.items() if count}

    def _status(self) -> dict[str, Any]:
        firm = SimpleNamespace(timezone="Europe/Amsterdam")
        return status._cases(
            SimpleNamespace(  # type: ignore[arg-type]
                clock=self.world.clock,
                config=SimpleNamespace(firm=firm),
                ledger=self.world.ledger,
                book=[],
                terms=lambda: self.office.firm.terms,
                office_at_a_glance=self.office,
            )
        )

    def commands_agree(self) -> None:
        """What the commands themselves print, over a config on the disk: the same once more."""
        told = {name: json.loads(self._typed(*words, "--json")) for name, words in self._commands.items()}
        (of_list,), (of_status,) = told["list"]["cases"], told["status"]["cases"]
        shown = told["show"]
        assert shown["account"]["buckets"] == of_list["buckets"] == of_status["buckets"]
        assert shown["account"]["total"] == of_list["total"] == of_status["total"]
        assert shown["outcome"] == of_list["outcome"] == of_status["outcome"]
        assert told["list"]["due"] == told["status"]["cases_due"]
        texts = {name: self._typed(*words) for name, words in self._commands.items()}
        self._texts_agree(shown, texts["show"], texts["list"], texts["status"])
        self._places_agree(shown, texts["show"], None)

    @property
    def _commands(self) -> dict[str, tuple[str, ...]]:
        return {"show": ("case", "show", self.number), "list": ("case", "list"), "status": ("status",)}

    def _typed(self, *words: str) -> str:
        result = CliRunner().invoke(app, ["--config", str(self.config), *words], obj=self.world.clock)
        assert result.exit_code == 0, (words, result.output)
        return result.stdout

    def _places_agree(self, shown: dict[str, Any], of_show: str, proof: Proof | None) -> None:
        """So many places in scope were not read: in the gaps, the reasons, the tables and the certificate."""
        if shown["searched"] is None:
            return
        unread = sum(gap["kind"] == "unread" for gap in shown["coverage"]["gaps"])
        assert unread == len(self.lies.folders)
        assert len(re.findall(r"(?m)^unread +\S+@", of_show)) == unread, of_show
        reasons = {one["why"]: one["count"] for one in shown["reasons"]}
        if shown["outcome"] is not None and "not-proved-yet" not in reasons:
            assert reasons.get("unread", 0) == unread
        if proof is not None:
            assert sum(gap["kind"] == "unread" for gap in proof.certificate["not_seen"]) == unread
            assert {one["why"]: one["count"] for one in proof.certificate["reasons"]}.get("unread", 0) == unread

    def _texts_agree(self, shown: dict[str, Any], text: str, of_list: str, of_status: str) -> None:
        total, buckets = shown["account"]["total"], shown["account"]["buckets"]
        if total:
            _head, table = text.split(f"{total} {'finding' if total == 1 else 'findings'} in all:\n", 1)
            counts = [int(match[1]) for line in table.splitlines() if (match := re.match(r" *(\d+)  ", line))]
            lines = len(self._lines())
            assert sum(counts[:lines]) == total, text
        else:
            assert "findings in all" not in text
        outcome = OUTCOME_WORDS[Outcome(shown["outcome"]) if shown["outcome"] else None]
        state = re.escape(shown["state"])
        row = re.search(rf"{self.number} +\w+ +{state} +{outcome} +(\d+) +(\d+) ", of_list)
        assert row is not None, of_list
        assert (int(row[1]), int(row[2])) == (total, buckets["erased"])
        row = re.search(rf"{self.number} +{state} +{outcome} +(\d+)", of_status)
        assert row is not None, of_status
        assert int(row[1]) == total

    def _lines(self) -> tuple[Any, ...]:
        from mailsorter.cases.standing import standing_of

        return standing_of(self.office, self.office.get(self.number), self.office.open_file(self.number)).account.lines

    def _review_agrees(self, shown: dict[str, Any]) -> None:
        row, file = self.office.get(self.number), self.office.open_file(self.number)
        if row.plan_digest is None:
            return
        plan = plan_of(file)
        review = list(rows(listed(self.office, row, file, undecided=False)))
        assert len({(one["mailbox"], one["handle"]) for one in review}) == len(review)
        verdicts = Counter(one["verdict"] for one in review if one["reason"] != "seen-by-witness")
        assert verdicts == Counter({verdict: count for verdict, count in plan_data(plan)["counts"].items() if count})
        waiting = [one for one in review if one["reason"] == "seen-by-witness"]
        reasons = {one["why"]: one["count"] for one in shown["reasons"]}
        assert len(waiting) == reasons.get("seen-by-witness", 0) + reasons.get("erased-but-there", 0)
        if shown["outcome"] is None:  # nothing is performed yet: what is not theirs is decided, and all else waits
            theirs = Counter(one["verdict"] == "not-theirs" for one in review)
            assert theirs[True] == shown["account"]["buckets"]["not-theirs"]

    def letters_agree(self) -> None:
        """In each language: as many as were found, and a line for each bucket."""
        buckets = self.agree()
        for language, (found, lines) in LETTER.items():
            try:
                text = write_letter(self.office, self.number, language=language).text
            except MailsorterError:
                assert buckets.get("waiting"), buckets  # only what waits for a person hinders every answer
                return
            match = re.search(found, text)
            assert (int(match[1]) if match else 0) == sum(buckets.values()), text
            body = text.partition("What we have not looked")[0].partition("Wat wij niet hebben ingezien")[0]
            assert sum(map(int, re.findall(lines, body))) == sum(buckets.values()), text
        self.agree()


def write_config(folder: Path) -> Path:
    """A config of the same firm, for the commands."""
    (folder / "ledger.key").write_text(KEY.hex())
    (folder / "secret").write_text("secret")
    (folder / "clients.toml").write_text("")
    for name in ("ledger.key", "secret"):
        (folder / name).chmod(0o600)
    mailboxes = "".join(f'[[mailbox]]\naddress = "{one.address}"\n' for one in (ANNA, BERT))
    (folder / "mailsorter.toml").write_text(
        f'clients = ["clients.toml"]\n[firm]\nname = "Firma"\ndomains = ["firm.example"]\n{mailboxes}'
        '[ledger]\nurl = "sqlite:///ledger.db"\nkey = "file:ledger.key"\n'
        '[graph]\ntenant = "firm.example"\nclient_id = "x"\nclient_secret = "file:secret"\n'
        '[erasure]\ncases = "cases"\n'
    )
    return folder / "mailsorter.toml"


def said(work: Any) -> str:
    """What a command prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        work(Voice())
    return out.getvalue()


def nonzero(**counts: int) -> dict[str, int]:
    return {name.replace("_", "-"): count for name, count in counts.items() if count}


@settings(
    max_examples=100 if os.environ.get("MAILSORTER_TORTURE") == "1" else 8,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(plans)
@example(
    Plan(
        theirs=2, invoices=1, protected=1, refused=1, edited=1, strangers=1, namesakes=1, alike=1, locked=2, again=True
    )
)
@example(Plan(theirs=0))
def test_every_output_counts_each_finding_once(plan: Plan) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:
        case = Case(Path(folder), plan)
        try:
            play(case, plan)
            case.commands_agree()
        finally:
            case.world.close()


def play(case: Case, plan: Plan) -> None:
    case.make_list()
    waits = plan.found - plan.strangers
    assert case.agree() == nonzero(waiting=waits, not_theirs=plan.strangers)
    case.lies.deletes.add(BERT.address)
    for _, item in case.edited:
        case.world.anna.user_changes(item, subject="iets anders")
    proof = case.carry_out()
    first = nonzero(
        erased=plan.theirs, kept=plan.invoices, held=plan.protected, failed=plan.refused, changed=plan.edited,
        not_theirs=plan.strangers, waiting=plan.namesakes,
    )  # fmt: skip
    assert case.agree() == first
    proof = case.settle()
    not_theirs = plan.strangers + plan.namesakes
    first |= nonzero(not_theirs=not_theirs)
    first.pop("waiting", None)
    assert case.agree() == first
    assert proof.passed == (not plan.protected + plan.refused + plan.edited + plan.locked)
    case.letters_agree()
    if not plan.again:
        return
    case.lies.stop()
    case.lies.searches.update({ANNA.address: "empty", BERT.address: "empty"})
    case._plant(case.world.bert, plan.new, from_=PIET)
    case.make_list()
    assert sum(case.agree().values()) == plan.found + plan.namesakes + plan.new
    case.carry_out()
    erased = plan.theirs + plan.refused + plan.edited + plan.new
    assert case.agree() == nonzero(
        erased=erased, kept=plan.invoices, held=plan.protected, not_theirs=not_theirs
    )  # fmt: skip
    case.letters_agree()
