"""What the EWS connector is told: where the server is, and how to sign in there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mailsorter.errors import ConfigError
from mailsorter.mailbox.loopback import is_loopback

_ONLINE = ("outlook.office365.com", "outlook.office.com", "outlook.office365.us", "partner.outlook.cn")


@dataclass(frozen=True, slots=True)
class Password:
    """A service account of the firm's own directory; `kind` is `ntlm` or `basic`."""

    kind: str
    username: str  # DOMAIN\\name, or name@domain
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HybridSignIn:
    """Hybrid modern authentication: a token of Entra's for the server on the firm's own premises."""

    tenant: str
    client_id: str
    client_secret: str = field(repr=False)
    authority: str = "https://login.microsoftonline.com"
    http_client: Any = None  # for msal, where its own is not wanted


@dataclass(frozen=True, slots=True)
class EwsSettings:
    """One Exchange Server.

    Raises `ConfigError` for Exchange Online, where EWS is gone, and for plain http to any machine but this one.
    """

    url: str  # https://HOST/EWS/Exchange.asmx
    sign_in: Password | HybridSignIn
    impersonate: bool = True  # by ApplicationImpersonation; else the account needs full access to each mailbox
    ca_file: Path | None = None
    reads_headers: bool = True  # with each envelope the transport headers, for the verdict on its author
    trusted_gateways: tuple[str, ...] = ()  # lower case; whose verdict on an author is taken
    timeout_s: float = 60.0
    page: int = 500  # items of a listing or a round; Exchange gives 1,000 at most
    chunk: int = 100  # items fetched whole in one request

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        host = (parts.hostname or "").lower()
        if host in _ONLINE:
            raise ConfigError(
                [
                    f"ews url: found {self.url!r}, expected the firm's own Exchange Server: Exchange Online blocks EWS "
                    "since October 2026 and ends it on 2027-04-01"
                ],
                advice='Use connector = "graph" for mailboxes in Exchange Online, then run: mailsorter doctor',
            )
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
            raise ConfigError([f"ews url: found {self.url!r}, expected https: plain http is only for this machine"])
