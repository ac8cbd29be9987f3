"""exchangelib's road to one mailbox, with the defaults changed that hurt (libraries.md, section 2.5).

- A protocol is cached per server and account for the whole process: here each mailbox has one of its own.
- One TCP connection a protocol is kept: one mailbox is worked by one thread.
- `FailFast` is kept, because `FaultTolerance` sleeps inside, deaf to a stop, and sends a lost MoveItem again, which
  then answers that the item is not there. Waiting is the throttle wrapper's, looking is perform's.
- The HTTP adapter is a process-wide class attribute: here a session trusts its own CA file instead.
- The OAuth credentials know a secret and Exchange Online's scope only: here msal gives the token.
"""

from __future__ import annotations

import logging
import random
import threading
from typing import Any
from urllib.parse import urlsplit

import msal
import requests
from exchangelib import IMPERSONATION, Build, Configuration, Credentials, FailFast, Identity, Version
from exchangelib.credentials import DELEGATE
from exchangelib.errors import TransportError
from exchangelib.protocol import CachingProtocol, Protocol
from exchangelib.transport import BASIC, NOAUTH, NTLM, get_auth_instance

from mailsorter.errors import SignInFailed, Unreachable
from mailsorter.mailbox.ews.settings import EwsSettings, HybridSignIn, Password
from mailsorter.mailbox.login import LoginSession

# asked for until the server says what it is: every server since 2013 SP1 understands it
_VERSION = Version(build=Build(15, 1, 0, 0))


class NotTaken(TransportError):  # type: ignore[misc]
    """HTTP 400: the server did not take the request as one, so nothing of it was done."""


class AskOnce(FailFast):  # type: ignore[misc]
    """Nothing is repeated by exchangelib itself."""

    def raise_response_errors(self, response: requests.Response) -> None:
        if response.status_code == 400:
            raise NotTaken("HTTP 400")
        super().raise_response_errors(response)


class _Uncached(CachingProtocol):  # type: ignore[misc]
    """Makes a new protocol each time."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return type.__call__(cls, *args, **kwargs)


class OwnProtocol(Protocol, metaclass=_Uncached):  # type: ignore[misc]
    """One mailbox's connection."""

    def __init__(self, config: Configuration, settings: EwsSettings) -> None:
        super().__init__(config=config)
        self._settings = settings
        self.TIMEOUT = settings.timeout_s
        self.auth = session_auth(settings)
        self.bearer = self.auth if isinstance(self.auth, Bearer) else None

    def create_session(self) -> requests.Session:
        session: requests.Session = self.raw_session(self.service_endpoint)
        if self._settings.ca_file is not None:
            session.trust_env = False  # the environment's CA bundle would be used instead
            session.verify = str(self._settings.ca_file)
        elif self._settings.url.startswith("http://"):
            session.trust_env = False
        session.auth = self.auth
        session.session_id = random.randint(10000, 99999)  # type: ignore[attr-defined]  # exchangelib's own marks
        session.usage_count = 0  # type: ignore[attr-defined]
        return session


class Bearer(requests.auth.AuthBase):
    """A token from msal's cache, renewed when it has to be."""

    def __init__(self, sign_in: HybridSignIn, url: str) -> None:
        self._sign_in = sign_in
        self._scope = f"https://{urlsplit(url).netloc}/.default"
        self._lock = threading.Lock()
        self._app: msal.ConfidentialClientApplication | None = None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token()}"
        return request

    def token(self) -> str:
        """A token that is good now. Raises `SignInFailed`, `Unreachable`."""
        sign_in = self._sign_in
        with self._lock:
            try:
                if self._app is None:
                    self._app = msal.ConfidentialClientApplication(
                        sign_in.client_id,
                        client_credential=sign_in.client_secret,
                        authority=f"{sign_in.authority}/{sign_in.tenant}",
                        instance_discovery=None if "microsoftonline.com" in sign_in.authority else False,
                        http_client=sign_in.http_client or LoginSession(sign_in.authority),
                    )
                answer = self._app.acquire_token_for_client(scopes=[self._scope])
            except (requests.RequestException, ValueError) as error:
                raise Unreachable(f"The login host could not be asked ({type(error).__name__}).") from error
        if "access_token" not in answer:
            code = (answer.get("error_codes") or [answer.get("error")])[0]
            raise SignInFailed(
                f"Sign-in of app {sign_in.client_id} for {self._scope} failed (AADSTS{code}).",
                advice="Check hybrid modern authentication and the app's secret, then run: mailsorter doctor",
            )
        return str(answer["access_token"])


def session_auth(settings: EwsSettings) -> requests.auth.AuthBase:
    """What signs each request: user name and password, or a token."""
    sign_in = settings.sign_in
    if isinstance(sign_in, HybridSignIn):
        return Bearer(sign_in, settings.url)
    kind = {"ntlm": NTLM, "basic": BASIC}[sign_in.kind]
    auth: requests.auth.AuthBase = get_auth_instance(
        auth_type=kind, username=sign_in.username, password=sign_in.password
    )
    return auth


class MailboxAccount:
    """What exchangelib's services ask of an account; its own `Account` would cache, guess and look around."""

    def __init__(self, settings: EwsSettings, address: str) -> None:
        sign_in = settings.sign_in
        credentials, auth = None, NOAUTH
        if isinstance(sign_in, Password):
            credentials = Credentials(sign_in.username, sign_in.password)
            auth = {"ntlm": NTLM, "basic": BASIC}[sign_in.kind]
        logging.getLogger("exchangelib").setLevel(logging.CRITICAL)  # it logs whole requests when something breaks
        config = Configuration(
            credentials=credentials,
            service_endpoint=settings.url,
            auth_type=auth,
            version=_VERSION,
            retry_policy=AskOnce(),
            max_connections=1,
        )
        self.primary_smtp_address = address
        self.protocol = OwnProtocol(config=config, settings=settings)
        self.version = _VERSION
        self.access_type = IMPERSONATION if settings.impersonate else DELEGATE
        self.identity = Identity(primary_smtp_address=address)
        self.default_timezone = None
        self.affinity_cookie = None

    def sign_in(self) -> None:
        """See to a token before anything is sent. Raises `SignInFailed`, `Unreachable`."""
        if self.protocol.bearer is not None:
            self.protocol.bearer.token()

    def close(self) -> None:
        """Close the connection."""
        self.protocol.close()
