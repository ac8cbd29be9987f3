"""The ledger's key is replaced between the commands of a case: the model, the files on the disk, a restored mailbox."""

from __future__ import annotations

import secrets
from pathlib import Path

from mailsorter.assembly import Assembly
from mailsorter.config.load import load
from mailsorter.emulator.store import Address
from tests.cases.tenant import Tenant, tenant
from tests.cases.test_commands import Desk

PIET = Address("Piet de Vries", "piet@elders.example")
FOLDER = ("Clients", "Klant B.V.")
ERASED = {"from_": PIET, "subject": "uniek onderwerp", "message_id": "<1@elders.example>", "received": 1_700_000_000}
CANARIES = (b"piet", b"de vries", b"elders.example", b"uniek onderwerp")


def replace_key(firm: Tenant) -> None:
    """A new key in force, the first one beside it."""
    path = firm.folder / "new.key"
    path.write_text(secrets.token_hex(32))
    path.chmod(0o600)
    keys = 'key = "file:new.key"\nformer_keys = ["file:ledger.key"]\n'
    firm.config.write_text(firm.config.read_text().replace("[ledger]\n", f"[ledger]\n{keys}"))


def drop_old_key(firm: Tenant) -> None:
    text = firm.config.read_text()
    firm.config.write_text(text.replace('former_keys = ["file:ledger.key"]\n', ""))
    (firm.folder / "ledger.key").unlink()


def learned(firm: Tenant) -> int:
    """How many messages the model on the disk remembers, as the config of now opens it."""
    return len(Assembly(load(firm.config), clock=firm.clock).prediction_model().memory)


def spellings_of(key: Path) -> list[bytes]:
    """The key as it may lie in a file: its bytes, and in hexadecimal digits."""
    content = key.read_bytes().strip()
    raw = content if len(content) == 32 else bytes.fromhex(content.decode())
    return [raw, raw.hex().encode(), raw.hex().upper().encode()]


def found_in_files(firm: Tenant, wanted: list[bytes]) -> list[tuple[str, bytes]]:
    """What of it stands in any file or file name of the folder, the keys' own files and the config left out."""
    theirs = {firm.folder / name for name in ("ledger.key", "new.key", "mailsorter.toml", "clients.toml")}
    files = [path for path in firm.folder.rglob("*") if path.is_file() and path not in theirs]
    assert {"ledger.db", "prediction.model"} <= {path.name for path in files}
    texts = {path: path.read_bytes() + path.name.encode() for path in files}
    return [(path.name, one) for path, text in texts.items() for one in wanted if one in text or one in text.lower()]


def test_a_case_its_model_and_its_tombstone_outlive_the_key(tmp_path: Path) -> None:
    """Opened, found, planned and approved under the old key; erased, proven and closed under the new; then restored."""
    with tenant(tmp_path) as firm:
        desk, anna = Desk(firm), firm.mailboxes[0]
        firm.put(anna, from_=Address("Jan", "jan@klant.example"))
        desk.type("sort")
        theirs = firm.put(anna, FOLDER, **ERASED)
        assert desk.json("predict", "train")["messages"] == 2
        desk.json("erase", PIET.address, "--known", "bekend", "--by", "anna", code=4)
        case = "2026-0001"
        desk.approve(case)
        keys = spellings_of(firm.folder / "ledger.key")
        replace_key(firm)
        keys += spellings_of(firm.folder / "new.key")
        shown = desk.json("case", "show", case)
        assert (shown["state"], shown["subject"]["addresses"]) == ("approved", [PIET.address])
        desk.type("check")
        assert desk.json("case", "show", case)["subject"]["addresses"] == [PIET.address]
        assert desk.json("erase", PIET.address)["items"] == {"erased": 1}
        assert desk.json("case", "close", case)["tell"] == []
        assert theirs not in set().union(*firm.everything().values())
        desk.type("check")
        assert learned(firm) == 1, "it loads under the new key, and has forgotten the person's"
        assert found_in_files(firm, [*CANARIES, *keys]) == []
        assert desk.json("status")["former_keys"][0]["may_go"]
        drop_old_key(firm)
        assert learned(firm) == 1
        firm.put(anna, ("Restored",), **ERASED)
        assert "erased" in desk.type("check", code=3)
        again = desk.json("erase", PIET.address, "--known", "bekend", "--by", "anna", code=4)
        assert (again["case"], again["steps"][0]["step"]) == ("2026-0002", "find")
        desk.approve(again["case"])
        assert desk.json("erase", PIET.address)["items"] == {"erased": 1}
        desk.type("check")
        assert desk.json("predict", "forget", "jan@klant.example") == {"forgotten": 1}
        assert found_in_files(firm, keys) == []


def test_mail_erased_under_the_old_key_is_recognised_while_its_tombstone_stands(tmp_path: Path) -> None:
    with tenant(tmp_path) as firm:
        desk = Desk(firm)
        firm.put(firm.mailboxes[0], **ERASED)
        desk.json("erase", PIET.address, "--known", "bekend", "--by", "anna", code=4)
        desk.approve("2026-0001")
        desk.json("erase", PIET.address)
        desk.type("case", "close", "2026-0001")
        replace_key(firm)
        desk.type("check")
        (key,) = desk.json("status")["former_keys"]
        assert (key["may_go"], key["tombstones"]) == (False, 2)
        firm.put(firm.mailboxes[0], ("Restored",), **ERASED)
        told = desk.json("check", code=3)
        assert told["mailboxes"][0]["differences"] == {"erased-mail-is-back": 1}
        firm.clock.sleep(86_400 * 91)
        desk.type("check")
        assert desk.json("status")["former_keys"][0]["may_go"]
        drop_old_key(firm)
        desk.type("check")
