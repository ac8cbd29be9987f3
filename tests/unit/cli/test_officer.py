"""Who works on a case: what was said, else who called the helper, else the user signed in."""

from __future__ import annotations

import pytest

from mailsorter.cli import case_work


@pytest.mark.parametrize(
    ("said", "by", "expected"),
    [("anna", "bert", "anna"), ("", "bert", "bert"), (" ", " ", "officer"), ("", None, "officer"), ("", "", "officer")],
)
def test_who_works_on_a_case(monkeypatch: pytest.MonkeyPatch, said: str, by: str | None, expected: str) -> None:
    monkeypatch.setattr(case_work.getpass, "getuser", lambda: "officer")
    monkeypatch.delenv("MAILSORTER_BY", raising=False)
    if by is not None:
        monkeypatch.setenv("MAILSORTER_BY", by)
    assert case_work.officer(said) == expected
