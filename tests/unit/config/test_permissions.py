"""Who may write and read what the program trusts: a table of modes, and what each command does with it."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mailsorter.cli.app import app
from mailsorter.config import permissions
from mailsorter.config.load import Loaded, load
from tests.unit.config.conftest import GOOD

EXTRA = '[ledger]\nurl = "sqlite:///state/ledger.db"\n[erasure]\ncases = "cases"\n'
OTHER_GROUP = 4322


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A config with its book and folders, as they are made."""
    for name in ("", "state", "cases"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name).chmod(0o700)
    for name, text in (("mailsorter.toml", GOOD + EXTRA), ("clients.toml", ""), ("state/ledger.db", "")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o600)
    yield tmp_path
    tmp_path.chmod(0o700)


def _load(place: Path) -> Loaded:
    return load(place / "mailsorter.toml")


@pytest.mark.parametrize(
    ("name", "mode", "refused"),
    [
        ("mailsorter.toml", 0o600, False),
        ("mailsorter.toml", 0o640, False),
        ("mailsorter.toml", 0o644, False),
        ("mailsorter.toml", 0o660, False),  # the group of this process: the service's own
        ("mailsorter.toml", 0o666, True),
        ("mailsorter.toml", 0o602, True),
        ("clients.toml", 0o644, False),
        ("clients.toml", 0o646, True),
        ("", 0o755, False),
        ("", 0o770, False),
        ("", 0o777, True),
        ("", 0o1777, False),  # as /tmp: nobody can replace another's file there
        ("state", 0o700, False),
        ("state", 0o770, False),
        ("state", 0o707, True),
        ("state", 0o1777, True),  # but anybody can lay a journal beside the ledger
        ("state/ledger.db", 0o666, True),
        ("cases", 0o750, False),
        ("cases", 0o702, True),
        ("cases", 0o1777, True),
    ],
)
def test_what_others_may_write_stops_cases(place: Path, name: str, mode: int, refused: bool) -> None:
    """The line names the place, the mode, and the command that mends it."""
    path = place / name if name else place
    path.chmod(mode)
    loaded = _load(place)
    assert loaded.case_problems == loaded.unsafe
    if not refused:
        assert loaded.unsafe == ()
        return
    (line,) = loaded.unsafe
    assert line.startswith(f"{path}: found ")
    assert f"{mode:04o}" in line
    assert line.endswith(f"run: chmod o-w {path}")
    path.chmod(mode & ~0o002)
    assert _load(place).unsafe == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to a group that is not its own")
@pytest.mark.parametrize("name", ["mailsorter.toml", "clients.toml", "", "state", "state/ledger.db", "cases"])
def test_a_group_that_is_not_the_services_may_not_write(place: Path, name: str) -> None:
    """Reading it may; root's own group and the service's may write."""
    path = place / name if name else place
    is_folder = path.is_dir()
    os.chown(path, -1, OTHER_GROUP)
    path.chmod(0o750 if is_folder else 0o640)
    assert _load(place).unsafe == ()
    path.chmod(0o770 if is_folder else 0o660)
    (line,) = _load(place).unsafe
    assert f"group {OTHER_GROUP} may write" in line
    assert line.endswith(f"chmod g-w {path}")
    os.chown(path, -1, 0)
    assert _load(place).unsafe == ()


def test_the_group_of_the_user_who_has_the_state_folder_is_the_services(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root looks at a service that runs as a user of its own: the groups are that user's."""
    config = place / "mailsorter.toml"
    config.chmod(0o660)
    service = pwd.struct_passwd(("mailsorter", "x", 4321, OTHER_GROUP, "", "/", ""))
    status = os.stat_result((0o100660, 0, 0, 1, 0, OTHER_GROUP, 0, 0, 0, 0))
    real = Path.stat
    monkeypatch.setattr(Path, "stat", lambda self, **kw: status if self == config else real(self, **kw))
    monkeypatch.setattr(os, "getgrouplist", lambda name, group: [group], raising=False)
    monkeypatch.setattr(pwd, "getpwuid", lambda number: (_ for _ in ()).throw(KeyError(number)))
    assert len(permissions.write_problems(config, _load(place).config)) == 1
    monkeypatch.setattr(pwd, "getpwuid", lambda number: service)
    assert permissions.write_problems(config, _load(place).config) == []


def test_a_private_group_is_its_owner(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian gives each user a group of the same name and files of mode 0664; with a second member it is none."""
    config = place / "mailsorter.toml"
    status = os.stat_result((0o100664, 0, 0, 1, 4321, OTHER_GROUP, 0, 0, 0, 0))
    real = Path.stat
    monkeypatch.setattr(Path, "stat", lambda self, **kw: status if self == config else real(self, **kw))
    anna = pwd.struct_passwd(("anna", "x", 4321, OTHER_GROUP, "", "/", ""))
    root = pwd.getpwuid(0)
    monkeypatch.setattr(pwd, "getpwuid", lambda number: anna if number == 4321 else root)
    loaded = _load(place)
    for members, problems in (([], 0), (["anna"], 0), (["anna", "bram"], 1)):
        found = grp.struct_group(("anna", "x", OTHER_GROUP, members))
        monkeypatch.setattr(grp, "getgrgid", lambda number, found=found: found)
        assert len(permissions.write_problems(config, loaded.config)) == problems


def test_a_link_is_followed_and_both_folders_are_looked_at(
    place: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whoever can write the folder of the link, or of what it points at, can put another config there."""
    there = tmp_path_factory.mktemp("there")
    (place / "mailsorter.toml").rename(there / "real.toml")
    (place / "mailsorter.toml").symlink_to(there / "real.toml")
    assert _load(place).unsafe == ()
    there.chmod(0o777)
    assert [line.partition(": ")[0] for line in _load(place).unsafe] == [str(there)]
    there.chmod(0o700)
    place.chmod(0o777)
    assert [line.partition(": ")[0] for line in _load(place).unsafe] == [str(place)]
    place.chmod(0o700)
    (there / "real.toml").chmod(0o666)
    assert [line.partition(": ")[0] for line in _load(place).unsafe] == [str(place / "mailsorter.toml")]


def test_a_read_only_mount_is_safe_whatever_its_modes(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes mounts a config with mode 0777, read-only."""
    (place / "mailsorter.toml").chmod(0o666)
    assert len(_load(place).unsafe) == 1
    real = os.statvfs(place)
    fields = list(real[:10])
    fields[8] = permissions.READ_ONLY
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result(fields))
    assert _load(place).unsafe == ()


def test_a_book_that_all_can_read_is_warned_about(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless a folder above is closed to them; it stops nothing."""
    book = place / "clients.toml"
    book.chmod(0o644)
    assert _load(place).warnings == ()  # the folder is closed
    real = Path.stat
    opened = os.stat_result((0o40755, 0, 0, 1, 0, 0, 0, 0, 0, 0))
    above = {place.resolve(), *place.resolve().parents}
    monkeypatch.setattr(Path, "stat", lambda self, **kw: opened if self in above else real(self, **kw))
    loaded = _load(place)
    assert [line.partition(": ")[0] for line in loaded.warnings] == [str(book)]
    assert loaded.warnings[0].endswith(f"chmod o-r {book}")
    assert loaded.case_problems == ()
    book.chmod(0o640)
    assert _load(place).warnings == ()


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(place: Path) -> Run:
    def _run(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, ["--config", str(place / "mailsorter.toml"), *arguments])
        return result.exit_code, result.stdout, str(result.exception or "") + result.stderr

    return _run


def test_config_check_and_case_refuse_and_sort_warns(place: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same line at each; filing goes on to what it would have met anyway."""
    (place / "clients.toml").chmod(0o666)
    monkeypatch.setenv("S", "canary")
    (place / "mailsorter.toml").write_text(GOOD.replace("[graph]", '[graph]\nurl = "http://127.0.0.1:9"') + EXTRA)
    words = "everyone may write (mode 0666)"
    code, _, told = run("config", "check")
    assert (code != 0, words in told) == (True, True)
    code, _, told = run("case", "list")
    assert (code != 0, words in told) == (True, True)
    _, _, told = run("sort")
    assert words in told
    assert "filing goes on; cases are stopped" in told


@pytest.mark.parametrize(
    ("url", "model", "warned"),
    [("postgresql:///x", "", True), ("postgresql:///x", 'model = "m"', False), ("sqlite:///l.db", "", False)],
)
def test_two_users_with_a_database_server_need_one_model(place: Path, url: str, model: str, warned: bool) -> None:
    """Each would forget people in a model of his own folder, and the daemon would go on with another."""
    config = place / "mailsorter.toml"
    text = config.read_text("utf-8")
    config.write_text(text.replace("sqlite:///state/ledger.db", url) + f"[predict]\nenabled = true\n{model}\n", "utf-8")
    assert any("[predict] model" in line for line in _load(place).warnings) == warned
