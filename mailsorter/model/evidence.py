"""Evidence: one fact that points from a message to a client."""

from __future__ import annotations

import enum

import msgspec


class EvidenceKind(enum.IntEnum):
    """What the fact is. The number is what the ledger stores and never changes its meaning.

    The tens give the strength, smallest first: kinds in the same ten are equally strong (docs/design.md, section 4).
    """

    CORRECTION = 10  # a person filed this message's thread
    RULE = 20  # an explicit rule of the administrator
    ADDRESS = 30  # a client's exact address, valid on the message's date
    CODE = 40  # a project code in the subject
    ATTACHMENT = 41  # a project code in an attachment's name
    DOMAIN = 50  # an address under a client's domain
    THREAD = 60  # the conversation or References of mail already filed
    FORWARDED = 70  # someone in a forwarded header block
    CALENDAR = 71  # organiser or attendee of an invitation
    ATTACHED_MESSAGE = 72  # someone in the header of a message that one of the firm's own people attached
    BOUNCE = 80  # the original recipient of a bounce or automatic reply
    FORM = 81  # the person behind a contact form
    ON_BEHALF = 82  # the person behind a mailing list or a sending service
    PREDICTION = 90  # learned from the firm's own filing

    @property
    def code(self) -> str:
        """The stable word for people, configs and JSON."""
        return self.name.lower().replace("_", "-")

    @property
    def strength(self) -> int:
        """1 is the strongest; equal numbers are equally strong."""
        return self.value // 10

    @classmethod
    def from_code(cls, code: str) -> EvidenceKind:
        """The kind of that code. Raises `KeyError` for a word that is none."""
        return _BY_CODE[code]


STRENGTH = {kind: kind.strength for kind in EvidenceKind}  # looked up a million times, so not computed each time

_STAGE_OF_STRENGTH = {1: 1, 2: 2, 3: 3, 4: 3, 5: 3, 6: 4, 7: 5, 8: 5, 9: 6}
STAGE = {kind: _STAGE_OF_STRENGTH[kind.strength] for kind in EvidenceKind}
"""Where evidence comes from, smallest first: a person; a rule; the message's own envelope, subject and attachments;
its thread; the mail that it carries or speaks for; a prediction.

Only a later stage gives way to an earlier one. Inside a stage the order of strength says which fact of one client is
shown as the deciding one; between clients it says nothing: an address of one and a domain of another are two clients.
"""

_BY_CODE = {kind.code: kind for kind in EvidenceKind}


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """One fact. `detail` is what was seen (an address, a code): for live display only, never for the ledger."""

    kind: EvidenceKind
    client_id: str
    detail: str = ""
