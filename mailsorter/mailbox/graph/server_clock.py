"""What time the server has: a token is refused when the two clocks are minutes apart, with words that hide why."""

from __future__ import annotations

from datetime import datetime

import requests

from mailsorter.errors import Unreachable
from mailsorter.mailbox.graph.settings import GraphSettings
from mailsorter.mailbox.server_date import TIMEOUT_S, server_date


def server_time(settings: GraphSettings) -> datetime | None:
    """The time in the Date header of Graph's front door, or None when it sends none. No token is sent.

    Raises:
        Unreachable: no answer within seconds; says whether it was the name, the road or the certificate.
    """
    try:
        return server_date(f"{settings.origin}/v1.0/", ca_file=settings.ca_file, trust_env=not settings.is_plain)
    except (requests.RequestException, OSError) as error:
        raise _unreachable(settings, error) from error


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
        what, advice = f"no answer within {TIMEOUT_S:.0f} seconds", "Check the network, firewall and proxy."
    elif isinstance(error, requests.exceptions.ConnectionError):
        what, advice = "no connection", "Check [graph] url, the network, firewall and proxy."
    else:
        what, advice = type(error).__name__, "Check [graph] url and ca_file."
    return Unreachable(f"{settings.origin} cannot be reached: {what}.", advice=advice)
