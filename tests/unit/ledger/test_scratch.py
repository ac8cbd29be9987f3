"""A throw-away database leaves nothing behind and shows nobody else anything."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path

import pytest

from mailsorter.checking.seen import Seen
from mailsorter.ledger.keys import Digest
from mailsorter.ledger.scratch import Scratch
from mailsorter.ledger.translations import Translations


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("make", [Seen, Translations])
def test_it_is_its_owners_alone_and_gone_afterwards(make: type[Scratch], temporary: Path) -> None:
    with make():
        (folder,) = temporary.iterdir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert [one.name for one in folder.iterdir()] == ["scratch.db"]
    assert not list(temporary.iterdir())


def test_what_was_seen_last_counts_also_of_thousands() -> None:
    tokens = [n.to_bytes(16, "big") for n in range(2000)]
    with Seen() as seen:
        seen.add(tokens, 1)
        seen.add(tokens[:500], 2)
        assert seen.counts() == {1: 1500, 2: 500}
        assert seen.where(iter([*tokens, b"never"])) == {t: 2 if n < 500 else 1 for n, t in enumerate(tokens)}


def test_a_former_digest_is_translated_to_the_newest() -> None:
    with Translations() as translations:
        translations.add([Digest.of(b"new", (b"old",)), b"of today", None])
        assert translations.newest([b"old", b"of today", None]) == {b"old": b"new"}
