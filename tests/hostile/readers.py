"""Who reads a hostile input in the program, as the program calls them; each answers with one word of outcome.

The matcher is asked behind its watch, with text and attachment names always at hand, though the flow would rarely fetch
them. Nothing here catches anything but the errors that a reader documents.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from mailsorter.cases.lookalike import LookalikeFinder
from mailsorter.cases.mime import Look, look_at_text, look_through
from mailsorter.cases.sshsig import SignatureRefused, verify_form_and_value
from mailsorter.cases.threads import Threads
from mailsorter.cases.witness import Marks
from mailsorter.cases.witness.links import leads_home
from mailsorter.cases.witness.texts import read_message
from mailsorter.cli.clean import clean, escape
from mailsorter.config.book_csv import read_csv
from mailsorter.config.crm import read_export
from mailsorter.config.crm_map import crm_map
from mailsorter.config.document import Unreadable
from mailsorter.config.load import load
from mailsorter.errors import ConfigError
from mailsorter.mailbox.graph import translate, wire
from mailsorter.mailbox.graph.client import Answer, decoded
from mailsorter.mailbox.links import OddLink, Origin, checked
from mailsorter.model.case import Seen, Subject
from mailsorter.model.client import Client
from mailsorter.model.finding import envelope_places, fingerprint
from mailsorter.model.labels import DEFAULT_LABEL_RULES
from mailsorter.model.message import Message, Participant
from mailsorter.model.person import Person
from mailsorter.model.reading import is_unreadable, why_open
from mailsorter.model.rule import Rule, RuleAction
from mailsorter.model.thread import NoMemory
from mailsorter.plain_text import one_line
from mailsorter.prediction.features import FeatureHasher
from mailsorter.sandbox import Ending, Piece, Sandbox
from mailsorter.sorting.budget import Watch, work_of
from mailsorter.sorting.carried import carried_of
from mailsorter.sorting.matching import MatchBook, match_message, needs_attachment_names, needs_text
from mailsorter.sorting.matching.text.evidence import text_evidence
from tests.hostile.headers import Envelope
from tests.hostile.made import PERSON_ADDRESS, PERSON_NAME
from tests.hostile.others import HOME
from tests.unit.cases.ssh_signer import NAMESPACE, STATEMENT, ed25519_signer

PERSON = Person(Subject(names=(PERSON_NAME,), addresses=(PERSON_ADDRESS,), phones=("06-12345678",)))
MARKS = Marks(names=(PERSON_NAME,), addresses=(PERSON_ADDRESS,), phones=("06-12345678",), domains=("klant.example",))
_ACME = Client(id="acme", name="Acme B.V.", domains=("acme.example",), codes=("ACM-24",))
_BAKKER = Client(id="bakker", name="Bakkerij", domains=("bakker.example", "b\u00fcro.example"), codes=("2024-01",))
_SORTING_RULE = Rule(
    id="offers",
    action=RuleAction.FILE,
    client_id="bakker",
    subject=("offerte groot",),
    attachment_names=("offerte.pdf",),
)
_DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
_ANNA = Participant("anna@firm.example", "Anna")

# By these subjects a body is taken for each kind of message whose text is read.
_WORTH_OPENING = (
    "FW: offerte",
    "Undeliverable: offerte",
    "Nieuw bericht via contactformulier",
    "Geaccepteerd: overleg",
)


@cache
def book() -> MatchBook:
    """A client book with everything that is looked for."""
    rules = (*DEFAULT_LABEL_RULES, _SORTING_RULE)
    return MatchBook((_ACME, _BAKKER), ("firm.example",), rules=rules, own_addresses=("anna.private@x.example",))


class Reading:
    """What one hostile input is to mail that carries it: messages, and the texts that would be fetched for them."""

    def __init__(self, messages: list[Message], text: str = "", names: tuple[str, ...] = ()) -> None:
        self.messages = messages
        self.text = text
        self.names = names


def of_subject(subject: str) -> Reading:
    """A message with this subject."""
    return Reading([Message(id="1", folder_id="f", subject=subject, from_=Participant("x@x.example"), to=(_ANNA,))])


def of_body(body: str) -> Reading:
    """Messages of each kind that is opened, with this body; its beginning is the preview."""
    return Reading(
        [
            Message(
                id="1", folder_id="f", subject=subject, preview=body[:255], from_=_ANNA, to=(_ANNA,), received_at=_DAY
            )
            for subject in _WORTH_OPENING
        ],
        text=body,
    )


def of_envelope(envelope: Envelope) -> Reading:
    """A message as Graph's JSON brings it."""
    found = {"id": "1", **{key: value for key, value in envelope.items() if key != "names"}}
    page = json.dumps({"value": [found]}).encode()
    (source,) = decoded_page(page).value
    return Reading([translate.message(source, "f")], names=tuple(envelope.get("names", ())))


def decoded_page(body: bytes) -> wire.Page[wire.GraphMessage]:
    """As the client decodes what Graph answered."""
    return decoded(Answer(200, body), wire.message_page)


def matched(reading: Reading) -> str:
    """Matcher, follow-up look and prediction; gives the last outcome."""
    compiled, outcome, hasher = book(), "", FeatureHasher(b"k" * 32)
    compiled.cache.clear()  # it remembers the people that it met
    for message in reading.messages:
        watch = Watch()
        first = watch.match(message, work_of(message), lambda m=message: match_message(m, compiled, NoMemory()))
        needs_text(message, first)
        needs_attachment_names(message, first, compiled)
        work = work_of(message, reading.text, reading.names)
        found = watch.match(
            message, work,
            lambda m=message: match_message(
                m, compiled, NoMemory(), text=reading.text, attachment_names=reading.names
            ),
        )  # fmt: skip
        if reading.text:
            text_evidence(message, reading.text, compiled)
        hasher.bag(message, reading.text)
        hasher.people(message)
        outcome = f"{found.outcome} ({found.reason})"
    return outcome


def found_in(reading: Reading) -> str:
    """The finder on envelope and body: is the person in it?"""
    seen: set[Seen] = set()
    finder = LookalikeFinder(PERSON, ("firm.example",), {}, Threads())
    for message in reading.messages:
        finder.look(message)
        places = envelope_places(message, PERSON)
        finder.look_at_writer(message, (*places, Seen.PREVIEW))
        fingerprint(message)
        why_open(message)
        is_unreadable(message)
        seen.update(places)
    if reading.text:
        seen.update(look_at_text(reading.text, PERSON))
    return "seen" if seen else "not seen"


def witnessed(reading: Reading) -> str:
    """The witness on the same."""
    seen = bool(reading.text) and MARKS.in_text(reading.text)
    for message in reading.messages:
        for participant in message.participants:
            seen = MARKS.in_address(participant.address) or MARKS.in_text(participant.name) or seen
        seen = MARKS.in_text(message.subject) or MARKS.in_text(message.preview) or seen
    return "seen" if seen else "not seen"


def shown(reading: Reading) -> str:
    """What a person gets to see of it: terminal, JSON, letters."""
    for message in reading.messages[:1]:
        texts = [message.subject, message.preview]
        texts += [t for p in message.participants[:10] for t in (p.address, p.name)]
        for text in texts:
            line = clean(text)
            document = escape(json.dumps(text, ensure_ascii=False))
            letter = one_line(text)
            for written in (line, document, letter):
                written.encode("utf-8")
                if any(harmful in written for harmful in ("\x1b", "\u202e", "\x85", "\0")):
                    return "harmful"
    return "harmless"


def looked_through(raw: bytes, sandbox: Sandbox) -> str:
    """The finder on a whole message."""
    return _told(look_through(raw, PERSON, envelope_too=True, sandbox=sandbox))


def _told(look: Look) -> str:
    if look.met_limit:
        return "limits" if not look.seen else "seen, limits"
    if look.seen:
        return "seen" if not look.unread_parts else "seen, unread"
    return "unread" if look.unread_parts else "not seen"


def read_by_witness(raw: bytes, sandbox: Sandbox) -> str:
    """The witness on a whole message."""
    reading = read_message(raw, MARKS, sandbox)
    if reading.met_limit:
        return "seen, limits" if reading.names else "limits"
    return "seen" if reading.names else "not seen"


def carried_in(raw: bytes, sandbox: Sandbox) -> str:
    """Sorting on a whole message: who is named in what it carries."""
    pieces: list[Piece] = []
    ending = sandbox.read("mailsorter.sorting.parsers.carried:read_carried", raw, pieces.append)
    carried_of(pieces)
    return "read" if ending is Ending.WHOLE else "nothing counts"


def link_judged(link: str) -> str:
    """Finder's and witness's judge of links; a link that either refuses gets no token from it."""
    try:
        checked(link, Origin.of(HOME), ("/v1.0/", "/beta/"))
        finder = "followed"
    except OddLink:
        finder = "refused"
    witness = "followed" if leads_home(link, f"{HOME}/v1.0/") else "refused"
    return finder if finder == witness else f"finder {finder}, witness {witness}"


def signature_judged(armored: str) -> str:
    """Is it the approver's signature of the statement? The judge that needs no other program."""
    try:
        verify_form_and_value(STATEMENT, armored, ed25519_signer().line, NAMESPACE)
    except SignatureRefused:
        return "refused"
    return "accepted"


def config_loaded(text: str, folder: Path) -> str:
    """The config by its loader."""
    path = folder / "mailsorter.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        load(path)
    except ConfigError as error:
        str(error)
        return "refused"
    return "loaded"


def table_read(text: str, folder: Path) -> str:
    """A client book as CSV, and the same as a CRM's export."""
    path = folder / "clients.csv"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    by_book = _asked(lambda: read_csv(path, "clients.csv"))
    by_import = _asked(lambda: read_export(path, crm_map("generic"), ()))
    return ", ".join(dict.fromkeys((by_book, by_import)))


def _asked(read: Callable[[], Any]) -> str:
    try:
        read()
    except Unreadable:
        return "refused"
    return "read"


READING_OF: dict[str, Callable[[Any], Reading]] = {"subjects": of_subject, "bodies": of_body, "headers": of_envelope}
IN_PROCESS_READERS: dict[str, Callable[[Reading], str]] = {
    "matcher": matched, "finder": found_in, "witness": witnessed, "shown": shown,
}  # fmt: skip
WORKER_READERS: dict[str, Callable[[bytes, Sandbox], str]] = {
    "finder": looked_through, "witness": read_by_witness, "sorting": carried_in,
}  # fmt: skip
OTHER_READERS: dict[str, Callable[[Any, Path], str]] = {
    "links": lambda link, _folder: link_judged(link),
    "signatures": lambda armored, _folder: signature_judged(armored),
    "config values": config_loaded,
    "CSV": table_read,
}
