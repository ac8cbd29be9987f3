"""The person's data by file, standard input or prompt: it stands in no command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailsorter.cli.app import app
from mailsorter.cli.person_data import PersonData, read_person
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
