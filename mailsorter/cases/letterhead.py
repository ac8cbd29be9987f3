"""How letters are set: templates found, days and counts in the language's words, text in blocks for the PDF."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from mailsorter.errors import UserError
from mailsorter.model.ground import BUSINESS_RECORDS

LANGUAGES = ("nl", "en")
_BUILT_IN = Path(__file__).with_name("letters")
_MONTHS = {
    "nl": (
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ),
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
}
_BASIS: Mapping[str, Mapping[str, tuple[str, str]]] = {  # for one message and for more
    "nl": {
        "legal-duty": ("de wet ons verplicht het te bewaren", "de wet ons verplicht ze te bewaren"),
        "legal-claim": (
            "wij het nodig hebben voor een rechtsvordering", "wij ze nodig hebben voor een rechtsvordering",
        ),
        "still-necessary": ("wij het nog nodig hebben", "wij ze nog nodig hebben"),
        "case-correspondence": ("het over dit verzoek zelf gaat", "ze over dit verzoek zelf gaan"),
    },
    "en": {
        "legal-duty": ("the law obliges us to", "the law obliges us to"),
        "legal-claim": ("it is needed for a legal claim", "they are needed for a legal claim"),
        "still-necessary": ("we still need it", "we still need them"),
        "case-correspondence": ("it is about this request itself", "they are about this request itself"),
    },
}  # fmt: skip
_PURPOSES = {  # of this program's own; the config's are told as it has them
    BUSINESS_RECORDS: {
        "nl": "onze zakelijke administratie, waarin u alleen wordt genoemd",
        "en": "our business records, in which you are only mentioned",
    },
}
_TOLD = {
    "nl": {"clients": "relaties van ons", "others": "andere ontvangers buiten onze organisatie"},
    "en": {"clients": "clients of ours", "others": "other recipients outside our organisation"},
}
_SAME_GAP = {"item-not-readable": "unreadable"}  # the proof met what the search had met
_GAPS = {
    "nl": {
        "encrypted": "versleutelde berichten{some}",
        "attachments-not-opened": "bijlagen van berichten die verder niets over u zeggen{some}",
        "attachments-not-readable": "bijlagen die niet of niet geheel te lezen zijn, zoals scans{some}",
        "limits": "berichten die niet of niet geheel te lezen zijn omdat zij te groot of te ingewikkeld zijn{some}",
        "text-by-index-only": "de volledige tekst van {messages}: die is alleen met de zoekfunctie doorzocht",
        "unreadable": "berichten die Exchange niet kon tonen{some}",
        "other-items": "agenda-items, contactpersonen, taken en notities in mailmappen{some}",
        "excluded": "een mailbox met een vertrouwelijke functie, die wij voor zulke verzoeken niet openen",
        "left-out": "een mailbox of map die wij na beoordeling buiten het onderzoek hebben gelaten",
        "address-unknown": "een mailbox die niet meer in gebruik is",
        "not-opened": "{mailboxes}",
        "archive": "een archiefmailbox",
        "search-cap": "berichten buiten de eerste duizend zoekresultaten per mailbox",
        "": "een deel van een mailbox dat niet geopend kon worden{some}",
    },
    "en": {
        "encrypted": "encrypted messages{some}",
        "attachments-not-opened": "attachments of messages that otherwise say nothing about you{some}",
        "attachments-not-readable": "attachments that cannot be read, or not completely, such as scans{some}",
        "limits": "messages that cannot be read, or not completely, because they are too large or too complex{some}",
        "text-by-index-only": "the full text of {messages}: it was searched by the search function only",
        "unreadable": "messages that Exchange could not show{some}",
        "other-items": "appointments, contacts, tasks and notes in mail folders{some}",
        "excluded": "a mailbox with a confidential function, which we do not open for such requests",
        "left-out": "a mailbox or folder that we left out of the search after consideration",
        "address-unknown": "a mailbox that is no longer in use",
        "not-opened": "{mailboxes}",
        "archive": "an archive mailbox",
        "search-cap": "messages beyond the first thousand search results of a mailbox",
        "": "a part of a mailbox that could not be opened{some}",
    },
}


_FAULTS_OF_A_TEMPLATE = (OSError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
"""What a template's own expressions and its file raise beside Jinja2's errors: not UTF-8, a number added to a list."""


def show_day(day: date, language: str) -> str:
    """`3 maart 2026`, `3 March 2026`."""
    return f"{day.day} {_MONTHS[language][day.month - 1]} {day.year}"


def show_law(article: str, language: str) -> str:
    """An article as the letter cites it: the regulation is called AVG in Dutch and GDPR in English."""
    return (
        article.replace("GDPR", "AVG")
        if language == "nl"
        else article.replace("UAVG", "\0").replace("AVG", "GDPR").replace("\0", "UAVG")
    )


def show_told(kinds: Iterable[str], language: str) -> list[str]:
    """The categories of recipients (art. 19) in the language's words: `clients`, `others`."""
    wanted = list(kinds)
    alone = {"nl": "ontvangers buiten onze organisatie", "en": "recipients outside our organisation"}
    return [alone[language]] if wanted == ["others"] else [_TOLD[language][kind] for kind in wanted]


def _basis(language: str, basis: str, count: int) -> str:
    one, many = _BASIS[language].get(basis, (basis, basis))
    return one if count == 1 else many


def show_gaps(counts: Mapping[str, int], language: str) -> list[str]:
    """What could not be looked into, a line a kind."""
    words = _GAPS[language]
    merged: dict[str, int] = {}
    for reason, count in counts.items():
        known = _SAME_GAP.get(reason, reason)
        kind = known if known in words else "archive" if known.startswith("archive") else ""
        merged[kind] = max(merged.get(kind, 0), count) if reason in _SAME_GAP else merged.get(kind, 0) + count
    return [
        words[kind].format(
            messages=_messages(count, language),
            mailboxes=_not_opened(count, language),
            some=f" ({count})" if count else "",
        )
        for kind, count in sorted(merged.items())
    ]


def render_text(kind: str, language: str, data: Mapping[str, Any], own_templates: Path | None) -> str:
    """The letter's text. The firm's own template of that name goes before the built-in one.

    Raises:
        UserError: a template of the firm's is missing a word, cannot be read as one, or says nothing.
    """
    from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment  # the firm edits templates: they get no further than their data

    places = [FileSystemLoader(p) for p in (own_templates, _BUILT_IN) if p is not None]
    environment = SandboxedEnvironment(
        loader=ChoiceLoader(places), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    environment.filters |= {
        "day": lambda day: show_day(day, language),
        "count": lambda n, one, many: f"{n} {one if n == 1 else many}",
        "plural": lambda n, one, many: one if n == 1 else many,
        "basis_nl": lambda basis, n=2: _basis("nl", basis, n),
        "basis_en": lambda basis, n=2: _basis("en", basis, n),
        "purpose": lambda purpose: _PURPOSES.get(purpose, {}).get(language, purpose),
        "law": lambda article: show_law(article, language),
    }
    name = f"{language}/{kind}.txt.j2"
    try:
        text = environment.get_template(name).render(data)
    except (TemplateError, *_FAULTS_OF_A_TEMPLATE) as error:
        raise _unusable(name, f"{type(error).__name__}: {error}") from None
    if not text.strip():
        raise _unusable(name, "it is empty")
    return _tidy(text)


def _messages(count: int, language: str) -> str:
    one, many = ("bericht", "berichten") if language == "nl" else ("message", "messages")
    return f"{count or '?'} {one if count == 1 else many}"


def _not_opened(count: int, language: str) -> str:
    if language == "nl":
        what = "mailbox die niet geopend kon worden" if count == 1 else "mailboxen die niet geopend konden worden"
        return f"{count} {what}, met alles wat erin staat"
    what = "mailbox" if count == 1 else "mailboxes"
    return f"{count} {what} that could not be opened, with everything in {'it' if count == 1 else 'them'}"


def _unusable(name: str, why: str) -> UserError:
    return UserError(
        f"The letter template {name} cannot be used: {why}.",
        advice="Mend it in the folder of [erasure] letters, or remove it to use the built-in one.",
    )


def blocks_of(text: str) -> list[dict[str, str]]:
    """The text as the PDF sets it: paragraphs, list items, a code, and the subject line first."""
    blocks: list[dict[str, str]] = []
    for index, paragraph in enumerate(p for p in text.strip().split("\n\n") if p.strip()):
        for line in paragraph.splitlines():
            if index == 0:
                blocks.append({"kind": "subject", "text": line.partition(": ")[2] or line})
            elif line.startswith("- "):
                blocks.append({"kind": "item", "text": line[2:]})
            elif line.startswith("    "):
                blocks.append({"kind": "code", "text": line.strip()})
            else:
                blocks.append({"kind": "text", "text": line.strip()})
    return blocks


def _tidy(text: str) -> str:
    """No blanks at line ends, never two empty lines in a row, one line break at the end."""
    lines: list[str] = []
    for line in (raw.rstrip() for raw in text.splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip() + "\n"
