"""The time in the Date header of a server's answer (RFC 9110, section 6.6.1). No sign-in is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests

TIMEOUT_S = 10.0


def server_date(url: str, *, ca_file: Path | None, trust_env: bool) -> datetime | None:
    """The time in the Date header of the answer to HEAD, whatever its status; None where it has none.

    Raises `requests.RequestException` and `OSError` when there is no answer within seconds.
    """
    with requests.Session() as session:
        session.trust_env = trust_env
        answer = session.head(url, timeout=TIMEOUT_S, verify=str(ca_file) if ca_file else True, allow_redirects=False)
    try:
        return parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return None
