"""Nothing that mail says breaks a line, hides a formula, repaints a terminal or crashes a PDF."""

from __future__ import annotations

import ast
import csv
import io
import json
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

import mailsorter
from mailsorter.cases.pdf import render
from mailsorter.cases.review import neutral
from mailsorter.cli.clean import clean, escape
from mailsorter.cli.failure import tell
from mailsorter.cli.voice import Voice
from mailsorter.errors import ConfigError, UserError
from mailsorter.plain_text import one_line, one_line_each
from tests.sources import nodes

ROOT = Path(mailsorter.__file__).parent
HOSTILE = (
    "A\x1b[2J\x1b]0;t\x07B\x00\x08\x0b\x0c\r\n\x7f\x85\x9b31m\u061c\u200e\u200f\u2028\u2029"
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ufff9\udfff\ud800\U000e0041Z"
)
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def harmful(text: str, *, allowed: str = "") -> str:
    """What of it a terminal or a reader would obey: C0, C1, DEL, separators, surrogates, bidi controls."""
    return "".join(
        c for c in text if c not in allowed and (unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in BIDI)
    )


@given(st.text(st.characters(exclude_categories=())) | st.just(HOSTILE))
def test_every_text_becomes_a_harmless_line(text: str) -> None:
    """For terminals, letters and CSV; twice is once, and printable ASCII stays."""
    for made in (clean(text), one_line(text), neutral(text)):
        assert harmful(made) == ""
        made.encode("utf-8")
    assert one_line(one_line(text)) == one_line(text)
    assert harmful(escape(json.dumps(text, ensure_ascii=False))) == ""
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")  # a pair is one letter
    assert json.loads(escape(json.dumps(text, ensure_ascii=False))) == joined


def test_names_keep_their_spelling() -> None:
    """Joiners belong to Persian and Hindi names, combining marks to many."""
    for name in ("میرزا\u200cعلی", "क्\u200dष", "Zoë", "Núñez", "李小龍", "O'Brien"):
        assert one_line(name) == name


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r\n=1", " =1", "\x00=1", "\u202e=1", "\u200b=1", "\u2028=1", "\u3000=1",
     "\x85=1", "\ufeff=1", "＝1"],
)  # fmt: skip
def test_no_cell_begins_a_formula(cell: str) -> None:
    """Also when something that nobody sees is before it."""
    made = neutral(cell)
    assert made.startswith("'")
    assert harmful(made) == ""
    written = io.StringIO()
    csv.writer(written).writerow([made])
    assert next(csv.reader(io.StringIO(written.getvalue(), newline="")))[0] == made


def _letter(name: str) -> dict[str, Any]:
    return {
        "title": name, "language": "en", "firm": name, "date": "1 May 2026", "footer": name,
        "blocks": [{"kind": kind, "text": f"Dear {name},"} for kind in ("subject", "text", "item", "code")],
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", [HOSTILE, "\ud800", "Piet\udc80", "Piet\n\nYou owe us", "Piet\u2029You", "#eval(1) *b* $x$"]
)
def test_no_name_crashes_a_pdf_or_makes_a_paragraph(name: str) -> None:
    """A lone surrogate shows as a replacement; what follows a line break stays on the line, markup stays text."""
    document = render("letter", _letter(name))
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(document)).pages)
    plain = render("letter", _letter("".join("x" for _ in one_line(name))))
    other = "".join(page.extract_text() for page in PdfReader(io.BytesIO(plain)).pages)
    assert text.count("\n") == other.count("\n")
    rows = {"title": "t", "head": ["a"], "rows": [[name]], "empty": ""}
    assert render("certificate", {"title": name, "footer": name, "facts": [[name, name]], "sections": [rows]})


def test_nested_data_is_made_plain() -> None:
    """Other values stay as they are."""
    data = {"a": ["x\ny", ("\u202e",)], "b": {"c": "\ud800"}, "d": 3, "e": datetime(2026, 1, 1, tzinfo=UTC), "f": None}
    made = one_line_each(data)
    assert made == {**data, "a": ["x y", [""]], "b": {"c": "\N{REPLACEMENT CHARACTER}"}}


def test_every_character_is_shown_or_left_out_by_its_category() -> None:
    everything = "".join(map(chr, range(0x110000)))
    left_out = {c for c in everything if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert set(clean(everything)) == set(everything) - left_out
    assert not set(escape(everything)) & (left_out - {"\n"})
    assert json.loads(f'"{escape(everything[0x80:0xD800])}"') == everything[0x80:0xD800]


@pytest.mark.parametrize("as_json", [False, True])
def test_every_way_to_speak_prints_clean_bytes(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    """Text, tables, warnings, questions, errors, and JSON that a reader gets whole."""
    voice = Voice(as_json=as_json)
    voice.say(HOSTILE, f"{HOSTILE}\n{HOSTILE}")
    voice.table([HOSTILE, "b"], [[HOSTILE, 1], [None, True]], title=HOSTILE)
    voice.warn(HOSTILE)
    voice.confirm(HOSTILE, assume_yes=False)
    with voice.progress(HOSTILE):
        pass
    voice.answer({"name": HOSTILE, HOSTILE: [Path("x")]})
    told = capsys.readouterr()
    if as_json:
        assert json.loads(told.out)["name"] == HOSTILE
    for error in (UserError(HOSTILE, advice=HOSTILE), ConfigError([HOSTILE]), ValueError(HOSTILE)):
        tell(error, as_json=as_json)
        more = capsys.readouterr()
        assert not as_json or "error" in json.loads(more.out)
        for stream in (told.out, told.err, more.out, more.err):
            assert harmful(stream, allowed="\n") == ""
            stream.encode("utf-8")


#: Every place that prints by itself, and why what it prints is harmless.
PRINTS = {
    "cli/voice.py": "cleans or escapes everything",
    "cli/failure.py": "cleans or escapes everything",
    "cli/options.py": "cleans",
    "cli/plan_view.py": "escapes JSON",
    "cli/audit.py": "ASCII JSON of numbers, codes and hexadecimal",
    "cli/case.py": "CSV through `neutral`; the statement to sign, byte for byte what ssh-keygen signs",
    "cli/app.py": "the version",
    "cli/manual.py": "our own help texts",
    "cli/emulator.py": "an address on loopback",
    "cli/working.py": "a fixed sentence",
    "cases/pdf_text.py": "a child process: what it read goes to its parent",
    "cases/witness/documents.py": "the same",
}


def _prints(nodes_of_module: Iterable[ast.AST]) -> bool:
    for node in nodes_of_module:
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in ("print", "echo", "secho", "pprint") or (
                name in ("write", "writelines") and "sys.std" in ast.unparse(called)
            ):
                return True
    return False


def test_nothing_prints_past_the_one_voice() -> None:
    """A new place speaks through `Voice`, or gets a line and a reason above."""
    found = {path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py") if _prints(nodes(path))}
    assert found - set(PRINTS) == set()
