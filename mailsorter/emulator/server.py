"""The HTTP server: Entra's endpoints, Graph's face and the emulator's own endpoint on one loopback port."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import AsyncIterator
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, StreamingResponse
from starlette.responses import Response as HttpResponse
from starlette.routing import Route, request_response
from starlette.types import Message, Receive, Scope, Send

from mailsorter.emulator.control import Control, ControlError
from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.ews.face import PATH as EWS_PATH
from mailsorter.emulator.ews.face import EwsFace
from mailsorter.emulator.graph.face import Face
from mailsorter.emulator.graph.wire import Effect, Request, Response, error_answer, new_request_id
from mailsorter.emulator.identity import Identity, SignInError
from mailsorter.emulator.store.surrogates import in_json, in_xml

_log = logging.getLogger("mailsorter.emulator")

#: What Graph takes in one request, batch bodies included.
MAX_BODY_BYTES = 150 * 1024 * 1024

_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


def is_loopback(host: str) -> bool:
    """Does a Host header name this machine? Others are refused, so that no web page can reach the emulator by DNS."""
    name = host.rpartition(":")[0] if host.count(":") == 1 else host
    name = name.strip("[]").partition("]")[0] if host.startswith("[") else name
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name.lower() == "localhost"


#: What counts as a large body for a server that drops the next request on its connection.
LARGE_BODY_BYTES = 16_384


class Web:
    """The ASGI application over one store."""

    def __init__(self, face: Face, identity: Identity, control: Control | None = None) -> None:
        self.face = face
        self.identity = identity
        self.control = control
        self.ews = EwsFace(face.store, identity, face.throttle, face.conditions, face.faults)
        self._spoilt: set[tuple[str, int]] = set()  # connections that took a large body
        self._app = Starlette(
            routes=[
                Route("/", self._hello, methods=["GET"]),
                Route("/_emulator", self._steer, methods=_METHODS),
                Route("/_emulator/{path:path}", self._steer, methods=_METHODS),
                Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
                Route("/{tenant}/v2.0/.well-known/openid-configuration", self._openid, methods=["GET"]),
                Route("/{tenant}/discovery/v2.0/keys", self._keys, methods=["GET"]),
                Route("/{tenant}/discovery/instance", self._instance, methods=["GET"]),
                Route("/{path:path}", self._graph, methods=_METHODS),
            ]
        )
        self._app.router.default = request_response(self._graph)  # a path with a line break matches no pattern

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            host = dict(scope["headers"]).get(b"host", b"localhost").decode("latin-1")
            if not is_loopback(host):
                refusal = JSONResponse({"error": "the emulator answers on loopback only"}, status_code=421)
                await refusal(scope, receive, send)
                return
            # uvicorn's own: the only way to close a connection without an answer
            scope["emulator.transport"] = getattr(getattr(receive, "__self__", None), "transport", None)
        await self._app(scope, receive, self._dated(send))

    def _dated(self, send: Send) -> Send:
        """Every answer, a refusal of sign-in too, says what time it is here: clients compare clocks by it."""

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                if not any(name.lower() == b"date" for name, _ in headers):
                    now = formatdate(self.face.store.clock.now_s(), usegmt=True)
                    message = {**message, "headers": [*headers, (b"date", now.encode("ascii"))]}
            await send(message)

        return dated

    async def _hello(self, request: HttpRequest) -> HttpResponse:
        return JSONResponse({"name": "mailsorter emulator", "graph": f"{origin_of(request)}/v1.0"})

    async def _openid(self, request: HttpRequest) -> HttpResponse:
        return JSONResponse(self.identity.openid_configuration(origin_of(request), request.path_params["tenant"]))

    async def _instance(self, request: HttpRequest) -> HttpResponse:
        return JSONResponse(self.identity.instance_discovery(origin_of(request), request.path_params["tenant"]))

    async def _keys(self, request: HttpRequest) -> HttpResponse:
        return JSONResponse(self.identity.keys())

    async def _token(self, request: HttpRequest) -> HttpResponse:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        tenant = request.path_params["tenant"]
        try:
            return JSONResponse(await run_in_threadpool(self.identity.token, origin_of(request), tenant, form))
        except SignInError as error:
            moment = self.face.store.clock.now().strftime("%Y-%m-%d %H:%M:%SZ")
            payload = {
                "error": error.error,
                "error_description": f"{error.text} Trace ID: {new_request_id()} Timestamp: {moment}",
                "error_codes": [error.number],
                "timestamp": moment,
                "trace_id": new_request_id(),
                "correlation_id": request.headers.get("client-request-id", new_request_id()),
            }
            return JSONResponse(payload, status_code=error.status)

    async def _steer(self, request: HttpRequest) -> HttpResponse:
        if self.control is None:
            return as_json({"error": "not switched on"}, 404)
        if not is_own_origin(request):
            return as_json({"error": "a web page of another origin may not steer the emulator"}, 403)
        path, content_type = request.path_params.get("path", ""), request.headers.get("content-type", "")
        try:
            body = await request.body()
            return as_json(await run_in_threadpool(self.control.answer, request.method, path, body, content_type))
        except ControlError as error:
            return as_json({"error": str(error)}, error.status)
        except ExchangeError as error:
            return as_json({"error": str(error)}, error.status)

    async def _ews(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return HttpResponse(b"", 405)
        authorization = request.headers.get("authorization", "")
        anchor = request.headers.get("x-anchormailbox", "")
        body = await request.body()
        if self._is_dropped(request, len(body)):
            return HttpResponse(b"", 400, {"Connection": "close"})
        response = await run_in_threadpool(self.ews.handle, authorization, body, anchor)
        shown = in_xml(response.body)
        return with_effect(response.effect, response.status, shown, response.headers, "text/xml; charset=utf-8")

    def _is_dropped(self, request: HttpRequest, size: int) -> bool:
        """Is this the request after a large one on the same connection, at a server that answers 400 to it then?"""
        if not self.face.conditions.ews.drops_after_large_body or request.client is None:
            return False
        connection = (request.client.host, request.client.port)
        if connection in self._spoilt:
            self._spoilt.discard(connection)
            return True
        if size > LARGE_BODY_BYTES:
            self._spoilt.add(connection)
        return False

    async def _graph(self, request: HttpRequest) -> HttpResponse:
        if request.url.path.lower() == EWS_PATH:
            return await self._ews(request)
        body = await request.body()
        response = await run_in_threadpool(self._answer, request, body)
        return to_http(response)

    def _answer(self, http: HttpRequest, body: bytes) -> Response:
        now_s = self.face.store.clock.now_s()
        try:
            if len(body) > MAX_BODY_BYTES:
                raise ExchangeError("RequestEntityTooLarge", "The request body is too large.")
            app, roles = self.identity.app_of(http.headers.get("authorization", ""))
        except ExchangeError as error:
            return error_answer(error, now_s=now_s, request_id=new_request_id())
        raw_path = http.scope.get("raw_path") or http.scope["path"].encode()
        return self.face.handle(
            Request(
                method=http.method,
                path=raw_path.decode("latin-1").partition("?")[0],
                query=http.scope["query_string"].decode("latin-1"),
                headers={name.lower(): value for name, value in http.headers.items()},
                body=body,
                origin=origin_of(http),
                app=app,
                roles=roles,
            )
        )


def origin_of(request: HttpRequest) -> str:
    """Scheme and host as the client addressed them."""
    return f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}"


def is_own_origin(request: HttpRequest) -> bool:
    """May who asks steer the emulator: a program, which names no origin, or a page of the emulator's own?

    Browsers name the page's origin with every request that changes something (Fetch standard, section 3.1), and how
    far away it is with all (Sec-Fetch-Site).
    """
    origins = request.headers.getlist("origin")
    site = request.headers.get("sec-fetch-site", "none")
    return all(origin == origin_of(request) for origin in origins) and site in ("none", "same-origin")


def to_http(response: Response) -> HttpResponse:
    """The answer as HTTP, with what its effect does to it."""
    headers = {name: value for name, value in response.headers.items() if value.isascii() and value.isprintable()}
    is_json = response.content_type.startswith("application/json")
    body = in_json(response.body) if is_json else response.body
    return with_effect(response.effect, response.status, body, headers, response.content_type)


def with_effect(
    effect: Effect | None, status: int, body: bytes, headers: dict[str, str], content_type: str
) -> HttpResponse:
    """An answer of either face as HTTP: cut, cut short or slow where its effect says so."""
    effect = effect or Effect()
    if effect.cut:
        return CutConnection()
    if effect.truncate:
        body = body[: max(1, len(body) // 2)]
    if body and effect.bytes_per_s:
        pieces = _trickle(body, effect.bytes_per_s)
        return StreamingResponse(pieces, status, {**headers, "Content-Length": str(len(body))}, media_type=content_type)
    return HttpResponse(body, status, headers, media_type=content_type if body else None)


async def _trickle(body: bytes, bytes_per_s: int) -> AsyncIterator[bytes]:
    """The body, a tenth of a second's worth at a time."""
    step = max(1, bytes_per_s // 10)
    for start in range(0, len(body), step):
        yield body[start : start + step]
        await asyncio.sleep(step / bytes_per_s)


class CutConnection(HttpResponse):
    """No answer: the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = scope.get("emulator.transport")
        if transport is not None:
            transport.abort()


def as_json(payload: Any, status: int = 200) -> HttpResponse:
    """A JSON answer of the emulator's own endpoint."""
    return HttpResponse(msgspec.json.encode(payload), status, media_type="application/json")
