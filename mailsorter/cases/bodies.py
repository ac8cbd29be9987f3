"""The texts of messages, compared page by page and dropped.

HTML is read in a worker of `sandbox`, a page of texts at a time. Where a page meets a limit, each of its texts is read
by itself, so that one hostile text hides no other; a text that meets a limit by itself is compared as it stands.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from mailsorter.cases.mime import Look, look_at_text
from mailsorter.mailbox.base import Body
from mailsorter.model.case import Seen
from mailsorter.model.concern import Sightings
from mailsorter.model.finding import note_text
from mailsorter.model.person import Person
from mailsorter.sandbox import Ending, Piece, Sandbox, shared

_PARSER = "mailsorter.cases.parsers.bodies:read_bodies"
_RESENT = ("resent-from:", "resent-sender:", "resent-to:", "resent-cc:", "resent-bcc:")
_REPORTED = ("original-recipient:", "final-recipient:", "x-failed-recipients:")


def look_at_bodies(bodies: Sequence[Body], person: Person, sandbox: Sandbox | None = None) -> list[Look]:
    """Where each of these texts and header blocks names the person. Raises as `Sandbox.read`."""
    looks = [Look(Sightings()) for _ in bodies]
    for look, body in zip(looks, bodies, strict=True):
        _look_at_headers(look.seen, body.headers, person)
        if not body.is_html:
            look.seen.note_all(look_at_text(body.content, person))
    html = [number for number, body in enumerate(bodies) if body.is_html and body.content]
    if html and not _read([bodies[n] for n in html], [looks[n] for n in html], person, sandbox or shared()):
        for number in html:
            if not _read([bodies[number]], [looks[number]], person, sandbox or shared()):
                looks[number].seen.note_all(look_at_text(bodies[number].content, person))
                looks[number] = Look(looks[number].seen, 1, met_limit=True)
    return looks


def _read(bodies: Sequence[Body], looks: Sequence[Look], person: Person, sandbox: Sandbox) -> bool:
    """Read them together; False when not all of it was read."""

    def take(piece: Piece) -> None:
        looks[int(piece.kind)].seen.note_all(look_at_text(piece.text, person))

    document = json.dumps([body.content for body in bodies]).encode()
    return sandbox.read(_PARSER, document, take) is Ending.WHOLE


def _look_at_headers(seen: Sightings, block: str, person: Person) -> None:
    for line in block.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ").splitlines():
        lowered = line[:24].lower()
        if lowered.startswith(_RESENT):
            note_text(seen, Seen.RESENT, line, person)
        elif lowered.startswith(_REPORTED):
            note_text(seen, Seen.HEADER, line, person)
