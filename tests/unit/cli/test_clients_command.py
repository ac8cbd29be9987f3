"""`mailsorter clients list|check|import`, as people and programs call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner, Result

from mailsorter.cli.app import app
from mailsorter.config.example import config_example
from mailsorter.emulator import running_emulator

run = CliRunner()
BOOK = """\
[[client]]
id = "acme"
name = "Acme [bold]B.V."
domains = ["acme.nl", "gmail.com"]
[[client]]
id = "nobody"
name = "Nobody"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The example config with a small book."""
    (tmp_path / "clients.toml").write_text(BOOK, encoding="utf-8")
    path = tmp_path / "mailsorter.toml"
    path.write_text(config_example(), encoding="utf-8")
    return path


def call(config: Path, *arguments: str) -> Result:
    """Run `mailsorter --config … clients …`."""
    return run.invoke(app, ["--config", str(config), "clients", *arguments])


def answer(result: Result) -> Any:
    """The JSON on standard output."""
    return json.loads(result.stdout)


def test_list_shows_every_client(config: Path) -> None:
    """With its folder; nothing is read as markup."""
    assert "acme    Acme [bold]B.V.  Clients / Acme [bold]B.V." in call(config, "list").stdout
    assert [c["folder"] for c in answer(call(config, "list", "--json"))["clients"]] == [
        ["Clients", "Acme [bold]B.V."],
        ["Clients", "Nobody"],
    ]


def test_check_names_the_line(config: Path) -> None:
    """Of each thing worth a look."""
    result = call(config, "check")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"{config.parent}/clients.toml:4: acme gmail.com is a public mail provider")
    assert lines[1].startswith(f"{config.parent}/clients.toml:5: nobody has no domain, address or code")
    assert [f["code"] for f in answer(call(config, "check", "--json"))["findings"]] == [
        "public-provider",
        "no-evidence",
    ]


def test_import_shows_first_and_writes_when_told(config: Path, tmp_path: Path) -> None:
    """Without a person it stops with 4; with --yes the new clients are there."""
    export = tmp_path / "export.csv"
    export.write_text("company,email\nBakker,b@bakker.example\nAcme,x\n", encoding="utf-8")
    stopped = call(config, "import", str(export), "--json")
    assert (stopped.exit_code, answer(stopped)["written"]) == (4, False)
    assert [c["id"] for c in answer(stopped)["added"]] == ["bakker"]
    assert answer(stopped)["kept"] == ["acme"]
    assert 'export.csv:3: found "x"' in stopped.stderr
    assert not (tmp_path / "crm.toml").exists()
    dry = call(config, "import", str(export), "--dry-run")
    assert (dry.exit_code, "1 to add" in dry.stdout) == (0, True)
    done = call(config, "import", str(export), "--yes")
    assert done.exit_code == 0, done.output
    assert [c["id"] for c in answer(call(config, "list", "--json"))["clients"]] == ["acme", "nobody", "bakker"]
    assert "Nothing to change" in call(config, "import", str(export), "--yes").stdout


def test_half_an_export_pulls_a_brake(config: Path, tmp_path: Path) -> None:
    """Exit 6, nothing written, and how to go on."""
    export = tmp_path / "export.csv"
    export.write_text("company\n" + "".join(f"Company {i}\n" for i in range(30)), encoding="utf-8")
    assert call(config, "import", str(export), "--yes").exit_code == 0
    export.write_text("company\nCompany 1\n", encoding="utf-8")
    stopped = call(config, "import", str(export), "--yes")
    assert stopped.exit_code == 6
    assert "--accept-removals" in stopped.stderr
    assert len(answer(call(config, "list", "--json"))["clients"]) == 32
    assert call(config, "import", str(export), "--yes", "--accept-removals").exit_code == 0
    assert len(answer(call(config, "list", "--json"))["clients"]) == 3


def test_unmatched_mail_is_counted_and_a_new_book_compared_live(tmp_path: Path) -> None:
    """`clients suggest` and `plan --against` an older book or config, over the emulator."""
    with running_emulator() as emulator:
        emulator.store.mailboxes.create("anna@firm.example", "Anna")
        headers = {**emulator.headers(), "Content-Type": "application/json"}
        for number in range(3):
            sender = {"emailAddress": {"address": f"p{number}@newco.example", "name": "P"}}
            made = requests.post(
                f"{emulator.url}/v1.0/users/anna@firm.example/mailFolders/inbox/messages",
                headers=headers,
                json={"subject": "x", "from": sender, "sender": sender, "isDraft": False,
                      "singleValueExtendedProperties": [{"id": "Integer 0x0E07", "value": "1"}]},
                timeout=10,
            )  # fmt: skip
            assert made.status_code == 201, made.text
        (tmp_path / "secret").write_text("emulator")
        (tmp_path / "secret").chmod(0o600)
        (tmp_path / "clients.toml").write_text("")
        config = tmp_path / "mailsorter.toml"
        config.write_text(
            f'[firm]\ndomains = ["firm.example"]\n[[mailbox]]\naddress = "anna@firm.example"\n[graph]\ntenant = "t"\n'
            f'client_id = "emulator"\nclient_secret = "file:secret"\nurl = "{emulator.url}"\n'
            f'authority = "{emulator.url}"\n'
        )
        found = answer(call(config, "suggest", "--at-least", "2", "--json"))
        assert found["domains"] == [{"domain": "newco.example", "messages": 3, "people": 3, "through_lists": 0}]
        assert "newco.example         3       3" in call(config, "suggest", "--at-least", "2").stdout
        (tmp_path / "old.toml").write_text("")
        (tmp_path / "clients.toml").write_text('[[client]]\nid="new"\nname="New"\ndomains=["newco.example"]\n')
        for old in ("old.toml", "old-config.toml"):
            (tmp_path / "old-config.toml").write_text('clients = ["old.toml"]\n' + config.read_text())
            compared = run.invoke(app, ["--config", str(config), "plan", "--against", str(tmp_path / old), "--json"])
            assert answer(compared)["differences"] == [{"before": "unmatched", "now": "filed-to new", "messages": 3}]
        nobody = call(config, "suggest", "--mailbox", "x@firm.example")
        assert nobody.exit_code == 2


@pytest.mark.parametrize("how", ["--yes", "--dry-run"])
def test_an_import_that_would_make_the_config_wrong_writes_nothing(config: Path, tmp_path: Path, how: str) -> None:
    """Else every command would stop at the written book, the next import too: two ids of the CRM with one name, one
    name that a book of your own has already, and a rule for a client that would go."""
    export = tmp_path / "crm.csv"
    export.write_text("id,name\n1,Zuivel\n2,Smederij\n", encoding="utf-8")
    assert call(config, "import", str(export), "--yes").exit_code == 0
    with config.open("a", encoding="utf-8") as file:
        file.write('\n[[rule]]\nclient = "2"\nwhen = { from = ["smid@smederij.example"] }\n')
    assert run.invoke(app, ["--config", str(config), "config", "check"]).exit_code == 0
    before = config.read_bytes(), (tmp_path / "crm.toml").read_bytes()
    export.write_text("id,name\n1,Zuivel\n3,zuivel\n4,Nobody\n", encoding="utf-8")
    refused = call(config, "import", str(export), how, "--json")
    assert refused.exit_code == 2
    told = answer(refused)["error"]
    assert len(told["problems"]) == 3
    assert all(f'client "{one}": found the folder' in told["what"] for one in (3, 4))
    assert 'found the client "2", which no client book knows' in told["what"]
    assert "Nothing was written" in told["advice"]
    assert (config.read_bytes(), (tmp_path / "crm.toml").read_bytes()) == before
    export.write_text("id,name\n1,Zuivel\n2,Smederij Zuid\n", encoding="utf-8")
    assert call(config, "import", str(export), "--yes").exit_code == 0


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_json_keeps_every_letter_on_a_stream_that_lacks_it(config: Path, tmp_path: Path, encoding: str) -> None:
    """A question mark in a name, a folder or an id would be another one. As errors are told, too."""
    name = "北京咨询 Zürich 🙂"
    (tmp_path / "clients.toml").write_text(f'[[client]]\nid = "a"\nname = "{name}"\n', encoding="utf-8")
    program = [sys.executable, "-m", "mailsorter", "--config", str(config)]
    surroundings = {**os.environ, "PYTHONIOENCODING": encoding}

    def said(*words: str) -> Any:
        done = subprocess.run([*program, *words, "--json"], env=surroundings, capture_output=True, check=False)
        return json.loads(done.stdout.decode(encoding))

    assert said("clients", "list")["clients"][0]["name"] == name
    assert name in said("clients", "import", f"{name}.csv")["error"]["what"]
