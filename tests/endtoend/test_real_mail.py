"""Real filed mail that this project did not write, where MAILSORTER_TESTDATA points at it."""

from __future__ import annotations

import os
import re
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from mailsorter.emulator import Store, running_emulator
from mailsorter.emulator.seed.tree import seed_tree
from tests.endtoend.tenant import Tenant

TESTDATA = os.environ.get("MAILSORTER_TESTDATA")

pytestmark = [
    pytest.mark.testdata,
    pytest.mark.skipif(not TESTDATA, reason="MAILSORTER_TESTDATA does not point at the shared test data"),
    pytest.mark.timeout(600),
]


def outside_domains(root: Path, most: int) -> list[str]:
    """The domains that real mail names most, the firm's own left out."""
    seen: Counter[str] = Counter()
    for path in root.rglob("*"):
        if path.is_file():
            head = path.read_bytes().split(b"\n\n", 1)[0].decode("latin-1").lower()
            seen.update({found for found in re.findall(r"@([\w.-]+\.\w{2,})", head) if "enron" not in found})
    return [domain for domain, _ in seen.most_common(most)]


def folders(store: Store) -> dict[tuple[str, str], set[str]]:
    found = {}
    for mailbox in store.mailboxes.all():
        for folder in store.folders.all(mailbox):
            ids = {mailbox.ids.immutable_id(message.id) for message in store.messages.in_folder(folder)}
            if ids:
                found[mailbox.address, " / ".join(store.folders.path(mailbox, folder))] = ids
    return found


def test_two_real_mailboxes_are_sorted_completely_and_undone_exactly(tmp_path: Path) -> None:
    assert TESTDATA
    with tarfile.open(Path(TESTDATA, "mail.tgz")) as archive:
        archive.extractall(tmp_path, filter="data")
    root = tmp_path / "corpora" / "enron" / "mail"
    clients = "".join(
        f'[[client]]\nid = "c{i}"\nname = "Client {domain}"\ndomains = ["{domain}"]\n'
        for i, domain in enumerate(outside_domains(root, 300))
    )
    store = Store(tmp_path / "state.sqlite")
    seed_tree(store, root, domain="enron.example", progress=lambda count: None)
    home = tmp_path / "home"
    home.mkdir()
    with running_emulator(store) as emulator:
        firm = Tenant(emulator, home, (), clients)
        firm.mailboxes = store.mailboxes.all()
        firm.write_config('[filing]\nwatch = ["*"]\n[brakes]\nenabled = false\n', own="enron.com")
        before = folders(store)
        run = firm.run("sort", "--json").json
        assert run["filed"] > 0
        assert run["pulled"] == sum(run[name] for name in ("filed", "left", "skipped", "failed"))
        assert run["pulled"] == sum(len(ids) for ids in before.values())
        after = folders(store)
        everywhere = [message for ids in after.values() for message in ids]
        assert len(everywhere) == len(set(everywhere))
        assert set(everywhere) == {message for ids in before.values() for message in ids}
        assert firm.run("undo", run["run"]).code == 0
        assert folders(store) == before
    store.close()
