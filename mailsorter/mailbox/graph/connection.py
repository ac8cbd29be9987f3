"""O365's account, connection and protocol with the defaults mended that lose time, tokens or privacy.

What is kept: the credentials' shape, the token cache beside MSAL, the session and its proxies. What is mended, each
found by measuring (docs/design.md, section 10):

- O365 waits 200 ms between any two requests and never times out: here the pace is the caller's, deadlines are set.
- After its token expired an app-only O365 connection fails for good (python-o365 #1195): here MSAL is asked before
  every request (17 us from its cache), by one thread at a time, because MSAL has no single flight.
- O365 writes the bearer token to a DEBUG log, and mailbox addresses and ids to an ERROR log: here nothing is logged.
- Its default token store is a plain file in the working directory: here it is memory.
- Its retries never cover POST and sleep deaf to shutdown: here there are none, the caller repeats.
- Redirects could carry the token anywhere: here none is followed, the caller looks first.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import requests
from msal import ConfidentialClientApplication
from O365 import Account, Connection
from O365 import MSGraphProtocol as O365Protocol
from O365.utils.token import MemoryTokenBackend
from requests.adapters import HTTPAdapter

from mailsorter.mailbox.graph.login_http import LoginHttp
from mailsorter.mailbox.graph.settings import LOGIN_ORIGIN, Credential, GraphSettings
from mailsorter.mailbox.graph.signin import msal_credential, sign_in_error, unreachable_login

_POOL = 64  # kept-alive connections; one for each mailbox at work


class MendedConnection(Connection):  # type: ignore[misc]
    """One app's session with Graph. Safe to share between threads."""

    def __init__(self, credentials: tuple[str, Any], *, settings: GraphSettings, **kwargs: Any) -> None:
        super().__init__(
            credentials,
            tenant_id=settings.tenant,
            token_backend=MemoryTokenBackend(),
            requests_delay=0,
            request_retries=0,
            raise_http_errors=False,
            timeout=(settings.connect_timeout_s, settings.read_timeout_s),
            **kwargs,
        )
        self._msal: ConfidentialClientApplication | None = None
        self._settings = settings
        self._scope = f"{settings.origin}/.default"
        self._one_at_a_time = threading.Lock()
        self.session = self.get_session()

    def get_session(self, load_token: bool = False) -> requests.Session:
        session: requests.Session = super().get_session(load_token=load_token)
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=_POOL, max_retries=0)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        session.resolve_redirects = _no_redirects  # type: ignore[method-assign]
        if self._settings.is_plain:
            session.trust_env = False  # a proxy in between would read the token
        return session

    def close(self) -> None:
        """Close every kept-alive connection."""
        if self.session is not None:
            self.session.close()
        if self._msal is not None:
            self._msal.http_client.close()

    @property
    def msal_client(self) -> ConfidentialClientApplication:
        if self._msal is None:
            login = self._settings.login_origin
            self._msal = ConfidentialClientApplication(
                client_id=self.auth[0],
                client_credential=self.auth[1],
                authority=f"https://{login.split('://', 1)[1]}/{self._settings.tenant}",
                token_cache=self.token_backend,
                http_client=LoginHttp(self._settings),
                instance_discovery=None if login == LOGIN_ORIGIN else False,
            )
        return self._msal

    def access_token(self, *, renew: bool = False) -> str:
        """A token that is good now. `renew` throws the cached one away first.

        Raises `SignInFailed`, or `Unreachable` when the login host gives no answer.
        """
        with self._one_at_a_time:
            try:
                if renew:
                    self.msal_client.remove_tokens_for_client()
                result = self.msal_client.acquire_token_for_client(scopes=[self._scope])
            except (requests.RequestException, ValueError, OSError) as error:
                raise unreachable_login(error, self._settings) from error
        if "access_token" not in result:
            raise sign_in_error(result, self._settings)
        return str(result["access_token"])

    def oauth_request(self, url: str, method: str, **kwargs: Any) -> requests.Response:
        """One exchange of bytes: no repeats, no redirects, no log; the body is left unread (`stream`)."""
        headers: Mapping[str, str] = kwargs.pop("headers", {})
        token = self.access_token(renew=kwargs.pop("renew_token", False))
        assert self.session is not None
        return self.session.request(
            method,
            url,
            headers={**headers, "Authorization": f"Bearer {token}"},
            timeout=self.timeout,
            verify=str(self._settings.ca_file) if self._settings.ca_file else True,
            allow_redirects=False,
            stream=True,
            **kwargs,
        )


def _no_redirects(*_args: Any, **_options: Any) -> Iterator[requests.Response]:
    """Where a redirect leads is for `client` to judge: `requests` reads it even when it is told not to follow."""
    return iter(())


class MendedAccount(Account):  # type: ignore[misc]
    """An O365 account over a `MendedConnection`: also a plain O365 account for whoever wants its objects."""

    connection_constructor = MendedConnection
    con: MendedConnection


def open_account(settings: GraphSettings, credential: Credential) -> MendedAccount:
    """Sign-in itself waits for the first request. Raises `SignInFailed` when the credential cannot be read."""
    protocol = type(
        "Protocol",
        (O365Protocol,),
        {"_protocol_url": f"{settings.origin}/", "_oauth_scope_prefix": f"{settings.origin}/"},
    )(timezone="UTC")
    return MendedAccount(
        (settings.client_id, msal_credential(credential)),
        protocol=protocol,
        auth_flow_type="credentials",
        settings=settings,
    )
