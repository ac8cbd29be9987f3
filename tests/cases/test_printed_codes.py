"""What commands really print: every word of a code in their JSON is known to `explain`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mailsorter.emulator.faults import FaultPlan
from mailsorter.model.explanations import explain
from tests.cases.tenant import tenant
from tests.cases.test_commands import GROUND, PIET, Desk, some_mail

CODES = frozenset(
    {"state", "outcome", "reason", "why", "verdict", "role", "evidence", "because_of", "bucket", "seen_in", "basis",
     "left_by_reason", "skipped_by_reason", "buckets", "messages", "depth", "ended", "reasons", "seen", "items",
     "differences", "codes", "labels"}
)  # fmt: skip
"""The keys of JSON whose values, or whose own keys, are codes."""
NO_CODE = frozenset({"total", "count", "ok", "warning", "failed"})
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*")
_DIGEST = re.compile(r"[0-9a-f]{16,}")


def printed(data: Any, key: str = "", place: str = "") -> Iterator[tuple[str, str]]:
    """Each code-like word below such a key, with its place."""
    if isinstance(data, dict):
        for name, value in data.items():
            if key in CODES and isinstance(value, int) and not isinstance(value, bool) and name not in NO_CODE:
                yield place, name  # counts by code
            yield from printed(value, name, f"{place}.{name}")
    elif isinstance(data, list):
        for one in data:
            yield from printed(one, key, place)
    elif key in CODES and isinstance(data, str) and _CODE.fullmatch(data) and not _DIGEST.fullmatch(data):
        yield place, data


def test_every_code_that_commands_print_is_explained(tmp_path: Path) -> None:
    """Filing, a case with a ground and with a mailbox that is refused, its proof and its letter."""
    with tenant(tmp_path, extra=GROUND) as firm:
        some_mail(firm)
        firm.put(firm.mailboxes[1], subject="over Piet de Vries")
        desk = Desk(firm)
        said = [desk.json(*typed) for typed in (("plan",), ("sort",), ("review",), ("check",), ("status",))]
        said.append(
            desk.json(
                "erase", PIET.address, "--name", "Piet de Vries", "--known", "bekend bij ons", "--by", "anna", code=4
            )
        )
        case = "2026-0001"
        review = desk.json("case", "review", case)
        undecided = [item["handle"] for item in review["items"] if item["verdict"] == "look"]
        if undecided:
            desk.type("case", "decide", case, *undecided, "--erase", "--reason", "gaat over hem", "--by", "anna")
            desk.type("case", "plan", case, "--by", "anna")
        desk.approve(case)
        said += [review, desk.json("case", "show", case), desk.json("case", "perform", case)]
        refused = {"mailbox": firm.mailboxes[1].address, "path": "*/messages*", "status": 400}
        firm.emulator.faults.set_plan(FaultPlan.make({"fault": [refused]}))
        said += [desk.json("case", "prove", case, code=3), desk.json("case", "show", case)]
        firm.emulator.faults.set_plan(FaultPlan())
        said += [desk.json("case", "prove", case, "--again"), desk.json("case", "list"), desk.json("status")]
        said += [desk.json("doctor"), desk.json("case", "letter", case)]
    found = {(place, code) for one in said for place, code in printed(one)}
    assert {"author", "domain", "performed", "erased", "http-400"} <= {code for _, code in found}
    unknown = sorted((place, code) for place, code in found if code not in NO_CODE and explain(code) is None)
    assert unknown == []
