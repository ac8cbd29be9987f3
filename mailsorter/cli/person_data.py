"""The person's data from a file, standard input or a prompt, so that it stands in no command line.

What is typed as an argument shows in the process list, in the shell's history and in the journal of a unit.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from mailsorter.cli.voice import Voice
from mailsorter.errors import UserError

FROM_HELP = (
    "Read address:, name:, alias: and phone: lines from this file (-: standard input), which no process list shows."
)
_KEYS = ("address", "name", "alias", "phone")
_EXAMPLE = "address: piet@klant.example"
_LARGEST = 64 * 1024


class PersonData(msgspec.Struct, frozen=True, kw_only=True):
    """What identifies a person, as the officer wrote it."""

    address: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    alias: tuple[str, ...] = ()
    phone: tuple[str, ...] = ()


def read_person(source: str) -> PersonData:
    """Read `KEY: VALUE` lines (address, name, alias, phone; each may come again) from a file, or `-` standard input.

    Empty lines and lines that begin with # are passed over. Raises `UserError`; it quotes nothing of the file.
    """
    try:
        text = sys.stdin.read(_LARGEST + 1) if source == "-" else Path(source).read_text("utf-8")[: _LARGEST + 1]
    except (OSError, UnicodeDecodeError):
        raise UserError(
            "The file with the person's data cannot be read as text.", advice="Give it as: --from FILE, or --from -"
        ) from None
    if len(text) > _LARGEST:
        raise UserError("That is too much for one person's data.", advice=f"Write lines such as: {_EXAMPLE}")
    found: dict[str, list[str]] = {key: [] for key in _KEYS}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, colon, value = line.partition(":")
        if key.strip().lower() not in found or not colon or not value.strip():
            raise UserError(
                f"Line {number} of the person's data is none of: {', '.join(f'{k}: …' for k in _KEYS)}.",
                advice=f"Write lines such as: {_EXAMPLE}",
            )
        found[key.strip().lower()].append(value.strip())
    return PersonData(**{key: tuple(values) for key, values in found.items()})


def asked_for(given: str | list[str] | None) -> str | list[str] | None:
    """An option's callback: `-` in the place of the person's data is asked for, so that no command line shows it.

    Asked at the terminal; where there is none, the next line of standard input. Raises `UserError` for an empty one.
    """
    if isinstance(given, list):
        return [_asked() if one == "-" else one for one in given]
    return _asked() if given == "-" else given


def _asked() -> str:
    voice = Voice()
    line = voice.ask("Address or name:") if voice.can_ask else sys.stdin.readline(_LARGEST)
    if not line.strip():
        raise UserError(
            "Nothing was given in the place of the person's data.", advice="Write it as one line of standard input."
        )
    return line.strip()


def ask_person(voice: Voice) -> PersonData:
    """Ask at the terminal; nothing where there is none."""
    if not voice.can_ask:
        return PersonData()
    questions = {"address": "Addresses of the person:", "name": "Name:", "phone": "Phone numbers (or Enter):"}
    return PersonData(**{key: _split(voice.ask(question)) for key, question in questions.items()})


def _split(typed: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in typed.replace(";", ",").split(",") if one.strip())
