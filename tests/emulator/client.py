"""A plain HTTP client of the emulator: what a test wants to say in one line."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import httpx

from mailsorter.emulator import Emulator, EmulatorClock, NewMessage
from mailsorter.emulator.store import Address, Mailbox, Message
from tests.emulator.metadata import judge

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY_S = 86_400

#: Made once: a context costs 50 ms, and these tests speak plain http.
_NO_TLS = ssl.create_default_context()


def frozen_clock() -> EmulatorClock:
    return EmulatorClock(frozen_at=START)


def judge_answer(response: httpx.Response) -> None:
    """Every success of the emulator keeps to Microsoft's metadata, where that is at hand; items of a batch too."""
    if response.status_code < 300 and "application/json" in response.headers.get("content-type", ""):
        try:
            answer = response.json()
        except ValueError:  # cut off, as its test wants it
            return
        judge(answer)
        for item in answer.get("responses", ()) if isinstance(answer, dict) else ():
            if item["status"] < 300:
                judge(item.get("body"))


class GraphClient:
    """Requests to one emulator, as the app `emulator`, with immutable ids unless `immutable` is false."""

    def __init__(self, emulator: Emulator, user: str = "anna@firm.example", app: str = "emulator") -> None:
        self.emulator = emulator
        self.store = emulator.store
        self.user = user
        self.app = app
        self.immutable = True
        self._http = httpx.Client(base_url=emulator.url, trust_env=False, timeout=30, verify=_NO_TLS)

    def __enter__(self) -> GraphClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    @property
    def mailbox(self) -> Mailbox:
        return self.store.mailboxes.open(self.user)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A request; a path that does not begin with a slash is meant below the user."""
        url = path if path.startswith(("/", "http")) else f"/v1.0/users/{self.user}/{path}"
        sent = {"Authorization": f"Bearer {self.emulator.token(self.app)}"}
        if self.immutable:
            sent["Prefer"] = 'IdType="ImmutableId"'
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        sending = {"content": body} if isinstance(body, bytes) else {"json": body}
        response = self._http.request(method, url, headers=sent, **sending)
        judge_answer(response)
        return response

    def get(self, path: str, **headers: str) -> Any:
        """The JSON of a GET that must succeed."""
        response = self.send("GET", path, **headers)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.send("POST", path, body, **headers)

    def refused(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        """Status and error code of a request."""
        response = self.send(method, path, body, **headers)
        error = response.json()["error"]
        assert set(error) >= {"code", "message", "innerError"}
        return response.status_code, error["code"]

    def pages(self, path: str, **headers: str) -> Iterator[dict[str, Any]]:
        """Pages of a listing or a delta round, following nextLinks."""
        page = self.get(path, **headers)
        yield page
        while "@odata.nextLink" in page:
            page = self.get(page["@odata.nextLink"], **headers)
            yield page

    def all(self, path: str, **headers: str) -> list[dict[str, Any]]:
        """Everything in a listing."""
        return [item for page in self.pages(path, **headers) for item in page["value"]]

    def round(self, path: str, **headers: str) -> tuple[list[dict[str, Any]], str]:
        """A delta round: what it tells and its deltaLink."""
        pages = list(self.pages(path, **headers))
        return [item for page in pages for item in page["value"]], pages[-1]["@odata.deltaLink"]

    def deliver(self, folder: str = "inbox", subject: str = "Hello", **fields: Any) -> Message:
        """Put a received message into a folder of the user."""
        fields.setdefault("from_", Address("Piet Klant", "piet@klant.example"))
        fields.setdefault("to", [Address("Anna de Wit", "anna@firm.example")])
        fields.setdefault("received", int(START.timestamp()) - 3600)
        mailbox = self.mailbox
        found = self.store.folders.find(mailbox, folder)
        return self.store.messages.create(mailbox, found, NewMessage(subject=subject, body="Text.", **fields))

    def id_of(self, message: Message) -> str:
        """A message's id in the form this client works with."""
        ids = self.mailbox.ids
        return ids.immutable_id(message.id) if self.immutable else ids.default_id(message.id, message.generation)
