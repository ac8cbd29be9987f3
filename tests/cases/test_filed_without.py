"""A client leaves: mail that a thread, code or prediction filed and that names nobody of the client is for a person."""

from __future__ import annotations

import msgspec
import pytest

from mailsorter.cases.filed_without import filed_without_the_client
from mailsorter.cases.find import findings_of
from mailsorter.ledger.messages import MessageRow
from mailsorter.model.case import Seen
from mailsorter.model.evidence import EvidenceKind
from mailsorter.model.standing import MessageState
from tests.cases.office import PIET, World, mail

ROWS = [
    ((Seen.CLIENT_FOLDER,), EvidenceKind.THREAD, True),
    ((Seen.CLIENT_FOLDER, Seen.SUBJECT), EvidenceKind.CODE, True),
    ((Seen.CLIENT_FOLDER,), EvidenceKind.ATTACHMENT, True),
    ((Seen.CLIENT_FOLDER,), EvidenceKind.PREDICTION, True),
    ((Seen.CLIENT_FOLDER,), EvidenceKind.DOMAIN, False),
    ((Seen.CLIENT_FOLDER,), EvidenceKind.CORRECTION, True),
    ((Seen.TO, Seen.CLIENT_FOLDER), EvidenceKind.CORRECTION, False),
    ((Seen.FROM, Seen.CLIENT_FOLDER), EvidenceKind.THREAD, False),
    ((Seen.CC, Seen.CLIENT_FOLDER), EvidenceKind.CODE, False),
    ((Seen.SUBJECT,), EvidenceKind.THREAD, False),
]


@pytest.mark.parametrize(("seen", "kind", "is_doubtful"), ROWS)
def test_who_takes_part_and_what_filed_it(
    world: World, seen: tuple[Seen, ...], kind: EvidenceKind, *, is_doubtful: bool
) -> None:
    mail(world.anna, from_=PIET)
    number = world.planned()
    file = world.office.open_file(number)
    finding = msgspec.structs.replace(findings_of(file).findings[0], seen=seen)
    numbers = world.office.mailbox_numbers()
    with world.office.ledger.unit() as unit:
        token = unit.messages.token(numbers[finding.mailbox], finding.id)
        row = MessageRow(
            token=token, mailbox=numbers[finding.mailbox], folder=1, state=MessageState.FILED, evidence=int(kind)
        )
        unit.messages.record([row])
    assert filed_without_the_client(world.office, file, [finding]) == ({finding.key} if is_doubtful else set())
