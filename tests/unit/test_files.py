"""What the module that writes files promises: nothing is overwritten, no link is followed, nobody else can read."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from mailsorter import files
from mailsorter.errors import UserError

Put = Callable[[Path], None]


def _file(path: Path) -> None:
    path.write_text("theirs")


def _dead_link(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def _link(path: Path) -> None:
    target = path.parent / "target"
    target.write_text("theirs")
    path.symlink_to(target)


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("put", [_file, _dead_link, _link, _folder, _pipe])
def test_what_is_there_is_left_as_it_is(tmp_path: Path, put: Put) -> None:
    """A file, a link to one or to nowhere, a folder, a pipe: refused with the option to change, and untouched."""
    path = tmp_path / "out.pdf"
    put(path)
    before = sorted((p.name, p.is_symlink(), p.read_text() if p.is_file() else "") for p in tmp_path.iterdir())
    for write in (
        lambda: files.require_new(path, "--pdf"),
        lambda: files.create(path, b"ours", "--pdf"),
        lambda: files.open_new(path, "--pdf"),
    ):
        with pytest.raises(UserError) as caught:
            write()
        assert str(path) in caught.value.what
        assert "exists already and was left as it is" in caught.value.what
        assert "--pdf FILE" in caught.value.advice
    after = sorted((p.name, p.is_symlink(), p.read_text() if p.is_file() else "") for p in tmp_path.iterdir())
    assert after == before


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_new_file_is_its_owners_alone(tmp_path: Path, umask: int) -> None:
    """Whatever the umask."""
    before = os.umask(umask)
    try:
        files.create(tmp_path / "new", b"content", "--out")
        with files.open_new(tmp_path / "other", "--out") as file:
            file.write(b"content")
        files.replace(tmp_path / "third", b"content")
    finally:
        os.umask(before)
    for name in ("new", "other", "third"):
        assert (tmp_path / name).read_bytes() == b"content"
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Before the work begins, and with the option."""
    path = tmp_path / "none" / "out.pdf"
    with pytest.raises(UserError, match="there is no folder"):
        files.require_new(path, "--pdf")
    with pytest.raises(UserError, match="cannot be written") as caught:
        files.create(path, b"", "--pdf")
    assert "--pdf FILE" in caught.value.advice


@pytest.mark.parametrize("put", [_file, _link, _dead_link])
def test_the_programs_own_file_is_replaced_and_no_link_followed(tmp_path: Path, put: Put) -> None:
    """Where somebody put a link, the link goes; what it pointed at stays."""
    path = tmp_path / "state"
    put(path)
    files.replace(path, b"ours", mode=0o600)
    assert (path.read_bytes(), path.is_symlink()) == (b"ours", False)
    assert not (tmp_path / "nowhere").exists()
    if (tmp_path / "target").exists():
        assert (tmp_path / "target").read_text() == "theirs"
    assert len(list(tmp_path.glob(".state-*"))) == 0


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_a_replaced_file_keeps_its_mode_and_group(tmp_path: Path, mode: int) -> None:
    """A client book that the service reads by its group is still readable by it after an import by root."""
    path = tmp_path / "clients.toml"
    path.write_text("old")
    path.chmod(mode)
    group = path.stat().st_gid
    if os.geteuid() == 0:
        os.chown(path, 4321, 4322)
        group = 4322
    files.replace(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.stat().st_gid == group
    assert path.read_bytes() == b"new"


def test_a_full_disk_leaves_the_old_file_and_no_half_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old content, complete; nothing beside it; of a new file nothing."""

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "state"
    files.replace(path, b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.replace(path, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["state"]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("group_rights", [0o640, 0o660])
@pytest.mark.parametrize("number", [errno.EPERM, errno.EINVAL])
def test_a_group_that_cannot_be_given_loses_its_rights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, group_rights: int
) -> None:
    """Under PrivateUsers= the kernel answers EINVAL for a user or group that the service does not see."""
    path = tmp_path / "clients.toml"
    path.write_text("old")
    path.chmod(group_rights)
    real = os.fstat

    def refuse(*_: int) -> None:
        raise OSError(number, os.strerror(number))

    def with_another_group(handle: int) -> os.stat_result:
        found = list(real(handle))
        found[stat.ST_GID] += 1
        return os.stat_result(found)

    monkeypatch.setattr(os, "fchown", refuse)
    files.replace(path, b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", group_rights), "the group is the same"
    monkeypatch.setattr(os, "fstat", with_another_group)
    files.replace(path, b"newer")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"newer", 0o600)


def test_another_error_of_the_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what belongs to somebody else is passed over; the old file stays."""
    path = tmp_path / "state"
    path.write_text("old")

    def fail(*_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fchown", fail)
    with pytest.raises(OSError, match="Input/output"):
        files.replace(path, b"new")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("state", "old")]


FOLDERS = {  # the folder's mode, and a new file's in it
    0o700: 0o600, 0o770: 0o600, 0o2700: 0o600, 0o2750: 0o600, 0o2770: 0o660, 0o2775: 0o660, 0o2777: 0o600,
}  # fmt: skip


@pytest.mark.parametrize("umask", [0o022, 0o077])
@pytest.mark.parametrize(("folder", "expected"), FOLDERS.items(), ids=[f"{mode:o}" for mode in FOLDERS])
def test_a_file_is_shared_with_the_group_of_a_shared_folder_alone(
    tmp_path: Path, folder: int, expected: int, umask: int
) -> None:
    """Setgid and writable for the group, and for nobody else."""
    tmp_path.chmod(folder)
    before = os.umask(umask)
    try:
        files.replace(tmp_path / "model", b"x", mode=files.PRIVATE, for_folder=True)
        handle = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        files.share(handle, tmp_path)
        os.close(handle)
        files.replace(tmp_path / "case", b"x", mode=files.PRIVATE)
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"model": expected, "lock": expected, "case": 0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
@pytest.mark.parametrize(("user", "group"), [(0, 4322), (4321, 4322), (4321, 0)])
def test_a_file_that_is_not_ours_or_not_the_groups_keeps_its_mode(tmp_path: Path, user: int, group: int) -> None:
    """Nobody gets a right who has none in the folder."""
    os.chown(tmp_path, 0, 4323)
    tmp_path.chmod(0o2770)
    path = tmp_path / "file"
    path.write_text("x")
    os.chown(path, user, group)
    path.chmod(0o600)
    with path.open("rb") as file:
        files.share(file.fileno(), tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_put_in_the_new_file_s_place_changes_nobody_s_mode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other user of a shared folder may rename what is in it, also between two of our calls."""
    theirs = tmp_path / "key"
    theirs.write_text("secret")
    theirs.chmod(0o400)
    real = os.chmod

    def swapped_before(place: object, mode: int) -> None:
        (new,) = tmp_path.glob(".model-*")
        new.unlink()
        new.symlink_to(theirs)
        real(place, mode)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "chmod", swapped_before)
    monkeypatch.setattr(os, "supports_fd", {*os.supports_fd, swapped_before})
    files.replace(tmp_path / "model", b"x", mode=0o644)
    assert stat.S_IMODE(theirs.stat().st_mode) == 0o400
