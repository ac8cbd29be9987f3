"""The outcome of matching one message."""

from __future__ import annotations

import enum

import msgspec

from mailsorter.model.evidence import STAGE, STRENGTH, Evidence


class Outcome(enum.StrEnum):
    """What matching decided."""

    FILED_TO = "filed-to"
    AMBIGUOUS = "ambiguous"
    UNMATCHED = "unmatched"
    INTERNAL = "internal"
    EXCLUDED = "excluded"
    WAIT = "wait"


class Reason(enum.StrEnum):
    """Why the outcome is what it is, where evidence alone does not say it."""

    DECIDED = "decided"  # filed-to: one client has the strongest evidence
    FIRST_NAMED = "first-named"  # filed-to: the policy takes the first of several
    COPY_FOR_EACH = "copy-for-each"  # filed-to: the policy files to every one of several
    SEVERAL_CLIENTS = "several-clients"  # ambiguous: equally strong evidence for more than one
    NO_DATE = "no-date"  # ambiguous: an address changed hands, and the message does not say when it was sent
    CONTRADICTION = "contradiction"  # ambiguous: people's corrections contradict each other
    LOST_ANSWER = "lost-answer"  # ambiguous: a move's answer was lost, and copies do not tell which of them moved
    MOVE_REFUSED = "move-refused"  # ambiguous: Exchange refused to move it, and each run tries again
    NO_EVIDENCE = "no-evidence"  # unmatched
    NO_ADDRESS = "no-address"  # unmatched: nobody usable in the envelope
    NO_AUTHOR = "no-author"  # unmatched: only our own people are named, and it does not say who wrote it
    TOO_COSTLY = "too-costly"  # unmatched: matching it would cost more than any ordinary message does
    REJECTED = "rejected"  # unmatched: a person took this thread out of the client that evidence names
    CLIENT_LEFT = "client-left"  # unmatched: the evidence names a client that has left
    BELOW_TARGET = "below-target"  # unmatched: there is a prediction, but not sure enough to file by
    UNAUTHENTICATED = "unauthenticated"  # unmatched: the author that names the client failed authentication
    UNKNOWN_AUTHOR = "unknown-author"  # unmatched: a copied fact names the client, nobody vouches for the author
    UNKNOWN_PARENT = "unknown-parent"  # unmatched: a thread names the client, and nobody vouches for what is answered
    MASS_MAIL = "mass-mail"  # unmatched: a client's person is one recipient among many outsiders
    OWN_PEOPLE = "own-people"  # internal
    RULE = "rule"  # excluded: a rule of the administrator says leave it
    DRAFT = "draft"  # excluded: not sent yet
    NOT_MAIL = "not-mail"  # excluded: a contact, task, note or other item in a mail folder
    FILED_BY_HAND = "filed-by-hand"  # excluded: a person put it where it lies
    UNREAD = "unread"  # wait: to be filed once read
    TOO_YOUNG = "too-young"  # wait: to be filed after some days
    FLAGGED = "flagged"  # wait: someone still has work with it
    QUIET_HOURS = "quiet-hours"  # wait: nothing moves at this time of day


class Suggestion(msgspec.Struct, frozen=True, gc=False):
    """A client that is proposed to a person, never filed by.

    `score`, 0 to 1: of a prediction the share of such proposals that came out right, of people's corrections the share
    of this sender's that were for the client.
    """

    client_id: str
    score: float


class Forecast(msgspec.Struct, frozen=True, gc=False):
    """What a prediction says about one message: the client it is sure enough of to file by, if any; the best few."""

    client_id: str | None = None
    suggestions: tuple[Suggestion, ...] = ()


class Match(msgspec.Struct, frozen=True, gc=False):
    """The outcome for one message, with all evidence found, in order of appearance.

    `clients` are those the outcome names: one for `filed-to` (several only under the copy-for-each policy), at least
    two for `ambiguous`, what it would be filed to for `wait`, none otherwise.
    """

    outcome: Outcome
    clients: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    reason: Reason = Reason.DECIDED
    labels: tuple[str, ...] = ()  # kinds of mail with a life of their own: applicant, newsletter, …
    suggestions: tuple[Suggestion, ...] = ()  # for a person to choose from, best first

    @property
    def client_id(self) -> str | None:
        """The one client it is filed to, or None when there is none or more than one."""
        return self.clients[0] if self.outcome is Outcome.FILED_TO and len(self.clients) == 1 else None

    @property
    def decisive(self) -> tuple[Evidence, ...]:
        """The part that decided: of the earliest stage that has any, each named client's strongest evidence."""
        stage = min((STAGE[e.kind] for e in self.evidence), default=0)
        deciding = [e for e in self.evidence if STAGE[e.kind] == stage]
        deciding = [e for e in deciding if e.client_id in self.clients] or deciding
        best: dict[str, int] = {}
        for fact in deciding:
            best[fact.client_id] = min(STRENGTH[fact.kind], best.get(fact.client_id, 99))
        return tuple(e for e in deciding if STRENGTH[e.kind] == best[e.client_id])
