"""The sealed case file: nothing readable lies on the disk, nothing can be swapped, destroyed means destroyed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailsorter.cases.casefile import CaseFile, KeyFile, destroy, key_path
from mailsorter.errors import LedgerError, LedgerUnreadable, UserError
from mailsorter.ledger.keys import LedgerKey
from mailsorter.model.case import Subject

PERSON = Subject(names=("Piet de Vries",), addresses=("piet@klant.example",), phones=("06-12345678",))
KEY = LedgerKey(b"k" * 32)


def wrap(key: bytes) -> bytes:
    return KEY.seal(key, "case key")


def unwrap(wrapped: bytes) -> bytes:
    return KEY.open(wrapped, "case key", bytes)


def every_byte(folder: Path) -> bytes:
    return b"".join(path.read_bytes() + path.name.encode() for path in folder.rglob("*") if path.is_file())


def test_what_was_sealed_is_read_again(tmp_path: Path) -> None:
    """Also by another process, also after writing a part twice."""
    case = CaseFile.create(tmp_path, "2026-0001", wrap)
    case.write("subject", Subject(names=("x",)))
    case.write("subject", PERSON)
    again = CaseFile.open(tmp_path, "2026-0001", unwrap)
    assert again.read("subject", Subject) == PERSON
    assert again.read("plan", Subject) is None
    assert again.parts() == ("subject",)


def test_nothing_readable_lies_on_the_disk(tmp_path: Path) -> None:
    """Neither name nor address nor number, in any file or file name, and nobody else may open the folder."""
    CaseFile.create(tmp_path, "2026-0001", wrap).write("subject", PERSON)
    content = every_byte(tmp_path)
    for word in (b"Piet", b"Vries", b"piet@klant", b"12345678"):
        assert word not in content
    modes = {stat.S_IMODE(os.stat(p).st_mode) for p in (tmp_path / "2026-0001").rglob("*")}
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "2026-0001").stat().st_mode) == 0o700


def test_an_altered_or_swapped_part_is_refused(tmp_path: Path) -> None:
    """Neither a flipped byte nor another part or case's file under this name is read."""
    case = CaseFile.create(tmp_path, "2026-0001", wrap)
    case.write("subject", PERSON)
    sealed = tmp_path / "2026-0001" / "subject.sealed"
    raw = bytearray(sealed.read_bytes())
    (tmp_path / "2026-0001" / "plan.sealed").write_bytes(raw)
    with pytest.raises(LedgerUnreadable, match="altered"):
        case.read("plan", Subject)
    raw[-1] ^= 1
    sealed.write_bytes(raw)
    with pytest.raises(LedgerUnreadable, match="altered"):
        case.read("subject", Subject)


def test_the_folder_alone_tells_nothing_without_the_ledger_s_key(tmp_path: Path) -> None:
    """A thief with the case folder and another key reads nothing."""
    CaseFile.create(tmp_path, "2026-0001", wrap).write("subject", PERSON)
    with pytest.raises(LedgerUnreadable):
        CaseFile.open(tmp_path, "2026-0001", lambda w: LedgerKey(b"x" * 32).open(w, "case key", bytes))


def test_destroyed_is_gone_and_says_so(tmp_path: Path) -> None:
    """Destroying twice is harmless; opening afterwards tells a person what happened."""
    CaseFile.create(tmp_path, "2026-0001", wrap).write("subject", PERSON)
    destroy(tmp_path, "2026-0001")
    destroy(tmp_path, "2026-0001")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UserError, match="closed"):
        CaseFile.open(tmp_path, "2026-0001", unwrap)


def test_a_case_number_is_given_once(tmp_path: Path) -> None:
    """A second case never writes into the first one's folder."""
    CaseFile.create(tmp_path, "2026-0001", wrap)
    with pytest.raises(UserError, match="already"):
        CaseFile.create(tmp_path, "2026-0001", wrap)


def test_a_folder_that_cannot_be_written_says_what_to_mend(tmp_path: Path) -> None:
    """A file where the folder should be: a clear error, no traceback of the system's."""
    (tmp_path / "cases").write_text("")
    with pytest.raises(LedgerError, match="cannot be read or written"):
        CaseFile.create(tmp_path / "cases", "2026-0001", wrap)


def test_a_crash_between_writing_and_renaming_leaves_the_old_part(tmp_path: Path) -> None:
    """What a killed process left under the temporary name is sealed too, and the next writing replaces it."""
    case = CaseFile.create(tmp_path, "2026-0001", wrap)
    case.write("subject", PERSON)
    (tmp_path / "2026-0001" / ".subject.sealed.new").write_bytes(b"half")
    assert case.read("subject", Subject) == PERSON
    case.write("subject", Subject())
    assert case.read("subject", Subject) == Subject()
    destroy(tmp_path, "2026-0001")


def test_a_part_that_was_cut_off_is_refused_at_every_length(tmp_path: Path) -> None:
    """A copy that broke off, a disk that was full: never half a part, and never an error of the cipher's own."""
    case = CaseFile.create(tmp_path, "2026-0001", wrap)
    case.write("subject", PERSON)
    for name in ("subject.sealed", "key"):
        whole = (tmp_path / "2026-0001" / name).read_bytes()
        for length in range(len(whole)):
            (tmp_path / "2026-0001" / name).write_bytes(whole[:length])
            with pytest.raises(LedgerUnreadable):
                CaseFile.open(tmp_path, "2026-0001", unwrap).read("subject", Subject)
        (tmp_path / "2026-0001" / name).write_bytes(whole)


def test_a_part_of_another_version_says_so(tmp_path: Path) -> None:
    """Genuine, and not what this version reads."""
    case = CaseFile.create(tmp_path, "2026-0001", wrap)
    case.write("subject", ["of", "another", "kind"])
    with pytest.raises(LedgerUnreadable, match="another version"):
        case.read("subject", Subject)


def test_what_the_disk_neither_gives_nor_removes_says_what_to_mend(tmp_path: Path) -> None:
    """A folder in a part's place; the key is destroyed before it is met, and the next call goes on."""
    case = CaseFile.create(tmp_path, "2026-0001", wrap)
    in_the_way = tmp_path / "2026-0001" / "plan.sealed"
    in_the_way.mkdir()
    for work in (
        lambda: case.read("plan", Subject),
        lambda: case.remove("plan"),
        lambda: destroy(tmp_path, "2026-0001"),
    ):
        with pytest.raises(LedgerError, match="cannot be read or written"):
            work()
    assert not (tmp_path / "2026-0001" / "key").exists()
    in_the_way.rmdir()
    destroy(tmp_path, "2026-0001")
    assert not (tmp_path / "2026-0001").exists()


def test_a_key_file_that_is_missing_or_not_ours_is_not_taken_for_the_other(tmp_path: Path) -> None:
    """At a key's replacement the difference decides whether the old key may be destroyed."""
    CaseFile.create(tmp_path, "2026-0001", wrap)
    key = key_path(tmp_path, "2026-0001")
    before = key.read_bytes()
    assert CaseFile.rewrap(tmp_path, "2026-0001", lambda wrapped: wrapped) is KeyFile.WRAPPED
    assert CaseFile.rewrap(tmp_path, "2026-0002", lambda wrapped: wrapped) is KeyFile.MISSING
    with as_somebody_else(tmp_path / "2026-0001"):
        assert CaseFile.rewrap(tmp_path, "2026-0001", lambda wrapped: b"anew") is KeyFile.NOT_OURS
    assert key.read_bytes() == before
    assert CaseFile.rewrap(tmp_path, "2026-0001", lambda wrapped: b"anew") is KeyFile.WRAPPED
    assert key.read_bytes() == b"anew"


@contextmanager
def as_somebody_else(folder: Path) -> Iterator[None]:
    """As a user who has no right in the folder: root becomes one, anybody else takes the right away."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)
        return
    folder.chmod(0)
    try:
        yield
    finally:
        folder.chmod(0o700)
