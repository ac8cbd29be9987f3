"""`mailsorter case show`: one case, from the ledger and, while it is open, from its sealed file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailsorter.cli.case_view import (
    found_data,
    plan_data,
    proof_data,
    show_account,
    show_coverage,
    show_kinds,
    show_lookalikes,
    show_searched,
    show_states,
    show_verdict,
    verdict_data,
)
from mailsorter.cli.voice import Voice

if TYPE_CHECKING:
    from mailsorter.cases.casefile import CaseFile
    from mailsorter.cases.office import Office
    from mailsorter.ledger.cases import CaseRow


def show_case(voice: Voice, office: Office, number: str) -> dict[str, Any]:
    """Print everything about a case; gives the same for JSON."""
    from mailsorter.cases.intake import deadlines_of
    from mailsorter.cases.standing import closed_counts, ledger_account, outcome_of

    row = office.get(number)
    terms = deadlines_of(office, row)
    with office.ledger.reading() as unit:
        counts = unit.cases.item_counts(number)
    voice.say(
        f"Case {number}: {row.kind}, {row.state}, received {row.received_on}.",
        f"Answer sent on {row.told_on}; the term ends on {terms.answer_on}."
        if row.told_on is not None
        else f"Say what cannot be erased by {terms.firm_on}; answer by {terms.answer_on}.",
    )
    if counts and row.closed is not None:
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
        "proof": row.proof,  # as the last proof wrote it; `outcome` is how it stands today
        "items": {state.value: count for state, count in sorted(counts.items())},
    }
    if row.closed is not None:
        voice.say("It is closed: nothing readable of it is left.")
        with office.ledger.reading() as unit:
            counted, outcome = ledger_account(office, unit, row), outcome_of(office, unit, row)
        told = closed_counts(row, counted)
        voice.say(", ".join(f"{count} {bucket}" for bucket, count in told.items() if count) or "It had no findings.")
        return data | {
            "outcome": outcome.value if outcome is not None else None,
            "account": {"total": sum(told.values()), "buckets": told},
        }
    file = office.open_file(number)
    return data | _standing(voice, office, row, file) | _readable(voice, row, file)


def _standing(voice: Voice, office: Office, row: CaseRow, file: CaseFile) -> dict[str, Any]:
    """How the case stands today: account, coverage, verdict, next command."""
    from mailsorter.cases.certify import account_data, coverage_data, gaps_data
    from mailsorter.cases.standing import standing_of

    stands = standing_of(office, row, file)
    show_account(voice, stands.account)
    if stands.verdict is not None:
        show_coverage(voice, stands.coverage)
    show_kinds(voice, stands.coverage)
    if stands.verdict is not None:
        show_verdict(voice, row.number, stands.verdict, stands.next)
    else:
        for command in stands.next:
            voice.say(f"Next: {command}")
    return {
        **verdict_data(stands.verdict, stands.next),
        "account": account_data(stands.account),
        "coverage": coverage_data(stands.coverage) | {"gaps": gaps_data(stands.coverage)},
    }


def _readable(voice: Voice, row: CaseRow, file: CaseFile) -> dict[str, Any]:
    from mailsorter.cases.approve import PART, Approval
    from mailsorter.cases.correspondence import reference_of
    from mailsorter.cases.find import findings_of, search_of, subject_of
    from mailsorter.cases.intake import notes_of
    from mailsorter.cases.prove import proof_of
    from mailsorter.cases.widen import claimed_of
    from mailsorter.cases.written import letters_of
    from mailsorter.model.caseplan import Plan

    subject, found = subject_of(file), findings_of(file)
    plan, proof = file.read("plan", Plan), proof_of(file)
    approvals = [a for a in file.read(PART, list[Approval]) or [] if a.plan_digest == row.plan_digest]
    about = (*subject.names, *subject.addresses, *subject.aliases, *subject.phones, subject.client_id)
    voice.say("About: " + ", ".join(a for a in about if a))
    voice.say(f"Mail about it bears in its subject: {reference_of(file, row.number)}")
    claimed = claimed_of(file)
    if claimed.all:
        voice.say(f"Not verified and not searched for yet: {', '.join(claimed.all)}")
    show_searched(voice, found, search_of(file))
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
        sent = f"sent on {letter.sent_on}" if letter.sent_on is not None else "not recorded as sent"
        voice.say(f"{letter.written_on} letter {letter.kind} ({letter.language}), {sent}")
    return {
        "subject": {
            "names": subject.names, "addresses": subject.addresses, "aliases": subject.aliases,
            "phones": subject.phones, "client": subject.client_id, "language": subject.language,
        },
        "not_verified": list(claimed.all),
        "reference": reference_of(file, row.number),
        "request": subject.request_message_id or None,
        "searched": search_of(file),
        "found": found_data(found),
        "digest": row.plan_digest.hex() if row.plan_digest is not None else None,
        "plan": plan_data(plan) if plan is not None else None,
        "approvals": [{"name": a.name, "at": a.at, "signed": bool(a.signature)} for a in approvals],
        "proof_details": proof_data(proof) if proof is not None else None,
        "notes": [{"on": n.on, "act": n.act, "reason": n.reason} for n in notes_of(file)],
        "letters": [
            {"kind": one.kind.value, "language": one.language, "on": one.written_on, "sent_on": one.sent_on,
             "text": one.text}
            for one in letters_of(file)
        ],
    }  # fmt: skip
