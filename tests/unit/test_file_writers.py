"""Files are written by `mailsorter/files.py`; every other place that writes is listed here with its reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import mailsorter

ROOT = Path(mailsorter.__file__).parent

#: Who else writes, how, and why that is right.
ALLOWED = {
    ("files.py", "os.open"): "the module itself: O_CREAT, O_EXCL and O_NOFOLLOW",
    ("files.py", "tempfile.mkstemp"): "the module itself: O_EXCL and O_NOFOLLOW, 0600, beside the file it replaces",
    ("files.py", "os.replace"): "the module itself",
    ("cases/alone.py", "os.open"): "locks the case's key file: O_NOFOLLOW, never written to, never made",
    ("cases/casefile.py", "open"): "overwrites a key in place before it is deleted; makes no file",
    ("config/crm_import.py", "write_text"): "a draft in a temporary folder of its own (0700)",
    ("cases/ssh_keygen.py", "write_text"): "what ssh-keygen reads, in a temporary folder of its own (0700)",
    ("cases/ssh_keygen.py", "write_bytes"): "the same",
    ("config/secret.py", "tempfile.mkstemp"): "a key that appears complete or not at all, by a link (O_EXCL, 0600)",
    ("config/secret.py", "os.link"): "the same",
    ("sandbox/confine.py", "open"): "the kernel's own file of this process",
    ("sandbox/worker.py", "os.open"): "the null device",
    ("emulator/portable.py", "GzipFile"): "into the file that os.open made",
    ("ledger/engine.py", "os.open"): "makes the database private before SQLite opens it; never truncates, and a "
    "person may let the ledger be a link to another disk",
    ("ledger/locks.py", "os.open"): "a lock file: O_NOFOLLOW, never written to",
    ("prediction/forgetting.py", "os.open"): "a lock file: O_NOFOLLOW, never written to",
    ("logs/setup.py", "os.open"): "the log is appended to; a link to /dev/stdout is followed on purpose",
    ("emulator/tls.py", "os.open"): "imports nothing of mailsorter; O_EXCL after the old one was unlinked",
    ("emulator/portable.py", "os.open"): "imports nothing of mailsorter; O_EXCL, 0600",
}

_WRITERS = {"write_text", "write_bytes", "touch", "symlink_to", "hardlink_to"}
_MODULES = {
    "os": {"replace", "rename", "renames", "link", "symlink", "mknod", "truncate", "creat"},
    "shutil": {"copy", "copy2", "copyfile", "copytree", "move", "make_archive", "copyfileobj"},
    "tempfile": {"mkstemp", "mktemp", "NamedTemporaryFile"},
}
_WRITING_FLAGS = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"}


def _is_writing(mode: object) -> bool:
    return isinstance(mode, str) and len(mode) <= 4 and any(letter in mode for letter in "wax+")


def writers(source: str) -> Iterator[tuple[str, int]]:
    """Each call that makes, opens for writing or replaces a file, by its name and line."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        owner = called.value.id if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) else ""
        values = [a.value for a in (*node.args, *(k.value for k in node.keywords)) if isinstance(a, ast.Constant)]
        if owner == "os" and name == "open":
            flags = {n.attr for a in node.args for n in ast.walk(a) if isinstance(n, ast.Attribute)}
            if flags & _WRITING_FLAGS or not flags:
                yield "os.open", node.lineno
        elif name in _MODULES.get(owner, ()):
            yield f"{owner}.{name}", node.lineno
        elif name in _WRITERS and isinstance(called, ast.Attribute):
            yield name, node.lineno
        elif name in ("open", "fdopen", "FileIO", "GzipFile", "ZipFile") and any(map(_is_writing, values)):
            if name != "fdopen":  # a descriptor that somebody opened
                yield name, node.lineno
        elif name == "replace" and isinstance(called, ast.Attribute) and len(node.args) == 1 and not node.keywords:
            yield "replace", node.lineno  # Path.replace: text's has two arguments, a date's has names


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('open(x, "w")', ["open"]),
        ('open(x, mode="ab")', ["open"]),
        ("open(x)", []),
        ('open(x, "rb")', []),
        ('path.open("x", encoding="utf-8")', ["open"]),
        ('path.open("r+b")', ["open"]),
        ('key.open(sealed, "message")', []),
        ('gzip.open(p, "wb")', ["open"]),
        ("p.write_text(t)", ["write_text"]),
        ("p.write_bytes(b)", ["write_bytes"]),
        ("os.open(p, os.O_RDONLY)", []),
        ("os.open(p, os.O_WRONLY | os.O_CREAT)", ["os.open"]),
        ("os.open(p, flags)", ["os.open"]),
        ("os.replace(a, b)", ["os.replace"]),
        ("a.replace(b)", ["replace"]),
        ('text.replace("a", "b")', []),
        ("shutil.copyfile(a, b)", ["shutil.copyfile"]),
        ("tempfile.mkstemp()", ["tempfile.mkstemp"]),
        ("sqlite.backup(x)", []),
    ],
)  # fmt: skip
def test_the_scan_sees_what_writes(source: str, found: list[str]) -> None:
    """The judge itself."""
    assert [name for name, _ in writers(source)] == found


def test_only_one_module_writes_files() -> None:
    """A new place goes through `mailsorter.files`, or gets a line and a reason above."""
    seen = {}
    for path in sorted(ROOT.rglob("*.py")):
        for name, line in writers(path.read_text(encoding="utf-8")):
            seen.setdefault((path.relative_to(ROOT).as_posix(), name), line)
    strange = [f"{file}:{line}: {name}" for (file, name), line in seen.items() if (file, name) not in ALLOWED]
    assert strange == []
    assert set(ALLOWED) - set(seen) == set()  # a reason without its place is out of date
