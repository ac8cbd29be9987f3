"""What time a server has, by the Date header of its answer: Graph's front door and an Exchange Server's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailsorter.emulator import EmulatorClock, running_emulator
from mailsorter.errors import Unreachable
from mailsorter.mailbox.server_date import server_date

ews = pytest.importorskip("mailsorter.mailbox.ews", reason="this copy has no EWS connector")
THEN = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_every_front_door_says_what_time_it_is() -> None:
    """Without a sign-in, and although HEAD is refused on premises."""
    with running_emulator(clock=EmulatorClock(frozen_at=THEN)) as emulator:
        assert server_date(f"{emulator.url}/v1.0/", ca_file=None, trust_env=False) == THEN
        settings = ews.EwsSettings(f"{emulator.url}/EWS/Exchange.asmx", ews.Password("basic", "u", "p"))
        assert ews.server_time(settings) == THEN


def test_a_server_that_is_not_there_is_unreachable() -> None:
    """With what to run next."""
    settings = ews.EwsSettings("http://127.0.0.1:9/EWS/Exchange.asmx", ews.Password("basic", "u", "p"))
    with pytest.raises(Unreachable, match="mailsorter doctor"):
        ews.server_time(settings)
