"""Exchange Server on the firm's own premises, through Exchange Web Services and exchangelib.

This folder may be deleted: nothing else needs it.
"""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mailsorter.mailbox.base import archive_name, archive_owner
from mailsorter.mailbox.ews.settings import EwsSettings, HybridSignIn, Password

if TYPE_CHECKING:
    from mailsorter.clock import Clock
    from mailsorter.mailbox.base import Mailbox

__all__ = ["EwsSettings", "HybridSignIn", "Password", "archive_of", "http_auth", "open_mailbox", "server_time"]


def open_mailbox(settings: EwsSettings, name: str, *, clock: Clock, stop: threading.Event | None = None) -> Mailbox:
    """The mailbox of that address, or the archive of that name (`archive_name`), with a busy server's waits honoured.

    Nothing is sent before the first question.
    """
    from mailsorter.mailbox.ews.client import EwsClient  # exchangelib takes 0.3 s to import
    from mailsorter.mailbox.ews.mailbox import EwsMailbox
    from mailsorter.mailbox.waiting import Stopper
    from mailsorter.mailbox.wrap import RetryingMailbox, ThrottledMailbox

    stopper = Stopper(clock, stop)
    owner = archive_owner(name)
    client = EwsClient(settings, name if owner is None else owner, stopper)
    mailbox = EwsMailbox(client, settings, is_archive=owner is not None)
    return RetryingMailbox(ThrottledMailbox(mailbox, clock, stopper), stopper)


def archive_of(settings: EwsSettings, address: str, *, clock: Clock, stop: threading.Event | None = None) -> str | None:
    """The name that opens the mailbox's archive; None where the server knows of none.

    Raises what asking the server raises: an archive that is refused, or lies where this server does not reach it.
    """
    from mailsorter.mailbox.ews.client import EwsClient
    from mailsorter.mailbox.ews.tree import TreeReader
    from mailsorter.mailbox.waiting import Stopper

    client = EwsClient(settings, address, Stopper(clock, stop))
    try:
        reader = TreeReader(client, owner="" if settings.impersonate else address, is_archive=True)
        return archive_name(address) if reader.is_there() else None
    finally:
        client.close()


def server_time(settings: EwsSettings) -> datetime | None:
    """The time in the Date header of the server's front door, or None when it sends none. No sign-in is sent.

    Raises `Unreachable`: no answer within seconds.
    """
    import requests

    from mailsorter.errors import Unreachable
    from mailsorter.mailbox.server_date import server_date

    trust_env = settings.ca_file is None and not settings.url.startswith("http://")
    try:
        return server_date(settings.url, ca_file=settings.ca_file, trust_env=trust_env)
    except (requests.RequestException, OSError) as error:
        raise Unreachable(
            f"{settings.url} cannot be reached ({type(error).__name__}).", advice="Run: mailsorter doctor"
        ) from error


def http_auth(settings: EwsSettings) -> Any:
    """The same sign-in as `requests` takes it: for a road to the server that shares no more than this."""
    from mailsorter.mailbox.ews.session import session_auth

    return session_auth(settings)
