"""A hybrid firm: a mailbox in Exchange Online over Graph, one on the firm's own server over EWS, sorted in one run."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from mailsorter.emulator import running_emulator
from mailsorter.emulator.faults import FaultPlan
from tests.endtoend.tenant import OWN, Tenant

pytestmark = pytest.mark.skipif(not find_spec("mailsorter.mailbox.ews"), reason="this copy has no EWS connector")


class HybridTenant(Tenant):
    """The second mailbox lives on premises."""

    def write_config(self, extra: str = "", *, own: str = OWN, **changes: str) -> None:
        address = self.mailboxes[1].address
        self.emulator.store.mailboxes.change(self.mailboxes[1], state="on-premises")
        url = changes.pop("ews_url", f"{self.emulator.url}/ews/exchange.asmx")
        ews = f'[ews]\nurl = "{url}"\nauth = "basic"\nusername = "emulator"\npassword = "file:secret"\n'
        super().write_config(ews + extra, own=own, **changes)
        text = self.config.read_text(encoding="utf-8")
        entry = f'address = "{address}"\n'
        self.config.write_text(text.replace(entry, entry + 'connector = "ews"\n'), encoding="utf-8")


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[HybridTenant]:
    with running_emulator() as emulator:
        yield HybridTenant(emulator, tmp_path, ("anna", "bert"))


def fill(firm: Tenant) -> None:
    senders = ("jan@acme.example", "jo@bakker.example", "wie@elders.example")
    for mailbox in (0, 1):
        for n in range(15):
            firm.deliver(senders[n % 3], f"Bericht {n}", mailbox=mailbox)


def by_folder(firm: Tenant, mailbox: int) -> dict[str, set[str]]:
    """Messages by folder, under an id that survives moves: the emulator's own."""
    return {path: ids for path, ids in firm.folders(mailbox).items() if ids}


def test_both_are_sorted_undone_and_not_sorted_twice(firm: HybridTenant) -> None:
    """The same verdicts on both roads; a second run finds nothing new; undo restores both exactly."""
    fill(firm)
    before = [by_folder(firm, mailbox) for mailbox in (0, 1)]
    done = firm.run("sort", "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json["filed"] == 20
    for mailbox in (0, 1):
        after = by_folder(firm, mailbox)
        assert {path: len(ids) for path, ids in after.items() if path.startswith("Clients")} == {
            "Clients / Acme B.V.": 5,
            "Clients / Bakkerij Müller / Söhne": 5,
        }
        assert sum(map(len, after.values())) == 15
    again = firm.run("sort", "--json")
    assert again.json["filed"] == 0
    undone = firm.run("undo", done.json["run"], "--json")
    assert undone.code == 0
    assert [by_folder(firm, mailbox) for mailbox in (0, 1)] == before


def test_a_lost_answer_on_premises_is_found_again(firm: HybridTenant) -> None:
    """MoveItem happened but its answer was lost, and the ids with it: found by msg-id, recorded as filed, undone."""
    fill(firm)
    before = by_folder(firm, 1)
    cut = {"path": "users/*/ews/moveitem", "cut": "after", "times": 1}
    firm.emulator.faults.set_plan(FaultPlan.make({"fault": [cut]}))
    done = firm.run("sort", "--json")
    assert firm.emulator.faults.struck == [1]
    assert (done.code, done.json["filed"]) == (0, 20)
    assert firm.run("sort", "--json").json["filed"] == 0
    firm.emulator.faults.set_plan(FaultPlan.make({"fault": [cut]}))
    assert firm.run("undo", done.json["run"], "--json").code == 0
    assert firm.emulator.faults.struck == [1]
    assert by_folder(firm, 1) == before
    assert firm.run("sort", "--json").json["filed"] == 0  # what was taken back stays


def test_exchange_online_is_no_place_for_ews(firm: HybridTenant) -> None:
    """Pointing EWS at Exchange Online is said for what it is, with what to do; the other mailbox goes on."""
    fill(firm)
    firm.write_config(ews_url="https://outlook.office365.com/EWS/Exchange.asmx")
    doctor = firm.run("doctor")
    assert doctor.code != 0
    assert "Exchange Online" in doctor.out + doctor.err
    assert 'connector = "graph"' in doctor.out + doctor.err
