"""A case from opening to proof, over mailboxes in memory."""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from mailsorter.cases.approve import approve
from mailsorter.cases.close import close
from mailsorter.cases.decide import decide
from mailsorter.cases.find import find
from mailsorter.cases.intake import open_case, reject
from mailsorter.cases.letter import write_letter
from mailsorter.cases.office import Approver, Firm
from mailsorter.cases.perform import perform
from mailsorter.cases.plan import make_plan, plan_of
from mailsorter.cases.prove import prove
from mailsorter.cases.verify import attest
from mailsorter.cases.witness import MailboxLook, Marks, Witness
from mailsorter.errors import DecisionNeeded, LifecycleError, Unreachable, UserError
from mailsorter.mailbox.base import Outcome
from mailsorter.model.case import CaseKind, ItemState, Verdict
from mailsorter.model.caseplan import digest
from mailsorter.model.folder import WellKnown
from mailsorter.model.lifecycle import CaseState
from tests.cases.office import BERT, NOW, PIET, SUBJECT, World, mail
from tests.cases.signing import Signer, approve_seen


def two_approve(world: World, *people: Signer) -> Firm:
    """The firm where two of these people must approve."""
    return dataclasses.replace(world.firm, approvals=2, approvers=tuple(person.entry for person in people))


def test_what_was_approved_goes_and_nothing_else(world: World) -> None:
    """From everywhere, also Recoverable Items; kept mail stays, other mail is untouched, the witness agrees."""
    gone = [
        mail(world.anna, from_=PIET),
        mail(world.anna, WellKnown.SENT, to=(PIET,)),
        mail(world.bert, ("Clients", "Klant"), to=(BERT,), bcc=(PIET,)),
        mail(world.bert, WellKnown.DELETED, from_=PIET),
        mail(world.bert, WellKnown.RECOVERABLE_PURGES, from_=PIET),
        mail(world.anna, text="vraag het Piet de Vries even"),
    ]
    kept = mail(world.anna, from_=PIET, subject="Factuur 12")
    others = [mail(world.anna), mail(world.bert, WellKnown.RECOVERABLE_PURGES), mail(world.bert, ("Clients", "Klant"))]
    before = world.everything()
    number = world.approved()
    performed = perform(world.office, number)
    assert performed.counts == {ItemState.ERASED: 6, ItemState.KEPT: 1}
    after = world.everything()
    assert {kept, *others} <= set(after)
    assert after == {key: folder for key, folder in before.items() if key not in gone}
    proof = prove(world.office, number)
    assert proof.passed
    assert world.office.get(number).state is CaseState.PROVEN


def test_nothing_is_erased_before_an_approval(world: World) -> None:
    """A planned list is not performed."""
    mail(world.anna, from_=PIET)
    number = world.planned()
    with pytest.raises(LifecycleError):
        perform(world.office, number)


def test_undecided_findings_keep_a_list_from_being_approved(world: World) -> None:
    """What a person must look at, a person looks at."""
    mail(world.anna, to=(PIET, BERT))
    number = world.opened()
    find(world.office, number)
    make_plan(world.office, number, by="anna")
    with pytest.raises(DecisionNeeded, match="1 finding "):
        approve_seen(world.office, number, "bert")


def test_a_new_search_throws_the_approval_away(world: World) -> None:
    """An approval is of one list only."""
    mail(world.anna, from_=PIET)
    number = world.approved()
    mail(world.anna, from_=PIET)
    find(world.office, number)
    make_plan(world.office, number, by="anna")
    with pytest.raises(LifecycleError):
        perform(world.office, number)


@pytest.mark.parametrize("is_approved", [True, False])
def test_what_was_decided_after_the_list_was_planned_stops_it(world: World, is_approved: bool) -> None:
    """Somebody says after the approval that it is not theirs: it does not go, and the list must be made again."""
    key = mail(world.anna, from_=PIET)
    number = world.approved() if is_approved else world.planned()
    handle = plan_of(world.office.open_file(number)).items[0].finding.handle
    decide(world.office, number, [handle], Verdict.NOT_THEIRS, by="carla", reason="another Piet")
    with pytest.raises(UserError, match="decided otherwise since"):
        perform(world.office, number) if is_approved else approve_seen(world.office, number, "bert")
    assert key in world.everything()
    make_plan(world.office, number, by="anna")
    approve_seen(world.office, number, "bert")
    perform(world.office, number)
    assert key in world.everything()


def test_without_a_second_identity_exchange_s_own_retention_is_named(world: World) -> None:
    """The items lie in Purges, the day on which they go stands on the case."""
    mail(world.anna, from_=PIET)
    number = world.approved()
    world.change(open_eraser=None)
    assert perform(world.office, number).counts == {ItemState.RETAINED: 1}
    proof = prove(world.office, number)
    assert proof.passed
    assert proof.certificate["remainders"][0]["until"] == "2026-12-23"


def test_two_people_and_none_of_them_the_planner(world: World) -> None:
    """Both sign; the planner is listed too, and is none of them."""
    bert, carla, anna = Signer("bert"), Signer("carla"), Signer("anna")
    world.change(firm=two_approve(world, bert, carla, anna))
    mail(world.anna, from_=PIET)
    number = world.planned()
    with pytest.raises(UserError, match="made this list"):
        anna.approve(world.office, number, by="Anna")
    assert bert.approve(world.office, number).missing == 1
    assert bert.approve(world.office, number).missing == 1
    assert carla.approve(world.office, number).missing == 0


def test_one_approver_under_two_spellings_is_one(world: World) -> None:
    """Accents, blanks, capitals, the user name on the machine: one person is not two, nor the planner another."""
    zoe, jose, anna = Signer("Zo\u00eb", "z.visser"), Signer("Jos\u00e9 Berg", "jberg"), Signer("anna")
    world.change(firm=two_approve(world, zoe, jose, anna))
    mail(world.anna, from_=PIET)
    number = world.planned()
    for planner, approver in (("Zo\u00eb", "zoe\u0308"), ("z.visser", "Zo\u00eb"), ("Zo\u00eb", "Z.Visser")):
        make_plan(world.office, number, by=planner)
        with pytest.raises(UserError, match="made this list"):
            zoe.approve(world.office, number, by=approver)
    for name in ("Jos\u00e9 Berg", " JOSE\u0301  berg", "jberg"):
        assert jose.approve(world.office, number, by=name).missing == 1


def test_where_two_approve_unlisted_people_neither_plan_nor_approve(world: World) -> None:
    """A name that the config does not know could be anybody's second one; so could a name without a key."""
    bert, carla, anna = Signer("bert"), Signer("carla"), Signer("anna")
    mail(world.anna, from_=PIET)
    number = world.planned()
    make_plan(world.office, number, by="bert.jansen")
    keyless = Approver("dirk")
    firm = two_approve(world, bert, carla, anna)
    world.change(firm=dataclasses.replace(firm, approvers=(*firm.approvers, keyless)))
    with pytest.raises(UserError, match="made by somebody who is no"):
        bert.approve(world.office, number)
    with pytest.raises(UserError, match=r"is no \[\[approver\]\].*needs no public_key"):
        make_plan(world.office, number, by="bert.jansen")
    make_plan(world.office, number, by="anna")
    with pytest.raises(UserError, match="is no approver"):
        approve_seen(world.office, number, "piet")
    with pytest.raises(UserError, match="no public_key"):
        approve_seen(world.office, number, "dirk")
    world.change(firm=two_approve(world, bert, carla))
    with pytest.raises(UserError, match="1 of the 2 approvers"):
        make_plan(world.office, number, by="carla")


def test_an_approval_without_signature_names_the_list_that_was_seen(world: World) -> None:
    """Neither no digest nor that of an earlier list will do: nobody approves what they have not looked at."""
    mail(world.anna, from_=PIET)
    number = world.planned()
    seen = digest(plan_of(world.office.open_file(number))).hex()
    with pytest.raises(UserError, match=r"needs the digest.*case review"):
        approve(world.office, number, by="bert")
    mail(world.bert, from_=PIET)
    find(world.office, number)
    make_plan(world.office, number, by="anna")
    with pytest.raises(UserError, match="not the digest of the list"):
        approve(world.office, number, by="bert", digest=seen)
    assert world.office.get(number).state is CaseState.PLANNED
    assert approve_seen(world.office, number, "bert").missing == 0


def test_an_approval_that_holds_no_more_neither_counts_nor_blocks(world: World) -> None:
    """Bert left the config after approving, and later plans the same list again: two others approve it."""
    bert, carla, dirk, anna = Signer("bert"), Signer("carla"), Signer("dirk"), Signer("anna")
    world.change(firm=two_approve(world, bert, carla, dirk, anna))
    key = mail(world.anna, from_=PIET)
    number = world.planned()
    bert.approve(world.office, number)
    world.change(firm=two_approve(world, carla, dirk, anna))
    assert carla.approve(world.office, number).missing == 1
    world.change(firm=two_approve(world, bert, carla, dirk, anna))
    bert.approve(world.office, number)
    make_plan(world.office, number, by="bert")
    assert carla.approve(world.office, number).missing == 1
    assert dirk.approve(world.office, number).missing == 0
    assert perform(world.office, number).is_finished
    assert key not in world.everything()
    assert prove(world.office, number).certificate["approvals"] == {"count": 2, "signed": 2}


def test_a_signature_that_nobody_can_check_is_refused(world: World) -> None:
    """Without a key in the config any text would do, and case and certificate would call the list signed."""
    mail(world.anna, from_=PIET)
    number = world.planned()
    with pytest.raises(UserError, match="nobody can check"):
        approve(world.office, number, by="bert", signature="anything")
    assert world.office.get(number).state is CaseState.PLANNED


def test_approvals_that_the_config_asks_for_only_now_are_given_to_the_same_list(world: World) -> None:
    """Approved by one, then the config wants two: nothing goes, and the command that is named leads on."""
    bert, carla, anna = Signer("bert"), Signer("carla"), Signer("anna")
    mail(world.anna, from_=PIET)
    number = world.planned()
    world.change(firm=dataclasses.replace(world.firm, approvers=(bert.entry, carla.entry, anna.entry)))
    bert.approve(world.office, number)
    world.change(firm=two_approve(world, bert, carla, anna))
    with pytest.raises(UserError, match=f"1 of 2 approvals.*case plan {number}"):
        perform(world.office, number)
    make_plan(world.office, number, by="anna")
    assert carla.approve(world.office, number).missing == 0
    assert perform(world.office, number).is_finished


@pytest.mark.parametrize("kind", [CaseKind.ACCESS, CaseKind.RECTIFICATION])
def test_a_request_to_see_or_correct_is_refused_at_open(world: World, kind: CaseKind) -> None:
    """It would lead nowhere; the sentence says what to do, and no case is made."""
    with pytest.raises(UserError, match=f"requests for {kind}.*lead nowhere.*by hand"):
        open_case(world.office, kind, SUBJECT)
    with world.ledger.reading() as unit:
        assert unit.cases.all() == []


@pytest.mark.parametrize("kind", [CaseKind.ACCESS, CaseKind.RECTIFICATION])
def test_a_request_to_see_or_correct_of_an_earlier_version_comes_to_an_end(world: World, kind: CaseKind) -> None:
    """It can be searched for; a list to erase is refused; rejected and answered it is closed."""
    key = mail(world.anna, from_=PIET)
    with world.ledger.unit() as unit:
        number = unit.cases.open(kind, NOW.date()).number
    world.office.create_file(number).write("subject", SUBJECT)
    attest(world.office, number, "known by voice")
    assert len(find(world.office, number).findings) == 1
    with pytest.raises(UserError, match=f"nothing is planned.*case reject {number}"):
        make_plan(world.office, number, by="anna")
    reject(world.office, number, reason="it was answered by hand")
    write_letter(world.office, number)
    close(world.office, number)
    assert world.office.get(number).state is CaseState.CLOSED
    assert key in world.everything()


class Meeting:
    """A witness that looks at nothing before another one looks, too."""

    def __init__(self, witness: Witness, met: threading.Barrier) -> None:
        self._witness, self._met = witness, met

    def look(self, mailbox: str, marks: Marks, watched: frozenset[str], depth: str = "indexed") -> MailboxLook:
        self._met.wait(timeout=60)
        return self._witness.look(mailbox, marks, watched, depth)


def test_the_proof_looks_at_mailboxes_side_by_side(world: World) -> None:
    """Each thread with a witness of its own; what is told of them is the same, in the order of the mailboxes."""
    mail(world.anna, from_=PIET)
    mail(world.bert, from_=PIET)
    number = world.approved()
    perform(world.office, number)
    alone = prove(world.office, number)
    met, opened = threading.Barrier(2), world.office.open_witness
    world.change(open_witness=lambda: Meeting(opened(), met))
    together = prove(world.office, number)
    assert together.passed
    assert together.certificate["mailboxes"] == alone.certificate["mailboxes"]


class LosesAnswers:
    """A mailbox whose first permanent delete does not reach the server."""

    def __init__(self, mailbox: Any) -> None:
        self._mailbox = mailbox
        self.is_lost = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mailbox, name)

    def delete_permanently(self, ids: Sequence[str]) -> list[Outcome]:
        if self.is_lost:
            return list(self._mailbox.delete_permanently(ids))
        self.is_lost = True
        raise Unreachable("no answer came")


@pytest.mark.parametrize("has_second_identity", [True, False])
def test_a_request_that_never_arrived_is_asked_again_and_its_message_is_not_called_changed(
    world: World, has_second_identity: bool
) -> None:
    """It lies where it was approved: nothing is proven before it is gone."""
    key = mail(world.anna, from_=PIET)
    number = world.approved()
    if not has_second_identity:
        world.change(open_eraser=None, open_mailbox=lambda a: world.wrap(world.mailboxes[a]))
    world.wrap = functools.cache(LosesAnswers)
    performed = perform(world.office, number)
    assert performed.counts == {ItemState.PENDING: 1}
    assert [type(error) for _, error in performed.unfinished] == [Unreachable]
    assert perform(world.office, number).is_finished
    assert key not in world.everything() or not has_second_identity
    assert prove(world.office, number).certificate["items"] == {"erased" if has_second_identity else "retained": 1}


@pytest.mark.parametrize("has_second_identity", [True, False])
def test_a_stop_leaves_the_rest_of_the_list_to_the_next_call(world: World, has_second_identity: bool) -> None:
    """Asked to end, it does, and calls nothing changed, retained or done that it did not touch."""
    for _ in range(25):
        mail(world.anna, from_=PIET)
    number = world.approved()
    if not has_second_identity:
        world.change(open_eraser=None)
    stop = threading.Event()
    stop.set()
    performed = perform(world.office, number, stop=stop)
    assert performed.counts == {ItemState.PENDING: 25}
    assert not performed.is_finished
    assert perform(world.office, number).is_finished
    assert prove(world.office, number).certificate["items"] == {"erased" if has_second_identity else "retained": 25}
