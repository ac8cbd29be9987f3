"""What counts as alive: waiting does, hanging does not."""

from __future__ import annotations

import threading

from mailsorter.daemon.health import is_alive
from mailsorter.daemon.pulse import STUCK_S, Pulse
from mailsorter.errors import Throttled
from mailsorter.mailbox.waiting import Stopper


def test_a_job_that_waits_out_a_long_throttle_lives(world):
    """Six hours of waiting, as the connectors wait: slice by slice, by the daemon's clock."""
    pulse = world.service.pulse
    with pulse.at_work("mailbox 1"):
        Stopper(pulse).wait(6 * 3600)
        assert pulse.stuck() == {}
        assert beats(world)


def test_a_job_that_shows_nothing_hangs_and_is_told_of_once(world):
    """The scheduler may beat as it likes: a daemon whose job hangs is not alive, until the job goes on or ends."""
    pulse, clock = world.service.pulse, world.clock
    with pulse.at_work("mailbox 1"):
        clock.sleep(STUCK_S - 1)
        assert beats(world)
        clock.sleep(1)
        for _ in range(20):
            assert not beats(world)
            clock.sleep(5)
        (line,) = world.kept.told("job stuck")
        assert (line["job"], line["seconds"], line["level"]) == ("mailbox 1", STUCK_S, "error")
        pulse.monotonic()
        assert beats(world)
        clock.sleep(2 * STUCK_S)
        assert not beats(world)
    assert beats(world), "a job that ended hangs no more"
    assert len(world.kept.told("job stuck")) == 2


def beats(world) -> bool:
    """The heart beats in its own thread, as the driver has it; gives whether the daemon then counts as alive."""
    found: list[bool] = []
    thread = threading.Thread(target=lambda: (world.service.beat(), found.append(is_alive(world.service))))
    thread.start()
    thread.join(30)
    return found[0]


def test_who_asks_the_clock_is_known_by_the_thread(world):
    """The main thread asks for the time every second; that keeps no hanging worker alive."""
    pulse, hangs, begun = Pulse(world.clock), threading.Event(), threading.Event()

    def work() -> None:
        with pulse.at_work("mailbox 1"):
            begun.set()
            hangs.wait(30)

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait(30)
    world.clock.sleep(STUCK_S)
    pulse.now(), pulse.monotonic(), pulse.sleep(0)
    assert pulse.stuck() == {"mailbox 1": STUCK_S}
    hangs.set()
    thread.join(30)
    assert pulse.stuck() == {}


def test_a_scheduler_that_does_not_beat_is_dead(world):
    """Nothing at work and no beat either."""
    world.service.beat()
    world.clock.sleep(59)
    assert is_alive(world.service)
    world.clock.sleep(1)
    assert not is_alive(world.service)


def test_a_look_at_a_throttled_mailbox_is_a_short_job(world):
    """What waits between looks is no job at all."""
    for method in ("tree_changes", "changes"):
        world.mailbox.fail_next(method, Throttled("429", retry_after_s=7200), times=1000)
    world.go_on(300)
    assert world.service.pulse.stuck() == {}
    assert world.kept.told("job stuck") == []
