"""What the firm's filing taught about a person goes with their mail: the prediction model forgets both.

Done when the list is performed, and again when the case is closed, after the ledger knows whom not to learn again.
Twice is harmless.
"""

from __future__ import annotations

from mailsorter.cases.casefile import CaseFile
from mailsorter.cases.find import person_of, subject_of
from mailsorter.cases.office import Office
from mailsorter.cases.plan import PART
from mailsorter.ledger.cases import CaseRow
from mailsorter.model.case import CaseKind, Verdict
from mailsorter.model.caseplan import Plan
from mailsorter.prediction.forgetting import Unlearn

_FORGETTING = (CaseKind.ERASURE, CaseKind.CLIENT_LEAVES)


def unlearn(office: Office, row: CaseRow, file: CaseFile) -> int:
    """Unlearn the subject and the mail of the list; what is kept on a ground is kept for that ground alone.

    Gives how many messages the model forgot. Raises `UserError` when the model's file cannot be read.
    """
    if office.unlearn is None or row.kind not in _FORGETTING:
        return 0
    subject, plan = subject_of(file), file.read(PART, Plan)
    theirs = [i.finding for i in plan.items if i.verdict in (Verdict.ERASE, Verdict.KEEP)] if plan is not None else []
    return office.unlearn(
        Unlearn(
            addresses=tuple(sorted(person_of(office, file, subject).addresses)),
            message_ids=tuple(sorted({f.internet_message_id for f in theirs if f.internet_message_id})),
            client_id=subject.client_id if row.kind is CaseKind.CLIENT_LEAVES else "",
        )
    )
