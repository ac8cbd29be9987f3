"""The person behind a contact form: the address that they typed into its e-mail field."""

from __future__ import annotations

from mailsorter.model.address import find_addresses
from mailsorter.model.evidence import EvidenceKind
from mailsorter.patterns import compiled, one_of
from mailsorter.sorting.matching.text.lines import without_link_twins
from mailsorter.sorting.matching.text.mention import Mention

_LABEL = compiled(
    "form.label",
    r"^(?:(?:uw|je|jouw|your|ihre?|zakelijk|work|business|contact)\s+)?"
    + one_of(r"""
    e-?mail(?:[ -]?(?:adres|address|adresse))?
    adresse (?:e-?)?mail
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
    + r"\s*(?:\*|\(verplicht\)|\(required\))?\s*(?:[:=\t|]|$)\s*(?P<value>.*)$",
)


# What the visitor writes in their own words begins here.
_FREE_TEXT = compiled(
    "form.free-text",
    r"^(?:(?:uw|je|jouw|your|ihre?)\s+)?"
    + one_of(r"""
    bericht
    vraag
    vragen
    opmerking(?:en)?
    toelichting
    omschrijving
    message
    comments?
    questions?
    remarks?
    enquiry
    nachricht
    mitteilung
    anmerkung(?:en)?
    """)
    + r"\s*(?:\*|\(verplicht\)|\(required\))?\s*(?:[:=\t|]|$)",
)


def form_mentions(lines: list[str]) -> list[Mention]:
    """Addresses in e-mail fields, whether behind the label or on the line below it.

    Fields above the visitor's own words count; where the form puts them below, the last one does, since the visitor
    can type a label too.
    """
    above: list[str] = []
    below: list[str] = []
    found = above
    is_left_empty = False
    for position, line in enumerate(lines):
        if line and _FREE_TEXT.begins(line):
            found = below
        label = _LABEL.match(line) if line else None
        if label is None:
            continue
        value = label["value"] or _next_filled(lines, position)
        addresses = find_addresses(without_link_twins(value))
        if len(addresses) == 1:
            found.extend(addresses)
        elif found is above and "mail" in line.lower():
            is_left_empty = True
    if is_left_empty and not above:
        return [Mention(EvidenceKind.FORM)]  # it asked for the address above and got none: what follows is free text
    named = above or below[-1:]
    return [Mention(EvidenceKind.FORM, tuple(dict.fromkeys(named)))] if named else []


def _next_filled(lines: list[str], position: int) -> str:
    return next((line for line in lines[position + 1 : position + 3] if line), "")
