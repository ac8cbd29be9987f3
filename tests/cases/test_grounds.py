"""A ground that an attachment's name gives holds wherever the message lies and whenever it is judged."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest

from mailsorter.cases.carry_on import carry_on
from mailsorter.cases.find import find
from mailsorter.cases.intake import open_case
from mailsorter.cases.perform import perform
from mailsorter.cases.plan import make_plan
from mailsorter.cases.prove import prove
from mailsorter.cases.verify import attest
from mailsorter.cases.witnessed import witnessed_of
from mailsorter.emulator.store import Address
from mailsorter.emulator.store.records import NewAttachment
from mailsorter.errors import MailsorterError, PoisonItem, Unreachable
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.model.case import CaseKind, ItemState, Role, Seen, Subject, Verdict
from mailsorter.model.contents import Contents
from mailsorter.model.coverage import Depth
from mailsorter.model.folder import WellKnown
from mailsorter.model.ground import KeepRule, Policy, Signs
from tests.cases.office import BERT, PIET, TAX, World, mail
from tests.cases.tenant import tenant
from tests.cases.test_afterwards import answered, wait_until

BY_NAME = dataclasses.replace(TAX, code="invoice", signs=Signs(attachments=("factuur",)))
INVOICE = ("Factuur 2024-001.pdf",)


def with_rules(world: World, *rules: KeepRule) -> None:
    world.change(firm=dataclasses.replace(world.office.firm, policy=Policy(rules=rules)))


class NoNames(MemoryMailbox):
    """A mailbox of which the names of attachments are never told."""

    error: MailsorterError = PoisonItem("Exchange does not give them.")

    def attachment_names(self, ids: Sequence[str]) -> list[tuple[str, ...] | MailsorterError]:
        return [self.error for _ in ids]

    def contents(self, ids: Sequence[str]) -> list[Contents | MailsorterError]:
        return [self.error for _ in ids]


class NoNamesNow(NoNames):
    error = Unreachable("No answer.")


def without_names(world: World, kind: type[NoNames] = NoNames) -> None:
    world.mailboxes["anna@firm.example"] = kind("anna@firm.example", server=world.anna)


def verdicts(world: World, number: str) -> list[tuple[Verdict, str]]:
    return [(item.verdict, item.reason) for item in make_plan(world.office, number, by="anna").items]


@pytest.mark.parametrize("where", [WellKnown.INBOX, WellKnown.RECOVERABLE_DELETIONS, WellKnown.RECOVERABLE_VERSIONS])
def test_after_years_an_attachment_s_name_keeps_what_it_kept(world: World, where: WellKnown) -> None:
    """The rule's time was made longer since: judged again on the day, by the same names as when it was planned."""
    with_rules(world, BY_NAME)
    kept = mail(world.anna, where, from_=PIET, attachment_names=INVOICE)
    number = answered(world)
    with_rules(world, dataclasses.replace(BY_NAME, years=9))
    wait_until(world, "2034-01-01")
    assert carry_on(world.office, number).kept_longer == 1
    assert kept in world.everything()
    wait_until(world, "2036-01-01")
    assert carry_on(world.office, number).counts == {ItemState.ERASED: 1}


def test_after_years_names_that_exchange_does_not_give_are_for_a_person(world: World) -> None:
    """Never erased on the guess that no name keeps it; and never, while they may come later."""
    with_rules(world, TAX, BY_NAME)
    kept = mail(world.anna, from_=PIET, subject="factuur", attachment_names=INVOICE)
    number = answered(world)
    wait_until(world, "2034-01-01")
    without_names(world, NoNamesNow)
    carried = carry_on(world.office, number)
    assert [type(error) for _, error in carried.unfinished] == [Unreachable]
    assert carried.counts == {ItemState.KEPT: 1}
    without_names(world)
    assert carry_on(world.office, number).counts == {ItemState.LOOK: 1}
    assert kept in world.everything()


def test_after_years_a_business_letter_is_judged_by_today_s_years(world: World) -> None:
    """The role is its ground: it is one still, and today's config says how long."""
    policy = Policy(one_of_many=Verdict.KEEP)
    world.change(firm=dataclasses.replace(world.firm, policy=policy))
    kept = mail(world.anna, to=(PIET, BERT))
    number = answered(world)
    world.change(firm=dataclasses.replace(world.firm, policy=dataclasses.replace(policy, letter_years=9)))
    wait_until(world, "2034-01-01")
    assert carry_on(world.office, number).kept_longer == 1
    assert kept in world.everything()


def test_names_that_exchange_does_not_give_leave_the_verdict_to_a_person(world: World) -> None:
    """Their names might be ones that keep the message: nothing is erased for not knowing."""
    with_rules(world, BY_NAME)
    mail(world.anna, from_=PIET, attachment_names=INVOICE)
    without_names(world)
    number = world.opened()
    find(world.office, number)
    assert verdicts(world, number) == [(Verdict.LOOK, "attachments-unknown")]


def test_a_ground_that_came_after_the_search_needs_no_new_search(world: World) -> None:
    """The search reads the names of every finding's attachments, whether a rule needed them then or not."""
    mail(world.anna, from_=PIET, attachment_names=INVOICE)
    number = world.opened()
    find(world.office, number)
    assert verdicts(world, number) == [(Verdict.ERASE, "author")]
    with_rules(world, BY_NAME)
    assert verdicts(world, number) == [(Verdict.KEEP, "ground")]


def test_what_an_earlier_version_found_is_judged_by_what_it_asked(world: World) -> None:
    """Its case files do not say whether names were asked: a message without attachments has none."""
    with_rules(world, BY_NAME)
    mail(world.anna, from_=PIET, attachment_names=INVOICE)
    number = world.opened()
    result = find(world.office, number)
    (finding,) = result.findings
    old = msgspec.structs.replace(finding, attachments_read=None)
    assert not old.lacks_attachment_names
    assert msgspec.structs.replace(old, attachments=()).lacks_attachment_names
    assert not msgspec.structs.replace(old, attachments=(), has_attachments=False).lacks_attachment_names


def test_inline_attachments_have_names_too(world: World) -> None:
    """Exchange says of a message with inline attachments only that it has none."""
    with_rules(world, BY_NAME)
    mail(world.anna, from_=PIET, attachment_names=INVOICE, has_attachments=False)
    number = world.opened()
    find(world.office, number)
    assert verdicts(world, number) == [(Verdict.KEEP, "ground")]


def test_what_the_witness_brought_is_judged_by_its_attachments_too(world: World) -> None:
    """It names the person in its envelope, came after the search, and an attachment's name keeps it."""
    with_rules(world, BY_NAME)
    mail(world.anna, from_=PIET)
    number = world.approved()
    perform(world.office, number)
    late = mail(world.anna, from_=PIET, attachment_names=INVOICE)
    prove(world.office, number)
    (seen,) = witnessed_of(world.office.open_file(number))
    assert (seen.finding.key, seen.finding.role, seen.finding.attachments) == (late, Role.AUTHOR, INVOICE)
    assert seen.finding.seen == (Seen.FROM, Seen.WITNESS)


GROUND = """
[[ground]]
code = "invoice"
article = "AWR art. 52(4)"
keep = "7 years"
attachments = ["factuur"]
"""


def test_over_graph_a_name_keeps_in_folders_recoverable_items_and_the_archive(tmp_path: Path) -> None:
    """One invoice in each place, one of them inline; one other document beside each."""
    person = Address("Piet", PIET.address)
    received = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())
    with tenant(tmp_path, ("anna",), extra=GROUND) as firm:
        anna = firm.mailboxes[0]
        archive = firm.store.mailboxes.add_archive(anna)
        expected: dict[str, Verdict] = {}
        for mailbox, folder in (
            (anna, "inbox"), (anna, ("Diep", "Dieper")), (anna, "recoverableitemsdeletions"),
            (anna, "recoverableitemspurges"), (archive, ("Oud",)), (archive, "recoverableitemsdeletions"),
        ):  # fmt: skip
            for name, inline, verdict in (
                ("Factuur 12.pdf", False, Verdict.KEEP), ("factuur.pdf", True, Verdict.KEEP),
                ("brief.pdf", False, Verdict.ERASE),
            ):  # fmt: skip
                document = NewAttachment(name, "application/pdf", b"%PDF-1.7", is_inline=inline)
                key = firm.put(mailbox, folder, from_=person, attachments=[document], received=received)
                expected[key] = verdict
        number = open_case(firm.office, CaseKind.ERASURE, Subject(addresses=(PIET.address,))).number
        attest(firm.office, number, "known by voice")
        find(firm.office, number)
        plan = make_plan(firm.office, number, by="anna")
    assert {item.finding.id: item.verdict for item in plan.items} == expected


def packed(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, b"%PDF-1.7 1 0 obj << /Type /Catalog >> endobj")
    return file.getvalue()


def carrying(name: str) -> bytes:
    """A message with a file of this name, as it is attached to another."""
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "kees@elders.example", "Stukken"
    inner.set_content("Zie bijlage.")
    inner.add_attachment(b"a;b", maintype="text", subtype="csv", filename=name)
    return inner.as_bytes()


@pytest.mark.parametrize(
    ("file", "verdict", "reason"),
    [
        (NewAttachment("stukken.zip", "application/zip", packed("a/Factuur 12.csv")), Verdict.KEEP, "ground"),
        (NewAttachment("stukken.zip", "application/zip", packed("a/brief.csv")), Verdict.ERASE, "author"),
        (NewAttachment("mail.eml", "application/octet-stream", carrying("factuur 3.csv")), Verdict.KEEP, "ground"),
        (NewAttachment("Stukken", "message/rfc822", carrying("factuur 3.csv"), kind="item"), Verdict.KEEP, "ground"),
        (NewAttachment("stukken.zip", "application/zip", b"PK\x03\x04 broken"), Verdict.LOOK, "attachments-unknown"),
    ],
    ids=["an archive", "an archive without one", "an attached file", "an attached message", "a broken archive"],
)
@pytest.mark.parametrize("depth", list(Depth))
def test_a_name_inside_what_is_attached_keeps_too(
    tmp_path: Path, file: NewAttachment, verdict: Verdict, reason: str, depth: Depth
) -> None:
    with tenant(tmp_path, ("anna",), extra=GROUND) as firm:
        received = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())
        firm.put(firm.mailboxes[0], from_=Address("Piet", PIET.address), attachments=[file], received=received)
        number = open_case(firm.office, CaseKind.ERASURE, Subject(addresses=(PIET.address,))).number
        attest(firm.office, number, "known by voice")
        find(firm.office, number, depth=depth)
        (item,) = make_plan(firm.office, number, by="anna").items
    assert (item.verdict, item.reason) == (verdict, reason)
