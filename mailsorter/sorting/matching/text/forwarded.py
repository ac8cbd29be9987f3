"""Header blocks that mail programs write above forwarded and quoted mail.

The words are in `forward_words`, the dates in `dates`. Blocks may be nested and quoted. A block is a run of at least
three different header lines of which one names the author, or two right below a line that announces it.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailsorter.model.address import find_addresses
from mailsorter.model.evidence import EvidenceKind
from mailsorter.patterns import compiled, escaped, one_of
from mailsorter.sorting.matching.text.dates import days_or_unknown
from mailsorter.sorting.matching.text.forward_words import ANNOUNCEMENTS, FIELDS, QUOTE_START, QUOTE_VERB, words_of
from mailsorter.sorting.matching.text.mention import Mention

_FIELD_OF = {word.casefold(): field for field in FIELDS for word in words_of(field)}
_WORDS = "|".join(escaped(word) for word in sorted(_FIELD_OF, key=len, reverse=True))
_HEADER = compiled("forwarded.header", "(" + _WORDS + r")\s*:\s*(.*)")
_ADDRESS_ALONE = compiled("forwarded.address-alone", r"^<?[^\s<>]+@[^\s<>]+>?[;,]?$")
_ANNOUNCEMENT = compiled("forwarded.announcement", one_of(ANNOUNCEMENTS + "_{10,}$"))
# Gmail's and Apple's line above a quoted reply; the address may stand on the next line.
_ATTRIBUTION = compiled(
    "forwarded.attribution",
    one_of(rf"""
    ^(?:{QUOTE_START})[^\w].{{3,159}}?(?:{QUOTE_VERB}).{{0,200}}?:?\s*$
    ^(?:op|on)[^\w].{{3,159}}?<[^<>@\s]+@[^<>\s]+>\s*(?:het volgende geschreven|wrote|schreef)?\s*:\s*$
    """),
)
_ANNOUNCED = compiled("forwarded.announced", one_of(ANNOUNCEMENTS))
_LABEL = compiled("forwarded.label", r"^[^\s:@<>]{1,20}(?: [^\s:@<>]{1,20}){0,2}\s*:\s*[^\s]")  # of any language
_IN_BRACKETS = compiled("forwarded.in-brackets", r"[<\[]([^<>\[\]]*@[^<>\[\]]*)[>\]]")
_ATTRIBUTION_START = compiled("forwarded.attribution-start", rf"^(?:{QUOTE_START})[^\w].*\d")
_LONGEST_CONTINUATION = 12


def forwarded_mentions(lines: list[str]) -> list[Mention]:
    """People and subjects of every header block and attribution line, outermost first."""
    return [*_blocks(lines), *_attributions(lines)]


def _blocks(lines: list[str]) -> Iterator[Mention]:
    position = 0
    announced = False
    while position < len(lines):
        line = lines[position]
        if ":" in line and _HEADER.begins(line):
            fields, position = _read_block(lines, position)
            mention = _mention(fields, announced=announced)
            if mention is not None:
                yield mention
            announced = False
            continue
        if line:
            announced = _ANNOUNCEMENT.found_in(line)
        position += 1


def _read_block(lines: list[str], start: int) -> tuple[list[tuple[str, str]], int]:
    """The header lines from `start` on, each with its continuation, and where the block ends."""
    fields: list[tuple[str, str]] = []
    position = start
    continued = 0
    while position < len(lines):
        line = lines[position]
        header = _HEADER.match(line) if ":" in line else None
        if header:
            field = _FIELD_OF[header[1].casefold()]  # `ſent` is found as well, and is no key in lower case
            if field == "from" and any(known == "from" for known, _ in fields):
                break  # the next block begins right here
            fields.append((field, header[2]))
            continued = 0
        elif line and fields and _continues(fields[-1], line) and continued < _LONGEST_CONTINUATION:
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line}")
            continued += 1
        elif line or position + 1 == len(lines) or not _HEADER.begins(lines[position + 1]):
            break
        position += 1
    return fields, max(position, start + 1)


def _continues(last: tuple[str, str], line: str) -> bool:
    field, value = last
    if field not in ("from", "to", "cc", "reply-to") and value:
        return False
    return not value or value.rstrip().endswith((";", ",", "<")) or _ADDRESS_ALONE.begins(line)


def _mention(fields: list[tuple[str, str]], *, announced: bool) -> Mention | None:
    kinds = {field for field, _ in fields}
    if "from" not in kinds or len(kinds - {"other"}) < (2 if announced else 3):
        return None
    authors = _named([value for field, value in fields if field == "from"], one=True)
    authors += _named([value for field, value in fields if field == "reply-to"])
    recipients = _named([value for field, value in fields if field in ("to", "cc")])
    subjects = tuple(value for field, value in fields if field == "subject")
    days = tuple(dict.fromkeys(day for field, value in fields if field == "date" for day in days_or_unknown(value)))
    if "date" not in kinds:
        days = (None,)  # it may be years old
    addresses = tuple(dict.fromkeys((*authors, *recipients)))
    return Mention(EvidenceKind.FORWARDED, addresses, subjects, days, frozenset(recipients) - frozenset(authors))


def _named(values: list[str], *, one: bool = False) -> tuple[str, ...]:
    """The addresses of the people in values of header lines, without what display names say.

    `jan@acme.example <x@elders.example>` is x. `one`: the line names one person, whatever its name holds.
    """
    found: dict[str, None] = {}
    for value in values:
        parts = [value] if one else _people(value)
        for part in parts:
            in_brackets = _IN_BRACKETS.findall(part)
            found.update(dict.fromkeys(find_addresses(" ; ".join(in_brackets) if in_brackets else part)))
    return tuple(found)


def _people(value: str) -> list[str]:
    """A list of people, cut at commas and semicolons outside quotes. Quotes that do not close enclose nothing."""
    heeds_quotes = value.count('"') % 2 == 0
    parts = [""]
    kept, is_quoted = 0, False
    for position, char in enumerate(value):
        if char == '"' and heeds_quotes:
            is_quoted = not is_quoted
        elif char in ",;" and not is_quoted:
            parts.append(value[kept:position])
            kept = position + 1
    return [*parts, value[kept:]]


def passed_on_by(lines: list[str]) -> tuple[tuple[str, ...], bool]:
    """Everybody whom forwarded mail in a body names, and whether some of it does not say by address who wrote it.

    For the question whether a stranger may have had a hand in it, so it also takes three labelled lines in a row for a
    block whose language is not known.
    """
    named = [address for mention in forwarded_mentions(lines) for address in mention.addresses]
    run: list[str] = []
    for line in [*lines, ""]:
        if line and _LABEL.begins(line):
            run.append(line)
            continue
        if len(run) >= 3:
            named += [address for labelled in run for address in find_addresses(labelled)]
        run = []
    return tuple(dict.fromkeys(named)), _is_unsigned(lines)


def _is_unsigned(lines: list[str]) -> bool:
    position, announced = 0, False
    while position < len(lines):
        line = lines[position]
        if ":" in line and _HEADER.begins(line):
            fields, position = _read_block(lines, position)
            is_block = _mention(fields, announced=announced) is not None
            if is_block and not _named([value for field, value in fields if field == "from"], one=True):
                return True
            announced = announced and not is_block
            continue
        if line and announced and not _ANNOUNCED.found_in(line):
            return True
        announced = announced or _ANNOUNCED.found_in(line)
        position += 1
    return False


def _attributions(lines: list[str]) -> Iterator[Mention]:
    for position, line in enumerate(lines):
        if not _ATTRIBUTION_START.begins(line):
            continue
        sentence = _up_to_colon(lines[position : position + 3])
        if _ATTRIBUTION.begins(sentence):
            addresses = _named([sentence], one=True)
            if addresses:
                yield Mention(EvidenceKind.FORWARDED, addresses, (), days_or_unknown(sentence))


def _up_to_colon(lines: list[str]) -> str:
    """The first lines joined, up to the one that ends in a colon; what follows is the quoted text itself."""
    sentence = ""
    for line in lines:
        sentence = f"{sentence} {line}".strip()
        if line.endswith(":"):
            return sentence
    return lines[0]
