"""What an error means for a daemon: what to call it, whether time heals it, and what to tell a person.

Sentences are from the log's own table (`logs.words.ADVICE`): an error's text may name a mailbox, and logs hold numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailsorter import errors


@dataclass(frozen=True, slots=True)
class Meaning:
    """`needs_person`: it does not go away by itself. `is_shared`: it strikes all mailboxes, so it is one trouble."""

    kind: str
    needs_person: bool
    is_shared: bool
    advice: str = ""
    ends_with_a_look: bool = True  # once the mailbox was sorted it is over


_ROOM = "Make room on the ledger's disk; it goes on by itself."
_RESTORE = "Restore ledger and key from backup, then start again."
_RENEW = "Renew the app's secret or certificate, then send SIGHUP."
_PERMIT = "Give the app its permission back; docs/operations.md says how."
_TAKE_OUT = "Take the mailbox out of the config, or give it back its licence, then send SIGHUP."

BRAKE_PULLED = Meaning("brake pulled", True, False, "Run: mailsorter plan")

_MEANINGS: tuple[tuple[type[BaseException], Meaning], ...] = (  # the first that fits; subclasses before
    (errors.LedgerFull, Meaning("ledger full", True, True, _ROOM)),
    (errors.LedgerLocked, Meaning("ledger locked", False, False, "Run: mailsorter status")),
    (errors.LedgerUnreadable, Meaning("ledger unreadable", True, True, _RESTORE)),
    (errors.LedgerError, Meaning("ledger failed", True, True, "Run: mailsorter check")),
    (errors.SignInFailed, Meaning("sign-in failed", True, True, _RENEW)),
    (errors.NotPermitted, Meaning("not permitted", True, False, _PERMIT)),
    (errors.MailboxGone, Meaning("mailbox gone", True, False, _TAKE_OUT)),
    (errors.MailboxFull, Meaning("mailbox full", True, False, "Free space in the mailbox.")),
    (errors.BrakePulled, BRAKE_PULLED),
    (errors.UserError, Meaning("config does not fit", True, False, "Run: mailsorter config check")),
    (errors.Throttled, Meaning("throttled", False, True)),
    (errors.MailboxMoving, Meaning("mailbox moving", False, False)),
    (errors.TemporaryError, Meaning("unreachable", False, True)),
    (errors.MailsorterError, Meaning("refused", True, False, "Run: mailsorter sort")),
)

UNEXPECTED = Meaning("unexpected error", True, False, "Run: mailsorter doctor")


def meaning(error: BaseException) -> Meaning:
    """What this error means."""
    return next((means for kind, means in _MEANINGS if isinstance(error, kind)), UNEXPECTED)
