"""Is it really the person who asks? Proportionately, and never by an identity document.

A one-time code goes, by the officer, to an address that the archive knew before the request; whoever returns it holds
that address. A bare From proves nothing. Where the person cannot be reached so, the officer writes down how they were
known. Sources: GDPR art. 12(6); EDPB guidelines 01/2022, 3.3.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from mailsorter.cases.alone import alone
from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.find import person_of, subject_of
from mailsorter.cases.intake import note
from mailsorter.cases.moves import advance, check
from mailsorter.cases.office import Office
from mailsorter.cases.todays_date import require_plausible_date
from mailsorter.cases.widen import Claimed, choose, claimed_of, take_in
from mailsorter.errors import MailsorterError, TemporaryError, UserError
from mailsorter.ledger.cases import CaseRow
from mailsorter.model.case import Subject
from mailsorter.model.counted import counted
from mailsorter.model.lifecycle import CaseAct
from mailsorter.model.message import Message
from mailsorter.model.person import Person

PART = "verification"
CODE_DAYS = 14
MAX_TRIES = 5
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without what people confuse when they read aloud


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """A code that was given out. Only its salted digest is kept."""

    address: str
    salt: bytes
    digest: bytes
    expires_at: datetime
    tries: int = 0


@alone
def give_code(office: Office, number: str, address: str) -> str:
    """A new code for the officer to send to that address; an earlier one stops working.

    Raises:
        UserError: the address is none of the person's, or no mail from before the request shows it.
        TemporaryError: the archive cannot be asked now.
    """
    row = office.get(number)
    require_plausible_date(office)
    file = office.open_file(number)
    is_further = address in claimed_of(file).addresses
    if not is_further:
        check(row, CaseAct.VERIFY)
    subject = subject_of(file)
    if not is_further and not person_of(office, file, subject).is_address(address):
        raise UserError("That address is not one of this case's.", advice=f"Run: mailsorter case show {number}")
    if not was_known(office, row, address):
        raise UserError(
            "No mail from before the request shows this address: a code sent there would prove nothing.",
            advice=f'Choose another address, or write down how the person is known: case verify {number} --known "…"',
        )
    code = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(2))
    salt = secrets.token_bytes(16)
    expires = office.clock.now() + timedelta(days=CODE_DAYS)
    file.write(PART, Verification(address=address, salt=salt, digest=_digest(salt, code), expires_at=expires))
    return code


@alone
def check_code(office: Office, number: str, code: str) -> CaseRow:
    """The code came back. Raises `UserError` when it is wrong, too old, or was tried too often."""
    row = office.get(number)
    file = office.open_file(number)
    if not claimed_of(file).all:
        check(row, CaseAct.VERIFY)
    require_plausible_date(office)
    given = file.read(PART, Verification)
    again = f"Make a new one: mailsorter case verify {number} --send-to ADDRESS"
    if given is None:
        raise UserError("No code was given out for this case.", advice=again)
    if office.clock.now() > given.expires_at:
        raise UserError(f"The code is older than {CODE_DAYS} days.", advice=again)
    if given.tries >= MAX_TRIES:
        raise UserError(f"The code was tried {MAX_TRIES} times and works no more.", advice=again)
    if not hmac.compare_digest(_digest(given.salt, code), given.digest):
        file.write(PART, msgspec.structs.replace(given, tries=given.tries + 1))
        raise UserError(
            "That is not the code.", advice=f"{counted(MAX_TRIES - given.tries - 1, 'try is', 'tries are')} left."
        )
    file.remove(PART)
    if given.address in claimed_of(file).addresses:
        take_in(office, number, Claimed(addresses=(given.address,)), "a one-time code came back from that address")
        return row
    note(file, "verify", office.today(), "a one-time code came back from an address known before the request")
    return advance(office, row, CaseAct.VERIFY, counts={"by": "code"})


def is_code_of(office: Office, file: CaseFile, code: str) -> bool:
    """Is it the code that this case gave out last, and does it still work?"""
    given = file.read(PART, Verification)
    if given is None or given.tries >= MAX_TRIES or office.clock.now() > given.expires_at:
        return False
    return hmac.compare_digest(_digest(given.salt, code), given.digest)


def code_until(office: Office, file: CaseFile) -> date | None:
    """The day on which the code that was given out last stops working; None where none was."""
    given = file.read(PART, Verification)
    return given.expires_at.astimezone(office.zone).date() if given is not None else None


@alone
def attest(
    office: Office, number: str, how: str, *, addresses: Iterable[str] = (), aliases: Iterable[str] = ()
) -> CaseRow:
    """The officer knows the person otherwise, and writes down how.

    In a case that is verified already: knows that these further addresses or names are theirs too.

    Raises:
        LifecycleError: the case is verified and nothing waits.
        UserError: no reason, or several wait and none was named.
    """
    row = office.get(number)
    file = office.open_file(number)
    if claimed_of(file).all:
        take_in(office, number, choose(file, number, addresses, aliases), how)
        return row
    check(row, CaseAct.VERIFY)
    note(office.open_file(number), "verify", office.today(), how)
    return advance(office, row, CaseAct.VERIFY, counts={"by": "officer"})


def was_known(office: Office, row: CaseRow, address: str) -> bool:
    """Does any mailbox hold mail with this participant from before the day of the request?"""
    person = Person(Subject(addresses=(address,)))
    before = datetime.combine(row.received_on, time.min, UTC)
    unreachable: MailsorterError | None = None
    for mailbox in office.mailboxes:
        try:
            hits = office.open_mailbox(mailbox).search([address])
        except TemporaryError as error:
            unreachable = error
            continue
        except MailsorterError:
            continue  # a mailbox that cannot be read cannot vouch for anybody
        if any(_shows(message, person, before) for message in hits.messages):
            return True
    if unreachable is not None:
        raise unreachable
    return False


def _shows(message: Message, person: Person, before: datetime) -> bool:
    is_earlier = message.received_at is not None and message.received_at < before
    return is_earlier and any(person.is_participant(p) for p in message.participants)


def _digest(salt: bytes, code: str) -> bytes:
    """Slow on purpose: eight letters are few."""
    letters = "".join(c for c in code.upper() if c.isalnum())
    return hashlib.scrypt(letters.encode(), salt=salt, n=2**14, r=8, p=1)
