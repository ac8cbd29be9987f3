"""Taking further addresses and names in as the person's: what the officer recognised among those that were offered.

A verified case is verified for the addresses it had then. Each further address or name is verified by itself: by a code
that comes back from that address, or by the officer's recorded statement. Until then it waits in the case file, and
nothing is searched by it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mailsorter.cases import found as found_parts
from mailsorter.cases.alone import alone
from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.find import subject_of
from mailsorter.cases.identifiers import check_addresses
from mailsorter.cases.intake import note
from mailsorter.cases.moves import check
from mailsorter.cases.office import Office
from mailsorter.cases.scope import SCOPE
from mailsorter.errors import DecisionNeeded, UserError
from mailsorter.model.address import canonical
from mailsorter.model.case import Subject
from mailsorter.model.lifecycle import CaseAct

PART = "claimed"


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses and names that are said to be the person's and are not verified yet."""

    addresses: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every one of them."""
        return (*self.addresses, *self.aliases)


@alone
def widen(
    office: Office, number: str, *, addresses: Iterable[str] = (), aliases: Iterable[str] = (), known: str = "",
    although: str = "",
) -> Subject:  # fmt: skip
    """Add to whom the case is about; the next search begins anew, and with it the plan and its approval.

    `known`: how the officer knows that these are the person's too. `although`: as for `open_case`.

    Raises:
        LifecycleError: the case cannot be searched now.
        UserError: an address is none.
        DecisionNeeded: they wait for their verification, or an address may be somebody else's too.
    """
    row = office.get(number)
    check(row, CaseAct.FIND)
    addresses, aliases = tuple(addresses), tuple(aliases)
    check_addresses(office, addresses, although)
    file = office.open_file(number)
    before = subject_of(file)
    theirs = {_form(a) for a in before.addresses}
    new = Claimed(
        addresses=tuple(dict.fromkeys(a for a in addresses if _form(a) not in theirs)),
        aliases=tuple(dict.fromkeys(a for a in aliases if a not in (*before.aliases, *before.names))),
    )
    if not new.all:
        return before
    if although.strip():
        note(file, "although", office.today(), although)
    if known.strip():
        return take_in(office, number, new, known)
    waiting = claimed_of(file)
    file.write(
        PART,
        Claimed(
            addresses=tuple(dict.fromkeys([*waiting.addresses, *new.addresses])),
            aliases=tuple(dict.fromkeys([*waiting.aliases, *new.aliases])),
        ),
    )
    raise not_verified(number, new)


@alone
def take_in(office: Office, number: str, new: Claimed, how: str) -> Subject:
    """These are verified: search by them from now on. Writes down how."""
    file = office.open_file(number)
    note(file, "verify", office.today(), f"{', '.join(new.all)}: {how}")
    before, waiting = subject_of(file), claimed_of(file)
    after = msgspec.structs.replace(
        before,
        addresses=tuple(dict.fromkeys([*before.addresses, *new.addresses])),
        aliases=tuple(dict.fromkeys([*before.aliases, *new.aliases])),
    )
    file.write("subject", after)
    left = Claimed(
        addresses=tuple(a for a in waiting.addresses if a not in new.addresses),
        aliases=tuple(a for a in waiting.aliases if a not in new.aliases),
    )
    if left.all:
        file.write(PART, left)
    else:
        file.remove(PART)
    found_parts.drop_all(file)  # each mailbox is searched again, also those that a broken-off search had done
    file.remove(SCOPE)
    with office.ledger.unit() as unit:
        unit.audit.append("case.widen", {"case": number})
    return after


def claimed_of(file: CaseFile) -> Claimed:
    """What waits for its verification."""
    return file.read(PART, Claimed) or Claimed()


def choose(file: CaseFile, number: str, addresses: Iterable[str], aliases: Iterable[str]) -> Claimed:
    """Those of the waiting ones that are named; the only one when none is. Raises `UserError`."""
    waiting = claimed_of(file)
    wanted = {_form(a) for a in addresses}
    chosen = Claimed(
        addresses=tuple(a for a in waiting.addresses if _form(a) in wanted),
        aliases=tuple(a for a in waiting.aliases if a in set(aliases)),
    )
    if not wanted and not set(aliases) and len(waiting.all) == 1:
        return waiting
    if not chosen.all:
        raise UserError(
            f"{len(waiting.all)} further addresses and names wait for their verification. Which of them is verified?",
            advice=f'Run: mailsorter case verify {number} --known "how" --address ADDRESS (a name: --alias NAME)',
        )
    return chosen


def not_verified(number: str, new: Claimed) -> DecisionNeeded:
    """What to do about addresses and names that nobody has verified."""
    option = "--address ADDRESS" if new.addresses else "--alias NAME"
    code = f"mailsorter case verify {number} --send-to ADDRESS, or " if new.addresses else ""
    what = "address" if new.addresses else "name"
    return DecisionNeeded(
        f"How do you know that this {what} is the same person's? Case {number} was verified without it, and nothing is "
        "searched by it yet.",
        advice=f'Run: {code}mailsorter case verify {number} --known "how you know" {option}; '
        f"then: mailsorter case find {number}",
    )


def _form(address: str) -> str:
    return canonical(address) or address.strip().lower()
