"""Which findings go, which stay and on which ground: pure policy, one finding at a time.

Order: case correspondence stays; then a recognised ground that still runs; then the role decides. A ground whose end
has passed no longer keeps anything. A purpose (art. 17(1)) keeps by itself only while nobody objected: after an
objection a person balances. A rule without a single sign is refused: nothing is kept by a blanket rule.

Sources: GDPR art. 17(1), 17(3)(b), 17(3)(e), 5(2); AWR art. 52(4), BW 2:10 and 3:15i (seven years from the end of the
financial year in which the record lost its current value).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta, tzinfo

from mailsorter.errors import UserError
from mailsorter.model.address import addresses_in, domain_of
from mailsorter.model.case import Finding, Ground, Role, Seen, Verdict
from mailsorter.model.deadline import add_months
from mailsorter.model.person import folded_words

BUSINESS_RECORDS = "business-records"
"""The purpose of mail that only mentions the person and is kept by `mentioned = "keep"`; letters have words for it."""
BY_ROLE = frozenset({"business-letter", "business-records"})
"""The grounds that a message's role gives, and no [[ground]] of the config."""


class Basis(enum.StrEnum):
    """What kind of ground the law gives."""

    LEGAL_DUTY = "legal-duty"  # 17(3)(b)
    LEGAL_CLAIM = "legal-claim"  # 17(3)(e)
    STILL_NECESSARY = "still-necessary"  # 17(1): erasure is not due yet
    CORRESPONDENCE = "case-correspondence"  # 5(2), 17(3)(e)


class CountedFrom(enum.StrEnum):
    """The day from which a ground's time is counted."""

    FINANCIAL_YEAR_END = "financial-year-end"
    RECEIVED = "received"
    RELATION_END = "relation-end"  # the end of the contract named in the client book, then of its financial year


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """By what a rule recognises a message; one sign is enough."""

    folders: tuple[str, ...] = ()  # a folder name anywhere on the path
    subjects: tuple[str, ...] = ()  # words in a row
    attachments: tuple[str, ...] = ()  # words in an attachment's name
    categories: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()  # an address, or @domain


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepRule:
    """One ground of the config, and by what it is recognised."""

    code: str
    basis: Basis
    article: str
    years: int = 0
    days: int = 0
    counted_from: CountedFrom = CountedFrom.FINANCIAL_YEAR_END
    signs: Signs
    purpose: str = ""

    def __post_init__(self) -> None:
        signs = self.signs
        if not (signs.folders or signs.subjects or signs.attachments or signs.categories or signs.senders):
            raise UserError(
                f"The ground {self.code} recognises nothing: it would keep everything, or nothing.",
                advice="Give it folders, subjects, attachments, categories or senders in [[ground]].",
            )
        if self.years <= 0 and self.days <= 0:
            raise UserError(f"The ground {self.code} has no duration.", advice="Give it keep in [[ground]].")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """All that the config says about what goes and what stays."""

    rules: tuple[KeepRule, ...] = ()
    one_of_many: Verdict = Verdict.LOOK  # KEEP: as a business letter, see `letter_years`
    mentioned: Verdict = Verdict.LOOK  # likewise
    letter_article: str = "GDPR art. 17(3)(b); BW 2:10, 3:15i; AWR art. 52(4)"
    letter_years: int = 7
    financial_year_ends: tuple[int, int] = (12, 31)  # month, day
    correspondence_days: int = 1825
    correspondence_until: date | None = None  # the case's one day for all of it; None: counted from each message
    objected: bool = False
    zone: tzinfo = UTC  # of the place where the law counts the days

    @property
    def needs_attachment_names(self) -> bool:
        """Does any rule recognise a message by them?"""
        return any(rule.signs.attachments for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of one finding by policy. `reason` is a stable code."""

    verdict: Verdict
    reason: str
    ground: Ground | None = None


def judge(finding: Finding, policy: Policy, today: date, *, is_correspondence: bool = False) -> Judgement:
    """Divide one finding, with its reason.

    `is_correspondence`: it is the request itself, an answer of ours or the code mail.
    """
    if is_correspondence:
        return _correspondence(finding, policy, today)
    if Seen.NOT_RENDERED in finding.seen:
        return Judgement(Verdict.LOOK, "not-rendered")  # nobody has seen what it is: no policy was made for that
    if finding.seen == (Seen.WITNESS,):
        return Judgement(Verdict.LOOK, "seen-by-witness")  # what names the person there no search has found
    if finding.received_at is None and policy.rules:
        return Judgement(Verdict.LOOK, "no-date")  # nobody can say whether a ground would still run
    running, ended = running_ground(finding, policy, today)
    if finding.role is Role.POSSIBLE:  # before a ground: what is somebody else's is neither kept nor erased for them
        return Judgement(Verdict.LOOK, "possible", running)
    if running is not None:
        if running.basis == Basis.STILL_NECESSARY and policy.objected:
            return Judgement(Verdict.LOOK, "balance-after-objection", running)
        return Judgement(Verdict.KEEP, "ground", running)
    if finding.lacks_attachment_names and policy.needs_attachment_names:
        return Judgement(Verdict.LOOK, "attachments-unknown")  # a name that nobody knows might be one that keeps
    if Seen.CLIENT_FOLDER in finding.seen:
        return Judgement(Verdict.ERASE, "ground-ended" if ended else "client-folder")
    wanted = {Role.MENTIONED: policy.mentioned, Role.ONE_OF_MANY: policy.one_of_many}.get(finding.role, Verdict.ERASE)
    if wanted is Verdict.LOOK:
        return Judgement(Verdict.LOOK, finding.role.value)
    if wanted is Verdict.KEEP:
        if finding.role is Role.MENTIONED:
            return _business_records(finding, policy, today)
        return _business_letter(finding, policy, today)
    return Judgement(Verdict.ERASE, "ground-ended" if ended else f"{finding.role}")


def running_ground(finding: Finding, policy: Policy, today: date) -> tuple[Ground | None, bool]:
    """The recognised ground that runs longest, and whether one was recognised that has ended.

    The finding must have a date, from which the ground's time is counted.
    """
    grounds = [g for rule in policy.rules if (g := recognise(finding, rule, policy)) is not None]
    running = [g for g in grounds if g.until >= today]
    return max(running, key=lambda g: (g.until, g.rule), default=None), len(running) < len(grounds)


def _business_letter(finding: Finding, policy: Policy, today: date) -> Judgement:
    ground = role_ground("business-letter", finding, policy, today)
    if ground.until < today:
        return Judgement(Verdict.ERASE, "ground-ended")
    return Judgement(Verdict.KEEP, finding.role.value, ground)


def _business_records(finding: Finding, policy: Policy, today: date) -> Judgement:
    """Mail that only mentions the person: no law obliges anybody to keep that, so it is kept for a purpose.

    After an objection a person weighs it (art. 21).
    """
    ground = role_ground("business-records", finding, policy, today)
    if ground.until < today:
        return Judgement(Verdict.ERASE, "ground-ended")
    if policy.objected:
        return Judgement(Verdict.LOOK, "balance-after-objection", ground)
    return Judgement(Verdict.KEEP, finding.role.value, ground)


def role_ground(rule: str, finding: Finding, policy: Policy, today: date) -> Ground:
    """The ground of `BY_ROLE` that keeps a message for what the person is in it, ended or not."""
    until = _from_year_end(_day_of(finding, policy, today), policy.financial_year_ends, policy.letter_years)
    if rule == "business-records":
        return Ground(
            rule=rule, basis=Basis.STILL_NECESSARY, article="GDPR art. 17(1)(a)", until=until,
            recognised_by="role", purpose=BUSINESS_RECORDS,
        )  # fmt: skip
    return Ground(rule=rule, basis=Basis.LEGAL_DUTY, article=policy.letter_article, until=until, recognised_by="role")


def _correspondence(finding: Finding, policy: Policy, today: date) -> Judgement:
    counted = _day_of(finding, policy, today) + timedelta(days=policy.correspondence_days)
    until = policy.correspondence_until or counted
    if until < today:
        return Judgement(Verdict.ERASE, "ground-ended")
    article = "GDPR art. 5(2), 17(3)(e)"
    ground = Ground(
        rule="case-correspondence", basis=Basis.CORRESPONDENCE, article=article, until=until, recognised_by="case"
    )
    return Judgement(Verdict.KEEP, "case-correspondence", ground)


def recognise(finding: Finding, rule: KeepRule, policy: Policy) -> Ground | None:
    """The ground that this rule gives the finding, ended or not; None when no sign of it is there.

    The finding must have a date, from which the ground's time is counted.
    """
    sign = next(_signs_seen(finding, rule.signs), None)
    if sign is None:
        return None
    return Ground(
        rule=rule.code,
        basis=rule.basis,
        article=rule.article,
        until=_end(finding, rule, policy),
        recognised_by=sign,
        purpose=rule.purpose,
    )


def _end(finding: Finding, rule: KeepRule, policy: Policy) -> date:
    assert finding.received_at is not None  # judge() sends mail without a date to a person
    start = finding.received_at.astimezone(policy.zone).date()
    if rule.counted_from is CountedFrom.RECEIVED:
        return add_months(start, 12 * rule.years) + timedelta(days=rule.days)
    if rule.counted_from is CountedFrom.RELATION_END and finding.contract_ended_on is not None:
        start = max(start, finding.contract_ended_on)
    return _from_year_end(start, policy.financial_year_ends, rule.years) + timedelta(days=rule.days)


def _day_of(finding: Finding, policy: Policy, otherwise: date) -> date:
    return finding.received_at.astimezone(policy.zone).date() if finding.received_at is not None else otherwise


def _from_year_end(day: date, year_ends: tuple[int, int], years: int) -> date:
    """`years` after the end of the financial year in which the day falls. 02-29 means the last day of February."""
    month, day_of_month = year_ends
    anchor = _in_year(day.year, month, day_of_month)
    end_year = day.year if day <= anchor else day.year + 1
    return _in_year(end_year + years, month, day_of_month)


def _in_year(year: int, month: int, day: int) -> date:
    first = date(year, month, 1)
    last = add_months(first, 1) - timedelta(days=1)
    return first.replace(day=min(day, last.day))


def _signs_seen(finding: Finding, signs: Signs) -> Iterator[str]:
    checks: Sequence[tuple[str, Callable[[], bool]]] = (
        ("folder", lambda: _any_folder(finding.folder, signs.folders)),
        ("category", lambda: _any_category(finding.categories, signs.categories)),
        ("sender", lambda: _any_sender(finding.sender, signs.senders)),
        ("subject", lambda: any(_has_words(finding.subject, words) for words in signs.subjects)),
        ("attachment", lambda: any(_has_words(n, words) for n in finding.attachments for words in signs.attachments)),
    )
    return (name for name, is_seen in checks if is_seen())


def _any_folder(path: str, folders: tuple[str, ...]) -> bool:
    names = {name.strip().casefold() for name in path.split(" / ")}
    whole = path.casefold()
    return any(f.casefold() in names or (" / " in f and f.casefold() in whole) for f in folders)


def _any_category(has: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    return bool({c.casefold() for c in has} & {c.casefold() for c in wanted})


def _any_sender(sender: str, wanted: tuple[str, ...]) -> bool:
    for address in addresses_in(sender):
        domain = domain_of(address)
        for want in wanted:
            text = want.lower()
            if text == address or (text.startswith("@") and (domain == text[1:] or domain.endswith("." + text[1:]))):
                return True
    return False


def _has_words(text: str, wanted: str) -> bool:
    """Do the wanted words stand in the text in a row? `factuur` is no part of `factuurtje`; digits may follow."""
    words, sought = folded_words(_split_digits(text)), folded_words(_split_digits(wanted))
    return bool(sought) and any(words[i : i + len(sought)] == sought for i in range(len(words) - len(sought) + 1))


def _split_digits(text: str) -> str:
    """`Factuur2024_001.pdf` becomes words: an attachment's name rarely has blanks."""
    spaced: list[str] = []
    for before, here in zip(" " + text, text, strict=False):
        if (before.isalpha() and here.isdigit()) or (before.isdigit() and here.isalpha()):
            spaced.append(" ")
        spaced.append(" " if here in "_." else here)
    return "".join(spaced)
