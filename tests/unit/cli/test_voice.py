"""What commands print: harmless text, aligned tables, JSON that is one document."""

from __future__ import annotations

import json

import pytest

from mailsorter.cli.clean import clean, escape
from mailsorter.cli.voice import Voice

HOSTILE = [
    ("an escape sequence", "a\x1b[31mred\x1b]0;title\x07", "a[31mred]0;title"),
    ("a second line", "one\r\ntwo\u2028three", "one two three"),
    ("direction marks", "anna@\u202eelpmaxe.emca\u202c", "anna@elpmaxe.emca"),
    ("zero width", "pay\u200bpal\ufeff\u2066x\u2069", "paypalx"),
    ("C1 controls", "a\x9b31mb\x7f", "a31mb"),
    ("a lone surrogate", "a\ud800b", "ab"),
    ("markup", "[bold red]x[/] :smile:", "[bold red]x[/] :smile:"),
    ("letters of every script", "Zoë 王小明 Ωμέγα עברית", "Zoë 王小明 Ωμέγα עברית"),
]


@pytest.mark.parametrize(("hostile", "harmless"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_text_from_mail_is_harmless(hostile: str, harmless: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In lines, tables, and JSON, which still holds all of it."""
    assert clean(hostile) == harmless
    Voice().say(hostile)
    assert capsys.readouterr().out == harmless + "\n"
    Voice().table(["subject"], [[hostile]])
    assert capsys.readouterr().out == f"subject\n{harmless}\n"
    document = escape(json.dumps({"subject": hostile}, ensure_ascii=False))
    assert json.loads(document) == {"subject": hostile}
    assert not any(c in document for c in "\x1b\x7f\x9b\u202e\u200b\u2066\ud800\u2028")


def test_a_table_is_aligned_by_what_letters_take(capsys: pytest.CaptureFixture[str]) -> None:
    """Chinese letters take two columns, numbers stand to the right, and nothing is cut without a terminal."""
    Voice().table(["client", "messages", "folder"], [["王小明", 1234567, "x" * 200], ["Acme", 8, None]])
    assert capsys.readouterr().out.splitlines() == [
        "client   messages  folder",
        "王小明  1,234,567  " + "x" * 200,
        "Acme            8",
    ]


def test_json_is_the_only_thing_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines and tables are silent, warnings go elsewhere."""
    voice = Voice(as_json=True)
    voice.say("x")
    voice.table(["a"], [[1]])
    voice.warn("careful")
    with voice.progress("working", 3) as advance:
        advance(1)
    voice.answer({"name": "Zoë"})
    out, err = capsys.readouterr()
    assert json.loads(out) == {"name": "Zoë"}
    assert err == "careful\n"


def test_nobody_there_means_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question without a terminal is answered no, --yes answers it."""
    assert not Voice().confirm("Go on?", assume_yes=False)
    assert Voice().confirm("Go on?", assume_yes=True)
