"""What Exchange Server's refusals mean: from the groups of `codes.py` to `mailsorter.errors`.

The same codes come per item, as a SOAP fault, and as exchangelib's exception classes of the same name. Texts are never
read or handed on: they may hold names.
"""

from __future__ import annotations

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
from mailsorter.mailbox.ews.codes import group_of


def translate(
    code: str, mailbox: str, doing: str, *, retry_after_s: float | None = None, is_item: bool = False
) -> MailsorterError:
    """The error that tells the caller what to do. `is_item`: the code came for one item of many."""
    where = f"mailbox {mailbox} ({code})"
    group = group_of().get(code, "REFUSED")
    match group:
        case "NOT_FOUND":
            return NotFound(f"The item or folder is not (any more) in {where}.")
        case "CURSOR":
            return CursorLost(f"Exchange no longer knows this sync state of {where}.")
        case "BUSY":
            return Throttled(
                f"Exchange is too busy for {where}.", advice="Try again later.", retry_after_s=retry_after_s
            )
        case "MOVING":
            return MailboxMoving(f"Exchange is moving {where}.", advice="Try again in an hour.")
        case "AWAY":
            return Unreachable(f"Exchange Server gave no whole answer for {where}.", advice="Try again later.")
        case "POISON":
            return PoisonItem(f"Exchange itself cannot read this item of {where}.")
        case "TAKEN":
            return NameTaken(f"A folder of that name exists in {where}, perhaps hidden.")
        case "FULL":
            return MailboxFull(f"Full: {where}.", advice="Make room or raise its quota.")
        case "HELD":
            return Held(f"Exchange protects this item of {where} from deletion.", advice=_HOLD_ADVICE)
    return _refusal(group, code, where, doing, is_item=is_item)


def _refusal(group: str, code: str, where: str, doing: str, *, is_item: bool) -> MailsorterError:
    if group == "DENIED":
        return NotPermitted(f"The account is not permitted to {doing} in {where}.", advice=_ROLE_ADVICE)
    if group == "GONE" and not is_item:
        return MailboxGone(
            f"This Exchange Server serves no {where}.",
            advice='Check its address; a mailbox that was moved to Exchange Online needs connector = "graph".',
        )
    if group == "SIGN_IN":
        return SignInFailed(
            f"Exchange Server did not accept the account for {where}.",
            advice="Check [ews] auth, username and password, then run: mailsorter doctor",
        )
    return Refused(f"Exchange refuses to {doing} in {where}.", code=code)


_ROLE_ADVICE = (
    "In the Exchange Management Shell: New-ManagementRoleAssignment -Role ApplicationImpersonation "
    "-User <account> -CustomRecipientWriteScope <scope that holds the mailbox>"
)
_HOLD_ADVICE = (
    "In the Exchange Management Shell look at Get-Mailbox: LitigationHoldEnabled, InPlaceHolds, "
    "SingleItemRecoveryEnabled."
)
