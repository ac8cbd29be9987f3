"""A Graph request and its answer as values: the same for a call of its own and for an item of a `$batch`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any, cast
from urllib.parse import parse_qsl, unquote

import msgspec

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.odata.options import Options, read_options
from mailsorter.emulator.store.apps import App

JSON_TYPE = "application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false; charset=utf-8"


@dataclass(slots=True)
class Request:
    """One Graph request, its path still as the client wrote it."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    origin: str
    """`http://127.0.0.1:8080`: what nextLink, deltaLink and Location begin with."""
    app: App
    roles: frozenset[str]
    """The token's `roles`."""
    in_batch: bool = False
    latency_s: float = 0.0
    """How long Exchange takes for it, as a fault plan says; the request counts as running meanwhile."""
    break_entries: int = 0
    """So many entries of a search's page are errors in place of messages, as a fault plan says."""
    _options: Options | None = None

    @property
    def options(self) -> Options:
        """Query options, read once."""
        if self._options is None:
            self._options = read_options(parse_qsl(self.query, keep_blank_values=True))
        return self._options

    @property
    def immutable(self) -> bool:
        """Did the client ask for immutable ids?"""
        return any(part == "idtype=immutableid" for part in self.preferences())

    def preferences(self) -> list[str]:
        """The Prefer header's parts, lower case, without quotes and spaces."""
        text = self.headers.get("prefer", "")
        return [part.strip().lower().replace('"', "").replace(" ", "") for part in text.split(",") if part.strip()]

    def preference(self, name: str) -> str | None:
        """The value of one preference."""
        for part in self.preferences():
            key, _, value = part.partition("=")
            if key == name:
                return value
        return None

    def json(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            ExchangeError: it is none.
        """
        if not self.body:
            return {}
        try:
            found = msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            raise ExchangeError(
                "BadRequest",
                "Unable to read JSON request payload: it is not of valid JSON format.",
            ) from None
        except UnicodeDecodeError:
            raise ExchangeError("BadRequest", "Unable to read JSON request payload.") from None
        if not isinstance(found, dict):
            raise ExchangeError("BadRequest", "Empty Payload. JSON content expected.")
        return cast("dict[str, Any]", found)


@dataclass(frozen=True, slots=True)
class Effect:
    """What the connection does to an answer."""

    cut: bool = False
    """Nothing arrives: the connection is closed instead."""
    truncate: bool = False
    """The body stops in the middle, with a status and length that look right."""
    bytes_per_s: int | None = None


@dataclass(slots=True)
class Response:
    """One Graph answer; `body` is ready bytes."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON_TYPE
    effect: Effect | None = None


def answer(payload: Mapping[str, Any] | bytes, status: int = 200, **headers: str) -> Response:
    """A JSON answer; header names are written with underscores."""
    body = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
    return Response(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def no_content() -> Response:
    """204."""
    return Response(204)


def error_answer(error: ExchangeError, *, now_s: float, request_id: str, client_request_id: str = "") -> Response:
    """An error in Graph's form."""
    moment = datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    inner = {"date": moment, "request-id": request_id, "client-request-id": client_request_id or request_id}
    payload = {"error": {"code": error.code, "message": error.message, "innerError": inner}}
    return Response(error.status, msgspec.json.encode(payload), dict(error.headers))


def standard_headers(request: Request, now_s: float, request_id: str) -> dict[str, str]:
    """What every answer carries."""
    headers = {
        "Cache-Control": "private",
        "Date": formatdate(now_s, usegmt=True),
        "request-id": request_id,
        "client-request-id": request.headers.get("client-request-id", request_id),
        "x-ms-ags-diagnostic": '{"ServerInfo":{"DataCenter":"Loopback","RoleInstance":"EMULATOR"}}',
    }
    applied = []
    if request.immutable:
        applied.append('IdType="ImmutableId"')
    body_type = request.preference("outlook.body-content-type")
    if body_type in ("text", "html"):
        applied.append(f'outlook.body-content-type="{body_type}"')
    size = request.preference("odata.maxpagesize")
    if size and "delta" in request.path.lower():
        applied.append(f"odata.maxpagesize={size}")
    if applied:
        headers["Preference-Applied"] = ", ".join(applied)
    return headers


def new_request_id() -> str:
    """The id that an answer carries for the log."""
    return str(uuid.uuid4())


def iso(seconds: int) -> str:
    """A time as Graph writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def path_segments(path: str) -> list[str]:
    """Segments of a request path, decoded, as clients really write them: doubled slashes, `mailFolders('inbox')`,
    `delta()`, `microsoft.graph.delta()`, `users('$x@y')`."""
    segments: list[str] = []
    for raw in path.split("/"):
        if raw:
            segments.extend(_keyed(unquote(raw, errors="replace").removeprefix("microsoft.graph.")))
    return segments


def _keyed(segment: str) -> list[str]:
    """`mailFolders('inbox')` as two segments, `delta()` as one."""
    if segment.endswith(")") and "(" in segment:
        name, _, key = segment[:-1].partition("(")
        if not key:
            return [name]
        if len(key) >= 2 and key[0] == key[-1] == "'" and name:
            return [name, key[1:-1].replace("''", "'")]
    return [segment]
