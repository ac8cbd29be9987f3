"""Hostile mail among ordinary mail, over HTTP: what is ordinary fares as if it were alone.

A short form in every build; the long one, with every input that can be mail and 2,000 ordinary messages, with
MAILSORTER_TORTURE=1.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailsorter.cases.find import find, findings_of
from mailsorter.cases.intake import open_case
from mailsorter.cases.perform import perform
from mailsorter.cases.prove import prove
from mailsorter.cases.verify import attest
from mailsorter.emulator import NewMessage
from mailsorter.emulator.store import Address
from mailsorter.model.case import CaseKind, Subject
from mailsorter.model.verdict import Why
from tests.cases.tenant import tenant as case_tenant
from tests.endtoend.tenant import tenant
from tests.hostile.made import Hostile
from tests.hostile.mailbox import IN_MAIL, message_of
from tests.unit.daemon.test_process import Running

STOP_S = 10  # within which the daemon ends, whatever it reads
PIET = Address("Piet de Vries", "piet@klant.example")
SUBJECT = Subject(names=("Piet de Vries",), addresses=(PIET.address,))


@dataclass(frozen=True)
class Mix:
    """How many ordinary messages, which hostile ones, and of what size."""

    ordinary: int
    hostile: Sequence[Hostile]
    size: int


def _spread(count: int) -> list[Hostile]:
    """So many inputs of all kinds, without the large forms."""
    small = [row for row in IN_MAIL if "(large)" not in row.name]
    return small[:: max(1, len(small) // count)][:count]


MIXES = [
    pytest.param(Mix(200, _spread(40), 20_000), id="short"),
    pytest.param(Mix(2_000, IN_MAIL, 200_000), id="long", marks=[pytest.mark.torture, pytest.mark.timeout(7_200)]),
]


@pytest.fixture(autouse=True)
def _torture_is_asked_for(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("torture") and not os.environ.get("MAILSORTER_TORTURE"):
        pytest.skip("MAILSORTER_TORTURE=1 runs the long form")


SENDERS = ("jan@acme.example", "jo@bakker.example", "wie@elders.example", "bram@onzefirma.example")


def ordinary(number: int) -> dict[str, str]:
    """One ordinary message: a client's, another client's, a stranger's, a colleague's, some of them forwarded."""
    subject = f"FW: Bericht {number}" if number % 8 == 3 else f"Bericht {number}"
    body = "Van: Jan <jan@acme.example>\nAan: Bram\nVerzonden: maandag\nOnderwerp: x\n" if number % 8 == 3 else "Dag."
    return {"sender": SENDERS[number % 4], "subject": subject, "body": body}


def filled(folder: Path, mix: Mix, hostile: Sequence[Hostile]) -> dict[str, str]:
    """Sort a mailbox of these; gives in which folder each ordinary message lies afterwards, by its number."""
    folder.mkdir()
    with tenant(folder) as firm:
        store, box = firm.emulator.store, firm.mailboxes[0]
        every = max(1, mix.ordinary // max(1, len(hostile)))
        waiting, ids = list(hostile), {}
        for number in range(mix.ordinary):
            ids[firm.deliver(**ordinary(number), message_id=f"<{number}@ordinary.example>")] = str(number)
            if waiting and number % every == 0:
                store.messages.create(box, store.folders.well_known(box, "inbox"), message_of(waiting.pop(), mix.size))
        for row in waiting:
            store.messages.create(box, store.folders.well_known(box, "inbox"), message_of(row, mix.size))
        answer = firm.run("sort", "--json")
        assert answer.code == 0, answer.err
        assert answer.json["failed"] == 0
        review = firm.run("review", "--json")
        assert review.code == 0
        return {ids[i]: path for path, held in firm.folders().items() for i in held if i in ids}


@pytest.mark.parametrize("mix", MIXES)
def test_ordinary_mail_is_filed_as_if_it_were_alone(tmp_path: Path, mix: Mix) -> None:
    alone = filled(tmp_path / "alone", mix, [])
    mixed = filled(tmp_path / "mixed", mix, mix.hostile)
    assert len(alone) == mix.ordinary
    assert len(set(alone.values())) == 3
    assert mixed == alone


@pytest.mark.parametrize("mix", MIXES)
def test_the_daemon_answers_and_stops_while_it_reads_hostile_mail(tmp_path: Path, mix: Mix) -> None:
    """Asked all the time until everything ordinary is filed; then stopped in the middle of more."""
    place, folder = tmp_path / "firm", tmp_path / "daemon"
    place.mkdir()
    folder.mkdir()
    with tenant(place) as firm:
        store, box = firm.emulator.store, firm.mailboxes[0]
        inbox = store.folders.well_known(box, "inbox")
        rows = list(mix.hostile)
        for row in rows[: len(rows) // 2]:
            store.messages.create(box, inbox, message_of(row, mix.size))
        for number in range(0, mix.ordinary, 4):
            firm.deliver(**ordinary(number))
        daemon = Running(folder, firm.emulator.url)
        try:
            daemon.hears("READY=1")
            until = time.monotonic() + 600
            while len(firm.folders().get("Clients / Acme B.V.", ())) < len(range(0, mix.ordinary, 4)):
                assert time.monotonic() < until, "ordinary mail was not filed"
                assert daemon.page("/healthz") == (200, '{"alive": true}\n')
                time.sleep(0.2)
            for row in rows[len(rows) // 2 :]:
                store.messages.create(box, inbox, message_of(row, mix.size))
            daemon.process.send_signal(signal.SIGTERM)
            assert daemon.process.wait(timeout=STOP_S) == 0
        finally:
            daemon.close()


def worked(folder: Path, mix: Mix, hostile: Sequence[Hostile]) -> tuple[set[str], bool, set[str]]:
    """A case over a mailbox of these: subjects of what is theirs, whether it is proven, reasons of what is not seen.

    It counts as proven but for hostile messages in which the witness saw the person: it reads some parts that the
    search counts as unread.
    """
    folder.mkdir()
    with case_tenant(folder, ("anna",)) as firm:
        store, box = firm.store, firm.mailboxes[0]
        inbox = store.folders.well_known(box, "inbox")
        ordinary_ids: set[str] = set()
        for number in range(mix.ordinary):
            is_theirs = number % 10 == 0
            sender = PIET if is_theirs else Address("Kees", f"kees{number}@elders.example")
            new = NewMessage(from_=sender, to=[Address("", box.address)], subject=f"bericht {number}", body="x")
            ordinary_ids.add(box.ids.immutable_id(store.messages.create(box, inbox, new).id))
        for row in hostile:
            store.messages.create(box, inbox, message_of(row, mix.size))
        number = open_case(firm.office, CaseKind.ERASURE, SUBJECT).number
        attest(firm.office, number, "known by voice")
        found = find(firm.office, number)
        subjects = {f.subject for f in found.findings if f.subject.startswith("bericht ")}
        reasons = {one.reason for one in findings_of(firm.office.open_file(number)).not_seen}
        again = firm.approved(SUBJECT)
        perform(firm.office, again)
        proof = prove(firm.office, again)
        only_seen = {reason.why for reason in proof.verdict.reasons} <= {Why.SEEN}
        is_proven = only_seen and not ordinary_ids & {one.id for one in proof.unexpected}
        return subjects, is_proven, reasons


@pytest.mark.parametrize("mix", MIXES)
def test_a_case_finds_the_same_and_counts_what_it_could_not_read(tmp_path: Path, mix: Mix) -> None:
    alone = worked(tmp_path / "alone", mix, [])
    mixed = worked(tmp_path / "mixed", mix, mix.hostile)
    assert len(alone[0]) == mix.ordinary // 10
    assert mixed[0] == alone[0]
    assert alone[1]
    assert mixed[1]
    assert {"attachments-not-readable", "text-by-index-only"} & mixed[2]
