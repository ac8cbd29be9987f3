"""Brakes, seen from outside: what stops a mailbox, that nothing was changed then, and how a person goes on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mailsorter.errors import BrakePulled
from mailsorter.model.client import Client
from mailsorter.model.folder import WellKnown
from mailsorter.sorting import window
from tests.unit.sorting.firm import ACME, BAKKER, Firm

LOW = {"minimum": 10, "factor": 2.0}


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    firm = Firm(tmp_path)
    yield firm
    firm.ledger.close()


def deliver(firm: Firm, count: int, sender: str = "jan@acme.example") -> list[str]:
    return [firm.deliver(sender) for _ in range(count)]


def brake(report) -> str | None:
    error = report.mailboxes[0].error
    return error.brake if isinstance(error, BrakePulled) else None


def test_a_first_backlog_is_never_stopped(firm: Firm) -> None:
    deliver(firm, 60)
    assert firm.sort(**LOW).total("filed") == 60


def test_a_first_backlog_that_was_interrupted_goes_on(firm: Firm) -> None:
    deliver(firm, 60)
    assert firm.sort(limit=5, **LOW).total("filed") == 5
    assert brake(firm.sort(**LOW)) is None


def test_far_more_than_usual_is_stopped_before_anything_is_changed(firm: Firm) -> None:
    deliver(firm, 3)
    firm.sort(**LOW)
    deliver(firm, 40)
    before = firm.folders()
    report = firm.sort(**LOW)
    assert brake(report) == "many-moves"
    assert firm.folders() == before
    assert "sort --yes" in report.mailboxes[0].error.advice
    assert brake(firm.sort(**LOW)) == "many-moves", "it stays so until a person says go on"
    assert firm.sort(go_on=True, **LOW).total("filed") == 40


def test_several_windows_together_are_stopped_before_the_first(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window.changed_windows, "__defaults__", (4,))
    deliver(firm, 3)
    firm.sort(**LOW)
    deliver(firm, 23)
    before = firm.folders()
    assert brake(firm.sort(**LOW)) == "many-moves"
    assert firm.folders() == before


def test_what_was_let_through_once_is_no_measure_for_the_next_time(firm: Firm) -> None:
    deliver(firm, 1)
    firm.sort(**LOW)
    deliver(firm, 40)
    firm.sort(go_on=True, **LOW)
    firm.clock.sleep(timedelta(days=1).total_seconds())
    deliver(firm, 60)
    assert brake(firm.sort(**LOW)) == "many-moves"


def test_mail_that_is_not_filed_stops_nothing(firm: Firm) -> None:
    deliver(firm, 3)
    firm.sort(**LOW)
    deliver(firm, 60, "wie@elders.example")
    assert brake(firm.sort(**LOW)) is None


def test_a_days_mail_of_a_busy_mailbox_is_no_surprise_after_a_long_weekend(firm: Firm) -> None:
    deliver(firm, 3)
    firm.sort(**LOW)
    for _ in range(2):
        firm.clock.sleep(timedelta(days=1).total_seconds())
        deliver(firm, 8)
        firm.sort(**LOW)
    firm.clock.sleep(timedelta(days=3).total_seconds())
    deliver(firm, 40)
    assert firm.sort(**LOW).total("filed") == 40


def test_brakes_can_be_off(firm: Firm) -> None:
    deliver(firm, 3)
    firm.sort(**LOW)
    deliver(firm, 60)
    assert firm.sort(enabled=False, **LOW).total("filed") == 60


def test_a_plan_is_shown_and_says_that_a_run_would_stop(firm: Firm) -> None:
    deliver(firm, 3)
    firm.sort(**LOW)
    deliver(firm, 40)
    planned = firm.plan(**LOW)
    assert len(planned.steps) == 40
    assert any("many-moves" in note for note in planned.report.mailboxes[0].notes)


def test_a_rule_change_that_would_file_much_is_stopped_every_time_until_a_person_goes_on(firm: Firm) -> None:
    deliver(firm, 40, "nieuw@later.example")
    firm.sort(**LOW)
    firm.set_book([ACME, BAKKER, Client(id="later", name="Later N.V.", domains=("later.example",))])
    before = firm.folders()
    for _ in range(2):
        assert brake(firm.sort(**LOW)) == "rules-changed"
    assert firm.folders() == before
    assert firm.sort(go_on=True, **LOW).total("filed") == 40


def test_a_client_folder_that_vanished_stops_although_no_mail_came_for_it(firm: Firm) -> None:
    deliver(firm, 3)
    firm.sort()
    firm.mailbox.server.user_deletes_folder(firm.mailbox.tree().find(("Clients", "Acme B.V.")).id)
    deliver(firm, 1, "bakker@mail.example")
    before = firm.folders()
    assert brake(firm.sort()) == "client-folder-gone"
    assert firm.folders() == before
    report = firm.sort(go_on=True)
    assert report.total("filed") == 1
    late = firm.deliver("jan@acme.example")
    firm.sort()
    assert firm.where(late) == "Clients / Acme B.V."


def test_a_client_folder_of_a_client_who_left_the_book_may_vanish(firm: Firm) -> None:
    deliver(firm, 3)
    firm.sort()
    firm.mailbox.server.user_deletes_folder(firm.mailbox.tree().find(("Clients", "Acme B.V.")).id)
    firm.set_book([BAKKER])
    assert brake(firm.sort()) is None


def test_a_client_folder_that_is_suddenly_empty_stops(firm: Firm) -> None:
    ids = deliver(firm, 20)
    firm.sort(**LOW)
    for one in ids:
        firm.mailbox.server.user_moves(one, WellKnown.ARCHIVE)
    late = firm.deliver("jan@acme.example")
    report = firm.sort(**LOW)
    assert brake(report) == "folder-empty"
    assert firm.where(late) == "Inbox"
    assert brake(firm.sort(go_on=True, **LOW)) is None
    assert brake(firm.sort(**LOW)) is None


def test_people_may_clear_their_inbox(firm: Firm) -> None:
    ids = deliver(firm, 30, "wie@elders.example")
    firm.sort(**LOW)
    for one in ids:
        firm.mailbox.server.user_deletes(one)
    assert brake(firm.sort(**LOW)) is None


def test_a_mailbox_that_is_suddenly_empty_stops(firm: Firm) -> None:
    ids = deliver(firm, 30, "wie@elders.example")
    firm.sort(**LOW)
    for one in ids:
        firm.mailbox.server.user_destroys(one)
    assert brake(firm.sort(**LOW)) == "mailbox-empty"


def test_two_clients_that_share_a_folder_path_stop_before_the_first_message(firm: Firm) -> None:
    firm.set_book([ACME, BAKKER], folder_of={"acme": ("Clients", "Same"), "bakker": ("Clients", "same")})
    deliver(firm, 1)
    deliver(firm, 1, "bakker@mail.example")
    before = firm.folders()
    assert brake(firm.sort()) == "folder-shared"
    assert firm.folders() == before


def test_a_client_folder_that_stands_twice_stops(firm: Firm) -> None:
    deliver(firm, 3)
    firm.sort()
    server = firm.mailbox.server
    server.user_renames_folder(firm.mailbox.tree().find(("Clients", "Acme B.V.")).id, "Acme")
    server.user_creates_folder(("Clients", "Elders"), "acme")
    server.user_moves_folder(("Clients", "Elders", "acme"), ("Clients",))
    assert brake(firm.sort()) == "folder-twice"


def test_with_brakes_off_a_vanished_client_folder_is_made_anew(firm: Firm) -> None:
    deliver(firm, 3)
    firm.sort()
    firm.mailbox.server.user_deletes_folder(firm.mailbox.tree().find(("Clients", "Acme B.V.")).id)
    late = firm.deliver("jan@acme.example")
    assert brake(firm.sort(enabled=False)) is None
    assert firm.where(late) == "Clients / Acme B.V."
