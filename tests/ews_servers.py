"""The EWS servers that suites run against: as documented, with all compatible differences, and each one as an opt-in.

`MAILSORTER_EWS_EACH_SWITCH=1` adds a run with each switch alone. Those of `EXCLUSIVE` run only where nothing needs what
they take away.
"""

from __future__ import annotations

import os

from mailsorter.emulator.ews.switches import EXCLUSIVE, SWITCHES, EwsServer, all_compatible, with_switches

_EACH = os.environ.get("MAILSORTER_EWS_EACH_SWITCH") == "1"

DIFFERING: dict[str, EwsServer] = {"all-switches": all_compatible()}
"""Servers beside the documented one, by the name that a test shows."""
if _EACH:
    DIFFERING |= {name.replace("_", "-"): with_switches(name) for name in SWITCHES if name not in EXCLUSIVE}

SERVERS: dict[str, EwsServer] = {"as-documented": EwsServer()} | DIFFERING
