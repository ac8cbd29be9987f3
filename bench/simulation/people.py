"""What senders and the mailboxes' owners do: mail comes, is read, flagged, thrown away, dragged about.

Each message knows where it must end; a message is checked when it is put away for good, and forgotten then, so that a
year fits in memory.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from bench.simulation.sky import DAY_S, SimulatedClock
from mailsorter.mailbox.memory_server import MemoryServer
from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.client import Client
from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Message, Participant

OWN = "onzefirma.example"


class Server(MemoryServer):
    """A mailbox's server that can put filed mail away where only its id and folder are known."""

    def put_away(self, item_id: str) -> str:
        """Forget all of a message but that it was there; gives the folder that it lay in."""
        folder_id = self._lies_in.pop(item_id)
        item = self._shelves[folder_id].items.pop(item_id)
        self._conversations.pop(item.message.internet_message_id, None)  # answered within a day or never
        return folder_id

    def forget_departures(self, before: int) -> None:
        """Delta tells only of departures after that change."""
        for shelf in self._shelves.values():
            for gone in [i for i, at in shelf.removed.items() if at < before]:
                del shelf.removed[gone]


@dataclass(slots=True)
class Fate:
    """What is expected of one message: the client it is for ("" for mail that stays), and when it came."""

    client: str
    at: float
    filed_at: float | None = None
    by_hand: bool = False


@dataclass(slots=True)
class Account:
    """What became of mail, counted."""

    delivered: int = 0
    put_away: int = 0
    thrown_away: int = 0
    recent: list[tuple[str, str]] = field(default_factory=list)  # (msg-id, client) of mail in any mailbox
    wrong: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Owner:
    """One mailbox with everybody who writes to it and the person who reads it."""

    server: Server
    clock: SimulatedClock
    chance: random.Random
    clients: list[Client]
    daily: int
    account: Account
    reads_late: bool = False
    fates: dict[str, Fate] = field(default_factory=dict)
    _next_at: float = 0.0
    _sequences: list[int] = field(default_factory=list)
    _recent: list[tuple[str, str]] = field(default_factory=list)  # (msg-id, client) of mail to answer

    def mail_until(self, at: float) -> None:
        """Everything arrives that arrives until then."""
        while self._next_at <= at:
            hour = (self._next_at % DAY_S) / 3600
            if 7 <= hour < 19 or self.chance.random() < 0.15:
                self._arrives(self._next_at)
            self._next_at += self.chance.expovariate(self.daily / (DAY_S * (12 + 12 * 0.15) / 24))

    def _arrives(self, at: float) -> None:
        dice = self.chance.random()
        client = self.chance.choice(self.clients)
        domain = client.domains[0]
        number = self.account.delivered = self.account.delivered + 1
        msg_id = f"<{number}.{self.server.address}>"
        received = self.clock.true_now() + timedelta(seconds=at - self.clock.elapsed_s)
        values: dict[str, object] = {
            "received_at": received, "sent_at": received, "subject": f"Bericht {number}", "internet_message_id": msg_id,
            "to": (Participant(self.server.address),), "is_read": False, "is_flagged": self.chance.random() < 0.02,
            "author_check": AuthorCheck.PASSED,
        }  # fmt: skip
        where, expected = WellKnown.INBOX, client.id
        if dice < 0.55:
            values["from_"] = Participant(f"persoon{number % 7}@{domain}")
        elif dice < 0.70:
            where = WellKnown.SENT
            values |= {
                "from_": Participant(self.server.address),
                "to": (Participant(f"piet@{domain}"),),
                "is_read": True,
            }
        elif dice < 0.75 and self._recent:
            is_a_colleagues = self.chance.random() < 0.2  # the answer to mail that another mailbox got
            before, expected = self.chance.choice(self.account.recent if is_a_colleagues else self._recent)
            values |= {"from_": Participant(f"los{number}@prive.example"), "references": (before,)}
        elif dice < 0.80:
            values |= {"from_": Participant("x@nergens.example"), "subject": f"Re: {client.codes[0]} vraag"}
        else:
            expected = ""
            values["from_"] = Participant(f"nieuws{number % 50}@folder.example")
        item = self.server.deliver(where, **values)
        self.fates[item] = Fate(expected, at)
        if expected and dice < 0.70:
            self._recent = [*self._recent[-20:], (msg_id, expected)]
            self.account.recent = [*self.account.recent[-100:], (msg_id, expected)]

    def evening(self, folder_of: dict[str, str]) -> None:
        """Once a day: read mail, take flags off, throw some away, drag some about, put old mail away."""
        now = self.clock.elapsed_s
        for item_id, fate in list(self.fates.items()):
            message = self.server.item(item_id).message
            age = now - fate.at
            is_left = message.folder_id not in folder_of
            if fate.filed_at is None and not is_left:
                fate.filed_at = now
            if is_left:
                self._tend(item_id, message, fate, age)
            elif self.chance.random() < 0.0005 and not fate.by_hand:
                fate.by_hand = True  # dragged to a folder of one's own: must stay there
                self.server.user_moves(item_id, ("Persoonlijk",))
            if age > 8 * DAY_S:
                self._put_away(item_id, fate, folder_of)
        self._sequences.append(self.server.sequence)
        if len(self._sequences) > 5:
            self.server.forget_departures(self._sequences.pop(0))

    def _tend(self, item_id: str, message: Message, fate: Fate, age: float) -> None:
        changes: dict[str, object] = {}
        if not message.is_read and (not self.reads_late or age > 3 * DAY_S or self.chance.random() < 0.5):
            changes["is_read"] = True
        if message.is_flagged and age > 2 * DAY_S:
            changes["is_flagged"] = False
        if changes:
            self.server.user_changes(item_id, **changes)
        if not fate.client and not fate.by_hand and self.chance.random() < 0.3:
            fate.by_hand = True
            self.account.thrown_away += 1
            self.server.user_deletes(item_id)

    def _put_away(self, item_id: str, fate: Fate, folder_of: dict[str, str]) -> None:
        lies_in = self.server.put_away(item_id)
        del self.fates[item_id]
        self.account.put_away += 1
        is_right = fate.by_hand or folder_of.get(lies_in, "") == fate.client
        if not is_right and len(self.account.wrong) < 100:
            found = folder_of.get(lies_in, "no client's folder")
            self.account.wrong.append(f"for {fate.client or 'nobody'}, lies in {found}, day {fate.at / DAY_S:.1f}")


def small(message: Message) -> int:
    """Bytes of one message, for the size of the world itself."""
    return len(msgspec.msgpack.encode(message))
