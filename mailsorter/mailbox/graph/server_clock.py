"""What time the server has: a token is refused when the two clocks are minutes apart, with words that hide why."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

from mailsorter.errors import Unreachable
from mailsorter.mailbox.graph.settings import GraphSettings

_TIMEOUT_S = 10.0


def server_time(settings: GraphSettings) -> datetime | None:
    """The time in the Date header of Graph's front door, or None when it sends none. No token is sent.

    Raises:
        Unreachable: no answer within seconds; says whether it was the name, the road or the certificate.
    """
    with requests.Session() as session:
        session.trust_env = not settings.is_plain
        verify = str(settings.ca_file) if settings.ca_file else True
        try:
            answer = session.head(f"{settings.origin}/v1.0/", timeout=_TIMEOUT_S, verify=verify, allow_redirects=False)
        except (requests.RequestException, OSError) as error:
            raise _unreachable(settings, error) from error
    try:
        return parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return None


def _unreachable(settings: GraphSettings, error: Exception) -> Unreachable:
    if isinstance(error, requests.exceptions.SSLError):
        what, advice = (
            "its certificate is not trusted",
            "Behind a proxy that opens TLS, name its authority: [graph] ca_file",
        )
    elif isinstance(error, requests.exceptions.ProxyError):
        what, advice = "the proxy refuses", "Check HTTPS_PROXY in the environment."
    elif "NameResolution" in str(error) or "gaierror" in str(error):
        what, advice = "its name cannot be resolved", "Check [graph] url, DNS and the network."
    elif isinstance(error, requests.exceptions.Timeout):
        what, advice = f"no answer within {_TIMEOUT_S:.0f} seconds", "Check the network, firewall and proxy."
    elif isinstance(error, requests.exceptions.ConnectionError):
        what, advice = "no connection", "Check [graph] url, the network, firewall and proxy."
    else:
        what, advice = type(error).__name__, "Check [graph] url and ca_file."
    return Unreachable(f"{settings.origin} cannot be reached: {what}.", advice=advice)
