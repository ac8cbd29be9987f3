"""The patterns and readers of 0.1.0, which used `re`: what the linear ones are compared with. Not to be changed.

Some take time that grows without bound; only short texts, and no long rows of prefixes or dashes, are for them.
"""

# ruff: noqa: E501, RUF100
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

import idna

from mailsorter.model.evidence import EvidenceKind
from mailsorter.model.message import Message
from mailsorter.sorting.matching.rules import is_class
from mailsorter.sorting.matching.text.mention import Mention

# The form that nearly every address has already; everything else takes the slow road.
_PLAIN = re.compile(r"[a-z0-9][a-z0-9._+=&-]*@[a-z0-9](?:[a-z0-9-]*\.)+[a-z0-9-]*[a-z0-9]")
# Exchange's own directory names, also as they look after encapsulation in an SMTP address (MS-OXCMAIL 2.1.1).
_DIRECTORY_NAME = re.compile(r"(?:ex:)?/(?:o|ou|cn|c|a|p)=|imcea[a-z0-9]+-", re.IGNORECASE)
_SCHEME = re.compile(r"(?:smtp|mailto|sip):", re.IGNORECASE)
_INSIDE_ANGLES = re.compile(r"<([^<>]*)>")
# One pass over the text whatever it holds: a token is taken whole and only then looked at for its @.
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.){1,64}"@[^\s<>()\[\],;:"\\|]+|[^\s<>()\[\],;:"\\|]+')
_COMMENT = re.compile(r"\([^()]*\)")

# RFC 1035 and RFC 5321 allow 253 and 320; a group of some hundred people still fits. What is longer is an attack.
_LONGEST_DOMAIN = 253
_LONGEST_RAW = 20_000


def addresses_in(raw: str) -> tuple[str, ...]:
    """Every address in a raw participant, in canonical form and order; () when it holds none.

    A raw value is usually one address, but may be a group (`Team: a@x.example, b@x.example;`), a whole mailbox with
    its display name, or nothing that mail could be sent to.
    """
    if len(raw) > _LONGEST_RAW:
        return ()
    lowered = raw.lower()
    if len(raw) <= _LONGEST_DOMAIN and _PLAIN.fullmatch(lowered) and not lowered.startswith("imcea"):
        return (lowered,)
    if not raw or "@" not in raw.replace("＠", "@"):
        return ()
    cleaned = _printable(raw).replace("＠", "@")
    if _DIRECTORY_NAME.match(cleaned):
        return ()
    in_angles = [part for part in _INSIDE_ANGLES.findall(cleaned) if "@" in part]
    source = ", ".join(in_angles) if in_angles else _COMMENT.sub(" ", cleaned)
    return _unique(canonical(found) for found in _addresses_like(source))


def find_addresses(text: str) -> tuple[str, ...]:
    """Every address written anywhere in a text, in canonical form, first mention first, each once."""
    return _unique(canonical(token) for token in _tokens_with_at(text))


def canonical(raw: str) -> str | None:
    """One address in canonical form, or None when the text is no address of the internet."""
    text = _SCHEME.sub("", _printable(raw), count=1).strip("<>,; ")
    if _DIRECTORY_NAME.match(text):
        return None
    before, _, after = text.rpartition("@")
    local, domain = _local_part(before), canonical_domain(after)
    return f"{local}@{domain}" if local and domain else None


def canonical_domain(raw: str) -> str | None:
    """A domain in lower-case ASCII without outer dots; None for what cannot be one (an IP literal, a blank)."""
    domain = unicodedata.normalize("NFC", raw.strip().strip(".'\"*!?").lower())
    if (
        not domain
        or len(domain) > _LONGEST_DOMAIN
        or domain.startswith("[")
        or any(c.isspace() or c in '@/,;:<>()"' for c in domain)
    ):
        return None
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return domain  # delivered all the same: compare it as written


def base_of(address: str) -> str | None:
    """The canonical address without its plus-tag (RFC 5233), or None when it has none."""
    local, _, domain = address.rpartition("@")
    base, plus, _ = local.partition("+")
    return f"{base}@{domain}" if plus and base else None


def domain_of(address: str) -> str:
    """The domain of a canonical address."""
    return address.rpartition("@")[2]


def _addresses_like(source: str) -> list[str]:
    if not any(c.isspace() or c in ",;:<>" for c in source):
        return [source]  # one token, however damaged: of two @ in a row the last one counts
    return _tokens_with_at(source)


def _tokens_with_at(text: str) -> list[str]:
    found = dict.fromkeys(_TOKEN.findall(text))  # a long thread names the same few people again and again
    return [token.strip("*") for token in found if "@" in token]


def _local_part(raw: str) -> str:
    local = unicodedata.normalize("NFC", raw.strip()).lower()
    if len(local) > 2 and local[0] == local[-1] == '"':
        return re.sub(r"\\(.)", r"\1", local[1:-1])
    # Outlook wraps an address typed as its own display name in apostrophes; a closing one lands on the domain.
    return local.lstrip("'\"")


def _printable(raw: str) -> str:
    """Without control, zero-width and direction characters, which are invisible to whoever reads the address."""
    if raw.isascii() and raw.isprintable():
        return raw.strip()
    return "".join(c if c.isprintable() else " " if c.isspace() else "" for c in raw).strip()


def _unique(found: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address for address in found if address))


def one_of(table: str) -> str:
    """An alternation of the table's lines, each a regular expression of its own; blank lines do not count."""
    return "(?:" + "|".join(line.strip() for line in table.splitlines() if line.strip()) + ")"


def compiled(pattern: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """A pattern without regard to case."""
    return re.compile(pattern, re.IGNORECASE | flags)


_FORWARD = one_of("""
    fwd?
    fw
    doorst
    doorgest(?:uurd)?
    doorsturen
    wg
    tr
    rv
    i
""")
_ANSWER = one_of("""
    re
    aw
    sv
    vs
    antw(?:oord)?
    betr
""")
_PREFIXES = rf"^\s*(?:(?:{_ANSWER}|{_FORWARD})\s*(?:\[\d+\])?\s*:\s*)*"
# Prefixes pile up ("RE: FW: Antw:"), so the whole row of them is looked at.
_FORWARDED_SUBJECT = compiled(rf"^\s*(?:{_ANSWER}\s*(?:\[\d+\])?\s*:\s*)*{_FORWARD}\s*:")
_FORWARDED_PREVIEW = compiled(
    one_of(r"""
    -{2,}\s*(?:oorspronkelijk bericht|original message|doorgestuurd bericht|forwarded)
    begin (?:doorgestuurd bericht|forwarded message)
    \b(?:van|from)\s*:.{3,120}\b(?:verzonden|sent|datum|date)\s*:
    \b(?:op|on)\b.{6,80}\b(?:schreef|wrote)\b
    """),
    re.DOTALL,
)
_BOUNCE_AUTHOR = compiled(
    r"^(?:mailer-daemon|postmaster|mail-daemon|mdaemon|microsoftexchange[0-9a-f]+|bounces?)(?:[+.-].*)?@"
)
_BOUNCE_SUBJECT = compiled(
    _PREFIXES
    + one_of(r"""
    undeliver(?:able|ed)
    onbestelbaar
    niet bezorgd
    delivery (?:status notification|failure|has failed|delayed)
    mail delivery (?:failed|subsystem)
    returned mail
    failure notice
    bericht niet (?:bezorgd|afgeleverd)
    bezorging mislukt
    automatic reply
    automatisch antwoord
    out of office
    afwezig
    auto(?:matic)?[ -]?(?:reply|response)
    """)
)
_FORM_SUBJECT = compiled(
    one_of(r"""
    contact ?formulier
    contact ?form\b
    web ?formulier
    web ?form\b
    via (?:de|uw|onze|the|your|our) (?:web)?site
    form(?:ulier)? (?:submission|inzending|ingevuld)
    new (?:submission|enquiry|inquiry|lead)
    nieuwe (?:inzending|aanvraag|lead)
    ingevuld formulier
    aanvraag via
    offerteaanvraag
    terugbelverzoek
    call ?back request
    """)
)
_MACHINE_NAMES = one_of("""
    no-?reply
    do-?not-?reply
    geen-?antwoord
    niet-?beantwoorden
    wordpress
    wp
    website
    web
    www
    www-data
    formulier
    forms?
    contact-?form(?:ulier)?
    notifications?
    mailer
    apache
    nobody
    info-?website
""")
_MACHINE_AUTHOR = compiled(rf"^{_MACHINE_NAMES}(?:[+.-].*)?@")
_INVITATION_SUBJECT = compiled(
    _PREFIXES
    + one_of("""
    uitnodiging
    invitation
    vergaderverzoek
    geaccepteerd
    accepted
    afgewezen
    declined
    geannuleerd
    cancell?ed
    bijgewerkt
    updated invitation
    voorlopig
    tentative
    """)
    + r"\b"
)

_HEAD = 300  # characters: what Exchange shows of a preview, and more than a subject that means anything


def looks_forwarded(message: Message) -> bool:
    """Does it carry someone else's mail under a header block?"""
    return bool(_FORWARDED_SUBJECT.match(message.subject[:_HEAD]) or _FORWARDED_PREVIEW.search(message.preview[:_HEAD]))


def looks_bounced(message: Message) -> bool:
    """Is it a delivery report or an automatic answer?"""
    return (
        is_class(message.message_class, "REPORT")
        or bool(_BOUNCE_SUBJECT.match(message.subject[:_HEAD]))
        or _author_matches(message, _BOUNCE_AUTHOR)
    )


def looks_form_made(message: Message) -> bool:
    """Did a website send what a visitor typed?"""
    return bool(_FORM_SUBJECT.search(message.subject[:_HEAD])) or _author_matches(message, _MACHINE_AUTHOR)


def looks_like_invitation(message: Message) -> bool:
    """Is it about a meeting?"""
    return is_class(message.message_class, "IPM.Schedule") or bool(_INVITATION_SUBJECT.match(message.subject[:_HEAD]))


def _author_matches(message: Message, pattern: re.Pattern[str]) -> bool:
    return any(p is not None and pattern.match(p.address) for p in (message.from_, message.sender))


_QUOTE = re.compile(r"^(?:[>|]\s?)+")
_EMPHASIS = re.compile(r"^[*_]+(?=\S)|(?<=:)[*_]+|[*_]+(?=:)")
_MAILTO_TWIN = re.compile(r"[<\[]mailto:[^>\]]{0,320}[>\]]", re.IGNORECASE)
_INVISIBLE = {ord(c): None for c in "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u2060\ufeff"} | {0xA0: " "}

# A body is read this far: headers of forwarded mail, bounces and forms stand near its top, and a megabyte of quoted
# history must not cost a second.
MAX_CHARS = 32_000
_MAX_LINES = 600
_MAX_LINE_CHARS = 4_000


def plain_lines(text: str) -> list[str]:
    """Lines without quote marks, emphasis and invisible characters; never more than the first 600."""
    cleaned = text[:MAX_CHARS].translate(_INVISIBLE)
    return [_plain(line[:_MAX_LINE_CHARS]) for line in cleaned.splitlines()[:_MAX_LINES]]


def _plain(line: str) -> str:
    bare = _QUOTE.sub("", line.strip()).strip()
    if bare[:1] in "*_" or "*:" in bare[:24] or ":*" in bare[:24]:
        bare = _EMPHASIS.sub("", bare)
    return bare


def without_link_twins(value: str) -> str:
    """`jan@acme.example<mailto:jan@acme.example>` names one address; where the link alone holds it, it stays."""
    stripped = _MAILTO_TWIN.sub(" ", value)
    return stripped if "@" in stripped else value


_REPORT_FIELD = compiled(
    r"^(?:final|original)-recipient\s*:\s*(?:rfc822|utf-8)\s*;\s*(.+)$|^x-failed-recipients\s*:\s*(.+)$"
)
# "Your message to jan@acme.example couldn't be delivered": the address stands in the sentence.
_SENTENCE = compiled(
    one_of(r"""
    your (?:message|e-?mail) (?:to|for)
    message wasn't delivered to
    could(?:n't| not) be delivered to
    delivery to
    (?:uw|je) (?:bericht|e-?mail|mail)(?: is)?(?: niet bezorgd)? (?:aan|bij|voor)
    (?:niet|kon niet|kan niet)(?: worden)? (?:bezorgd|afgeleverd)(?: worden)? (?:aan|bij)
    bezorging (?:aan|bij)
    """)
    + r"\s+(.{0,200})"
)
# A sentence that ends in a colon; the addresses stand on the lines below it.
_HEADING = compiled(
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
    """)
)
_FAILED_LINE = compiled(r"^<([^<>\s]+@[^<>\s]+)>\s*(?:\(.*\))?\s*:")  # Postfix and qmail
_RETURNED_TO = compiled(r"^(?:to|aan)\s*:\s*(.+)$")
_RETURNED_START = compiled(
    one_of(r"""
    original message headers
    oorspronkelijke berichtkoppen
    oorspronkelijke kopteksten
    message headers follow
    this is a copy of the (?:message|headers)
    undelivered message
    -{3,}\s*(?:original|oorspronkelijk)
    """)
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
        sentence = _SENTENCE.search(f"{line} {lines[position + 1]}" if position + 1 < len(lines) else line)
        if sentence and sentence.start() < len(line):
            found.extend(find_addresses(sentence.group(1))[:1])
    return found


def _below_headings(lines: list[str]) -> list[str]:
    found: list[str] = []
    for position, line in enumerate(lines):
        if not _HEADING.search(line):
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
        returned = returned or bool(_RETURNED_START.search(line))
        to = _RETURNED_TO.match(line) if returned else None
        if to:
            return find_addresses(to.group(1))
    return ()


_FOLD = re.compile(r"\r?\n[ \t]")
_ICS_PERSON = re.compile(r"^(?:ORGANIZER|ATTENDEE)\b[^\r\n]*?:mailto:([^\r\n]+)\r?$", re.IGNORECASE | re.MULTILINE)
_BLOCK_LINE = compiled(
    "^"
    + one_of(r"""
    organi[sz](?:ator|er)
    deelnemers?
    attendees?
    genodigden
    (?:vereiste?|required)(?: deelnemers| attendees)?
    (?:optionele|optioneel|optional)(?: deelnemers| attendees)?
    """)
    + r"\s*:\s*(.+)$"
)


def calendar_mentions(text: str, lines: list[str]) -> list[Mention]:
    """Everyone an invitation names as organiser or attendee."""
    found: list[str] = []
    head = text[:MAX_CHARS]
    if "BEGIN:VCALENDAR" in head:
        people = _ICS_PERSON.findall(_FOLD.sub("", head))
        found.extend(address for raw in people if (address := canonical(raw)))
    for line in lines:
        block = _BLOCK_LINE.match(line)
        if block:
            found.extend(find_addresses(without_link_twins(block.group(1))))
    return [Mention(EvidenceKind.CALENDAR, tuple(dict.fromkeys(found)))] if found else []


_LABEL = compiled(
    r"^(?:(?:uw|je|jouw|your|zakelijk|work|business|contact)\s+)?"
    + one_of(r"""
    e-?mail(?:[ -]?(?:adres|address))?
    mail(?:adres)?
    afzender
    van
    from
    sender
    reply[ -]?to
    antwoordadres
    ingevuld door
    submitted by
    """)
    + r"\s*(?:\*|\(verplicht\)|\(required\))?\s*(?:[:=\t|]|$)\s*(?P<value>.*)$"
)


def form_mentions(lines: list[str]) -> list[Mention]:
    """Addresses in e-mail fields, whether behind the label or on the line below it."""
    found: list[str] = []
    for position, line in enumerate(lines):
        label = _LABEL.match(line)
        if not label:
            continue
        value = label.group("value") or _next_filled(lines, position)
        addresses = find_addresses(without_link_twins(value))
        if len(addresses) == 1:
            found.extend(addresses)
    return [Mention(EvidenceKind.FORM, tuple(dict.fromkeys(found)))] if found else []


def _next_filled(lines: list[str], position: int) -> str:
    return next((line for line in lines[position + 1 : position + 3] if line), "")


_FIELDS = {
    "from": "van from von de afzender sender",
    "to": "aan to an à naar",
    "cc": "cc kopie copie bcc",
    "reply-to": "reply-to beantwoorden antwoordadres antw.adres",
    "date": "verzonden sent gesendet envoyé datum date",
    "subject": "onderwerp subject betreff objet",
    "other": "prioriteit importance priority belang urgentie bijlagen attachments",
}
_FIELD_OF = {word: field for field, words in _FIELDS.items() for word in words.split()}
_HEADER = re.compile(r"(" + "|".join(map(re.escape, _FIELD_OF)) + r")\s*:\s*(.*)", re.IGNORECASE)
_ANNOUNCEMENT = compiled(
    one_of(r"""
    -{2,}\s*oorspronkelijk bericht
    -{2,}\s*original message
    -{2,}\s*doorgestuurd bericht
    -{2,}\s*forwarded (?:message|by)
    -{2,}\s*ursprüngliche nachricht
    -{2,}\s*weitergeleitete nachricht
    -{2,}\s*message (?:d'origine|transféré)
    begin (?:doorgestuurd bericht|forwarded message)
    _{10,}$
    """)
)
# Gmail's and Apple's line above a quoted reply; the address may stand on the next line.
_ATTRIBUTION = compiled(
    one_of(r"""
    ^(?:op|on|am|le)\b.{4,160}?(?:schreef|wrote|schrieb|a écrit).{0,200}?:?\s*$
    ^(?:op|on)\b.{4,160}?<[^<>@\s]+@[^<>\s]+>\s*(?:het volgende geschreven|wrote|schreef)?\s*:\s*$
    """)
)
_ATTRIBUTION_START = compiled(r"^(?:op|on|am|le)\b.*\d")
_LONGEST_CONTINUATION = 12


def forwarded_mentions(lines: list[str]) -> list[Mention]:
    """People and subjects of every header block and attribution line, outermost first."""
    return [*_blocks(lines), *_attributions(lines)]


def _blocks(lines: list[str]) -> Iterator[Mention]:
    position = 0
    announced = False
    while position < len(lines):
        line = lines[position]
        if _HEADER.match(line):
            fields, position = _read_block(lines, position)
            mention = _mention(fields, announced=announced)
            if mention is not None:
                yield mention
            announced = False
            continue
        if line:
            announced = bool(_ANNOUNCEMENT.search(line))
        position += 1


def _read_block(lines: list[str], start: int) -> tuple[list[tuple[str, str]], int]:
    """The header lines from `start` on, each with its continuation, and where the block ends."""
    fields: list[tuple[str, str]] = []
    position = start
    continued = 0
    while position < len(lines):
        line = lines[position]
        header = _HEADER.match(line)
        if header:
            field = _FIELD_OF[header.group(1).lower()]
            if field == "from" and any(known == "from" for known, _ in fields):
                break  # the next block begins right here
            fields.append((field, header.group(2)))
            continued = 0
        elif line and fields and _continues(fields[-1], line) and continued < _LONGEST_CONTINUATION:
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line}")
            continued += 1
        elif line or not _HEADER.match(lines[position + 1] if position + 1 < len(lines) else ""):
            break
        position += 1
    return fields, max(position, start + 1)


def _continues(last: tuple[str, str], line: str) -> bool:
    field, value = last
    if field not in ("from", "to", "cc", "reply-to"):
        return False
    return (
        not value or value.rstrip().endswith((";", ",", "<")) or bool(re.match(r"^<?[^\s<>]+@[^\s<>]+>?[;,]?$", line))
    )


def _mention(fields: list[tuple[str, str]], *, announced: bool) -> Mention | None:
    kinds = {field for field, _ in fields}
    if "from" not in kinds or len(kinds - {"other"}) < (2 if announced else 3):
        return None
    people = [value for field, value in fields if field in ("from", "to", "cc", "reply-to")]
    addresses = find_addresses(" ; ".join(without_link_twins(value) for value in people))
    subjects = tuple(value for field, value in fields if field == "subject")
    return Mention(EvidenceKind.FORWARDED, addresses, subjects)


def _attributions(lines: list[str]) -> Iterator[Mention]:
    for position, line in enumerate(lines):
        if not _ATTRIBUTION_START.match(line):
            continue
        sentence = _up_to_colon(lines[position : position + 3])
        if _ATTRIBUTION.match(sentence):
            addresses = find_addresses(without_link_twins(sentence))
            if addresses:
                yield Mention(EvidenceKind.FORWARDED, addresses)


def _up_to_colon(lines: list[str]) -> str:
    """The first lines joined, up to the one that ends in a colon; what follows is the quoted text itself."""
    sentence = ""
    for line in lines:
        sentence = f"{sentence} {line}".strip()
        if line.endswith(":"):
            return sentence
    return lines[0]


_SPEAKS_FOR = re.compile(r"\b(?:via|namens|on behalf of|im auftrag von|pour le compte de)\b", re.IGNORECASE)
_ENCODED = re.compile(r"^(?P<local>[^=@\s]+)=(?:40)?(?P<domain>[a-z0-9.-]+\.[a-z]{2,})@", re.IGNORECASE)
_SRS = re.compile(r"^srs[01][=+-].*?=(?P<domain>[a-z0-9.-]+\.[a-z]{2,})=(?P<local>[^=@]+)@", re.IGNORECASE)


def on_behalf_mentions(message: Message) -> list[Mention]:
    """Addresses of those for whom the author speaks."""
    found: list[str] = []
    for author in (message.from_, message.sender):
        if author is None:
            continue
        encoded = _SRS.match(author.address) or _ENCODED.match(author.address)
        if encoded:
            original = canonical(f"{encoded.group('local')}@{encoded.group('domain')}")
            found.extend([original] if original else [])
        if "@" in author.name and (message.list_id or _SPEAKS_FOR.search(author.name)):
            found.extend(find_addresses(author.name))
    return [Mention(EvidenceKind.ON_BEHALF, tuple(dict.fromkeys(found)))] if found else []
