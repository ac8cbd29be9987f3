"""Registered apps: who may get a token, and what each may do where.

Rights come from two places that are added up, as in Exchange Online: roles consented in Entra hold for the whole
tenant and appear in the token's `roles` claim; roles assigned by RBAC for Applications hold for named mailboxes (or
all) and appear in no token. An application access policy can shut mailboxes off from the Entra roles.
"""

from __future__ import annotations

import msgspec

from mailsorter.emulator.store.database import Database


class Assignment(msgspec.Struct, frozen=True):
    """One RBAC role assignment: `Application Mail.ReadWrite` over these mailboxes; `*` means all."""

    role: str
    mailboxes: tuple[str, ...] = ("*",)


class Federation(msgspec.Struct, frozen=True):
    """A federated credential: tokens of this issuer for this subject are accepted in place of a secret."""

    issuer: str
    subject: str
    audience: str = "api://AzureADTokenExchange"
    public_key: str | None = None
    """PEM of the issuer's key; without it the token's signature is not looked at."""


class App(msgspec.Struct, frozen=True):
    """One app registration."""

    client_id: str
    secrets: tuple[str, ...] = ()
    expired_secrets: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    """PEM certificates whose keys may sign the client assertion."""
    federations: tuple[Federation, ...] = ()
    roles: tuple[str, ...] = ()
    """Tenant-wide Graph application permissions, in the token's `roles`."""
    assignments: tuple[Assignment, ...] = ()
    denied_mailboxes: tuple[str, ...] = ()
    """Mailboxes that an application access policy shuts off from the Entra roles."""
    me: str = ""
    """The mailbox that `/me` means for this app, as if a user had signed in; empty: `/me` is refused."""


_SCOPED_ROLES = (
    "Application Mail.ReadWrite",
    "Application MailboxSettings.Read",
    "Application MailboxFolder.Read",
    "Application MailboxItem.ReadWrite",
)

#: Apps that every state has: one scoped by RBAC as Microsoft recommends, a second that may only delete items for good,
#: one with tenant-wide rights.
DEFAULT_APPS = (
    App(
        "emulator",
        secrets=("emulator",),
        roles=("User.Read.All",),
        assignments=tuple(Assignment(role) for role in _SCOPED_ROLES),
    ),
    App(
        "emulator-erasure",
        secrets=("emulator",),
        roles=("User.Read.All",),
        assignments=(Assignment("Application MailboxItem.ReadWrite"),),
    ),
    App(
        "emulator-tenant-wide",
        secrets=("emulator",),
        roles=(
            "Mail.ReadWrite",
            "MailboxSettings.Read",
            "MailboxItem.ReadWrite.All",
            "MailboxFolder.ReadWrite.All",
            "User.Read.All",
        ),
    ),
)


_decoder = msgspec.json.Decoder(App)  # built once: msgspec shows other threads a half-built one


class Apps:
    """The app registrations of the tenant."""

    def __init__(self, db: Database) -> None:
        self._db = db
        with db.write():
            if not db.value("SELECT 1 FROM app LIMIT 1"):
                for app in DEFAULT_APPS:
                    self.register(app)

    def register(self, app: App) -> None:
        """Add an app or replace the one of that client id."""
        data = msgspec.json.encode(app).decode("utf-8")
        self._db.run("INSERT OR REPLACE INTO app VALUES (?, ?)", (app.client_id, data))

    def get(self, client_id: str) -> App | None:
        """An app by its client id."""
        data = self._db.value("SELECT data FROM app WHERE client_id = ?", (client_id,))
        return None if data is None else _decoder.decode(data)

    def all(self) -> list[App]:
        """Every app."""
        return [_decoder.decode(row[0]) for row in self._db.rows("SELECT data FROM app ORDER BY 1")]
