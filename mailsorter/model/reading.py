"""Which messages are worth opening when their envelope does not name the person: pure, one message at a time."""

from __future__ import annotations

from itertools import islice

from mailsorter.model.message import Message
from mailsorter.patterns import compiled

# What mail programs put before the subject of a forwarded message, Dutch, English, German, French and Outlook's own.
_FORWARDED = compiled(
    "reading.forwarded-subject", r"^\s*(?:(?:re|aw|antw|sv)\s*:\s*)*(?:fwd?|doorst|dvs|wg|tr|i|rv|enc)\s*:"
)
_HEADER_BLOCK = compiled(
    "reading.header-block",
    r"(?:^|\s)[*>\s]*(?:from|van|von|de|sent|verzonden|gesendet|to|aan|an)\s*:\s*[^\s]",
)
_SEPARATOR = compiled(
    "reading.separator", r"-{3,}\s*(?:forwarded|original|oorspronkelijk|doorgestuurd)|begin forwarded"
)
_PACKED = (".eml", ".msg", ".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".pst", "winmail.dat")
_LONGEST_ENDING = 5  # letters behind the last dot of a file's name
_NEARLY_EMPTY = 40  # letters of preview: somebody sent an attachment and said no more than a greeting


def why_open(message: Message) -> str:
    """The reason to read this message's body, as a stable code; "" when nothing suggests it.

    `bounce` reports and receipts quote another message; `invitation`: organiser and attendees are no part of its
    envelope; `forwarded` by subject or by a header block at the top;
    `bare-attachment` says nothing itself, so that what it carries may be a message.
    """
    message_class = message.message_class.upper()
    if message_class.startswith("REPORT."):
        return "bounce"
    if message_class.startswith(("IPM.SCHEDULE.", "IPM.APPOINTMENT")):
        return "invitation"
    if _FORWARDED.begins(message.subject) or _SEPARATOR.found_in(message.preview) or _has_header_block(message.preview):
        return "forwarded"
    if message.has_attachments and len("".join(message.preview.split())) < _NEARLY_EMPTY:
        return "bare-attachment"
    return ""


def holds_names(name: str, content_type: str, *, is_item: bool) -> bool:
    """Is this attachment a message or an archive, whose texts or names inside belong to the message itself?"""
    kind = content_type.lower()
    return is_item or kind == "message/rfc822" or "zip" in kind or name.lower().endswith((".eml", ".msg", ".zip"))


def may_hold_names(name: str) -> bool:
    """May a file of this name hold other files, or be a message? One without an ending may be one that was attached as
    an item; what cannot be opened may hold names as well."""
    _, dot, ending = name.rpartition(".")
    has_ending = dot and ending.isalnum() and len(ending) <= _LONGEST_ENDING
    return not has_ending or name.lower().endswith(_PACKED)


def is_unreadable(message: Message) -> bool:
    """Is the body encrypted, so that no server and no program of the firm's can look into it?"""
    message_class = message.message_class.upper()
    return message_class == "IPM.NOTE.SMIME" or message_class.endswith(".RPMSG.MICROSOFT.VOICEMAIL.UM.CA")


def _has_header_block(text: str) -> bool:
    return ":" in text and len(list(islice(_HEADER_BLOCK.finditer(text), 2))) == 2
