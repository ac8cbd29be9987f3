"""Graph for a whole tenant: one sign-in, one session, one quota a mailbox; a mailbox by its address."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import datetime

from mailsorter.clock import Clock, SystemClock
from mailsorter.errors import NotFound, Refused
from mailsorter.mailbox.graph import query
from mailsorter.mailbox.graph.client import GraphClient, Request, Traffic
from mailsorter.mailbox.graph.connection import open_account
from mailsorter.mailbox.graph.erase import Eraser
from mailsorter.mailbox.graph.mailbox import GraphMailbox
from mailsorter.mailbox.graph.refusals import Asked
from mailsorter.mailbox.graph.server_clock import server_time
from mailsorter.mailbox.graph.settings import Credential, GraphSettings
from mailsorter.mailbox.graph.signin import roles_of
from mailsorter.mailbox.waiting import Stopper

_NO_MESSAGE = "mailsorter-doctor-asks"


class GraphConnector:
    """Made once a process; `assembly` hands its mailboxes down.

    `erasing` is a second identity, used for hard deletion only; without it the first one is used. Its credential is
    asked for when something of it is needed first, and never by filing. Nothing is sent before the first question.
    When `stop` is set every wait ends soon with `TemporaryError`.
    """

    def __init__(
        self,
        settings: GraphSettings,
        credential: Credential,
        *,
        erasing: tuple[GraphSettings, Callable[[], Credential]] | None = None,
        clock: Clock | None = None,
        stop: threading.Event | None = None,
        chance: random.Random | None = None,
    ) -> None:
        clock = clock or SystemClock()
        stopper = Stopper(clock, stop)

        def client(of: GraphSettings, by: Credential) -> GraphClient:
            return GraphClient(open_account(of, by), of, clock, stopper, chance=chance)

        self._settings = settings
        self._client = client(settings, credential)

        def open_erasing() -> GraphClient:
            return client(erasing[0], erasing[1]()) if erasing else self._client

        self._erasing_settings = erasing[0] if erasing else settings
        self._open_erasing = open_erasing
        self._erasing_client: GraphClient | None = None
        self._guard = threading.Lock()

    @property
    def traffic(self) -> Traffic:
        """What the first identity sent so far."""
        return self._client.traffic

    def quota_used(self, address: str) -> float:
        """The share of the mailbox's request quota that the last ten minutes took, 0 to 1."""
        return self._client.quota_used(address)

    def mailbox(self, address: str) -> GraphMailbox:
        """The mailbox of that address (or MBX id). Whether it exists shows at the first question."""
        return GraphMailbox(self._client, address, self._settings, self._eraser(address))

    def archive(self, address: str) -> GraphMailbox | None:
        """The mailbox's online archive as a mailbox of its own, or None. Raises `NotPermitted`, `MailboxGone`."""
        found = self._eraser(address).archive_id()
        return self.mailbox(found) if found else None

    def token_roles(self) -> tuple[str, ...]:
        """Application permissions in the token, all of them tenant-wide; roles scoped in Exchange do not show.

        Raises `SignInFailed`, `Unreachable`.
        """
        return roles_of(self._client.access_token())

    def access_token(self) -> str:
        """A bearer token of the first identity, for the witness of `cases`, which asks by requests of its own.

        Raises `SignInFailed`, `Unreachable`.
        """
        return self._client.access_token()

    def erasing_roles(self) -> tuple[str, ...]:
        """The same of the erasing identity."""
        return roles_of(self._erasing().access_token())

    def reach(self, address: str) -> None:
        """Can mail of this mailbox be read? Raises `MailboxGone`, `NotPermitted`, `SignInFailed`, `Unreachable`."""
        asked = Asked(address, "read folders", "Mail.Read", self._settings.client_id)
        self._client.request(Request("GET", f"{query.users(address)}/mailFolders/inbox?$select=id", asked))

    def may_change(self, address: str) -> None:
        """May mail of this mailbox be moved? Asks to move a message that cannot exist; nothing is changed.

        Raises as `reach`.
        """
        asked = Asked(address, "move messages", "Mail.ReadWrite", self._settings.client_id)
        path = f"{query.users(address)}/messages/{_NO_MESSAGE}/move"
        try:
            self._client.request(Request("POST", path, asked, body={"destinationId": "inbox"}))
        except (NotFound, Refused):
            return  # Exchange went on to look for the message: it is permitted

    def server_time(self) -> datetime | None:
        """What time Graph has, or None when it does not say. Raises `Unreachable` within seconds."""
        return server_time(self._settings)

    def reach_erasing(self, address: str) -> None:
        """Can the erasing identity see the mailbox's items? Raises as `reach`."""
        mailbox_id = query.segment(self._eraser(address).mailbox_id())
        asked = Asked(address, "list items", "MailboxItem.Read.All", self._erasing_settings.client_id)
        path = f"/admin/exchange/mailboxes/{mailbox_id}/folders/recoverableitemsdeletions/items?$top=1&$select=id"
        self._erasing().request(Request("GET", path, asked))

    def close(self) -> None:
        """Close the connections; mailboxes of this connector are of no use afterwards."""
        for client in {id(c): c for c in (self._client, self._erasing_client) if c is not None}.values():
            client.close()

    def _erasing(self) -> GraphClient:
        """The erasing identity's client, made when it is first needed. Raises `UserError` without its credential."""
        with self._guard:
            if self._erasing_client is None:
                self._erasing_client = self._open_erasing()
            return self._erasing_client

    def _eraser(self, address: str) -> Eraser:
        return Eraser(self._erasing, address, self._erasing_settings.client_id)
