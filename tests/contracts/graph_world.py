"""The Graph connector against the emulator: other people's hands work directly on the emulator's store."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from mailsorter.emulator import Emulator, NewMessage
from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.store.records import Address, Folder, Message, NewAttachment
from mailsorter.mailbox.base import Mailbox
from mailsorter.mailbox.graph import ClientSecret, GraphSettings
from mailsorter.mailbox.graph.connector import GraphConnector
from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Participant
from tests.contracts.worlds import Where

_numbers = itertools.count(1)
_SHARED = "emulator.example"


class LosingAdapter(HTTPAdapter):
    """A connection that breaks after the server has done its work: the request arrives, the answer does not."""

    def __init__(self) -> None:
        super().__init__()
        self.lose = 0

    def send(self, request: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        response = super().send(request, **kwargs)
        if self.lose and request.method != "GET":
            self.lose -= 1
            response.close()
            raise requests.ConnectionError("the connection broke")
        return response


_AUTHENTICATION = {
    AuthorCheck.PASSED: "pass",
    AuthorCheck.FAILED: "fail",
    AuthorCheck.INTERNAL: "internal",
    AuthorCheck.NONE: "none",
}


class StoreWorld:
    """Other people's hands on a fresh mailbox of a running emulator, whose folders are named in Dutch."""

    def __init__(self, emulator: Emulator, *, state: str = "ok") -> None:
        self._emulator = emulator
        self._store = emulator.store
        address = f"anna{next(_numbers)}@firm.example"
        self._box = self._store.mailboxes.create(address, "Anna", language="nl", state=state)
        self._poisoned: set[int] = set()

    def close(self) -> None:
        self._emulator.conditions.clear()

    def id_of(self, number: int) -> str:
        """A message's id as the connector under test writes it."""
        return self._box.ids.immutable_id(number)

    def folder_id_of(self, number: int) -> str:
        """A folder's id as the connector under test writes it."""
        return self._box.ids.folder_id(number)

    def own_id(self, written: str) -> str:
        """An id of the connector's as the store reads it."""
        return written

    def folder(self, where: Where) -> str:
        return self.folder_id_of(self._folder(where).id)

    def deliver(
        self,
        where: Where,
        *,
        subject: str = "",
        from_: Participant | None = None,
        to: Sequence[Participant] = (),
        cc: Sequence[Participant] = (),
        references: Sequence[str] = (),
        internet_message_id: str = "",
        received_at: datetime | None = None,
        text: str = "",
        attachment_names: Sequence[str] = (),
        hidden: bool = False,
        author_check: AuthorCheck = AuthorCheck.PASSED,
    ) -> str:
        new = NewMessage(
            subject=subject,
            body=text,
            from_=_address(from_) if from_ else None,
            to=[_address(p) for p in to],
            cc=[_address(p) for p in cc],
            references=" ".join(references),
            message_id=internet_message_id or None,
            received=int(received_at.timestamp()) if received_at else None,
            attachments=[NewAttachment(name, data=b"x") for name in attachment_names],
            hidden=hidden,
            authentication=_AUTHENTICATION[author_check],
        )
        target = self._folder(where)
        if target.recoverable:
            message = self._store.messages.create(self._box, self._folder(WellKnown.INBOX), new)
            message = self._store.recoverable.relocate(self._box, message, target)
        else:
            message = self._store.messages.create(self._box, target, new)
        return self.id_of(message.id)

    def lies_in(self, message_id: str) -> str | None:
        try:
            return self.folder_id_of(self._message(message_id).folder)
        except ExchangeError:
            return None

    def user_moves(self, message_id: str, where: Where) -> None:
        self._store.messages.move(self._box, self._message(message_id), self._folder(where))

    def user_reads(self, message_id: str) -> None:
        self._store.messages.change(self._box, self._message(message_id), {"is_read": 1})

    def user_destroys(self, message_id: str) -> None:
        self._store.recoverable.erase(self._message(message_id))

    def user_renames_folder(self, folder_id: str, name: str) -> None:
        self._store.folders.rename(self._box, self._folder(folder_id), name)

    def user_deletes_folder(self, folder_id: str) -> None:
        self._store.messages.delete_folder(self._box, self._folder(folder_id))

    def user_destroys_folder(self, folder_id: str) -> None:
        self._store.folders.remove(self._box, self._folder(folder_id))

    def user_creates_hidden_folder(self, where: Where, name: str) -> str:
        made = self._store.folders.create(self._box, self._folder(where), name, hidden=True)
        return self.folder_id_of(made.id)

    def make_folder(self, name: str, *, folder_class: str) -> str:
        """A folder of that class below the visible root; gives its id."""
        made = self._store.folders.create(self._box, self._folder("msgfolderroot"), name, folder_class=folder_class)
        return self.folder_id_of(made.id)

    def hold(self, message_id: str) -> None:
        self._store.messages.change(self._box, self._message(message_id), {"label": "Keep"})

    def poison(self, message_id: str) -> None:
        self._poisoned.add(self._message(message_id).id)
        self._emulator.conditions.poison(self._poisoned, truncates_pages=True)

    def forget_cursors(self) -> None:
        self._emulator.conditions.lose_delta_state(self._box.id)

    def _folder(self, where: Where) -> Folder:
        if not isinstance(where, tuple):
            return self._store.folders.find(self._box, self.own_id(str(where)))
        found = self._store.folders.well_known(self._box, "msgfolderroot")
        for name in where:
            children = {child.name: child for child in self._store.folders.children(found)}
            found = children.get(name) or self._store.folders.create(self._box, found, name)
        return found

    def _message(self, message_id: str) -> Message:
        return self._store.messages.find(self._box, self.own_id(message_id))


class GraphWorld(StoreWorld):
    """Graph over the emulator."""

    def __init__(self, emulator: Emulator, *, page: int = 5) -> None:
        super().__init__(emulator)
        settings = GraphSettings(
            tenant=_SHARED,
            client_id="emulator",
            origin=emulator.url,
            login_origin=emulator.url,
            ca_file=emulator.ca_file,
            list_page=page,
            delta_page=page,
        )
        self.connector = GraphConnector(settings, ClientSecret("emulator"))
        self.mailbox: Mailbox = self.connector.mailbox(self._box.address)
        self._adapter = LosingAdapter()
        session = self.connector._client._connection.session
        assert session is not None
        session.mount(emulator.url, self._adapter)

    def close(self) -> None:
        super().close()
        self.connector.close()

    def lose_next_answer(self, method: str) -> None:
        self._adapter.lose = 1


def _address(who: Participant) -> Address:
    return Address(who.name, who.address)
