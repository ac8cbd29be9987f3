"""Where Exchange and the ledger are, and how to sign in there."""

from __future__ import annotations

from datetime import date
from typing import Literal

from mailsorter.config.places import FilePath, LedgerUrl, SecretFile, SecretRef, ServiceUrl
from mailsorter.config.table import Many, Table, key
from mailsorter.config.values import Address, Duration

EXACTLY_ONE_CREDENTIAL = ("client_secret", "certificate", "federated_credential")


class AppIdentity(Table):
    """An app registration in Entra: who mailsorter is. Exactly one of the three credentials."""

    client_id: str = key(
        about="The app registration's application (client) id.",
        example="6731de76-14a6-49ae-97bc-6eba6914391e",
        min_length=1,
    )
    client_secret: SecretRef | None = key(
        None,
        about="Client secret, by reference. A certificate is better: it cannot be typed over.",
        example="env:GRAPH_SECRET",
    )
    client_secret_expires: date | None = key(
        None,
        about="The client secret's last day, as Entra showed it: the daemon warns 30 days ahead.",
        example=date(2027, 5, 1),
        strict=False,
    )
    certificate: SecretFile | None = key(
        None,
        about="File with the private key and its certificate (PEM or PFX), by reference.",
        example="file:mailsorter.pem",
    )
    certificate_password: SecretRef | None = key(
        None,
        about="Password of the private key in `certificate`, by reference.",
        example="env:GRAPH_CERTIFICATE_PASSWORD",
    )
    federated_credential: SecretFile | None = key(
        None,
        about="A token of another identity provider, by reference; read anew for each sign-in.",
        example="file:/var/run/secrets/azure/tokens/azure-identity-token",
    )

    @property
    def credentials(self) -> tuple[str, ...]:
        """The names of the credentials that are set; a checked config has exactly one."""
        return tuple(name for name in EXACTLY_ONE_CREDENTIAL if getattr(self, name) is not None)


class Graph(AppIdentity):
    """Exchange Online, through Microsoft Graph."""

    tenant: str = key(about="Tenant id, or one of its domains.", example="onzefirma.onmicrosoft.com", min_length=1)
    url: ServiceUrl = key(
        "https://graph.microsoft.com",
        about="Graph's root; another for national clouds.",
        example="https://graph.microsoft.com",
    )
    authority: ServiceUrl = key(
        "https://login.microsoftonline.com",
        about="The sign-in service's root; another for national clouds.",
        example="https://login.microsoftonline.com",
    )
    ca_file: FilePath | None = key(
        None, about="PEM with the authorities to trust instead of the usual ones.", example="ca.pem"
    )
    control_mailbox: Address | None = key(
        None,
        about="A mailbox that this app must NOT reach: `doctor` tries it and warns when it opens.",
        example="directie@onzefirma.example",
    )
    timeout: Duration = key("60 seconds", about="The longest wait for one answer.", example="60 seconds")


class Ews(Table):
    """Exchange Server on the firm's own premises. Never Exchange Online, where EWS is gone."""

    url: ServiceUrl = key(about="The server's EWS address.", example="https://mail.onzefirma.example/EWS/Exchange.asmx")
    auth: Literal["ntlm", "basic", "oauth"] = key(
        "ntlm", about="How to sign in: ntlm, basic or oauth (hybrid modern authentication).", example="ntlm"
    )
    username: str | None = key(None, about="The service account (ntlm, basic).", example="ONZEFIRMA\\svc-mailsorter")
    password: SecretRef | None = key(None, about="Its password, by reference.", example="credential:ews-password")
    tenant: str | None = key(None, about="Tenant id (oauth).", example="onzefirma.onmicrosoft.com")
    client_id: str | None = key(None, about="Application id (oauth).", example="6731de76-14a6-49ae-97bc-6eba6914391e")
    client_secret: SecretRef | None = key(None, about="Client secret, by reference (oauth).", example="env:EWS_SECRET")
    authority: ServiceUrl = key(
        "https://login.microsoftonline.com",
        about="The sign-in service's root (oauth).",
        example="https://login.microsoftonline.com",
    )
    ca_file: FilePath | None = key(None, about="PEM with the authorities to trust.", example="ca.pem")
    timeout: Duration = key("60 seconds", about="The longest wait for one answer.", example="60 seconds")


class Ledger(Table):
    """The database of what was done. It holds no subject, no body and no readable address."""

    url: LedgerUrl = key(
        "sqlite:///mailsorter.sqlite",
        about="SQLite file (relative to this file's folder) or PostgreSQL; never with a password in it.",
        example="sqlite:///mailsorter.sqlite",
    )
    password: SecretRef | None = key(
        None, about="PostgreSQL password, by reference.", example="credential:ledger-password"
    )
    former_keys: Many[SecretRef] = key(
        (),
        about="Keys that `key` replaces, by reference, while the ledger still needs them: mailsorter status says how "
        'long (docs/operations.md, "The ledger\'s key").',
        example=["credential:ledger-key-before"],
    )
    key: SecretRef | None = key(
        None,
        about="The digest key, by reference. Without it a file ledger.key is made beside the SQLite file. Keep a copy "
        "elsewhere: without the key the ledger is unreadable.",
        example="credential:ledger-key",
    )
