"""Recording that a letter was sent: the officer sends it, mailsorter sends nothing, and the clock needs to know."""

from __future__ import annotations

from datetime import date

import msgspec

from mailsorter.cases.alone import alone
from mailsorter.cases.office import Office
from mailsorter.cases.todays_date import require_plausible_date
from mailsorter.cases.written import ANSWERS, Letter, LetterKind, letters_of, replace_letter
from mailsorter.errors import UserError
from mailsorter.model.lifecycle import CaseState


@alone
def record_sent(office: Office, number: str, *, on: date | None = None, kind: LetterKind | None = None) -> Letter:
    """Record on which day the newest letter (of that kind) was sent; without a day, today. Gives the letter.

    An answer ends the term of GDPR art. 12(3) on that day. Said again, the new day replaces the old one.

    Raises:
        UserError: no such letter was written, or the day is impossible.
    """
    row = office.get(number)
    require_plausible_date(office)
    if row.state is CaseState.CLOSED:
        raise UserError(
            f"Case {number} is closed: its letters are destroyed, and nothing can be recorded of them.",
            advice=f"Run: mailsorter case show {number}",
        )
    day = on or office.today()
    file = office.open_file(number)
    letters = letters_of(file)
    index = next((i for i in reversed(range(len(letters))) if kind in (None, letters[i].kind)), None)
    if index is None:
        raise UserError(
            f"Case {number} has no letter{f' {kind}' if kind else ''} yet.",
            advice=f"Write it: mailsorter case letter {number}{f' --kind {kind}' if kind else ''}",
        )
    letter = letters[index]
    if not letter.written_on <= day <= office.today():
        raise UserError(
            f"The letter {letter.kind} was written on {letter.written_on}: it cannot have been sent on {day}.",
            advice="Give a day from then until today: --on YYYY-MM-DD",
        )
    after = msgspec.structs.replace(letter, sent_on=day)
    replace_letter(file, index, after)
    with office.ledger.unit() as unit:
        if letter.kind in ANSWERS:
            others = [one.sent_on for one in letters if one is not letter and one.kind in ANSWERS and one.sent_on]
            unit.cases.save(msgspec.structs.replace(row, told_on=min([day, *others])), was=row.state)
        unit.audit.append("case.sent", {"case": number, "letter": letter.kind.value, "on": day.isoformat()})
    return after
