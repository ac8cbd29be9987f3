"""The simulated firm of bench/daemon_year, small: days instead of a year, with a year's bad luck."""

from __future__ import annotations

import os

import pytest

from bench.simulation.firm import Firm, Size


def check(result) -> None:
    assert result.account.wrong == []
    assert result.late == []
    assert result.account.delivered > 50
    assert result.requests_idle == 3 * result.idle_looks, "the tree and two watched folders"


def test_days_of_bad_luck_lose_nothing_and_file_everything(tmp_path):
    """Every message ends where it belongs, and no mailbox waits over two intervals outside outages."""
    result = Firm(Size(mailboxes=2, clients=8, daily=25, days=5, seed=5, harsh=40, folder=tmp_path)).run()
    check(result)
    assert result.failed_looks > 0, "there was bad luck at all"


@pytest.mark.torture
@pytest.mark.skipif(os.environ.get("MAILSORTER_TORTURE") != "1", reason="long: MAILSORTER_TORTURE=1")
@pytest.mark.timeout(7200)
def test_a_year(tmp_path):
    """Twenty mailboxes, 300 clients, 200 messages a mailbox and day."""
    result = Firm(Size(folder=tmp_path)).run()
    check(result)
    assert result.tables["message"] / result.rows["message"] < 200
