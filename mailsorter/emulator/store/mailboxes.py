"""Mailboxes and the directory entries that lead to them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from mailsorter.emulator.clock import EmulatorClock
from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.store.auxiliary import Auxiliary
from mailsorter.emulator.store.database import Database
from mailsorter.emulator.store.folders import Folders
from mailsorter.emulator.store.records import MAILBOX_COLUMNS, Mailbox
from mailsorter.emulator.store.wellknown import ARCHIVE_NAMES, WELL_KNOWN

#: Made-up namespace: the same address gets the same ids in every state made from the same input.
_NAMESPACE = uuid.UUID("8f4a1f5e-6a3b-4f57-9d0e-5f1f0a6f7c11")

TENANT_ID = str(uuid.uuid5(_NAMESPACE, "tenant"))

#: Exchange Online plan 2: 100 GB.
DEFAULT_QUOTA_BYTES = 100 * 1024**3

_SETTABLE = frozenset(
    {
        "display_name",
        "kind",
        "state",
        "quota_bytes",
        "single_item_recovery",
        "retain_days",
        "litigation_hold",
        "delay_hold_until",
        "retention_policies",
        "folder_exists_status",
    }
)

_TEXTS = frozenset({"display_name", "kind", "state", "retention_policies"})
_MOST = {"retain_days": 36_500, "folder_exists_status": 599}

_STATE_ERRORS = {
    "unlicensed": (
        "MailboxNotEnabledForRESTAPI",
        "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
    ),
    "inactive": (
        "MailboxNotEnabledForRESTAPI",
        "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
    ),
    "on-premises": (
        "MailboxNotEnabledForRESTAPI",
        "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
    ),
    "no-mailbox": ("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it."),
    "moving": ("ErrorMailboxMoveInProgress", "Mailbox move in progress. Try again later."),
}


class Mailboxes:
    """Find, make and change mailboxes."""

    def __init__(self, db: Database, clock: EmulatorClock, folders: Folders, auxiliary: Auxiliary) -> None:
        self._db = db
        self._clock = clock
        self._folders = folders
        self._auxiliary = auxiliary

    def create(
        self,
        address: str,
        display_name: str = "",
        *,
        kind: str = "user",
        aliases: Iterable[str] = (),
        language: str = "en",
        state: str = "ok",
    ) -> Mailbox:
        """Make a mailbox with its well-known folders, named in that language (`en` or `nl`).

        Raises:
            ExchangeError: ErrorInvalidRequest when the address is taken.
        """
        with self._db.write():
            if self.by_any_name(address) is not None:
                raise ExchangeError("ErrorInvalidRequest", f"The address {address} is taken.")
            mailbox = self._insert(address, display_name or address.partition("@")[0], kind, state, None)
            for alias in (address, *aliases):
                self._db.run("INSERT OR IGNORE INTO alias VALUES (?, ?)", (alias, mailbox))
            self._folders.create_well_known(mailbox, {folder.name for folder in WELL_KNOWN}, dutch=language == "nl")
            return self.get(mailbox)

    def add_archive(self, mailbox: Mailbox) -> Mailbox:
        """Give a mailbox an in-place archive: a mailbox of its own that only its `MBX:` id opens."""
        with self._db.write():
            existing = self.archive(mailbox)
            if existing is not None:
                return existing
            archive = self._insert(
                mailbox.address, f"In-Place Archive - {mailbox.display_name}", "archive", "ok", mailbox
            )
            self._folders.create_well_known(archive, ARCHIVE_NAMES, dutch=False)
            return self.get(archive)

    def _insert(self, address: str, display_name: str, kind: str, state: str, archive_of: Mailbox | None) -> int:
        guid = uuid.uuid5(_NAMESPACE, ("archive:" if archive_of else "mailbox:") + address.casefold())
        user_id = archive_of.user_id if archive_of else str(uuid.uuid5(_NAMESPACE, "user:" + address.casefold()))
        cursor = self._db.run(
            "INSERT INTO mailbox (guid, user_id, address, display_name, kind, state, archive_of, created, quota_bytes)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(str(guid), user_id, address, display_name, kind, state),
                *(archive_of.id if archive_of else None, int(self._clock.now_s()), DEFAULT_QUOTA_BYTES),
            ),
        )
        return int(cursor.lastrowid or 0)

    def get(self, mailbox: int) -> Mailbox:
        """A mailbox by its number."""
        row = self._db.row(f"SELECT {MAILBOX_COLUMNS} FROM mailbox WHERE id = ?", (mailbox,))
        if row is None:
            raise ExchangeError("ErrorInvalidUser", "The requested user is invalid.")
        return Mailbox(*row)

    def archive(self, mailbox: Mailbox) -> Mailbox | None:
        """The mailbox's in-place archive, if it has one."""
        row = self._db.row(f"SELECT {MAILBOX_COLUMNS} FROM mailbox WHERE archive_of = ?", (mailbox.id,))
        return Mailbox(*row) if row else None

    def all(self) -> list[Mailbox]:
        """Every mailbox, archives too, oldest first."""
        return [Mailbox(*row) for row in self._db.rows(f"SELECT {MAILBOX_COLUMNS} FROM mailbox ORDER BY id")]

    def by_any_name(self, name: str) -> Mailbox | None:
        """The mailbox under a user's object id, UPN, any of its addresses, or its `MBX:` id.

        Under an auxiliary archive's id it is the in-place archive.
        """
        if name[:4].upper() == "MBX:":
            guid = name[4:].partition("@")[0].lower()
            row = self._db.row(
                f"SELECT {MAILBOX_COLUMNS} FROM mailbox WHERE guid = ? OR id = ?",
                (guid, self._auxiliary.archive_of(guid)),
            )
        else:
            row = self._db.row(
                f"SELECT {MAILBOX_COLUMNS} FROM mailbox WHERE archive_of IS NULL AND"
                " (user_id = ? OR address = ? OR id = (SELECT mailbox FROM alias WHERE address = ?))",
                (name.lower(), name, name),
            )
        return Mailbox(*row) if row else None

    def open(self, name: str) -> Mailbox:
        """The mailbox under any of its names, ready to be worked in.

        Raises:
            ExchangeError: no such user, or its mailbox cannot be opened (no licence, on premises, being moved).
        """
        mailbox = self.by_any_name(name)
        if mailbox is None:
            if "@" in name:
                raise ExchangeError("ErrorInvalidUser", f"The requested user '{name}' is invalid.")
            raise ExchangeError(
                "Request_ResourceNotFound",
                f"Resource '{name}' does not exist or one of its queried reference-property objects are not present.",
            )
        if mailbox.state in _STATE_ERRORS:
            raise ExchangeError(*_STATE_ERRORS[mailbox.state])
        return mailbox

    def change(self, mailbox: Mailbox, **settings: Any) -> Mailbox:
        """Set holds, quota, state and the like; the names are the record's.

        Raises:
            ValueError: a name that is not settable, or a value that no mailbox can have.
        """
        unknown = set(settings) - _SETTABLE
        if unknown:
            raise ValueError(f"not settable on a mailbox: {', '.join(sorted(unknown))}")
        for name, value in settings.items():
            if name in _TEXTS:
                if not isinstance(value, str):
                    raise ValueError(f"{name} must be a text, not {value!r}")
            elif not isinstance(value, int) or not 0 <= value <= _MOST.get(name, 2**53):
                raise ValueError(f"{name} must be a whole number from 0 to {_MOST.get(name, 2**53)}, not {value!r}")
        for name, value in settings.items():
            self._db.run(f"UPDATE mailbox SET {name} = ? WHERE id = ?", (value, mailbox.id))
        return self.get(mailbox.id)

    def addresses(self, mailbox: Mailbox) -> list[str]:
        """All addresses of a mailbox, the primary first."""
        rows = self._db.rows("SELECT address FROM alias WHERE mailbox = ? ORDER BY address", (mailbox.id,))
        return [mailbox.address] + [row[0] for row in rows if row[0].casefold() != mailbox.address.casefold()]

    def mbx_id(self, mailbox: Mailbox, *, auxiliary: str = "") -> str:
        """The id under which the admin API and an archive's mail paths know the mailbox, or its auxiliary archive."""
        return f"MBX:{auxiliary or mailbox.guid}@{TENANT_ID}"

    def used_bytes(self, mailbox: Mailbox) -> int:
        """Size of everything outside Recoverable Items, which has a quota of its own."""
        return int(
            self._db.value(
                "SELECT coalesce(sum(bytes), 0) FROM folder WHERE mailbox = ? AND NOT recoverable", (mailbox.id,)
            )
        )

    def check_room(self, mailbox: Mailbox, size: int) -> None:
        """Refuse what would not fit.

        Raises:
            ExchangeError: ErrorQuotaExceeded.
        """
        if self.used_bytes(mailbox) + size > mailbox.quota_bytes:
            raise ExchangeError("ErrorQuotaExceeded", "The mailbox quota has been exceeded.")
