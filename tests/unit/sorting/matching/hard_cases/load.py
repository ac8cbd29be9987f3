"""Reads the tables: each case a message, and what the firm remembers about its thread."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.client import Client, ClientAddress, ClientStatus
from mailsorter.model.labels import DEFAULT_LABEL_RULES
from mailsorter.model.match import Match
from mailsorter.model.message import Message, Participant
from mailsorter.model.thread import Correction, Link
from mailsorter.sorting.matching import (
    Carried,
    MatchBook,
    match_message,
    may_carry,
    needs_attachment_names,
    needs_text,
)

HERE = Path(__file__).parent
THEMES = ("people", "time", "codes", "threads", "forwards", "machines", "adversarial", "second_look", "attack")
TRAPS = ("adversarial", "second_look", "attack")
_CHECKS = {"pass": AuthorCheck.PASSED, "fail": AuthorCheck.FAILED, "internal": AuthorCheck.INTERNAL}
_NAMED = re.compile(r"(.*) <([^<>]*)>")
_KEYS = {
    *("right", "left", "why", "labels", "from", "to", "cc", "bcc", "sender", "reply_to", "subject", "preview", "text"),
    *("names", "class", "list", "date", "draft", "thread", "said", "not", "this"),
    *("check", "known", "lang", "argued", "carried", "link"),
}


@dataclass(frozen=True)
class Case:
    theme: str
    number: int
    message: Message
    row: dict[str, Any]

    @property
    def why(self) -> str:
        return str(self.row["why"])

    @property
    def right(self) -> str | None:
        """Whose mail it truly is, where that can be known at all."""
        return self.row.get("right")

    @property
    def expected(self) -> str:
        """What the program does: the client it files to, or how it leaves the message."""
        return str(self.row.get("left") or self.row["right"])

    def decide(self, book: MatchBook) -> Match:
        """As the sorting flow does it: body and attachment names only where they are asked for."""
        knows = self if self.theme in TRAPS else None  # elsewhere everybody is somebody the firm has written to
        found = match_message(self.message, book, self, corrections=self, correspondents=knows)
        more: dict[str, Any] = {}
        if needs_text(self.message, found):
            more["text"] = self.row.get("text", "")
        if needs_attachment_names(self.message, found, book):
            more["attachment_names"] = tuple(self.row.get("names", ()))
        if "carried" in self.row and may_carry(self.message, found, book):
            more |= {"carried": tuple(map(_carried, self.row["carried"])), "text": self.row.get("text", "")}
        if not more:
            return found
        return match_message(self.message, book, self, corrections=self, correspondents=knows, **more)

    def wrote_to_author(self, message: Message) -> bool:
        return message.from_ is not None and message.from_.address in self.row.get("known", ())

    def wrote_for(self, message: Message, client_id: str) -> bool:
        return self.wrote_to_author(message)

    def link(self, message: Message) -> Link:
        return Link(self.row.get("link", "trusted"))

    def clients(self, message: Message) -> tuple[str, ...]:
        return tuple(self.row.get("thread", ()))

    def of_thread(self, message: Message) -> Correction | None:
        if not self.row.keys() & {"said", "not", "this"}:
            return None
        row = self.row
        return Correction(tuple(row.get("said", ())), tuple(row.get("not", ())), bool(row.get("this", False)))


def load_book() -> MatchBook:
    data = tomllib.loads((HERE / "book.toml").read_text(encoding="utf-8"))
    return MatchBook(
        [_client(entry) for entry in data["client"]],
        data["own_domains"],
        own_addresses=data["own_addresses"],
        rules=DEFAULT_LABEL_RULES,
        zone=ZoneInfo("Europe/Amsterdam"),
    )


def load_cases() -> list[Case]:
    found = []
    for theme in THEMES:
        data = tomllib.loads((HERE / f"{theme}.toml").read_text(encoding="utf-8"))
        for number, row in enumerate([*data.get("cases", ()), *data.get("case", ())], start=1):
            assert row.keys() <= _KEYS, (theme, number, row.keys() - _KEYS)
            found.append(Case(theme, number, _message(row, f"{theme}-{number}"), row))
    return found


def _client(entry: dict[str, Any]) -> Client:
    addresses = tuple(
        ClientAddress(raw) if isinstance(raw, str) else ClientAddress(raw["address"], *_days(raw))
        for raw in entry.get("addresses", ())
    )
    return Client(
        id=entry["id"],
        name=entry["name"],
        domains=tuple(entry.get("domains", ())),
        addresses=addresses,
        codes=tuple(entry.get("codes", ())),
        status=ClientStatus(entry.get("status", "active")),
    )


def _days(raw: dict[str, Any]) -> tuple[date | None, date | None]:
    return raw.get("valid_from"), raw.get("valid_until")


def _message(row: dict[str, Any], message_id: str) -> Message:
    when = row.get("date", datetime(2026, 3, 2, 9, tzinfo=UTC))
    return Message(
        id=message_id,
        folder_id="inbox",
        received_at=None if when == "none" else when,
        subject=row.get("subject", ""),
        preview=row.get("preview", ""),
        from_=_participant(row["from"]) if row["from"] else None,
        sender=_participant(row["sender"]) if "sender" in row else None,
        reply_to=_people(row, "reply_to"),
        to=_people(row, "to") if "to" in row else (Participant("sanne@noordlicht.example"),),
        cc=_people(row, "cc"),
        bcc=_people(row, "bcc"),
        message_class=row.get("class", "IPM.Note"),
        is_draft=row.get("draft", False),
        has_attachments="names" in row or "carried" in row,
        list_id=row.get("list", ""),
        author_check=_CHECKS.get(row.get("check", ""), AuthorCheck.NONE),
    )


def _carried(row: dict[str, Any]) -> Carried:
    sent = row.get("sent", datetime(2026, 3, 1, 9, tzinfo=UTC))
    return Carried(
        is_invitation=row.get("invitation", False),
        level=row.get("level", 0),
        authors=(row["from"],) if "from" in row else (),
        recipients=tuple(row.get("to", ())),
        subject=row.get("subject", ""),
        sent=() if row.get("invitation") else (None if sent == "none" else sent,),
        has_author_failed=row.get("failed", False),
    )


def _people(row: dict[str, Any], field: str) -> tuple[Participant, ...]:
    return tuple(_participant(raw) for raw in row.get(field, ()))


def _participant(raw: str) -> Participant:
    named = _NAMED.fullmatch(raw)
    return Participant(named.group(2), named.group(1)) if named else Participant(raw)
