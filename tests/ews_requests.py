"""Every EWS request of the whole suite, judged a second time by Microsoft's schema where it is at hand.

`MAILSORTER_TESTDATA` names the folder with the schema. With `MAILSORTER_EWS_RECORD` too, the operations that were seen
are counted by server version and written to that folder, one file a process.
"""

from __future__ import annotations

import collections
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from mailsorter.emulator.ews.face import EwsFace, EwsResponse
from mailsorter.emulator.ews.schema import table

_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_TYPES = "{http://schemas.microsoft.com/exchange/services/2006/types}"
TESTDATA = os.environ.get("MAILSORTER_TESTDATA")
_FOLDER = os.environ.get("MAILSORTER_EWS_RECORD")


@cache
def schema() -> Any:
    """Microsoft's schema of the messages."""
    return etree.XMLSchema(etree.parse(str(Path(str(TESTDATA)) / "traces" / "ews-schema" / "messages.local.xsd")))


class Requests:
    """What was asked in this process, and where table and schema disagree."""

    def __init__(self) -> None:
        self.counts: collections.Counter[str] = collections.Counter()
        self.differing: list[str] = []
        self._lock = threading.Lock()

    def take(self, face: EwsFace, body: bytes, response: EwsResponse) -> None:
        """Judge one request by the schema, beside what the emulator's own table said of it."""
        try:
            envelope = etree.fromstring(body)
        except etree.XMLSyntaxError:
            return
        inside = envelope.find(f"{_SOAP}Body")
        if inside is None or not len(inside) or inside[0].tag not in table().requests or response.status == 401:
            return
        version = face._conditions.ews.version.name
        asked_as = envelope.find(f"{_SOAP}Header/{_TYPES}RequestServerVersion")
        named = "none" if asked_as is None else str(asked_as.get("Version"))
        with self._lock:
            self.counts[f"{etree.QName(inside[0]).localname} {version} {named}"] += 1
            is_refused = b"ErrorSchemaValidation" in response.body
            is_valid = all(schema().validate(one) for one in (inside[0], asked_as) if one is not None)
            if is_valid == is_refused and version == "2019":
                why = "the schema allows it" if is_valid else schema().error_log[-1].message
                self.differing.append(f"{why}: {etree.tostring(inside[0])[:2000]!r}")


@contextmanager
def judged() -> Iterator[Requests]:
    """Every request of this process is looked at as long as this holds."""
    seen, handle = Requests(), EwsFace.handle

    def looked_at(self: EwsFace, authorization: str, body: bytes, anchor: str = "") -> EwsResponse:
        response = handle(self, authorization, body, anchor)
        seen.take(self, body, response)
        return response

    EwsFace.handle = looked_at  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        EwsFace.handle = handle  # type: ignore[method-assign]
        if _FOLDER and seen.counts:
            Path(_FOLDER).mkdir(parents=True, exist_ok=True)
            Path(_FOLDER, f"requests-{os.getpid()}.json").write_text(json.dumps(seen.counts, indent=1, sort_keys=True))
