"""How EWS servers differ: which version this one is, and what it leaves out. One switch for each difference.

Without any it answers as Microsoft's documentation and recorded traffic of Exchange do. Each switch is an answer that
another server, or another configuration of Exchange, was seen to give.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from mailsorter.emulator.ews.versions import EXCHANGE_2019, ServerVersion


@dataclass(frozen=True, slots=True)
class EwsServer:
    """One kind of EWS server."""

    version: ServerVersion = EXCHANGE_2019
    no_new_ids: bool = False
    """MoveItem and CopyItem succeed and do not say the items' new ids (`Items` is empty)."""
    no_recoverable_items: bool = False
    """No folder of Recoverable Items: asked for, ErrorFolderNotFound; what is deleted beyond Deleted Items is gone."""
    no_binary_restriction: bool = False
    """A restriction on a binary property is refused: ErrorInvalidRestriction."""
    ignores_query: bool = False
    """A QueryString changes nothing: every item of the folder comes back."""
    recipients_in_listings: bool = False
    """FindItem gives recipients where they are asked for, instead of refusing the request."""
    fewer_elements: bool = False
    """What the schema lets a server leave out is left out: paging attributes, an empty RootFolder, 0x10F4."""
    other_codes: bool = False
    """Refusals come under the other codes that the schema has for them: ErrorToFolderNotFound,
    ErrorSyncFolderNotFound, ErrorCannotFindUser, ErrorInvalidId."""
    drops_after_large_body: bool = False
    """After a request of more than 16 KB the next one on that connection is answered by HTTP 400, and not done."""
    short_pages: bool = False
    """FindItem gives two thirds of what it was asked for, and says that it is not the last."""


#: Every switch by name.
SWITCHES = tuple(one.name for one in fields(EwsServer) if one.name != "version")

#: Switches that cannot hold with what a test plants: without Recoverable Items nothing can lie there or be held there.
EXCLUSIVE = frozenset({"no_recoverable_items"})


def all_compatible() -> EwsServer:
    """A server with every switch on but those that exclude others."""
    return with_switches(*(name for name in SWITCHES if name not in EXCLUSIVE))


def with_switches(*names: str) -> EwsServer:
    """A server with those switches on.

    Raises:
        TypeError: there is no such switch.
    """
    return replace(EwsServer(), **dict.fromkeys(names, True))  # type: ignore[arg-type]
