"""A brake that stops a mailbox, on the real pages: which, since when, and what goes on."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mailsorter.daemon.health import HealthServer
from mailsorter.errors import Unreachable
from mailsorter.mailbox.memory_server import MemoryServer

FOLDER = ("Clients", "Acme B.V.")
HOUR = 60


class Pages:
    """The daemon's pages over HTTP on loopback."""

    def __init__(self, service: Any) -> None:
        self.server = HealthServer(service, 0)

    def get(self, path: str) -> tuple[int, str]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.server.port}{path}")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def ready(self) -> tuple[int, Any]:
        code, body = self.get("/readyz")
        return code, json.loads(body)

    def figures(self, name: str) -> dict[tuple[str, str], float]:
        code, body = self.get("/metrics")
        assert code == 200
        return {
            (sample.labels["mailbox"], sample.labels["brake"]): sample.value
            for family in text_string_to_metric_families(body)
            for sample in family.samples
            if sample.name == name
        }


@pytest.fixture
def pages(three: Any) -> Iterator[Pages]:
    made = Pages(three.service)
    yield made
    made.server.close()


def delete_client_folder(server: MemoryServer) -> str:
    folder = server.folder(FOLDER)
    server.user_deletes_folder(folder.id)
    return str(folder.id)


def stopped(three: Any, mailboxes: int) -> list[str]:
    """Mailboxes whose client folder was deleted while mail for it came in; gives the folders' ids."""
    for index in range(3):
        three.mailboxes[index].server.deliver(**_letter(three, index))
    three.go_on(3)
    folders = [delete_client_folder(three.mailboxes[index].server) for index in range(mailboxes)]
    three.go_on(3)
    return folders


def _letter(three: Any, index: int) -> dict[str, Any]:
    from mailsorter.model.folder import WellKnown
    from mailsorter.model.message import Participant

    to = Participant(three.mailboxes[index].address)
    return {"folder": WellKnown.INBOX, "from_": Participant("a@acme.example"), "to": (to,), "subject": "Vraag"}


def test_no_brake_is_said_as_none(three: Any, pages: Pages) -> None:
    three.go_on(1)
    assert pages.ready() == (200, {"ready": True, "problems": [], "brakes": []})
    assert pages.figures("mailsorter_brake") == {}


def test_a_brake_of_one_mailbox_shows_while_the_others_are_filed(three: Any, pages: Pages) -> None:
    """Which, since when, which command goes on; hours later it is the same one, and put right it is gone."""
    (folder,) = stopped(three, 1)
    number = three.numbers[0]
    code, ready = pages.ready()
    assert (code, ready["ready"], ready["problems"]) == (200, True, [])
    (brake,) = ready["brakes"]
    since = datetime.strptime(brake.pop("since"), "%Y-%m-%d %H:%M:%SZ").replace(tzinfo=UTC)
    assert brake == {"mailbox": number, "brake": "client-folder-gone", "go_on": "mailsorter sort --yes"}
    assert 0 <= (three.clock.now() - since).total_seconds() <= 180
    label = (str(number), "client-folder-gone")
    assert pages.figures("mailsorter_brake") == {label: 1}
    assert pages.figures("mailsorter_brake_since_seconds") == {label: since.timestamp()}
    three.go_on(5 * HOUR)
    assert pages.figures("mailsorter_brake_since_seconds") == {label: since.timestamp()}
    three.mailboxes[0].server.user_moves_folder(folder, ("Clients",))
    three.go_on(20)
    assert pages.ready()[1]["brakes"] == []
    assert pages.figures("mailsorter_brake") == {}


def test_brakes_of_all_mailboxes_mean_not_ready(three: Any, pages: Pages) -> None:
    """Nothing is filed then."""
    stopped(three, 3)
    code, ready = pages.ready()
    assert (code, ready["ready"], ready["problems"]) == (503, False, ["brake pulled"])
    assert [brake["mailbox"] for brake in ready["brakes"]] == three.numbers


def test_a_brake_outlives_the_daemon_and_other_trouble(three: Any) -> None:
    """A fresh process shows it before its first look, and one that cannot reach Exchange still does."""
    stopped(three, 1)
    three.start()
    fresh = Pages(three.service)
    try:
        assert [brake["brake"] for brake in fresh.ready()[1]["brakes"]] == ["client-folder-gone"]
        for method in ("tree_changes", "changes"):
            three.mailboxes[0].fail_next(method, Unreachable("no route"), times=1000)
        three.go_on(10)
        assert [brake["brake"] for brake in fresh.ready()[1]["brakes"]] == ["client-folder-gone"]
    finally:
        fresh.server.close()


def test_what_a_person_let_through_by_hand_is_gone_at_once(three: Any, pages: Pages) -> None:
    """`sort --yes` in another process: the daemon's page does not wait for its next look."""
    stopped(three, 1)
    assert pages.ready()[1]["brakes"]
    three.sort(go_on=True)
    assert pages.ready()[1]["brakes"] == []


def test_a_ledger_that_cannot_be_read_is_no_word_that_no_brake_stands(three: Any, pages: Pages) -> None:
    """Unknown is said as unknown."""
    stopped(three, 1)
    three.ledger.close()
    (three.path / "ledger.db").write_bytes(b"no database at all" * 100)
    assert pages.ready()[1]["brakes"] is None


def test_the_log_names_the_brake(three: Any) -> None:
    """In its one line of trouble."""
    stopped(three, 1)
    (line,) = three.kept.told("trouble")
    assert (line["kind"], line["brake"]) == ("brake pulled", "client-folder-gone")
