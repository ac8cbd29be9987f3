"""Each error class has its exit code, and what is printed says what to do next."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsorter import errors
from mailsorter.cli.failure import MEANING, ExitCode, exit_code, tell

CODES = {
    errors.TemporaryError: 5,
    errors.Throttled: 5,
    errors.Unreachable: 5,
    errors.MailboxMoving: 5,
    errors.Stopped: 130,
    errors.PermanentError: 3,
    errors.NotFound: 3,
    errors.MailboxGone: 3,
    errors.PoisonItem: 3,
    errors.Held: 3,
    errors.NameTaken: 3,
    errors.MailboxFull: 3,
    errors.Refused: 3,
    errors.CursorLost: 5,
    errors.NotPermitted: 7,
    errors.SignInFailed: 7,
    errors.UserError: 2,
    errors.LifecycleError: 2,
    errors.DecisionNeeded: 4,
    errors.LedgerError: 1,
    errors.LedgerLocked: 5,
    errors.LedgerFull: 1,
    errors.LedgerUnreadable: 1,
}


def _all(kind: type[errors.MailsorterError]) -> Iterator[type[errors.MailsorterError]]:
    for below in kind.__subclasses__():
        yield below
        yield from _all(below)


@pytest.mark.parametrize(("kind", "code"), CODES.items(), ids=lambda value: getattr(value, "__name__", None))
def test_an_error_class_has_its_exit_code(kind: type[errors.MailsorterError], code: int) -> None:
    """As the README's table has it."""
    assert exit_code(kind("it broke")) == code


def test_every_error_class_has_one() -> None:
    """None falls through to `unexpected` unnoticed."""
    assert exit_code(errors.ConfigError(["x"])) == 2
    assert exit_code(errors.ClockWrong("x")) == 2
    assert exit_code(errors.BrakePulled("x", brake="share")) == 6
    ours = {kind for kind in _all(errors.MailsorterError) if kind.__module__ == "mailsorter.errors"}
    assert ours == set(CODES) | {errors.ConfigError, errors.BrakePulled, errors.ClockWrong}
    assert set(MEANING) == set(ExitCode)


def test_an_error_says_what_and_what_next(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, and with --json as JSON too."""
    error = errors.BrakePulled("Too many moves.", brake="share", advice="Run: mailsorter sort --yes")
    assert tell(error, as_json=True) == 6
    out, err = capsys.readouterr()
    assert err == "Too many moves.\nRun: mailsorter sort --yes\n"
    assert json.loads(out)["error"] == {
        "kind": "BrakePulled",
        "what": "Too many moves.",
        "advice": "Run: mailsorter sort --yes",
        "exit_code": 6,
        "brake": "share",
    }


def test_an_unexpected_error_does_not_quote_mail(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own words may be a subject; where it happened is told."""
    monkeypatch.delenv("MAILSORTER_DEBUG", raising=False)
    with pytest.raises(KeyError) as caught:
        raise KeyError("Re: ontslag op staande voet")
    assert tell(caught.value, as_json=False) == 1
    err = capsys.readouterr().err
    assert "KeyError" in err
    assert "test_failure.py" in err
    assert "ontslag" not in err


def test_the_readme_has_the_same_table() -> None:
    """Code and meaning, word for word."""
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", readme, flags=re.MULTILINE)
    assert {int(code): meaning for code, meaning in rows} == {int(code): meaning for code, meaning in MEANING.items()}
