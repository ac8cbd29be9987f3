"""`predict train` as a command: it learns from client folders that people made before mailsorter came."""

from __future__ import annotations

from pathlib import Path

from mailsorter.emulator import NewMessage
from mailsorter.emulator.store import Address
from tests.endtoend.tenant import tenant


def test_train_learns_from_earlier_folders_that_a_person_confirms(tmp_path: Path) -> None:
    """Without --yes and without a terminal it names them and leaves them out; what is ambiguous or empty is skipped."""
    with tenant(tmp_path) as firm:
        store, box = firm.emulator.store, firm.mailboxes[0]
        inbox = store.folders.well_known(box, "inbox")
        ours = store.folders.create(box, inbox, "acme")
        store.folders.create(box, inbox, "bakker")
        for n in range(12):
            new = NewMessage(
                from_=Address("Wie", f"w{n}@elders.example"), to=[Address("Anna", box.address)], subject=f"Kade {n}"
            )
            store.messages.create(box, ours, new)
        before = firm.folders()
        asked = firm.run("predict", "train", "--json").json
        assert (asked["read"], asked["learned"], asked["earlier_folders"]) == (0, 0, [])
        assert {tuple(one["folder"])[-1] for one in asked["skipped_folders"]} == {"acme", "bakker"}
        assert all(one["skipped_because"] for one in asked["skipped_folders"])
        done = firm.run("predict", "train", "--yes", "--json").json
        assert (done["read"], done["learned"], done["messages"], done["clients"]) == (12, 12, 12, 1)
        assert [tuple(one["folder"])[-1] for one in done["earlier_folders"]] == ["acme"]
        assert [tuple(one["folder"])[-1] for one in done["skipped_folders"]] == ["bakker"]
        assert firm.folders() == before
        said = firm.run("predict", "report", "--json").json
        assert [row["precision"] for row in said["coverage_at"]] == [0.9, 0.95, 0.99, 0.995]
