"""Users as the directory shows them; shared mailboxes are users too."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.graph.paging import next_link, page_size
from mailsorter.emulator.graph.wire import Request, Response, answer, iso
from mailsorter.emulator.store import Mailbox

if TYPE_CHECKING:
    from mailsorter.emulator.graph.face import Face

_DEFAULT = (
    *("businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation"),
    *("preferredLanguage", "surname", "userPrincipalName", "id"),
)
_PROXY_FILTER = re.compile(
    r"^\s*proxyAddresses/any\(\s*(\w+)\s*:\s*\1\s+eq\s+'(?:smtp:)?([^']+)'\s*\)\s*$", re.IGNORECASE
)
_FIELD_FILTER = re.compile(r"^\s*(mail|userPrincipalName|displayName|id)\s+eq\s+'([^']*)'\s*$", re.IGNORECASE)
_ENABLED_FILTER = re.compile(r"^\s*accountEnabled\s+eq\s+(true|false)\s*$", re.IGNORECASE)

_CLAUSE = re.compile(r'"(displayName|mail|userPrincipalName|givenName|surname):([^"]+)"', re.IGNORECASE)
_WORD = re.compile(r"[^\s@.]+")

#: Exchange Online (plan 2).
_EXCHANGE_PLAN = "efb87545-963c-4e0d-99df-69c6916d9eb0"


def _user(face: Face, mailbox: Mailbox) -> dict[str, Any]:
    names = mailbox.display_name.split(" ", 1)
    has_mail = mailbox.state != "no-mailbox"
    plan = {
        "assignedDateTime": iso(mailbox.created),
        "capabilityStatus": "Enabled",
        "service": "exchange",
        "servicePlanId": _EXCHANGE_PLAN,
    }
    addresses = face.store.mailboxes.addresses(mailbox)
    return {
        "businessPhones": [],
        "displayName": mailbox.display_name,
        "givenName": names[0],
        "jobTitle": None,
        "mail": mailbox.address if has_mail else None,
        "mobilePhone": None,
        "officeLocation": None,
        "preferredLanguage": None,
        "surname": names[1] if len(names) > 1 else None,
        "userPrincipalName": mailbox.address,
        "id": mailbox.user_id,
        "proxyAddresses": [("SMTP:" if number == 0 else "smtp:") + address for number, address in enumerate(addresses)]
        if has_mail
        else [],
        "accountEnabled": mailbox.kind == "user",
        "userType": "Member",
        "assignedPlans": [plan] if mailbox.state not in ("unlicensed", "no-mailbox") else [],
        "createdDateTime": iso(mailbox.created),
    }


def _shown(user: dict[str, Any], select: tuple[str, ...] | None) -> dict[str, Any]:
    names = [name.lower() for name in (select or _DEFAULT)]
    known = {name.lower() for name in user}
    for name in names:
        if name not in known:
            raise ExchangeError(
                "BadRequest", f"Could not find a property named '{name}' on type 'microsoft.graph.user'."
            )
    return {name: value for name, value in user.items() if name.lower() in names or (name == "id" and select is None)}


def _matches(user: dict[str, Any], text: str) -> bool:
    if found := _PROXY_FILTER.match(text):
        wanted = "smtp:" + found[2].casefold()
        return any(address.casefold() == wanted for address in user["proxyAddresses"])
    if found := _FIELD_FILTER.match(text):
        value = {name.lower(): value for name, value in user.items()}[found[1].lower()]
        return str(value or "").casefold() == found[2].casefold()
    if found := _ENABLED_FILTER.match(text):
        return bool(user["accountEnabled"] == (found[1].lower() == "true"))
    raise ExchangeError("BadRequest", "Unsupported or invalid query filter clause.", status=400)


def _searched(user: dict[str, Any], clauses: list[tuple[str, str]]) -> bool:
    """Does a word of one of the named properties begin so? That is how the directory's `$search` matches."""
    values = {name.lower(): str(value or "") for name, value in user.items()}
    return any(
        word.startswith(text.casefold())
        for name, text in clauses
        for word in _WORD.findall(values[name.lower()].casefold())
    )


def _clauses(text: str, headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """The properties and texts of a `$search`, joined by OR."""
    if headers.get("consistencylevel", "").lower() != "eventual":
        wanted = "Request with $search query parameter only works with header 'ConsistencyLevel: eventual'."
        raise ExchangeError("Request_UnsupportedQuery", wanted, status=400)
    found = [_CLAUSE.fullmatch(part) for part in re.split(r"\s+OR\s+", text.strip())]
    if not all(found):
        raise ExchangeError("Request_BadRequest", f"Syntax error: {text} is no search clause.", status=400)
    return [(match[1], match[2]) for match in found if match]


def _ordered(users: list[dict[str, Any]], orderby: tuple[tuple[str, bool], ...]) -> list[dict[str, Any]]:
    for name, descending in reversed(orderby):
        known = {key.lower(): key for key in ("displayName", "userPrincipalName", "mail")}.get(name.lower())
        if known is None:
            raise ExchangeError("Request_UnsupportedQuery", f"Sorting by '{name}' is not supported.", status=400)
        users = sorted(users, key=lambda user: str(user[known] or "").casefold(), reverse=descending)
    return users


def list_users(face: Face, request: Request) -> Response:
    """GET /users: `$select`, `$top` up to 999, `$filter`, `$search` and `$orderby` by address and name, `$count`."""
    options = request.options
    users = [_user(face, mailbox) for mailbox in face.store.mailboxes.all() if mailbox.kind != "archive"]
    if options.filter:
        users = [user for user in users if _matches(user, options.filter)]
    if options.search is not None:
        clauses = _clauses(options.search, request.headers)
        users = [user for user in users if _searched(user, clauses)]
    users = _ordered(users, options.orderby)
    size = page_size(request, default=100, largest=999)
    page = users[options.skip : options.skip + size]
    payload: dict[str, Any] = {"@odata.context": f"{request.origin}/v1.0/$metadata#users"}
    if options.count:
        payload["@odata.count"] = len(users)
    if options.skip + size < len(users):
        payload["@odata.nextLink"] = next_link(request, options.skip + size)
    payload["value"] = [_shown(user, options.select) for user in page]
    return answer(payload, x_ms_resource_unit="1" if options.select else "2")


def get_user(face: Face, request: Request, name: str) -> Response:
    """GET /users/{id, UPN or address}."""
    mailbox = face.store.mailboxes.by_any_name(name)
    if mailbox is None or mailbox.kind == "archive":
        raise ExchangeError(
            "Request_ResourceNotFound",
            f"Resource '{name}' does not exist or one of its queried reference-property objects are not present.",
        )
    shown = _shown(_user(face, mailbox), request.options.select)
    return answer({"@odata.context": f"{request.origin}/v1.0/$metadata#users/$entity", **shown}, x_ms_resource_unit="1")


def context_user(mailbox: Mailbox) -> str:
    """The user's part of an `@odata.context`: `users('…')`."""
    return f"users('{quote(mailbox.user_id, safe='')}')"
