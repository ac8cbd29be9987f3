"""Who plans and who approves: names typed at the keyboard become the people of the config.

With two approvals the planner and both approvers are `[[approver]]` entries, so that one person under two spellings
stays one person. The name of the entry is what is recorded, however it was typed.
"""

from __future__ import annotations

from mailsorter.cases.office import Approver, Firm, Office
from mailsorter.errors import UserError
from mailsorter.ledger.cases import CaseRow
from mailsorter.ledger.keys import is_same
from mailsorter.model.officer import spelled


def listed(firm: Firm, name: str) -> Approver | None:
    """The `[[approver]]` entry of that name, or None."""
    wanted = spelled(name)
    return next((a for a in firm.approvers if wanted in map(spelled, a.names)), None)


def recorded_name(firm: Firm, name: str) -> str:
    """The name under which this person is recorded: the entry's, else as typed."""
    entry = listed(firm, name)
    return entry.name if entry is not None else name


def check_planner(firm: Firm, name: str) -> None:
    """May this person make a list? With two approvals: a listed one, with enough others left to sign it.

    Raises:
        UserError: nobody of the config, or the list could never be approved.
    """
    if firm.approvals < 2:
        return
    planner = listed(firm, name)
    if planner is None:
        known = ", ".join(a.name for a in firm.approvers) or "nobody"
        raise UserError(
            f"{name} is no [[approver]] of this firm, and where two people approve the planner must be one too, so "
            "that nobody plans and approves under two names.",
            advice=f"Give a name that is listed ({known}) with --by NAME, or add an [[approver]] for {name}; "
            "who only plans needs no public_key.",
        )
    signers = sum(bool(a.public_key) for a in firm.approvers if a is not planner)
    if signers < firm.approvals:
        raise UserError(
            f"If {name} plans, {signers} of the {firm.approvals} approvers that are needed would be left: the planner "
            "is none of them.",
            advice="Let somebody else plan with --by NAME, or add an [[approver]] to the config.",
        )


def check_approver(office: Office, row: CaseRow, name: str) -> None:
    """May this person approve the case's list as it was planned? Raises `UserError`."""
    firm = office.firm
    if not name.strip():
        raise UserError("An approval needs a name.", advice="Give it: --by NAME")
    entry = listed(firm, name)
    known = ", ".join(a.name for a in firm.approvers)
    if entry is None and (firm.approvers or firm.approvals > 1):
        raise UserError(f"{name} is no approver of this firm.", advice=f"[[approver]] names: {known or 'nobody'}.")
    if firm.approvals < 2 or entry is None:
        return
    if not entry.public_key:
        raise UserError(
            f"{name} has no public_key: where two people approve, both sign.",
            advice="Add the key to [[approver]], or let somebody else approve.",
        )
    if _is_one_of(office, row.planner, entry):
        raise UserError(
            f"{name} made this list; where two people approve, neither of them is its planner.",
            advice="Let somebody else approve it.",
        )
    if not any(_is_one_of(office, row.planner, a) for a in firm.approvers):
        raise UserError(
            f"The list of case {row.number} was made by somebody who is no [[approver]]: nobody can tell whether that "
            f"was {name}.",
            advice=f"Let a listed person plan it again: mailsorter case plan {row.number} --by NAME",
        )


def _is_one_of(office: Office, planner: bytes | None, entry: Approver) -> bool:
    with office.ledger.reading() as unit:
        return any(is_same(unit.cases.name_token(name), planner) for name in entry.names)
