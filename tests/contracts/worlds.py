"""What the contract suite needs besides a mailbox: other people's hands on the same server, and bad luck.

One `World` for each connector. A suite of tests that needs an act no connector's server can play declares it by
`World.can`, so that a test is skipped by name and never passes empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from mailsorter.errors import Unreachable
from mailsorter.mailbox.base import Mailbox
from mailsorter.mailbox.memory import MemoryMailbox
from mailsorter.mailbox.waiting import Stopper
from mailsorter.mailbox.wrap import LoggedMailbox, RetryingMailbox, ThrottledMailbox
from mailsorter.model.author_check import AuthorCheck
from mailsorter.model.folder import FolderPath, WellKnown
from mailsorter.model.message import Participant

Where = str | WellKnown | FolderPath


class World(Protocol):
    """One mailbox under test and everyone else who touches it."""

    mailbox: Mailbox

    def folder(self, where: Where) -> str:
        """The folder's id; a path that is missing is made."""
        ...

    def deliver(
        self,
        where: Where,
        *,
        subject: str = "",
        from_: Participant | None = None,
        to: Sequence[Participant] = (),
        cc: Sequence[Participant] = (),
        references: Sequence[str] = (),
        internet_message_id: str = "",
        received_at: datetime | None = None,
        text: str = "",
        attachment_names: Sequence[str] = (),
        hidden: bool = False,
        author_check: AuthorCheck = AuthorCheck.PASSED,
    ) -> str:
        """A message arrives; returns its id as the mailbox under test gives it."""
        ...

    def lies_in(self, message_id: str) -> str | None:
        """The folder that holds the item on the server, or None when it is gone for good."""
        ...

    def user_moves(self, message_id: str, where: Where) -> None: ...

    def user_reads(self, message_id: str) -> None: ...

    def user_destroys(self, message_id: str) -> None: ...

    def user_renames_folder(self, folder_id: str, name: str) -> None: ...

    def user_deletes_folder(self, folder_id: str) -> None: ...

    def user_destroys_folder(self, folder_id: str) -> None:
        """The folder, which holds nothing, is gone for good."""
        ...

    def user_creates_hidden_folder(self, where: Where, name: str) -> str: ...

    def hold(self, message_id: str) -> None: ...

    def poison(self, message_id: str) -> None: ...

    def forget_cursors(self) -> None: ...

    def lose_next_answer(self, method: str) -> None:
        """The next changing call of that name happens, but its answer never arrives."""
        ...


class MemoryWorld:
    """The mailbox in memory."""

    def __init__(self, *, ids_survive_moves: bool = True) -> None:
        self._memory = MemoryMailbox(ids_survive_moves=ids_survive_moves)
        self._server = self._memory.server
        self.mailbox: Mailbox = self._memory

    def folder(self, where: Where) -> str:
        return self._server.folder(where).id

    def deliver(self, where: Where, **fields: object) -> str:
        given = {name: value for name, value in fields.items() if value not in (None, "")}
        return self._server.deliver(where, **given)  # type: ignore[arg-type]

    def lies_in(self, message_id: str) -> str | None:
        return self._server.everything().get(message_id)

    def user_moves(self, message_id: str, where: Where) -> None:
        self._server.user_moves(message_id, where)

    def user_reads(self, message_id: str) -> None:
        self._server.user_changes(message_id, is_read=True)

    def user_destroys(self, message_id: str) -> None:
        self._server.user_destroys(message_id)

    def user_renames_folder(self, folder_id: str, name: str) -> None:
        self._server.user_renames_folder(folder_id, name)

    def user_deletes_folder(self, folder_id: str) -> None:
        self._server.user_deletes_folder(folder_id)

    def user_destroys_folder(self, folder_id: str) -> None:
        self._server.delete_folder(folder_id)

    def user_creates_hidden_folder(self, where: Where, name: str) -> str:
        return self._server.user_creates_folder(where, name, hidden=True)

    def hold(self, message_id: str) -> None:
        self._server.hold([message_id])

    def poison(self, message_id: str) -> None:
        self._server.poison(message_id)

    def forget_cursors(self) -> None:
        self._server.forget_cursors()

    def lose_next_answer(self, method: str) -> None:
        self._memory.fail_next(method, Unreachable("The connection was lost."), after_items=None)


class WrappedWorld(MemoryWorld):
    """The same, inside every wrapper that lets changes through: each wraps a mailbox and is one."""

    def __init__(self) -> None:
        super().__init__()
        clock = self._server.clock
        stopper = Stopper(clock)
        throttled = ThrottledMailbox(self._memory, clock, stopper)
        self.mailbox = LoggedMailbox(RetryingMailbox(throttled, stopper), _hear_nothing, clock, number=1)


def _hear_nothing(event: str, /, **details: object) -> None:
    """A log that nobody reads."""
