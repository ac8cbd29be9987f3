"""The original recipient of a bounce or of an automatic answer that a system sent in their place.

Exchange, Postfix, Exim, qmail, Gmail, and the standard fields of RFC 3464. Only an address at a place that means
"this one could not be reached" counts; hosts, postmasters and signatures do not.
"""

from __future__ import annotations

from mailsorter.model.address import find_addresses
from mailsorter.model.evidence import EvidenceKind
from mailsorter.patterns import compiled, one_of
from mailsorter.sorting.matching.text.mention import Mention

_REPORT_FIELD = compiled(
    "bounce.report-field",
    r"^(?:final|original)-recipient\s*:\s*(?:rfc822|utf-8)\s*;\s*(.+)$|^x-failed-recipients\s*:\s*(.+)$",
)
# "Your message to jan@acme.example couldn't be delivered": the address stands in the sentence.
_SENTENCE = compiled(
    "bounce.sentence",
    one_of(r"""
    message wasn't delivered to
    could(?:n't| not) be delivered to
    delivery to
    (?:uw|je) (?:bericht|e-?mail|mail) is(?: niet bezorgd)? (?:aan|bij|voor)
    (?:uw|je) (?:bericht|e-?mail|mail) niet bezorgd (?:aan|bij|voor)
    (?:niet|kon niet|kan niet)(?: worden)? (?:bezorgd|afgeleverd)(?: worden)? (?:aan|bij)
    bezorging (?:aan|bij)
    """)
    + r"\s+(.{0,200})",
)
# The same words begin "please send your message to": here the sentence has to go on and say what became of it.
_YOURS = compiled(
    "bounce.yours",
    r"(?:your (?:message|e-?mail) (?:to|for)|(?:uw|je) (?:bericht|e-?mail|mail) (?:aan|bij|voor))\s+(.{0,200})",
)
_BECAME = compiled(
    "bounce.became",
    r"@[^\s<>]+?[>)\]\"',.]*(?:\s*[<(\[]mailto:[^<>()\[\]]*[>)\]])?\s+"
    + one_of(r"""
    (?:is|are|was|were|has|had|have|does|did|do|could|can|will|would)(?:n['’]?t|not)?
    couldn['’]?t|can['’]t|won['’]t|cannot|failed|bounced
    (?:is|was|kon|kan|werd|wordt|heeft|kunnen|konden|zal)
    niet
    """)
    + r"(?:[^\w]|$)",
)
# A sentence that ends in a colon; the addresses stand on the lines below it.
_HEADING = compiled(
    "bounce.heading",
    one_of(r"""
    delivery has failed to these recipients
    following (?:address(?:es)?|recipients?).{0,40}(?:failed|not be (?:reached|delivered))
    undeliverable to the following
    did not reach the following recipient
    message could not be delivered to (?:one or more|the following)
    could not be delivered to one or more
    bezorging aan de volgende (?:geadresseerden|ontvangers)
    niet (?:worden )?(?:bezorgd|afgeleverd) (?:bij|aan) de volgende
    volgende (?:geadresseerden?|ontvangers?|adres(?:sen)?).{0,60}(?:mislukt|niet)
    had permanent fatal errors
    had transient non-fatal errors
    """),
)
_FAILED_LINE = compiled("bounce.failed-line", r"^<([^<>\s]+@[^<>\s]+)>\s*(?:\(.*\))?\s*:")  # Postfix and qmail
_RETURNED_TO = compiled("bounce.returned-to", r"^(?:to|aan)\s*:\s*(.+)$")
_RETURNED_START = compiled(
    "bounce.returned-start",
    one_of(r"""
    original message headers
    oorspronkelijke berichtkoppen
    oorspronkelijke kopteksten
    message headers follow
    this is a copy of the (?:message|headers)
    undelivered message
    -{3,}\s*(?:original|oorspronkelijk)
    """),
)
_LINES_BELOW_HEADING = 8


def bounce_mentions(lines: list[str]) -> list[Mention]:
    """Those who could not be reached; failing that, to whom the returned message was addressed."""
    failed = (*_from_fields(lines), *_from_sentences(lines), *_below_headings(lines))
    addresses = tuple(dict.fromkeys(failed)) or _from_returned_headers(lines)
    return [Mention(EvidenceKind.BOUNCE, addresses)] if addresses else []


def _from_fields(lines: list[str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        match = _REPORT_FIELD.match(line) or _FAILED_LINE.match(line)
        if match:
            found.extend(find_addresses(next(group for group in match.groups() if group)))
    return found


def _from_sentences(lines: list[str]) -> list[str]:
    found: list[str] = []
    for position, line in enumerate(lines):
        text = f"{line} {lines[position + 1]}" if position + 1 < len(lines) else line
        sentence = _SENTENCE.search(text)
        if sentence is None:
            sentence = _YOURS.search(text)
            if sentence and not _BECAME.found_in(sentence[1]):
                sentence = None
        if sentence and sentence.start() < len(line):
            found.extend(find_addresses(sentence[1])[:1])
    return found


def _below_headings(lines: list[str]) -> list[str]:
    found: list[str] = []
    for position, line in enumerate(lines):
        if not _HEADING.found_in(line):
            continue
        for below in lines[position : position + _LINES_BELOW_HEADING]:
            addresses = find_addresses(below)
            if found and below and not addresses:
                break
            found.extend(addresses)
    return found


def _from_returned_headers(lines: list[str]) -> tuple[str, ...]:
    returned = False
    for line in lines:
        returned = returned or _RETURNED_START.found_in(line)
        to = _RETURNED_TO.match(line) if returned else None
        if to:
            return find_addresses(to[1])
    return ()
