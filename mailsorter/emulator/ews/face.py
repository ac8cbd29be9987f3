"""EWS as a whole: `POST /EWS/Exchange.asmx` in any case, Basic or Bearer sign-in, one operation, an answer or a fault.

Order of refusals: sign-in (401 with WWW-Authenticate), XML, schema (`schema.judge`), mailbox and right to it,
throttling, then the operation's.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mailsorter.emulator.conditions import Conditions
from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.ews import folders, ids, items, sync
from mailsorter.emulator.ews.call import Call
from mailsorter.emulator.ews.schema import judge
from mailsorter.emulator.ews.soap import SoapRequest, answer, code_of, fault, other_code, read_request, rename_codes
from mailsorter.emulator.faults import Faults, Strike
from mailsorter.emulator.graph.rights import Right, has_right
from mailsorter.emulator.graph.wire import Effect, Request
from mailsorter.emulator.identity import Identity
from mailsorter.emulator.store import Mailbox, Store
from mailsorter.emulator.store.apps import App
from mailsorter.emulator.throttle import Throttle

_log = logging.getLogger("mailsorter.emulator")
PATH = "/ews/exchange.asmx"

OPERATIONS: dict[str, Callable[[Call], list[Any]]] = {
    "GetFolder": folders.get_folder,
    "FindFolder": folders.find_folder,
    "CreateFolder": folders.create_folder,
    "UpdateFolder": folders.update_folder,
    "MoveFolder": folders.move_folder,
    "DeleteFolder": folders.delete_folder,
    "SyncFolderHierarchy": sync.sync_hierarchy,
    "SyncFolderItems": sync.sync_items,
    "FindItem": items.find_item,
    "GetItem": items.get_item,
    "CreateItem": items.create_item,
    "MoveItem": items.move_item,
    "CopyItem": items.copy_item,
    "DeleteItem": items.delete_item,
    "UpdateItem": items.update_item,
    "ConvertId": items.convert_id,
}
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="emulator"'}


@dataclass(slots=True)
class EwsResponse:
    """One answer as HTTP sends it."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    effect: Effect | None = None


class EwsFace:
    """Answers EWS requests over the store that Graph's face shows as well."""

    def __init__(
        self, store: Store, identity: Identity, throttle: Throttle, conditions: Conditions, faults: Faults
    ) -> None:
        self.store = store
        self._identity = identity
        self._throttle = throttle
        self._conditions = conditions
        self._faults = faults
        self.schema_faults: list[str] = []
        """What was wrong with each request that broke the schema so far."""
        self.requests: Counter[str] = Counter()
        """How many requests of each operation there were."""

    def handle(self, authorization: str, body: bytes, anchor: str = "") -> EwsResponse:
        """Answer a request; never raises. `anchor` is the X-AnchorMailbox header: whose ids they are, where nothing
        else in the request says so (Exchange itself reads it from the ids)."""
        try:
            app, roles = self._sign_in(authorization)
        except ExchangeError:
            return EwsResponse(401, headers=dict(_CHALLENGE))
        version = self._conditions.ews.version
        request: SoapRequest | None = None
        try:
            request = read_request(body)
            self.requests[request.operation] += 1
            self._judge(request)
            return self._answer(app, roles, request, anchor)
        except ExchangeError as error:
            if self._conditions.ews.other_codes:
                error = _under_other_code(request, error)
            return EwsResponse(500, fault(error, version.header))
        except Exception:  # noqa: BLE001  # a bug of the emulator must not look like a lost connection
            _log.exception("the emulator itself failed on an EWS request")
            failed = ExchangeError("ErrorInternalServerError", "The emulator itself failed.")
            return EwsResponse(500, fault(failed, version.header))

    def _judge(self, request: SoapRequest) -> None:
        try:
            for element in (*request.headers, request.body):
                judge(element, self._conditions.ews.version)
        except ExchangeError as error:
            self.schema_faults.append(error.message)
            raise

    def _answer(self, app: App, roles: frozenset[str], request: SoapRequest, anchor: str) -> EwsResponse:
        operation = OPERATIONS.get(request.operation)
        if operation is None:
            raise ExchangeError("ErrorInvalidRequest", f"The emulator has no operation {request.operation}.")
        name = request.impersonated or ids.mailbox_named(request.body) or anchor or app.me
        mailbox = self._open(app, roles, name)
        strike = self._strike(app, request.operation, name)
        if strike is not None:
            if strike.lose_delta_state:
                self._conditions.lose_delta_state(mailbox.id)
            if strike.cut_before:
                return EwsResponse(503, effect=strike.effect)
            if strike.error is not None:
                raise strike.error
        version = self._conditions.ews.version
        with self._throttle.admit(app.client_id, mailbox.id):
            messages = operation(Call(self.store, self._conditions, mailbox, request.body))
        if self._conditions.ews.other_codes:
            rename_codes(request.operation, messages)
        return EwsResponse(
            200, answer(request.operation, messages, version.header), effect=strike.effect if strike else None
        )

    def _strike(self, app: App, operation: str, name: str) -> Strike | None:
        """Fault plans name an EWS request by the path `users/ADDRESS/ews/OPERATION`."""
        pretended = Request(
            method="POST",
            path=f"/ews/users/{name}/ews/{operation}",
            query="",
            headers={},
            body=b"",
            origin="",
            app=app,
            roles=frozenset(),
        )
        return self._faults.strike(pretended)

    def _open(self, app: App, roles: frozenset[str], name: str) -> Mailbox:
        """The mailbox meant, when it lives on premises or anywhere else that EWS reaches, and the app may."""
        mailbox = self.store.mailboxes.by_any_name(name) if name else None
        if mailbox is None or mailbox.state not in ("ok", "on-premises"):
            raise ExchangeError("ErrorNonExistentMailbox", "No mailbox with such guid or address.")
        if not has_right(app, roles, Right.WRITE, self.store.mailboxes.addresses(mailbox)):
            raise ExchangeError("ErrorImpersonateUserDenied", "The account does not have permission to impersonate.")
        return mailbox

    def _sign_in(self, authorization: str) -> tuple[App, frozenset[str]]:
        """Basic with an app's name and secret, or a token. Raises `ExchangeError`."""
        kind, _, given = authorization.partition(" ")
        if kind.lower() != "basic":
            return self._identity.app_of(authorization)
        try:
            username, _, password = base64.b64decode(given, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise ExchangeError("InvalidAuthenticationToken", "The credentials cannot be read.") from None
        app = self.store.apps.get(username.rpartition("\\")[2])
        if app is None or not any(hmac.compare_digest(password.encode(), s.encode()) for s in app.secrets):
            raise ExchangeError("InvalidAuthenticationToken", "Wrong user name or password.")
        return app, frozenset(app.roles)


def _under_other_code(request: SoapRequest | None, error: ExchangeError) -> ExchangeError:
    operation = request.operation if request else ""
    named = "ErrorFolderNotFound" if code_of(error) == "ErrorItemNotFound" else code_of(error)  # the target's, here
    code = other_code(operation, named if operation in ("MoveItem", "CopyItem") else code_of(error))
    return error if code == code_of(error) else ExchangeError(code, error.message)
