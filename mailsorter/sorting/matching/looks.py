"""What kind of message it looks to be, by subject, class, author and the first characters of its body."""

from __future__ import annotations

import re

from mailsorter.model.message import Message
from mailsorter.sorting.matching.patterns import compiled, one_of
from mailsorter.sorting.matching.rules import is_class

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
