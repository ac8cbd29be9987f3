"""Hypothesis drives the HTTP face against a small pure model of a mailbox: both must always tell the same story."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from mailsorter.emulator import running_emulator
from mailsorter.emulator.throttle import Limits
from tests.emulator.client import GraphClient, frozen_clock

TORTURE = os.environ.get("MAILSORTER_TORTURE") == "1"
PLACES = ("inbox", "archive", "deleteditems", "recoverableitemsdeletions", "recoverableitemspurges")


@dataclass
class Item:
    """A message as the model knows it."""

    place: str
    is_read: bool = False
    categories: tuple[str, ...] = ()


@dataclass
class Model:
    """A mailbox as a client believes it to be."""

    items: dict[str, Item] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    """Own folders: id to parent."""
    views: dict[str, dict[str, bool]] = field(default_factory=dict)
    """What a client that follows delta believes a folder to hold: message id to isRead."""
    links: dict[str, str] = field(default_factory=dict)


_numbers = itertools.count()
_running: list[GraphClient] = []


@pytest.fixture(scope="module", autouse=True)
def _emulator() -> Iterator[None]:
    """One emulator for all examples; each has a mailbox of its own."""
    with (
        running_emulator(clock=frozen_clock(), limits=Limits(requests=10**9)) as emulator,
        GraphClient(emulator) as client,
    ):
        _running.append(client)
        yield
        _running.clear()


class MailboxMachine(RuleBasedStateMachine):
    """Messages and folders are made, moved, changed and deleted."""

    messages: Bundle[str] = Bundle("messages")
    folders: Bundle[str] = Bundle("folders")

    @initialize()
    def begin(self) -> None:
        self.graph = _running[0]
        self.emulator = self.graph.emulator
        self.graph.user = f"user{next(_numbers)}@firm.example"
        self.emulator.store.mailboxes.create(self.graph.user)
        self.model = Model()
        self.names = {self.graph.get(f"mailFolders/{name}")["id"]: name for name in PLACES}
        self.ids = {name: number for number, name in self.names.items()}

    # what users and clients do

    @rule(target=messages)
    def deliver(self) -> str:
        number = self.graph.id_of(self.graph.deliver())
        self.model.items[number] = Item(self.ids["inbox"])
        return number

    @rule(target=folders, parent=st.one_of(st.just("msgfolderroot"), folders))
    def make_folder(self, parent: str) -> str:
        name = f"Folder {next(_numbers)}"
        response = self.graph.post(f"mailFolders/{parent}/childFolders", {"displayName": name})
        if parent not in self.model.folders and parent != "msgfolderroot":
            assert response.status_code in (400, 404)
            return "gone"
        number = str(response.json()["id"])
        self.model.folders[number] = parent
        return number

    @rule(number=messages, target_folder=st.one_of(st.sampled_from(("inbox", "archive", "deleteditems")), folders))
    def move(self, number: str, target_folder: str) -> None:
        place = self.ids.get(target_folder, target_folder)
        response = self.graph.post(f"messages/{number}/move", {"destinationId": target_folder})
        if number not in self.model.items or (place not in self.names and place not in self.model.folders):
            assert response.status_code in (400, 404)
            return
        assert (response.status_code, response.json()["id"], response.json()["parentFolderId"]) == (201, number, place)
        self.model.items[number].place = place

    @rule(target=messages, number=messages, place=st.sampled_from(("inbox", "archive")))
    def copy(self, number: str, place: str) -> str:
        response = self.graph.post(f"messages/{number}/copy", {"destinationId": place})
        if number not in self.model.items:
            assert response.status_code == 404
            return number
        made = response.json()
        original = self.model.items[number]
        self.model.items[made["id"]] = Item(self.ids[place], original.is_read, original.categories)
        return str(made["id"])

    @rule(number=messages, is_read=st.booleans(), categories=st.lists(st.sampled_from(("Acme", "Klant")), unique=True))
    def change(self, number: str, is_read: bool, categories: list[str]) -> None:
        response = self.graph.send("PATCH", f"messages/{number}", {"isRead": is_read, "categories": categories})
        if number in self.model.items:
            assert response.status_code == 200
            self.model.items[number].is_read = is_read
            self.model.items[number].categories = tuple(categories)

    @rule(number=messages)
    def delete(self, number: str) -> None:
        response = self.graph.send("DELETE", f"messages/{number}")
        if number not in self.model.items:
            assert response.status_code == 404
            return
        item = self.model.items[number]
        name = self.names.get(item.place, "")
        if name == "recoverableitemspurges":
            assert response.status_code == 403
        elif name == "recoverableitemsdeletions":
            item.place = self.ids["recoverableitemspurges"]
        elif name == "deleteditems":
            item.place = self.ids["recoverableitemsdeletions"]
        else:
            item.place = self.ids["deleteditems"]

    @rule(number=messages)
    def delete_permanently(self, number: str) -> None:
        response = self.graph.post(f"messages/{number}/permanentDelete")
        if number in self.model.items:
            assert response.status_code == 204
            self.model.items[number].place = self.ids["recoverableitemspurges"]

    @rule(number=messages)
    def erase(self, number: str) -> None:
        mbx = self.emulator.store.mailboxes.mbx_id(self.graph.mailbox)
        folder = f"/v1.0/admin/exchange/mailboxes/{mbx}/folders/recoverableitemspurges"
        path = f"{folder}/items/{number}?disposalType=hardDelete"
        response = self.graph.send("DELETE", path)
        item = self.model.items.get(number)
        if item is not None and item.place == self.ids["recoverableitemspurges"]:
            assert response.status_code == 204
            del self.model.items[number]
        else:
            assert response.status_code == 404

    @rule(folder=folders)
    def delete_folder_permanently(self, folder: str) -> None:
        response = self.graph.post(f"mailFolders/{folder}/permanentDelete")
        if folder not in self.model.folders:
            assert response.status_code in (400, 404)
            return
        gone = {folder}
        while more := {one for one, parent in self.model.folders.items() if parent in gone} - gone:
            gone |= more
        for item in self.model.items.values():
            if item.place in gone:
                item.place = self.ids["recoverableitemspurges"]
        for one in gone:
            del self.model.folders[one]
            self.model.views.pop(one, None)
            self.model.links.pop(one, None)

    @rule(name=st.sampled_from(("inbox", "archive", "deleteditems")), size=st.sampled_from((1, 3, 50)))
    def follow_delta(self, name: str, size: int) -> None:
        prefer = f'IdType="ImmutableId", odata.maxpagesize={size}'
        link = self.model.links.get(name, f"mailFolders/{name}/messages/delta?$select=isRead")
        told, self.model.links[name] = self.graph.round(link, Prefer=prefer)
        view = self.model.views.setdefault(name, {})
        for item in told:
            if "@removed" in item:
                view.pop(item["id"], None)
            else:
                view[item["id"]] = item["isRead"]
        assert view == {
            number: item.is_read for number, item in self.model.items.items() if item.place == self.ids[name]
        }

    # what always holds

    @invariant()
    def counts_and_places_agree(self) -> None:
        if not hasattr(self, "model"):
            return
        pages = ("messages", *(f"mailFolders/{name}/messages" for name in PLACES[3:]))
        paths = [f"{path}?$select=parentFolderId,isRead,categories&$top=1000" for path in pages]
        paths += [f"mailFolders/{name}" for name in PLACES]
        answers = self._batch(paths)
        listed = [item for answer in answers[: len(pages)] for item in answer["value"]]
        assert len({item["id"] for item in listed}) == len(listed)
        assert {item["id"]: _item(item) for item in listed} == self.model.items
        for name, shown in zip(PLACES, answers[len(pages) :], strict=True):
            here = [item for item in self.model.items.values() if item.place == self.ids[name]]
            assert shown["totalItemCount"] == len(here), name
            assert shown["unreadItemCount"] == sum(not item.is_read for item in here), name

    def _batch(self, paths: list[str]) -> list[dict[str, Any]]:
        """The bodies of several GETs in one request."""
        headers = {"Prefer": 'IdType="ImmutableId"'}
        requests = [
            {"id": f"{number:02}", "method": "GET", "url": f"/users/{self.graph.user}/{path}", "headers": headers}
            for number, path in enumerate(paths)
        ]
        answers = self.graph.post("/v1.0/$batch", {"requests": requests}).json()["responses"]
        assert {answer["status"] for answer in answers} == {200}
        return [answer["body"] for answer in sorted(answers, key=lambda answer: str(answer["id"]))]


def _item(shown: dict[str, Any]) -> Item:
    return Item(shown["parentFolderId"], shown["isRead"], tuple(shown["categories"]))


TestMailbox = MailboxMachine.TestCase
TestMailbox.settings = settings(
    max_examples=400 if TORTURE else 15,
    stateful_step_count=60 if TORTURE else 25,
    deadline=None,
    phases=tuple(Phase) if TORTURE else (Phase.explicit, Phase.reuse, Phase.generate),  # shrinking takes minutes
    suppress_health_check=list(HealthCheck),
)
