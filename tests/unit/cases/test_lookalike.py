"""Other addresses that may be the same person's: by name, local part, signature, number and thread."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mailsorter.cases.lookalike import LookalikeFinder
from mailsorter.cases.threads import Threads
from mailsorter.model.case import Finding, Lookalike, Role, Seen, Subject
from mailsorter.model.finding import envelope_places
from mailsorter.model.message import Message, Participant
from mailsorter.model.person import Person

PIET = Participant("p.devries@klant.example", "Piet de Vries")
ANNA = Participant("anna@firm.example", "Anna")
PERSON = Person(Subject(names=("Piet de Vries",), addresses=(PIET.address,), phones=("06-12345678",)))


def offered(*messages: Message, findings: list[Finding] | None = None) -> dict[str, tuple[str, int]]:
    known: dict[str, Lookalike] = {}
    finder = LookalikeFinder(PERSON, ("firm.example",), known, Threads())
    for message in messages:
        finder.look(message)
        finder.look_at_writer(message, envelope_places(message, PERSON))
    finder.look_at_threads(findings or [])
    return {address: (one.reason, one.count) for address, one in known.items()}


def message(writer: Participant, **fields: Any) -> Message:
    return Message(id="m", folder_id="f", from_=writer, to=(ANNA,), **fields)


def theirs(role: Role, **fields: Any) -> Finding:
    return Finding(mailbox="anna@firm.example", id="1", folder_id="f", folder="Inbox", role=role, seen=(), **fields)


@pytest.mark.parametrize(
    ("writer", "preview", "reason"),
    [
        (Participant("pdv@prive.example", "Vries, Piet de"), "", "same-name"),
        (Participant("p.devries@prive.example"), "", "same-local-part"),
        (Participant("pdv@prive.example"), "Dank! Met vriendelijke groet, Piet de Vries", "same-signature"),
        (Participant("pdv@prive.example"), "Bel me op +31 6 12345678", "same-phone"),
        (Participant("pdv@prive.example"), "Ik sprak Piet de Vries. Groeten, Kees", None),
        (Participant("kees@elders.example"), "Doe de groeten aan Piet de Vries", None),
        (Participant("bert@firm.example", "Bert"), "Groet namens Piet de Vries", None),
        (PIET, "Groet, Piet de Vries", None),
    ],
)
def test_by_the_message_alone(writer: Participant, preview: str, reason: str | None) -> None:
    found = offered(message(writer, preview=preview))
    assert found == ({} if reason is None else {writer.address: (reason, 1)})


def test_a_message_counts_once_however_often_it_names_the_address() -> None:
    """From and sender are the same as a rule, and the name may stand under the text too."""
    writer = Participant("p.devries@prive.example", "Piet de Vries")
    signed = "Met vriendelijke groet, Piet de Vries"
    assert offered(message(writer, sender=writer, preview=signed)) == {writer.address: ("same-name", 1)}
    nameless = Participant(writer.address)
    assert offered(message(nameless, sender=nameless, preview=signed)) == {writer.address: ("same-local-part", 1)}


@pytest.mark.parametrize(
    ("writer", "is_offered"),
    [
        (Participant("pdv1970@prive.example", "P. de Vries"), True),
        (Participant("x1@prive.example", "Piet"), True),
        (Participant("piet.vries@prive.example"), True),
        (Participant("devries.p@prive.example"), True),
        (Participant("pdevries71@prive.example"), True),
        (Participant("els@prive.example", "Els de Vries"), False),
        (Participant("pj@elders.example", "Piet Jansen"), False),
        (Participant("kees@elders.example", "Kees"), False),
        (Participant("de@elders.example", "de"), False),
        (Participant("bert@firm.example", "P. de Vries"), False),
    ],
)
def test_in_a_thread_only_who_resembles_the_person(writer: Participant, is_offered: bool) -> None:
    """Not simply everyone in the thread, and nobody of the firm; outside the person's threads nobody at all."""
    answer = message(writer, conversation_id="draad")
    found = offered(answer, findings=[theirs(Role.ONE_OF_MANY, conversation_id="draad")])
    assert found == ({writer.address: ("same-thread", 1)} if is_offered else {})
    assert offered(answer, findings=[theirs(Role.ONE_OF_MANY, conversation_id="ander")]) == {}
    assert offered(answer, findings=[theirs(Role.MENTIONED, conversation_id="draad")]) == {}


def test_who_answers_mail_that_went_to_the_person_alone() -> None:
    """Whatever the name; mail to several people may be answered by any of them, a bounce answers for nobody."""
    writer = Participant("vlinder88@prive.example", "V.")
    answer = message(writer, references=("<eerder@firm>", "<alleen@firm>"))
    alone = [theirs(Role.ONLY_RECIPIENT, internet_message_id="<alleen@firm>")]
    assert offered(answer, answer, findings=alone) == {writer.address: ("answers-for-them", 2)}
    assert offered(answer, findings=[theirs(Role.ONE_OF_MANY, internet_message_id="<alleen@firm>")]) == {}
    assert offered(answer, findings=[theirs(Role.ONLY_RECIPIENT, internet_message_id="<eerder@firm>")]) == {}
    assert (
        offered(message(writer, references=("<alleen@firm>",), message_class="REPORT.IPM.Note.NDR"), findings=alone)
        == {}
    )
    shared = Participant("info@klant.example", "Klant B.V.")
    assert offered(message(shared, references=("<alleen@firm>",)), findings=alone) == {}


def test_what_was_gathered_survives_sealing() -> None:
    """A search that is broken off goes on with the threads it had met."""
    threads, known = Threads(), dict[str, Lookalike]()
    answer = message(Participant("vlinder88@prive.example"), references=("<alleen@firm>",))
    LookalikeFinder(PERSON, (), known, threads).look(answer)
    LookalikeFinder(PERSON, (), known, threads).look(
        message(Participant("a@prive.example", "Piet"), conversation_id="d")
    )
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(threads), type=Threads)
    finder = LookalikeFinder(PERSON, (), known, again)
    finder.look(answer)
    finder.look_at_threads([theirs(Role.ONLY_RECIPIENT, internet_message_id="<alleen@firm>", conversation_id="d")])
    assert {a: (one.reason, one.count) for a, one in known.items()} == {
        "vlinder88@prive.example": ("answers-for-them", 2),
        "a@prive.example": ("same-thread", 1),
    }


def test_seen_is_told_by_the_preview_alone() -> None:
    """A body that was opened is not at hand any more: only the preview tells of a signature."""
    known: dict[str, Lookalike] = {}
    finder = LookalikeFinder(PERSON, (), known, Threads())
    finder.look_at_writer(message(Participant("x@y.example"), preview="Groet, Piet de Vries"), (Seen.BODY,))
    assert known == {}
