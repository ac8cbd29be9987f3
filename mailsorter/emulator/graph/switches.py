"""How Graph may answer where no source says which: one switch for each difference that matters to a client.

Without any it answers as the more demanding of the two possibilities for search, and as the less demanding for the
admin paths. A client is right when it is right with every combination.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class GraphServer:
    """One kind of Graph."""

    immutable_ids_in_search: bool = False
    """`$search` answers immutable ids where they are asked for. Without it: default ids, whatever the Prefer header."""
    default_ids_on_admin_items: bool = False
    """The admin API's item paths know default ids only: they answer them, and refuse an immutable one as malformed."""
    short_pages: bool = False
    """A page of messages holds two thirds of what was asked for; its link goes on behind it."""
    jumping_links: bool = False
    """A page of messages holds half of what was asked for, and its link goes on as if it were full: the rest is in no
    page. Without it a link is right as long as nothing leaves the pages before it: `$skip` counts messages."""
    refuses_sorting: bool = False
    """A listing of messages that filters and sorts is refused as InefficientFilter."""
    refuses_attached: bool = False
    """A listing of messages that expands their attachments is refused as InefficientFilter."""
    ignores_inner_select: bool = False
    """Expanded attachments come whole, bytes and all, whatever is selected of them. Seen in delta rounds."""
    closed_classes: bool = False
    """The messages of a folder of another class than IPF.Note are refused: ErrorItemNotFound."""


#: Every switch by name.
GRAPH_SWITCHES = tuple(one.name for one in fields(GraphServer))


def graph_with(*names: str) -> GraphServer:
    """A Graph with those switches on.

    Raises:
        TypeError: there is no such switch.
    """
    return replace(GraphServer(), **dict.fromkeys(names, True))
