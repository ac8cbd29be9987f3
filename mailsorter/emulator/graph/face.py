"""Graph's mail face as a whole: a request with a known app in, an answer out.

Order of refusals, as in Exchange Online: path, app and mailbox, permission, throttling, then the operation's own.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack

from mailsorter.emulator.conditions import Conditions, TruncatedPage
from mailsorter.emulator.errors import ExchangeError, access_denied
from mailsorter.emulator.faults import Faults, Strike
from mailsorter.emulator.graph import batch, directory
from mailsorter.emulator.graph.auxiliary import guid_in, redirect
from mailsorter.emulator.graph.rights import Right, check_directory, check_right, has_right
from mailsorter.emulator.graph.router import Call, Route, Router
from mailsorter.emulator.graph.routes import ADMIN_ROUTES, MAIL_ROUTES
from mailsorter.emulator.graph.wire import (
    Request,
    Response,
    answer,
    error_answer,
    new_request_id,
    path_segments,
    standard_headers,
)
from mailsorter.emulator.meddler import meddle
from mailsorter.emulator.store import Mailbox, Store
from mailsorter.emulator.throttle import Throttle

_log = logging.getLogger("mailsorter.emulator")

#: How often retention is applied while requests come in; Exchange's assistant runs when it likes, tests cannot wait.
_ASSISTANT_EVERY_S = 3600

_UPLOADS = frozenset({"POST", "PATCH", "PUT"})


class Face:
    """Answers Graph requests over one store."""

    def __init__(
        self,
        store: Store,
        throttle: Throttle | None = None,
        conditions: Conditions | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.store = store
        self.conditions = conditions or Conditions(store.clock)
        self.throttle = throttle or Throttle(store.clock)
        self.faults = faults or Faults()
        self.requests: Counter[str] = Counter()
        """Requests answered so far, by method and row of the table; items of batches one by one."""
        self._assistant_ran_s = store.clock.now_s()
        self._mail = Router(MAIL_ROUTES)
        self._admin = Router(ADMIN_ROUTES)

    def handle(self, request: Request, *, lane: int = 1) -> Response:
        """Answer a request; never raises."""
        request_id = new_request_id()
        now_s = self.store.clock.now_s()
        strike = self.faults.strike(request)
        if now_s - self._assistant_ran_s >= _ASSISTANT_EVERY_S:
            self._assistant_ran_s = now_s
            self.store.recoverable.process()
        try:
            response = self._struck(request, strike, lane) if strike else self._dispatch(request, lane)
        except ExchangeError as error:
            client_request_id = request.headers.get("client-request-id", "")
            response = error_answer(error, now_s=now_s, request_id=request_id, client_request_id=client_request_id)
        except TruncatedPage:  # seen in a tenant: 200, and the body stops right there
            response = Response(200, b'{"@odata.context":"' + request.origin.encode() + b'/v1.0/$metadata","value":[')
        except Exception:  # noqa: BLE001  # a bug of the emulator must not look like a lost connection
            _log.exception("the emulator itself failed on %s", request.method)
            failure = ExchangeError("ErrorInternalServerError", "The emulator itself failed; see its log.")
            response = error_answer(failure, now_s=now_s, request_id=request_id)
        if strike and strike.empty_body:
            response.body = b""
        skew_s = strike.skew_s if strike else 0.0
        response.headers = {**standard_headers(request, now_s + skew_s, request_id), **response.headers}
        return response

    def _struck(self, request: Request, strike: Strike, lane: int) -> Response:
        """A request that the fault plan strikes."""
        request.latency_s = strike.latency_s
        request.break_entries = strike.break_entries
        self._disturb(request, strike)
        if strike.cut_before:
            return Response(503, effect=strike.effect)
        if strike.error is not None:
            self._wait(request)
            raise strike.error
        response = self._dispatch(request, lane)
        response.effect = strike.effect or response.effect
        return response

    def _disturb(self, request: Request, strike: Strike) -> None:
        segments = path_segments(request.path)
        mailbox = self.store.mailboxes.by_any_name(segments[2]) if len(segments) > 2 else None
        if strike.lose_delta_state:
            self.conditions.lose_delta_state(mailbox.id if mailbox else None)
        if strike.meddle and mailbox is not None:
            meddle(self.store, mailbox, strike.meddle, self.faults.choose)

    def _wait(self, request: Request) -> None:
        if request.latency_s > 0:
            time.sleep(request.latency_s)

    def _dispatch(self, request: Request, lane: int) -> Response:
        segments = path_segments(request.path)
        version = segments.pop(0).lower() if segments else ""
        if version not in ("v1.0", "beta"):
            raise ExchangeError("BadRequest", "Invalid version: use v1.0 or beta.")
        beta = version == "beta"
        lowered = [segment.lower() for segment in segments]
        match lowered:
            case ["$batch"]:
                return batch.answer_batch(self, request, version)
            case ["users"]:
                self._directory(request)
                return directory.list_users(self, request)
            case ["users", _]:
                self._directory(request)
                return directory.get_user(self, request, segments[1])
            case ["me"]:
                return directory.get_user(self, request, self._me(request))
            case ["users", _, *_]:
                return self._mailbox_call(request, self._mail, segments[1], segments[2:], beta, lane)
            case ["me", *_]:
                return self._mailbox_call(request, self._mail, self._me(request), segments[1:], beta, lane)
            case ["admin", "exchange", "mailboxes", _, *_]:
                return self._mailbox_call(request, self._admin, segments[3], segments[4:], beta, lane)
            case []:
                return answer({"@odata.context": f"{request.origin}/{version}/$metadata", "value": []})
        raise ExchangeError("BadRequest", f"Resource not found for the segment '{segments[0]}'.")

    def _directory(self, request: Request) -> None:
        check_directory(request.roles, Right.USERS)
        if request.method != "GET":
            raise ExchangeError("MethodNotAllowed", "The emulator's directory is read-only.")

    def _me(self, request: Request) -> str:
        if not request.app.me:
            raise ExchangeError("BadRequest", "/me request is only valid with delegated authentication flow.")
        return request.app.me

    def _mailbox_call(
        self, request: Request, router: Router, name: str, segments: list[str], beta: bool, lane: int
    ) -> Response:
        route, words = router.find(request.method, segments, beta=beta)
        mailbox = self._open(request, route, name, admin=router is self._admin)
        if mailbox.kind == "archive" and router is self._admin and not beta:
            raise ExchangeError("ResourceNotFound", "The in-place archive is reachable through beta only.")
        size = len(request.body) if request.method in _UPLOADS else 0
        with ExitStack() as stack:
            if not (router is self._mail and segments[0].lower() == "settings"):
                stack.enter_context(
                    self.throttle.admit(request.app.client_id, mailbox.id, upload_bytes=size, lane=lane)
                )
            self._wait(request)
            self.requests[f"{route.method} {'/'.join(route.pattern)}"] += 1
            call = Call(self, request, mailbox, words, beta)
            if mailbox.kind != "archive":
                return route.handler(call)
            guid = guid_in(name)
            call.auxiliary = guid if guid != mailbox.guid else ""
            start = ("admin", "exchange", "mailboxes") if router is self._admin else ("users",)
            return redirect(call, route, start, segments) or route.handler(call)

    def _open(self, request: Request, route: Route, name: str, *, admin: bool) -> Mailbox:
        mailbox = self.store.mailboxes.by_any_name(name)
        if mailbox is None and not self._may_ask(request, route):
            raise access_denied()
        if mailbox is not None:
            check_right(request.app, request.roles, route.right, mailbox, self.store.mailboxes.addresses(mailbox))
        if admin and not name.upper().startswith("MBX:"):
            raise ExchangeError("ErrorInvalidRequest", "The mailbox id must be an exchange mailbox id (MBX:…).")
        return self.store.mailboxes.open(name)

    def _may_ask(self, request: Request, route: Route) -> bool:
        """An app without the right at all learns nothing about which mailboxes exist."""
        wide = bool(request.roles.intersection(route.right.value))
        return wide or bool(request.app.assignments)

    def allowed(self, call: Call, rights: Iterable[Right]) -> bool:
        """Has the caller one of these rights in the call's mailbox?"""
        addresses = self.store.mailboxes.addresses(call.mailbox)
        return any(has_right(call.request.app, call.request.roles, right, addresses) for right in rights)
