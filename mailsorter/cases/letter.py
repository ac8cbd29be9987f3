"""The letter to the person: done, or what stays, why and until when; extension, identification, refusal.

Written from what the case holds, by templates the firm can edit, in Dutch or English; as text for a mail and as PDF.
"""

from __future__ import annotations

import enum
from collections import Counter
from datetime import date, timedelta
from typing import Any

import msgspec

from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.find import findings_of, subject_of
from mailsorter.cases.intake import deadlines_of, last_reason
from mailsorter.cases.letterhead import LANGUAGES, blocks_of, render_text, show_day, show_gaps
from mailsorter.cases.moves import advance, check
from mailsorter.cases.office import Office
from mailsorter.cases.pdf import missing_letters, render
from mailsorter.cases.plan import plan_of
from mailsorter.cases.prove import proof_of
from mailsorter.cases.todays_date import require_plausible_date
from mailsorter.errors import UserError
from mailsorter.ledger.cases import CaseItem, CaseRow
from mailsorter.model.case import ItemState, Subject, Verdict
from mailsorter.model.ground import Basis
from mailsorter.model.lifecycle import CaseAct, CaseState


class LetterKind(enum.StrEnum):
    """What a letter tells."""

    DONE = "done"
    PARTLY = "partly"
    EXTENSION = "extension"
    IDENTIFY = "identify"
    REFUSAL = "refusal"


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter as it was written. Readable: it lies in the case file only."""

    kind: LetterKind
    language: str
    text: str
    written_on: date


_ANSWERS = (LetterKind.DONE, LetterKind.PARTLY, LetterKind.REFUSAL)
_REASON_OF = {LetterKind.EXTENSION: "extend", LetterKind.REFUSAL: "reject"}


def write_letter(
    office: Office, number: str, kind: LetterKind | None = None, *, language: str = "", code: str = ""
) -> Letter:
    """Write a letter and keep it sealed; an answer moves the case on.

    `kind` None: the answer that fits, which is `done` when nothing of the person stays but in Exchange's own
    recovery copy, `partly` when something does, `refusal` for a rejected case.

    Raises:
        UserError: no reason was written down for an extension or refusal; a template cannot be used.
        LifecycleError: it is too early for an answer.
    """
    row = office.get(number)
    require_plausible_date(office)
    file = office.open_file(number)
    subject = subject_of(file)
    chosen = kind or _fitting(office, row)
    if chosen in _ANSWERS:
        check(row, CaseAct.ANSWER)
    language = language or subject.language
    if language not in LANGUAGES:
        raise UserError(f"There are no letters in {language}.", advice=f"Choose: {', '.join(LANGUAGES)}.")
    data = _data(office, row, file, subject, chosen, language) | {"code": code}
    letter = Letter(
        kind=chosen, language=language, written_on=office.today(),
        text=render_text(chosen.value, language, data, office.firm.letter_templates),
    )  # fmt: skip
    file.write(f"letter-{len(letters_of(file)) + 1}", letter)
    if chosen in _ANSWERS:
        advance(office, row, CaseAct.ANSWER, counts={"letter": chosen.value}, told_on=row.told_on or office.today())
    return letter


def letters_of(file: CaseFile) -> list[Letter]:
    """Every letter of the case, oldest first."""
    parts = sorted((p for p in file.parts() if p.startswith("letter-")), key=lambda p: int(p.partition("-")[2]))
    return [letter for part in parts if (letter := file.read(part, Letter)) is not None]


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
            "blocks": blocks,
        },
    )
    if missing := missing_letters(document, f"{letter.text} {office.firm.name}"):
        raise UserError(
            f"No font on this machine can print {missing}: the PDF would show empty boxes, and was not written.",
            advice="Install one (Debian: fonts-noto-cjk for Chinese, Japanese, Korean; fonts-noto-core for other "
            "scripts) and write the letter again; as text for the mail it is whole.",
        )
    return document


def _fitting(office: Office, row: CaseRow) -> LetterKind:
    if row.state is CaseState.REJECTED:
        return LetterKind.REFUSAL
    stays = {ItemState.KEPT, ItemState.HELD, ItemState.CHANGED, ItemState.FAILED, ItemState.LOOK}
    is_kept = any(item.state in stays and item.ground != Basis.CORRESPONDENCE for item in _items(office, row))
    return LetterKind.PARTLY if is_kept else LetterKind.DONE


def _items(office: Office, row: CaseRow) -> list[CaseItem]:
    with office.ledger.reading() as unit:
        return list(unit.cases.items(row.number))


def _data(
    office: Office, row: CaseRow, file: CaseFile, subject: Subject, kind: LetterKind, language: str
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
        "answer_on": deadlines_of(office, row).answer_on,
        "backup_days": firm.backup_days,
        "correspondence_until": office.today() + timedelta(days=firm.policy.correspondence_days),
        "told": list(findings_of(file).forwarded_to),
        **_remains(office, row, file, language),
    }


def _remains(office: Office, row: CaseRow, file: CaseFile, language: str) -> dict[str, Any]:
    items = _items(office, row)
    states = Counter(item.state for item in items)
    retained = [i.until for i in items if i.state is ItemState.RETAINED and i.until]
    proof = proof_of(file)
    gaps: Counter[str] = Counter()
    for gap in proof.not_seen if proof else ():
        gaps[gap.reason] += gap.count
    return {
        "counts": {
            "found": len(findings_of(file).findings),
            "erased": states[ItemState.ERASED] + states[ItemState.GONE] + states[ItemState.RETAINED],
            "not_theirs": _not_theirs(file),
        },
        "kept": _kept(office, file, items),
        "retained": {"count": len(retained), "until": max(retained)} if retained else None,
        "held": states[ItemState.HELD],
        "other": states[ItemState.CHANGED] + states[ItemState.FAILED] + states[ItemState.LOOK],
        "not_seen": show_gaps(gaps, language),
    }


def _kept(office: Office, file: CaseFile, items: list[CaseItem]) -> list[dict[str, Any]]:
    """What stays on a ground, a line for each ground and last day, as it stands now: `carry_on` erases some of it and
    gives some another day. Case correspondence has a sentence of its own."""
    kept = [i for i in items if i.state is ItemState.KEPT and i.ground != Basis.CORRESPONDENCE and i.until is not None]
    if not kept:
        return []
    why = _bases(office, file)
    groups = Counter((i.until, *why.get(i.ground or "", _LEGAL_DUTY), i.article or "") for i in kept)
    return [
        {"until": until, "basis": basis, "article": article, "purpose": purpose, "count": count}
        for (until, basis, purpose, article), count in sorted(groups.items())
    ]


_LEGAL_DUTY = (Basis.LEGAL_DUTY.value, "")


def _bases(office: Office, file: CaseFile) -> dict[str, tuple[str, str]]:
    """Each ground's basis and purpose: as the list has them, else as the config has them today."""
    today = {rule.code: (rule.basis.value, rule.purpose) for rule in office.firm.policy.rules}
    return today | {i.ground.rule: (str(i.ground.basis), i.ground.purpose) for i in plan_of(file).items if i.ground}


def _not_theirs(file: CaseFile) -> int:
    return plan_of(file).counts[Verdict.NOT_THEIRS.value] if "plan" in file.parts() else 0
