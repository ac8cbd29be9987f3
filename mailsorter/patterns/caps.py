"""How much of each text of a message is matched. One place, so that nobody has to look for a number.

A cap may lose a match, it must not make one. `ACM-245` cut behind the 4 would be another code, `jan@acme.example.org`
cut before `.org` another address. So a text whose patterns ask whether a word ends is cut by `before_word`, one in
which addresses are looked for by `before_token`, and phrases near a cut do not count (`sorting/matching/phrases.py`).
A plain slice is right only where a pattern asks for nothing but what is there.
"""

from __future__ import annotations

from typing import Final


class Cap:
    """Characters, but for `BODY_LINES`. Exchange keeps 255 characters of a subject and shows 255 of a body."""

    LOOKS: Final = 300  # of a subject or a preview, to see what kind of message it is
    PHRASE_TEXT: Final = 1_000  # of a subject or a file name, in which codes and words of rules are looked for
    LIST_ID: Final = 1_000
    CATEGORY: Final = 1_000  # Exchange allows 255; a longer one is not compared
    DISPLAY_NAME: Final = 1_000  # of a participant, where addresses may be written inside it
    PARTICIPANT: Final = 20_000  # of a raw address: a group of some hundred people still fits
    BODY: Final = 32_000  # of a body: forwarded blocks, bounces and forms are near its top
    BODY_LINE: Final = 4_000
    BODY_LINES: Final = 600


def before_word(text: str, cap: int) -> str:
    """At most `cap` characters of the text, cut before the word that the cap would split; a word that is alone longer
    than the cap is left out. A word is what `\\w` means in `re`. Takes time linear in `cap`."""
    if len(text) <= cap:
        return text
    position = cap
    if _in_word(text[position]):
        while position and _in_word(text[position - 1]):
            position -= 1
    return text[:position]


def before_token(text: str, cap: int) -> str:
    """As `before_word`, with words that only white space ends: an address or a file name stays whole or goes."""
    if len(text) <= cap:
        return text
    position = cap
    if not text[position].isspace():
        while position and not text[position - 1].isspace():
            position -= 1
    return text[:position]


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "_"
