"""`$batch`: up to twenty requests in one, each throttled and answered on its own; no transaction.

Exchange takes at most four unordered items of a batch at a time per mailbox, so an unordered batch counts as up to four
running requests and a second one beside it earns 429 on single items; with `dependsOn` items run one at a time.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.graph.wire import Effect, Request, Response, answer

if TYPE_CHECKING:
    from mailsorter.emulator.graph.face import Face

MAX_ITEMS = 20
_LANES = 4


def _refuse(message: str) -> ExchangeError:
    return ExchangeError("BadRequest", message)


def _read_items(request: Request) -> list[dict[str, Any]]:
    """The batch's items, checked as a whole: one bad item and nothing is done."""
    if request.in_batch:
        raise _refuse("A batch cannot contain a batch.")
    if request.method != "POST":
        raise ExchangeError("MethodNotAllowed", "A batch is a POST.")
    items = request.json().get("requests")
    if not isinstance(items, list) or not items:
        raise _refuse("Batch request must have a non-empty array 'requests'.")
    if len(items) > MAX_ITEMS:
        raise _refuse(f"Number of batch request steps exceeds the maximum value of {MAX_ITEMS}.")
    seen: set[str] = set()
    for item in items:
        number = item.get("id") if isinstance(item, dict) else None
        if (
            not isinstance(number, str)
            or not isinstance(item.get("method"), str)
            or not isinstance(item.get("url"), str)
        ):
            raise _refuse("Each batch request needs id, method and url as text.")
        if number.lower() in seen:
            raise _refuse(f"Request Id: {number} has been used more than once.")
        _check_dependencies(item, seen)
        seen.add(number.lower())
        if item.get("body") is not None and not _headers(item).get("content-type"):
            raise _refuse(f"Write request id : {number} does not contain Content-Type header or body.")
    return items


def _check_dependencies(item: dict[str, Any], seen: set[str]) -> None:
    depends = item.get("dependsOn", [])
    if not isinstance(depends, list):
        raise _refuse("dependsOn must be an array.")
    for name in depends:
        if not isinstance(name, str) or name.lower() not in seen:
            raise _refuse(f"Request {item['id']} depends on {name}, which does not stand before it.")


def _headers(item: dict[str, Any]) -> dict[str, str]:
    headers = item.get("headers") or {}
    if not isinstance(headers, dict):
        raise _refuse("Headers of a batch request must be an object.")
    return {str(name).lower(): str(value) for name, value in headers.items()}


def _item_request(outer: Request, item: dict[str, Any], version: str) -> Request:
    """The item as a request of its own; its Prefer header does not come from the batch."""
    path, _, query = str(item["url"]).partition("?")
    headers = _headers(item)
    body = item.get("body")
    if body is None:
        data = b""
    elif headers.get("content-type", "").startswith("application/json") or not isinstance(body, str):
        data = msgspec.json.encode(body)
    else:
        data = body.encode("utf-8", "replace")
    return Request(
        method=str(item["method"]).upper(),
        path=f"/{version}/{path.lstrip('/')}",
        query=query,
        headers=headers,
        body=data,
        origin=outer.origin,
        app=outer.app,
        roles=outer.roles,
        in_batch=True,
    )


def _item_answer(number: str, response: Response) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": number, "status": response.status}
    headers = {
        name: value
        for name, value in response.headers.items()
        if name in ("Cache-Control", "Retry-After", "Location", "Preference-Applied")
    }
    if response.body:
        headers["Content-Type"] = response.content_type
        is_json = response.content_type.startswith("application/json")
        shown["body"] = msgspec.Raw(response.body) if is_json else _as_text(response.body)
    shown["headers"] = headers
    return shown


def _as_text(data: bytes) -> str:
    """MIME and other non-JSON bodies travel in base64."""
    return base64.b64encode(data).decode("ascii")


def answer_batch(face: Face, request: Request, version: str) -> Response:
    """POST /$batch: 200 with an answer for each item, whatever became of them."""
    items = _read_items(request)
    ordered = any(item.get("dependsOn") for item in items)
    statuses: dict[str, int] = {}
    effect: Effect | None = None
    shown = []
    for number, item in enumerate(items):
        name = str(item["id"])
        if any(statuses[str(other).lower()] >= 400 for other in item.get("dependsOn", [])):
            response = _failed_dependency()
        else:
            response = face.handle(_item_request(request, item, version), lane=1 if ordered else 1 + number % _LANES)
        statuses[name.lower()] = response.status
        shown.append(_item_answer(name, response))
        effect = response.effect or effect  # a connection cut for one item is cut for the whole batch
    whole = answer({"responses": shown})
    whole.effect = effect
    return whole


def _failed_dependency() -> Response:
    body = {"error": {"code": "FailedDependency", "message": "The request this one depends on failed."}}
    return Response(424, msgspec.json.encode(body))
