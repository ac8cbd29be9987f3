"""From a message to a finding: the one place where a case makes them.

The search, the witness's hits and the items that `continue` looks at after years are made here, so that a ground sees
the same values of a message wherever it is judged: its folder, its part of Recoverable Items, the names of its
attachments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from mailsorter.errors import MailsorterError, PermanentError
from mailsorter.mailbox.base import Mailbox
from mailsorter.model.case import Finding, Role, Seen
from mailsorter.model.finding import fingerprint, role_of
from mailsorter.model.folder import FolderTree, WellKnown, show_path
from mailsorter.model.message import Message
from mailsorter.model.person import Person

_AT_ONCE = 20  # attachment names asked for in one call: a Graph batch
_RECIPIENTS = 50  # of one message that a finding keeps, for a reviewer to read


def finding_of(
    mailbox: str, message: Message, path: str, recoverable: str, places: Sequence[Seen], person: Person
) -> Finding:
    """One message in which the person was seen at these places, as a finding."""
    return build(mailbox, message, path, recoverable, places, role_of(message, places, person))


def build(
    mailbox: str, message: Message, path: str, recoverable: str, places: Sequence[Seen], role: Role
) -> Finding:  # fmt: skip
    """One message as a finding of this role. `path` and `recoverable` are those of `where`."""
    sender = message.from_ or message.sender
    return Finding(
        mailbox=mailbox,
        id=message.id,
        folder_id=message.folder_id,
        folder=path,
        recoverable=recoverable,
        role=role,
        seen=tuple(places),
        received_at=message.received_at,
        internet_message_id=message.internet_message_id,
        search_key=message.search_key,
        conversation_id=message.conversation_id,
        subject=message.subject,
        sender=sender.address if sender else "",
        recipients=tuple(p.address for p in message.to + message.cc + message.bcc)[:_RECIPIENTS],
        categories=message.categories,
        has_attachments=message.has_attachments,
        attachments_read=False,
        message_class=message.message_class,
        fingerprint=fingerprint(message),
    )


def where(tree: FolderTree, folder_id: str) -> tuple[str, str]:
    """The folder's path for people, and the name of its part of Recoverable Items ("" when it lies elsewhere).

    Two empty texts for a folder that the tree does not have.
    """
    folder = tree.get(folder_id)
    if folder is None:
        return "", ""
    root = tree.well_known(WellKnown.RECOVERABLE_ROOT)
    is_inside = root is not None and tree.lies_within(folder_id, root.id)
    return show_path(tree.path(folder_id)), str(folder.well_known or folder.name) if is_inside else ""


def with_attachment_names(mailbox: Mailbox, findings: Sequence[Finding]) -> Iterator[list[Finding]]:
    """The findings with the names of their attachments, some at a time, in the order given.

    Every message is asked: Exchange says "no attachments" of one that has only inline ones, and some mail programs
    send a document inline (`hasAttachments` of Graph's message resource). A message of which Exchange will never tell
    the names comes back as it was, without `attachments_read`.

    Raises:
        MailsorterError: anything that may be better later.
    """
    for start in range(0, len(findings), _AT_ONCE):
        some = findings[start : start + _AT_ONCE]
        answers = mailbox.attachment_names([finding.id for finding in some])
        yield [_named(finding, names) for finding, names in zip(some, answers, strict=True)]


def _named(finding: Finding, names: tuple[str, ...] | MailsorterError) -> Finding:
    if isinstance(names, PermanentError):
        return finding
    if isinstance(names, MailsorterError):
        raise names
    return msgspec.structs.replace(finding, attachments=names, attachments_read=True)
