"""`mailsorter case show`: one case, from the ledger and, while it is open, from its sealed file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailsorter.cli.case_view import (
    found_data,
    plan_data,
    proof_data,
    show_lookalikes,
    show_not_seen,
    show_states,
)
from mailsorter.cli.voice import Voice

if TYPE_CHECKING:
    from mailsorter.cases.casefile import CaseFile
    from mailsorter.cases.office import Office
    from mailsorter.ledger.cases import CaseRow


def show_case(voice: Voice, office: Office, number: str) -> dict[str, Any]:
    """Print everything about a case; gives the same for JSON."""
    from mailsorter.cases.intake import deadlines_of

    row = office.get(number)
    terms = deadlines_of(office, row)
    with office.ledger.reading() as unit:
        counts = unit.cases.item_counts(number)
    voice.say(
        f"Case {number}: {row.kind}, {row.state}, received {row.received_on}.",
        f"Say what cannot be erased by {terms.firm_on}; answer by {terms.answer_on}.",
    )
    if counts:
        show_states(voice, counts)
    data: dict[str, Any] = {
        "case": number,
        "kind": row.kind.value,
        "state": row.state.value,
        "received_on": row.received_on,
        "firm_on": terms.firm_on,
        "answer_by": terms.answer_on,
        "extended": row.is_extended,
        "suspended_until": row.suspended_until,
        "told_on": row.told_on,
        "proof": row.proof,
        "items": {state.value: count for state, count in sorted(counts.items())},
    }
    if row.closed is not None:
        voice.say("It is closed: nothing readable of it is left.")
        return data
    return data | _readable(voice, row, office.open_file(number))


def _readable(voice: Voice, row: CaseRow, file: CaseFile) -> dict[str, Any]:
    from mailsorter.cases.approve import PART, Approval
    from mailsorter.cases.find import findings_of, subject_of
    from mailsorter.cases.intake import notes_of
    from mailsorter.cases.letter import letters_of
    from mailsorter.cases.prove import proof_of
    from mailsorter.model.caseplan import Plan

    subject, found = subject_of(file), findings_of(file)
    plan, proof = file.read("plan", Plan), proof_of(file)
    approvals = [a for a in file.read(PART, list[Approval]) or [] if a.plan_digest == row.plan_digest]
    about = (*subject.names, *subject.addresses, *subject.aliases, *subject.phones, subject.client_id)
    voice.say("About: " + ", ".join(a for a in about if a))
    voice.say(f"{len(found.findings)} findings among {found.messages} messages.")
    show_not_seen(voice, found.not_seen)
    show_lookalikes(voice, row.number, found)
    for address in found.forwarded_to:
        voice.say(f"Mail of this person went to {address}: tell them (GDPR art. 19)")
    for note in notes_of(file):
        voice.say(f"{note.on} {note.act}: {note.reason}")
    if row.plan_digest is not None:
        voice.say(f"digest of the list {row.plan_digest.hex()}")
    for approval in approvals:
        voice.say(f"Approved by {approval.name}{' (signed)' if approval.signature else ''}")
    for letter in letters_of(file):
        voice.say(f"{letter.written_on} letter {letter.kind} ({letter.language})")
    return {
        "subject": {
            "names": subject.names, "addresses": subject.addresses, "aliases": subject.aliases,
            "phones": subject.phones, "client": subject.client_id, "language": subject.language,
        },
        "found": found_data(found),
        "digest": row.plan_digest.hex() if row.plan_digest is not None else None,
        "plan": plan_data(plan) if plan is not None else None,
        "approvals": [{"name": a.name, "at": a.at, "signed": bool(a.signature)} for a in approvals],
        "proof_details": proof_data(proof) if proof is not None else None,
        "notes": [{"on": n.on, "act": n.act, "reason": n.reason} for n in notes_of(file)],
        "letters": [
            {"kind": one.kind.value, "language": one.language, "on": one.written_on, "text": one.text}
            for one in letters_of(file)
        ],
    }  # fmt: skip
