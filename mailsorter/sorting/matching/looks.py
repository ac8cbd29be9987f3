"""What kind of message it looks to be, by subject, class, author and the first characters of its body."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from mailsorter.model.message import Message
from mailsorter.patterns import AFTER_WORD, AnyOf, Cap, Pattern, before_word, compiled, escaped, one_of
from mailsorter.sorting.matching.rules import is_class
from mailsorter.sorting.matching.text.forward_words import ANNOUNCEMENTS, QUOTE_START, QUOTE_VERB, words_of

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
    enc
    pd
    inoltro
    weitergeleitet
""")
_ANSWER = one_of("""
    re
    aw
    sv
    vs
    antw(?:oord)?
    betr
    rép
    odp
    res
    r
""")
_PREFIXES = rf"^\s*(?:(?:{_ANSWER}|{_FORWARD})\s*(?:\[\d+\])?\s*:\s*)*"
# Prefixes pile up ("RE: FW: Antw:"), so the whole row of them is looked at.
_FORWARDED_SUBJECT = compiled("looks.forwarded-subject", rf"^\s*(?:{_ANSWER}\s*(?:\[\d+\])?\s*:\s*)*{_FORWARD}\s*:")
_FORWARDED_PREVIEW = compiled("looks.forwarded-preview", one_of(ANNOUNCEMENTS + r"-{2,}\s*forwarded"))
# Two words of a header block, or of the line above a quoted answer, with so many characters between them.
_BLOCK_START = compiled("looks.block-start", f"(?:{'|'.join(map(escaped, words_of('from')))})" + r"\s*:")
_BLOCK_DATE = compiled("looks.block-date", f"(?:{'|'.join(map(escaped, words_of('date')))})" + r"\s*:")
_QUOTE_START = compiled("looks.quote-start", f"(?:{QUOTE_START})")
_QUOTE_VERB = compiled("looks.quote-verb", f"(?:{QUOTE_VERB})")
_BOUNCE_AUTHOR = compiled(
    "looks.bounce-author",
    r"^(?:mailer-daemon|postmaster|mail-daemon|mdaemon|microsoftexchange[0-9a-f]+|bounces?)(?:[+.-].*)?@",
)
_BOUNCE_SUBJECT = compiled(
    "looks.bounce-subject",
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
    """),
)
_FORM_SUBJECT = compiled(
    "looks.form-subject",
    one_of(r"""
    contact ?formulier
    contact ?form(?:[^\w]|$)
    web ?formulier
    web ?form(?:[^\w]|$)
    via (?:de|uw|onze|the|your|our) (?:web)?site
    form(?:ulier)? (?:submission|inzending|ingevuld)
    new (?:submission|enquiry|inquiry|lead)
    nieuwe (?:inzending|aanvraag|lead)
    ingevuld formulier
    aanvraag via
    offerteaanvraag
    terugbelverzoek
    call ?back request
    """),
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
_MACHINE_AUTHOR = compiled("looks.machine-author", rf"^{_MACHINE_NAMES}(?:[+.-].*)?@")
_INVITATION_SUBJECT = compiled(
    "looks.invitation-subject",
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
    + AFTER_WORD,
)

_SUBJECTS = AnyOf(_FORWARDED_SUBJECT, _BOUNCE_SUBJECT, _FORM_SUBJECT, _INVITATION_SUBJECT)
_AUTHORS = AnyOf(_BOUNCE_AUTHOR, _MACHINE_AUTHOR)
_PREVIEWS = AnyOf(_FORWARDED_PREVIEW, _BLOCK_START, _BLOCK_DATE, _QUOTE_START, _QUOTE_VERB)


def looks_worth_opening(message: Message) -> bool:
    """Is it forwarded, bounced, made by a form or an invitation? The four questions below in one pass over each text,
    for the many messages of which the answer is no."""
    message_class = message.message_class
    return (
        (message_class != "IPM.Note" and (is_class(message_class, "REPORT") or is_class(message_class, "IPM.Schedule")))
        or _SUBJECTS.found_in(_head(message.subject))
        or any(_AUTHORS.found_in(address) for address in _authors(message))
        or _previews_forwarded(message.preview)
    )


def looks_forwarded(message: Message) -> bool:
    """Does it carry someone else's mail under a header block?"""
    return _FORWARDED_SUBJECT.found_in(_head(message.subject)) or _previews_forwarded(message.preview)


def looks_bounced(message: Message) -> bool:
    """Is it a delivery report or an automatic answer?"""
    return (
        is_class(message.message_class, "REPORT")
        or _BOUNCE_SUBJECT.found_in(_head(message.subject))
        or _author_matches(message, _BOUNCE_AUTHOR)
    )


def looks_form_made(message: Message) -> bool:
    """Did a website send what a visitor typed?"""
    return _FORM_SUBJECT.found_in(_head(message.subject)) or _author_matches(message, _MACHINE_AUTHOR)


def looks_like_invitation(message: Message) -> bool:
    """Is it about a meeting?"""
    return is_class(message.message_class, "IPM.Schedule") or _INVITATION_SUBJECT.found_in(_head(message.subject))


def _head(text: str) -> str:
    return text if len(text) <= Cap.LOOKS else before_word(text, Cap.LOOKS)


def _authors(message: Message) -> Iterator[str]:
    """The addresses of from and sender, each once, without what is too long to be one."""
    author, sender = message.from_, message.sender
    if author is not None and len(author.address) <= Cap.PARTICIPANT:
        yield author.address
    if sender is None or (author is not None and sender.address == author.address):
        return
    if len(sender.address) <= Cap.PARTICIPANT:
        yield sender.address


def _author_matches(message: Message, pattern: Pattern) -> bool:
    return any(pattern.found_in(address) for address in _authors(message))


def _previews_forwarded(preview: str) -> bool:
    if not preview:
        return False
    text = _head(preview)
    found = _PREVIEWS.which(text)
    if not found:
        return False
    return (
        _FORWARDED_PREVIEW in found
        or (_BLOCK_DATE in found and _BLOCK_START in found and _apart(text, _BLOCK_START, _BLOCK_DATE, 3, 120))
        or (_QUOTE_VERB in found and _QUOTE_START in found and _apart(text, _QUOTE_START, _QUOTE_VERB, 6, 80))
    )


def _apart(text: str, first: Pattern, second: Pattern, least: int, most: int) -> bool:
    """Is there a word of the first and one of the second with that many characters between? `text` is short.

    `first.{least,most}second` as one pattern would be linear, too, and slow: RE2 counts each start by itself.
    """
    starts = [start for start, _ in _words(text, second)]
    for _, end in _words(text, first):
        position = bisect_left(starts, end + least)
        if position < len(starts) and starts[position] <= end + most:
            return True
    return False


def _words(text: str, pattern: Pattern) -> Iterator[tuple[int, int]]:
    """Where hits begin and end that are words of their own."""
    for hit in pattern.finditer(text):
        start, end = hit.start(), hit.end()
        goes_on = _in_word(text[end - 1]) and _in_word(text[end : end + 1])
        if not goes_on and not _in_word(text[start - 1 : start] if start else ""):
            yield start, end


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "_"
