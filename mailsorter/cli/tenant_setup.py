"""The commands that set a tenant up for mailsorter, ready to paste.

Rights are given in Exchange (RBAC for Applications), scoped to the chosen mailboxes, and never in Entra: a Mail.*
consent there would reach every mailbox of the tenant, and the two add up. Sources: graph-facts, section 1
(New-ServicePrincipal, New-ManagementScope, New-ManagementRoleAssignment, Test-ServicePrincipalAuthorization).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Entra's ids of application permissions (graph-facts, section 1)
ENTRA_ROLES = {
    "Mail.ReadWrite": "e2a3a72e-5f79-4c64-b1b1-878b674786c9",
    "MailboxItem.ReadWrite.All": "1583d471-fede-4e7c-b062-57e9d60cfb49",
}
SCOPE = "mailsorter mailboxes"


@dataclass(frozen=True, slots=True)
class Identity:
    """One app registration: its name, its credential, and its roles in Exchange."""

    name: str
    file: str  # what its certificate's files are called
    roles: tuple[str, ...]


FILING = Identity("mailsorter", "mailsorter", ("Application Mail.ReadWrite",))
ERASING = Identity(
    "mailsorter erasure", "mailsorter-erasure", ("Application Mail.ReadWrite", "Application MailboxItem.ReadWrite")
)


@dataclass(frozen=True, slots=True)
class SetupStep:
    """One thing to do: where to paste it, and what."""

    title: str
    shell: str  # "sh" or "pwsh"
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tenant:
    """What the commands are made for."""

    tenant: str
    mailboxes: tuple[str, ...]
    folder: str = "config"  # where the config lies, and its certificate with it
    control_mailbox: str | None = None
    with_secret: bool = False
    with_erasure: bool = False


def setup_steps(tenant: Tenant) -> list[SetupStep]:
    """Everything an administrator pastes, in order."""
    identities = [FILING, ERASING] if tenant.with_erasure else [FILING]
    steps = [] if tenant.with_secret else [_certificates(identities, tenant.folder)]
    steps.append(_connect(tenant))
    steps += [_register(identity, tenant) for identity in identities]
    steps.append(_scope(tenant))
    steps += [_assign(identity) for identity in identities]
    steps.append(_test(identities, tenant))
    return steps


def quoted(text: str) -> str:
    """Text as PowerShell takes it literally."""
    return "'" + text.replace("'", "''") + "'"


def _certificates(identities: Sequence[Identity], folder: str) -> SetupStep:
    commands = ["umask 077"]
    for identity in identities:
        name = identity.file
        commands += [
            f"openssl req -x509 -newkey rsa:3072 -nodes -days 730 -subj '/CN={name}' "
            f"-keyout {name}.key -out {name}.crt",
            f"cat {name}.key {name}.crt > {folder}/{name}.pem && rm {name}.key",
        ]
    return SetupStep("Make a certificate, on the machine that will run mailsorter", "sh", tuple(commands))


def _connect(tenant: Tenant) -> SetupStep:
    return SetupStep(
        "Sign in as an administrator (Application Administrator in Entra, Organization Management in Exchange)",
        "pwsh",
        (
            "Install-Module Microsoft.Graph.Applications, ExchangeOnlineManagement -Scope CurrentUser",
            f"Connect-MgGraph -TenantId {quoted(tenant.tenant)} -Scopes Application.ReadWrite.All",
            "Connect-ExchangeOnline",
        ),
    )


def _variable(identity: Identity) -> str:
    return "$erasing" if identity is ERASING else "$filing"


def _register(identity: Identity, tenant: Tenant) -> SetupStep:
    variable = _variable(identity)
    commands = [f"{variable} = New-MgApplication -DisplayName {quoted(identity.name)} -SignInAudience AzureADMyOrg"]
    if tenant.with_secret:
        commands += [
            f"(Add-MgApplicationPassword -ApplicationId {variable}.Id).SecretText",
            f"# put what it prints into {tenant.folder}/{identity.file}-secret, then: "
            f"chmod 600 {tenant.folder}/{identity.file}-secret",
        ]
    else:
        commands += [
            "$certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::new("
            f"(Resolve-Path {identity.file}.crt).Path)",
            f"Update-MgApplication -ApplicationId {variable}.Id -KeyCredentials @(@{{ Type = 'AsymmetricX509Cert'; "
            "Usage = 'Verify'; Key = $certificate.RawData })",
        ]
    commands += [
        f"{variable}Principal = New-MgServicePrincipal -AppId {variable}.AppId",
        f"New-ServicePrincipal -AppId {variable}.AppId -ObjectId {variable}Principal.Id "
        f"-DisplayName {quoted(identity.name)}",
        f"{variable}.AppId   # write it into the config: client_id",
    ]
    return SetupStep(
        f"Register the app “{identity.name}” in Entra, without any permission there", "pwsh", tuple(commands)
    )


def _scope(tenant: Tenant) -> SetupStep:
    members = ", ".join(quoted(address) for address in tenant.mailboxes)
    return SetupStep(
        "Choose the mailboxes, in Exchange: members of a group (directly, not through another group)",
        "pwsh",
        (
            f"$group = New-DistributionGroup -Name {quoted(SCOPE)} -Type Security -Members {members}",
            f'New-ManagementScope -Name {quoted(SCOPE)} -RecipientRestrictionFilter "MemberOfGroup -eq '
            "'$($group.DistinguishedName)'\"",
        ),
    )


def _assign(identity: Identity) -> SetupStep:
    commands = [
        f"New-ManagementRoleAssignment -App {_variable(identity)}Principal.Id -Role {quoted(role)} "
        f"-CustomResourceScope {quoted(SCOPE)}"
        for role in identity.roles
    ]
    if identity is ERASING:
        commands.append(
            "# if your tenant does not know the role Application MailboxItem.ReadWrite yet: only Entra can grant it, "
            f"for all mailboxes (MailboxItem.ReadWrite.All, {ENTRA_ROLES['MailboxItem.ReadWrite.All']}); decide first"
        )
    return SetupStep(f"Let “{identity.name}” work in those mailboxes only", "pwsh", tuple(commands))


def _test(identities: Sequence[Identity], tenant: Tenant) -> SetupStep:
    resources = [*tenant.mailboxes[:3], *([tenant.control_mailbox] if tenant.control_mailbox else [])]
    commands = [
        f"Test-ServicePrincipalAuthorization -Identity {_variable(identity)}.AppId -Resource {quoted(address)}"
        + ("   # InScope must be False" if address == tenant.control_mailbox else "   # InScope must be True")
        for identity in identities
        for address in resources
    ]
    return SetupStep(
        "Test it (Exchange may take up to two hours until the app itself notices; this test does not wait)",
        "pwsh",
        tuple(commands),
    )
