"""When the world misbehaves: over real HTTP each trouble recovers by itself or says once what a person must do.

One life of a trouble: before it mail is filed; while it lasts mail stays in the Inbox and there is one line; after it
all is filed, nothing is lost or doubled, and one line says that it is over.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from mailsorter.emulator.faults import Fault
from tests.endtoend.weather import ACME, APP, LEFT, PACE, Weather, weather

DAY = 24
RENEW = "Renew the app's secret or certificate, then send SIGHUP."
PERMIT = "Give the app its permission back; docs/operations.md says how."
TAKE_OUT = "Take the mailbox out of the config, or give it back its licence, then send SIGHUP."


@pytest.fixture
def world(tmp_path) -> Iterator[Weather]:
    with weather(tmp_path) as made:
        yield made


@dataclass(frozen=True)
class Trouble:
    """One row: how it begins and ends, how long it lasts, what is said. `advice` None: no person is needed."""

    name: str
    begins: Callable[[Weather], object]
    ends: Callable[[Weather], object]
    hours: float
    kind: str
    advice: str | None
    strikes: int = 2  # mailboxes


FAIR = Weather.fails
TABLE = (
    Trouble("network gone", lambda w: w.fails(Fault(cut="before")), FAIR, DAY, "unreachable", None),
    Trouble("answers cut off", lambda w: w.fails(Fault(truncate=True)), FAIR, 3, "unreachable", None),
    Trouble("throttled", lambda w: w.fails(Fault(status=429, retry_after=300)), FAIR, 1, "throttled", None),
    Trouble("throttled, no word when", lambda w: w.fails(Fault(status=429)), FAIR, 1, "throttled", None),
    Trouble("token revoked", lambda w: w.fails(Fault(token="revoked")), FAIR, 5, "sign-in failed", RENEW),
    Trouble(
        "secret expired", lambda w: w.registers(secrets=(), expired_secrets=("emulator",)), Weather.registers, DAY,
        "sign-in failed", RENEW,
    ),
    Trouble(
        "permission withdrawn", lambda w: w.registers(assignments=()), Weather.registers, 2 * DAY, "not permitted",
        PERMIT,
    ),
    Trouble(
        "mailbox removed", lambda w: w.changes(w.anna, state="unlicensed"), lambda w: w.changes(w.anna, state="active"),
        DAY, "mailbox gone", TAKE_OUT, strikes=1,
    ),
    Trouble(
        "mailbox being moved", lambda w: w.changes(w.anna, state="moving"), lambda w: w.changes(w.anna, state="active"),
        3, "mailbox moving", None, strikes=1,
    ),
)  # fmt: skip


@pytest.mark.parametrize("trouble", TABLE, ids=[row.name for row in TABLE])
def test_a_trouble_is_said_once_and_passes(world, trouble):
    """Each mailbox that it does not strike goes on as ever."""
    world.arrive()
    world.go_on(0.5)
    assert world.misplaced() == {}
    trouble.begins(world)
    waiting, other = world.arrive(), world.arrive(mailbox=1)
    looks = world.go_on(trouble.hours)
    assert looks <= 2 * (trouble.hours * 4 + 8), "a closed door is not knocked on more often than the config says"
    lines = world.told("trouble")
    assert {line["kind"] for line in lines} == {trouble.kind}
    is_each = trouble.kind == "not permitted"  # a permission is given mailbox by mailbox, and so it is said
    assert len(lines) == (2 if is_each else 1)
    assert {line.get("advice") for line in lines} == {trouble.advice}
    assert {line["level"] for line in lines} == {"error" if trouble.advice else "warning"}
    assert world.where(waiting) == LEFT
    assert world.where(other) == (ACME if trouble.strikes == 1 else LEFT)
    trouble.ends(world)
    world.go_on(1.5)
    assert world.misplaced() == {}
    assert world.over() == [trouble.kind] * len(lines)
    assert len(world.told("trouble")) == len(lines)
    assert world.told("unexpected") == []
    assert "@" not in str(world.kept.lines)


def test_tokens_that_end_every_hour_are_no_trouble(world):
    """Nor one that an administrator revokes: another is fetched with the next request."""
    for _ in range(3):
        world.arrive()
        world.go_on(2)
    world.emulator.identity.revoke_all()
    world.arrive()
    world.go_on(0.5)
    assert world.misplaced() == {}
    assert world.troubles() == []


def test_a_secret_is_announced_a_month_ahead_and_its_renewal_ends_it(world):
    """A month, a week, a day, the end: a line each. Renewed by a reload, all of it is over and mail is filed."""
    ends_on = (world.clock.now() + timedelta(days=32)).date()
    world.firm.write_config(PACE, client_secret_expires=f"{ends_on}")
    world.restart()
    said = {
        1: "app credential ends within a month", 24: "app credential ends within a week",
        30: "app credential ends within a day", 32: "app credential ended",
    }  # fmt: skip
    for day in range(1, 33):
        world.clock.sleep(86400)
        before = len(world.troubles())
        for _ in range(5):
            world.service.watch_surroundings()
        assert world.troubles()[before:] == ([said[day]] if day in said else [])
    assert {line["advice"] for line in world.told("trouble")} == {RENEW}
    world.registers(secrets=("new",), expired_secrets=("emulator",))
    message = world.arrive()
    world.go_on(DAY)
    assert world.where(message) == LEFT
    assert world.troubles()[-1] == "sign-in failed"
    count = len(world.troubles())
    (world.firm.folder / "secret").write_text("new")
    world.firm.write_config(PACE, client_secret_expires=f"{ends_on + timedelta(days=700)}")
    world.reload()
    world.go_on(1)
    assert world.misplaced() == {}
    assert world.service.troubles.standing() == []
    assert len(world.troubles()) == count


def test_a_mailbox_taken_out_of_the_config_is_a_trouble_no_more(world):
    """What the line asked for is done, and the other mailbox never noticed."""
    world.changes(world.anna, state="unlicensed")
    world.go_on(2)
    assert world.troubles() == ["mailbox gone"]
    world.firm.mailboxes = [world.bram]
    world.firm.write_config(PACE)
    world.reload()
    world.sent[world.firm.deliver("piet@acme.example", "x")] = (0, "")
    world.go_on(1)
    assert world.service.troubles.standing() == []
    assert set(world.firm.folders()[ACME]) == set(world.sent)
    assert len(world.service.mailboxes) == 1


@pytest.mark.parametrize("days", [-1, 1], ids=["back", "ahead"])
def test_a_clock_that_jumps_a_day_delays_nothing(world, days):
    """The next looks come within two intervals, and nothing is forgotten or called due on such a clock's word."""
    world.arrive()
    world.go_on(0.5)
    world.clock.jump(timedelta(days=days))
    world.arrive()
    world.go_on(0.6)
    assert world.misplaced() == {}
    (line,) = world.told("clock jumped")
    assert line["seconds"] == days * 86400
    world.service.nightly()
    world.service.daily()
    assert world.troubles() == ["clock not believed"]
    assert world.told("trouble")[0]["advice"] == "Set the machine's clock right."
    assert world.told("upkeep") == []
    world.clock.jump(timedelta(days=-days))
    world.go_on(0.1)
    world.clock.sleep(25 * 3600)
    world.service.nightly()
    world.go_on(0.5)
    assert len(world.told("upkeep")) == 1
    assert world.over() == ["clock not believed"]


def test_a_full_disk_leaves_mail_alone_until_there_is_room(world):
    """Nothing is moved that could not be written down."""
    world.arrive()
    world.go_on(0.5)
    full = [True]

    @event.listens_for(world.service.ledger.engine, "before_cursor_execute")
    def _no_room(_c, _cursor, statement, *_rest):
        if full[0] and statement.startswith(("INSERT", "UPDATE")):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise OperationalError(statement, None, error)

    messages = [world.arrive(), world.arrive(mailbox=1)]
    world.go_on(DAY)
    assert {world.where(message) for message in messages} == {LEFT}
    (line,) = world.told("trouble")
    assert (line["kind"], line["level"]) == ("ledger full", "error")
    assert line["advice"] == "Make room on the ledger's disk; it goes on by itself."
    assert world.service.problems() == ["ledger full"]
    full[0] = False
    world.go_on(1)
    assert world.misplaced() == {}
    assert world.over() == ["ledger full"]


def test_a_ledger_that_another_process_writes_to_for_hours_is_waited_for(world, monkeypatch):
    """A forgotten transaction in another program: silent for an hour, then said once, mailbox by mailbox."""
    monkeypatch.setattr("mailsorter.ledger.engine.BUSY_TIMEOUT_S", 0.01)
    world.restart()
    world.arrive()
    world.go_on(0.5)
    other = sqlite3.connect(world.firm.folder / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    messages = [world.arrive(), world.arrive(mailbox=1)]
    world.go_on(0.75)
    assert world.troubles() == []
    world.go_on(5)
    assert {world.where(message) for message in messages} == {LEFT}
    assert world.troubles() == ["ledger locked"] * 2
    assert {line["advice"] for line in world.told("trouble")} == {"Run: mailsorter status"}
    other.execute("ROLLBACK")
    other.close()
    world.go_on(1)
    assert world.misplaced() == {}
    assert world.over() == ["ledger locked"] * 2


def test_a_mailbox_that_another_mailsorter_holds_is_waited_for(world):
    """Somebody's `mailsorter sort` hangs: after an hour that is said, once; the other mailbox goes on."""
    number = next(iter(world.service.mailboxes))
    waiting = world.arrive()
    with world.service.ledger.locks.hold(number):
        other = world.arrive(mailbox=1)
        world.go_on(0.75)
        assert world.troubles() == []
        world.go_on(5)
        assert world.troubles() == ["ledger locked"]
        assert (world.where(waiting), world.where(other)) == (LEFT, ACME)
    world.go_on(1)
    assert world.misplaced() == {}
    assert world.over() == ["ledger locked"]


def test_a_config_that_changes_under_it_counts_from_the_reload_on(world):
    """Half an edit is said once and refused once; the old config files on; mended, the new one is in force."""
    book = world.firm.folder / "clients.toml"
    good = book.read_text("utf-8")
    book.write_text(good + '[[client]]\nid = "nieuw"\nname = "Nieuw"\ndomains = ["nie', "utf-8")
    world.go_on(3)
    assert world.troubles() == ["config changed on disk"]
    assert world.told("trouble")[0]["advice"] == "Send SIGHUP to take over the changed config."
    world.reload()
    world.arrive()
    world.go_on(1)
    assert world.misplaced() == {}, "the old config is in force"
    assert world.troubles() == ["config changed on disk", "config refused"]
    book.write_text(good + '[[client]]\nid = "nieuw"\nname = "Nieuw"\ndomains = ["nieuw.example"]\n', "utf-8")
    message = world.arrive("jan@nieuw.example")
    world.go_on(1)
    assert world.where(message) == LEFT
    world.reload()
    world.go_on(1)
    assert world.where(message) == "Clients / Nieuw"
    assert sorted(world.over()) == ["config changed on disk", "config refused"]
    assert len(world.told("trouble")) == 2


def test_a_client_folder_that_is_renamed_is_followed(world):
    """No second folder beside it, and nothing to say."""
    first = world.arrive()
    world.go_on(0.5)
    rename(world, ACME, "Acme (oud)")
    second = world.arrive()
    world.go_on(0.5)
    assert {world.where(first), world.where(second)} == {"Clients / Acme (oud)"}
    assert world.troubles() == []


def test_a_watched_folder_that_is_renamed_is_said_once(world):
    """Its mail stays where it is; the Inbox is filed as ever; with its old name back it is watched again."""
    folders = world.store.folders
    watched, _ = (
        folders.create(mailbox, folders.well_known(mailbox, "msgfolderroot"), "Te doen")
        for mailbox in (world.anna, world.bram)
    )
    world.firm.write_config(PACE + '[filing]\nwatch = ["inbox", "Te doen"]\n')
    world.restart()
    world.go_on(0.5)
    rename(world, "Te doen", "Gedaan")
    message = world.arrive()
    world.store.messages.move(world.anna, of(world, message), folders.get(world.anna, watched.id))
    other = world.arrive()
    world.go_on(6)
    assert (world.where(message), world.where(other)) == ("Gedaan", ACME)
    (line,) = world.told("trouble")
    assert (line["kind"], line["folders"]) == ("folder to watch missing", 1)
    assert line["advice"] == "Run: mailsorter config check"
    rename(world, "Gedaan", "Te doen")
    world.go_on(1)
    assert world.misplaced() == {}
    assert world.over() == ["folder to watch missing"]


def rename(world, path, name):
    """A person renames a folder of Anna's in Outlook."""
    folders = world.store.folders
    (folder,) = [f for f in folders.all(world.anna) if " / ".join(folders.path(world.anna, f)) == path]
    folders.rename(world.anna, folder, name)


def of(world, message):
    """A message of Anna's by its immutable id."""
    store = world.store
    return next(
        m for folder in store.folders.all(world.anna) for m in store.messages.in_folder(folder)
        if world.anna.ids.immutable_id(m.id) == message
    )  # fmt: skip


def test_the_apps_own_words_are_the_tables(world):
    """The app that the rows change is the one that the config names."""
    assert APP.client_id in world.firm.config.read_text("utf-8")
