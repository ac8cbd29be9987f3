"""The letter to the person: done, or what stays, why and until when; extension, identification, refusal.

Written from what the case holds, by templates the firm can edit, in Dutch or English; as text for a mail and as PDF.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from mailsorter.cases.alone import alone
from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.correspondence import kept_until, reference_of
from mailsorter.cases.find import findings_of, subject_of
from mailsorter.cases.intake import deadlines_of, last_reason
from mailsorter.cases.letterhead import (
    LANGUAGES,
    Tally,
    blocks_of,
    gap_of,
    kept_together,
    render_text,
    show_day,
    show_depth,
    show_gaps,
    show_told,
)
from mailsorter.cases.moves import advance, check
from mailsorter.cases.office import Office
from mailsorter.cases.pdf import missing_letters, render
from mailsorter.cases.plan import plan_of
from mailsorter.cases.standing import Standing, standing_of
from mailsorter.cases.todays_date import require_plausible_date
from mailsorter.cases.verify import code_until, is_code_of
from mailsorter.cases.written import ANSWERS, Letter, LetterKind, add_letter, digest_of_facts
from mailsorter.errors import DecisionNeeded, UserError
from mailsorter.ledger.cases import CaseRow
from mailsorter.model.account import Account, Bucket
from mailsorter.model.address import canonical
from mailsorter.model.case import CaseKind, Subject
from mailsorter.model.ground import Basis
from mailsorter.model.lifecycle import CaseAct, CaseState
from mailsorter.model.verdict import words
from mailsorter.plain_text import one_line_each

_REASON_OF = {LetterKind.EXTENSION: "extend", LetterKind.REFUSAL: "reject"}


@alone
def write_letter(
    office: Office, number: str, kind: LetterKind | None = None, *, language: str = "", code: str = "",
    names_recipients: bool = False,
) -> Letter:  # fmt: skip
    """Write a letter and keep it sealed; an answer moves the case on.

    `kind` None: the answer that fits, which is `done` when nothing of the person stays but in Exchange's own
    recovery copy, `partly` when something does, `refusal` for a rejected case.

    `names_recipients`: the person asked who received their data (art. 19); else only their categories are told.

    Raises:
        UserError: no reason was written down for an extension or refusal; a template cannot be used; a code that this
            case did not give out, or that works no more.
        DecisionNeeded: the record does not bear the answer: something is unsettled, or `done` would say too much.
        LifecycleError: it is too early for an answer.
    """
    row = office.get(number)
    require_plausible_date(office)
    file = office.open_file(number)
    subject = subject_of(file)
    stands = standing_of(office, row, file)
    chosen = kind or _fitting(row, stands)
    if code:
        _check_code(office, row, file, chosen, code)
    if chosen in ANSWERS:
        check(row, CaseAct.ANSWER)
        _check_answer(row, chosen, stands)
    language = language or subject.language
    if language not in LANGUAGES:
        raise UserError(f"There are no letters in {language}.", advice=f"Choose: {', '.join(LANGUAGES)}.")
    # names and reasons are one line each: a line break in them would make a paragraph; the firm's contact may have more
    words_at_hand = _data(office, row, file, subject, chosen, language, stands) | {"code": code}
    data = one_line_each(words_at_hand if names_recipients else words_at_hand | {"told": []})
    data["contact"] = office.firm.contact
    told = digest_of_facts(stands.account, stands.coverage, stands.verdict) if chosen in ANSWERS else b""
    letter = Letter(
        kind=chosen, language=language, written_on=office.today(), told=told,
        text=render_text(chosen.value, language, data, office.firm.letter_templates),
    )  # fmt: skip
    add_letter(file, letter)
    if chosen in ANSWERS:
        advance(office, row, CaseAct.ANSWER, counts={"letter": chosen.value})
    return letter


def _check_code(office: Office, row: CaseRow, file: CaseFile, kind: LetterKind, code: str) -> None:
    """A letter carries only a code that this case gave out and that still works."""
    if kind is not LetterKind.IDENTIFY:
        raise UserError(f"The letter {kind} carries no code.", advice="Leave --code out, or add: --kind identify")
    if not is_code_of(office, file, code):
        raise UserError(
            f"Case {row.number} has not given out that code, or it works no more: nothing was written.",
            advice=f"Make a code: mailsorter case verify {row.number} --send-to ADDRESS",
        )


def as_pdf(office: Office, letter: Letter) -> bytes:
    """The letter on paper.

    Raises:
        UserError: no font of this machine has some of its letters; a name in empty boxes is no answer to anybody.
    """
    blocks = blocks_of(letter.text)
    document = render(
        "letter",
        {
            "title": blocks[0]["text"] if blocks else "",
            "language": letter.language,
            "firm": office.firm.name,
            "date": show_day(letter.written_on, letter.language),
            "footer": office.firm.name,
            "blocks": [one | {"text": kept_together(one["text"])} for one in blocks],
        },
    )
    if missing := missing_letters(document, f"{letter.text} {office.firm.name}"):
        raise UserError(
            f"No font on this machine can print {missing}: the PDF would show empty boxes, and was not written.",
            advice="Install one (Debian: fonts-noto-cjk for Chinese, Japanese, Korean; fonts-noto-core for other "
            "scripts) and write the letter again; as text for the mail it is whole.",
        )
    return document


def _fitting(row: CaseRow, stands: Standing) -> LetterKind:
    if row.state is CaseState.REJECTED or stands.verdict is None:
        return LetterKind.REFUSAL
    return LetterKind.DONE if _is_done(stands) else LetterKind.PARTLY


def _is_done(stands: Standing) -> bool:
    """Is it proven, with nothing of the person left but the case's own letters and Exchange's recovery copies?"""
    kept = [line for line in stands.account.of(Bucket.KEPT) if line.ground != Basis.CORRESPONDENCE]
    return stands.verdict is not None and stands.verdict.is_proven and not kept and not stands.account.open


def _check_answer(row: CaseRow, kind: LetterKind, stands: Standing) -> None:
    """Raise `DecisionNeeded` where the letter would say more than the record bears."""
    if kind is LetterKind.REFUSAL:
        return
    if stands.verdict is None or not stands.verdict.may_answer:
        reasons = stands.verdict.reasons if stands.verdict is not None else ()
        raise DecisionNeeded(
            f"Case {row.number} cannot be answered yet: {'; '.join(map(words, reasons)) or 'nothing was performed'}.",
            advice="Next: " + "; ".join(stands.next),
        )
    if kind is LetterKind.DONE and not _is_done(stands):
        raise DecisionNeeded(
            f"The letter done would say too much: of case {row.number} something remains.",
            advice=f"Run: mailsorter case letter {row.number} --kind partly",
        )


def _data(
    office: Office, row: CaseRow, file: CaseFile, subject: Subject, kind: LetterKind, language: str, stands: Standing
) -> dict[str, Any]:
    """The words a template may use; docs/erasure.md lists them."""
    reason = last_reason(file, _REASON_OF.get(kind, ""))
    if kind in _REASON_OF and not reason:
        raise UserError(
            f"The letter {kind.value} tells the person a reason, and none was written down.",
            advice=f"Run: mailsorter case {_REASON_OF[kind]} {row.number} --reason TEXT",
        )
    firm = office.firm
    return {
        "case": row.number,
        "received_on": row.received_on,
        "salutation": subject.names[0] if subject.names else ("heer, mevrouw" if language == "nl" else "Sir or Madam"),
        "firm": firm.name,
        "contact": firm.contact,
        "reason": reason.rstrip("."),
        "answers": kind in ANSWERS,
        "code_until": code_until(office, file),
        "answer_on": deadlines_of(office, row).answer_on,
        "backup_days": firm.backup_days if firm.knows_backups else None,
        "reference": reference_of(file, row.number),
        "correspondence_until": _correspondence_until(office, row, stands.account),
        "told": list(findings_of(file).forwarded_to),
        "told_kinds": show_told(_told_kinds(office, findings_of(file).forwarded_to), language),
        "objects": subject.objects,
        "is_client": row.kind is CaseKind.CLIENT_LEAVES,
        "written_on": office.today(),
        **_remains(office, row, file, language, stands),
    }


def _correspondence_until(office: Office, row: CaseRow, counted: Account) -> date:
    """The day that the case's items have, which is the day that the list showed; without any, the day they would."""
    days = [i.until for i in counted.of(Bucket.KEPT) if i.ground == Basis.CORRESPONDENCE and i.until is not None]
    return max(days, default=kept_until(office, row))


def _remains(office: Office, row: CaseRow, file: CaseFile, language: str, stands: Standing) -> dict[str, Any]:
    """What the case's account and coverage say, in the words of the templates."""
    counts, coverage = stands.account.counts, stands.coverage
    retained = [line.until for line in stands.account.of(Bucket.RETAINED) if line.until is not None]
    gaps: dict[str, Tally] = {}
    for gap in coverage.gaps_by_mailbox:
        reason = gap_of(gap, is_whole_mailbox=gap.mailbox in coverage.not_opened)
        places, messages = gaps.get(reason, Tally(0, 0))
        gaps[reason] = Tally(places + 1, messages + gap.count)
    correspondence = sum(
        line.count for line in stands.account.of(Bucket.KEPT) if line.ground == Basis.CORRESPONDENCE
    )  # fmt: skip
    kept = _kept(office, file, stands.account)
    return {
        "counts": {
            "found": stands.account.total,
            "erased": counts[Bucket.ERASED] + counts[Bucket.RETAINED],
            "gone": counts[Bucket.ERASED],
            "not_theirs": counts[Bucket.NOT_THEIRS],
            "correspondence": correspondence,
        },
        "searched": {
            "all": coverage.is_whole,
            "mailboxes": coverage.read,
            "depth": show_depth(coverage.depth, language, has_gaps=bool(gaps)),
        },
        "kept": kept,
        "kept_by_law": any(one["basis"] in (Basis.LEGAL_DUTY, Basis.LEGAL_CLAIM) for one in kept),
        "kept_by_duty": any(one["basis"] == Basis.LEGAL_DUTY for one in kept),
        "kept_by_claim": any(one["basis"] == Basis.LEGAL_CLAIM for one in kept),
        "kept_by_need": any(one["basis"] == Basis.STILL_NECESSARY for one in kept),
        "retained": {"count": counts[Bucket.RETAINED], "until": max(retained)} if retained else None,
        "held": counts[Bucket.HELD],
        "changed": counts[Bucket.CHANGED],
        "failed": counts[Bucket.FAILED],
        "to_look_for": counts[Bucket.NOT_LOOKED_AT],
        "other": sum(counts[one] for one in (Bucket.CHANGED, Bucket.FAILED, Bucket.NOT_LOOKED_AT, Bucket.WAITING)),
        "unread": len(coverage.unread),
        "not_seen": show_gaps(gaps, language),
    }


def _kept(office: Office, file: CaseFile, counted: Account) -> list[dict[str, Any]]:
    """What stays on a ground, a line for each ground and last day, as it stands now: `carry_on` erases some of it and
    gives some another day. Case correspondence has a sentence of its own."""
    kept = [line for line in counted.of(Bucket.KEPT) if line.ground != Basis.CORRESPONDENCE and line.until is not None]
    if not kept:
        return []
    why = _bases(office, file)
    groups: Counter[tuple[date, str, str, str]] = Counter()
    for line in kept:
        assert line.until is not None
        groups[line.until, *why.get(line.ground, _UNKNOWN), line.article] += line.count
    return [
        {"until": until, "basis": basis, "article": article, "purpose": purpose, "count": count}
        for (until, basis, purpose, article), count in sorted(groups.items())
    ]


_UNKNOWN = (Basis.STILL_NECESSARY.value, "")  # a ground that neither list nor config has is no legal duty


def _told_kinds(office: Office, told: Iterable[str]) -> list[str]:
    """The categories of those who received the person's data: `clients` of the client book, `others`."""
    domains = {domain.lower() for client in office.clients.values() for domain in client.domains}
    known = {canonical(a) for client in office.clients.values() for a in client.addresses}
    kinds = {"clients" if canonical(address) in known or _is_under(address, domains) else "others" for address in told}
    return sorted(kinds)


def _is_under(address: str, domains: set[str]) -> bool:
    domain = address.rpartition("@")[2].lower()
    return any(domain == one or domain.endswith("." + one) for one in domains)


def _bases(office: Office, file: CaseFile) -> dict[str, tuple[str, str]]:
    """Each ground's basis and purpose: as the list has them, else as the config has them today."""
    today = {rule.code: (rule.basis.value, rule.purpose) for rule in office.firm.policy.rules}
    return today | {i.ground.rule: (str(i.ground.basis), i.ground.purpose) for i in plan_of(file).items if i.ground}
