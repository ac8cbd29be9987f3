"""From a message to a finding: the one place where a case makes them.

The search, the witness's hits and the items that `continue` looks at after years are made here, so that a ground sees
the same values of a message wherever it is judged: its folder, its part of Recoverable Items, the names of its
attachments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from mailsorter.cases.mime import names_inside
from mailsorter.errors import MailsorterError, PermanentError
from mailsorter.mailbox.base import Mailbox
from mailsorter.model.case import Finding, Role, Seen
from mailsorter.model.concern import Sightings
from mailsorter.model.contents import Contents
from mailsorter.model.finding import fingerprint, role_of, with_contents
from mailsorter.model.folder import FolderTree, WellKnown, show_path
from mailsorter.model.message import Message
from mailsorter.model.person import Person
from mailsorter.model.reading import may_hold_names

T = TypeVar("T")
_AT_ONCE = 20  # messages asked for in one call: a Graph batch
_RECIPIENTS = 50  # of one message that a finding keeps, for a reviewer to read


def finding_of(
    mailbox: str, message: Message, path: str, recoverable: str, places: Sightings, person: Person
) -> Finding:
    """One message in which the person was seen at these places, as a finding."""
    role = role_of(message, places, person)
    made = build(mailbox, message, path, recoverable, tuple(places), role)
    return msgspec.structs.replace(made, by_name=places.by_name)


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
    send a document inline (`hasAttachments` of Graph's message resource). Archives and attached messages are opened for
    the names inside. A message of which not all names can be known comes back without `attachments_read`.

    Raises:
        MailsorterError: anything that may be better later.
    """
    for some in _some_at_a_time(findings, mailbox.attachment_names, _named):
        yield [_with_names_inside(mailbox, finding) for finding in some]


def with_approvable_contents(
    mailbox: Mailbox, findings: Sequence[Finding], *, inside_too: bool
) -> Iterator[list[Finding]]:
    """The findings with fingerprints of all that they hold, and with the names of their attachments; else as
    `with_attachment_names`.

    The text is read for its digest and dropped. `inside_too`: a ground is recognised by names, so that archives are
    opened for those inside.
    """
    for some in _some_at_a_time(findings, mailbox.contents, _holding):
        yield [_with_names_inside(mailbox, finding) for finding in some] if inside_too else some


def _with_names_inside(mailbox: Mailbox, finding: Finding) -> Finding:
    if not finding.attachments_read or not any(map(may_hold_names, finding.attachments)):
        return finding
    try:
        inside = names_inside(mailbox.mime(finding.id))
    except PermanentError:
        inside = None
    names = tuple(dict.fromkeys((*finding.attachments, *(inside or ()))))
    return msgspec.structs.replace(finding, attachments=names, attachments_read=inside is not None)


def _some_at_a_time(
    findings: Sequence[Finding],
    ask: Callable[[Sequence[str]], list[T | MailsorterError]],
    put: Callable[[Finding, T], Finding],
) -> Iterator[list[Finding]]:
    for start in range(0, len(findings), _AT_ONCE):
        some = findings[start : start + _AT_ONCE]
        answers = ask([finding.id for finding in some])
        made = []
        for finding, answer in zip(some, answers, strict=True):
            if not isinstance(answer, MailsorterError):
                made.append(put(finding, answer))
            elif isinstance(answer, PermanentError):
                made.append(finding)
            else:
                raise answer
        yield made


def _named(finding: Finding, names: tuple[str, ...]) -> Finding:
    return msgspec.structs.replace(finding, attachments=names, attachments_read=True)


def _holding(finding: Finding, contents: Contents) -> Finding:
    known = with_contents(finding.fingerprint, contents)
    return _named(msgspec.structs.replace(finding, fingerprint=known), contents.names)
