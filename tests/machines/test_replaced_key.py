"""The ledger's key is replaced in the middle of a firm's life, and the process may end at any effect of it."""

from __future__ import annotations

from mailsorter.model.folder import WellKnown
from mailsorter.model.message import Participant
from tests.machines.test_every_crash import examine, fill, world
from tests.machines.world import CLIENTS, MASTER, Lost, World

ACME, BAKKER = CLIENTS[:2]
NEW = b"n" * 32


def replace_key(w: World) -> None:
    w.keys = (NEW, MASTER)


def test_a_run_cut_off_under_the_old_key_is_settled_under_the_new() -> None:
    for point in range(1, 1000):
        with world(copies=True) as w:
            expected = fill(w)
            report = w.sort(crash_at=point)
            replace_key(w)
            if w.sort() is None:
                raise Lost("the next run did not come through")
            examine(w, expected)
            if report is not None:
                assert point > 30
                return


def test_rekeying_may_end_at_any_effect() -> None:
    for point in range(1, 1000):
        with world() as w:
            expected = fill(w)
            w.sort()
            replace_key(w)
            done = w.check(crash_at=point)
            w.sort()
            examine(w, expected)
            assert w.finish_rekeying()
            w.keys = (NEW,)
            w.sort()
            examine(w, expected)
            if done is not None:
                assert point > 10
                return


def test_the_last_word_on_it_may_end_at_any_effect() -> None:
    for point in range(1, 100):
        with world() as w:
            fill(w)
            w.sort()
            replace_key(w)
            w.check()
            done = w.finish_rekeying(crash_at=point)
            assert w.finish_rekeying()
            w.keys = (NEW,)
            assert w.check() is not None
            if done:
                assert point > 4
                return


def test_what_people_and_runs_decided_before_still_counts_when_the_old_key_is_gone() -> None:
    with world() as w:
        expected = fill(w)
        report = w.sort()
        assert report is not None
        strange = w.deliver("wie@elders.example")
        thread = w.server.item(strange).message.conversation_id
        w.server.user_moves(strange, ("Clients", ACME.name))
        w.check()
        replace_key(w)
        w.check()
        assert w.finish_rekeying()
        w.keys = (NEW,)
        answer = w.server.deliver(
            WellKnown.INBOX, from_=Participant("wie@elders.example"), conversation_id=thread, subject="x"
        )
        w.sort()
        assert w.where(answer) == w.client_folder(ACME)
        assert w.undo(report.run) is not None
        assert all(w.where(m) == w.server.folder(WellKnown.INBOX).id for m in expected)
