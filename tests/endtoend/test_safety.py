"""Brakes, reconciliation, audit and silence, over real HTTP and the command line."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.endtoend.tenant import Tenant

LOW = "[brakes]\nminimum = 5\nfactor = 2.0\n"


def test_a_run_that_looks_wrong_stops_with_its_own_exit_code_and_yes_goes_on(firm: Tenant) -> None:
    firm.write_config(LOW)
    firm.deliver("jan@acme.example")
    assert firm.run("sort").code == 0
    for _ in range(20):
        firm.deliver("jan@acme.example")
    before = firm.folders()
    stopped = firm.run("sort", "--json")
    assert stopped.code == 6
    assert stopped.json["mailboxes"][0]["error"]["brake"] == "many-moves"
    assert firm.folders() == before
    assert "many-moves" in firm.run("plan").out
    assert "sort --yes" in firm.run("sort").err
    assert firm.run("sort", "--yes").code == 0
    assert len(firm.folders()["Clients / Acme B.V."]) == 21


def test_status_shows_the_brake_until_a_run_goes_on(firm: Tenant) -> None:
    """Which, since when, and the command; as text, as JSON, and in the digest. A plan is no run."""
    firm.write_config(LOW)
    firm.deliver("jan@acme.example")
    assert firm.run("sort").code == 0
    for _ in range(20):
        firm.deliver("jan@acme.example")
    assert firm.run("plan").code == 0
    assert firm.run("status", "--json").json["mailboxes"][0]["brake"] is None
    assert "the brake" not in firm.run("status").out
    assert firm.run("sort").code == 6
    brake = firm.run("status", "--json").json["mailboxes"][0]["brake"]
    assert (brake["code"], brake["go_on"]) == ("many-moves", "mailsorter sort --yes")
    assert brake["since"].endswith("Z")
    assert brake["seconds"] >= 0
    line = f"the brake many-moves has stopped filing since {brake['since']}"
    for command in (["status"], ["status", "--digest"]):
        text = " ".join(firm.run(*command).out.split())
        assert line in text
        assert "Then go on with: mailsorter sort --yes" in text
    assert firm.run("status", "--digest", "--json").json["mailboxes"][0]["brake"]["code"] == "many-moves"
    assert firm.run("sort", "--limit", "2").code == 0, "few enough to be no surprise"
    assert firm.run("status", "--json").json["mailboxes"][0]["brake"]["since"] == brake["since"]
    assert firm.run("sort", "--yes").code == 0
    assert firm.run("status", "--json").json["mailboxes"][0]["brake"] is None
    assert "the brake" not in firm.run("status").out


def test_check_says_what_people_did_and_that_all_agrees_afterwards(firm: Tenant) -> None:
    moved = firm.deliver("wie@elders.example", "Vraag")
    firm.deliver("jan@acme.example")
    firm.deliver("jo@bakker.example")
    assert firm.run("sort").code == 0
    assert firm.run("check", "--json").json["mailboxes"][0]["agrees"]
    box, store = firm.mailboxes[0], firm.emulator.store
    message = next(m for m in store.messages.in_folder(store.folders.well_known(box, "inbox")))
    target = next(f for f in store.folders.all(box) if f.name == "Acme B.V.")
    store.messages.move(box, message, target)
    said = firm.run("check")
    assert said.code == 0
    assert "1 × put into a client's folder by a person: learnt from" in said.out
    assert moved in said.out
    statement = firm.run("check", "--json").json
    assert statement["mailboxes"][0]["differences"] == {}
    assert statement["audit_head"] == firm.run("status", "--json").json["audit_head"]


def test_the_audit_chain_is_verified_and_exported(firm: Tenant) -> None:
    firm.deliver("jan@acme.example")
    firm.run("sort")
    firm.run("check")
    head = firm.run("status", "--json").json["audit_head"]
    assert firm.run("audit", "verify", "--head", head).code == 0
    out = firm.folder / "audit.jsonl"
    assert firm.run("audit", "export", "--out", str(out)).code == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["sort", "check"]
    assert head == f"2:{lines[-1]['mac']}"
    assert firm.run("audit", "export", "--out", str(out)).code == 2, "never written over"
    for malformed in ("", "nonsense", "2:xyz"):
        assert firm.run("audit", "verify", "--head", malformed).code == 2
    with sqlite3.connect(firm.folder / "ledger.db") as raw:
        raw.execute("DELETE FROM audit WHERE number = 2")
    raw.close()
    assert firm.run("audit", "verify").code == 0
    cut = firm.run("audit", "verify", "--head", head, "--json")
    assert cut.code == 1
    assert cut.json["fault"]["kind"] == "cut"


@pytest.mark.parametrize("command", ["sort", "check", "status", "undo --client acme"])
def test_a_ledger_that_is_corrupt_leaves_mail_alone(firm: Tenant, command: str) -> None:
    firm.deliver("jan@acme.example")
    firm.run("sort")
    firm.deliver("jan@acme.example")
    before = firm.folders()
    (firm.folder / "ledger.db").write_bytes(b"\x00not a database" * 500)
    answer = firm.run(*command.split())
    assert answer.code == 1
    assert "corrupt" in answer.err
    assert firm.folders() == before


SECRETS = ("Zeldzaamwoord", "Geheimzin", "jan.janssen", "Janssen", "acme.example", "onzefirma", "Acme", "Clients")


def test_nothing_readable_of_mail_is_in_any_file_that_mailsorter_wrote(firm: Tenant) -> None:
    firm.write_config('[log]\nfile = "mailsorter.log"\nlevel = "debug"\n')
    for i in range(3):
        firm.deliver(f"jan.janssen{i}@acme.example", "Zeldzaamwoord", body="Geheimzin")
    firm.deliver("jan.janssen@elders.example", "Zeldzaamwoord", body="Geheimzin")
    run = firm.run("sort", "--json").json["run"]
    firm.run("check")
    firm.run("undo", run)
    firm.run("explain", run)
    files = list(firm.files())
    assert firm.folder / "ledger.db" in files
    _assert_silent(files)


def test_nothing_readable_of_mail_is_in_the_files_of_a_run_that_was_cut_off(
    firm: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the ledger is open: the write-ahead log too, and what an unexpected error prints."""
    from mailsorter.sorting import mailbox_run

    for _ in range(30):
        firm.deliver("jan.janssen@acme.example", "Zeldzaamwoord", body="Geheimzin")
    seen: list[bytes] = []

    def breaks(*_: object, **__: object) -> None:
        seen.extend(path.read_bytes() for path in firm.files())
        raise ZeroDivisionError("Zeldzaamwoord jan.janssen@acme.example")

    monkeypatch.setattr(mailbox_run, "count_results", breaks)
    answer = firm.run("sort")
    assert answer.code == 1
    assert "Unexpected error: ZeroDivisionError" in answer.err
    assert not [word for word in SECRETS if word in answer.err]
    assert len(seen) >= 3, "ledger, write-ahead log, lock file"
    assert not [word for word in SECRETS for content in seen if word.encode() in content]
    _assert_silent(list(firm.files()))


def _assert_silent(files: list[Path]) -> None:
    for path in files:
        content = path.read_bytes()
        assert not [word for word in SECRETS if word.encode() in content], path.name
        assert not [word for word in SECRETS if word.encode("utf-16-le") in content], path.name
