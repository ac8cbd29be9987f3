"""Every exchange with Graph passes `request` or `batch` here.

What is repeated, and what is not:

- 429: always, after the server's own Retry-After or else with growing, jittered waits; the mailbox's gate stays shut
  meanwhile. 503: likewise, the service says it did nothing.
- 500, 502, 504, a lost connection, a cut or unreadable answer: a reading request is repeated; a changing one is not,
  because it may have happened: it ends as `Unreachable`, and whoever asked looks before asking again.
- 401: once, with a new token.
- Everything else is final and translated by `refusals`.

All waits of one request together end after `patience_s`, or at once when the program is asked to stop. Links and
redirects are followed only to the configured Graph origin, below an API version (`mailbox/links.py`): the bearer
token opens every mailbox.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec
import requests
import urllib3

from mailsorter.clock import Clock
from mailsorter.errors import MailsorterError, Refused, TemporaryError, Unreachable
from mailsorter.mailbox.graph.connection import MendedAccount
from mailsorter.mailbox.graph.pace import Gates
from mailsorter.mailbox.graph.reading import read_json
from mailsorter.mailbox.graph.refusals import Asked, Refusal, translate
from mailsorter.mailbox.graph.settings import GraphSettings
from mailsorter.mailbox.links import OddLink, Origin, checked, resolved
from mailsorter.mailbox.waiting import Stopper, backoff_s, retry_after_s

T = TypeVar("T")

IMMUTABLE = 'IdType="ImmutableId"'
BATCH_LIMIT = 20  # json-batching.md
_REDIRECTS = 3
_REPEATS = 5  # for answers that say nothing about when to come back
_PIECE = 1 << 16
_ROOTS = ("/v1.0/", "/beta/")


class Garbled(Unreachable):
    """A 200 whose body cannot be read: cut off, or not of the promised form. Ask for less at once."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request to Graph, below the version: `path` begins with `/`, or is a whole link that Graph gave."""

    method: str
    path: str
    asked: Asked
    body: Any = None
    prefer: tuple[str, ...] = ()
    version: str = "v1.0"
    default_ids: bool = False  # the answer's ids, and those in the path, are default ids
    may_shrink: bool = False  # a page that could be asked for in smaller pieces instead of again

    @property
    def is_change(self) -> bool:
        return self.method != "GET"

    def headers(self) -> dict[str, str]:
        preferences = self.prefer if self.default_ids else (IMMUTABLE, *self.prefer)
        wanted = {"Prefer": ", ".join(preferences)} if preferences else {}
        return wanted if self.body is None else {**wanted, "Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: its status and its body as it came."""

    status: int
    body: bytes


def decoded(answer: Answer, decoder: msgspec.json.Decoder[T]) -> T:
    """The answer's body. Raises `Garbled`."""
    try:
        return read_json(answer.body, decoder)
    except msgspec.DecodeError as error:
        raise Garbled("A success of Exchange's could not be read: its JSON is cut off or of another form.") from error


class _BatchItem(msgspec.Struct):
    id: str
    status: int
    headers: dict[str, str] | None = None
    body: msgspec.Raw = msgspec.Raw(b"")


class _BatchBody(msgspec.Struct):
    responses: list[_BatchItem]


_read_batch = msgspec.json.Decoder(_BatchBody)


class Traffic:
    """What went over the wire since the client was made: `exchanges` of bytes, `requests` (an item of a batch counts
    as one), `throttled` answers, `repeats`."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, **counts: int) -> None:
        with self._lock:
            self._counts.update(counts)

    def __getitem__(self, name: str) -> int:
        return self._counts[name]


class GraphClient:
    """One app's road to Graph. Safe to share between threads; each mailbox keeps to its own quota."""

    def __init__(
        self,
        account: MendedAccount,
        settings: GraphSettings,
        clock: Clock,
        stopper: Stopper,
        *,
        chance: random.Random | None = None,
    ) -> None:
        self._connection = account.con
        self._settings = settings
        self._clock = clock
        self._stopper = stopper
        self._chance = chance or random.Random()
        self._origin = settings.origin.rstrip("/")
        self._own = Origin.of(self._origin)
        self.traffic = Traffic()
        self._gates = Gates(
            clock,
            stopper,
            quota=max(BATCH_LIMIT, int(settings.requests_per_window * settings.quota_share)),
            window_s=settings.window_s,
            slots=settings.concurrent_requests,
        )

    def close(self) -> None:
        """Close the session's connections."""
        self._connection.close()

    def quota_used(self, mailbox: str) -> float:
        """The share of the mailbox's request quota that is in use, 0 to 1."""
        return self._gates.of(mailbox).used()

    def access_token(self) -> str:
        """Raises `SignInFailed`, `Unreachable`."""
        return self._connection.access_token()

    def is_own(self, link: str) -> bool:
        """Does the link lead to the configured Graph origin, and may it be followed?"""
        try:
            checked(link, self._own, _ROOTS)
        except OddLink:
            return False
        return True

    def own(self, link: str, asked: Asked) -> str:
        """The link that an answer gave, if it may be followed. Raises `Refused`; nothing is sent then."""
        try:
            return checked(link, self._own, _ROOTS)
        except OddLink as reason:
            raise _foreign(asked, reason) from None

    def request(self, request: Request) -> Answer:
        """One request, repeated as the module says. Raises the translated error."""
        url = self._url(request)
        payload = None if request.body is None else msgspec.json.encode(request.body)
        patience = _Patience(self, request.asked)
        renewed = False
        while True:
            try:
                with self._gates.of(request.asked.mailbox).through(1):
                    status, headers, body = self._exchange(request.method, url, request.headers(), payload, renewed)
            except _Lost as lost:
                patience.spend(lost.error, again=not request.is_change or not lost.was_sent)
                continue
            if status in (307, 308) or (status in (301, 302) and not request.is_change):
                url = patience.redirected(self._redirect(url, headers.get("Location", ""), request.asked))
                continue
            if status < 300:
                return Answer(status, body)
            refusal = self._refusal(status, headers, body)
            if status == 401 and not renewed:
                renewed = True
                continue
            if status == 504 and request.may_shrink:
                raise Garbled("The page took Exchange too long.")
            patience.spend(translate(refusal, request.asked), again=_may_repeat(refusal, request), refusal=refusal)

    def read(self, request: Request, decoder: msgspec.json.Decoder[T]) -> T:
        """A reading request, decoded. Raises `Garbled` when a success cannot be read three times running."""
        for _ in range(2):
            try:
                return decoded(self.request(request), decoder)
            except Garbled:
                continue
        return decoded(self.request(request), decoder)

    def batch(self, requests_: Sequence[Request]) -> list[Answer | MailsorterError]:
        """Many requests to one mailbox, 20 an exchange, one exchange at a time; answers in the order asked.

        Throttled items are asked again, with the throttled ones only. What can be said of a whole exchange (no
        permission to sign in, no road) is raised before anything was changed, and else stands at each item.
        """
        answers: list[Answer | MailsorterError] = []
        for start in range(0, len(requests_), BATCH_LIMIT):
            answers.extend(self._batch_of(requests_[start : start + BATCH_LIMIT]))
        return answers

    def _batch_of(self, asked: Sequence[Request]) -> list[Answer | MailsorterError]:
        settled: dict[int, Answer | MailsorterError] = {}
        for n, request in enumerate(asked):
            try:
                self._url(request)  # an item's address is judged as if it were sent by itself
            except Refused as error:
                settled[n] = error
        patience = _Patience(self, asked[0].asked)
        while waiting := [n for n in range(len(asked)) if n not in settled]:
            try:
                outcomes = self._batch_once({n: asked[n] for n in waiting}, patience)
            except Garbled as error:
                singly = not any(request.is_change for request in asked)  # one of them cannot be rendered: which?
                settled.update({n: self._settle(asked[n]) if singly else error for n in waiting})
                break
            except (Unreachable, Refused) as error:
                settled.update({n: error for n in waiting})
                break
            again = self._sort_out(outcomes, asked, settled)
            if again is None:
                continue
            try:
                patience.spend(translate(again, asked[0].asked), again=True, refusal=again)
            except MailsorterError as error:
                settled.update({n: error for n in waiting if n not in settled})
        return [settled[n] for n in range(len(asked))]

    def _sort_out(
        self,
        outcomes: dict[int, Answer | Refusal | MailsorterError],
        asked: Sequence[Request],
        settled: dict[int, Answer | MailsorterError],
    ) -> Refusal | None:
        """Settle what is final; of the rest, the refusal that asks for the longest wait."""
        longest: Refusal | None = None
        for n, outcome in outcomes.items():
            if not isinstance(outcome, Refusal):
                settled[n] = outcome
            elif outcome.status in (307, 308) and outcome.location:
                settled[n] = self._settle_elsewhere(asked[n], outcome.location)
            elif _may_repeat(outcome, asked[n]):
                longest = _later(longest, outcome)
            else:
                settled[n] = translate(outcome, asked[n].asked)
        return longest

    def _settle(self, request: Request) -> Answer | MailsorterError:
        try:
            return self.request(request)
        except MailsorterError as error:
            return error

    def _settle_elsewhere(self, request: Request, location: str) -> Answer | MailsorterError:
        try:
            return self.request(replace(request, path=self._redirect(self._url(request), location, request.asked)))
        except MailsorterError as error:
            return error

    def _batch_once(
        self, asked: dict[int, Request], patience: _Patience
    ) -> dict[int, Answer | Refusal | MailsorterError]:
        """One exchange. Answers that miss from it are `Unreachable`; an unreadable one raises it for all."""
        payload = msgspec.json.encode({"requests": [_item(n, request) for n, request in asked.items()]})
        first = next(iter(asked.values()))
        changes = any(request.is_change for request in asked.values())
        url = f"{self._origin}/{first.version}/$batch"
        renewed = False
        while True:
            try:
                with self._gates.of(first.asked.mailbox).through(len(asked), slots=self._settings.concurrent_requests):
                    self.traffic.add(requests=len(asked))
                    status, headers, body = self._exchange(
                        "POST", url, {"Content-Type": "application/json", "Prefer": IMMUTABLE}, payload, renewed
                    )
                if status == 200:
                    return self._read_batch(body, asked)
            except _Lost as lost:
                patience.spend(lost.error, again=not changes or not lost.was_sent)
                continue
            refusal = self._refusal(status, headers, body)
            if status == 401 and not renewed:
                renewed = True
                continue
            again = status in (429, 503) or (status >= 500 and not changes)
            patience.spend(translate(refusal, first.asked), again=again, refusal=refusal)

    def _read_batch(self, body: bytes, asked: dict[int, Request]) -> dict[int, Answer | Refusal | MailsorterError]:
        try:
            responses = read_json(body, _read_batch).responses
        except msgspec.DecodeError as error:
            raise Garbled("Exchange's answer to a batch could not be read.") from error
        outcomes: dict[int, Answer | Refusal | MailsorterError] = {
            n: Unreachable("A batch was answered without this item.") for n in asked
        }
        for item in responses:
            number = int(item.id) if item.id.isdecimal() else -1
            if number not in asked:
                continue
            if item.status < 300:
                outcomes[number] = Answer(item.status, bytes(item.body))
            else:
                outcomes[number] = self._refusal(item.status, item.headers or {}, bytes(item.body))
        return outcomes

    def _refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
        location = next((value for name, value in headers.items() if name.lower() == "location"), "")
        return Refusal.read(status, body, retry_after_s(headers, self._clock.now()), location)

    def _url(self, request: Request) -> str:
        """Where the request goes. A path of ours is checked too: it may hold an id that an answer gave."""
        if request.path.startswith("/"):
            return self.own(f"{self._origin}/{request.version}{request.path}", request.asked)
        return self.own(request.path, request.asked)

    def _redirect(self, url: str, location: str, asked: Asked) -> str:
        try:
            return self.own(resolved(url, location), asked)
        except OddLink as reason:
            raise _foreign(asked, reason) from None

    def _exchange(
        self, method: str, url: str, headers: dict[str, str], payload: bytes | None, renew_token: bool
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send once and read the whole answer before the deadline. Raises `_Lost`."""
        self._stopper.check()
        self.traffic.add(exchanges=1, requests=0 if url.endswith("/$batch") else 1)
        lost: _Lost
        response: requests.Response | None = None
        try:
            response = self._connection.oauth_request(
                url, method, headers=headers, data=payload, renew_token=renew_token
            )
            return response.status_code, response.headers, self._read(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            lost = _Lost(self._unreachable(error), was_sent=response is not None or not _never_connected(error))
        finally:
            if response is not None:
                response.close()
        raise lost  # out here, so that no traceback shows the URL with its ids and search words

    def _read(self, response: requests.Response) -> bytes:
        """Piece by piece, so that a server that trickles cannot hold the thread for ever."""
        deadline = self._clock.monotonic() + self._settings.request_deadline_s
        pieces: list[bytes] = []
        while piece := response.raw.read1(_PIECE, decode_content=True):
            pieces.append(piece)
            if self._clock.monotonic() > deadline:
                raise requests.ReadTimeout("the answer took too long")
        return b"".join(pieces)

    def _unreachable(self, error: Exception) -> Unreachable:
        return Unreachable(
            f"Graph at {self._origin} gave no whole answer ({type(error).__name__}).",
            advice="Check the network, then try again.",
        )


class _Lost(Exception):
    """No whole answer came; `was_sent` False when the request certainly never left."""

    def __init__(self, error: Unreachable, *, was_sent: bool) -> None:
        super().__init__()
        self.error = error
        self.was_sent = was_sent


class _Patience:
    """What is left of the time and the repeats that one request may cost."""

    def __init__(self, client: GraphClient, asked: Asked) -> None:
        self._client = client
        self._asked = asked
        self._until = client._clock.monotonic() + client._settings.patience_s
        self._repeats = 0
        self._redirects = 0

    def spend(self, error: MailsorterError, *, again: bool, refusal: Refusal | None = None) -> None:
        """Wait until it is worth asking again, or raise the error."""
        client = self._client
        throttled = refusal is not None and refusal.status in (424, 429)
        self._repeats += 1
        if not again or (self._repeats > _REPEATS and not throttled):
            raise error
        wait = refusal.retry_after_s if refusal else None
        if wait is None:
            wait = backoff_s(self._repeats, client._chance)
        if client._clock.monotonic() + wait > self._until:
            raise error
        client.traffic.add(repeats=1, throttled=int(throttled))
        if throttled:
            client._gates.of(self._asked.mailbox).close_for(wait)
        client._stopper.wait(wait)

    def redirected(self, url: str) -> str:
        self._redirects += 1
        if self._redirects > _REDIRECTS:
            raise Refused("Exchange redirects in a circle.", code="RedirectLoop")
        return url


def _may_repeat(refusal: Refusal, request: Request) -> bool:
    error = translate(refusal, request.asked)
    if refusal.status in (424, 429, 503):
        return isinstance(error, TemporaryError) and refusal.key not in ("mailboxmoveinprogress",)
    return refusal.status >= 500 and not request.is_change and type(error) is Unreachable


def _later(one: Refusal | None, other: Refusal) -> Refusal:
    """The one that asks for the longer wait."""
    if one is None:
        return other
    return one if (one.retry_after_s or 0.0) >= (other.retry_after_s or 0.0) else other


def _item(number: int, request: Request) -> dict[str, object]:
    item: dict[str, object] = {
        "id": str(number),
        "method": request.method,
        "url": request.path,
        "headers": request.headers(),
    }
    if request.body is not None:
        item["body"] = request.body
    return item


def _never_connected(error: Exception) -> bool:
    """Did the connection fail before a byte of the request left?"""
    if isinstance(error, requests.ConnectTimeout):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)


def _foreign(asked: Asked, reason: OddLink) -> Refused:
    return Refused(
        f"A link that Exchange gave for mailbox {asked.mailbox} {reason}; not followed.",
        code="ForeignLink",
        advice="Check [graph] url and any proxy in between, then run: mailsorter doctor",
    )
