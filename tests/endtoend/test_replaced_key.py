"""Replacing the ledger's key as docs/operations.md says it, over real HTTP and the command line."""

from __future__ import annotations

from pathlib import Path

from tests.endtoend.tenant import Tenant

NEW = "ledger-new.key"


def name_keys(firm: Tenant, *, former: bool) -> None:
    """[ledger] with the new key, and with the former one beside it."""
    text = firm.config.read_text()
    before = [line for line in text.splitlines() if not line.startswith(("key =", "former_keys ="))]
    place = before.index('url = "sqlite:///ledger.db"') + 1
    keys = [f'key = "file:{NEW}"', *(['former_keys = ["file:ledger.key"]'] if former else [])]
    firm.config.write_text("\n".join([*before[:place], *keys, *before[place:]]) + "\n")


def make_key(firm: Tenant) -> None:
    path = Path(firm.folder, NEW)
    path.write_text("ab" * 32)
    path.chmod(0o600)


def test_the_key_is_replaced_in_place(firm: Tenant) -> None:
    firm.deliver("jan@acme.example")
    firm.deliver("wie@elders.example")
    run = firm.run("sort", "--json").json["run"]
    filed = firm.folders()
    make_key(firm)
    name_keys(firm, former=True)
    assert "is to be replaced" in firm.run("doctor").out
    said = firm.run("status")
    assert "is still needed" in said.out
    assert "mailsorter check" in said.out
    (key,) = firm.run("status", "--json").json["former_keys"]
    assert (key["rows"]["message"], key["rekeyed"], key["may_go"]) == (2, None, False)
    assert "is still needed" in firm.run("doctor").out
    name_keys(firm, former=False)
    refused = firm.run("sort")
    assert refused.code == 1
    assert "still needs the key" in refused.err
    assert "run: mailsorter check" in refused.err
    name_keys(firm, former=True)
    assert firm.run("sort").code == 0
    assert firm.folders() == filed
    checked = firm.run("check", "--json")
    assert checked.code == 0
    assert checked.json["former_keys"][0]["rows"] == {}
    assert "may go" in firm.run("status").out
    name_keys(firm, former=False)
    Path(firm.folder, "ledger.key").unlink()
    assert firm.run("status", "--json").json["former_keys"] == []
    assert firm.run("sort").code == 0
    assert firm.folders() == filed
    assert firm.run("audit", "verify").code == 0
    assert firm.run("undo", run).code == 0
    assert firm.folders() != filed
    assert firm.run("check").code == 0
