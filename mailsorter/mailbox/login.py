"""The way to a login host, for MSAL: with deadlines and checked TLS, to that host alone; plain http to loopback only.

MSAL asks whatever address the host's discovery document names for tokens, and sends the app's secret there. Here each
address is judged first (`links`), and no redirect is followed: MSAL's own session would carry the secret along.
MSAL takes https addresses only. Where the login host is an emulator on loopback without TLS, the same address is asked
by http and its answer read as if it had come by https.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import requests

from mailsorter.errors import SignInFailed
from mailsorter.mailbox.links import OddLink, Origin, checked


class LoginAnswer(NamedTuple):
    """What MSAL reads of an answer."""

    status_code: int
    text: str
    headers: dict[str, str]

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise requests.HTTPError(f"the login host answered {self.status_code}")


class LoginSession:
    """MSAL's `http_client` for one login host. `timeout_s` is for connecting, and between two pieces of an answer."""

    def __init__(
        self, origin: str, *, ca_file: Path | None = None, timeout_s: tuple[float, float] = (10.0, 100.0)
    ) -> None:
        self._origin = origin.rstrip("/")
        self._own = Origin.of(self._origin)
        self._verify: str | bool = str(ca_file) if ca_file else True
        self._timeout_s = timeout_s
        self._session = requests.Session()
        self._plain = self._origin if self._origin.startswith("http://") else ""
        self._secure = self._plain.replace("http://", "https://", 1)
        if self._plain:
            self._session.trust_env = False

    def get(self, url: str, **kwargs: Any) -> LoginAnswer:
        """Raises `SignInFailed` for an address elsewhere, and what `requests` raises."""
        return self._ask("GET", url, kwargs)

    def post(self, url: str, **kwargs: Any) -> LoginAnswer:
        """Raises `SignInFailed` for an address elsewhere, and what `requests` raises."""
        return self._ask("POST", url, kwargs)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _ask(self, method: str, url: str, asked: dict[str, Any]) -> LoginAnswer:
        if self._plain and url.startswith(f"{self._secure}/"):
            url = self._plain + url.removeprefix(self._secure)
        try:
            checked(url, self._own)
        except OddLink as reason:
            raise SignInFailed(
                f"The address for tokens that the login host {self._origin} gave {reason}; nothing was sent there.",
                advice="Check the login address in the config and any proxy in between, then run: mailsorter doctor",
            ) from None
        response = self._session.request(
            method,
            url,
            params=asked.get("params"),
            data=asked.get("data"),
            headers=asked.get("headers"),
            timeout=self._timeout_s,
            verify=self._verify,
            allow_redirects=False,
        )
        text = response.text.replace(self._plain, self._secure) if self._plain else response.text
        return LoginAnswer(response.status_code, text, dict(response.headers))
