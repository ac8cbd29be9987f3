"""Whose mail it is: each row a message, the verdict and the reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import pytest

from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.client import Client, ClientAddress
from mailsorter.model.evidence import EvidenceKind
from mailsorter.model.filing import Several
from mailsorter.model.match import Match, Outcome, Reason
from mailsorter.model.matching import MatchingPolicy
from mailsorter.model.message import Message, Participant
from mailsorter.model.rule import Rule, RuleAction, Side
from mailsorter.model.thread import Correction, Link, NoMemory, RunMemory
from mailsorter.sorting.matching import MatchBook, match_all, match_message

from .conftest import CLIENTS, NOW, OWN_DOMAINS

WE = "sanne@firma.example"


def people(*addresses: str) -> tuple[Participant, ...]:
    return tuple(Participant(a) for a in addresses)


def mail(from_: str | None = WE, to: tuple[str, ...] = (WE,), **fields: object) -> Message:
    fields.setdefault("received_at", NOW)
    fields["author_check"] = fields.pop("check", AuthorCheck.NONE)
    return Message(
        id=str(fields.pop("id", "m1")),
        folder_id="inbox",
        from_=Participant(from_) if from_ is not None else None,
        to=people(*to),
        **fields,  # type: ignore[arg-type]
    )


@dataclass(frozen=True)
class Row:
    case: str
    message: Message
    outcome: Outcome
    clients: tuple[str, ...] = ()
    decided_by: EvidenceKind | None = None
    reason: Reason = Reason.DECIDED
    extra: dict[str, object] = field(default_factory=dict)


F, A, U, INTERNAL, X = Outcome.FILED_TO, Outcome.AMBIGUOUS, Outcome.UNMATCHED, Outcome.INTERNAL, Outcome.EXCLUDED
ADDRESS, CODE, DOMAIN, ATTACHMENT = (
    EvidenceKind.ADDRESS,
    EvidenceKind.CODE,
    EvidenceKind.DOMAIN,
    EvidenceKind.ATTACHMENT,
)

MANY = tuple(f"p@elders{n}.example" for n in range(11))

ROWS = [
    Row("from a client's domain", mail("jan@acme.example"), F, ("acme",), DOMAIN),
    Row("to a client's domain", mail(WE, ("jan@acme.example",)), F, ("acme",), DOMAIN),
    Row("cc counts alike", mail(WE, (WE,), cc=people("jan@acme.example")), F, ("acme",), DOMAIN),
    Row("bcc counts alike", mail(WE, (WE,), bcc=people("jan@acme.example")), F, ("acme",), DOMAIN),
    Row("reply-to counts alike", mail(WE, reply_to=people("jan@acme.example")), F, ("acme",), DOMAIN),
    Row("sender counts alike", mail(WE, sender=Participant("jan@acme.example")), F, ("acme",), DOMAIN),
    Row("a subdomain belongs to the domain", mail("x@mail.acme.example"), F, ("acme",), DOMAIN),
    Row("no label boundary, no match", mail("x@notacme.example"), U, reason=Reason.NO_EVIDENCE),
    Row("the domain as a prefix is someone else's", mail("x@acme.example.evil.example"), U, reason=Reason.NO_EVIDENCE),
    Row("co.uk is nobody's", mail("x@shop.co.uk"), U, reason=Reason.NO_EVIDENCE),
    Row("gmail.com is nobody's", mail("someone@gmail.com"), U, reason=Reason.NO_EVIDENCE),
    Row("an address at gmail.com can be listed", mail("Acme.Inkoop@Gmail.com"), F, ("acme",), ADDRESS),
    Row("a plus-address counts as its base", mail("acme.inkoop+x@gmail.com"), F, ("acme",), ADDRESS),
    Row("two dots", mail("c..hall@voorbeeld.example"), F, ("cato",), ADDRESS),
    Row("an apostrophe", mail("O'Neil@apart.example"), F, ("cato",), ADDRESS),
    Row("before changing employer", mail("piet@wissel.example", received_at=datetime(2025, 12, 31, 12, tzinfo=UTC)),
        F, ("cato",), ADDRESS),
    Row("after changing employer", mail("piet@wissel.example", received_at=datetime(2026, 1, 1, 12, tzinfo=UTC)),
        F, ("delta",), ADDRESS),
    Row("changed employer, mail without a date", mail("piet@wissel.example", received_at=None),
        A, ("cato", "delta"), ADDRESS, Reason.NO_DATE),
    Row("the same under first-named: still for a person", mail("piet@wissel.example", received_at=None),
        A, ("cato", "delta"), ADDRESS, Reason.NO_DATE, {"several": Several.FIRST_NAMED}),
    Row("sent date serves where received is missing",
        mail("piet@wissel.example", received_at=None, sent_at=NOW), F, ("delta",), ADDRESS),
    Row("a code in the subject", mail(WE, subject="RE: [acm-24] planning"), F, ("acme",), CODE),
    Row("a code is shown before a domain", mail("jan@acme.example", subject="ACM-24"), F, ("acme",), CODE),
    Row("a code of one client, written by another", mail("jan@bolt.example", subject="ACM-24"), A, ("bolt", "acme"),
        DOMAIN, Reason.SEVERAL_CLIENTS),
    Row("an address of one client and a code of another", mail("acme.inkoop@gmail.com", subject="BLT/7"), A,
        ("acme", "bolt"), ADDRESS, Reason.SEVERAL_CLIENTS),
    Row("an address of one client and a domain of another", mail(WE, ("acme.inkoop@gmail.com", "els@bolt.example")), A,
        ("acme", "bolt"), ADDRESS, Reason.SEVERAL_CLIENTS),
    Row("the same the other way round", mail("els@bolt.example", (WE,), cc=people("acme.inkoop@gmail.com")), A,
        ("bolt", "acme"), DOMAIN, Reason.SEVERAL_CLIENTS),
    Row("a shared domain, settled by a code", mail("x@groep.example", subject="DOC-1"), F, ("dochter",), CODE),
    Row("a shared domain and another client's code", mail("x@groep.example", subject="ACM-24"), A,
        ("holding", "dochter", "acme"), DOMAIN, Reason.SEVERAL_CLIENTS),
    Row("one of many recipients", mail("info@bond.example", ("jan@acme.example", *MANY)), U, (), DOMAIN,
        Reason.MASS_MAIL),
    Row("one of many we write to", mail(WE, (), bcc=people("jan@acme.example", *MANY)), U, (), DOMAIN,
        Reason.MASS_MAIL),
    Row("one of just as many as a conversation has", mail("info@bond.example", ("jan@acme.example", *MANY[:9])), F,
        ("acme",), DOMAIN),
    Row("many people of one domain are no mass mail",
        mail("jan@acme.example", (WE, *(f"p{n}@drukker.example" for n in range(40)))), F, ("acme",), DOMAIN),
    Row("a client who writes to many", mail("jan@acme.example", (WE, *MANY)), F, ("acme",), DOMAIN),
    Row("one of many, with a code", mail("info@bond.example", ("jan@acme.example", *MANY), subject="ACM-24"), F,
        ("acme",), CODE),
    Row("mass mail that names two clients",
        mail("info@bond.example", ("acme.inkoop@gmail.com", "els@bolt.example", *MANY)), A,
        ("acme", "bolt"), ADDRESS, Reason.SEVERAL_CLIENTS),
    Row("two codes of one client", mail(WE, subject="ACM-24 en ACM-25"), F, ("acme",), CODE),
    Row("codes of two clients", mail(WE, subject="ACM-24 en BLT/7"), A, ("acme", "bolt"), CODE, Reason.SEVERAL_CLIENTS),
    Row("a code in an attachment's name", mail("x@drukker.example"), F, ("bolt",), ATTACHMENT,
        extra={"attachment_names": ("offerte BLT/7.pdf",)}),
    Row("codes in subject and attachment weigh the same", mail(WE, subject="ACM-24"), A, ("acme", "bolt"), CODE,
        Reason.SEVERAL_CLIENTS, {"attachment_names": ("BLT/7.pdf",)}),
    Row("two clients", mail("jan@acme.example", ("els@bolt.example",)), A, ("acme", "bolt"), DOMAIN,
        Reason.SEVERAL_CLIENTS),
    Row("two clients, first named", mail("els@bolt.example", ("jan@acme.example",)), F, ("bolt",), DOMAIN,
        Reason.FIRST_NAMED, {"several": Several.FIRST_NAMED}),
    Row("two clients, a copy for each", mail("els@bolt.example", ("jan@acme.example",)), F, ("bolt", "acme"), DOMAIN,
        Reason.COPY_FOR_EACH, {"several": Several.COPY_FOR_EACH}),
    Row("a client and a supplier", mail("x@drukker.example", (WE, "jan@acme.example")), F, ("acme",), DOMAIN),
    Row("a domain of two clients", mail("x@groep.example"), A, ("holding", "dochter"), DOMAIN, Reason.SEVERAL_CLIENTS),
    Row("the nearest domain wins", mail("x@dochter.groep.example"), F, ("dochter",), DOMAIN),
    Row("only colleagues", mail(WE, ("bram@firma.example",)), INTERNAL, reason=Reason.OWN_PEOPLE),
    Row("a consultant's private address is ours", mail("consultant.thuis@gmail.com"), INTERNAL,
        reason=Reason.OWN_PEOPLE),
    Row("X.500 author, resolved nowhere", mail("/O=FIRMA/OU=X/CN=RECIPIENTS/CN=SANNE"), U, reason=Reason.NO_AUTHOR),
    Row("X.500 from, but a usable sender",
        mail("/O=FIRMA/OU=X/CN=R/CN=S", sender=Participant("sanne@firma.example")), INTERNAL, reason=Reason.OWN_PEOPLE),
    Row("X.500 author to a client", mail("/O=FIRMA/OU=X/CN=R/CN=S", ("jan@acme.example",)), F, ("acme",), DOMAIN),
    Row("a group of addresses", mail(WE, ("Team: jan@acme.example, els@acme.example;",)), F, ("acme",), DOMAIN),
    Row("a group of two clients' addresses", mail(WE, ("Team: jan@acme.example, els@bolt.example;",)), A,
        ("acme", "bolt"), DOMAIN, Reason.SEVERAL_CLIENTS),
    Row("no From", mail(None), U, reason=Reason.NO_AUTHOR),
    Row("no From, to a client", mail(None, ("jan@acme.example",)), F, ("acme",), DOMAIN),
    Row("nobody at all", mail(None, ()), U, reason=Reason.NO_ADDRESS),
    Row("undisclosed recipients", mail("x@vreemd.example", ("undisclosed-recipients:;",)), U,
        reason=Reason.NO_EVIDENCE),
    Row("a client that has left waits for a person", mail("x@einde.example"), U, (), DOMAIN, Reason.CLIENT_LEFT),
    Row("a client that has left beside another", mail("x@einde.example", ("jan@acme.example",)), A, ("einde", "acme"),
        DOMAIN, Reason.SEVERAL_CLIENTS, {"several": Several.FIRST_NAMED}),
    Row("a draft", mail("jan@acme.example", is_draft=True), X, reason=Reason.DRAFT),
    Row("a contact in a mail folder", mail("jan@acme.example", message_class="IPM.Contact"), X, reason=Reason.NOT_MAIL),
    Row("a meeting request is mail", mail("jan@acme.example", message_class="IPM.Schedule.Meeting.Request"), F,
        ("acme",), DOMAIN),
]  # fmt: skip


def check(row: Row, found: Match) -> None:
    assert (found.outcome, found.clients, found.reason) == (row.outcome, row.clients, row.reason), row.case
    if row.decided_by is not None:
        assert found.decisive[0].kind is row.decided_by, row.case


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.case)
def test_verdict_and_reason(row: Row, book: MatchBook) -> None:
    check(row, match_message(row.message, book, NoMemory(), **row.extra))  # type: ignore[arg-type]


def test_all_evidence_is_in_the_match_not_only_what_decided(book: MatchBook) -> None:
    found = match_message(mail("jan@acme.example", subject="ACM-24 BLT/7"), book, NoMemory())
    assert [(e.kind, e.client_id, e.detail) for e in found.evidence] == [
        (DOMAIN, "acme", "acme.example"),
        (CODE, "acme", "ACM-24"),
        (CODE, "bolt", "BLT/7"),
    ]


def test_domains_that_can_be_nobodys_are_named() -> None:
    assert MatchBook(CLIENTS, OWN_DOMAINS).unusable_domains == [("cato", "co.uk"), ("cato", "gmail.com")]


def test_a_day_ends_where_the_firm_is() -> None:
    from zoneinfo import ZoneInfo

    message = mail("piet@wissel.example", received_at=datetime(2025, 12, 31, 23, 30, tzinfo=UTC))
    amsterdam = MatchBook(CLIENTS, OWN_DOMAINS, zone=ZoneInfo("Europe/Amsterdam"))
    assert match_message(message, amsterdam, NoMemory()).clients == ("delta",)
    assert match_message(message, MatchBook(CLIENTS, OWN_DOMAINS), NoMemory()).clients == ("cato",)


def test_an_address_given_to_a_client_is_theirs_even_under_our_own_domain() -> None:
    clients = (Client(id="acme", name="Acme", addresses=(ClientAddress("acme@firma.example"),)),)
    found = match_message(mail(WE, ("acme@firma.example",)), MatchBook(clients, OWN_DOMAINS), NoMemory())
    assert found.clients == ("acme",)


def test_a_domain_that_is_ours_is_no_clients() -> None:
    clients = (Client(id="acme", name="Acme", domains=("firma.example",)),)
    assert match_message(mail(), MatchBook(clients, OWN_DOMAINS), NoMemory()).outcome is INTERNAL


# threads ---------------------------------------------------------------------------------------------------------

FIRST = mail("jan@acme.example", id="1", conversation_id="c1", internet_message_id="<1@acme.example>")
ANSWER = mail(WE, ("bram@firma.example",), id="2", conversation_id="c1")
BY_REFERENCE = mail("x@vreemd.example", id="3", conversation_id="c9", references=("<0@x>", "<1@acme.example>"))
BY_CHAIN = mail("y@vreemd.example", id="4", conversation_id="c9", references=("<3@x>",))


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]])
def test_a_thread_is_recognised_in_whatever_order_it_comes(book: MatchBook, order: list[int]) -> None:
    thread = [FIRST, ANSWER, BY_REFERENCE, BY_CHAIN]
    memory = RunMemory()
    found = match_all([thread[i] for i in order], memory, lambda m: match_message(m, book, memory))
    assert [(match.outcome, match.clients) for match in found] == [(F, ("acme",))] * 4


def test_a_thread_of_two_clients_is_ambiguous_where_nothing_stronger_speaks(book: MatchBook) -> None:
    other = mail("els@bolt.example", id="5", conversation_id="c1")
    memory = RunMemory()
    found = match_all([FIRST, other, ANSWER], memory, lambda m: match_message(m, book, memory))
    assert [match.outcome for match in found] == [F, F, A]


def test_a_thread_of_a_client_that_is_no_longer_in_the_book_counts_for_nothing(book: MatchBook) -> None:
    class Gone:
        def clients(self, message: Message) -> tuple[str, ...]:
            return ("weg",)

        def link(self, message: Message) -> Link:
            return Link.TRUSTED

    assert match_message(ANSWER, book, Gone()).outcome is INTERNAL


# corrections -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    correction: Correction

    def of_thread(self, message: Message) -> Correction:
        return self.correction


CORRECTED = [
    (mail("jan@acme.example"), Correction(("bolt",)), F, ("bolt",), Reason.DECIDED),
    (mail("jan@acme.example"), Correction(("bolt", "cato")), A, ("bolt", "cato"), Reason.CONTRADICTION),
    (mail("jan@acme.example"), Correction((), ("acme",)), U, (), Reason.REJECTED),
    (mail("jan@acme.example"), Correction(("acme",), ("acme",)), F, ("acme",), Reason.DECIDED),
    (mail("jan@acme.example"), Correction(("weg",)), F, ("acme",), Reason.DECIDED),
    (mail("jan@acme.example", ("els@bolt.example",)), Correction((), ("acme",)), F, ("bolt",), Reason.DECIDED),
    (mail("jan@acme.example"), Correction(("bolt",), is_this_message=True), X, (), Reason.FILED_BY_HAND),
]


@pytest.mark.parametrize(("message", "correction", "outcome", "clients", "reason"), CORRECTED)
def test_what_people_said_goes_before_everything(
    message: Message,
    correction: Correction,
    outcome: Outcome,
    clients: tuple[str, ...],
    reason: Reason,
    book: MatchBook,
) -> None:
    found = match_message(message, book, NoMemory(), corrections=Said(correction), several=Several.REVIEW)
    assert (found.outcome, found.clients, found.reason) == (outcome, clients, reason)


# rules -----------------------------------------------------------------------------------------------------------


def rule(action: RuleAction = RuleAction.FILE, client_id: str = "bolt", **conditions: object) -> Rule:
    return Rule(id="r1", action=action, client_id=client_id, label="lbl", **conditions)  # type: ignore[arg-type]


RULES = [
    ("an address", rule(addresses=("X@Vreemd.example",)), mail("x@vreemd.example"), F),
    ("a domain with its subdomains", rule(domains=("vreemd.example",)), mail("x@a.vreemd.example"), F),
    ("a local part", rule(local_parts=("noreply",)), mail("noreply@vreemd.example"), F),
    ("the right side", rule(domains=("vreemd.example",), side=Side.AUTHOR), mail("x@vreemd.example"), F),
    ("from alone", rule(domains=("vreemd.example",), side=Side.FROM), mail("x@vreemd.example"), F),
    ("from alone, but they are sender", rule(domains=("vreemd.example",), side=Side.FROM),
     mail("x@y.example", sender=Participant("x@vreemd.example")), U),
    ("author, and they are sender", rule(domains=("vreemd.example",), side=Side.AUTHOR),
     mail("x@y.example", sender=Participant("x@vreemd.example")), F),
    ("the wrong side", rule(domains=("vreemd.example",), side=Side.RECIPIENT), mail("x@vreemd.example"), U),
    ("a subject word", rule(subject=("jaarrekening",)), mail("x@y.example", subject="Concept JAARREKENING 2025"), F),
    ("part of a subject word", rule(subject=("jaar",)), mail("x@y.example", subject="jaarrekening"), U),
    ("address and subject, both", rule(addresses=("x@y.example",), subject=("abc",)),
     mail("x@y.example", subject="abc"), F),
    ("address and subject, one", rule(addresses=("x@y.example",), subject=("abc",)), mail("x@y.example"), U),
    ("a list", rule(list_ids=("bouw.lijst.example",)), mail("x@y.example", list_id="Bouw <bouw.lijst.example>"), F),
    ("a class", rule(message_classes=("IPM.Schedule",)),
     mail("x@y.example", message_class="IPM.Schedule.Meeting.Request"), F),
    ("a category", rule(categories=("Project Bolt",)), mail("x@y.example", categories=("project bolt",)), F),
    ("no condition never applies", rule(), mail("x@y.example"), U),
    ("a rule beats an address", rule(addresses=("acme.inkoop@gmail.com",)), mail("acme.inkoop@gmail.com"), F),
    ("leave it", rule(RuleAction.LEAVE, domains=("acme.example",)), mail("jan@acme.example"), X),
    ("an unknown client", rule(client_id="weg", domains=("vreemd.example",)), mail("x@vreemd.example"), U),
]  # fmt: skip


@pytest.mark.parametrize(("case", "one_rule", "message", "outcome"), RULES)
def test_rules_apply_when_every_condition_holds(case: str, one_rule: Rule, message: Message, outcome: Outcome) -> None:
    found = match_message(message, MatchBook(CLIENTS, OWN_DOMAINS, rules=(one_rule,)), NoMemory())
    assert found.outcome is outcome, case
    if outcome is F:
        assert (found.clients, found.decisive[0].kind) == (("bolt",), EvidenceKind.RULE)


def test_two_rules_that_disagree_are_ambiguous() -> None:
    rules = (
        rule(subject=("samen",)),
        Rule(id="r2", action=RuleAction.FILE, client_id="acme", domains=("vreemd.example",)),
    )
    message = mail("x@vreemd.example", subject="samen")
    assert match_message(message, MatchBook(CLIENTS, OWN_DOMAINS, rules=rules), NoMemory()).outcome is A


NEAR = Rule(id="near", action=RuleAction.FILE, client_id="bolt", domains=("mail.klant.example",))
FAR = Rule(id="far", action=RuleAction.FILE, client_id="acme", domains=("klant.example",))
NEAREST = [
    ("the nearest domain", mail("x@mail.klant.example"), F, ("bolt",)),
    ("a subdomain of it", mail("x@a.mail.klant.example"), F, ("bolt",)),
    ("the farther one alone", mail("x@klant.example"), F, ("acme",)),
    ("two people, one of each", mail("x@mail.klant.example", ("y@klant.example",)), A, ("bolt", "acme")),
    ("one group of both", mail(WE, ("Team: x@mail.klant.example, y@klant.example;",)), A, ("bolt", "acme")),
]


@pytest.mark.parametrize(("case", "message", "outcome", "clients"), NEAREST)
@pytest.mark.parametrize("rules", [(NEAR, FAR), (FAR, NEAR)], ids=["near first", "far first"])
def test_of_two_domains_in_rules_the_nearest_counts(
    rules: tuple[Rule, ...], case: str, message: Message, outcome: Outcome, clients: tuple[str, ...]
) -> None:
    found = match_message(message, MatchBook(CLIENTS, OWN_DOMAINS, rules=rules), NoMemory())
    assert (found.outcome, set(found.clients)) == (outcome, set(clients)), case


def test_a_nearer_rule_that_does_not_apply_leaves_the_farther_one() -> None:
    near = msgspec.structs.replace(NEAR, subject=("huur",))
    book = MatchBook(CLIENTS, OWN_DOMAINS, rules=(near, FAR))
    assert match_message(mail("x@mail.klant.example", subject="koop"), book, NoMemory()).clients == ("acme",)
    assert match_message(mail("x@mail.klant.example", subject="huur"), book, NoMemory()).clients == ("bolt",)


def test_a_nearer_rule_goes_before_one_that_leaves_mail() -> None:
    leave = Rule(id="far", action=RuleAction.LEAVE, domains=("klant.example",))
    book = MatchBook(CLIENTS, OWN_DOMAINS, rules=(NEAR, leave))
    assert match_message(mail("x@mail.klant.example"), book, NoMemory()).clients == ("bolt",)
    assert match_message(mail("x@klant.example"), book, NoMemory()).outcome is X


def test_the_first_edition_decides_as_it_did() -> None:
    book = MatchBook(CLIENTS, OWN_DOMAINS, policy=MatchingPolicy(edition=1))
    two = mail(WE, ("acme.inkoop@gmail.com", "els@bolt.example"))
    assert match_message(two, book, NoMemory()).clients == ("acme",)
    assert match_message(mail("info@bond.example", ("jan@acme.example", *MANY)), book, NoMemory()).outcome is F


def test_a_label_says_nothing_about_the_client() -> None:
    book = MatchBook(CLIENTS, OWN_DOMAINS, rules=(rule(RuleAction.LABEL, subject=("sollicitatie",)),))
    stranger = match_message(mail("x@y.example", subject="Sollicitatie"), book, NoMemory())
    client = match_message(mail("jan@acme.example", subject="Sollicitatie"), book, NoMemory())
    assert (stranger.outcome, stranger.labels) == (U, ("lbl",))
    assert (client.outcome, client.clients, client.labels) == (F, ("acme",), ("lbl",))


class Knows:
    """Whom the firm has written to."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    def wrote_to_author(self, message: Message) -> bool:
        return message.from_ is not None and message.from_.address in self._addresses

    def wrote_for(self, message: Message, client_id: str) -> bool:
        return False


class InThread:
    """Every message belongs to a thread of these clients."""

    def __init__(self, *clients: str) -> None:
        self._clients = clients

    def clients(self, message: Message) -> tuple[str, ...]:
        return self._clients

    def link(self, message: Message) -> Link:
        return Link.TRUSTED


FAILED, PASSED, INSIDE = AuthorCheck.FAILED, AuthorCheck.PASSED, AuthorCheck.INTERNAL
FORGED, STRANGER = Reason.UNAUTHENTICATED, Reason.UNKNOWN_AUTHOR
TRUST = [
    ("the author's domain, failed", mail("jan@acme.example", check=FAILED), (), U, FORGED),
    ("the author's listed address, failed", mail("acme.inkoop@gmail.com", check=FAILED), (), U, FORGED),
    ("the sender's domain, failed", mail(WE, sender=Participant("jan@acme.example"), check=FAILED), (), U, FORGED),
    ("the reply-to, failed", mail("x@y.example", reply_to=people("jan@acme.example"), check=FAILED), (), U, FORGED),
    ("a code, failed", mail("x@y.example", subject="ACM-24", check=FAILED), (), U, FORGED),
    ("a thread, failed", mail("x@y.example", check=FAILED), ("acme",), U, FORGED),
    ("our own address, failed, in a thread", mail(WE, check=FAILED), ("acme",), U, FORGED),
    ("failed, to a client's person", mail("x@y.example", ("jan@acme.example",), check=FAILED), (), F, Reason.DECIDED),
    ("failed, author of one client, recipient of another",
     mail("els@bolt.example", ("jan@acme.example",), check=FAILED), (), A, Reason.SEVERAL_CLIENTS),
    ("the author's domain, passed", mail("jan@acme.example", check=PASSED), (), F, Reason.DECIDED),
    ("the author's domain, without a verdict", mail("jan@acme.example"), (), F, Reason.DECIDED),
    ("a stranger in a thread", mail("x@y.example"), ("acme",), U, STRANGER),
    ("a stranger with a code", mail("x@y.example", subject="ACM-24"), (), U, STRANGER),
    ("a stranger with a code, to the client", mail("x@y.example", ("jan@acme.example",), subject="ACM-24"), (), F,
     Reason.DECIDED),
    ("an authenticated stranger in a thread", mail("x@y.example", check=PASSED), ("acme",), F, Reason.DECIDED),
    ("an authenticated stranger with a code", mail("x@y.example", subject="ACM-24", check=PASSED), (), F,
     Reason.DECIDED),
    ("somebody we wrote to, in a thread", mail("x@known.example"), ("acme",), F, Reason.DECIDED),
    ("somebody we wrote to, with a code", mail("x@known.example", subject="ACM-24"), (), F, Reason.DECIDED),
    ("somebody we wrote to, failed", mail("x@known.example", check=FAILED), ("acme",), U, FORGED),
    ("a colleague in a thread", mail(WE), ("acme",), F, Reason.DECIDED),
    ("nobody by address, submitted inside, in a thread", mail("/O=FIRMA/CN=X", check=INSIDE), ("acme",), F,
     Reason.DECIDED),
    ("nobody by address, in a thread", mail("/O=ELDERS/CN=X"), ("acme",), U, STRANGER),
]  # fmt: skip


@pytest.mark.parametrize(("case", "message", "thread", "outcome", "reason"), TRUST)
def test_what_a_stranger_can_forge_does_not_file(
    book: MatchBook, case: str, message: Message, thread: tuple[str, ...], outcome: Outcome, reason: Reason
) -> None:
    found = match_message(message, book, InThread(*thread), correspondents=Knows("x@known.example"))
    assert (found.outcome, found.reason) == (outcome, reason), case
    assert found.evidence


def test_a_failed_author_meets_no_rule_on_authors_and_those_on_recipients() -> None:
    by_author = Rule(id="a", action=RuleAction.FILE, client_id="bolt", domains=("portaal.example",))
    by_box = Rule(id="b", action=RuleAction.FILE, client_id="bolt", addresses=("box@firma.example",))
    book = MatchBook(CLIENTS, OWN_DOMAINS, rules=(by_author, by_box))
    forged = mail("x@portaal.example", check=FAILED)
    assert match_message(forged, book, NoMemory()).reason is FORGED
    assert match_message(msgspec.structs.replace(forged, author_check=PASSED), book, NoMemory()).outcome is F
    assert match_message(mail("x@y.example", ("box@firma.example",), check=FAILED), book, NoMemory()).outcome is F


def test_a_person_goes_before_a_failed_check(book: MatchBook) -> None:
    class Moved:
        def of_thread(self, message: Message) -> Correction:
            return Correction(clients=("acme",))

    assert match_message(mail("x@y.example", check=FAILED), book, NoMemory(), corrections=Moved()).clients == ("acme",)


def test_authentication_off_counts_every_author() -> None:
    book = MatchBook(CLIENTS, OWN_DOMAINS, policy=MatchingPolicy(judges_authors=False))
    assert match_message(mail("jan@acme.example", check=FAILED), book, NoMemory()).outcome is F


@pytest.mark.parametrize("several", list(Several))
def test_a_notice_to_many_is_filed_to_none_of_the_clients_that_it_names(several: Several) -> None:
    """Also where the config takes the first client or files a copy for each: that is meant for mail of few."""
    guests = tuple(f"info@gast{n}.example" for n in range(11))
    to = ("jan@acme.example", "jo@bolt.example", *guests)
    found = match_message(mail("info@bond.example", to), MatchBook(CLIENTS, OWN_DOMAINS), NoMemory(), several=several)
    assert found.outcome in (Outcome.AMBIGUOUS, Outcome.UNMATCHED)
    few = match_message(mail("info@bond.example", to[:2]), MatchBook(CLIENTS, OWN_DOMAINS), NoMemory(), several=several)
    assert (few.outcome is Outcome.FILED_TO) is (several is not Several.REVIEW)
