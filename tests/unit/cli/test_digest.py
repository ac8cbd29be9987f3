"""`status --digest`: the day for the administrator."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from mailsorter.assembly import Assembly
from mailsorter.cli.app import app
from mailsorter.config.load import load
from mailsorter.daemon.snapshot import MailboxSaid, Snapshot, TroubleSaid, write
from mailsorter.ledger.runs import DONE
from mailsorter.model.case import CaseKind

CONFIG = """
clients = ["clients.toml"]
[firm]
domains = ["onzefirma.example"]
[[mailbox]]
address = "anna@onzefirma.example"
[[mailbox]]
address = "bram@onzefirma.example"
[ledger]
url = "sqlite:///ledger.db"
[graph]
tenant = "t"
client_id = "c"
client_secret = "env:NOT_SET"
"""


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "mailsorter.toml"
    file.write_text(CONFIG)
    (tmp_path / "clients.toml").write_text('[[client]]\nid = "acme"\nname = "Acme"\ndomains = ["acme.example"]\n')
    return file


def digest(path, *more: str):
    return status(path, "--digest", *more)


def test_a_daemon_that_never_ran_is_said_to_be_away(path):
    """And nothing else is made up."""
    assert digest(path).startswith("The daemon does not run: it never ran.")


def test_the_day_names_mailboxes_and_troubles(path):
    """Numbers of the ledger become addresses at the door; text and JSON hold the same."""
    now_s = int(time.time())
    with Assembly(load(path)) as assembly:
        with assembly.ledger.unit() as unit:
            numbers = [unit.places.mailbox(f"{name}@onzefirma.example") for name in ("anna", "bram")]
            for counts in ({"pulled": 5, "filed": 4, "left": 1}, {"pulled": 2, "filed": 2}):
                unit.runs.end(unit.runs.begin("sort").number, DONE, counts)
        seen = (
            MailboxSaid(numbers[0], now_s - 40, now_s - 40, False, 0, None, {}, 0.25),
            MailboxSaid(numbers[1], now_s - 7200, now_s - 30, True, 3, "NotPermitted", {}),
        )
        trouble = TroubleSaid("not permitted", (numbers[1],), now_s - 7200, True, "Run: mailsorter doctor")
        write(assembly.ledger, Snapshot(now_s, now_s - 9000, 1, seen, (trouble,)))
    text = digest(path)
    said, trouble_line = text.splitlines()[:2]
    assert said.startswith("The daemon runs: its last sign of life is ")
    assert trouble_line.startswith("- not permitted (bram@onzefirma.example), for 2 h")
    assert "7 messages seen in 2 runs, 6 filed, 1 left, 0 failed." in text
    assert "25%" in text
    data = json.loads(digest(path, "--json"))
    assert data["daemon"]["running"] is True
    assert [(m["backlog"], m["failed_looks_in_a_row"]) for m in data["mailboxes"]] == [(False, 0), (True, 3)]
    assert data["troubles"][0]["mailboxes"] == ["bram@onzefirma.example"]
    assert data["audit_head"] == "0:"


def test_a_word_from_the_future_is_no_sign_of_life(path):
    """The clock was set back since, by years: that nothing is wrong is not known."""
    then_s = int(time.time()) + 3650 * 86400
    with Assembly(load(path)) as assembly:
        write(assembly.ledger, Snapshot(then_s, then_s - 9000, 1, (), ()))
    text = digest(path)
    assert text.startswith("The daemon does not run: its last sign of life is 36")
    assert "ahead of this machine's clock." in text.splitlines()[0]
    assert "Nothing is wrong" not in text
    assert json.loads(digest(path, "--json"))["daemon"]["running"] is False


def test_status_tells_of_each_mailbox_and_of_cases_in_text_and_json(path):
    """Lag, quota, backlog, what waits for review; terms of cases; the audit head. A digest says the same."""
    now_s = int(time.time())
    with Assembly(load(path)) as assembly:
        with assembly.ledger.unit() as unit:
            anna, bram = (unit.places.mailbox(f"{name}@onzefirma.example") for name in ("anna", "bram"))
            number = unit.cases.open(CaseKind.ERASURE, datetime.now(UTC).date() - timedelta(days=12)).number
        seen = (
            MailboxSaid(anna, now_s - 7200, now_s - 40, False, 0, None, {}, 0.25),
            MailboxSaid(bram, now_s - 10800, now_s - 30, True, 3, "NotPermitted", {}),
        )
        write(assembly.ledger, Snapshot(now_s, now_s - 90000, 1, seen, ()))
    for more in ((), ("--digest",)):
        text, data = status(path, *more), json.loads(status(path, *more, "--json"))
        first, second = (line.split() for line in text.splitlines() if line.startswith(("anna@", "bram@")))
        assert {"25%", "no", "2"} <= set(first)
        assert {"unknown", "yes", "3"} <= set(second)
        shown = [(m["mailbox"], m["quota_used"], m["backlog"], m["review"]) for m in data["mailboxes"]]
        assert shown == [("anna@onzefirma.example", 0.25, False, 0), ("bram@onzefirma.example", None, True, 0)]
        assert [7200 <= m["lag_s"] < 7300 for m in data["mailboxes"]] == [True, False]
        assert [(d["case"], d["what"]) for d in data["cases_due"]] == [(number, "firm")]
        assert f"{number}  say what cannot be erased" in text
        assert text.rstrip().endswith(f"audit head {data['audit_head']}")
    assert "Nothing is wrong." in status(path, "--digest")
    assert "Due in cases: 1 (mailsorter case list)." in status(path, "--digest")


def status(path, *more: str) -> str:
    told = CliRunner().invoke(app, ["--config", str(path), "status", *more])
    assert told.exit_code == 0, told.output
    return told.stdout
