"""Mail whose author failed authentication, through the commands: the warning, and what brakes count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsorter.emulator.store import Address
from tests.endtoend.tenant import Tenant, tenant

_ACME = [Address("Jan", "jan@acme.example")]
_BRAKES = "[brakes]\nminimum = 5\nfactor = 1.5\n"


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Tenant]:
    with tenant(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(("failed", "is_suspicious"), [(2, False), (3, True)])
def test_status_and_doctor_warn_of_more_than_one_in_twenty(firm: Tenant, failed: int, *, is_suspicious: bool) -> None:
    """Of 40 judged messages 2 are 5 %, and 3 are more. Sent mail without a verdict does not count."""
    for n in range(40):
        firm.deliver("wie@elders.example", f"Bericht {n}", authentication="fail" if n < failed else "pass")
    firm.deliver("anna@onzefirma.example", "Intern", authentication="internal")
    assert firm.run("sort").code == 0
    status, doctor = firm.run("status"), firm.run("doctor", "--json").json
    said = firm.run("status", "--json").json["authentication"]
    assert (said["judged"], said["failed"], said["warning"] is not None) == (40, failed, is_suspicious)
    check = next(one for one in doctor["checks"] if one["name"] == "authentication")
    assert check["status"] == ("warning" if is_suspicious else "ok")
    assert ("trusted_gateways" in status.out) is is_suspicious
    assert ("trusted_gateways" in str(check)) is is_suspicious
    assert len(firm.run("review", "--json").json["messages"]) == 40, "the rule stays on: they wait"


@pytest.mark.parametrize(("authentication", "code"), [("pass", 6), ("fail", 0)])
def test_no_stranger_pulls_a_brake_by_forging_authors(firm: Tenant, authentication: str, code: int) -> None:
    """Both are filed by their recipient; only mail of authors that passed is a measure of what is usual."""
    firm.write_config(_BRAKES)
    firm.deliver("jan@acme.example", "eerste")
    assert firm.run("sort").code == 0
    for n in range(30):
        firm.deliver("wie@elders.example", f"Bericht {n}", to=_ACME, authentication=authentication)
    answer = firm.run("sort")
    assert (answer.code, "would be no surprise" in answer.out + answer.err) == (code, code == 6)
    assert len(firm.folders()["Clients / Acme B.V."]) == (31 if code == 0 else 1)
