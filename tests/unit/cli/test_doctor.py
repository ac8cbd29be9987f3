"""`mailsorter doctor` against the emulator: each trouble is named, with what to do, and with its exit code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mailsorter.cli.app import app
from mailsorter.emulator import running_emulator
from mailsorter.emulator.faults import FaultPlan
from mailsorter.emulator.running import Emulator
from mailsorter.emulator.store.apps import App, Assignment

run = CliRunner()
ANNA, BOB, BOSS = "anna@firm.example", "bob@firm.example", "boss@firm.example"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """Three mailboxes; apps with the rights that each trouble needs."""
    with running_emulator() as running:
        for address in (ANNA, BOB, BOSS):
            running.store.mailboxes.create(address, address)
        right = Assignment("Application Mail.ReadWrite", (ANNA, BOB))
        items = Assignment("Application MailboxItem.ReadWrite", (ANNA, BOB))
        for made in (
            App("scoped", secrets=("s",), assignments=(right,)),
            App("anna-only", secrets=("s",), assignments=(Assignment("Application Mail.ReadWrite", (ANNA,)),)),
            App("reads", secrets=("s",), assignments=(Assignment("Application Mail.Read", (ANNA, BOB)),)),
            App("broad", secrets=("s",), roles=("Mail.ReadWrite",)),
            App("erasing", secrets=("s",), roles=("User.Read.All",), assignments=(right, items)),
            App("old", expired_secrets=("s",), assignments=(right,)),
        ):
            running.store.apps.register(made)
        yield running


@pytest.fixture
def doctor(emulator: Emulator, tmp_path: Path) -> Callable[..., tuple[int, dict[str, dict[str, str]]]]:
    """Run doctor with an app and some more config; gives the exit code and the checks by name."""

    def _doctor(client_id: str, more: str = "", *, url: str = "", secret: str = "s") -> tuple[int, Any]:
        (tmp_path / "secret").write_text(secret)
        (tmp_path / "secret").chmod(0o600)
        (tmp_path / "clients.toml").write_text("")
        config = tmp_path / "mailsorter.toml"
        config.write_text(f"""\
[firm]
domains = ["firm.example"]
[[mailbox]]
address = "{ANNA}"
[[mailbox]]
address = "{BOB}"
[graph]
tenant = "emulator.example"
client_id = "{client_id}"
client_secret = "file:secret"
url = "{url or emulator.url}"
authority = "{url or emulator.url}"
{more}
""")
        result = run.invoke(app, ["--config", str(config), "doctor", "--json"])
        answer = json.loads(result.stdout)
        looked = [check for check in answer["checks"] if check["name"] != "key"]  # who can read which is only told
        return result.exit_code, {check["name"]: check for check in looked}

    return _doctor


Doctor = Callable[..., tuple[int, dict[str, dict[str, str]]]]


def statuses(checks: dict[str, dict[str, str]]) -> dict[str, str]:
    """How each check ended."""
    return {name: check["status"] for name, check in checks.items()}


def test_all_is_well_where_rights_are_scoped(doctor: Doctor) -> None:
    """And the control mailbox is refused."""
    code, checks = doctor("scoped", f'control_mailbox = "{BOSS}"')
    assert code == 0, checks
    assert set(statuses(checks).values()) == {"ok"}
    assert list(checks) == [
        "config", "clock", "sign-in", "permissions", f"mailbox {ANNA}", f"mailbox {BOB}", f"control mailbox {BOSS}",
    ]  # fmt: skip


def test_a_mailbox_out_of_scope_is_named_and_the_others_go_on(doctor: Doctor) -> None:
    """With the commands that bring it into scope; exit 7."""
    code, checks = doctor("anna-only")
    assert code == 7
    assert checks[f"mailbox {ANNA}"]["status"] == "ok"
    assert checks[f"mailbox {BOB}"]["status"] == "failed"
    assert "New-ManagementRoleAssignment" in checks[f"mailbox {BOB}"]["advice"]


def test_reading_alone_is_told_to_be_too_little(doctor: Doctor) -> None:
    """Without changing anything to find out."""
    code, checks = doctor("reads")
    assert code == 7
    assert "Mail.ReadWrite" in checks[f"mailbox {ANNA}"]["what"] + checks[f"mailbox {ANNA}"]["advice"]


def test_a_tenant_wide_right_is_too_broad(doctor: Doctor) -> None:
    """A warning by itself; a control mailbox that opens is a failure."""
    code, checks = doctor("broad")
    assert code == 0
    assert checks["permissions"]["status"] == "warning"
    assert "Mail.ReadWrite" in checks["permissions"]["what"]
    code, checks = doctor("broad", f'control_mailbox = "{BOSS}"')
    assert code == 7
    assert checks[f"control mailbox {BOSS}"]["status"] == "failed"


def test_a_control_mailbox_that_is_none_proves_nothing(doctor: Doctor) -> None:
    """So it is only a warning."""
    code, checks = doctor("broad", 'control_mailbox = "nobody@firm.example"')
    assert code == 0
    assert checks["control mailbox nobody@firm.example"]["status"] == "warning"


@pytest.mark.parametrize(("client_id", "secret", "says"), [("scoped", "wrong", "wrong"), ("old", "s", "expired")])
def test_a_bad_secret_is_told_and_nothing_after_it(doctor: Doctor, client_id: str, secret: str, says: str) -> None:
    """By what Entra says of it; exit 7."""
    code, checks = doctor(client_id, secret=secret)
    assert code == 7
    assert list(checks) == ["config", "clock", "sign-in"]
    assert says in checks["sign-in"]["what"]


def test_an_unreachable_host_is_told_within_seconds(doctor: Doctor) -> None:
    """Exit 5, before any long patience."""
    code, checks = doctor("scoped", url="http://127.0.0.1:9")
    assert code == 5
    assert statuses(checks) == {"config": "ok", "network": "failed"}


def test_a_wrong_clock_is_told(doctor: Doctor, emulator: Emulator) -> None:
    """Before the tokens it breaks."""
    emulator.clock.advance(timedelta(minutes=4).total_seconds())
    try:
        _, checks = doctor("scoped")
    finally:
        emulator.clock.set(datetime.now(UTC))
    assert checks["clock"]["status"] == "warning"
    assert "240 seconds" in checks["clock"]["what"] or "239 seconds" in checks["clock"]["what"]


def test_the_second_identity_is_checked_too(doctor: Doctor, tmp_path: Path) -> None:
    """It must reach what filing cannot."""
    more = '[erasure.graph]\nclient_id = "{}"\nclient_secret = "file:secret"'
    code, checks = doctor("scoped", more.format("erasing"))
    assert code == 0, checks
    assert checks[f"erasing mailbox {ANNA}"]["status"] == "ok"
    code, checks = doctor("scoped", more.format("reads"))
    assert code == 7
    assert checks[f"erasing mailbox {ANNA}"]["status"] == "failed"


def test_the_placeholder_of_init_is_recognised(doctor: Doctor) -> None:
    """Before anything is sent."""
    code, checks = doctor("00000000-0000-0000-0000-000000000000")
    assert code == 2
    assert list(checks) == ["config", "client_id"]


def test_a_secret_that_others_can_read_is_refused(doctor: Doctor, tmp_path: Path, monkeypatch: Any) -> None:
    """With the command that mends it."""
    monkeypatch.setattr(Path, "chmod", lambda self, mode: None)
    (tmp_path / "secret").write_text("s")
    code, checks = doctor("scoped")
    assert code == 2
    assert "chmod 600" in checks["credential"]["advice"]


@pytest.mark.parametrize(
    ("key", "mode", "says"),
    [(None, 0, "cannot be read"), ("00" * 32, 0o644, "can be read by others"), ("short", 0o600, "neither 32 bytes")],
)
def test_a_ledger_key_that_cannot_be_used_is_told_before_there_is_a_ledger(
    doctor: Doctor, tmp_path: Path, key: str | None, mode: int, says: str
) -> None:
    """With the code that the first `sort` would end with; and no ledger is made."""
    if key is not None:
        (tmp_path / "ledger.key").write_text(key)
        (tmp_path / "ledger.key").chmod(mode)
    code, checks = doctor("scoped", '[ledger]\nurl = "sqlite:///ledger.db"\nkey = "file:ledger.key"')
    assert code == 2
    assert says in checks["ledger key"]["what"]
    assert not (tmp_path / "ledger.db").exists()


def test_a_place_where_no_ledger_can_be_made_is_told(doctor: Doctor, tmp_path: Path) -> None:
    """Here a file stands where its folder should be."""
    code, checks = doctor("scoped", '[ledger]\nurl = "sqlite:///clients.toml/ledger.db"')
    assert code == 1
    assert str(tmp_path / "clients.toml") in checks["ledger key"]["what"]
    assert "[ledger] url" in checks["ledger key"]["advice"]


def test_a_key_that_is_not_the_ledger_s_is_told(doctor: Doctor, tmp_path: Path) -> None:
    """As every command that opens the ledger tells it."""
    doctor("scoped")
    assert run.invoke(app, ["--config", str(tmp_path / "mailsorter.toml"), "status"]).exit_code == 0
    (key,) = tmp_path.rglob("*.key")
    key.write_text("ab" * 32)
    status = run.invoke(app, ["--config", str(tmp_path / "mailsorter.toml"), "status", "--json"])
    code, checks = doctor("scoped")
    assert code == status.exit_code == 1
    assert checks["ledger key"]["what"] == json.loads(status.stdout)["error"]["what"]
    assert checks["ledger key"]["advice"]


@pytest.mark.parametrize("host", ["outlook.office365.com", "outlook.office365.us", "partner.outlook.cn"])
def test_ews_at_exchange_online_is_explained(doctor: Doctor, host: str) -> None:
    """It is gone there: graph is the way."""
    more = (
        f'[ews]\nurl = "https://{host}/EWS/Exchange.asmx"\nusername = "u"\npassword = "file:secret"\n'
        '[[mailbox]]\naddress = "carol@firm.example"\nconnector = "ews"'
    )
    code, checks = doctor("scoped", more)
    assert code == 2
    assert "Exchange Online" in checks["ews"]["what"]
    assert 'connector = "graph"' in checks["ews"]["advice"]


def ews_config(tmp_path: Path, emulator: Emulator, *, folder: str = "Clients/{name}") -> Path:
    """A firm whose only mailbox lives on premises."""
    (tmp_path / "secret").write_text("emulator")
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "clients.toml").write_text('[[client]]\nid = "klant"\nname = "Klant"\ndomains = ["klant.example"]\n')
    config = tmp_path / "mailsorter.toml"
    config.write_text(f"""\
clients = ["clients.toml"]
[firm]
domains = ["firm.example"]
[archive]
folder = "{folder}"
[[mailbox]]
address = "carol@firm.example"
connector = "ews"
[ews]
url = "{emulator.url}/ews/exchange.asmx"
auth = "basic"
username = "emulator"
password = "file:secret"
""")
    return config


def ask(config: Path) -> tuple[int, dict[str, dict[str, str]]]:
    result = run.invoke(app, ["--config", str(config), "doctor", "--json"])
    return result.exit_code, {check["name"]: check for check in json.loads(result.stdout)["checks"]}


@pytest.mark.skipif(not find_spec("mailsorter.mailbox.ews"), reason="this copy has no EWS connector")
@pytest.mark.parametrize("folder", ["Clients/{name}", "{name}"])
def test_client_folders_on_premises_that_others_can_read_are_told(
    emulator: Emulator, tmp_path: Path, folder: str
) -> None:
    """Everybody, anybody and people outside the firm, with the command that ends it; the firm's own people may."""
    config = ews_config(tmp_path, emulator, folder=folder)
    store, name = emulator.store, "folder permissions carol@firm.example"
    box = store.mailboxes.by_any_name("carol@firm.example")
    box = box or store.mailboxes.create("carol@firm.example", state="on-premises")
    place = store.folders.well_known(box, "msgfolderroot")
    for part in folder.replace("{name}", "Klant").split("/"):
        place = store.folders.create(box, place, part)
    below = store.folders.create(box, place, "2026")
    emulator.conditions.share(place.id, "bob@FIRM.example", "Editor")
    emulator.conditions.share(place.id, "Anonymous", "Contributor")
    code, checks = ask(config)
    assert (code, checks[name]["status"]) == (0, "ok"), checks
    for shared in (place, below):
        emulator.conditions.share(shared.id, "Default", "Reviewer")
    emulator.conditions.share(place.id, "x@elsewhere.example", "Owner")
    code, checks = ask(config)
    assert (code, checks[name]["status"]) == (0, "warning")
    assert "Default (2), x@elsewhere.example (1)." in checks[name]["what"]
    assert "Remove-MailboxFolderPermission -Identity 'carol@firm.example:\\FOLDER'" in checks[name]["advice"]
    refused = {"path": "users/*/ews/getfolder", "skip": 1, "status": 403, "code": "ErrorAccessDenied"}
    emulator.faults.set_plan(FaultPlan.make({"fault": [refused]}))
    code, checks = ask(config)
    emulator.faults.set_plan(FaultPlan())
    assert (code, checks[name]["status"]) == (0, "warning")
    assert "ErrorAccessDenied" in checks[name]["what"]
    emulator.conditions.clear()


def test_text_says_what_json_says(doctor: Doctor, tmp_path: Path) -> None:
    """One line a check, its advice below it."""
    doctor("anna-only")
    result = run.invoke(app, ["--config", str(tmp_path / "mailsorter.toml"), "doctor"])
    lines = result.stdout.splitlines()
    assert lines[0].startswith("ok      ")
    assert any(line.startswith("FAILED ") and BOB in line for line in lines)
