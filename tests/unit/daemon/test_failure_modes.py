"""When the world misbehaves: each trouble recovers by itself or says once what a person must do."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from mailsorter.daemon.service import Settings
from mailsorter.errors import (
    CursorLost,
    MailboxGone,
    MailboxMoving,
    NotPermitted,
    SignInFailed,
    Throttled,
    Unreachable,
)
from mailsorter.model.case import CaseKind
from mailsorter.model.folder import WellKnown

HOUR, DAY = 60, 24 * 60


def fails_for(world, error, minutes, index=0):
    """Every call of this mailbox fails for so long; gives how many looks there were."""
    mailbox = world.mailboxes[index]
    for method in ("tree_changes", "tree", "changes", "locate", "fetch"):
        mailbox.fail_next(method, error, times=200 + int(minutes) * 4)
    looks = world.go_on(minutes)
    mailbox._faults.clear()
    return looks


@pytest.mark.parametrize(
    ("error", "minutes", "kind", "level", "advice"),
    [
        (Unreachable("no route"), DAY, "unreachable", "warning", None),
        (Throttled("429", retry_after_s=300), HOUR, "throttled", "warning", None),
        (MailboxMoving("423"), 3 * HOUR, "mailbox moving", "warning", None),
        (SignInFailed("expired"), 5 * HOUR, "sign-in failed", "error", "Renew the app's secret or certificate"),
        (NotPermitted("403"), 2 * DAY, "not permitted", "error", "Give the app its permission back"),
        (MailboxGone("404"), DAY, "mailbox gone", "error", "Take the mailbox out of the config"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_exchange_is_away_and_comes_back(world, error, minutes, kind, level, advice):
    """Said once when it begins and once when it is over, however long; then the mail that came meanwhile is filed."""
    world.look()
    looks = fails_for(world, error, minutes)
    message = world.deliver("piet@acme.example")
    (line,) = world.kept.told("trouble")
    assert (line["kind"], line["level"]) == (kind, level)
    assert line.get("advice", "").startswith(advice or "")
    assert looks <= minutes / 5 + 10, "it does not knock on a closed door every minute"
    world.go_on(20)
    assert world.where(message) == "Clients / Acme B.V."
    assert world.over() == [kind]
    assert world.troubles() == [kind]


def test_a_trouble_of_all_mailboxes_is_said_once_for_all(three):
    """The network is one network."""
    for index in range(3):
        for method in ("tree_changes", "changes"):
            three.mailboxes[index].fail_next(method, Unreachable("gone"), times=4000)
    three.go_on(3 * HOUR)
    assert three.troubles() == ["unreachable"]
    assert three.service.problems() == ["unreachable"]
    for mailbox in three.mailboxes[:2]:
        mailbox._faults.clear()
    three.go_on(HOUR)
    assert three.over() == [], "one mailbox still suffers"
    three.mailboxes[2]._faults.clear()
    three.go_on(HOUR)
    assert three.over() == ["unreachable"]
    assert three.service.problems() == []


def test_one_mailbox_in_trouble_does_not_touch_the_others(three):
    """Permission for one is withdrawn; the others' mail is filed as ever."""
    for method in ("tree_changes", "changes"):
        three.mailboxes[0].fail_next(method, NotPermitted("403"), times=4000)
    server = three.mailboxes[1].server
    from mailsorter.model.message import Participant

    message = server.deliver(from_=Participant("a@acme.example"), subject="x")
    three.go_on(10)
    assert server.tree().path(server.item(message).message.folder_id) == ("Clients", "Acme B.V.")
    assert three.service.mailboxes[three.numbers[0]].failures > 2
    assert [line["mailbox"] for line in three.kept.told("trouble")] == [three.numbers[0]]


def test_a_trouble_that_flickers_is_one_trouble(world):
    """Up a minute, down a minute, for two hours: two lines, not two hundred."""
    world.look()
    for _ in range(60):
        fails_for(world, Unreachable("flaps"), 1)
        world.go_on(1)
    world.go_on(HOUR)
    assert world.troubles() == ["unreachable"]
    assert world.over() == ["unreachable"]


def test_lost_delta_state_is_no_trouble_at_all(world):
    """410 means a full round of that folder, and everything is still filed once."""
    first = world.deliver("a@acme.example")
    world.go_on(3)
    world.mailbox.server.forget_cursors()
    second = world.deliver("b@acme.example")
    world.go_on(3)
    assert {world.where(first), world.where(second)} == {"Clients / Acme B.V."}
    assert world.troubles() == []
    world.mailbox.fail_next("changes", CursorLost("410"), times=1)
    world.go_on(3)
    assert world.troubles() == []


def test_a_full_disk_stops_everything_and_room_starts_it_again(world):
    """Mail is left alone, one look in half a minute tries, and it goes on by itself."""
    world.look()
    full = [True]

    @event.listens_for(world.ledger.engine, "before_cursor_execute")
    def _no_room(_c, _cur, statement, *_rest):
        if full[0] and statement.startswith(("INSERT", "UPDATE")):
            full_disk = sqlite3.OperationalError("database or disk is full")
            full_disk.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise OperationalError(statement, None, full_disk)

    message = world.deliver("piet@acme.example")
    world.go_on(HOUR)
    assert world.where(message) == "Inbox"
    (line,) = world.kept.told("trouble")
    assert (line["kind"], line["advice"]) == ("ledger full", "Make room on the ledger's disk; it goes on by itself.")
    assert world.service.problems() == ["ledger full"]
    full[0] = False
    world.go_on(20)
    assert world.where(message) == "Clients / Acme B.V."
    assert world.over() == ["ledger full"]


def test_a_mailbox_held_by_another_process_is_waited_for(world):
    """Somebody runs `mailsorter sort`: a minute is no news; after an hour it is said, once."""
    message = world.deliver("piet@acme.example")
    with world.ledger.locks.hold(world.numbers[0]):
        world.go_on(50)
        assert world.troubles() == []
        world.go_on(3 * HOUR)
        assert world.troubles() == ["ledger locked"]
    world.go_on(20)
    assert world.where(message) == "Clients / Acme B.V."
    assert world.over() == ["ledger locked"]


def test_a_clock_that_jumps_makes_the_timetable_anew(world, monkeypatch):
    """Back by a day: the next look is a minute away, not a day; nothing is forgotten on such a clock's word."""
    world.go_on(3)
    world.clock._start -= timedelta(days=1)
    world.service.beat()
    (line,) = world.kept.told("clock jumped")
    assert line["seconds"] == -86400
    message = world.deliver("piet@acme.example")
    world.go_on(3)
    assert world.where(message) == "Clients / Acme B.V."
    world.service.nightly()
    assert world.troubles() == ["clock not believed"]
    assert world.kept.told("upkeep") == []
    world.go_on(DAY + 1)
    world.service.nightly()
    assert len(world.kept.told("upkeep")) == 1


def test_a_clock_years_ahead_forgets_nothing_on_the_first_night(world):
    """A machine that wakes in 2036 must not end every undo; if it stays, it is believed the night after."""
    world.deliver("piet@acme.example")
    world.look()
    world.service.nightly()
    world.clock._start += timedelta(days=3650)
    world.start()
    world.service.nightly()
    assert world.troubles() == ["clock not believed"]
    with world.ledger.reading() as unit:
        facts = [s.facts for s in unit.steps.of_run(1)]
    assert facts
    assert None not in facts
    world.clock.sleep(86400)
    world.service.nightly()
    with world.ledger.reading() as unit:
        assert {s.facts for s in unit.steps.of_run(1)} == {None}


@pytest.mark.parametrize("days", [2, -2])
def test_a_clock_that_exchange_contradicts_forgets_nothing_and_calls_nothing_due(world, days):
    """By a day or more, the rule that cases obey. An hour is no reason, nor is a server that says nothing."""
    world.service.server_times = lambda: [None, world.clock.now() + timedelta(days=days)]
    world.service.nightly()
    world.service.daily()
    assert world.troubles() == ["clock not believed"]
    assert world.kept.told("upkeep") == []
    world.service.server_times = lambda: [None, world.clock.now() + timedelta(hours=1)]
    world.service.nightly()
    assert len(world.kept.told("upkeep")) == 1
    assert not world.service.troubles.standing()


def test_a_clock_earlier_than_the_ledger_forgets_nothing(world):
    """A machine that starts in the past sees no jump; the ledger has entries from later."""
    world.deliver("piet@acme.example")
    world.look()
    world.clock._start -= timedelta(days=3)
    world.start()
    world.service.nightly()
    world.service.daily()
    assert world.troubles() == ["clock not believed"]
    assert world.kept.told("upkeep") == []


def test_without_a_road_to_exchange_the_ledger_is_tidied_all_the_same(world):
    """Nothing speaks against the clock then; the missing road is a trouble of each mailbox."""

    def silent():
        raise Unreachable("No road.")

    world.service.server_times = silent
    world.service.nightly()
    assert len(world.kept.told("upkeep")) == 1


def test_config_changed_on_disk_is_said_once_and_the_old_one_stays(world, tmp_path):
    """Half-edited files must not take effect by themselves."""
    file = tmp_path / "clients.toml"
    file.write_text("a")
    world.service.take_over(world.jobs(), Settings(files=(file,)))
    world.service.watch_surroundings()
    assert world.troubles() == []
    file.write_text("b")
    for _ in range(20):
        world.service.watch_surroundings()
    assert world.troubles() == ["config changed on disk"]
    world.service.take_over(world.jobs(), Settings(files=(file,)))
    assert world.service.troubles.standing() == []


def test_a_client_folder_that_was_renamed_is_followed(world):
    """No second folder beside it, no trouble."""
    world.deliver("a@acme.example")
    world.go_on(3)
    world.mailbox.server.user_renames_folder(("Clients", "Acme B.V."), "Acme (oud)")
    message = world.deliver("b@acme.example")
    world.go_on(3)
    assert world.where(message) == "Clients / Acme (oud)"
    assert world.troubles() == []


def test_a_client_folder_that_was_deleted_waits_for_a_person(world):
    """The brake is said once; restored, the mail is filed."""
    world.deliver("a@acme.example")
    world.go_on(3)
    folder = world.mailbox.server.folder(("Clients", "Acme B.V."))
    world.mailbox.server.user_deletes_folder(folder.id)
    message = world.deliver("b@acme.example")
    world.go_on(5 * HOUR)
    assert world.troubles() == ["brake pulled"]
    assert world.where(message) == "Inbox"
    world.mailbox.server.user_moves_folder(folder.id, ("Clients",))
    world.go_on(20)
    assert world.where(message) == "Clients / Acme B.V."
    assert world.over() == ["brake pulled"]


def test_an_error_that_nobody_foresaw_ends_nothing(world):
    """A bug in one mailbox is told by its place, without its text, and tried again."""
    world.mailbox.fail_next("tree_changes", RuntimeError("Geheim van jan@acme.example"), times=3)
    message = world.deliver("piet@acme.example")
    world.go_on(20)
    assert world.where(message) == "Clients / Acme B.V."
    assert world.kept.told("unexpected")[0]["error"] == "RuntimeError"
    assert "jan@" not in str(world.kept.lines)
    assert world.over() == ["unexpected error"]


@pytest.mark.parametrize(
    ("days", "kinds"),
    [
        (31, []),
        (30, ["app credential ends within a month"]),
        (7, ["app credential ends within a week"]),
        (1, ["app credential ends within a day"]),
        (-1, ["app credential ended"]),
    ],
)
def test_a_credential_about_to_end_is_said_thirty_days_ahead(world, days, kinds):
    """And again a week and a day before; each once, however often it is looked at."""
    end = world.clock.now() + timedelta(days=days, hours=1)
    world.start(expiries=(("app", end),))
    for _ in range(50):
        world.service.watch_surroundings()
        world.clock.sleep(60)
    assert world.troubles() == kinds


def test_cases_are_announced_and_marked_due_and_nothing_is_erased(world):
    """Each stage once, also over a restart; what is due enters the audit chain."""
    message = world.deliver("piet@acme.example")
    with world.ledger.unit() as unit:
        unit.cases.open(CaseKind.ERASURE, date(2026, 11, 12))  # the firm's 14 days end on the 26th
    world.service.daily()
    world.start()
    world.service.daily()
    (line,) = world.kept.told("case due")
    assert (line["case"], line["term"], line["days"]) == ("2026-0001", "firm", 3)
    world.clock.sleep(4 * 86400)
    world.service.daily()
    assert [(n["term"], n["days"]) for n in world.kept.told("case due")[1:]] == [("firm", -1)]
    assert world.mailbox.server.item(message)
    with world.ledger.reading() as unit:
        assert [e.kind for e in unit.audit.entries() if e.kind == "case due"] == ["case due"]


def test_no_line_of_any_trouble_holds_an_address(three):
    """Numbers, not names, in every line of the day."""
    for index, error in enumerate([NotPermitted("403 anna@"), MailboxGone("404 bram@"), Unreachable("cor@")]):
        for method in ("tree_changes", "changes"):
            three.mailboxes[index].fail_next(method, error, times=1000)
    three.go_on(30)
    assert three.kept.lines
    assert "@" not in str(three.kept.lines)


def test_mail_in_sent_items_follows_when_exchange_is_back(world):
    """Sent mail is watched too."""
    fails_for(world, Unreachable("x"), 10)
    message = world.deliver("anna@onzefirma.example", to="piet@acme.example", where=WellKnown.SENT)
    world.go_on(20)
    assert world.where(message) == "Clients / Acme B.V."
