"""The road to the login host, for MSAL: with deadlines and checked TLS, and plain http to this machine only.

MSAL takes https addresses only, also those that the discovery document names. Where the login host is an emulator on
loopback without TLS, the same address is asked by http and its answer read as if it had come by https.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import requests

from mailsorter.mailbox.graph.settings import GraphSettings


class LoginAnswer(NamedTuple):
    """What MSAL reads of an answer."""

    status_code: int
    text: str
    headers: dict[str, str]

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise requests.HTTPError(f"the login host answered {self.status_code}")


class LoginHttp:
    """MSAL's `http_client`."""

    def __init__(self, settings: GraphSettings) -> None:
        self._settings = settings
        self._session = requests.Session()
        self._plain = settings.login_origin if settings.login_origin.startswith("http://") else ""
        self._secure = self._plain.replace("http://", "https://", 1)
        if self._plain:
            self._session.trust_env = False

    def get(self, url: str, **kwargs: Any) -> LoginAnswer:
        return self._ask("GET", url, kwargs)

    def post(self, url: str, **kwargs: Any) -> LoginAnswer:
        return self._ask("POST", url, kwargs)

    def close(self) -> None:
        self._session.close()

    def _ask(self, method: str, url: str, asked: dict[str, Any]) -> LoginAnswer:
        if self._plain and url.startswith(self._secure):
            url = self._plain + url.removeprefix(self._secure)
        response = self._session.request(
            method,
            url,
            params=asked.get("params"),
            data=asked.get("data"),
            headers=asked.get("headers"),
            timeout=(self._settings.connect_timeout_s, self._settings.read_timeout_s),
            verify=str(self._settings.ca_file) if self._settings.ca_file else True,
            allow_redirects=False,
        )
        text = response.text.replace(self._plain, self._secure) if self._plain else response.text
        return LoginAnswer(response.status_code, text, dict(response.headers))
