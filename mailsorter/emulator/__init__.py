"""A stateful Exchange on this machine: a mailbox store in SQLite with Microsoft Graph's mail face on loopback.

Public for tests of this and other projects:

    from mailsorter.emulator import running_emulator

    with running_emulator() as emulator:
        emulator.store.mailboxes.create("anna@firm.example")
        requests.get(emulator.url + "/v1.0/users/anna@firm.example/mailFolders", headers=emulator.headers())

It imports nothing else of mailsorter, and nothing here opens a file or a port when imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mailsorter.emulator.clock import EmulatorClock
    from mailsorter.emulator.errors import ExchangeError
    from mailsorter.emulator.running import Emulator, running_emulator
    from mailsorter.emulator.store import NewMessage, Store

__all__ = ["Emulator", "EmulatorClock", "ExchangeError", "NewMessage", "Store", "running_emulator"]

_HOMES = {
    "Emulator": "running",
    "running_emulator": "running",
    "EmulatorClock": "clock",
    "ExchangeError": "errors",
    "NewMessage": "store",
    "Store": "store",
}


def __getattr__(name: str) -> Any:
    """Hand on the public names only when asked for: uvicorn and cryptography are heavy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
