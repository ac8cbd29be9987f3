"""What is told before a search begins, against what it then costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailsorter.cases import forecast as forecasting
from mailsorter.cases.find import find
from mailsorter.cases.forecast import REQUESTS_OPENED, Forecast, forecast
from mailsorter.cases.found import Begun, Found
from mailsorter.cases.intake import open_case
from mailsorter.cases.verify import attest
from mailsorter.cli.case_work import told_forecast
from mailsorter.cli.voice import Voice
from mailsorter.errors import Unreachable
from mailsorter.model.case import CaseKind
from mailsorter.model.coverage import Depth
from mailsorter.model.folder import WellKnown
from tests.cases.office import ANNA, BERT, SUBJECT, World, mail
from tests.cases.tenant import tenant

SCOPE = (ANNA.address, BERT.address)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Anna has 23 messages in two folders, four with attachments; Bert has seven, one with. Pages of 10 and 2."""
    monkeypatch.setattr(forecasting, "_LISTED", 10)
    monkeypatch.setattr(forecasting, "_TEXTS", 2)
    made = World(tmp_path)
    anna, bert = made.servers[ANNA.address], made.servers[BERT.address]
    for number in range(23):
        mail(anna, (WellKnown.INBOX, WellKnown.ARCHIVE)[number > 15], has_attachments=number % 6 == 0)
    for number in range(7):
        mail(bert, has_attachments=number == 3)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("depth", "requests", "opened"),
    [
        (Depth.HEADERS, (2 + 1 + 1) * 2, 0),  # envelopes, and the second round
        (Depth.BODIES, (2 + 1 + 1) * 2 + 8 + 4 + 4, 5),
        (Depth.EVERYTHING, (2 + 1 + 1) * 2 + 8 + 4 + 4, 5),
    ],
)
def test_what_is_certain_and_what_is_about_so_much(world: World, depth: Depth, requests: int, opened: int) -> None:
    ahead = forecast(world.office, SCOPE, depth)
    assert (ahead.messages, ahead.mailboxes, ahead.requests, ahead.opened) == (30, 2, requests, opened)
    assert (ahead.minutes, ahead.minutes_opened) == (1, 1)


def test_a_search_that_was_broken_off_has_the_rest_before_it(world: World) -> None:
    anna, bert = world.servers[ANNA.address], world.servers[BERT.address]
    archive, inbox = anna.folder(WellKnown.ARCHIVE).id, anna.folder(WellKnown.INBOX).id
    begun = Begun(folder_id=inbox, given=bytes(8 * 10))
    states = [
        Found(mailbox=ANNA.address, number=1, done_folders=[archive], begun=begun),
        Found(mailbox=BERT.address, number=2, is_complete=True),
    ]
    ahead = forecast(world.office, SCOPE, Depth.BODIES, states)
    assert (ahead.messages, ahead.requests) == (6, 1 + 3 + 3)  # six of sixteen, and the second round over both folders
    assert ahead.opened == round(4 * 6 / 23)
    assert bert.address == BERT.address


def test_a_mailbox_that_does_not_answer_or_does_not_count(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.mailboxes[BERT.address].fail_next("tree", Unreachable("gone"))
    ahead = forecast(world.office, SCOPE, Depth.EVERYTHING)
    assert (ahead.messages, ahead.opened, ahead.unknown) == (23, 4, 1)
    monkeypatch.setattr(world.mailboxes[ANNA.address], "count_carrying", lambda: None)
    ahead = forecast(world.office, SCOPE, Depth.EVERYTHING)
    assert (ahead.messages, ahead.opened, ahead.minutes_opened) == (30, None, None)


def test_the_search_tells_it_before_it_reads(world: World) -> None:
    number = world.opened()
    told: list[tuple[int, int]] = []
    reads = world.mailboxes[ANNA.address].calls
    find(world.office, number, on_forecast=lambda ahead: told.append((ahead.messages, reads["messages"])))
    assert told == [(30, 0)]
    assert reads["messages"] > 0


COUNTED = {"mailboxes": 2, "messages": 30_000, "requests": 210, "minutes": 1}
SAYINGS = [
    (
        Forecast(depth=Depth.HEADERS, opened=0, minutes_opened=1, **COUNTED),
        "Reading headers: 30000 messages in 2 mailboxes, 210 requests; at least 1 minute at Exchange's quota.",
    ),
    (
        Forecast(depth=Depth.BODIES, opened=5_000, minutes_opened=6, **COUNTED),
        "Reading bodies: 30000 messages in 2 mailboxes, 210 requests, and at most about two for each of 5000 "
        "messages with attachments; 1 minute to 6 minutes at Exchange's quota.",
    ),
    (
        Forecast(depth=Depth.EVERYTHING, opened=5_000, minutes_opened=6, **COUNTED),
        "Reading everything: 30000 messages in 2 mailboxes, 210 requests, and about two for each of 5000 messages "
        "with attachments; about 6 minutes at Exchange's quota.",
    ),
    (
        Forecast(depth=Depth.EVERYTHING, opened=None, minutes_opened=None, unknown=1, **COUNTED),
        "Reading everything: 30000 messages in 2 mailboxes, 210 requests, and two for each message that is opened, "
        "whose number the server does not tell; at least 1 minute at Exchange's quota. Not counted, because no answer "
        "came: 1 mailbox.",
    ),
]


@pytest.mark.parametrize(("ahead", "said"), SAYINGS)
def test_an_estimate_is_called_one(ahead: Forecast, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    told_forecast(Voice())(ahead)
    assert capsys.readouterr().out.strip() == said


def test_what_is_told_is_about_what_it_costs(tmp_path: Path) -> None:
    """Over HTTP, with synthetic mail: the pages exactly, and what is opened within a quarter."""
    with tenant(tmp_path, names=("anna",), synthetic=600) as firm:
        told: list[Forecast] = []
        number = open_case(firm.office, CaseKind.ERASURE, SUBJECT).number
        attest(firm.office, number, "known by voice")
        find(firm.office, number, depth=Depth.EVERYTHING, on_forecast=told.append)
        asked = firm.emulator.face.requests
    (ahead,) = told
    assert asked["GET mailfolders/*/messages"] == ahead.requests
    opened = asked["GET messages/*"] + asked["GET messages/*/$value"]
    assert ahead.opened is not None
    assert 0.75 * opened < REQUESTS_OPENED * ahead.opened < 1.25 * opened
