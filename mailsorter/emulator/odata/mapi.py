"""Extended properties: MAPI properties by id, read from what the store knows of a message.

A property that the store computes has SQL (for filters); reading one for an answer is `graph.extended`'s business.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from mailsorter.emulator.errors import ExchangeError

_ID = re.compile(
    r"^(?P<type>String|Integer|Short|Long|Double|Float|Currency|Boolean|SystemTime|Binary|CLSID|\w+Array)\s+"
    r"(?:(?P<tag>0x[0-9A-Fa-f]{1,4})|\{(?P<set>[0-9A-Fa-f-]{36})\}\s+(?:Name\s+(?P<name>.+)|Id\s+(?P<number>0x[0-9A-Fa-f]+|\d+)))$"
)


#: The categories under their MAPI name, PidNameKeywords of MS-OXPROPS.
KEYWORDS = "StringArray {00020329-0000-0000-c000-000000000046} Name Keywords"


class PropertySql(NamedTuple):
    """An SQL expression with its parameters."""

    sql: str
    parameters: tuple[Any, ...]


def normal_id(text: str, *, multi: bool = False) -> str:
    """One spelling for an extended property's id: tag in upper case, property set in lower case, name as it is.

    `multi` says whether its type must be an array (`StringArray`) or must be none.

    Raises:
        ExchangeError: the text is no property id, or one of the other sort.
    """
    match = _ID.match(text.strip())
    if match is None or match["type"].endswith("Array") != multi:
        raise ExchangeError("ErrorInvalidPropertySet", f"The extended property id '{text}' is invalid.")
    if match["tag"]:
        return f"{match['type']} 0x{int(match['tag'], 16):04X}"
    last = f"Name {match['name']}" if match["name"] else f"Id 0x{int(match['number'], 0):04X}"
    return f"{match['type']} {{{match['set'].lower()}}} {last}"


#: MAPI tag to SQL for what lies in columns; the rest lies in the message's own extended properties.
_COLUMNS = {
    "String 0x001A": "message.message_class",
    "String 0x0037": "message.subject",
    "String 0x1035": "message.message_id",
    "String 0x1039": "json_extract(message.extra, '$.references')",
    "String 0x1042": "json_extract(message.extra, '$.inReplyTo')",
    "String 0x5D01": "json_extract(message.head, '$.sender.emailAddress.address')",
    "String 0x5D02": "nullif(message.from_address, '')",
    "Integer 0x0E08": "message.size",
    "Integer 0x0E07": "(message.is_read + 8 * message.is_draft + 16 * message.has_attachments)",
    "SystemTime 0x0E06": "message.received",
    "SystemTime 0x0039": "message.sent",
    "SystemTime 0x3007": "message.created",
    "SystemTime 0x3008": "message.modified",
    "Boolean 0x0E1B": "message.has_attachments",
}


def property_sql(property_id: str) -> PropertySql:
    """SQL of a property's value, NULL where a message does not have it."""
    known = normal_id(property_id)
    if known in _COLUMNS:
        return PropertySql(_COLUMNS[known], ())
    path = '$.props."' + known.replace('"', "") + '"'
    return PropertySql("json_extract(message.extra, ?)", (path,))
