"""What the Graph connector is told: where Graph is, who the app is, how patient to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from mailsorter.errors import ConfigError
from mailsorter.mailbox.links import OddLink, Origin
from mailsorter.mailbox.loopback import is_loopback

GRAPH_ORIGIN = "https://graph.microsoft.com"
LOGIN_ORIGIN = "https://login.microsoftonline.com"


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """A secret of the app registration. At most 24 months old by Entra's own rule."""

    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate with its private key: one PFX file, or one PEM file that holds both."""

    path: Path
    passphrase: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class FederatedCredential:
    """A token of another identity provider, in a file which that provider renews (workload identity)."""

    token_file: Path


Credential = ClientSecret | ClientCertificate | FederatedCredential


@dataclass(frozen=True, slots=True)
class GraphSettings:
    """One app in one tenant.

    Raises `ConfigError` when plain http leads anywhere but to this machine: a bearer token opens every mailbox.
    """

    tenant: str
    client_id: str
    origin: str = GRAPH_ORIGIN  # scheme and host of Graph, no path
    login_origin: str = LOGIN_ORIGIN
    ca_file: Path | None = None  # trust this authority instead of the system's
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 100.0  # between two pieces of an answer
    request_deadline_s: float = 180.0  # for one answer as a whole
    reads_headers: bool = True  # with each envelope the transport headers, for the verdict on its author
    trusted_gateways: tuple[str, ...] = ()  # lower case; their verdict is taken instead of Exchange's
    patience_s: float = 900.0  # for one request with all its repeats: more than a whole quota window
    requests_per_window: int = 10_000  # per app and mailbox (throttling-outlook.md)
    window_s: float = 600.0
    concurrent_requests: int = 4
    list_page: int = 1000  # the largest $top of /messages (user-list-messages.md)
    delta_page: int = 1000  # a wish: Exchange gives as many as it likes
    quota_share: float = 0.99  # the rest is left to requests whose moment the server counts otherwise

    def __post_init__(self) -> None:
        for name, url in (("origin", self.origin), ("login_origin", self.login_origin)):
            problem = _problem_of(url)
            if problem:
                raise ConfigError([f"graph {name}: {problem}"])

    @property
    def is_plain(self) -> bool:
        """Is Graph reached without TLS, on this machine?"""
        return self.origin.startswith("http://")


def _problem_of(origin: str) -> str:
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        return f"found {origin!r}, expected https://HOST without a path"
    try:
        Origin.of(origin)
    except OddLink as reason:
        return f"found {origin!r}, which {reason}; expected https://HOST without a path"
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return f"found {origin!r}, expected https: plain http is only for this machine"
    return ""
