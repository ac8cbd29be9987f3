"""When the app's credentials end, as far as this machine can know, so that it is said 30 days ahead.

A certificate carries its last day. A client secret does not show its own to the app that uses it: the config can say it
(`client_secret_expires`). A federated token is renewed by whoever issues it. Of the second identity only that date is
told: its certificate belongs to the officer, and the daemon does not open it. `doctor`, run as the officer, says when
that one ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time

from cryptography import x509

from mailsorter.config.connect import AppIdentity
from mailsorter.config.schema import Config
from mailsorter.daemon.advice import Meaning
from mailsorter.errors import UserError

WARNED_AHEAD = (30, 7, 1)
"""Days before the end at which it is said again."""


def expiries(config: Config) -> Iterator[tuple[str, datetime]]:
    """Which credential ends when."""
    if config.graph is not None and (end := _end(config.graph)) is not None:
        yield "app", end
    if config.erasure.graph is not None and (end := _secret_end(config.erasure.graph)) is not None:
        yield "erasing app", end


def warning(name: str, end: datetime, now: datetime) -> tuple[Meaning, int] | None:
    """What to say of a credential today, with the days left; None when there is time."""
    days = (end - now).days
    if days > WARNED_AHEAD[0]:
        return None
    stage = next((f"within {word}" for limit, word in _WORDS if days <= limit), "soon")
    kind = f"{name} credential ended" if end <= now else f"{name} credential ends {stage}"
    return Meaning(kind, True, True, "Renew the app's secret or certificate, then send SIGHUP."), days


_WORDS = ((1, "a day"), (7, "a week"), (30, "a month"))


def _secret_end(identity: AppIdentity) -> datetime | None:
    last = identity.client_secret_expires
    return None if last is None else datetime.combine(last, time(), UTC)


def _end(identity: AppIdentity) -> datetime | None:
    if identity.client_secret is not None:
        return _secret_end(identity)
    if identity.certificate is None:
        return None
    try:
        pem = identity.certificate.read().reveal_bytes()
        ends = [certificate.not_valid_after_utc for certificate in x509.load_pem_x509_certificates(pem)]
    except (UserError, ValueError):
        return None  # signing in will say it better
    return min(ends, default=None)
