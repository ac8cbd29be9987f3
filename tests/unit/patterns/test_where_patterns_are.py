"""Mail text meets no `re`: every module that imports it is named here, with the reason why that is safe."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

import mailsorter
from mailsorter.patterns import TABLE
from mailsorter.patterns.caps import Cap
from tests.sources import nodes

ROOT = Path(mailsorter.__file__).parent

SANDBOXED = "reads what strangers sent, in a worker process with limits of time and memory"
CONFIG = "the config, a client book or a CRM's export: the administrator's own, and of a size that is checked"
QUERY = "a query option or an element's value of a client of the emulator, which has no mail text in it"
OWN_WORDS = "what the program itself wrote or its user typed on the command line"

MAY_IMPORT_RE = {
    "cases/parsers/archive.py": SANDBOXED,
    "cases/parsers/html.py": SANDBOXED,
    "cases/parsers/rtf.py": SANDBOXED,
    "cases/witness/ews.py": "single characters of an answer, each looked at once: no repeat that could be tried twice",
    "mailbox/ews/elements.py": "one class of characters, without a repeat",
    "cli/clean.py": "one class of characters with one repeat, for a field that is shown",
    "cases/casefile.py": OWN_WORDS,
    "ledger/audit.py": OWN_WORDS,
    "logs/words.py": OWN_WORDS,
    "cli/demo.py": OWN_WORDS,
    "cli/explain.py": OWN_WORDS,
    "config/crm.py": CONFIG,
    "config/book_csv.py": CONFIG,
    "config/toml_lines.py": CONFIG,
    "config/document.py": CONFIG,
    "config/values.py": CONFIG,
    "config/show.py": CONFIG,
    "config/places.py": CONFIG,
    "config/book_write.py": CONFIG,
    "emulator/seed/world.py": "names that the seed itself makes up",
    "emulator/seed/tree.py": "mail of the administrator's own folders; anchored, or one line of a header",
    "emulator/graph/extended.py": QUERY,
    "emulator/graph/search.py": QUERY,
    "emulator/graph/attachments.py": QUERY,
    "emulator/graph/directory.py": QUERY,
    "emulator/odata/mapi.py": QUERY,
    "emulator/odata/filter.py": QUERY,
    "emulator/odata/options.py": QUERY,
    "emulator/ews/schema.py": QUERY,
    "emulator/ews/soap.py": "one class of characters, without a repeat",
    "emulator/store/database.py": "one class with one repeat (words): each character is read once",
    "emulator/store/markup.py": "one class with one repeat, and parts of one tag's first 2,000 characters",
    "emulator/store/surrogates.py": "single characters, without a repeat",
    "emulator/mime/read.py": "one class of characters, and a fold of at most three: nothing can be tried twice",
    "emulator/mime/write.py": "one class with one repeat, and the emulator's own content types",
}
MAY_NORMALISE = {
    "patterns/normal.py": "the one linear way",
    "config/crm.py": CONFIG,
    "config/places.py": CONFIG,
    "emulator/seed/world.py": "names that the seed itself makes up",
    "model/officer.py": CONFIG,
}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def imported(tree: Iterable[ast.AST]) -> set[str]:
    found: set[str] = set()
    for node in tree:
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


def calls_normalize(tree: Iterable[ast.AST]) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr == "normalize" for node in tree)


@cache
def trees() -> dict[str, tuple[ast.AST, ...]]:
    """The nodes of every module, by the module's path below the package."""
    return {str(path.relative_to(ROOT)): nodes(path) for path in modules()}


def test_only_named_modules_import_re() -> None:
    importing = {name for name, tree in trees().items() if imported(tree) & {"re", "regex", "sre_compile"}}
    assert importing - MAY_IMPORT_RE.keys() == set(), "use mailsorter.patterns, or say here why its text is no mail"
    assert MAY_IMPORT_RE.keys() - importing == set(), "no longer needed here"


def test_re2_is_compiled_in_one_place() -> None:
    """There it is told not to log, and what would mean ASCII is refused."""
    assert {name for name, tree in trees().items() if "re2" in imported(tree)} == {"patterns/linear.py"}


def test_unicode_is_normalised_in_one_place() -> None:
    normalising = {name for name, tree in trees().items() if calls_normalize(tree)}
    assert normalising - MAY_NORMALISE.keys() == set(), (
        "use normalized of mailsorter.patterns: Python's takes n² for marks"
    )


def test_the_emulator_uses_none_of_the_programs_patterns() -> None:
    for name, tree in trees().items():
        if name.startswith("emulator/"):
            modules_ = {n.module for n in tree if isinstance(n, ast.ImportFrom) and n.module}
            assert not any(module.startswith("mailsorter.patterns") for module in modules_), name


def test_the_witness_compares_by_patterns_of_its_own() -> None:
    for name, tree in trees().items():
        if name.startswith("cases/witness/"):
            for node in tree:
                if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("mailsorter.patterns"):
                    assert node.module == "mailsorter.patterns", name
                    assert not {alias.name for alias in node.names} & {"TABLE", "WordFinder", "AnyOf"}, name


@pytest.fixture(scope="module")
def table() -> dict[str, object]:
    for name, tree in trees().items():
        if "mailsorter.patterns" in {n.module for n in tree if isinstance(n, ast.ImportFrom)}:
            importlib.import_module(
                "mailsorter." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            )
    return dict(TABLE)


def test_every_pattern_is_in_the_table_under_the_name_of_its_reader(table: dict[str, object]) -> None:
    named = [
        node.args[0].value
        for tree in trees().values()
        for node in tree
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "compiled"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert sorted(named) == sorted(table)
    assert all("." in name for name in table)


HOSTILE = [
    "FW:", "-", "- ", "a", "a ", "(", "<", "<a", '"', '\\"', "@", "a@", "\n", "\r\n ", ":", "van:", "1", "1 ", "é",
    "\u0301\u0323", "mailto:", "<mailto:", "*", "> ", "=", "a=a.bc=", "BEGIN:VCALENDAR\nATTENDEE", "[1]", "\ud800",
    "jan@acme.example ", "op 1 wrote ", "delivery to ", "\t", "/o=", "_",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_pattern_raises_whatever_is_repeated(table: dict[str, object], piece: str) -> None:
    text = piece * (Cap.BODY_LINE // len(piece))
    for pattern in TABLE.values():
        assert pattern.found_in(text) is (pattern.search(text) is not None), pattern.name
        assert pattern.begins(text) is (pattern.match(text) is not None), pattern.name
        assert pattern.sub("", text) is not None, pattern.name
