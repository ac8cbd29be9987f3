"""The EWS connector against the emulator's EWS face: the same store, so the same other people's hands."""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter

from mailsorter.clock import SystemClock
from mailsorter.emulator import Emulator
from mailsorter.mailbox.base import Mailbox
from mailsorter.mailbox.ews import EwsSettings, Password
from mailsorter.mailbox.ews.client import EwsClient
from mailsorter.mailbox.ews.mailbox import EwsMailbox
from mailsorter.mailbox.waiting import Stopper
from tests.contracts.graph_world import StoreWorld


class EwsWorld(StoreWorld):
    """A fresh mailbox on premises, whose folders are named in Dutch and whose ids change on every move."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator, state="on-premises")
        settings = EwsSettings(
            f"{emulator.url}/ews/exchange.asmx",
            Password("basic", "emulator", "emulator"),
            ca_file=emulator.ca_file,
            page=5,
            chunk=7,
        )
        self._client = EwsClient(settings, self._box.address, Stopper(SystemClock()))
        self.mailbox: Mailbox = EwsMailbox(self._client, settings)
        self._lose = ""
        protocol = self._client._account.protocol
        make = protocol.create_session

        def create_session() -> requests.Session:
            session: requests.Session = make()
            session.mount(settings.url, _LosingAdapter(self))
            return session

        protocol.create_session = create_session

    def close(self) -> None:
        super().close()
        self._client.close()

    def id_of(self, number: int) -> str:
        generation = self._store.messages.get(self._box, number).generation
        return self._box.ids.default_id(number, generation).translate(str.maketrans("-_", "+/"))

    def folder_id_of(self, number: int) -> str:
        return self._box.ids.folder_id(number).translate(str.maketrans("-_", "+/"))

    def own_id(self, written: str) -> str:
        return written.translate(str.maketrans("+/", "-_"))

    def lose_next_answer(self, method: str) -> None:
        self._lose = {"move": "MoveItem", "create_folder": "CreateFolder"}[method]


class _LosingAdapter(HTTPAdapter):
    """A connection that breaks after the server has done its work."""

    def __init__(self, world: EwsWorld) -> None:
        super().__init__()
        self._world = world

    def send(self, request: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        response = super().send(request, **kwargs)
        if self._world._lose and self._world._lose.encode() in request.body:
            self._world._lose = ""
            response.close()
            raise requests.ConnectionError("the connection broke")
        return response
