"""How letters are set: templates found, days and counts in the language's words, text in blocks for the PDF."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from mailsorter.cases.citations import show_law
from mailsorter.errors import UserError
from mailsorter.model.coverage import BY_SCOPE, EXCLUDED, LEFT_OUT, SEARCH, Depth, Gap, GapKind
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
            "wij het nodig hebben voor de instelling, uitoefening of onderbouwing van een rechtsvordering",
            "wij ze nodig hebben voor de instelling, uitoefening of onderbouwing van een rechtsvordering",
        ),
        "still-necessary": ("wij het nog nodig hebben", "wij ze nog nodig hebben"),
        "case-correspondence": ("het over dit verzoek zelf gaat", "ze over dit verzoek zelf gaan"),
    },
    "en": {
        "legal-duty": ("the law obliges us to keep it", "the law obliges us to keep them"),
        "legal-claim": (
            "we need it for the establishment, exercise or defence of a legal claim",
            "we need them for the establishment, exercise or defence of a legal claim",
        ),
        "still-necessary": ("we still need it", "we still need them"),
        "case-correspondence": ("it is about this request itself", "they are about this request itself"),
    },
}  # fmt: skip
_PURPOSES = {  # of this program's own; the config's are told as it has them
    BUSINESS_RECORDS: {
        "nl": "onze zakelijke administratie, waarin u slechts wordt genoemd",
        "en": "our business records, in which you are only mentioned",
    },
}
_TOLD = {
    "nl": {"clients": "relaties van ons", "others": "andere ontvangers buiten onze organisatie"},
    "en": {"clients": "clients of ours", "others": "other recipients outside our organisation"},
}
_DEPTH_READ: Mapping[str, Mapping[Depth, str]] = {  # "": of cases from before there was a choice, which tell it by gaps
    "nl": {
        Depth.HEADERS: "Van elk bericht hebben wij de kop en de eerste regels bekeken",
        Depth.INDEXED: "",
        Depth.BODIES: "Van elk bericht hebben wij de kop, de hele tekst en de namen van de bijlagen gelezen",
        Depth.EVERYTHING: (
            "Van elk bericht hebben wij de kop, de hele tekst en de bijlagen gelezen, voor zover die te lezen zijn"
        ),
    },
    "en": {
        Depth.HEADERS: "For each message, we looked at the header and the first lines",
        Depth.INDEXED: "",
        Depth.BODIES: "For each message, we read the header, the whole text and the names of the attachments",
        Depth.EVERYTHING: (
            "For each message, we read the header, the whole text and the attachments, as far as these can be read"
        ),
    },
}
"""What was read of each message, by the coverage's depth."""
_BUT = {
    "nl": ", behalve wat hieronder staat als niet ingezien",
    "en": ", except what is listed below as not looked into",
}
NOT_OPENED = "not-opened"  # nothing of that mailbox was read, for whatever reason
SEARCH_FAILED = "search-failed"  # the server's own search gave no answer, for whatever reason
_SAME_GAP = {"item-not-readable": "unreadable", "not-readable-limits": "limits"}  # the proof met what the search met
_GAPS: Mapping[str, Mapping[str, tuple[str, str]]] = {  # for one place and for several, which only places need
    "nl": {
        "encrypted": ("versleutelde berichten{some}", ""),
        "attachments-not-opened": ("bijlagen van berichten die verder niets over u zeggen{some}", ""),
        "attachments-not-readable": ("bijlagen die niet of niet geheel te lezen zijn, zoals scans{some}", ""),
        "attachment-names": ("namen van bijlagen die ons mailsysteem niet gaf{some}", ""),
        "limits": (
            "berichten die niet of niet geheel te lezen zijn omdat zij te groot of te ingewikkeld zijn{some}", "",
        ),
        "text-not-read": ("de tekst van {messages}: die is niet gelezen", ""),
        "text-by-index-only": ("de volledige tekst van {messages}: die is alleen met de zoekfunctie doorzocht", ""),
        "unreadable": ("berichten die ons mailsysteem niet kon tonen{some}", ""),
        "other-items": ("agenda-items, contactpersonen, taken en notities in mailmappen{some}", ""),
        "listing-short": ("berichten die ons mailsysteem telde en niet toonde{some}", ""),
        "search-cap": ("berichten buiten de eerste duizend zoekresultaten per mailbox", ""),
        "search-useless": (
            "de tekst en bijlagen van berichten waarvan de kop en de eerste regels niet over u gaan: de zoekfunctie "
            "van ons mailsysteem zocht daar niet in", "",
        ),
        "search-broken-entries": ("zoekresultaten die niet te lezen waren{some}", ""),
        "no-recoverable-items": (
            "verwijderde berichten die een mailsysteem zonder map voor herstelbare items elders bewaart", "",
        ),
        "folder-classes-unanswered": (
            "mappen van een bijzonder soort in een mailbox, als die er zijn: die vraag bleef onbeantwoord",
            "mappen van een bijzonder soort in {places} mailboxen, als die er zijn: die vraag bleef onbeantwoord",
        ),
        "folder-classes": (
            "mappen van een bijzonder soort in een mailbox, als die er zijn: wij konden ze niet opvragen",
            "mappen van een bijzonder soort in {places} mailboxen, als die er zijn: wij konden ze niet opvragen",
        ),
        SEARCH_FAILED: (
            "wat alleen de zoekfunctie van een mailbox had kunnen aanwijzen: die gaf geen antwoord",
            "wat alleen de zoekfunctie van {places} mailboxen had kunnen aanwijzen: die gaf geen antwoord",
        ),
        "excluded": (
            "een mailbox met een vertrouwelijke functie, die wij voor zulke verzoeken niet openen",
            "{places} mailboxen met een vertrouwelijke functie, die wij voor zulke verzoeken niet openen",
        ),
        "left-out": (
            "een mailbox of map die wij na afweging buiten het onderzoek hebben gelaten",
            "{places} mailboxen of mappen die wij na afweging buiten het onderzoek hebben gelaten",
        ),
        "address-unknown": (
            "een eerdere mailbox waarvan het adres bij ons niet meer bekend is",
            "{places} eerdere mailboxen waarvan de adressen bij ons niet meer bekend zijn",
        ),
        "not-searched": (
            "een mailbox die nog niet is doorzocht", "{places} mailboxen die nog niet zijn doorzocht",
        ),
        NOT_OPENED: (
            "1 mailbox die niet geopend kon worden, met alles wat erin staat",
            "{places} mailboxen die niet geopend konden worden, met alles wat erin staat",
        ),
        "archive": (
            "een archiefmailbox die niet geopend kon worden",
            "{places} archiefmailboxen die niet geopend konden worden",
        ),
        "": (
            "een deel van een mailbox dat niet geopend kon worden{some}",
            "{places} delen van mailboxen die niet geopend konden worden{some}",
        ),
    },
    "en": {
        "encrypted": ("encrypted messages{some}", ""),
        "attachments-not-opened": ("attachments of messages that otherwise say nothing about you{some}", ""),
        "attachments-not-readable": ("attachments that cannot be read, or not completely, such as scans{some}", ""),
        "attachment-names": ("names of attachments that our mail system did not give{some}", ""),
        "limits": (
            "messages that cannot be read, or not completely, because they are too large or too complex{some}", "",
        ),
        "text-not-read": ("the text of {messages}: it was not read", ""),
        "text-by-index-only": ("the full text of {messages}: it was searched by the search function only", ""),
        "unreadable": ("messages that our mail system could not show{some}", ""),
        "other-items": ("appointments, contacts, tasks and notes in mail folders{some}", ""),
        "listing-short": ("messages that our mail system counted and did not show{some}", ""),
        "search-cap": ("messages beyond the first thousand search results of a mailbox", ""),
        "search-useless": (
            "the text and attachments of messages whose header and first lines do not concern you: the search function "
            "of our mail system did not look there", "",
        ),
        "search-broken-entries": ("search results that could not be read{some}", ""),
        "no-recoverable-items": (
            "deleted messages that a mail system without a folder for recoverable items keeps elsewhere", "",
        ),
        "folder-classes-unanswered": (
            "folders of a special kind in a mailbox, if there are any: the server did not answer",
            "folders of a special kind in {places} mailboxes, if there are any: the server did not answer",
        ),
        "folder-classes": (
            "folders of a special kind in a mailbox, if there are any: we could not list them",
            "folders of a special kind in {places} mailboxes, if there are any: we could not list them",
        ),
        SEARCH_FAILED: (
            "what only the search function of a mailbox could have pointed out: it gave no answer",
            "what only the search function of {places} mailboxes could have pointed out: it gave no answer",
        ),
        "excluded": (
            "a mailbox with a confidential function, which we do not open for such requests",
            "{places} mailboxes with a confidential function, which we do not open for such requests",
        ),
        "left-out": (
            "a mailbox or folder that we left out of the search after consideration",
            "{places} mailboxes or folders that we left out of the search after consideration",
        ),
        "address-unknown": (
            "a former mailbox of which we no longer know the address",
            "{places} former mailboxes of which we no longer know the addresses",
        ),
        "not-searched": (
            "a mailbox that has not been searched yet", "{places} mailboxes that have not been searched yet",
        ),
        NOT_OPENED: (
            "1 mailbox that could not be opened, with everything in it",
            "{places} mailboxes that could not be opened, with everything in them",
        ),
        "archive": (
            "an archive mailbox that could not be opened", "{places} archive mailboxes that could not be opened",
        ),
        "": (
            "a part of a mailbox that could not be opened{some}",
            "{places} parts of mailboxes that could not be opened{some}",
        ),
    },
}  # fmt: skip


_FAULTS_OF_A_TEMPLATE = (OSError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
"""What a template's own expressions and its file raise beside Jinja2's errors: not UTF-8, a number added to a list."""


def show_day(day: date, language: str) -> str:
    """`3 maart 2026`, `3 March 2026`."""
    return f"{day.day} {_MONTHS[language][day.month - 1]} {day.year}"


def show_told(kinds: Iterable[str], language: str) -> list[str]:
    """The categories of recipients (art. 19) in the language's words: `clients`, `others`."""
    wanted = list(kinds)
    alone = {"nl": "ontvangers buiten onze organisatie", "en": "recipients outside our organisation"}
    return [alone[language]] if wanted == ["others"] else [_TOLD[language][kind] for kind in wanted]


def _basis(language: str, basis: str, count: int) -> str:
    one, many = _BASIS[language].get(basis, (basis, basis))
    return one if count == 1 else many


class Tally(NamedTuple):
    """How many places a gap concerns, and how many messages (0: nobody knows)."""

    places: int
    messages: int


def gap_of(gap: Gap, *, is_whole_mailbox: bool) -> str:
    """Under which words of `show_gaps` a gap is told."""
    if gap.kind is GapKind.LEFT_OUT:
        return EXCLUDED if gap.reason == EXCLUDED else LEFT_OUT
    if gap.kind is GapKind.BEYOND_DEPTH or gap.reason in BY_SCOPE:
        return gap.reason
    if is_whole_mailbox:
        return NOT_OPENED
    return SEARCH_FAILED if gap.folder == SEARCH else gap.reason


def show_depth(depth: Depth, language: str, *, has_gaps: bool) -> str:
    """What was read of each message, as a sentence; "" where the gaps alone tell it."""
    said = _DEPTH_READ[language][depth]
    return f"{said}{_BUT[language] if has_gaps else ''}." if said else ""


def show_gaps(tallies: Mapping[str, Tally], language: str) -> list[str]:
    """What could not be looked into, a line a kind, by the reasons that `gap_of` gives."""
    words = _GAPS[language]
    merged: dict[str, Tally] = {}
    for reason, tally in tallies.items():
        known = _SAME_GAP.get(reason, reason)
        kind = known if known in words else "archive" if known.startswith("archive") else ""
        before = merged.get(kind, Tally(0, 0))
        count = max(before.messages, tally.messages) if reason in _SAME_GAP else before.messages + tally.messages
        merged[kind] = Tally(before.places + tally.places, count)
    return [
        (words[kind][0] if places == 1 or not words[kind][1] else words[kind][1]).format(
            messages=_messages(count, language), places=places, some=f" ({count})" if count else ""
        )
        for kind, (places, count) in sorted(merged.items())
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
        "count": _count,
        "plural": lambda n, one, many: one if n == 1 else many,
        "basis_nl": lambda basis, n=2: _basis("nl", basis, n),
        "basis_en": lambda basis, n=2: _basis("en", basis, n),
        "purpose": lambda purpose: _PURPOSES.get(purpose, {}).get(language, purpose),
        "law": lambda article, without_gdpr=False: show_law(article, language, without_gdpr=without_gdpr),
    }
    name = f"{language}/{kind}.txt.j2"
    try:
        text = environment.get_template(name).render(data)
    except (TemplateError, *_FAULTS_OF_A_TEMPLATE) as error:
        raise _unusable(name, f"{type(error).__name__}: {error}") from None
    if not text.strip():
        raise _unusable(name, "it is empty")
    return _tidy(text)


def _count(n: int | None, one: str, many: str) -> str:
    if n is None:
        raise ValueError("it counts something that is not known (backup_days: set [erasure] backup_horizon)")
    return f"{n} {one if n == 1 else many}"


def _messages(count: int, language: str) -> str:
    one, many = ("bericht", "berichten") if language == "nl" else ("message", "messages")
    return f"{count or '?'} {one if count == 1 else many}"


def _unusable(name: str, why: str) -> UserError:
    return UserError(
        f"The letter template {name} cannot be used: {why}.",
        advice="Mend it in the folder of [erasure] letters, or remove it to use the built-in one.",
    )


_BOUND = frozenset({"artikel", "artikelen", "Article", "Articles", "art."})
_MONTH_NAMES = frozenset(name for names in _MONTHS.values() for name in names)


def kept_together(text: str) -> str:
    """The text with blanks that no line ends at in dates (`3 maart 2026`) and between `artikel` and its number."""
    words = text.split(" ")
    parts = words[:1]
    for before, word in pairwise(words):
        ends = before.lstrip("([")
        is_bound = ends in _BOUND or ends in _MONTH_NAMES or (word in _MONTH_NAMES and ends.isdecimal())
        parts += ["\u00a0" if is_bound and word else " ", word]
    return "".join(parts)


def blocks_of(text: str) -> list[dict[str, str]]:
    """The text as the PDF sets it: paragraphs, list items, a code, and first the subject, without the word for it."""
    blocks: list[dict[str, str]] = []
    for index, paragraph in enumerate(p for p in text.strip().split("\n\n") if p.strip()):
        for line in paragraph.splitlines():
            if index == 0:
                subject = line.partition(": ")[2] or line
                blocks.append({"kind": "subject", "text": subject[:1].upper() + subject[1:]})
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
