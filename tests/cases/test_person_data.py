"""The person's data by file, standard input or prompt: it stands in no command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailsorter.cli.app import app
from mailsorter.cli.person_data import PersonData, read_person
from mailsorter.emulator.store import Address
from mailsorter.errors import UserError
from tests.cases.tenant import tenant
from tests.cases.test_commands import Desk

TEXT = "# verzoek\naddress: piet@klant.example\nAddress: piet@prive.example\n\nname: Piet de Vries\nphone: 06-1\n"


def test_a_file_or_standard_input_names_the_person(tmp_path: Path) -> None:
    with tenant(tmp_path) as firm:
        desk = Desk(firm)
        (tmp_path / "verzoek.txt").write_text(TEXT)
        made = desk.json("erase", "--from", str(tmp_path / "verzoek.txt"), code=4)
        subject = desk.json("case", "show", made["case"])["subject"]
        assert subject["addresses"] == ["piet@klant.example", "piet@prive.example"]
        assert (subject["names"], subject["phones"]) == (["Piet de Vries"], ["06-1"])
        words = ["--config", str(firm.config), "erase", "--from", "-", "--json"]
        again = CliRunner().invoke(app, words, input=TEXT, obj=firm.clock)
        assert (again.exit_code, made["case"] in again.stdout) == (4, True)
        assert "--from" in desk.type("erase", code=2)


@pytest.mark.parametrize("text", ["piet@klant.example", "mail: x@y.example", "address:", "address: x\n" * 10_000])
def test_what_is_no_data_is_told_without_quoting_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "x").write_text(text)
    with pytest.raises(UserError) as caught:
        read_person(str(tmp_path / "x"))
    assert "klant" not in caught.value.what


def test_an_empty_file_names_nobody(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("# niets\n")
    assert read_person(str(tmp_path / "x")) == PersonData()


def test_a_dash_takes_the_person_s_data_from_standard_input(tmp_path: Path) -> None:
    """In every command that names the person beside `erase`; an empty line is no answer."""
    with tenant(tmp_path) as firm:
        desk = Desk(firm)
        firm.put(firm.mailboxes[0], from_=Address("Naamgenoot", "nog@elders.example"), subject="over Piet de Vries")
        firm.put(firm.mailboxes[0], from_=Address("Piet", "piet@klant.example"), received=1_700_000_000)
        case = desk.json("case", "open", "--address", "piet@klant.example", "--person", "Piet de Vries")["case"]

        def type_in(*words: str, said: str, code: int = 0) -> str:
            command = ["--config", str(firm.config), "case", *words]
            answer = CliRunner().invoke(app, command, input=said, obj=firm.clock)
            assert answer.exit_code == code, (answer.stdout, answer.stderr, answer.exception)
            return answer.stdout + answer.stderr

        assert "Code " in type_in("verify", case, "--send-to", "-", said="piet@klant.example\n")
        desk.type("case", "verify", case, "--known", "bekend")
        type_in("find", case, "--address", "-", "--alias", "-", "--known", "x", said="piet@prive.example\nPietje\n")
        subject = desk.json("case", "show", case)["subject"]
        assert (subject["addresses"][-1], subject["aliases"]) == ("piet@prive.example", ["Pietje"])
        desk.type("case", "plan", case, "--by", "anna")
        told = type_in(
            "decide", case, "--from", "-", "--not-theirs", "--reason", "naamgenoot", "--by", "anna",
            said="nog@elders.example\n",
        )  # fmt: skip
        assert "1 finding" in told
        assert "Nothing was given" in type_in("find", case, "--address", "-", said="\n", code=2)
