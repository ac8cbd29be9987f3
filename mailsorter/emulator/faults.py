"""Faults by plan: which requests fail, how and when, the same each time for the same seed.

A plan is a list of rules. Each rule names the requests it is about, when it strikes, and what happens then; the first
rule that strikes decides, except that latency of all striking rules adds up. `docs/emulator.md` shows every key.
Independent of any plan, quota, concurrency and holds are always enforced.
"""

from __future__ import annotations

import random
import threading
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote_plus

import msgspec

from mailsorter.emulator.errors import STATUS, ExchangeError
from mailsorter.emulator.graph.wire import Effect, Request, path_segments

_DAY_S = 86_400
_CODES = {400: "BadRequest", 401: "InvalidAuthenticationToken", 403: "ErrorAccessDenied", 404: "ErrorItemNotFound"} | {
    409: "Conflict",
    410: "SyncStateNotFound",
    423: "ErrorMailboxMoveInProgress",
    429: "TooManyRequests",
    500: "ErrorInternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
    507: "ErrorQuotaExceeded",
}

_REFUSALS = {
    "expired": "Lifetime validation failed, the token is expired.",
    "revoked": "Access token has been revoked.",
}


class FaultPlanError(Exception):
    """The plan cannot be read; the text says where and why."""


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rule: which requests, when, what."""

    # which requests
    method: str = "*"
    path: str = "*"
    """A glob over the path below the version, in lower case: `users/*/messages/*/move`."""
    query: str = "*"
    """A glob over the query, decoded and in lower case, in which `[` stands for itself: `*$expand=*`."""
    mailbox: str = "*"
    """A glob over the mailbox as the path names it."""
    app: str = "*"
    within: Literal["any", "single", "batch", "item"] = "any"
    """`single`: requests outside batches; `batch`: the `$batch` call itself; `item`: items of batches."""

    # when
    skip: int = 0
    """So many matching requests pass first."""
    every: int = 1
    """Then each so-manieth is struck."""
    times: int | None = None
    """At most so often; without it for ever."""
    probability: float = 1.0

    # what
    latency_s: float = 0.0
    jitter_s: float = 0.0
    status: int | None = None
    code: str | None = None
    message: str = "The fault plan asked for this."
    retry_after: float | None = None
    """Seconds in the Retry-After header; without it no such header."""
    empty_body: bool = False
    cut: Literal["before", "after"] | None = None
    """Cut the connection without an answer: before anything is done, or after it is done and committed."""
    truncate: bool = False
    """Answer 200 with JSON that stops in the middle."""
    trickle_bytes_per_s: int | None = None
    token: Literal["expired", "revoked"] | None = None
    skew_s: float = 0.0
    """So far is the answer's Date header off."""
    break_entries: int = 0
    """So many entries of a `$search` page are an `error` object in place of the message, the first ones."""
    lose_delta_state: bool = False
    """Before the request: every delta token of the mailbox is lost."""
    meddle: Literal["move", "delete", "read", "deliver", "rename"] | None = None
    """Before the request another user does this in the mailbox."""


class FaultPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A seed and rules."""

    fault: tuple[Fault, ...] = ()
    seed: int = 1

    @classmethod
    def read(cls, path: Path) -> FaultPlan:
        """A plan from a TOML or JSON file.

        Raises:
            FaultPlanError: no such file, or not a plan.
        """
        try:
            text = path.read_text(encoding="utf-8")
            data = msgspec.json.decode(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
        except OSError as error:
            raise FaultPlanError(f"{path}: cannot be read: {error.strerror}.") from error
        except (tomllib.TOMLDecodeError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise FaultPlanError(f"{path}: {error}") from error
        try:
            return cls.make(data)
        except FaultPlanError as error:
            raise FaultPlanError(f"{path}: {error}") from error

    @classmethod
    def make(cls, data: Any) -> FaultPlan:
        """A plan from plain data.

        Raises:
            FaultPlanError: an unknown key or a value of the wrong type.
        """
        try:
            plan = msgspec.convert(data, cls)
        except msgspec.ValidationError as error:
            raise FaultPlanError(str(error)) from error
        for number, fault in enumerate(plan.fault):
            if fault.every < 1 or not 0 <= fault.probability <= 1 or (fault.status or 200) not in range(200, 600):
                raise FaultPlanError(f"fault[{number}]: every must be 1 or more, probability 0 to 1, status 200 to 599")
            if not all(0 <= seconds <= _DAY_S for seconds in (fault.latency_s, fault.jitter_s, abs(fault.skew_s))):
                raise FaultPlanError(f"fault[{number}]: latency_s, jitter_s and skew_s are seconds, a day at most")
        return plan


class Strike(msgspec.Struct):
    """What happens to one request."""

    latency_s: float = 0.0
    error: ExchangeError | None = None
    empty_body: bool = False
    effect: Effect | None = None
    cut_before: bool = False
    skew_s: float = 0.0
    break_entries: int = 0
    lose_delta_state: bool = False
    meddle: str | None = None


class Faults:
    """A plan at work: counts what matched and struck."""

    def __init__(self, plan: FaultPlan | None = None) -> None:
        self._lock = threading.Lock()
        self.set_plan(plan or FaultPlan())

    def set_plan(self, plan: FaultPlan) -> None:
        """Begin another plan; counts and random numbers start afresh."""
        with self._lock:
            self.plan = plan
            self._chance = random.Random(plan.seed)
            self._matched = [0] * len(plan.fault)
            self._struck = [0] * len(plan.fault)

    @property
    def struck(self) -> list[int]:
        """How often each rule has struck."""
        return list(self._struck)

    def choose(self, count: int) -> int:
        """A number below `count` by the plan's seed."""
        with self._lock:
            return self._chance.randrange(count)

    def strike(self, request: Request) -> Strike | None:
        """What happens to this request; None when nothing does."""
        if not self.plan.fault:
            return None
        with self._lock:
            chosen: Strike | None = None
            for number, fault in enumerate(self.plan.fault):
                if _concerns(fault, request) and self._strikes(number, fault):
                    latency = fault.latency_s + fault.jitter_s * self._chance.random()
                    if chosen is None:
                        chosen = _strike(fault)
                    chosen.latency_s += latency
            return chosen

    def _strikes(self, number: int, fault: Fault) -> bool:
        self._matched[number] += 1
        place = self._matched[number] - fault.skip
        if place < 1 or (place - 1) % fault.every or (fault.times is not None and self._struck[number] >= fault.times):
            return False
        if fault.probability < 1 and self._chance.random() >= fault.probability:
            return False
        self._struck[number] += 1
        return True


def _concerns(fault: Fault, request: Request) -> bool:
    segments = path_segments(request.path.lower())[1:]
    is_batch = segments == ["$batch"]
    place = "item" if request.in_batch else "batch" if is_batch else "single"
    if fault.within not in ("any", place) or (fault.method not in ("*", request.method)):
        return False
    mailbox = segments[1] if len(segments) > 1 and segments[0] == "users" else ""
    return (
        fnmatchcase("/".join(segments), fault.path.lower())
        and fnmatchcase(unquote_plus(request.query).lower(), fault.query.lower().replace("[", "[[]"))
        and fnmatchcase(mailbox, fault.mailbox.lower())
        and fnmatchcase(request.app.client_id.lower(), fault.app.lower())
    )


def _strike(fault: Fault) -> Strike:
    strike = Strike(
        lose_delta_state=fault.lose_delta_state, meddle=fault.meddle, skew_s=fault.skew_s,
        break_entries=fault.break_entries,
    )  # fmt: skip
    if fault.token is not None:
        strike.error = ExchangeError("InvalidAuthenticationToken", _REFUSALS[fault.token])
    elif fault.status is not None:
        code = fault.code or _CODES.get(fault.status, "UnknownError")
        headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
        strike.error = ExchangeError(code, fault.message, status=fault.status, headers=headers)
        strike.empty_body = fault.empty_body
    elif fault.code is not None:
        strike.error = ExchangeError(fault.code, fault.message, status=STATUS.get(fault.code, 400))
    strike.cut_before = fault.cut == "before"
    if fault.cut or fault.truncate or fault.trickle_bytes_per_s:
        strike.effect = Effect(
            cut=fault.cut is not None, truncate=fault.truncate, bytes_per_s=fault.trickle_bytes_per_s
        )
    return strike
