"""Finding everything that concerns the subject of a case, in every mailbox in scope.

Resumable: each mailbox's state is sealed as it grows, and a search that was broken off goes on. Run again after it
was complete, it begins anew and throws an approval away, because the list is no longer the one that was approved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import msgspec

from mailsorter.cases import found as found_parts
from mailsorter.cases.alone import alone
from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.decisions import decisions_of
from mailsorter.cases.enumerate import MailboxFinder, Progress, Scope
from mailsorter.cases.forecast import OnForecast, forecast
from mailsorter.cases.found import Found
from mailsorter.cases.moves import advance, check
from mailsorter.cases.office import MAILBOXES_AT_ONCE, ClientEntry, Office
from mailsorter.cases.scope import SCOPE, left_out_of, scope_today
from mailsorter.cases.witnessed import forget_listed, witnessed_of
from mailsorter.errors import CursorLost, MailsorterError, TemporaryError, UserError
from mailsorter.model.case import Decision, Finding, Lookalike, NotSeen, Role, Subject, Verdict
from mailsorter.model.coverage import Depth, shallowest
from mailsorter.model.lifecycle import CaseAct
from mailsorter.model.person import Person, search_terms

CLIENT = "client"
DEFAULT_DEPTH = Depth.BODIES


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found, over all mailboxes."""

    findings: tuple[Finding, ...]
    not_seen: tuple[NotSeen, ...]
    lookalikes: tuple[Lookalike, ...]
    forwarded_to: tuple[str, ...]
    messages: int
    opened: int
    texts_read: int = 0
    depth: Depth = Depth.INDEXED


@alone
def find(
    office: Office, number: str, on_progress: Progress | None = None, *, depth: Depth | None = None,
    on_forecast: OnForecast | None = None,
) -> Findings:  # fmt: skip
    """Search every mailbox in scope to this depth; go on where an earlier search was broken off.

    `depth` None: what the broken-off search had, else `DEFAULT_DEPTH`. Another depth than a broken-off search had
    begins it anew. `on_forecast` is told beforehand how much there is to read.

    Raises:
        LifecycleError: the case cannot be searched now.
        TemporaryError: a mailbox could not be read now; what was found is kept, run the command again.
    """
    row = office.get(number)
    check(row, CaseAct.FIND)
    file = office.open_file(number)
    subject = subject_of(file)
    states = found_parts.load_all(file)
    if states and all(state.is_complete for state in states) and file.read("search", str) == "complete":
        states = _begin_anew(file)
    if states and depth is not None and any(state.depth is not depth for state in states):
        states = _begin_anew(file)
    chosen = depth or shallowest((state.depth for state in states), otherwise=DEFAULT_DEPTH)
    file.write("search", "begun")
    if on_forecast is not None:
        on_forecast(forecast(office, scope_of(office, file), chosen, states))
    _search_all(office, file, subject, chosen, on_progress)
    file.write("search", "complete")
    forget_listed(office, file, {f.key for state in found_parts.load_all(file) for f in state.findings.values()})
    result = findings_of(file)
    counts = {"findings": len(result.findings), "messages": result.messages, "not_seen": len(result.not_seen)}
    advance(office, row, CaseAct.FIND, counts=dict(counts), plan_digest=None, proof=None, account=None)
    return result


def search_of(file: CaseFile) -> str | None:
    """How far the last search came: `begun`, `complete`, or None where none was made."""
    return file.read("search", str) or ("complete" if found_parts.load_all(file) else None)


def _begin_anew(file: CaseFile) -> list[Found]:
    found_parts.drop_all(file)
    file.remove(SCOPE)
    return []


def depth_of(file: CaseFile) -> Depth:
    """The depth to which the last search read, the shallowest of its mailboxes."""
    return shallowest(state.depth for state in found_parts.load_all(file))


def subject_of(file: CaseFile) -> Subject:
    """Whom the case is about."""
    subject = file.read("subject", Subject)
    if subject is None:
        raise UserError("The case file names nobody.", advice="Open a new case: mailsorter case open --help")
    return subject


def findings_of(file: CaseFile) -> Findings:
    """What the sealed parts hold together."""
    states = found_parts.load_all(file)
    lookalikes: dict[str, Lookalike] = {}
    for state in states:
        for address, lookalike in state.lookalikes.items():
            known = lookalikes.get(address)
            count = lookalike.count + (known.count if known else 0)
            lookalikes[address] = msgspec.structs.replace(lookalike, count=count)
    listed = {f.key: f for state in states for f in state.findings.values()}
    seen = {one.finding.key: one.finding for one in witnessed_of(file) if one.finding.key not in listed}
    return Findings(
        findings=(*listed.values(), *seen.values()),
        not_seen=(*(file.read("unseen", list[NotSeen]) or ()), *(n for state in states for n in state.not_seen)),
        lookalikes=tuple(sorted(lookalikes.values(), key=lambda a: (-a.count, a.address))),
        forwarded_to=_told(states, decisions_of(file)),
        messages=sum(state.messages for state in states),
        opened=sum(state.opened for state in states),
        texts_read=sum(state.texts_read for state in states),
        depth=shallowest(state.depth for state in states),
    )


def _told(states: Sequence[Found], decisions: Mapping[tuple[str, str], Decision]) -> tuple[str, ...]:
    """Outside addresses to which mail of the person went (art. 19), but for mail that is not theirs after all.

    Older searches did not note by which message an address was met: there the recipients of the findings tell it.
    """
    told: set[str] = set()
    for state in states:
        theirs = {
            f.id: f for f in state.findings.values() if _is_theirs(f, decisions.get(f.key))
        }  # fmt: skip
        told.update(address for address, ids in state.forwarded.items() if not theirs.keys().isdisjoint(ids))
        reached = {
            a.lower() for f in theirs.values() if f.role in (Role.MENTIONED, Role.POSSIBLE) for a in f.recipients
        }
        told.update(reached.intersection(state.forwarded_to))
    return tuple(sorted(told))


def _is_theirs(finding: Finding, decision: Decision | None) -> bool:
    """As far as anybody knows: what only has the name is theirs when a person has said so."""
    if decision is None:
        return finding.role is not Role.POSSIBLE
    return decision.verdict is not Verdict.NOT_THEIRS


def person_of(office: Office, file: CaseFile, subject: Subject) -> Person:
    """The subject, prepared for comparison; a client's domains and addresses are the client's."""
    client = client_of(office, file, subject)
    if client is None:
        return Person(subject)
    addresses = (*subject.addresses, *client.addresses)
    return Person(msgspec.structs.replace(subject, addresses=addresses), domains=client.domains)


def client_of(office: Office, file: CaseFile, subject: Subject) -> ClientEntry | None:
    """The client a case is about; None when it is about a person.

    What the last search took for the client's stays the client's when the book says less by now: an entry that was
    edited or removed, as the proof itself advises, must make no later proof blind.

    Raises:
        UserError: neither the client book nor the case knows the client.
    """
    if not subject.client_id:
        return None
    today, searched = office.clients.get(subject.client_id), file.read(CLIENT, ClientEntry)
    if searched is None or today is None:
        return searched or client_in_book(office, subject.client_id)
    return replace(
        today,
        domains=tuple(dict.fromkeys([*today.domains, *searched.domains])),
        addresses=tuple(dict.fromkeys([*today.addresses, *searched.addresses])),
    )


def client_in_book(office: Office, client_id: str) -> ClientEntry:
    """The client as the client book has it. Raises `UserError` for an unknown one."""
    try:
        return office.clients[client_id]
    except KeyError:
        raise UserError(f"The client book has no client {client_id}.", advice="Run: mailsorter clients list") from None


def _search_all(office: Office, file: CaseFile, subject: Subject, depth: Depth, on_progress: Progress | None) -> None:
    client = client_of(office, file, subject)
    if client is not None:
        file.write(CLIENT, client)
    person, scope = person_of(office, file, subject), _scope(office, subject, client)

    def one(address: str, number: int) -> MailsorterError | None:
        state = found_parts.load(file, number, address, depth)
        if state.is_complete:
            return None
        return _search_one(office, person, scope, state, lambda s: found_parts.save(file, s), on_progress)

    numbers = office.mailbox_numbers(scope_of(office, file))
    with ThreadPoolExecutor(max_workers=MAILBOXES_AT_ONCE, thread_name_prefix="find") as pool:
        errors = list(pool.map(one, numbers.keys(), numbers.values()))
    for error in errors:
        if error is not None:
            raise error


def scope_of(office: Office, file: CaseFile) -> list[str]:
    """Every mailbox in scope and every archive mailbox that can be found, asked once a search.

    What a person has left out since is left out of it, too.
    """
    left_out = left_out_of(file)
    known = file.read(SCOPE, list[str])
    if known is not None:
        return [name for name in known if not any(place.covers(name, "") for place in left_out)]
    today = scope_today(office, left_out)
    scope, unseen = list(today.mailboxes), list(today.gaps)
    if office.archive_of is not None:
        for address in today.mailboxes:
            try:
                archive = office.archive_of(address)
            except (TemporaryError, UserError):
                raise  # a credential that this user cannot read says nothing about the archive
            except MailsorterError as error:
                unseen.append(NotSeen(mailbox=address, reason=f"archive-{type(error).__name__}"))
                continue
            if archive and not any(place.covers(archive, "") for place in left_out):
                scope.append(archive)
    file.write("unseen", unseen)
    file.write(SCOPE, scope)
    return scope


def _search_one(
    office: Office,
    person: Person,
    scope: Scope,
    state: Found,
    save: Callable[[Found], None],
    on_progress: Progress | None,
) -> MailsorterError | None:
    """Search one mailbox; gives the error that makes it worth trying again, and names what can never be read."""
    try:
        mailbox = office.open_mailbox(state.mailbox)
        MailboxFinder(mailbox, person, scope, state, save, on_progress, office.sandbox).run()
    except (TemporaryError, CursorLost) as error:
        return error
    except MailsorterError as error:
        state.not_seen.append(NotSeen(mailbox=state.mailbox, reason=type(error).__name__))
        state.is_complete = True
        save(state)
    return None


def _scope(office: Office, subject: Subject, client: ClientEntry | None) -> Scope:
    terms = search_terms(subject)
    if client is not None:
        terms = tuple(dict.fromkeys([*terms, *client.domains, *client.addresses]))
    return Scope(
        terms=terms,
        client_folder=client.folder if client else (),
        own_domains=office.firm.own_domains,
        attachment_names=office.firm.policy.needs_attachment_names,
    )
