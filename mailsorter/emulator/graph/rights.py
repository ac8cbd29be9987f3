"""Which permissions an operation needs, and whether an app has one of them for a mailbox.

Rights are a union, as in Exchange Online: a tenant-wide Entra role, or an RBAC role whose scope holds the mailbox.
"""

from __future__ import annotations

from enum import Enum

from mailsorter.emulator.errors import ExchangeError, access_denied
from mailsorter.emulator.store.apps import App
from mailsorter.emulator.store.records import Mailbox


class Right(Enum):
    """What an operation needs: any one of these Graph application permissions."""

    BASIC = ("Mail.ReadBasic", "Mail.ReadBasic.All", "Mail.Read", "Mail.ReadWrite")
    READ = ("Mail.Read", "Mail.ReadWrite")
    WRITE = ("Mail.ReadWrite",)
    SETTINGS = ("MailboxSettings.Read", "MailboxSettings.ReadWrite")
    WRITE_SETTINGS = ("MailboxSettings.ReadWrite",)
    USERS = ("User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All")
    TRANSLATE = ("User.Read.All", "User.ReadWrite.All")
    FOLDERS = ("MailboxFolder.Read.All", "MailboxFolder.ReadWrite.All")
    WRITE_FOLDERS = ("MailboxFolder.ReadWrite.All",)
    ITEMS = ("MailboxItem.Read.All", "MailboxItem.ReadWrite.All")
    WRITE_ITEMS = ("MailboxItem.ReadWrite.All",)
    EXPORT = ("MailboxItem.Export.All", "MailboxItem.ImportExport.All")
    SENSITIVE = ("Mail-Advanced.ReadWrite.All",)


_DIRECTORY = frozenset({Right.USERS, Right.TRANSLATE})


def _rbac_names(right: Right) -> frozenset[str]:
    """RBAC role names for a right: `Application Mail.ReadWrite`; the `.All` of the Entra name is mostly left out."""
    names = {f"Application {name}" for name in right.value} | {
        f"Application {name.removesuffix('.All')}" for name in right.value
    }
    return frozenset(names)


_RBAC = {right: _rbac_names(right) for right in Right}


def _covers(app: App, right: Right, addresses: list[str]) -> bool:
    wanted = {address.casefold() for address in addresses}
    for assignment in app.assignments:
        if assignment.role in _RBAC[right]:
            scope = {mailbox.casefold() for mailbox in assignment.mailboxes}
            if "*" in scope or scope & wanted:
                return True
    return False


def has_right(app: App, roles: frozenset[str], right: Right, addresses: list[str]) -> bool:
    """May the app do what `right` stands for in the mailbox with these addresses?"""
    denied = {mailbox.casefold() for mailbox in app.denied_mailboxes}
    if roles.intersection(right.value) and not denied & {address.casefold() for address in addresses}:
        return True
    return _covers(app, right, addresses)


def check_right(app: App, roles: frozenset[str], right: Right, mailbox: Mailbox, addresses: list[str]) -> None:
    """Refuse what the app may not do.

    Raises:
        ExchangeError: ErrorAccessDenied, or Authorization_RequestDenied for what Entra guards.
    """
    if right in _DIRECTORY:
        check_directory(roles, right)
    elif not has_right(app, roles, right, addresses):
        if roles.intersection(right.value):
            raise access_denied("Access to OData is disabled.")
        raise access_denied()


def check_directory(roles: frozenset[str], right: Right) -> None:
    """Refuse directory look-ups without an Entra role: Exchange's RBAC does not reach them."""
    if not roles.intersection(right.value):
        raise ExchangeError("Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
