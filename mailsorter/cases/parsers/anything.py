"""Any attachment: what it is by its first bytes, its type and its name, and what it says."""

from __future__ import annotations

from collections.abc import Iterator

from mailsorter.cases.parsers import archive as archives
from mailsorter.cases.parsers.budget import CLOSED, LIMITS, NAMES_UNKNOWN, BeyondLimits, Budget, Closed
from mailsorter.cases.parsers.calendar import calendar_text
from mailsorter.cases.parsers.charsets import decoded
from mailsorter.cases.parsers.html import html_texts
from mailsorter.cases.parsers.pdf import pdf_files, pdf_texts
from mailsorter.cases.parsers.rtf import rtf_texts
from mailsorter.cases.parsers.tnef import tnef_parts

Said = Iterator[tuple[str, str]]
"""Kind and text: `text`, `name` of something inside, `attached` for an attached message, `unread` with a reason."""

_PDF, _ZIP, _RTF, _TNEF = b"%PDF-", b"PK\x03\x04", b"{\\rtf", b"\x78\x9f\x3e\x22"
_TEXT_TYPES = frozenset({"application/json", "application/xml", "application/xhtml+xml", "application/ics"})
_TEXT_NAMES = (
    *(".txt", ".csv", ".tsv", ".htm", ".html", ".xhtml", ".xml", ".json", ".ics", ".vcs", ".vcf", ".md", ".log"),
    *(".ini", ".yaml", ".yml", ".sql", ".eml", ".mht", ".mhtml"),
)
_CONTAINERS = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".msg", ".eml", ".pst", "winmail.dat")
_CALENDAR_NAMES = (".ics", ".vcs", ".vcf")
_CALENDAR_TYPES = ("text/calendar", "text/vcard", "text/x-vcard", "text/directory", "application/ics")


def is_document(content: bytes) -> bool:
    """Do the first bytes say that this may be a document of a kind that can be read here?"""
    return content.startswith((_ZIP, _RTF, _TNEF)) or _PDF in content[:1024]


def read_document(content: bytes) -> Said:
    """One document by itself, as `sandbox` is asked for it."""
    yield from read_anything(content, Budget())


def read_anything(
    content: bytes, budget: Budget, *, name: str = "", kind: str = "", charset: str | None = None
) -> Said:
    """What an attachment says. Raises nothing but `MemoryError`: what is not read is told as `unread`."""
    try:
        with budget.inside_archive():
            yield from _read(content, budget, name.lower(), kind, charset)
    except (BeyondLimits, RecursionError):
        yield "unread", LIMITS
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  libraries raise what they like on damaged documents
        yield "unread", NAMES_UNKNOWN if content.startswith((_ZIP, _TNEF)) else _unread(name)


def _read(content: bytes, budget: Budget, name: str, kind: str, charset: str | None) -> Said:
    if content.startswith(_ZIP):
        yield from _archive(content, budget)
    elif content.startswith(_RTF):
        yield from (("text", text) for text in rtf_texts(content))
        if b"\\object" in content:
            yield "unread", CLOSED
    elif content.startswith(_TNEF):
        yield from _tnef(content, budget)
    elif _PDF in content[:1024]:
        yield from (("text", text) for text in pdf_texts(content))
        for file_name, file in pdf_files(content):
            budget.entry()
            yield "name", file_name
            yield from read_anything(file, budget, name=file_name)
    elif name.endswith(".eml") or kind == "message/rfc822":
        from mailsorter.cases.parsers.message import read_attached

        yield from read_attached(content, budget)
    elif kind.startswith("text/") or kind in _TEXT_TYPES or name.endswith(_TEXT_NAMES):
        yield from (("text", text) for text in read_text(content, name, kind, charset))
    elif content:
        yield "unread", _unread(name)


def _unread(name: str) -> str:
    """Why a file is not read, by its name: of what may hold other files the names are missing, too."""
    return NAMES_UNKNOWN if name.lower().endswith(_CONTAINERS) else CLOSED


def read_text(content: bytes, name: str, kind: str, charset: str | None) -> Iterator[str]:
    """A text by its type, or its name where the type does not say."""
    if kind in ("text/html", "application/xhtml+xml") or name.endswith((".htm", ".html", ".xhtml")):
        yield from html_texts(content, charset)
        return
    text = decoded(content, charset)
    if kind in _CALENDAR_TYPES or name.endswith(_CALENDAR_NAMES) or text.startswith("BEGIN:V"):
        text = calendar_text(text)
    yield text


def _archive(content: bytes, budget: Budget) -> Said:
    with archives.opened(content) as archive:
        is_office = archives.is_office(archive)
        for entry in archive.infolist():
            budget.entry()
            file_name = entry.filename
            if not is_office:
                yield "name", file_name
            if entry.is_dir():
                continue
            try:
                if is_office and file_name.lower().endswith((".xml", ".rels")):
                    yield from (("text", text) for text in archives.entry_texts(archive, entry, budget))
                elif not is_office or archives.is_embedded(file_name):
                    file = archives.entry_bytes(archive, entry, budget)
                    yield from read_anything(file, budget, name=file_name)
            except Closed:
                yield "unread", _unread(file_name)


def _tnef(content: bytes, budget: Budget) -> Said:
    for kind, name, part in tnef_parts(content):
        budget.entry()
        if kind == "html":
            yield from (("text", text) for text in html_texts(part, None))
        elif kind == "rtf":
            yield from (("text", text) for text in rtf_texts(part))
        elif kind == "text":
            yield "text", decoded(part, None)
        else:
            yield "name", name
            yield from read_anything(part, budget, name=name)
