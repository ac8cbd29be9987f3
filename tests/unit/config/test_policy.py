"""The config's words become the values that matching, filing and judging work with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from mailsorter.config.keeping import keep_policy
from mailsorter.config.load import load
from mailsorter.config.policy import filing_policy, label_homes, rules, several
from mailsorter.model.case import Verdict
from mailsorter.model.filing import QuietHours, Several, Timing, When
from mailsorter.model.ground import Basis, CountedFrom
from mailsorter.model.labels import DEFAULT_LABEL_RULES, Label
from mailsorter.model.rule import Rule, RuleAction, Side

from .conftest import GOOD

Write = Callable[..., Path]
BOOK = '[[client]]\nid = "acme"\nname = "Acme"\n'
FILE, LEAVE, LABEL = RuleAction.FILE, RuleAction.LEAVE, RuleAction.LABEL

RULES: list[tuple[str, str, dict[str, Any]]] = [
    ("an author", 'client = "acme"\nwhen.from = "jan@x.nl"', {"side": Side.AUTHOR, "addresses": ("jan@x.nl",)}),
    ("everyone there", 'client = "acme"\nwhen.from = "@X.nl"', {"side": Side.AUTHOR, "domains": ("x.nl",)}),
    ("a recipient", 'client = "acme"\nwhen.to = ["a@x.nl"]', {"side": Side.RECIPIENT, "addresses": ("a@x.nl",)}),
    (
        "anyone",
        'client = "acme"\nwhen = { address = ["a@x.nl", "@y.nl"], domain = "z.nl" }',
        {"side": Side.ANYONE, "addresses": ("a@x.nl",), "domains": ("y.nl", "z.nl")},
    ),
    (
        "words",
        'client = "acme"\nwhen = { subject = "[Acme]", list_id = "l" }',
        {"subject": ("[Acme]",), "list_ids": ("l",)},
    ),
    (
        "the rest",
        'client = "acme"\nwhen = { local_part = "noreply", attachment = "scan", message_class = "IPM.X", '
        'category = "C" }',
        {
            "local_parts": ("noreply",),
            "attachment_names": ("scan",),
            "message_classes": ("IPM.X",),
            "categories": ("C",),
        },
    ),
    (
        "leave it",
        "exclude = true\nwhen.to = 'a@x.nl'",
        {"action": LEAVE, "side": Side.RECIPIENT, "addresses": ("a@x.nl",)},
    ),
    ("by name", 'name = "portal"\nclient = "acme"\nwhen.subject = "x"', {"id": "portal", "subject": ("x",)}),
]


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in RULES], ids=[row[0] for row in RULES])
def test_a_rule_keeps_its_meaning(write: Write, text: str, expected: dict[str, Any]) -> None:
    """And stands before the built-in labels."""
    config = load(write(f"{GOOD}[[rule]]\n{text}\n", BOOK)).config
    found = rules(config)
    action = expected.get("action", FILE)
    rule = {"id": "rule-1", "action": action, "client_id": "acme" if action is FILE else "", **expected}
    assert found[0] == Rule(**rule)
    assert found[1:] == DEFAULT_LABEL_RULES


def test_a_label_with_conditions_replaces_the_built_in_one(write: Write) -> None:
    """One without keeps it; the config says where each goes."""
    text = (
        '[[label]]\nname = "newsletter"\nfolder = "News/Letters"\n'
        '[[label]]\nname = "applicant"\nwhen.to = "jobs@onzefirma.example"\nfolder = "stay"\n'
    )
    config = load(write(GOOD + text)).config
    found = [rule for rule in rules(config) if rule.label == Label.APPLICANT]
    assert [(rule.side, rule.addresses) for rule in found] == [(Side.RECIPIENT, ("jobs@onzefirma.example",))]
    assert sum(rule.label == Label.NEWSLETTER for rule in rules(config)) > 1
    assert label_homes(config) == {"newsletter": "News/Letters"}


@pytest.mark.parametrize(("word", "value"), [("review", "review"), ("first", "first-named"), ("copy", "copy-for-each")])
def test_mail_of_several_clients(write: Write, word: str, value: str) -> None:
    """By its three words."""
    config = load(write(f'{GOOD}[filing]\nseveral = "{word}"\n')).config
    assert several(config, config.mailbox[0]) is Several(value)


def test_when_mail_is_filed(write: Write) -> None:
    """Sent Items by their own rule, flags, quiet hours past midnight, days of the firm's zone."""
    text = '[filing]\nwhen = "after 3 days"\nsent = { when = "read" }\nnever_while_flagged = false\n'
    config = load(write(GOOD + text + 'quiet_hours = ["08:30-17:30", "22:00-06:00"]\n')).config
    policy = filing_policy(config, config.mailbox[0])
    assert (policy.received, policy.sent) == (Timing(When.AFTER, 3), Timing(When.READ))
    assert policy.quiet == (QuietHours(time(8, 30), time(17, 30)), QuietHours(time(22), time(6)))
    assert not policy.flagged_waits
    assert str(policy.zone) == "Europe/Amsterdam"


def test_without_a_rule_of_their_own_sent_items_go_as_the_rest(write: Write) -> None:
    """On arrival by default."""
    config = load(write(GOOD + '[filing]\nwhen = "read"\n')).config
    assert filing_policy(config, config.mailbox[0]).sent == Timing(When.READ)


def test_grounds_become_the_policy_of_cases(write: Write) -> None:
    """Whole years and days, from when they count, and by what they are recognised."""
    text = (
        '[erasure]\nmany_recipients = "erase"\nkeep_correspondence = "90 days"\nfinancial_year_ends = "06-30"\n'
        '[[ground]]\ncode = "tax"\narticle = "52"\nkeep = "7 years"\nfolders = ["Administration"]\n'
        '[[ground]]\ncode = "claim"\nbasis = "legal-claim"\narticle = "e"\nkeep = "30 days"\n'
        'counted_from = "received"\nsenders = ["@lawyer.example"]\n'
    )
    policy = keep_policy(load(write(GOOD + text)).config)
    assert (policy.one_of_many, policy.mentioned) == (Verdict.ERASE, Verdict.LOOK)
    assert (policy.correspondence_days, policy.financial_year_ends) == (90, (6, 30))
    tax, claim = policy.rules
    assert (tax.years, tax.days, tax.basis, tax.signs.folders) == (7, 0, Basis.LEGAL_DUTY, ("Administration",))
    assert (claim.years, claim.days, claim.counted_from) == (0, 30, CountedFrom.RECEIVED)
    assert claim.signs.senders == ("@lawyer.example",)
