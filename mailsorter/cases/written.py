"""The letters of a case as they were written, what they told, and when they were sent."""

from __future__ import annotations

import enum
import hashlib
from datetime import date

import msgspec

from mailsorter.cases.casefile import CaseFile
from mailsorter.model.account import Account
from mailsorter.model.coverage import Coverage
from mailsorter.model.verdict import VerdictOnCase

_PART = "letter-"


class LetterKind(enum.StrEnum):
    """What a letter tells."""

    DONE = "done"
    PARTLY = "partly"
    EXTENSION = "extension"
    IDENTIFY = "identify"
    REFUSAL = "refusal"


ANSWERS = (LetterKind.DONE, LetterKind.PARTLY, LetterKind.REFUSAL)
"""The letters that answer the request."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter as it was written. Readable: it lies in the case file only.

    `told` is the digest of the facts that an answer told (b"" in letters of older versions, which kept none).
    `sent_on` is the day on which the officer recorded that it was sent; mailsorter itself sends nothing.
    """

    kind: LetterKind
    language: str
    text: str
    written_on: date
    told: bytes = b""
    sent_on: date | None = None


def letters_of(file: CaseFile) -> list[Letter]:
    """Every letter of the case, oldest first."""
    return [letter for part in _parts(file) if (letter := file.read(part, Letter)) is not None]


def add_letter(file: CaseFile, letter: Letter) -> None:
    """Keep a new letter, sealed."""
    file.write(f"{_PART}{len(_parts(file)) + 1}", letter)


def replace_letter(file: CaseFile, index: int, letter: Letter) -> None:
    """Write the letter of that index in `letters_of` anew."""
    file.write(_parts(file)[index], letter)


def last_answer(file: CaseFile) -> Letter | None:
    """The newest letter that answers the request."""
    return next((letter for letter in reversed(letters_of(file)) if letter.kind in ANSWERS), None)


def digest_of_facts(account: Account, coverage: Coverage, verdict: VerdictOnCase | None) -> bytes:
    """What an answer tells, as a digest: the same facts give the same one, in whatever order they were recorded."""
    places = sorted(
        (gap.mailbox, gap.folder, gap.reason, gap.kind.value, gap.count) for gap in coverage.gaps_by_mailbox
    )
    reasons = sorted((reason.why.value, reason.count) for reason in verdict.reasons) if verdict is not None else None
    return hashlib.sha256(msgspec.json.encode([account.lines, places, reasons])).digest()


def _parts(file: CaseFile) -> list[str]:
    return sorted((p for p in file.parts() if p.startswith(_PART)), key=lambda p: int(p.removeprefix(_PART)))
