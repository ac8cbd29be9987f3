"""Which request means what: a table of methods and path patterns, each with its handler and the right it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailsorter.emulator.errors import ExchangeError
from mailsorter.emulator.graph.rights import Right
from mailsorter.emulator.graph.wire import Request, Response
from mailsorter.emulator.store.records import Mailbox

if TYPE_CHECKING:
    from mailsorter.emulator.graph.face import Face


@dataclass(slots=True)
class Call:
    """A routed request: what it is about and the words that stood for `*` in the pattern."""

    face: Face
    request: Request
    mailbox: Mailbox
    words: tuple[str, ...]
    beta: bool = False
    auxiliary: str = ""
    """The guid of the auxiliary archive whose id the path names; `mailbox` is then the in-place archive."""

    @property
    def mailbox_id(self) -> str:
        """The `MBX:` id of the mailbox that the path names."""
        return self.face.store.mailboxes.mbx_id(self.mailbox, auxiliary=self.auxiliary)


Handler = Callable[[Call], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table. `pattern` begins below the mailbox (`users/*` or `admin/exchange/mailboxes/*`)."""

    method: str
    pattern: tuple[str, ...]
    handler: Handler
    right: Right
    beta_only: bool = False


#: What Exchange answers for: a path that goes wrong below these is refused by its broker (recorded in a tenant), any
#: other by Graph's gateway.
_EXCHANGE = frozenset(
    {"mailfolders", "messages", "mailboxsettings", "contacts", "contactfolders", "calendar", "calendars", "events"}
)


class Router:
    """Finds the row of a request; segment names are compared without regard to case, ids are not."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_length: dict[int, list[Route]] = {}
        for route in routes:
            self._by_length.setdefault(len(route.pattern), []).append(route)

    def find(self, method: str, segments: list[str], *, beta: bool) -> tuple[Route, tuple[str, ...]]:
        """The row and the words for its stars.

        Raises:
            ExchangeError: no such resource, or not this method on it.
        """
        lowered = [segment.lower() for segment in segments]
        path_known = False
        for route in self._by_length.get(len(segments), []):
            if route.beta_only and not beta:
                continue
            if all(part in ("*", word) for part, word in zip(route.pattern, lowered, strict=True)):
                path_known = True
                if route.method == method:
                    stars = (word for part, word in zip(route.pattern, segments, strict=True) if part == "*")
                    return route, tuple(stars)
        if path_known:
            raise ExchangeError("MethodNotAllowed", f"The method {method} is not allowed on this resource.")
        wrong = segments[-1] if segments else ""
        code = "RequestBroker--ParseUri" if lowered and lowered[0] in _EXCHANGE else "BadRequest"
        raise ExchangeError(code, f"Resource not found for the segment '{wrong}'.")
