"""Kinds of mail with a life of their own, and the rules that recognise them unless the config says otherwise.

A label never decides whose mail it is; retention needs it, and the config may give labelled mail without client
evidence a folder.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from mailsorter.model.match import Match, Outcome
from mailsorter.model.rule import Rule, RuleAction, Side


class Label(enum.StrEnum):
    """The labels that retention knows; a config may add its own words."""

    APPLICANT = "applicant"
    CONTACT_FORM = "contact-form"
    NEWSLETTER = "newsletter"
    REPORT = "report"
    PRIVATE = "private"


def _label(label: Label, number: int, **conditions: object) -> Rule:
    return Rule(id=f"{label}-{number}", action=RuleAction.LABEL, label=label, **conditions)  # type: ignore[arg-type]


DEFAULT_LABEL_RULES: tuple[Rule, ...] = (
    _label(
        Label.APPLICANT,
        1,
        subject=(
            "sollicitatie", "open sollicitatie", "sollicitatiebrief", "sollicitatiegesprek", "reactie op vacature",
            "vacature", "motivatiebrief", "stageplek", "application for", "job application", "open application",
            "vacancy", "cover letter", "curriculum vitae",
        ),
    ),
    _label(Label.APPLICANT, 2, side=Side.RECIPIENT, local_parts=("sollicitatie", "sollicitaties", "vacatures", "jobs")),
    _label(
        Label.CONTACT_FORM,
        1,
        subject=(
            "contactformulier", "contact formulier", "webformulier", "contact form", "web form", "via de website",
            "via uw website", "via your website", "nieuwe aanvraag via", "terugbelverzoek", "form submission",
        ),
    ),
    _label(Label.CONTACT_FORM, 2, side=Side.AUTHOR, local_parts=("wordpress", "formulier", "contactformulier")),
    _label(Label.NEWSLETTER, 1, subject=("nieuwsbrief", "newsletter", "e-zine")),
    _label(
        Label.NEWSLETTER,
        2,
        side=Side.AUTHOR,
        local_parts=("nieuwsbrief", "newsletter", "newsletters", "nieuws", "mailing", "marketing"),
    ),
    _label(Label.NEWSLETTER, 3, list_ids=("nieuwsbrief", "newsletter", "list-manage", "mcsv.net")),
    _label(
        Label.REPORT,
        1,
        subject=(
            "rapport", "rapportage", "eindrapport", "adviesrapport", "analyse", "scanresultaat", "scanresultaten",
            "report", "final report", "analysis", "scan results", "assessment",
        ),
    ),
    _label(
        Label.PRIVATE,
        1,
        subject=("[privé]", "[prive]", "[private]", "privé:", "prive:", "private:", "persoonlijk:"),
    ),
    _label(Label.PRIVATE, 2, categories=("Privé", "Prive", "Private", "Personal")),
)  # fmt: skip


def home_of_label(match: Match, homes: Mapping[str, str]) -> str | None:
    """The folder that the config gives to one of the match's labels, or None: it stays where it is.

    Only for mail that no evidence decides: a labelled message of a client goes to that client, and one that waits for
    a person's choice between clients waits.
    """
    if match.outcome not in (Outcome.UNMATCHED, Outcome.INTERNAL) or match.evidence:
        return None
    return next((homes[label] for label in match.labels if label in homes), None)
