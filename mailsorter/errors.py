"""All errors of mailsorter, in one tree.

    MailsorterError
    ├── TemporaryError           try again later; `retry_after_s` when the server said when
    │   ├── Throttled            the mailbox's quota or concurrency is used up
    │   ├── Unreachable          no answer, or an answer that could not be read
    │   ├── MailboxMoving        Exchange is moving the mailbox; minutes to hours
    │   └── Stopped              this program was asked to end (Ctrl-C, SIGTERM); nothing was sent
    ├── PermanentError           this item or mailbox will not work, others may
    │   ├── NotFound             the item or folder is not (or no longer) there
    │   ├── MailboxGone          no such mailbox, or one that Exchange does not serve
    │   ├── PoisonItem           Exchange itself cannot read this item
    │   ├── Held                 a hold on Exchange's side protects the item
    │   ├── NameTaken            a folder of that name exists
    │   ├── MailboxFull
    │   └── Refused              Exchange refuses this request for a reason named in it
    ├── CursorLost               delta state is gone: a full round of that folder is due
    ├── NotPermitted             the app may not do this; says which permission and how to scope it
    │   └── SignInFailed         no token: secret wrong or expired, no consent
    ├── UserError                the person at the keyboard can mend it: configuration, arguments
    │   ├── ClockWrong           this machine's clock cannot be right: nothing may act on a date
    │   └── ConfigError          all problems of config and client book at once
    ├── LifecycleError           an illegal move of a case; nothing was changed
    ├── BrakePulled              a run stopped because it looks wrong; a person must say go on
    ├── DecisionNeeded           the command stopped where a person must decide
    └── LedgerError              stop everything: the ledger cannot be trusted or written
        ├── LedgerLocked         another process works this mailbox, or the database is locked
        ├── LedgerFull           the disk (or the page limit) is full
        └── LedgerUnreadable     corrupt, newer than this program, wrong key, read-only

The class answers the caller's question: again, give up on this one, ask, or stop. Attributes are data;
sentences are made here once from them, so that every door says the same: what happened, to what, what next.
No error carries a subject, a body or a participant's address; a mailbox of the firm's own may be named.
"""

from __future__ import annotations

from collections.abc import Sequence


class MailsorterError(Exception):
    """Something that mailsorter itself raised.

    `what` says what happened and to what; `advice` is the next thing to do, a command where there is one.
    """

    def __init__(self, what: str, *, advice: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.what} {self.advice}".strip()


class TemporaryError(MailsorterError):
    """Worth trying again later; `retry_after_s` is the server's own word in seconds, or None."""

    def __init__(self, what: str, *, advice: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(what, advice=advice)
        self.retry_after_s = retry_after_s


class Throttled(TemporaryError):
    """The mailbox's quota or concurrency is used up (HTTP 429)."""


class Unreachable(TemporaryError):
    """No answer, or one that could not be read: whether a change was made is unknown until looked up."""


class MailboxMoving(TemporaryError):
    """Exchange is moving the mailbox between servers."""


class Stopped(TemporaryError):
    """This program was asked to end, by Ctrl-C or SIGTERM: nothing was sent, and the next run goes on."""


class PermanentError(MailsorterError):
    """This item or mailbox will not work however often it is tried; others may."""


class NotFound(PermanentError):
    """The item or folder is not, or no longer, there."""


class MailboxGone(PermanentError):
    """No such mailbox, or one that this service does not serve (no licence, on premises, soft-deleted)."""


class PoisonItem(PermanentError):
    """Exchange itself cannot read this item (500 ErrorCorruptData)."""


class Held(PermanentError):
    """A hold on Exchange's side protects the item."""


class NameTaken(PermanentError):
    """A folder of that name exists already (ErrorFolderExists, 409 or 400)."""


class MailboxFull(PermanentError):
    """The mailbox's quota is used up."""


class Refused(PermanentError):
    """Exchange refuses this request; `code` is its own code."""

    def __init__(self, what: str, *, code: str = "", advice: str = "") -> None:
        super().__init__(what, advice=advice)
        self.code = code


class CursorLost(MailsorterError):
    """Delta state is gone (410 and relatives): a full round of that folder is due, and harmless."""


class NotPermitted(MailsorterError):
    """The app may not do this; `advice` says which permission and how to scope it."""


class SignInFailed(NotPermitted):
    """No token could be had: secret wrong or expired, no consent, unknown tenant."""


class UserError(MailsorterError):
    """The person at the keyboard can mend it."""


class ClockWrong(UserError):
    """This machine's clock cannot be right, so nothing may act on a date; nothing was done."""


class ConfigError(UserError):
    """All problems of config and client book at once, one line each: `PATH:LINE: found …, expected …`."""

    def __init__(
        self, problems: Sequence[str], *, advice: str = "Mend them, then run: mailsorter config check"
    ) -> None:
        super().__init__("\n".join(problems), advice=advice)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return f"{self.what}\n{self.advice}".strip()


class LifecycleError(MailsorterError):
    """An illegal move in a case's life cycle; nothing was changed."""


class BrakePulled(MailsorterError):
    """A run stopped before it changed anything, because it looks wrong; `brake` is the stable code of which one."""

    def __init__(self, what: str, *, brake: str, advice: str = "") -> None:
        super().__init__(what, advice=advice)
        self.brake = brake


class DecisionNeeded(MailsorterError):
    """The command stopped where a person must decide; `advice` names the command that goes on."""


class LedgerError(MailsorterError):
    """The ledger cannot be trusted or written: stop everything, leave mail alone."""


class LedgerLocked(LedgerError):
    """Another process works this mailbox, or holds the database."""


class LedgerFull(LedgerError):
    """No room left under the ledger."""


class LedgerUnreadable(LedgerError):
    """Corrupt, made by a newer version, opened with the wrong key, or read-only."""
