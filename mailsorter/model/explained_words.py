"""Paragraphs for the words that outputs show beside evidence and reasons: states, kinds, differences, brakes.

`explanations` puts them together with the rest; docs/evidence.md is made from both.
"""

from __future__ import annotations

from mailsorter.model import coverage
from mailsorter.model.brake import BRAKES

CASE_KINDS: dict[str, str] = {
    "erasure": "A person asks that their data be erased (GDPR article 17).",
    "client-leaves": "A client of the client book leaves, and its mail is cleaned up.",
    "access": "A person asks for their data (article 15). Not carried out: answer such a request by hand.",
    "rectification": "A person asks that data be corrected (article 16). Not carried out: answer it by hand.",
}

CASE_STATES: dict[str, str] = {
    "opened": "The case has its number and its terms run; nobody has verified yet that the right person asks.",
    "verified": "Somebody stated, or a code showed, that the right person asks.",
    "found": "Everything in scope was searched; the list is not made yet. Of an address: it was met in the search.",
    "planned": "There is a list that says of each finding what becomes of it. Nothing is erased before its approval.",
    "approved": "The people whom the config asks for approved exactly this list.",
    "performing": "The approved list is being erased, or that was broken off: case perform goes on.",
    "performed": "The list was gone through. Whether it is as the list says, the proof tells.",
    "proven": "The witness looked at everything in scope at the case's depth and saw what the account says remains.",
    "answered": "The letter to the person was written.",
    "closed": "The case file and its key are destroyed. Digests of what must not come back stay until their day.",
    "rejected": "The request was refused, with the reason; the letter says so.",
    "suspended": "The case waits, for example for the person's proof of identity. The firm's own days go on.",
}

PROOF_OUTCOMES: dict[str, str] = {
    "passed": "Proven: everything in scope was looked at, and nothing is left that should not be.",
    "not-proven": "Not everything in scope could be looked at, or something is left. case show names each reason.",
    "try-again": "Exchange did not answer everything: the same proof may pass later.",
}

ITEM_STATES: dict[str, str] = {
    "pending": "The item is approved for erasure and was not tried yet.",
    "purged": "The item is out of every folder that people see, and still in Recoverable Items.",
    "left": "The item is left alone: a person decided that it is not theirs.",
    "gone": "The message is not in the mailbox any more: somebody else deleted it, or moved it out.",
}

SEEN: dict[str, str] = {
    "from": "The person is the message's author.",
    "sender": "The person sent the message, for its author or as its author.",
    "reply-to": "Answers to the message go to the person.",
    "to": "The person is a recipient.",
    "cc": "The person gets a copy.",
    "bcc": "The person gets a blind copy.",
    "display-name": "The person's name is a participant's display name, at whatever address.",
    "resent": "The person is in a Resent- header: the message was passed on as it was.",
    "calendar": "The person is an invitation's organiser or attendee.",
    "subject": "The subject names the person.",
    "preview": "The first 255 characters name the person.",
    "forwarded-block": "The header block of a forwarded or quoted message names the person.",
    "body": "The text names the person.",
    "header": "Another header names the person.",
    "attached-message": "A message that is attached names the person.",
    "attachment": "The text of an attachment names the person.",
    "attachment-name": "The name of an attachment names the person.",
    "search": "Exchange's search says that the message names the person; what was read of it does not show it.",
    "client-folder": "The message is in the folder of the client whom the case is about.",
    "thread": "The message belongs to a thread of the request.",
    "witness": "The witness of the proof saw the person in it, and no search had listed it.",
    "not-rendered": "Exchange gave no envelope of the message, so little is known of it.",
}

GROUNDS: dict[str, str] = {
    "legal-duty": "The law obliges the firm to keep the message (GDPR article 17(3)(b)).",
    "legal-claim": "The message is needed for a legal claim (article 17(3)(e)).",
    "still-necessary": "The message is still necessary for its purpose, so erasure is not due yet (article 17(1)).",
    "case-correspondence": "The request itself, or what answers it: kept as proof that it was dealt with (5(2)).",
}

DEPTHS: dict[str, str] = {
    "beyond-depth": "It lies deeper than the case reads: it is counted and named, and does not hinder a proof.",
    **{str(depth): text for depth, text in coverage.DEPTHS.items()},
}

TERMS: dict[str, str] = {
    "firm": "The day by which the firm promises to say what cannot be erased ([erasure] firm_days).",
    "month": "The law's month to answer (GDPR article 12(3)).",
    "extended": "The law's month and two more, told to the person with reasons within the first.",
    "suspension": "The day on which the wait of a suspended case is over: mailsorter case resume NUMBER.",
}

LETTERS: dict[str, str] = {
    "done": "The letter that says that everything was erased.",
    "partly": "The letter that says what stays, why and until when.",
    "extension": "The letter that says that the answer takes up to two months more, and why.",
    "identify": "The letter that asks the person to show that the request is theirs.",
    "refusal": "The letter that refuses the request, with the reason.",
}

DIFFERENCES: dict[str, str] = {
    "taken-out-by-hand": "A person took the message out of a client's folder.",
    "moved-by-hand": "A person moved the message, which says nothing about whose it is.",
    "deleted-by-hand": "The message is in Deleted Items, or on its way out of the mailbox.",
    "never-seen": "The message is older than the last look at its folder, and the ledger does not know it.",
    "came-back": "The ledger had the message as gone, and it is there.",
    "late-move": "Our own move, done by the server after its answer was lost.",
    "claimed-but-absent": "The ledger has the message, and it is in no folder that can be listed.",
    "seen-twice": "The same message is more than once in one client's folder. A person must look.",
    "restricted-moved": "The message is kept on a legal ground only, and is not where it was put. A person must look.",
    "erased-mail-is-back": "A restored backup brought back what was erased: open a case and erase it again.",
    "client-folder-moved": "A client's folder was renamed or moved in Outlook; mailsorter follows it.",
    "client-folder-gone": "A client's folder is not there any more. A person must look.",
}

RUNS: dict[str, str] = {
    "filed": "The message is in its client's folder because a run put it there.",
    "waiting": "The message will be filed, and the config says not yet.",
    "by-hand": "A person put the message where it is, so it is not moved.",
    "undone": "It was done, and taken back since by an undo. The message stays until book or rules change.",
    "labelled": "The message has a label and no client, and is where the config says.",
    "restricted": "The message is kept on a legal ground only, in the restricted folder (GDPR article 18).",
    "unclear": "The answer to a move was lost and several messages may be the one that moved: a person must look.",
    "missing": "The message was put somewhere and is not found under the id it had: it was moved again, or is gone.",
    "done": "It was done to its end.",
    "partial": "It was done in part: a mailbox or a message failed.",
    "interrupted": "It was broken off; the next run settles what was open.",
    "running": "It is at work now, or was killed: the next run settles what was open.",
    "open": "A change was written down and its outcome is not known yet: the next run settles it.",
    "overtaken": "Somebody else changed the message first, so it was left alone.",
    "not-tried": "The run was broken off before this change was tried: nothing was done.",
    "replayed": "The message was filed in this run already; Exchange told of it twice.",
    "returned": "The message was filed before and is back in a watched folder: a person put it there.",
}

BRAKE_WORDS: dict[str, str] = {
    name: f"A run stopped before it moved anything: {facts.meaning}. {facts.first}, then run: {facts.command}"
    for name, facts in BRAKES.items()
}
