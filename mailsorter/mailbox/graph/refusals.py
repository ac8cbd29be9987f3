"""What Graph's refusals mean: the one table from its codes and statuses to `mailsorter.errors`.

Graph publishes no list of its mail codes; each line here was seen or documented (graph-facts, sections 2, 5 and 11).
Codes are compared without case and without their leading "Error", messages are never read: they change, and may
hold a folder's name or an address.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from mailsorter.errors import (
    CursorLost,
    Held,
    MailboxFull,
    MailboxGone,
    MailboxMoving,
    MailsorterError,
    NameTaken,
    NotFound,
    NotPermitted,
    PoisonItem,
    Refused,
    SignInFailed,
    Throttled,
    Unreachable,
)
from mailsorter.mailbox.graph.reading import read_json


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for when the refusal came: enough to say so to a person, nothing of any message."""

    mailbox: str
    doing: str  # "read messages": finishes the sentence "not permitted to …"
    permission: str = "Mail.ReadWrite"
    client_id: str = ""


class _Error(msgspec.Struct):
    code: str | None = None


class ErrorBody(msgspec.Struct):
    """`{"error": {"code": …}}`."""

    error: _Error | None = None


_read_body = msgspec.json.Decoder(ErrorBody)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One answer that is not a success."""

    status: int
    code: str = ""
    retry_after_s: float | None = None
    location: str = ""

    @classmethod
    def read(cls, status: int, body: bytes, retry_after_s: float | None = None, location: str = "") -> Refusal:
        """From an answer's bytes, which may be empty, HTML, or cut off."""
        try:
            error = read_json(body, _read_body).error
        except msgspec.DecodeError:
            error = None
        return cls(status, (error.code if error else None) or "", retry_after_s, location)

    @property
    def key(self) -> str:
        """The code as the table knows it."""
        return self.code.lower().removeprefix("error")

    def __str__(self) -> str:
        return f"{self.status} {self.code}".strip()


_Make = Callable[[Refusal, Asked], MailsorterError]


def _not_found(refusal: Refusal, asked: Asked) -> MailsorterError:
    return NotFound(f"The item or folder is not (any more) in mailbox {asked.mailbox} ({refusal}).")


def _mailbox_gone(refusal: Refusal, asked: Asked) -> MailsorterError:
    return MailboxGone(
        f"Exchange Online serves no mailbox {asked.mailbox} ({refusal}).",
        advice="Check its address and licence; a mailbox made less than 15 minutes ago may need time; one on the "
        "firm's own Exchange Server belongs under [ews].",
    )


def _cursor_lost(refusal: Refusal, asked: Asked) -> MailsorterError:
    return CursorLost(f"Exchange no longer knows this delta state of mailbox {asked.mailbox} ({refusal}).")


def _not_permitted(refusal: Refusal, asked: Asked) -> MailsorterError:
    return NotPermitted(
        f"The app is not permitted to {asked.doing} in mailbox {asked.mailbox} ({refusal}); "
        f"it takes {asked.permission}.",
        advice=scoping_advice(asked),
    )


def scoping_advice(asked: Asked) -> str:
    """How to grant one permission for chosen mailboxes only."""
    role = asked.permission.removesuffix(".All")
    app = asked.client_id or "<client id>"
    return (
        f'In Exchange PowerShell: New-ManagementRoleAssignment -App <object id> -Role "Application {role}" '
        f"-CustomResourceScope <scope that holds the mailbox>; then check with Test-ServicePrincipalAuthorization "
        f"-Identity {app} -Resource {asked.mailbox}. A change takes up to 2 hours to work."
    )


def _sign_in(refusal: Refusal, asked: Asked) -> MailsorterError:
    return SignInFailed(
        f"Graph does not accept the app's token for mailbox {asked.mailbox} ({refusal}).",
        advice="Run: mailsorter doctor",
    )


def _throttled(refusal: Refusal, asked: Asked) -> MailsorterError:
    return Throttled(
        f"Mailbox {asked.mailbox} is throttled ({refusal}).",
        advice="Try again later.",
        retry_after_s=refusal.retry_after_s,
    )


def _moving(refusal: Refusal, asked: Asked) -> MailsorterError:
    return MailboxMoving(
        f"Exchange is moving mailbox {asked.mailbox} ({refusal}).",
        advice="Try again in an hour.",
        retry_after_s=refusal.retry_after_s,
    )


def _unreachable(refusal: Refusal, asked: Asked) -> MailsorterError:
    return Unreachable(
        f"Exchange could not answer for mailbox {asked.mailbox} ({refusal}).",
        advice="Try again later.",
        retry_after_s=refusal.retry_after_s,
    )


def _refused(refusal: Refusal, asked: Asked) -> MailsorterError:
    return Refused(f"Exchange refuses to {asked.doing} in mailbox {asked.mailbox} ({refusal}).", code=refusal.code)


def _name_taken(refusal: Refusal, asked: Asked) -> MailsorterError:
    return NameTaken(f"A folder of that name exists in mailbox {asked.mailbox}, perhaps hidden ({refusal}).")


def _poison(refusal: Refusal, asked: Asked) -> MailsorterError:
    return PoisonItem(f"Exchange itself cannot read this item of mailbox {asked.mailbox} ({refusal}).")


def _full(refusal: Refusal, asked: Asked) -> MailsorterError:
    return MailboxFull(f"Mailbox {asked.mailbox} is full ({refusal}).", advice="Make room or raise its quota.")


_BY_CODE: dict[str, _Make] = {
    "itemnotfound": _not_found,
    "syncfoldernotfound": _not_found,
    "foldernotfound": _not_found,
    "mailboxnotenabledforrestapi": _mailbox_gone,
    "mailboxnotsupportedforrestapi": _mailbox_gone,
    "invaliduser": _mailbox_gone,
    "nonexistentmailbox": _mailbox_gone,
    "resourcenotfound": _mailbox_gone,
    "request_resourcenotfound": _mailbox_gone,
    "syncstatenotfound": _cursor_lost,
    "syncstateinvalid": _cursor_lost,
    "resyncrequired": _cursor_lost,
    "accessdenied": _not_permitted,
    "authorization_requestdenied": _not_permitted,
    "invalidauthenticationtoken": _sign_in,
    "authenticationerror": _sign_in,
    "toomanyrequests": _throttled,
    "applicationthrottled": _throttled,
    "mailboxmoveinprogress": _moving,
    "mailboxstoreunavailable": _moving,
    "folderexists": _name_taken,
    "corruptdata": _poison,
    "quotaexceeded": _full,
    "quotalimitreached": _full,
}
_BY_STATUS: dict[int, _Make] = {
    401: _sign_in,
    403: _not_permitted,
    404: _not_found,
    410: _cursor_lost,
    423: _moving,
    424: _throttled,  # an old page answers a throttled batch so (graph-facts, section 9)
    429: _throttled,
    507: _full,
}


def translate(refusal: Refusal, asked: Asked) -> MailsorterError:
    """The error that tells the caller what to do: again, give up on this one, ask, or stop."""
    by_status = _unreachable if refusal.status >= 500 else _refused
    make = _BY_CODE.get(refusal.key) or _BY_STATUS.get(refusal.status, by_status)
    return make(refusal, asked)


def held(refusal: Refusal, asked: Asked) -> Held:
    """A 403 to a hard delete of an app that may delete: something on Exchange's side protects the item."""
    return Held(
        f"Exchange protects this item of mailbox {asked.mailbox} from deletion ({refusal}).",
        advice="Graph shows no hold; in Exchange PowerShell look at Get-Mailbox: LitigationHoldEnabled, InPlaceHolds, "
        "ComplianceTagHoldApplied, DelayHoldApplied, SingleItemRecoveryEnabled.",
    )
