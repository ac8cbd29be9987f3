"""Signing in: what MSAL is given, and what its refusals mean.

Entra's own numbers (AADSTS…) say precisely what is wrong and are read here once. A token's `roles` claim is read
without checking its signature: only to tell the administrator what the app may do, never to decide anything.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from mailsorter.errors import MailsorterError, SignInFailed, Unreachable
from mailsorter.mailbox.graph.settings import ClientCertificate, ClientSecret, Credential, GraphSettings

_MEANING: dict[int, tuple[str, str]] = {
    # Entra's number: what happened, what to do
    7000215: ("the client secret is wrong", "Put the secret's value (not its id) where the config refers to it."),
    7000222: ("the client secret has expired", "Make a new one in Entra, or better a certificate."),
    7000112: ("the app is disabled", "Enable it under Enterprise applications in Entra."),
    700016: ("the tenant does not know this client id", "Compare [graph] tenant and client_id with Entra."),
    700027: ("the certificate is not registered with the app", "Upload its public part under Certificates & secrets."),
    700024: ("the clock of this machine or of the token's maker is wrong", "Set the clock, then try again."),
    70021: ("no federated credential of the app matches the token", "Compare issuer and subject with Entra."),
    90002: ("there is no such tenant", "Compare [graph] tenant with Entra's overview page."),
    900023: ("there is no such tenant", "Compare [graph] tenant with Entra's overview page."),
    65001: ("nobody has consented to the app's permissions", "Grant admin consent in Entra."),
    501051: ("the app was not assigned to this resource", "Assign it, or switch assignment off, in Entra."),
}
_ELSE = "Run: mailsorter doctor"


def msal_credential(credential: Credential) -> str | dict[str, Any]:
    """The credential as MSAL takes it. Raises `SignInFailed` when a file cannot be read."""
    if isinstance(credential, ClientSecret):
        return credential.secret
    if isinstance(credential, ClientCertificate):
        return _certificate(credential)
    path = credential.token_file
    return {"client_assertion": lambda: _read(path).decode().strip()}  # read anew: its maker renews the file


def _certificate(credential: ClientCertificate) -> dict[str, Any]:
    content = _read(credential.path)
    if b"-----BEGIN" not in content:
        return {"private_key_pfx_path": str(credential.path), "passphrase": credential.passphrase}
    pem = content.decode("ascii", "replace")
    if "PRIVATE KEY-----" not in pem or "BEGIN CERTIFICATE-----" not in pem:
        raise SignInFailed(
            f"The certificate file {credential.path} does not hold both a private key and a certificate.",
            advice="Put both into it, PEM after PEM, or use a PFX file.",
        )
    return {"private_key": pem, "public_certificate": pem, "passphrase": credential.passphrase}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SignInFailed(
            f"The credential file {path} cannot be read ({error.strerror}).",
            advice="Mend its path or its permissions, then run: mailsorter doctor",
        ) from error


def sign_in_error(answer: Mapping[str, Any], settings: GraphSettings) -> MailsorterError:
    """What a token endpoint's refusal means, by Entra's number where it gives one."""
    numbers = [n for n in answer.get("error_codes") or () if isinstance(n, int)]
    for number in numbers:
        if number in _MEANING:
            happened, advice = _MEANING[number]
            return SignInFailed(
                f"Sign-in of app {settings.client_id} to tenant {settings.tenant} failed: {happened} (AADSTS{number}).",
                advice=advice,
            )
    if answer.get("error") in ("temporarily_unavailable", "server_error"):
        return Unreachable(f"The login host {settings.login_origin} cannot answer now.", advice="Try again later.")
    code = f"AADSTS{numbers[0]}" if numbers else str(answer.get("error") or "no reason given")
    return SignInFailed(
        f"Sign-in of app {settings.client_id} to tenant {settings.tenant} failed: {code}.", advice=_ELSE
    )


def unreachable_login(error: Exception, settings: GraphSettings) -> MailsorterError:
    """Why MSAL got no answer at all: no road to the login host, a tenant it does not know, or a bad key file."""
    if isinstance(error, ValueError) and "authority" in str(error).lower():
        return SignInFailed(
            f"The login host {settings.login_origin} does not know tenant {settings.tenant}.",
            advice="Compare [graph] tenant with Entra's overview page.",
        )
    if isinstance(error, ValueError):
        return SignInFailed(
            f"The credential of app {settings.client_id} cannot be used ({type(error).__name__}).",
            advice="Check the certificate file and its passphrase.",
        )
    return Unreachable(
        f"The login host {settings.login_origin} could not be reached ({type(error).__name__}).",
        advice="Check the network and the proxy, then run: mailsorter doctor",
    )


def roles_of(token: str) -> tuple[str, ...]:
    """The application permissions that a token carries, sorted; () when it is not a readable JWT.

    Roles given by Exchange RBAC do not appear here: any Mail.* role in a token is tenant-wide.
    """
    try:
        part = token.split(".")[1]
        claims = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, binascii.Error, ValueError):
        return ()
    roles = claims.get("roles") if isinstance(claims, dict) else None
    return tuple(sorted(str(role) for role in roles)) if isinstance(roles, list) else ()
