"""Entra's part: OpenID discovery and tokens for apps, by secret, certificate or federated credential.

Tokens are ES256 JWTs with the claims a Graph token has; `roles` holds the tenant-wide application permissions only, for
RBAC for Applications appears in no token. Their expiry follows the emulator's clock.
"""

from __future__ import annotations

import hmac
import threading
import uuid
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.store import Store
from mailsorter.emulator.store.apps import App
from mailsorter.emulator.store.mailboxes import TENANT_ID

LIFETIME_S = 3599
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS = ["RS256", "PS256", "RS384", "RS512", "ES256", "ES384"]
_GRAPH = "https://graph.microsoft.com"
_GRAPH_APP = "00000003-0000-0000-c000-000000000000"


class SignInError(Exception):
    """The token endpoint refuses: OAuth's error word, Entra's AADSTS number, the status."""

    def __init__(self, error: str, number: int, text: str, status: int = 401) -> None:
        super().__init__(text)
        self.error = error
        self.number = number
        self.text = f"AADSTS{number}: {text}"
        self.status = status


class Identity:
    """Gives tokens and knows them again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._public = self._key.public_key()
        self._known: dict[str, dict[str, Any]] = {}
        self._generation = 1  # goes up when all tokens are revoked: times are too coarse to tell old from new
        self.lifetime_s = LIFETIME_S

    # discovery

    def openid_configuration(self, origin: str, tenant: str) -> dict[str, Any]:
        """`/{tenant}/v2.0/.well-known/openid-configuration`."""
        base = f"{origin}/{tenant}"
        return {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "tid", "ver"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": origin.partition("://")[2],
        }

    def instance_discovery(self, origin: str, tenant: str) -> dict[str, Any]:
        """`/common/discovery/instance`."""
        host = origin.partition("://")[2]
        return {
            "tenant_discovery_endpoint": f"{origin}/{tenant}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }

    def keys(self) -> dict[str, Any]:
        """The JWKS that verifies tokens."""
        jwk = jwt.algorithms.ECAlgorithm.to_jwk(self._public, as_dict=True)
        return {"keys": [{**jwk, "kid": "emulator", "use": "sig", "alg": "ES256"}]}

    # tokens

    def token(self, origin: str, tenant: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer a token request.

        Raises:
            SignInError: unknown app, wrong or expired secret, bad assertion, unsupported grant or scope.
        """
        if form.get("grant_type") != "client_credentials":
            raise SignInError("unsupported_grant_type", 70003, "The app requested an unsupported grant type.", 400)
        client_id = form.get("client_id", "")
        app = self._store.apps.get(client_id)
        if app is None:
            raise SignInError(
                "unauthorized_client",
                700016,
                f"Application with identifier '{client_id}' was not found in the directory.",
                400,
            )
        self._check_credential(app, form)
        scope = form.get("scope", "")
        if not any(part.endswith("/.default") for part in scope.split()):
            raise SignInError(
                "invalid_scope",
                1002012,
                f"The scope {scope} is not valid: client credentials need the resource identifier with /.default.",
                400,
            )
        return {
            "token_type": "Bearer",
            "expires_in": self.lifetime_s,
            "ext_expires_in": self.lifetime_s,
            "access_token": self.make_token(app, origin=origin, tenant=tenant),
        }

    def make_token(self, app: App, *, origin: str = "http://127.0.0.1", tenant: str = TENANT_ID) -> str:
        """An access token for an app, without asking it for anything."""
        now = int(self._store.clock.now_s())
        claims: dict[str, Any] = {
            "aud": _GRAPH,
            "iss": f"{origin}/{tenant}/",
            "iat": now,
            "nbf": now - 300,
            "exp": now + self.lifetime_s,
            "app_displayname": app.client_id,
            "appid": app.client_id,
            "appidacr": "1" if app.secrets else "2",
            "idtyp": "app",
            "oid": str(uuid.uuid5(uuid.NAMESPACE_URL, "sp:" + app.client_id)),
            "tid": TENANT_ID,
            "uti": uuid.uuid4().hex[:22],
            "ver": "1.0",
            "emulator_generation": self._generation,
        }
        if app.roles:
            claims["roles"] = list(app.roles)
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": "emulator"})

    def _check_credential(self, app: App, form: Mapping[str, str]) -> None:
        secret = form.get("client_secret")
        if secret is not None:
            if any(hmac.compare_digest(secret.encode(), known.encode()) for known in app.expired_secrets):
                raise SignInError(
                    "invalid_client", 7000222, f"The provided client secret keys for app '{app.client_id}' are expired."
                )
            if not any(hmac.compare_digest(secret.encode(), known.encode()) for known in app.secrets):
                raise SignInError(
                    "invalid_client",
                    7000215,
                    "Invalid client secret provided.",
                )
            return
        if form.get("client_assertion_type") == _ASSERTION_TYPE and form.get("client_assertion"):
            self._check_assertion(app, form["client_assertion"])
            return
        raise SignInError(
            "invalid_client",
            7000218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        )

    def _check_assertion(self, app: App, assertion: str) -> None:
        """A JWT signed by a registered certificate, or a federated token that the registration names."""
        try:
            claims = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.PyJWTError as error:
            raise SignInError("invalid_client", 50027, f"JWT token is invalid or malformed: {error}") from None
        if any(self._is_federated(app, assertion, claims, number) for number in range(len(app.federations))):
            return
        if any(self._is_signed_by(app, assertion, pem) for pem in app.certificates):
            return
        raise SignInError(
            "invalid_client",
            700027,
            "The certificate with identifier used to sign the client assertion is not registered on application.",
        )

    def _decode(self, assertion: str, key: Any) -> dict[str, Any] | None:
        """Claims of an assertion whose signature holds, with times judged by the emulator's clock."""
        try:
            claims: dict[str, Any] = jwt.decode(
                assertion,
                key,
                algorithms=_ALGORITHMS,
                options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except jwt.PyJWTError:
            return None
        now = self._store.clock.now_s()
        if not float(claims.get("nbf", 0)) - 300 <= now <= float(claims.get("exp", 0)) + 300:
            raise SignInError("invalid_client", 700024, "Client assertion is not within its valid time range.")
        return claims

    def _is_signed_by(self, app: App, assertion: str, pem: str) -> bool:
        key = x509.load_pem_x509_certificate(pem.encode()).public_key()
        claims = self._decode(assertion, key)
        return claims is not None and claims.get("iss") == app.client_id and claims.get("sub") == app.client_id

    def _is_federated(self, app: App, assertion: str, claims: Mapping[str, Any], number: int) -> bool:
        wanted = app.federations[number]
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if (
            claims.get("iss") != wanted.issuer
            or claims.get("sub") != wanted.subject
            or wanted.audience not in audiences
        ):
            return False
        if wanted.public_key is None:
            return True
        return self._decode(assertion, serialization.load_pem_public_key(wanted.public_key.encode())) is not None

    # recognising

    def app_of(self, authorization: str) -> tuple[App, frozenset[str]]:
        """The app behind an Authorization header, and its token's roles.

        Raises:
            ExchangeError: InvalidAuthenticationToken: none, not ours, expired, revoked, or the app is gone.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthenticated("Access token is empty.")
        claims = self._claims(token.strip())
        if float(claims["exp"]) <= self._store.clock.now_s():
            raise _unauthenticated("Lifetime validation failed, the token is expired.")
        if int(claims.get("emulator_generation", 0)) < self._generation:
            raise _unauthenticated("Access token has been revoked.")
        app = self._store.apps.get(str(claims["appid"]))
        if app is None:
            raise _unauthenticated("The identity of the calling application could not be established.")
        return app, frozenset(claims.get("roles", ()))

    def _claims(self, token: str) -> dict[str, Any]:
        with self._lock:
            known = self._known.get(token)
        if known is not None:
            return known
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._public,
                algorithms=["ES256"],
                audience=_GRAPH,
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except jwt.PyJWTError:
            raise _unauthenticated("IDX14100: JWT is not well formed or its signature does not hold.") from None
        with self._lock:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[token] = claims
        return claims

    def revoke_all(self) -> None:
        """Every token given out so far is refused from now on."""
        with self._lock:
            self._generation += 1


def _unauthenticated(text: str) -> ExchangeError:
    authorize = "https://login.microsoftonline.com/common/oauth2/authorize"
    challenge = f'Bearer realm="", authorization_uri="{authorize}", client_id="{_GRAPH_APP}"'
    return ExchangeError("InvalidAuthenticationToken", text, headers={"WWW-Authenticate": challenge})
