"""What the witness saw and the list did not have: each becomes a finding of the case, with a handle to decide it by.

The witness tells id, folder and traces. Sender, subject and date are read from the mailbox, when the proof is made and
again when somebody looks (`refresh`), so that a person decides on the message as it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from mailsorter.cases.build_finding import finding_of, with_approvable_contents
from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.decisions import decisions_of
from mailsorter.cases.office import Office
from mailsorter.cases.witness import Hit
from mailsorter.errors import MailsorterError, NotFound
from mailsorter.mailbox.base import Detail
from mailsorter.model.case import Finding, Role, Seen, Subject
from mailsorter.model.concern import Concern, Sightings
from mailsorter.model.finding import envelope_places
from mailsorter.model.message import Message
from mailsorter.model.person import Person

PART = "witnessed"
NAMES_THE_PERSON, ERASED_BUT_THERE = "names-the-person", "erased-but-there"


class Witnessed(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that the witness brought, and why it should not be there."""

    finding: Finding
    why: str
    is_gone: bool = False  # looked at again, and it was not there any more


def witnessed_of(file: CaseFile) -> list[Witnessed]:
    """All of them, decided or not."""
    return [one for one in file.read(PART, list[Witnessed]) or [] if not one.is_gone]


def undecided(file: CaseFile) -> list[Witnessed]:
    """Those that wait for a person."""
    decisions = decisions_of(file)
    return [one for one in witnessed_of(file) if one.finding.key not in decisions]


def as_findings(
    office: Office, subject: Subject, mailbox: str, hits: Iterable[tuple[Hit, str]]
) -> list[Witnessed]:  # fmt: skip
    """What a proof saw in one mailbox, each read live as far as the mailbox gives it."""
    person = Person(subject)
    fresh = {hit.id: (hit, why) for hit, why in hits}
    messages = _read(office, mailbox, list(fresh))
    made = {
        (finding := _finding(mailbox, hit, messages.get(hit.id), person)).key: (finding, why)
        for hit, why in fresh.values()
    }
    named = _read_whole(office, mailbox, [finding for finding, _ in made.values()])
    return [Witnessed(finding=named[key], why=why) for key, (_, why) in made.items()]


def keep(
    file: CaseFile, seen: Iterable[Witnessed], looked_at: Collection[str], settled: Collection[tuple[str, str]]
) -> None:
    """Write down what a proof saw, in the place of what earlier ones saw in the mailboxes that it `looked_at`.

    What it saw again and a person has `settled` as not theirs stays a finding, so that it is counted.
    """
    found = {one.finding.key: one for one in seen}
    stays = [
        one
        for one in witnessed_of(file)
        if one.finding.key not in found and (one.finding.mailbox not in looked_at or one.finding.key in settled)
    ]
    file.write(PART, [*stays, *found.values()])


def refresh(office: Office, file: CaseFile, *, asks_of_decided: bool = False) -> list[Witnessed]:
    """Read the undecided ones again, so that a reviewer sees them as they are now; gives those that are still there.

    A mailbox that cannot be read now leaves them as they were. `asks_of_decided`: ask of the decided ones, too, whether
    they are still there under that id.
    """
    subject = file.read("subject", Subject) or Subject()
    person, decisions = Person(subject), decisions_of(file)
    after: list[Witnessed] = []
    everything = witnessed_of(file)
    for mailbox in dict.fromkeys(one.finding.mailbox for one in everything):
        here = [one for one in everything if one.finding.mailbox == mailbox]
        asked = [one.finding.id for one in here if asks_of_decided or one.finding.key not in decisions]
        messages = _read(office, mailbox, asked)
        renewed = [
            _renewed(one.finding, message, person)
            for one in here
            if isinstance(message := messages.get(one.finding.id), Message) and one.finding.key not in decisions
        ]
        named = _read_whole(office, mailbox, renewed)
        for one in here:
            message = messages.get(one.finding.id)
            one = msgspec.structs.replace(one, finding=named.get(one.finding.key, one.finding))
            after.append(msgspec.structs.replace(one, is_gone=isinstance(message, NotFound)))
    if after != everything:
        file.write(PART, after)
    return [one for one in after if not one.is_gone and one.finding.key not in decisions]


def forget_listed(office: Office, file: CaseFile, listed: Collection[tuple[str, str]]) -> None:
    """After a search: what it lists itself is a finding of the search, and what is gone is none."""
    if not witnessed_of(file):
        return
    refresh(office, file, asks_of_decided=True)
    file.write(PART, [one for one in witnessed_of(file) if one.finding.key not in listed])


def _read(office: Office, mailbox: str, ids: list[str]) -> dict[str, Message | MailsorterError]:
    if not ids:
        return {}
    try:
        answers = office.open_mailbox(mailbox).fetch(ids, Detail.TRACES)
    except MailsorterError:
        return {}
    return dict(zip(ids, answers, strict=True))


def _read_whole(office: Office, mailbox: str, findings: list[Finding]) -> dict[tuple[str, str], Finding]:
    """The findings by key, with what they hold where the mailbox gives it now."""
    if findings:
        by_names = office.firm.policy.needs_attachment_names
        with contextlib.suppress(MailsorterError):  # they stay findings whose names nobody knows, and are judged so
            made = with_approvable_contents(office.open_mailbox(mailbox), findings, inside_too=by_names)
            findings = [finding for some in made for finding in some]
    return {finding.key: finding for finding in findings}


def _finding(mailbox: str, hit: Hit, message: Message | MailsorterError | None, person: Person) -> Finding:
    recoverable = hit.folder.rpartition(" / ")[2] if hit.is_recoverable else ""
    if isinstance(message, Message) and not message.is_unreadable:
        places = _seen_by_witness(message, person)
        return finding_of(mailbox, message, hit.folder, recoverable, places, person)  # by the id that listings have
    return Finding(
        mailbox=mailbox, id=hit.id, folder_id="", folder=hit.folder, recoverable=recoverable, role=Role.POSSIBLE,
        seen=(Seen.WITNESS,), internet_message_id=hit.message_id, search_key=hit.search_key,
        received_at=datetime.fromisoformat(hit.received) if hit.received else None,
    )  # fmt: skip


def _renewed(finding: Finding, message: Message, person: Person) -> Finding:
    if message.is_unreadable:
        return finding
    places = _seen_by_witness(message, person)
    return finding_of(finding.mailbox, message, finding.folder, finding.recoverable, places, person)


def _seen_by_witness(message: Message, person: Person) -> Sightings:
    """The envelope's places, and that the witness saw it: by what it did, it does not say."""
    places = envelope_places(message, person)
    places.note(Seen.WITNESS, Concern.POSSIBLE)
    return places
