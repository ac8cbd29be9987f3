"""Teaching reads client folders, leaves out what it must, and predictions then file what no evidence decides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailsorter.model.evidence import EvidenceKind
from mailsorter.model.folder import WellKnown
from mailsorter.model.match import Forecast
from mailsorter.model.message import Message
from mailsorter.prediction import PredictionModel
from mailsorter.sorting import teaching
from mailsorter.sorting.earlier_folders import earlier_folders
from mailsorter.sorting.teaching import Lesson, newest, read_lessons, recently_contradicted, teach

from .firm import Firm

KEY = b"a key of thirty-two bytes, or so"


class Guess:
    """A predictor that is sure of one client."""

    reads_bodies = False

    def __init__(self, client_id: str) -> None:
        self._client_id = client_id

    def forecast(self, message: Message, text: str) -> Forecast:
        return Forecast(self._client_id)


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    return Firm(tmp_path)


def lessons(firm: Firm) -> list[Lesson]:
    connect = lambda: firm.mailbox  # noqa: E731
    return list(read_lessons(firm.ledger, firm.clock, firm.mailbox.address, firm.filing, connect))


def guess_acme(firm: Firm) -> str:
    """Two messages of a client's, and one that only a guess files; gives the last one's id."""
    firm.deliver("jan@acme.example", "een")
    firm.deliver("els@bakker.example", "twee")
    stranger = firm.deliver("x@vreemd.example", "drie")
    firm.set_book(list(firm.filing.book.clients.values()), predictor=Guess("acme"))
    firm.sort()
    return stranger


def test_filed_mail_teaches_but_not_what_was_guessed(firm: Firm) -> None:
    stranger = guess_acme(firm)
    assert firm.where(stranger) == "Clients / Acme B.V."
    assert sorted((lesson.client_id, lesson.message.subject) for lesson in lessons(firm)) == [
        ("acme", "een"),
        ("bakker", "twee"),
    ]


def test_what_was_taught_once_is_no_news(firm: Firm) -> None:
    for number in range(3):
        firm.deliver("jan@acme.example", f"mail {number}", internet_message_id=f"<{number}@acme.example>")
    firm.sort()
    model = PredictionModel(KEY)
    found = newest(lessons(firm))
    assert teach(model, found, lambda address: firm.mailbox) == 3
    assert teach(model, found, lambda address: firm.mailbox) == 0


def test_bodies_teach_only_where_the_model_reads_them(firm: Firm) -> None:
    firm.deliver("jan@acme.example", "een")
    firm.sort()
    with_bodies, without = PredictionModel(KEY, reads_bodies=True), PredictionModel(KEY)
    one = Lesson(firm.mailbox.address, lessons(firm)[0].message, "acme")

    class Bodies:
        def texts(self, ids: list[str]) -> list[str]:
            return ["bijzonder woord"] * len(ids)

    for model in (with_bodies, without):
        teach(model, [one], lambda address: Bodies())  # type: ignore[arg-type,return-value]
    assert len(next(iter(with_bodies.memory)).bag) == len(next(iter(without.memory)).bag) + 2


def test_a_contradicted_client_is_named(firm: Firm) -> None:
    stranger = guess_acme(firm)
    clients = list(firm.filing.book.clients)
    assert recently_contradicted(firm.ledger, firm.clock, clients) == set()
    firm.mailbox.server.user_moves(stranger, WellKnown.INBOX)
    firm.sort()
    assert recently_contradicted(firm.ledger, firm.clock, clients) == {"acme"}
    firm.clock.sleep(timedelta(days=teaching.RECENT_DAYS + 1).total_seconds())
    assert recently_contradicted(firm.ledger, firm.clock, clients) == set()


def test_the_newest_are_kept_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teaching, "PER_CLIENT", 3)
    monkeypatch.setattr(teaching, "IN_ALL", 5)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    many = [
        Lesson("a", Message(id=f"{client}{n}", folder_id="f", received_at=start + timedelta(days=n)), client)
        for client in ("acme", "bolt")
        for n in range(30)
    ]
    kept = [lesson.message.id for lesson in newest(many)]
    assert kept[1:] == ["acme28", "bolt28", "acme29", "bolt29"]
    assert kept[0] in ("acme27", "bolt27")


def test_a_prediction_is_recorded_as_such(firm: Firm) -> None:
    guess_acme(firm)
    with firm.ledger.reading() as unit:
        tokens = [unit.messages.token(1, message_id) for ids in firm.folders().values() for message_id in ids]
        assert len(unit.messages.filed_by(tokens, EvidenceKind.PREDICTION)) == 1


def test_folders_that_people_made_before_are_told_by_name_or_id_and_taught_once_confirmed(firm: Firm) -> None:
    """The first day: nothing was filed yet, and what people filed themselves is there."""
    named = firm.deliver("jan@acme.example", "naam", where=("Projecten", "ACME  b.v."))
    by_id = firm.deliver("els@bakker.example", "id", where=("Oud", "bakker"))
    firm.deliver("x@elders.example", "elders", where=("Projecten", "Anders"))
    connect = lambda: firm.mailbox  # noqa: E731
    found = earlier_folders(firm.ledger, firm.clock, firm.mailbox.address, firm.filing, connect)
    assert [(one.path, one.client_id, one.messages, one.why_not) for one in sorted(found, key=lambda o: o.path)] == [
        (("Oud", "bakker"), "bakker", 1, ""),
        (("Projecten", "ACME  b.v."), "acme", 1, ""),
    ]
    assert lessons(firm) == []
    read = read_lessons(firm.ledger, firm.clock, firm.mailbox.address, firm.filing, connect, found)
    assert {(one.client_id, one.message.id) for one in read} == {("acme", named), ("bakker", by_id)}


def test_a_folder_that_mailsorter_files_to_is_none_of_before(firm: Firm) -> None:
    firm.deliver("jan@acme.example", "een")
    firm.sort()
    connect = lambda: firm.mailbox  # noqa: E731
    assert earlier_folders(firm.ledger, firm.clock, firm.mailbox.address, firm.filing, connect) == []
