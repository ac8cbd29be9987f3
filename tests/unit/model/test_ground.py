"""What goes and what stays, as tables: each finding with its verdict and the reason."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsorter.errors import UserError
from mailsorter.model.case import Finding, Role, Seen, Verdict
from mailsorter.model.ground import Basis, CountedFrom, KeepRule, Policy, Signs, judge

D = date
TODAY = D(2026, 11, 23)
TAX = KeepRule(
    code="tax",
    basis=Basis.LEGAL_DUTY,
    article="GDPR art. 17(3)(b), AWR art. 52(4)",
    years=7,
    signs=Signs(
        folders=("Administratie",),
        subjects=("factuur", "purchase order"),
        attachments=("factuur", "invoice"),
        categories=("Boekhouding",),
        senders=("@boekhouder.example", "crediteuren@bank.example"),
    ),
)
CONTRACT = KeepRule(
    code="contract",
    basis=Basis.LEGAL_DUTY,
    article="AWR art. 52(4)",
    years=7,
    counted_from=CountedFrom.RELATION_END,
    signs=Signs(subjects=("overeenkomst",)),
)
CLAIM = KeepRule(
    code="claim", basis=Basis.LEGAL_CLAIM, article="GDPR art. 17(3)(e)", days=365, counted_from=CountedFrom.RECEIVED,
    signs=Signs(categories=("Geschil",)),
)  # fmt: skip
PURPOSE = KeepRule(
    code="running", basis=Basis.STILL_NECESSARY, article="GDPR art. 17(1)", days=100,
    counted_from=CountedFrom.RECEIVED, signs=Signs(folders=("Lopend",)), purpose="a running assignment",
)  # fmt: skip
POLICY = Policy(rules=(TAX, CONTRACT, CLAIM, PURPOSE))


def finding(received: str | None = "2024-03-05", **fields: Any) -> Finding:
    when = datetime.fromisoformat(received).replace(tzinfo=UTC) if received else None
    given_fields = {"mailbox": "a@firm.example", "id": "1", "folder_id": "f", "folder": "Inbox", "seen": ()} | fields
    return Finding(**({"role": Role.AUTHOR, "received_at": when} | given_fields))


@pytest.mark.parametrize(
    ("fields", "verdict", "reason", "rule", "until"),
    [
        ({}, "erase", "author", None, None),
        ({"role": Role.ONLY_RECIPIENT}, "erase", "only-recipient", None, None),
        ({"role": Role.ONE_OF_MANY}, "look", "one-of-many", None, None),
        ({"role": Role.MENTIONED}, "look", "mentioned", None, None),
        ({"subject": "Factuur 2024-17"}, "keep", "ground", "tax", "2031-12-31"),
        ({"subject": "RE: FACTUUR"}, "keep", "ground", "tax", "2031-12-31"),
        ({"subject": "een factuurtje"}, "erase", "author", None, None),
        ({"subject": "your purchase order 12"}, "keep", "ground", "tax", "2031-12-31"),
        ({"subject": "order a purchase"}, "erase", "author", None, None),
        ({"subject": "Factuur", "role": Role.MENTIONED}, "keep", "ground", "tax", "2031-12-31"),
        ({"subject": "Factuur", "received": "2019-05-01"}, "keep", "ground", "tax", "2026-12-31"),
        ({"subject": "Factuur", "received": "2018-12-31"}, "erase", "ground-ended", None, None),
        ({"subject": "Factuur", "received": None}, "look", "no-date", None, None),
        ({"role": Role.MENTIONED, "seen": (Seen.SEARCH, Seen.NOT_RENDERED)}, "look", "not-rendered", None, None),
        ({"seen": (Seen.CLIENT_FOLDER, Seen.NOT_RENDERED), "received": None}, "look", "not-rendered", None, None),
        ({"folder": "Clients / Acme / administratie"}, "keep", "ground", "tax", "2031-12-31"),
        ({"folder": "Administratie oud"}, "erase", "author", None, None),
        ({"attachments": ("Factuur2024_001.pdf",)}, "keep", "ground", "tax", "2031-12-31"),
        ({"attachments": ("vakantie.jpg",)}, "erase", "author", None, None),
        ({"categories": ("boekhouding",)}, "keep", "ground", "tax", "2031-12-31"),
        ({"sender": "Rekening <info@mail.boekhouder.example>"}, "keep", "ground", "tax", "2031-12-31"),
        ({"sender": "info@nepboekhouder.example"}, "erase", "author", None, None),
        ({"sender": "Crediteuren@Bank.example"}, "keep", "ground", "tax", "2031-12-31"),
        ({"sender": "rente@bank.example"}, "erase", "author", None, None),
        ({"subject": "Overeenkomst"}, "keep", "ground", "contract", "2031-12-31"),
        ({"subject": "Overeenkomst", "contract_ended_on": D(2026, 2, 1)}, "keep", "ground", "contract", "2033-12-31"),
        ({"subject": "Overeenkomst", "contract_ended_on": D(2020, 2, 1)}, "keep", "ground", "contract", "2031-12-31"),
        ({"categories": ("Geschil",), "received": "2025-11-23"}, "keep", "ground", "claim", "2026-11-23"),
        ({"categories": ("Geschil",), "received": "2025-11-22"}, "erase", "ground-ended", None, None),
        ({"categories": ("Geschil",), "subject": "Factuur"}, "keep", "ground", "tax", "2031-12-31"),
        ({"folder": "Lopend", "received": "2026-11-01"}, "keep", "ground", "running", "2027-02-09"),
    ],
)  # fmt: skip
def test_verdicts(fields: dict[str, Any], verdict: str, reason: str, rule: str | None, until: str | None) -> None:
    """Each finding is divided as the table says; the ground that runs longest is the one named."""
    found = judge(finding(**fields), POLICY, TODAY)
    ground = found.ground
    assert (found.verdict, found.reason) == (verdict, reason)
    assert (ground.rule if ground else None, ground.until.isoformat() if ground else None) == (rule, until)


@pytest.mark.parametrize(
    ("policy", "role", "verdict"),
    [
        (Policy(one_of_many=Verdict.ERASE), Role.ONE_OF_MANY, "erase"),
        (Policy(one_of_many=Verdict.KEEP), Role.ONE_OF_MANY, "keep"),
        (Policy(one_of_many=Verdict.LOOK), Role.ONE_OF_MANY, "look"),
        (Policy(mentioned=Verdict.ERASE), Role.MENTIONED, "erase"),
        (Policy(mentioned=Verdict.KEEP), Role.MENTIONED, "keep"),
        (Policy(mentioned=Verdict.LOOK, one_of_many=Verdict.ERASE), Role.MENTIONED, "look"),
        (Policy(one_of_many=Verdict.KEEP), Role.AUTHOR, "erase"),
    ],
)
def test_roles_follow_the_config(policy: Policy, role: Role, verdict: str) -> None:
    """What becomes of mail in which the person is one of many, or only mentioned, is the firm's policy."""
    assert judge(finding(role=role), policy, TODAY).verdict == verdict


def test_a_business_letter_is_kept_to_a_day_and_not_beyond() -> None:
    """One of many, kept as a business letter: seven years from the end of its financial year, then erased."""
    policy = Policy(one_of_many=Verdict.KEEP, financial_year_ends=(6, 30))
    kept = judge(finding("2024-07-01", role=Role.ONE_OF_MANY), policy, TODAY)
    assert kept.ground is not None
    assert kept.ground.until == date(2032, 6, 30)
    assert judge(finding("2024-07-01", role=Role.ONE_OF_MANY), policy, date(2032, 7, 1)).verdict is Verdict.ERASE


def test_after_an_objection_a_purpose_is_balanced_by_a_person() -> None:
    """Article 17(1)(c): the firm's own purpose no longer keeps mail by itself; a legal duty still does."""
    policy = Policy(rules=POLICY.rules, objected=True)
    assert judge(finding("2026-11-01", folder="Lopend"), policy, TODAY).reason == "balance-after-objection"
    assert judge(finding(subject="Factuur"), policy, TODAY).verdict is Verdict.KEEP


def test_case_correspondence_stays_as_proof() -> None:
    """The request itself and our answers are kept to the configured day, whatever the person's role in them."""
    kept = judge(finding("2026-11-20"), POLICY, TODAY, is_correspondence=True)
    assert kept.ground is not None
    assert (kept.verdict, kept.ground.until) == (Verdict.KEEP, date(2031, 11, 19))


def test_a_rule_that_recognises_nothing_is_refused() -> None:
    """There is no blanket keep."""
    with pytest.raises(UserError, match="recognises nothing"):
        KeepRule(code="all", basis=Basis.LEGAL_DUTY, article="x", years=7, signs=Signs())


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)), st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_a_ground_keeps_until_its_day_and_never_after(received: date, today: date) -> None:
    """For any two days: kept to the end of its last day, and its end never lies before seven years."""
    found = judge(finding(received.isoformat(), subject="Factuur"), Policy(rules=(TAX,)), today)
    end = date(received.year + 7, 12, 31)
    assert (found.verdict is Verdict.KEEP) == (today <= end)
