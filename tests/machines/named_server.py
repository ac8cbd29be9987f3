"""A mailbox in memory whose ids change on every move, spoken to by names that stay.

A message goes by the id it was delivered or copied with; `ids_of` gives every id it had so far.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mailsorter.mailbox.memory_server import FolderRef, Item, MemoryServer


class RememberingServer(MemoryServer):
    """A server that knows which ids each of its messages had."""

    def __init__(self, address: str, **options: Any) -> None:
        super().__init__(address, ids_survive_moves=False, **options)
        self.had: list[tuple[Item, list[str]]] = []

    def _put(self, item: Item) -> None:
        super()._put(item)
        for known, ids in self.had:
            if known is item:
                ids.append(item.message.id)
                return
        self.had.append((item, [item.message.id]))


class NamedServer:
    """What machines ask of a `MemoryServer`; all but messages goes to it as it is."""

    def __init__(self, server: RememberingServer) -> None:
        self.real = server

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def ids_of(self, name: str) -> list[str]:
        """Every id that the message had so far, the present one last."""
        return next(ids for _, ids in self.real.had if ids[0] == name)

    def everything(self) -> dict[str, str]:
        lies_in = self.real.everything()
        return {ids[0]: lies_in[ids[-1]] for _, ids in self.real.had if ids[-1] in lies_in}

    def ids(self, where: FolderRef) -> set[str]:
        present = self.real.ids(where)
        return {ids[0] for _, ids in self.real.had if ids[-1] in present}

    def item(self, name: str) -> Item:
        item = self.real.item(self.ids_of(name)[-1])
        return Item(msgspec.structs.replace(item.message, id=name))

    def user_moves(self, name: str, to: FolderRef) -> str:
        self.real.user_moves(self.ids_of(name)[-1], to)
        return name

    def user_destroys(self, name: str) -> None:
        self.real.user_destroys(self.ids_of(name)[-1])
