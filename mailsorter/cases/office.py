"""What every step of a case holds: the ledger, the case files, the mailboxes in scope and what the firm configured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path

from mailsorter.cases.calendar import Terms
from mailsorter.cases.casefile import CaseFile, KeyFile
from mailsorter.cases.witness import Witness
from mailsorter.clock import Clock
from mailsorter.ledger.cases import CaseRow
from mailsorter.ledger.former import former_keys
from mailsorter.ledger.ledger import Ledger
from mailsorter.mailbox.base import Mailbox
from mailsorter.model.ground import Policy
from mailsorter.model.lifecycle import CaseState
from mailsorter.prediction.forgetting import Unlearn
from mailsorter.sandbox import Sandbox, shared

MAILBOXES_AT_ONCE = 8
"""One thread for each mailbox of a search or a proof, as design §3 says; more mailboxes wait their turn."""


@dataclass(frozen=True, slots=True)
class Approver:
    """Someone of the config who may plan or approve; with a public key, only by signature.

    `also`: other names under which the same person may work.
    """

    name: str
    public_key: str = ""
    also: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of this person."""
        return (self.name, *self.also)


@dataclass(frozen=True, slots=True)
class Processor:
    """Someone who keeps data for the firm and is told of an erasure."""

    name: str
    contact: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientEntry:
    """A client of the client book, as a case needs it; `folder` is the path of the client's folder."""

    id: str
    name: str
    folder: tuple[str, ...]
    domains: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    contract_ended_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """What the config says about the firm and its cases."""

    name: str = ""
    own_domains: tuple[str, ...] = ()
    own_addresses: tuple[str, ...] = ()  # of its people, elsewhere
    policy: Policy = field(default_factory=Policy)
    terms: Terms = field(default_factory=Terms)
    approvals: int = 1
    approvers: tuple[Approver, ...] = ()
    processors: tuple[Processor, ...] = ()
    purposes: Mapping[str, str] = field(default_factory=dict)  # code to text, art. 17(1)
    retention_days: int = 30  # Exchange's deleted-item retention: 14 by default, 30 at most
    backup_days: int = 90  # how long tombstones live
    knows_backups: bool = False  # did somebody say so, or is it the default? A letter tells no default
    restricted_folder: tuple[str, ...] = ("Restricted",)
    letter_templates: Path | None = None
    contact: str = ""  # where the person reaches the firm about the case


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Everything that handling a case takes. Built in `assembly`."""

    ledger: Ledger
    clock: Clock
    folder: Path  # of the case files
    firm: Firm
    mailboxes: Sequence[str]  # addresses in scope
    open_mailbox: Callable[[str], Mailbox]  # the identity that files: reads here
    open_eraser: Callable[[str], Mailbox] | None  # the second identity; None: not configured
    open_witness: Callable[[], Witness]
    former_mailboxes: Sequence[str] = ()  # addresses of mailboxes that left the config: matched by digest
    excluded: Sequence[str] = ()  # addresses that no case looks into; always named
    archive_of: Callable[[str], str | None] | None = None  # the name of a mailbox's archive; None: not told
    clients: Mapping[str, ClientEntry] = field(default_factory=dict)
    signing_key: Callable[[], bytes] | None = None  # PEM of the certificate's Ed25519 key, read when proving
    local_places: Sequence[Path] = ()  # files and folders of ours that must not name a forgotten person
    book_places: Sequence[Path] = ()  # client book and imports
    unlearn: Callable[[Unlearn], int] | None = None  # out of the prediction model; gives how many messages
    sandbox: Sandbox = field(default_factory=shared)  # in which mail is taken apart
    exchange_times: Callable[[], Sequence[datetime | None]] | None = None  # what each server says the time is
    today_said: date | None = None  # the day as the person at the keyboard says it
    zone: tzinfo = UTC  # of the place where the law counts the days

    def today(self) -> date:
        """The day it is where the firm is."""
        return self.clock.now().astimezone(self.zone).date()

    def get(self, number: str) -> CaseRow:
        """The case. Raises `UserError` when there is none."""
        with self.ledger.reading() as unit:
            return unit.cases.get(number)

    def create_file(self, number: str) -> CaseFile:
        """A new sealed file for the case."""
        return CaseFile.create(self.folder, number, lambda key: self.ledger.key.seal(key, _purpose(number)))

    def open_file(self, number: str) -> CaseFile:
        """The case's sealed file. Raises `UserError` when it was destroyed."""
        return CaseFile.open(self.folder, number, lambda sealed: self.ledger.key.open(sealed, _purpose(number), bytes))

    def reseal_files(self) -> dict[str, str]:
        """Wrap the keys of the case files that an older key of the ledger has wrapped with the key in force.

        Gives the cases of which this cannot be said, each with the reason: the file of an open case is missing, or
        the file is not this user's. Raises `LedgerError`.
        """
        left: dict[str, str] = {}
        with self.ledger.reading() as unit:
            replaced_s = max((key.replaced_s for key in former_keys(unit.connection)), default=None)
            rows = [row for row in unit.cases.all() if replaced_s is not None and row.opened <= replaced_s]
        for row in rows:
            found = CaseFile.rewrap(self.folder, row.number, self._reseal(row.number))
            is_closed = found is KeyFile.MISSING and row.state is CaseState.CLOSED
            if found is not KeyFile.WRAPPED and not is_closed:
                left[row.number] = found.value
        return left

    def _reseal(self, number: str) -> Callable[[bytes], bytes]:
        return lambda sealed: self.ledger.key.reseal(sealed, _purpose(number))

    def mailbox_numbers(self, addresses: Iterable[str] | None = None) -> dict[str, int]:
        """The ledger's number of each of these mailboxes; without any, of all in the config."""
        with self.ledger.unit() as unit:
            wanted = self.mailboxes if addresses is None else addresses
            return {address: unit.places.mailbox(address) for address in wanted}


def _purpose(number: str) -> str:
    return f"case key {number}"
