"""One look: what it costs, how it shares, what it leaves behind."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import event

from mailsorter.daemon.timetable import PollEnd
from mailsorter.model.message import Participant
from mailsorter.sorting import window


def test_an_idle_look_asks_for_the_tree_and_each_watched_folder_and_writes_nothing(world):
    """Design §8: 1 + 1 a watched folder. And no row, no commit: a year of looks leaves no trace."""
    world.deliver("piet@acme.example")
    world.go_on(3)
    world.mailbox.calls.clear()
    statements: Counter[str] = Counter()

    @event.listens_for(world.ledger.engine, "before_cursor_execute")
    def _count(_c, _cur, statement, *_rest):
        statements[statement.split()[0]] += 1

    for _ in range(5):
        world.look()
    assert world.mailbox.calls == {"tree_changes": 5, "changes": 10}
    assert set(statements) == {"BEGIN", "SELECT"}


def test_what_another_process_changed_is_noticed(world):
    """`mailsorter sort` by hand moves the cursors on: the daemon's next look stands on those."""
    world.deliver("piet@acme.example")
    world.go_on(3)
    message = world.deliver("jan@acme.example")
    world.sort()  # another process: it does not share the daemon's memory
    assert world.where(message) == "Clients / Acme B.V."
    other = world.deliver("kees@acme.example")
    world.look()
    assert world.where(other) == "Clients / Acme B.V."


def test_a_backlog_is_cut_in_slices_and_goes_on_behind_them(world, monkeypatch):
    """When its time is over a mailbox goes to the end of the queue with all that was read recorded."""
    cut = window.changed_windows
    monkeypatch.setattr("mailsorter.sorting.mailbox_run.changed_windows", lambda m, f, c: cut(m, f, c, 10))
    messages = [world.deliver("piet@acme.example") for _ in range(40)]
    world.service.poller.slice_s = 0.0
    looks = 0
    ends = []
    while looks < 60 and (not ends or ends[-1] is not PollEnd.COMPLETE):
        world.look()
        ends.append(world.service.mailboxes[world.numbers[0]].end)
        looks += 1
        if {world.where(m) for m in messages} == {"Clients / Acme B.V."}:
            break
    assert ends[0] is PollEnd.MORE
    assert world.service.mailboxes[world.numbers[0]].due <= world.clock.now(), "at once, at the queue's end"
    assert {world.where(m) for m in messages} == {"Clients / Acme B.V."}
    assert len(world.kept.told("trouble")) == 0


def test_looks_that_find_nothing_leave_no_run(world):
    """A run is a run when something was there."""
    world.deliver("piet@acme.example")
    world.go_on(30)
    with world.ledger.reading() as unit:
        assert len(unit.runs.latest(100)) == 1


def test_facts_go_after_the_undo_horizon_and_not_before(world):
    """The ids of what can still be undone stay."""
    world.deliver("piet@acme.example")
    world.look()
    world.service.nightly()
    for _ in range(3):
        world.clock.sleep(40 * 86400)
        world.service.nightly()
    world.deliver("jan@acme.example")
    world.look()
    world.service.nightly()
    with world.ledger.reading() as unit:
        runs = [run.number for run in unit.runs.latest(10)]
        facts = [step.facts is not None for run in sorted(runs) for step in unit.steps.of_run(run)]
    assert facts[0] is False
    assert facts[-1] is True


def test_figures_have_no_name_in_them(three):
    """Mailboxes are numbers in every label."""
    from prometheus_client import generate_latest

    from mailsorter.daemon.metrics import registry

    three.mailboxes[0].server.deliver(from_=Participant("a@acme.example"), subject="Geheim")
    three.go_on(3)
    text = generate_latest(registry(three.service)).decode()
    assert 'mailsorter_filed_total{mailbox="1"} 1.0' in text
    assert "@" not in text
    assert "Acme" not in text


def test_the_daemons_word_is_kept_for_status(world):
    """Numbers and kinds only, readable by another process."""
    from mailsorter.daemon.snapshot import read, save
    from mailsorter.errors import NotPermitted

    world.mailbox.fail_next("tree_changes", NotPermitted("anna@onzefirma.example"), times=10)
    world.go_on(2)
    save(world.service)
    with world.ledger.reading() as unit:
        said = read(unit)
    assert said is not None
    assert [(t.kind, t.mailboxes) for t in said.troubles] == [("not permitted", (1,))]
    assert "@" not in repr(said)


def test_a_ping_says_start_fine_and_fail_and_is_quiet_about_its_own_troubles(world):
    """At once when it changes, else every five minutes; an unreachable service is one line."""
    import requests

    from mailsorter.daemon.ping import Pinger

    sent: list[str] = []
    pinger = Pinger("https://hc.example/abc", world.clock, world.log, send=sent.append)
    pinger.start()
    pinger.join(10)
    for minute in range(12):
        pinger.tell(fine=minute != 8)
        pinger.join(10)
        world.clock.sleep(60)
    base = "https://hc.example/abc"
    assert sent == [base + "/start", base, base, base + "/fail", base]

    def fails(_url: str) -> None:
        raise requests.ConnectionError

    pinger = Pinger(base, world.clock, world.log, send=fails)
    for _ in range(10):
        pinger.tell(fine=True)
        pinger.join(10)
        world.clock.sleep(600)
    assert len(world.kept.told("ping failed")) == 1
    assert "hc.example" not in str(world.kept.lines)
