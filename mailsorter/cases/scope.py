"""Which mailboxes a case must look at: those of the config, and every mailbox that this ledger ever filed in.

What is not looked at is always named with its reason: excluded by the config, left out by a person, or an address
that nobody can tell any more, because an older version kept only its digest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from mailsorter.cases import found as found_parts
from mailsorter.cases.alone import alone
from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.office import Office
from mailsorter.errors import LifecycleError, UserError
from mailsorter.model.case import NotSeen
from mailsorter.model.counted import counted
from mailsorter.model.coverage import ADDRESS_UNKNOWN, EXCLUDED, LEFT_OUT, LeftOut
from mailsorter.model.lifecycle import CaseState

SCOPE = "scope"
PART = "leftout"
_BEFORE_A_LIST = (CaseState.OPENED, CaseState.VERIFIED, CaseState.FOUND)
_CLOSED_TO_IT = (CaseState.CLOSED, CaseState.REJECTED, CaseState.PERFORMING)


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be looked at today, and what is not and why."""

    mailboxes: tuple[str, ...]
    gaps: tuple[NotSeen, ...]


def left_out_of(file: CaseFile) -> list[LeftOut]:
    """The places that a person took out of the case's scope."""
    return file.read(PART, list[LeftOut]) or []


def scope_today(office: Office, left_out: Iterable[LeftOut]) -> Scope:
    """The scope by today's config, ledger and decisions; archives are asked for by the search (`find.scope_of`)."""
    left_out = tuple(left_out)
    excluded = {address.casefold(): address for address in office.excluded}
    left = {place.mailbox.casefold() for place in left_out if not place.folder}
    mailboxes: list[str] = []
    gaps: list[NotSeen] = []
    for name, is_known in _all_mailboxes(office):
        if excluded.pop(name.casefold(), None) is not None:
            gaps.append(NotSeen(mailbox=name, reason=EXCLUDED))
        elif name.casefold() in left:
            gaps.append(NotSeen(mailbox=name, reason=LEFT_OUT))
        elif is_known:
            mailboxes.append(name)
        else:
            gaps.append(NotSeen(mailbox=name, reason=ADDRESS_UNKNOWN))
    gaps += [NotSeen(mailbox=address, reason=EXCLUDED) for address in excluded.values()]
    gaps += [NotSeen(mailbox=p.mailbox, folder=p.folder, reason=LEFT_OUT) for p in left_out if p.folder]
    return Scope(mailboxes=tuple(mailboxes), gaps=tuple(gaps))


def _all_mailboxes(office: Office) -> Iterator[tuple[str, bool]]:
    """Every mailbox that belongs to the scope, and whether its address is known."""
    with office.ledger.reading() as unit:
        known = unit.places.known_mailboxes()
        configured = {unit.places.find_mailbox(address) for address in office.mailboxes}
        former = {number: a for a in office.former_mailboxes if (number := unit.places.find_mailbox(a)) is not None}
    for address in office.mailboxes:
        yield address, True
    for mailbox in known:
        if mailbox.has_filed and mailbox.number not in configured:
            address = mailbox.address or former.get(mailbox.number, "")
            yield address or f"mailbox {mailbox.number}", bool(address)


@alone
def leave_out(office: Office, number: str, *, mailbox: str, folder: str = "", reason: str, by: str = "") -> LeftOut:
    """Take a mailbox, or one folder of it, out of the case's scope. It is named wherever the case says what it saw.

    Raises:
        UserError: no reason; a mailbox that the case does not know; a mailbox in which the case has findings.
        LifecycleError: the case is over, or its list is being erased.
    """
    row = office.get(number)
    if row.state in _CLOSED_TO_IT:
        raise LifecycleError(
            f"Case {number} is {row.state}: its scope cannot change now.", advice=f"Run: mailsorter case show {number}"
        )
    if not reason.strip():
        raise UserError("Leaving something out needs a reason.", advice="Give it: --reason TEXT")
    file = office.open_file(number)
    name = _name(office, file, mailbox)
    if not folder:
        _drop_search(office, file, number, name, may_drop=row.state in _BEFORE_A_LIST)
    place = LeftOut(mailbox=name, folder=folder, reason=reason.strip(), by=by)
    before = [one for one in left_out_of(file) if (one.mailbox, one.folder) != (name, folder)]
    file.write(PART, [*before, place])
    with office.ledger.unit() as unit:
        unit.audit.append("case.scope", {"case": number, "left_out": len(before) + 1})
    return place


def _name(office: Office, file: CaseFile, given: str) -> str:
    """The mailbox as the case spells it."""
    today = scope_today(office, left_out_of(file))
    archives = [f"archive:{gap.mailbox}" for gap in file.read("unseen", list[NotSeen]) or []
                if gap.reason.startswith("archive-")]  # fmt: skip
    known = [*today.mailboxes, *(gap.mailbox for gap in today.gaps), *(file.read(SCOPE, list[str]) or []), *archives]
    for name in known:
        if name.casefold() == given.strip().casefold():
            return name
    raise UserError(
        f"The case has no mailbox {given} in its scope.", advice=f"It has: {', '.join(dict.fromkeys(known))}."
    )


def _drop_search(office: Office, file: CaseFile, number: str, name: str, *, may_drop: bool) -> None:
    """Forget what the search brought of a mailbox that is left out, unless a list already speaks of it."""
    states = [one for one in found_parts.load_all(file) if one.mailbox.casefold() == name.casefold()]
    found = sum(len(state.findings) for state in states)
    with office.ledger.reading() as unit:
        mailbox = unit.places.find_mailbox(name)
        items = list(unit.cases.items(number, mailbox=mailbox)) if mailbox is not None else []
    if items or (found and not may_drop):
        raise UserError(
            f"Case {number} has {counted(max(len(items), found), 'finding')} in {name}: it cannot be left out.",
            advice=f"Decide them: mailsorter case review {number}; or tell the person what remains: "
            f"mailsorter case letter {number}",
        )
    for state in states:
        file.remove(f"{found_parts.PART}-{state.number}")
