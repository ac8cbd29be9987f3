"""The commands of a case over a running emulator: what a privacy officer types, reads and gets as exit code."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from mailsorter.cases.certificate import is_genuine
from mailsorter.cli.app import app
from mailsorter.emulator.store import Address
from tests.cases.tenant import Tenant, tenant

PIET = Address("Piet de Vries", "piet@klant.example")
GROUND = """
[[ground]]
code = "tax"
article = "AVG art. 17(3)(b), AWR art. 52(4)"
keep = "7 years"
subjects = ["factuur"]
[[processor]]
name = "Back-upfirma"
task = "herstelpunten laten verlopen"
"""


class Desk:
    """The officer's terminal."""

    def __init__(self, firm: Tenant) -> None:
        self.firm = firm

    def type(self, *words: str, code: int = 0) -> str:
        """Type a command; gives what it printed. The exit code must be the one expected."""
        result = self._invoke(*words)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, (result.exit_code, result.stdout, result.stderr)
        return result.stdout + result.stderr

    def json(self, *words: str, code: int = 0) -> Any:
        """The same with --json."""
        result = self._invoke(*words, "--json")
        assert result.exit_code == code, (result.exit_code, result.stdout, result.stderr)
        return json.loads(result.stdout)

    def approve(self, number: str, by: str = "bert") -> None:
        """Look at the list and approve it by its digest."""
        seen = self.json("case", "review", number)["digest"]
        self.type("case", "approve", number, "--by", by, "--digest", seen)

    def _invoke(self, *words: str) -> Result:
        said = ["--config", str(self.firm.config), *words]
        return CliRunner().invoke(app, said, prog_name="mailsorter", obj=self.firm.clock)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with tenant(tmp_path, extra=GROUND) as firm:
        yield Desk(firm)


def some_mail(firm: Tenant) -> None:
    anna, bert = firm.mailboxes
    firm.put(anna, from_=PIET, subject="=HYPERLINK(uniek)")
    firm.put(anna, "sentitems", to=[PIET], received=1_600_000_000)
    firm.put(bert, from_=PIET, subject="Factuur 7")
    firm.put(bert, subject="iets anders")


def test_erase_walks_the_case_and_stops_where_a_person_decides(desk: Desk) -> None:
    """Called again after each decision it goes on; at the end the mail is gone and the letter written."""
    some_mail(desk.firm)
    first = desk.json("erase", PIET.address, "--name", "Piet de Vries", code=4)
    assert (first["state"], first["steps"]) == ("opened", [])
    second = desk.json("erase", PIET.address, "--known", "gebeld op het bekende nummer", "--by", "anna", code=4)
    assert [step["step"] for step in second["steps"]] == ["find", "plan"]
    assert second["steps"][1]["counts"] == {"erase": 2, "keep": 1, "look": 0, "not-theirs": 0}
    assert "approve" in second["stopped"]["advice"]
    again = desk.json("erase", PIET.address, code=4)
    assert (again["case"], again["steps"]) == (first["case"], [])
    desk.approve(first["case"])
    last = desk.json("erase", PIET.address.upper())
    assert [step["step"] for step in last["steps"]] == ["perform", "prove", "letter"]
    assert (last["state"], last["items"]) == ("answered", {"erased": 2, "kept": 1})
    assert "31 december 2033" in last["steps"][2]["text"]
    assert desk.json("erase", PIET.address)["state"] == "answered"
    shown = desk.json("case", "show", first["case"])
    assert shown["subject"]["names"] == ["Piet de Vries"]
    assert desk.json("case", "close", first["case"])["tell"] == ["Back-upfirma: herstelpunten laten verlopen"]
    assert "subject" not in desk.json("case", "show", first["case"])


def test_every_step_by_its_own_command(desk: Desk, tmp_path: Path) -> None:
    """Open, verify by a code, find, plan, review, decide, approve, perform, prove, letter, list, show, close."""
    some_mail(desk.firm)
    desk.firm.put(desk.firm.mailboxes[0], subject="over Piet de Vries")
    text = desk.type("case", "open", "--person", "Piet de Vries", "--address", PIET.address, "--received", "2026-11-20")
    assert "Say what cannot be erased by 2026-12-04" in text
    number = "2026-0001"
    code = desk.json("case", "verify", number, "--send-to", PIET.address)["code"]
    desk.type("case", "verify", number, "--code", "WRONG", code=2)
    assert code in desk.type("case", "letter", number, "--kind", "identify", "--code", code)
    desk.type("case", "verify", number, "--code", code.lower())
    assert "4 findings" in desk.type("case", "find", number)
    desk.type("case", "perform", number, code=2)
    desk.type("case", "plan", number, "--by", "anna")
    csv = desk.type("case", "review", number, "--csv")
    assert "'=HYPERLINK(uniek)" in csv
    items = desk.json("case", "review", number)["items"]
    mentioned = next(item["handle"] for item in items if item["role"] == "possible")
    desk.type("case", "decide", number, mentioned, "--not-theirs", code=2)
    desk.type("case", "decide", number, mentioned, "--keep", "tax", "--reason", "x", code=2)
    desk.type("case", "decide", number, mentioned, "--not-theirs", "--reason", "een naamgenoot", "--by", "anna")
    assert desk.json("case", "plan", number, "--by", "anna")["counts"]["not-theirs"] == 1
    assert desk.type("case", "approve", number, "--statement").startswith(
        "mailsorter approval\ncase 2026-0001\nplan sha256:"
    )
    desk.approve(number)
    assert "erased for good" in desk.type("case", "perform", number)
    proof = desk.json(
        "case", "prove", number, "--certificate", str(tmp_path / "c.json"), "--pdf", str(tmp_path / "c.pdf")
    )
    assert proof["passed"]
    assert (tmp_path / "c.pdf").read_bytes().startswith(b"%PDF-")
    assert b"piet" not in (tmp_path / "c.json").read_bytes().lower()
    assert "een naamgenoot" not in (tmp_path / "c.json").read_text()
    assert "not for the person" in desk.type("case", "prove", number, "--again")
    desk.type("case", "letter", number, "--pdf", str(tmp_path / "letter.pdf"))
    assert (tmp_path / "letter.pdf").stat().st_mode & 0o777 == 0o600
    assert "answered" in desk.type("case", "list")
    assert "een naamgenoot" not in desk.type("case", "show", number)
    desk.type("case", "close", number)
    desk.type("case", "review", number, code=2)
    assert "Nothing is due" in desk.type("case", "continue", number)


def test_extension_suspension_and_rejection(desk: Desk) -> None:
    """Each with its reason, its letter and what it does to the case."""
    terms, other = (desk.json("case", "open", "--address", PIET.address) for _ in range(2))
    first, second, later = terms["case"], other["case"], date.fromisoformat(terms["firm_on"])
    desk.type("case", "extend", first, code=2)
    assert terms["extended_on"] in desk.type("case", "extend", first, "--reason", "het veel mail is")
    assert "het veel mail is" in desk.type("case", "letter", first, "--kind", "extension")
    desk.type("case", "suspend", first, "--until", later.isoformat(), "--reason", "wacht op de code")
    desk.type("case", "find", first, code=2)
    desk.type("case", "resume", first)
    desk.type("case", "reject", second, "--reason", "het verzoek van een ander kwam")
    assert "Autoriteit Persoonsgegevens" in desk.type("case", "letter", second)
    desk.type("case", "close", second)
    states = {case["case"]: case["state"] for case in desk.json("case", "list")["cases"]}
    assert states == {first: "opened", second: "closed"}


def test_what_a_list_says_in_codes_can_be_asked(desk: Desk) -> None:
    """Gaps and roles have a paragraph each, and the list says how to ask for it; the list names each mailbox."""
    anna, bert = desk.firm.mailboxes
    desk.firm.put(anna, from_=PIET)
    desk.firm.put(bert, subject="over piet@klant.example", body="groet")
    desk.firm.put(bert, subject="over iets anders")
    desk.type("case", "open", "--address", PIET.address)
    desk.type("case", "verify", "2026-0001", "--known", "bekend")
    shallow = desk.type("case", "find", "2026-0001", "--read", "headers")
    assert "mailsorter explain text-not-read" in shallow
    assert "Reading headers: 3 messages in 2 mailboxes" in shallow
    assert "--read bodies" in desk.type("explain", "text-not-read")
    assert desk.json("case", "find", "2026-0001")["depth"] == "bodies"
    assert "wrote the message" in desk.type("explain", "author")
    assert "Did you mean: mailsorter explain author" in desk.type("explain", "autor", code=2)
    desk.type("case", "plan", "2026-0001")
    listed = desk.type("case", "review", "2026-0001")
    assert anna.address in listed
    assert bert.address in listed


def test_a_letter_without_the_firm_s_name_is_told(tmp_path: Path) -> None:
    """It can be sent as it is only by who wants that."""
    with tenant(tmp_path) as firm:
        named = firm.config.read_text("utf-8")
        desk = Desk(firm)
        desk.type("case", "open", "--address", PIET.address)
        desk.type("case", "reject", "2026-0001", "--reason", "van een ander")
        assert "[firm] name" not in desk.type("case", "letter", "2026-0001")
        firm.config.write_text(named.replace('name = "Firma"\n', ""), "utf-8")
        assert "set [firm] name, then run: mailsorter case letter" in desk.type("case", "letter", "2026-0001")


def test_a_client_leaves(desk: Desk) -> None:
    """Everything in the client's folder and everything with the client's domain goes, but what a ground keeps."""
    anna, bert = desk.firm.mailboxes
    folder = ("Clients", "Klant B.V.")
    desk.firm.put(anna, folder, subject="intern overleg over de klant")
    desk.firm.put(anna, (*folder, "2024"), from_=Address("", "iemand@mail.klant.example"))
    desk.firm.put(bert, to=[Address("", "ander@klant.example")], subject="factuur 3")
    desk.firm.put(bert, from_=Address("", "iemand@nietklant.example"))
    desk.type("case", "open", "--kind", "client-leaves", "--client", "onbekend", code=2)
    desk.type("case", "open", "--kind", "client-leaves", "--client", "klant")
    desk.type("case", "verify", "2026-0001", "--known", "opzegging getekend")
    assert desk.json("case", "find", "2026-0001")["findings"] == 3
    assert desk.json("case", "plan", "2026-0001")["counts"] == {"erase": 2, "keep": 1, "look": 0, "not-theirs": 0}
    desk.approve("2026-0001")
    assert desk.json("case", "perform", "2026-0001")["items"] == {"erased": 2, "kept": 1}
    proof = desk.json("case", "prove", "2026-0001")
    assert proof["passed"], proof
    assert [entry["line"] for entry in proof["book_entries"]] == [5]


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed here")
def test_approvers_with_keys_sign_the_list(tmp_path: Path) -> None:
    """Two approvers by SSH signature; a signature of an older list is refused; the certificate is signed."""
    keys = {}
    for name in ("bert", "carla"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True)
        keys[name] = (tmp_path / f"{name}.pub").read_text().strip()
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "certificate.pem").write_bytes(pem)
    (tmp_path / "certificate.pem").chmod(0o600)
    extra = "".join(f'[[approver]]\nname = "{name}"\npublic_key = "{key}"\n' for name, key in keys.items())
    extra += '[[approver]]\nname = "anna"\nalso = ["a.jansen"]\n'
    with tenant(tmp_path, extra=extra) as firm:
        config = firm.config.read_text()
        settings = '[erasure]\napprovals = 2\nsigning_key = "file:certificate.pem"\n'
        firm.config.write_text(config.replace("[erasure]\n", settings, 1))
        desk = Desk(firm)
        firm.put(firm.mailboxes[0], from_=PIET)
        desk.json("erase", PIET.address, "--known", "bekend", "--by", "anna", code=4)

        def sign(name: str) -> str:
            statement = desk.type("case", "approve", "2026-0001", "--statement")
            (tmp_path / "approval.txt").write_text(statement)
            (tmp_path / "approval.txt.sig").unlink(missing_ok=True)
            command = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(tmp_path / name), "-n", "mailsorter-approval"]
            subprocess.run([*command, str(tmp_path / "approval.txt")], check=True)
            return str(tmp_path / "approval.txt.sig")

        old = sign("bert")
        shutil.copy(old, tmp_path / "old.sig")
        firm.put(firm.mailboxes[1], from_=PIET)
        desk.type("case", "find", "2026-0001")
        desk.type("case", "plan", "2026-0001", "--by", "anna")
        desk.type("case", "approve", "2026-0001", "--by", "bert", code=2)
        desk.type("case", "approve", "2026-0001", "--by", "dirk", code=2)
        refused = desk.type(
            "case", "approve", "2026-0001", "--by", "bert", "--signature", str(tmp_path / "old.sig"), code=2
        )
        assert "another list" in refused
        desk.type("case", "approve", "2026-0001", "--by", "bert", "--signature", sign("bert"))
        desk.type("case", "approve", "2026-0001", "--by", "carla", "--signature", sign("bert"), code=2)
        desk.type("case", "perform", "2026-0001", code=2)
        desk.type("case", "approve", "2026-0001", "--by", "carla", "--signature", sign("carla"))
        done = desk.json("erase", PIET.address)
        certificate = done["steps"][1]["certificate"]
        assert certificate["approvals"] == {"count": 2, "signed": 2}
        assert is_genuine(certificate, private.public_key().public_bytes_raw())
        for field, value in (("items", {"erased": 9}), ("outcome", "failed"), ("case", "2026-0002")):
            assert not is_genuine({**certificate, field: value})
        assert not is_genuine({**certificate, "signature": None})
        other = base64.b64decode(certificate["signature"]["public_key"])[::-1]
        assert not is_genuine(certificate, other)


def test_bad_input_says_what_to_do(desk: Desk) -> None:
    """Each wrong use ends with code 2 and names the next command."""
    desk.type("case", "open", "--address", PIET.address)
    for words, told in (
        (["case", "show", "2026-0099"], "mailsorter case list"),
        (["case", "open"], "--address"),
        (["case", "open", "--address", "geen adres"], "spelling"),
        (["case", "open", "--address", PIET.address, "--received", "2099-01-01"], "lies ahead"),
        (["case", "verify", "2026-0001"], "--send-to"),
        (["case", "verify", "2026-0001", "--send-to", "ander@klant.example"], "not one of this case"),
        (["case", "verify", "2026-0001", "--send-to", PIET.address], "prove nothing"),
        (["case", "plan", "2026-0001"], "Possible now"),
        (["case", "letter", "2026-0001", "--kind", "liefde"], "done, partly"),
        (["case", "close", "2026-0001"], "Possible now"),
        (["case", "continue", "2026-0001"], "case show"),
        (["case", "suspend", "2026-0001"], "--until"),
    ):
        assert told in desk.type(*words, code=2), words


def _forget(desk: Desk) -> None:
    """A case walked to its end; nothing of the person was found. A request that is refused would forget nobody."""
    desk.json("erase", PIET.address, "--known", "bekend", "--by", "anna", code=4)
    desk.approve("2026-0001")
    desk.json("erase", PIET.address)
    desk.type("case", "close", "2026-0001")


def test_status_tells_what_is_due_and_who_came_back(desk: Desk, tmp_path: Path) -> None:
    """Terms five days before their end, and a client book or an export that names a forgotten person again."""
    desk.type("case", "open", "--address", PIET.address, "--received", "2020-01-06")
    due = desk.json("status")["cases_due"]
    assert [(d["what"], d["due_on"]) for d in due] == [("firm", "2020-01-20"), ("month", "2020-02-06")]
    assert "answer (GDPR art. 12(3))" in desk.type("status")
    desk.type("case", "reject", "2026-0001", code=2)
    desk.type("case", "reject", "2020-0001", "--reason", "x")
    desk.type("case", "letter", "2020-0001")
    desk.type("case", "close", "2020-0001")
    assert desk.json("status")["cases_due"] == []
    _forget(desk)
    book = desk.firm.folder / "clients.toml"
    book.write_text(book.read_text() + 'addresses = ["PIET+x@klant.example"]\n')
    assert desk.json("status")["forgotten_again"] == [{"client": "klant", "case": "2026-0001"}]
    export = tmp_path / "export.csv"
    export.write_text("company,email\nNieuw B.V.,piet@klant.example\n")
    answer = desk.json("clients", "import", str(export), "--dry-run")
    assert [one["case"] for one in answer["forgotten_again"]] == ["2026-0001"]
