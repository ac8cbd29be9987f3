"""What the commands of a case print, and the same as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mailsorter.cli.voice import Voice
from mailsorter.model.account import Bucket
from mailsorter.model.case import ItemState, Verdict
from mailsorter.model.counted import counted, plural
from mailsorter.model.coverage import DEPTHS, GapKind
from mailsorter.model.explanations import GAPS, IN_SHORT
from mailsorter.model.verdict import Outcome, next_commands, words

if TYPE_CHECKING:
    from mailsorter.cases.carry_on import CarriedOn
    from mailsorter.cases.close import Closed
    from mailsorter.cases.find import Findings
    from mailsorter.cases.office import Office
    from mailsorter.cases.perform import Performed
    from mailsorter.cases.prove import Proof
    from mailsorter.cases.summary import Summary
    from mailsorter.cases.written import Letter
    from mailsorter.model.account import Account
    from mailsorter.model.case import NotSeen, PlanItem
    from mailsorter.model.caseplan import Plan
    from mailsorter.model.coverage import Coverage
    from mailsorter.model.verdict import VerdictOnCase

_STATE_WORDS = {
    ItemState.ERASED: "erased for good",
    ItemState.RETAINED: "in Exchange's own recovery until a day",
    ItemState.HELD: "protected by a hold on Exchange's side",
    ItemState.KEPT: "kept on a ground",
    ItemState.CHANGED: "changed or moved since the approval: left out",
    ItemState.GONE: "deleted by somebody else before",
    ItemState.LOOK: "for a person to look at",
    ItemState.FAILED: "refused by Exchange",
    ItemState.PENDING: "still to be erased",
    ItemState.PURGED: "still to be erased from Recoverable Items",
    ItemState.LEFT: "left",
}

_BUCKET_WORDS = {
    Bucket.ERASED: "erased for good",
    Bucket.KEPT: "kept on a ground",
    Bucket.HELD: "protected by a hold on Exchange's side",
    Bucket.RETAINED: "in Exchange's own recovery until a day",
    Bucket.NOT_THEIRS: "not theirs, by a person's decision",
    Bucket.CHANGED: "changed or moved since the approval: left out",
    Bucket.FAILED: "refused by Exchange",
    Bucket.NOT_LOOKED_AT: "for a person to look for",
    Bucket.WAITING: "waiting for a decision, an approval or to be erased",
}

LOOKALIKE_WORDS = {
    "same-name": "has their name",
    "same-local-part": "the same before the @",
    "same-signature": "signs with their name",
    "same-phone": "gives their number",
    "same-thread": "resembles them, in a thread of theirs",
    "answers-for-them": "answers mail sent to them alone",
}


def show_found(voice: Voice, number: str, found: Findings, coverage: Coverage) -> None:
    """Print what a search brought, and what it could not read."""
    roles = Counter((f.mailbox, f.role.value) for f in found.findings)
    mailboxes = sorted({f.mailbox for f in found.findings})
    names = ("author", "only-recipient", "one-of-many", "mentioned", "possible")
    opened = counted(found.opened, "was", "were")
    texts = f"{counted(found.texts_read, 'text')} read, " if found.texts_read else ""
    voice.say(f"{_among(found)}; {texts}{opened} opened to look. Depth: {found.depth}.")
    if mailboxes:
        voice.table(("mailbox", *names), [(m, *(roles[m, name] for name in names)) for m in mailboxes])
    show_kinds(voice, coverage)
    show_lookalikes(voice, number, found)
    if coverage.unread:
        unread = counted(len(coverage.unread), "place in scope was", "places in scope were")
        voice.warn(
            f"{unread} not read: while that is so, nothing of the case can be proven. Give access and search again: "
            f"mailsorter case find {number}; or leave it out: mailsorter case scope {number} --without MAILBOX "
            "--reason TEXT"
        )
    voice.say(f"Next: mailsorter case plan {number}")


def show_searched(voice: Voice, found: Findings, how: str | None) -> None:
    """Print what the last search brought, or that none was made. `how` is `find.search_of` of the case."""
    if how is None:
        voice.say("No search was made yet.")
    elif how == "begun":
        voice.say(f"The search was broken off and goes on when it is run again; until then: {_among(found)}.")
    else:
        voice.say(f"{_among(found)}.")


def _among(found: Findings) -> str:
    return f"{counted(len(found.findings), 'finding')} among {counted(found.messages, 'message')}"


def show_lookalikes(voice: Voice, number: str, found: Findings) -> None:
    """Print which other addresses may be the person's, why, and how to take one in."""
    if found.lookalikes:
        rows = [(a.address, LOOKALIKE_WORDS.get(a.reason, a.reason), a.count) for a in found.lookalikes]
        voice.table(("address", "why", "messages"), rows, title="Perhaps the same person; not assumed:")
        voice.say(f"Theirs? Search with it: mailsorter case find {number} --address ADDRESS (a name: --alias NAME)")
        decide = f"mailsorter case decide {number} --from ADDRESS --not-theirs --reason TEXT"
        voice.say(f"Somebody else's? After the plan: {decide}")


def found_data(found: Findings) -> dict[str, Any]:
    """The same for JSON."""
    return {
        "findings": len(found.findings),
        "messages": found.messages,
        "opened": found.opened,
        "texts_read": found.texts_read,
        "depth": found.depth.value,
        "roles": dict(Counter(f.role.value for f in found.findings)),
        "mailboxes": dict(Counter(f.mailbox for f in found.findings)),
        "not_seen": [_gap(gap) for gap in found.not_seen],
        "lookalikes": [{"address": a.address, "reason": a.reason, "messages": a.count} for a in found.lookalikes],
        "forwarded_to": list(found.forwarded_to),
    }


def unread_data(coverage: Coverage) -> list[dict[str, Any]]:
    """The places in scope that were not read, for JSON."""
    return [
        {"mailbox": gap.mailbox, "folder": gap.folder, "reason": gap.reason, "kind": gap.kind.value}
        for gap in coverage.unread
    ]


def show_kinds(voice: Voice, coverage: Coverage) -> None:
    """Print what was not read: a line for each place in scope that was not, and for each reason beyond the depth."""
    beyond: Counter[str] = Counter()
    rows: list[tuple[str, str, str, str, int | str]] = []
    for gap in coverage.gaps_by_mailbox:
        if gap.kind is GapKind.BEYOND_DEPTH:
            beyond[gap.reason] += gap.count
        else:
            rows.append((gap.kind.value, gap.mailbox, gap.folder, gap.reason, _count(gap.count)))
    rows.sort(key=lambda row: row[:4])
    rows += [(GapKind.BEYOND_DEPTH.value, "", "", reason, _count(count)) for reason, count in sorted(beyond.items())]
    if rows:
        voice.table(("not read", "mailbox", "folder", "why", "messages"), rows)
        reasons = {row[3] for row in rows}
        voice.say(*(IN_SHORT[reason] for reason in sorted(reasons & IN_SHORT.keys())))
        known = sorted(reasons & GAPS.keys())
        if known:
            voice.say(f"What such a reason means: mailsorter explain {known[0]}")


def _count(count: int) -> int | str:
    """So many messages; of a folder, a search or a mailbox as a whole nobody knows."""
    return count or "?"


def _gap(gap: NotSeen) -> dict[str, Any]:
    return {"mailbox": gap.mailbox, "folder": gap.folder, "reason": gap.reason, "count": gap.count}


def show_plan(voice: Voice, plan: Plan, coverage: Coverage) -> None:
    """Print a list's counts, and what comes next."""
    reasons = Counter((i.verdict.value, i.reason, _until(i.ground)) for i in plan.items)
    voice.table(("verdict", "why", "until", "messages"), [(*key, count) for key, count in sorted(reasons.items())])
    show_kinds(voice, coverage)
    voice.say(f"Look at each: mailsorter case review {plan.number}")
    if plan.undecided:
        wait = counted(len(plan.undecided), "waits", "wait")
        voice.say(f"{wait} for you: mailsorter case decide {plan.number} ITEM … --reason TEXT")
    else:
        voice.say(
            "Then somebody approves exactly this list, with the digest that the review prints: "
            f"mailsorter case approve {plan.number} --by NAME --digest DIGEST"
        )


def offer_request(voice: Voice, office: Office, number: str) -> dict[str, Any]:
    """Print which message may be the request itself, while none is named; the same for JSON."""
    from mailsorter.cases.correspondence import likely_request

    found = likely_request(office, number)
    if found is None:
        return {"likely_request": None}
    day = f"{found.received_at:%Y-%m-%d}" if found.received_at is not None else "without a date"
    voice.say(
        f"Is this the request itself? {found.handle}, {day}: {found.subject}",
        f"Then it stays: mailsorter case request {number} {found.handle}",
    )
    return {"likely_request": {"item": found.handle, "received": found.received_at, "subject": found.subject}}


def _until(ground: Any) -> str:
    return f"{ground.rule}, {ground.until}" if ground is not None else ""


def plan_data(plan: Plan) -> dict[str, Any]:
    """The same for JSON."""
    from mailsorter.model.caseplan import digest

    reasons = Counter((i.verdict.value, i.reason, i.ground.rule if i.ground else "") for i in plan.items)
    return {
        "case": plan.number,
        "digest": digest(plan).hex(),
        "counts": plan.counts,
        "reasons": [{"verdict": v, "reason": r, "ground": g, "count": n} for (v, r, g), n in sorted(reasons.items())],
        "undecided": plan.counts[Verdict.LOOK.value],
        "not_seen": [_gap(gap) for gap in plan.not_seen],
        "scope": list(plan.scope),
    }


def show_review(voice: Voice, items: Sequence[PlanItem]) -> None:
    """Print the list item by item; days are UTC's."""
    from mailsorter.cases.review import rows

    columns = ("handle", "verdict", "reason", "received", "mailbox", "folder", "sender", "subject")
    shown = [row | {"received": row["received"][:10]} for row in rows(items)]
    voice.table(columns, [[row[name] for name in columns] for row in shown])


def show_performed(voice: Voice, number: str, performed: Performed) -> None:
    """Print what was erased, and what was not and why."""
    show_states(voice, performed.counts)
    for mailbox, error in performed.unfinished:
        voice.warn(f"{mailbox}: {error}")
    if performed.is_finished:
        voice.say(f"Next: mailsorter case prove {number}")
    else:
        voice.say(f"Not finished. Go on: mailsorter case perform {number}")


def show_states(voice: Voice, counts: dict[ItemState, int]) -> None:
    """Print items by what became of them."""
    voice.table(("items", ""), [(count, _STATE_WORDS[state]) for state, count in sorted(counts.items())])


def show_letter(voice: Voice, number: str, firm: str, letter: Letter) -> None:
    """Print a letter as it goes into the mail, and what to do with it; a firm without a name in the config is told."""
    voice.say(*letter.text.splitlines())
    if not firm:
        voice.warn(
            f"The letter ends without the firm's name: set [firm] name, then run: mailsorter case letter {number}"
        )
    voice.warn(
        f"mailsorter sends nothing. When you have sent this letter: mailsorter case sent {number} --kind {letter.kind} "
        "--on YYYY-MM-DD"
    )


def show_proof(voice: Voice, number: str, proof: Proof) -> None:
    """Print how a proof ended, and for whose eyes its certificate is."""
    from mailsorter.cases.certificate import READERS

    certificate = proof.certificate
    if proof.account is not None and proof.coverage is not None:
        show_account(voice, proof.account)
        show_coverage(voice, proof.coverage)
        show_kinds(voice, proof.coverage)
    for entry in proof.book:
        voice.say(f"{entry.path}:{entry.line}: names the person: remove it from the client book or the export")
    for name in proof.files.naming:
        voice.warn(f"{name}: holds strings of the person")
    for unread in proof.files.unread:
        voice.warn(f"{unread}: could not be read")
    if proof.vanished:
        voice.say(f"{counted(proof.vanished, 'kept item was', 'kept items were')} not seen any more.")
    voice.say(f"audit head {certificate['audit_head']}", f"The certificate: {READERS[0].lower()}{READERS[1:]}")
    if certificate["signature"] is None:
        voice.say("The certificate is not signed: set [erasure] signing_key.")
    assert proof.verdict is not None  # `prove` gives none of an older version
    if proof.unexpected:
        unexpected = [(u.mailbox, u.folder, u.why, u.id) for u in proof.unexpected]
        voice.table(("mailbox", "folder", "why", "item"), unexpected, title="There, and should not be:")
    show_verdict(voice, number, proof.verdict, next_commands(proof.verdict, number))


def show_account(voice: Voice, of_case: Account) -> None:
    """Print the account: every finding in one bucket."""
    if not of_case.total:
        return
    rows = [(line.count, _BUCKET_WORDS[line.bucket], line.ground, str(line.until or "")) for line in of_case.lines]
    voice.table(
        ("items", "", "ground", "until"), rows, title=f"{of_case.total} {plural(of_case.total, 'finding')} in all:"
    )


def show_coverage(voice: Voice, coverage: Coverage) -> None:
    """Print how much was looked at."""
    count = len(coverage.mailboxes)
    folders = sum(len(one.folders) for one in coverage.mailboxes)
    if not count:
        return
    mailboxes = counted(count, "mailbox", "mailboxes")
    looked = (
        f"{mailboxes if coverage.read == count else f'{coverage.read} of {mailboxes}'}, {counted(folders, 'folder')}"
    )
    if coverage.is_whole:
        voice.say(f"All folders of all mailboxes in scope were looked at: {looked}. Depth {coverage.depth.value}:")
    else:
        voice.say(f"Looked at: {looked}, but not all of it; see below. Depth {coverage.depth.value}:")
    voice.say(f"  {DEPTHS[coverage.depth]}")
    if coverage.beyond_depth:
        lies = counted(coverage.beyond_depth, "message, attachment or other item lies", _BEYOND)
        voice.say(f"  {lies} beyond that depth.")


_BEYOND = "messages, attachments or other items lie"


def show_verdict(voice: Voice, number: str, verdict: VerdictOnCase, commands: Sequence[str]) -> None:
    """Print what the case may claim, why not more, and what comes next."""
    if verdict.is_proven:
        voice.say("Proven at that depth: everything in scope was looked at, and nothing is left that should not be.")
    else:
        later = " It may be enough to ask again later." if verdict.outcome is Outcome.TRY_AGAIN else ""
        voice.say(f"Not proven.{later} Because:")
        voice.say(*(f"  {words(reason)}" for reason in verdict.reasons))
    for command in commands:
        voice.say(f"Next: {command}")


def verdict_data(verdict: VerdictOnCase | None, commands: Sequence[str]) -> dict[str, Any]:
    """The same for JSON."""
    return {
        "outcome": verdict.outcome.value if verdict is not None else None,
        "reasons": [{"why": r.why.value, "count": r.count} for r in verdict.reasons] if verdict is not None else [],
        "next": list(commands),
    }


def proof_data(proof: Proof) -> dict[str, Any]:
    """The same for JSON."""
    verdict = proof.verdict
    return {
        "passed": proof.passed,
        **(verdict_data(verdict, next_commands(verdict, proof.certificate["case"])) if verdict is not None else {}),
        "unexpected": [{"mailbox": u.mailbox, "folder": u.folder, "id": u.id, "why": u.why} for u in proof.unexpected],
        "book_entries": [{"path": b.path, "line": b.line} for b in proof.book],
        "files_naming": proof.files.naming,
        "files_unread": proof.files.unread,
        "certificate": proof.certificate,
    }


def show_carried(voice: Voice, number: str, carried: CarriedOn) -> None:
    """Print what became of what was due."""
    if carried.for_a_person:
        voice.say(
            f"{counted(carried.for_a_person, 'item was left open and is', 'items were left open and are')} for a "
            "person: changed since the approval, or not to be told from others. Look in Outlook, or open a new case."
        )
    if not carried.due:
        voice.say("Nothing is due today.")
        return
    show_states(voice, carried.counts)
    if carried.kept_longer:
        voice.say(f"{counted(carried.kept_longer, 'is', 'are')} kept longer by a ground of today's config.")
    for mailbox, error in carried.unfinished:
        voice.warn(f"{mailbox}: {error}")
    if carried.counts.get(ItemState.LOOK):
        voice.say("Look for those by hand: their ids have changed and their digests fit none, or several.")


def carried_data(carried: CarriedOn) -> dict[str, Any]:
    """The same for JSON."""
    return {
        "due": carried.due,
        "items": {state.value: count for state, count in sorted(carried.counts.items())},
        "kept_longer": carried.kept_longer,
        "for_a_person": carried.for_a_person,
        "unfinished": [{"mailbox": mailbox, "error": type(e).__name__} for mailbox, e in carried.unfinished],
    }


def show_closed(voice: Voice, closed: Closed) -> None:
    """Print what closing did, and what the firm must do itself."""
    rows = counted(closed.rows_forgotten, "ledger row is", "ledger rows are")
    voice.say(f"Case {closed.number} is closed: its file and key are destroyed, {rows} gone.")
    if closed.unlearned:
        voice.say(f"The prediction model unlearned {counted(closed.unlearned, 'message')}.")
    if closed.kept:
        stay = counted(closed.kept, "item stays until its", "items stay until their")
        voice.say(f"{stay} day: mailsorter case continue {closed.number}")
    for name in closed.files.naming:
        voice.warn(f"{name}: still holds strings of the person")
    for reminder in closed.remind:
        voice.say(f"Tell {reminder}")


def closed_data(closed: Closed) -> dict[str, Any]:
    """The same for JSON."""
    return {
        "case": closed.number,
        "state": "closed",
        "rows_forgotten": closed.rows_forgotten,
        "unlearned": closed.unlearned,
        "kept": closed.kept,
        "files_naming": closed.files.naming,
        "tell": list(closed.remind),
    }


def list_cases(voice: Voice, office: Office) -> dict[str, Any]:
    """Print every case, and what is due."""
    from mailsorter.cases.calendar import due_dates
    from mailsorter.cases.intake import deadlines_of
    from mailsorter.cases.summary import summaries

    due = due_dates(office.ledger, office.today(), office.firm.terms)
    found = summaries(office)
    answer_by = {one.row.number: deadlines_of(office, one.row).answer_on for one in found}
    if found:
        shown = [
            (one.row.number, one.row.kind.value, one.row.state.value, OUTCOME_WORDS[one.outcome], one.total,
             one.counts[Bucket.ERASED.value], one.row.received_on, answer_by[one.row.number])
            for one in found
        ]  # fmt: skip
        heads = ("case", "kind", "state", "proof", "findings", "erased", "received", "answer by")
        voice.table(heads, shown)
        note_ledger_alone(voice, [one.row.number for one in found if one.by_ledger_alone])
    else:
        voice.say("No case yet: mailsorter case open --help")
    show_due(voice, due)
    return {
        "cases": [
            {
                "case": one.row.number, "kind": one.row.kind.value, "state": one.row.state.value,
                "received_on": one.row.received_on, "answer_by": answer_by[one.row.number], **summary_data(one),
            }
            for one in found
        ],
        "due": due_data(due),
    }  # fmt: skip


def summary_data(one: Summary) -> dict[str, Any]:
    """A case's outcome and buckets, for `case list` and `status`."""
    return {
        "outcome": one.outcome.value if one.outcome is not None else None,
        "total": one.total,
        "buckets": one.counts,
        "by_ledger_alone": one.by_ledger_alone,
    }


def note_ledger_alone(voice: Voice, numbers: Sequence[str]) -> None:
    """Say of which cases the file could not be read, so that findings and outcome are not known here."""
    if numbers:
        voice.warn(
            f"Counted by the ledger alone, because this user cannot read the file: {', '.join(numbers)}. "
            "The officer who has it sees all: mailsorter case list"
        )


OUTCOME_WORDS: dict[Outcome | None, str] = {
    None: "", Outcome.PROVEN: "proven", Outcome.NOT_PROVEN: "not proven", Outcome.TRY_AGAIN: "try again",
}  # fmt: skip


DUE_WORDS = {
    "firm": "say what cannot be erased",
    "month": "answer (GDPR art. 12(3))",
    "extended": "answer (extended)",
    "suspension": "the wait is over: case resume",
    "kept": "kept items fall due: case continue",
}


def show_due(voice: Voice, due: list[Any]) -> None:
    """Print what is due, most urgent first."""
    show_due_data(voice, due_data(due))


def show_due_data(voice: Voice, due: list[dict[str, Any]]) -> None:
    """The same from what `due_data` gave."""
    rows = [(d["case"], DUE_WORDS[d["what"]], d["due_on"], d["days_left"], d["count"]) for d in due]
    if rows:
        voice.say("")
        voice.table(("case", "due", "on", "days left", "items"), rows)


def due_data(due: list[Any]) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [
        {"case": d.case, "what": d.what, "due_on": d.due_on, "days_left": d.days_left, "count": d.count} for d in due
    ]
