"""What each code rests on: known, or assumed and why. Shown behind its paragraph by `explain` and docs/evidence.md.

*Known* is what this program defines or records itself, what a standard says, or what Microsoft documents or its servers
were seen to answer. *Assumed* is everything else; the sentence names the part that no source states.
"""

from __future__ import annotations

from collections.abc import Mapping

ASSUMED: Mapping[str, str] = {
    "correction": "who moves one message of a thread means the rest of it, too.",
    "code": "nobody but people who work on a project write its code.",
    "attachment": "nobody but people who work on a project write its code.",
    "domain": "everybody under a client's domain writes for that client.",
    "thread": "an answer is about the client of what it answers.",
    "forwarded": "mail programs write the lines of a forward as in the samples that the table was made from.",
    "calendar": "Exchange writes every attendee into the calendar part of the MIME text that it makes.",
    "attached-message": "Exchange keeps the header of a message that is attached as an item.",
    "bounce": "reports that are no RFC 3464 parts are worded as in the samples that the reader was made from.",
    "form": "forms name the visitor's address as in the samples that the reader was made from.",
    "on-behalf": "a message with a List-Id comes from a list that writes the author's address truthfully.",
    "prediction": "mail to come is like the mail on which the model was tested.",
    "unauthenticated": "Exchange keeps Authentication-Results with every message from outside.",
    "unknown-author": "what lies in Sent Items, or Exchange calls internal, was written by the firm.",
    "unknown-parent": "the last msg-id of In-Reply-To, else of References, is what a message answers.",
    "mass-mail": "mail to more outside domains than that is a notice; the number is the firm's to set.",
    "no-author": "an author that is no internet address may be from outside.",
    "applicant": "applications use one of the words of the label's rule.",
    "contact-form": "forms use one of the words of the label's rule.",
    "newsletter": "newsletters carry the marks that the label's rule looks for.",
    "report": "reports use one of the words of the label's rule.",
    "perhaps-the-request": "a request says erasure or personal data in its subject.",
    "attachments-not-opened": "an attachment seldom speaks of somebody whom nothing else about the message suggests.",
    "no-recoverable-items": "a server that shows no such folder keeps none for the mailbox.",
    "search-useless": "a search with more hits than messages ignored the question.",
    "held": "a refusal is a hold's where the same identity has shown that it may delete there.",
    "retained": "Exchange removes the item on the day that its settings give.",
    "past-its-day": "Exchange removes the item on the day that its settings give.",
    "same-name": "two addresses with one display name may be one person's.",
    "same-local-part": "two addresses with one local part may be one person's.",
    "same-signature": "who signs with the name may be the person.",
    "same-phone": "who gives the number may be the person.",
    "same-thread": "an address that resembles the person's and joins their thread may be theirs.",
    "answers-for-them": "who answers mail that went to the person alone may be the person.",
    "PoisonItem": "500 ErrorCorruptData is an item that no later attempt reads.",
}


def basis(code: str) -> str:
    """The sentence behind a code's paragraph."""
    assumed = ASSUMED.get(code)
    return "Known." if assumed is None else f"Assumed: {assumed}"
