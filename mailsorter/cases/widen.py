"""Taking further addresses and names in as the person's: what the officer recognised among those that were offered."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mailsorter.cases import found as found_parts
from mailsorter.cases.find import subject_of
from mailsorter.cases.intake import check_addresses
from mailsorter.cases.moves import check
from mailsorter.cases.office import Office
from mailsorter.cases.scope import SCOPE
from mailsorter.model.case import Subject
from mailsorter.model.lifecycle import CaseAct


def widen(office: Office, number: str, *, addresses: Iterable[str] = (), aliases: Iterable[str] = ()) -> Subject:
    """Add to whom the case is about; the next search begins anew, and with it the plan and its approval.

    Raises:
        LifecycleError: the case cannot be searched now.
        UserError: an address is none.
    """
    row = office.get(number)
    check(row, CaseAct.FIND)
    check_addresses(addresses := tuple(addresses))
    file = office.open_file(number)
    before = subject_of(file)
    after = msgspec.structs.replace(
        before,
        addresses=tuple(dict.fromkeys([*before.addresses, *addresses])),
        aliases=tuple(dict.fromkeys([*before.aliases, *aliases])),
    )
    if after == before:
        return before
    file.write("subject", after)
    found_parts.drop_all(file)  # each mailbox is searched again, also those that a broken-off search had done
    file.remove(SCOPE)
    with office.ledger.unit() as unit:
        unit.audit.append("case.widen", {"case": number})
    return after
