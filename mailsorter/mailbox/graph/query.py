"""The paths and query options this connector asks with. Pure.

`$select` names header fields and `bodyPreview` only; a case that reads bodies lists them by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from mailsorter.mailbox.base import Detail
from mailsorter.mailbox.graph import translate

FOLDER_PAGE = 1000
SEARCH_PAGE = 250  # the largest $top that Graph takes beside $search
BODY_PAGE = 200  # texts of a few ten KB: some MB a page, which is what a slow mailbox renders within its time
IDS = "id,parentFolderId"
PLACE = f"{IDS},receivedDateTime"  # what of a message a listing by date cannot do without
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)  # before any mail: the usual way to sort by date
BODY = "id,receivedDateTime,body,hasAttachments,internetMessageHeaders"
ATTACHED = "attachments($select=name,contentType,size)"  # without the inner $select their bytes would come along
ENVELOPE = (
    "id,parentFolderId,receivedDateTime,sentDateTime,internetMessageId,conversationId,subject,bodyPreview,from,sender,"
    "replyTo,toRecipients,ccRecipients,bccRecipients,isRead,isDraft,flag,hasAttachments,categories"
)
_ENVELOPE_PROPERTIES = (
    translate.REFERENCES,
    translate.IN_REPLY_TO,
    translate.MESSAGE_CLASS,
    translate.SENDER_SMTP,
    translate.FROM_SMTP,
)


def users(mailbox: str) -> str:
    """The path of a mailbox by address or MBX id; a name that begins with `$` needs Graph's other spelling."""
    name = quote(mailbox, safe="@")
    return f"/users('{name}')" if mailbox.startswith("$") else f"/users/{name}"


def segment(value: str) -> str:
    """One id or name inside a path: ids hold `=`, folders' well-known names do not mind."""
    return quote(value, safe="")


def options(**values: str | int | None) -> str:
    """`?$select=…&$top=…`, without the options that are None; `top="x"` becomes `$top=x`, `_x` stays without `$`."""
    pairs = [
        f"{name[1:] if name.startswith('_') else '$' + name}={quote(str(value), safe=_SAFE)}"
        for name, value in values.items()
        if value is not None
    ]
    return "?" + "&".join(pairs) if pairs else ""


_SAFE = "$(),'=:@/"


def select_for(detail: Detail) -> str:
    """What to ask of each message."""
    return IDS if detail is Detail.IDS else ENVELOPE


def listed_for(detail: Detail) -> str:
    """What to ask of each message of a listing by date."""
    return PLACE if detail is Detail.IDS else ENVELOPE


def by_date(since: datetime) -> dict[str, str | None]:
    """The options of a listing from that date on, oldest first.

    Exchange sorts by what the filter names first, and refuses anything else as InefficientFilter (user-list-messages).
    """
    moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"$filter": f"receivedDateTime ge {moment}", "$orderby": "receivedDateTime"}


def expand_for(detail: Detail, *, headers: bool) -> str | None:
    """The MAPI properties of that detail, or None where it needs none.

    `headers`: with an envelope the transport headers too. They cost no request of their own, but some 10 KB a message,
    so the listings of a case go without.
    """
    if detail is Detail.IDS:
        return None
    more = (translate.SEARCH_KEY,) if detail is Detail.TRACES else (translate.HEADERS,) if headers else ()
    wanted = (*_ENVELOPE_PROPERTIES, *more)
    clauses = " or ".join(f"id eq '{name}'" for name in wanted)
    return f"singleValueExtendedProperties($filter={clauses})"


def search_clauses(terms: Sequence[str]) -> list[str]:
    """KQL for each term: a word or phrase in subject, body and sender; an address among the participants too.

    One clause a request instead of one long OR: Exchange cuts long queries silently.
    """
    clauses: list[str] = []
    for term in terms:
        plain = " ".join(term.replace('"', " ").replace("\\", " ").split())
        if not plain:
            continue
        clauses.append(f'"\\"{plain}\\""')
        if "@" in plain:
            clauses.append(f'"participants:{plain}"')
    return list(dict.fromkeys(clauses))


def with_options(link: str, changes: dict[str, str | None]) -> str:
    """A link of Graph's with some of its options set (or, with None, left out) and everything else as it was."""
    parts = urlsplit(link)
    lowered = {name.lower() for name in changes}
    kept = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k.lower() not in lowered]
    added = [(name, value) for name, value in changes.items() if value is not None]
    query = "&".join(f"{quote(k, safe='$')}={quote(v, safe=_SAFE)}" for k, v in (*kept, *added))
    return urlunsplit(parts._replace(query=query))


def chosen(link: str) -> dict[str, str]:
    """The options of a path or link."""
    return dict(parse_qsl(urlsplit(link).query, keep_blank_values=True))
