"""The emulator's own endpoint, `/_emulator/…`: what a test in another process or language needs to steer it.

No sign-in: it answers on loopback only, to no web page of another origin (`server.is_own_origin`), and takes JSON,
and MIME under its own name: never a type that a web page's form can send.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from mailsorter.emulator.conditions import DeltaQuirk
from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.ews.switches import SWITCHES, with_switches
from mailsorter.emulator.ews.versions import VERSIONS
from mailsorter.emulator.faults import FaultPlan, FaultPlanError
from mailsorter.emulator.graph.switches import GRAPH_SWITCHES, graph_with
from mailsorter.emulator.meddler import meddle
from mailsorter.emulator.mime.read import read_mime
from mailsorter.emulator.mime.write import stamps
from mailsorter.emulator.store import Mailbox
from mailsorter.emulator.store.apps import App

if TYPE_CHECKING:
    from mailsorter.emulator.running import Emulator

Body = dict[str, Any]
Handler = Callable[["Control", Body, str], Any]


class ControlError(Exception):
    """The call is wrong; `status` is HTTP's."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


class Control:
    """Steers one emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def answer(self, method: str, path: str, raw: bytes, content_type: str) -> Any:
        """The answer to a call, as plain data.

        Raises:
            ControlError: no such call, a wrong body, or a mailbox that is not there.
        """
        segments = [segment for segment in path.split("/") if segment]
        name, rest = (segments[0] if segments else ""), "/".join(segments[1:])
        handler = _CALLS.get((method, name))
        if handler is None:
            raise ControlError(f"{method} /_emulator/{name}: no such call; see docs/emulator.md.", 404)
        if method == "GET":
            return handler(self, {}, rest)
        if rest.endswith("/messages"):
            if not content_type.lower().startswith("message/rfc822"):
                raise ControlError("The message must be sent as message/rfc822.", 415)
            return deliver(self, raw, rest)
        if raw and not content_type.lower().startswith("application/json"):
            raise ControlError("The body must be application/json.", 415)
        try:
            body = msgspec.json.decode(raw) if raw else {}
            if not isinstance(body, dict):
                raise ControlError("The body must be a JSON object.")
            return handler(self, body, rest)
        except (
            msgspec.DecodeError,
            msgspec.ValidationError,
            FaultPlanError,
            ValueError,
            TypeError,
            sqlite3.Error,
        ) as error:
            raise ControlError(str(error)) from error

    def mailbox(self, name: str) -> Mailbox:
        """A mailbox by any of its names.

        Raises:
            ControlError: there is none.
        """
        found = self.emulator.store.mailboxes.by_any_name(name)
        if found is None:
            raise ControlError(f"There is no mailbox {name}.", 404)
        return found


def _state(control: Control, body: Body, rest: str) -> Any:
    emulator = control.emulator
    return {
        "now": emulator.clock.now().isoformat(),
        "mailboxes": [mailbox.address for mailbox in emulator.store.mailboxes.all()],
        "requests": dict(emulator.face.requests),
        "faults_struck": emulator.faults.struck,
    }


def _clock(control: Control, body: Body, rest: str) -> Any:
    """Keys: `advance_s`, `set` (ISO 8601), `freeze`, `thaw`. Retention is applied afterwards."""
    clock, store = control.emulator.clock, control.emulator.store
    _only(body, "advance_s", "set", "freeze", "thaw")
    if body.get("freeze"):
        clock.freeze()
    if "set" in body:
        clock.set(datetime.fromisoformat(str(body["set"])))
    if body.get("thaw"):
        clock.thaw()
    store.advance(float(body.get("advance_s", 0.0)))
    return {"now": clock.now().isoformat()}


def _set_faults(control: Control, body: Body, rest: str) -> Any:
    control.emulator.faults.set_plan(FaultPlan.make(body))
    return {"rules": len(control.emulator.faults.plan.fault)}


def _clear_faults(control: Control, body: Body, rest: str) -> Any:
    control.emulator.faults.set_plan(FaultPlan())
    control.emulator.conditions.clear()
    return {"rules": 0}


def _conditions(control: Control, body: Body, rest: str) -> Any:
    """Keys: `poison` (message ids), `truncates_pages`, `lose_delta_state`, `delta_replay`, `delta_empty_pages`,
    `search_lag_s`, `lists_every_kind`, `mailbox` (whose)."""
    _only(
        body,
        *(
            "poison",
            "truncates_pages",
            "lose_delta_state",
            "delta_replay",
            "delta_empty_pages",
            "search_lag_s",
            "lists_every_kind",
            "mailbox",
        ),
    )
    conditions = control.emulator.conditions
    mailbox = control.mailbox(str(body["mailbox"])) if "mailbox" in body else None
    if "poison" in body:
        if mailbox is None:
            raise ControlError("poison needs the mailbox of the ids.")
        numbers = [mailbox.ids.read_message_id(str(text)).message for text in body["poison"]]
        conditions.poison(numbers, truncates_pages=bool(body.get("truncates_pages")))
    if body.get("lose_delta_state"):
        conditions.lose_delta_state(mailbox.id if mailbox else None)
    if "delta_replay" in body or "delta_empty_pages" in body:
        quirk = DeltaQuirk(int(body.get("delta_replay", 0)), bool(body.get("delta_empty_pages")))
        conditions.set_quirk(quirk, mailbox.id if mailbox else None)
    if "lists_every_kind" in body:
        conditions.lists_every_kind = bool(body["lists_every_kind"])
    if "search_lag_s" in body:
        lag_s = int(body["search_lag_s"])
        if not 0 <= lag_s <= 10**9:
            raise ControlError("search_lag_s must be a number of seconds from 0 to a thousand million.")
        control.emulator.store.db.set_setting("search_lag_s", lag_s)
    return {}


def _ews(control: Control, body: Body, rest: str) -> Any:
    """Keys: `version` (2016, 2019, SE, online) and `switches` (names); what is not named is as at the beginning."""
    _only(body, "version", "switches")
    version, names = str(body.get("version", "2019")), body.get("switches", [])
    if version not in VERSIONS:
        raise ControlError(f"Unknown version {version}. Known: {', '.join(VERSIONS)}.")
    unknown = sorted({str(name) for name in names} - set(SWITCHES))
    if unknown:
        raise ControlError(f"Unknown switches: {', '.join(unknown)}. Known: {', '.join(SWITCHES)}.")
    control.emulator.conditions.ews = replace(with_switches(*names), version=VERSIONS[version])
    return {"version": version, "switches": sorted(names)}


def _graph(control: Control, body: Body, rest: str) -> Any:
    """Key: `switches` (names); what is not named is as at the beginning."""
    _only(body, "switches")
    names = body.get("switches", [])
    unknown = sorted({str(name) for name in names} - set(GRAPH_SWITCHES))
    if unknown:
        raise ControlError(f"Unknown switches: {', '.join(unknown)}. Known: {', '.join(GRAPH_SWITCHES)}.")
    control.emulator.conditions.graph = graph_with(*names)
    return {"switches": sorted(names)}


def _create_mailbox(control: Control, body: Body, rest: str) -> Any:
    store = control.emulator.store
    if rest.endswith("/archive"):
        archive = store.mailboxes.add_archive(control.mailbox(rest.removesuffix("/archive")))
        return {"mailbox_id": store.mailboxes.mbx_id(archive)}
    if rest.endswith("/auxiliary"):
        return _expand(control, body, rest.removesuffix("/auxiliary"))
    if rest.endswith("/meddle"):
        mailbox = control.mailbox(rest.removesuffix("/meddle"))
        meddle(store, mailbox, str(body.get("what", "move")), control.emulator.faults.choose)
        return {}
    _only(body, "address", "display_name", "kind", "aliases", "language", "state")
    address = str(body.pop("address", ""))
    if "@" not in address:
        raise ControlError("A mailbox needs an address.")
    made = store.mailboxes.create(address, **body)
    return {"address": made.address, "user_id": made.user_id, "mailbox_id": store.mailboxes.mbx_id(made)}


def _expand(control: Control, body: Body, address: str) -> Any:
    """Key: `folder`, an id of the mailbox's in-place archive; it then lies in an auxiliary archive."""
    _only(body, "folder")
    store = control.emulator.store
    archive = store.mailboxes.archive(control.mailbox(address))
    if archive is None:
        raise ControlError(f"The mailbox {address} has no in-place archive; POST …/archive gives it one.", 404)
    try:
        folder = store.folders.find(archive, str(body.get("folder", "")))
    except ExchangeError as error:
        raise ControlError(f"The archive has no such folder: {error.message}", 404) from error
    guid = store.auxiliary.expand(archive, folder)
    return {"mailbox_id": store.mailboxes.mbx_id(archive, auxiliary=guid)}


def _change_mailbox(control: Control, body: Body, rest: str) -> Any:
    """Holds, quota, state, single item recovery, retention days; `end_hold_days` lifts holds into a delay hold."""
    store = control.emulator.store
    mailbox = control.mailbox(rest)
    days = body.pop("end_hold_days", None)
    if days is not None and not 0 <= int(days) <= 36_500:
        raise ControlError("end_hold_days must be a number of days from 0 to 36500.")
    if "retention_policies" in body:
        body["retention_policies"] = msgspec.convert(body["retention_policies"], list[str])
        body["retention_policies"] = msgspec.json.encode(body["retention_policies"]).decode("utf-8")
    changed = store.mailboxes.change(mailbox, **body)
    if days is not None:
        changed = store.recoverable.end_hold(changed, days=int(days))
    return changed._asdict()


def _register_app(control: Control, body: Body, rest: str) -> Any:
    app = msgspec.convert(body, App)
    control.emulator.store.apps.register(app)
    return {"client_id": app.client_id}


def _revoke(control: Control, body: Body, rest: str) -> Any:
    control.emulator.identity.revoke_all()
    return {}


def _reset_quota(control: Control, body: Body, rest: str) -> Any:
    control.emulator.throttle.reset()
    return {}


def deliver(control: Control, raw: bytes, rest: str) -> Any:
    """POST /_emulator/mailboxes/{address}/messages: MIME as it stands is delivered to the Inbox, now.

    `…/messages/fail/messages` (pass, none, internal) delivers it as Exchange Online does: with its verdict on the
    author above all other headers, and without the headers that only Exchange itself may write.
    """
    store = control.emulator.store
    address, _, verdict = rest.removesuffix("/messages").partition("/messages/")
    mailbox = control.mailbox(address)
    new = read_mime(_received(raw, verdict) if verdict else raw)
    new.received = int(store.clock.now_s())
    try:
        message = store.messages.create(mailbox, store.folders.well_known(mailbox, "inbox"), new)
    except ExchangeError as error:
        raise ControlError(str(error), error.status) from error
    return {"id": mailbox.ids.immutable_id(message.id)}


def _received(raw: bytes, verdict: str) -> bytes:
    if verdict not in ("pass", "fail", "none", "internal"):
        raise ControlError(f"Unknown verdict {verdict!r}. Known: pass, fail, none, internal.")
    author = read_mime(raw).from_
    domain = author.address.rpartition("@")[2] if author is not None else "none"
    hop = ("Received", "from mail.relay.example by emulator.mail.protection.outlook.com with ESMTPS")
    top = "".join(f"{name}: {value}\r\n" for name, value in (*stamps(domain, verdict), hop))
    head, blank, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    kept: list[bytes] = []
    is_kept = True
    for line in head.split(b"\n"):
        if line[:1] not in (b" ", b"\t"):
            is_kept = not line.lower().startswith(b"x-ms-exchange-organization-")
        kept += [line] if is_kept else []
    return top.encode() + b"\r\n".join([*kept, b"", *body.split(b"\n")] if blank else kept)


def _only(body: Body, *names: str) -> None:
    unknown = set(body) - set(names)
    if unknown:
        raise ControlError(f"Unknown keys: {', '.join(sorted(unknown))}. Known: {', '.join(names)}.")


_CALLS: dict[tuple[str, str], Handler] = {
    ("GET", ""): _state,
    ("POST", "clock"): _clock,
    ("PUT", "faults"): _set_faults,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "conditions"): _conditions,
    ("PUT", "ews"): _ews,
    ("PUT", "graph"): _graph,
    ("POST", "mailboxes"): _create_mailbox,
    ("PATCH", "mailboxes"): _change_mailbox,
    ("POST", "apps"): _register_app,
    ("POST", "revoke-tokens"): _revoke,
    ("POST", "reset-quota"): _reset_quota,
}
