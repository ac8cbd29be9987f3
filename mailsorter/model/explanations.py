"""One paragraph for every code that `explain`, `review`, cases and the JSON show; docs/evidence.md is made from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailsorter import errors
from mailsorter.model import explained_words as words
from mailsorter.model.basis import basis
from mailsorter.model.case import Role, Verdict
from mailsorter.model.evidence import EvidenceKind
from mailsorter.model.labels import Label
from mailsorter.model.match import Outcome, Reason


def _kinds(kind: type[errors.MailsorterError]) -> Iterator[type[errors.MailsorterError]]:
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ == kind.__module__:
            yield from _kinds(below)


KINDS: dict[EvidenceKind, str] = {
    EvidenceKind.CORRECTION: (
        "A person moved mail of this thread into the client's folder, out of another one or by hand. People go before "
        "everything: the message they moved is never moved back, and the rest of the thread follows it. When two "
        "people (or one, twice) put mail of one thread with different clients, they cancel and the message goes to "
        "review. For other mail of the same sender a correction is only a suggestion."
    ),
    EvidenceKind.RULE: (
        "A rule of the administrator, in the config, names the client. All its conditions hold for this message. Two "
        "rules that name different clients are not settled by their order: the message goes to review."
    ),
    EvidenceKind.ADDRESS: (
        "Someone in from, sender, reply-to, to, cc or bcc has an address that the client book lists for the client, on "
        "a day on which it was valid. Case does not count, and piet+offerte@klant.example is also "
        "piet@klant.example. An address that two clients list on the same day points to both."
    ),
    EvidenceKind.CODE: (
        "A project code of the client stands in the subject, without regard to case, at word boundaries: brackets, "
        "slashes, dashes and underscores around it do not matter, letters and digits against it do. Of codes that lie "
        "inside one another the longest counts; a code of digits alone must not be part of a longer number or date."
    ),
    EvidenceKind.ATTACHMENT: (
        "A project code of the client stands in the name of an attachment. Names are fetched only for mail with "
        "attachments that its headers leave undecided. It weighs as much as a code in the subject."
    ),
    EvidenceKind.DOMAIN: (
        "Someone in the envelope has an address under a domain of the client: mail.klant.example belongs to "
        "klant.example, notklant.example does not. Of several listed domains the nearest counts, in rules too; an "
        "address that the book lists is nearer than its domain. What two clients list (the domain of a group of firms) "
        "means one of them, and an address or code may tell which. Domains of the firm itself, public suffixes (co.uk) "
        "and mail providers (gmail.com) are never anyone's, even when listed."
    ),
    EvidenceKind.THREAD: (
        "Mail of the same conversation, or mail that its References or In-Reply-To name, was filed to the client "
        "before, in this run or an earlier one, and its author is authenticated, one of the firm's own people, or "
        "somebody to whom the firm has written. What it answers must be known here and not be doubtful; where it was "
        "never seen, see unknown-parent. Mail whose author failed authentication is never remembered for its thread, "
        "and answers to it do not belong to it. Threads are remembered only as keyed digests."
    ),
    EvidenceKind.FORWARDED: (
        "The body carries a forwarded or quoted header block (Van/Verzonden/Aan/Onderwerp, From/Sent/To/Subject) that "
        "names someone of the client, or a subject with its project code. Nested blocks all count. Display names "
        "that look like addresses do not, and of mail to many only its author counts. Inside blocks an exact "
        "address of a client is shown before a code, and a code before a domain. Where an entry of the client "
        "book has dates the block's own date counts. Blocks are known in Dutch, English, German, French, Spanish, "
        "Italian, Portuguese and Polish. Bodies are read only for mail that its headers "
        "leave undecided and that looks forwarded, and are not kept."
    ),
    EvidenceKind.CALENDAR: (
        "An invitation, or the answer to one, names someone of the client as organiser or attendee inside its text, or "
        "in the calendar part of an invitation that one of the firm's own people sent. Those whom the envelope names "
        "count as addresses already. Of an invitation to many only the organiser counts."
    ),
    EvidenceKind.ATTACHED_MESSAGE: (
        "One of the firm's own people attached a message (as an item, or as an .eml file), and its header names "
        "someone of the client, or a subject with its project code. Everybody who passed it on must be the firm's: "
        "the author of the outer message, who must not have failed authentication, of attached messages around it, "
        "and of what the body forwards, where the body says by address who wrote that. What others attach counts for "
        "nothing. Where Exchange's verdict in the attached header is a failure, neither its author nor its subject "
        "counts; of an attached message to many only its author counts. It is read only for mail that its headers "
        "leave undecided, up to 25 MB, 20 attached messages and 5 levels; where a part cannot be read nothing of it "
        "counts."
    ),
    EvidenceKind.BOUNCE: (
        "A delivery report, or a system's automatic answer, says that a message to this address of the client could "
        "not be delivered, or arrived. Where the text asks to write to somebody, that does not count. Only the "
        "original recipient counts, not the postmaster or the servers on the way."
    ),
    EvidenceKind.FORM: (
        "A website sent what a visitor typed into a form, and the form's e-mail field holds an address of the client. "
        "What the visitor wrote in their own words, forwarded blocks included, does not count beside that field, also "
        "where it was left empty. Where fields name two people and one of them is nobody's, neither counts."
    ),
    EvidenceKind.ON_BEHALF: (
        "A mailing list speaks for someone of the client, and says so in the author's name or address "
        "(\"jan@klant.example via Lijst\", jan=klant.example@lijst.example), or a forwarder does (SRS0=…). Without a "
        "List-Id a name or encoded address counts for nothing: anyone can type one. A return path such as "
        "bounces+jan=klant.example@… names whom a list wrote to, not who wrote."
    ),
    EvidenceKind.PREDICTION: (
        "No fact decides, but mail like this was filed to this client by the firm itself, and such predictions have "
        "come out right at least as often as the config demands (99.5 % unless it says otherwise), on mail that the "
        "model had not seen. Off by default; below the target it only suggests, in review."
    ),
}  # fmt: skip

OUTCOMES: dict[Outcome, str] = {
    Outcome.FILED_TO: "The evidence that decides names one client; the message goes to that client's folder.",
    Outcome.AMBIGUOUS: (
        "The evidence that decides names several clients. It stays where it is and is listed in review, unless the "
        "config takes the first named or files a copy for each."
    ),
    Outcome.UNMATCHED: "No evidence, or none that may be used; it stays where it is, and review lists it.",
    Outcome.INTERNAL: "Only our own people are named, and no evidence points to a client; it stays where it is.",
    Outcome.EXCLUDED: "A rule, a person or the kind of item says that it is not to be filed; it stays where it is.",
    Outcome.WAIT: "It will be filed to the named client, but the config says not yet.",
}

REASONS: dict[Reason, str] = {
    Reason.DECIDED: "The evidence that decides names one client.",
    Reason.FIRST_NAMED: "The evidence names several clients, and the config takes the first one named.",
    Reason.COPY_FOR_EACH: "The evidence names several clients, and the config files one copy for each.",
    Reason.SEVERAL_CLIENTS: "The evidence names several clients; a person must choose.",
    Reason.MOVE_REFUSED: "Exchange refused to move the message to the client's folder. Each run tries again. It stays "
    "in the list until a move succeeds or a person moves it. Look at it in Outlook: can it be moved there?",
    Reason.LOST_ANSWER: "The server's answer to a move was lost, message ids change there on every move, and several "
    "messages have this one's Message-ID. Which of them was moved cannot be told: remove or move what is too much.",
    Reason.NO_DATE: "An address changed hands, and the message has no date that says whose it was then.",
    Reason.CONTRADICTION: "People filed mail of this thread with different clients, so their corrections cancel.",
    Reason.NO_EVIDENCE: "Nothing in the client book, the rules or remembered threads points to a client.",
    Reason.NO_ADDRESS: "The envelope names nobody by an address of the internet.",
    Reason.NO_AUTHOR: (
        "Only our own people are named, and the author is missing or an unresolved X.500 name: perhaps not internal."
    ),
    Reason.TOO_COSTLY: (
        "Matching it would cost more than any ordinary message does: it names many thousands of people or references, "
        "or took the processor ten seconds. It stays where it is, review lists it, and it is not tried again before "
        "the client book, the rules or the program change. A person files it."
    ),
    Reason.REJECTED: "A person took mail of this thread out of the folder of the client that the evidence names.",
    Reason.CLIENT_LEFT: "The evidence names a client with status left; a person decides before a folder is made again.",
    Reason.BELOW_TARGET: "There is a prediction, but not one sure enough to file by; review shows the best three.",
    Reason.RULE: "A rule of the administrator says that this mail stays.",
    Reason.DRAFT: "It is a draft: not sent, and still someone's work.",
    Reason.NOT_MAIL: "It is a contact, task, note or another item that Exchange keeps among mail.",
    Reason.FILED_BY_HAND: "A person put it where it lies, so it is never moved.",
    Reason.UNAUTHENTICATED: (
        "The receiving server checked whether the mail comes from its author's domain, and it does not (dmarc=fail or "
        "compauth=fail in Authentication-Results), so anybody may have written it. What the author's own address, "
        "subject, thread or text says does not decide; recipients, rules on them and a person's correction of it "
        "still do. Exchange Online writes that header without a server's name, above its own first Received. Where a "
        "gateway stands in front of Exchange, name it in [matching] trusted_gateways. Without any verdict the author "
        "counts as written."
    ),
    Reason.UNKNOWN_AUTHOR: (
        "A remembered thread, a project code, a forwarded block or the text of an invitation names the client, and "
        "nobody vouches for the author: the mail is not authenticated, not from the firm's own people, and not from "
        "somebody to whom the firm has written. References and subjects can be copied by anybody who has seen one, "
        "and anybody can type a block. Review shows the fact; move the message by hand, or write to the author, and "
        "it counts."
    ),
    Reason.UNKNOWN_PARENT: (
        "A remembered thread names the client, and nobody vouches for the message that this one answers: its author "
        "failed authentication, or it was never seen here. A forward of a message whose author failed is left, too. "
        "Answers copy References from what they answer, a forged message's too. Where what is answered was never seen "
        "here, the thread still counts for the firm's own people, for people of a client, and for somebody to whom "
        "the firm has written for this client. Move the message by hand where it is right."
    ),
    Reason.MASS_MAIL: (
        "The message went to people of more than ten outside domains ([matching] mass_mail_domains; each person at a "
        "public mail provider counts as a domain), and a client's "
        "person is only one of its recipients: a notice or invitation to many is not that client's mail. A code, a "
        "rule or a person's correction still decides, and so does a client who wrote it."
    ),
    Reason.OWN_PEOPLE: "From, to and everyone else are the firm's own people.",
    Reason.UNREAD: "The config files mail once it is read, and this is unread.",
    Reason.TOO_YOUNG: "The config files mail after some days, and they have not passed.",
    Reason.FLAGGED: "It is flagged: someone still has work with it.",
    Reason.QUIET_HOURS: "The config lets nothing move at this time of day.",
}  # fmt: skip

LABELS: dict[Label, str] = {
    Label.APPLICANT: "Mail of someone who applies for a job. Kept while the vacancy is open, or longer by consent.",
    Label.CONTACT_FORM: "A visitor's message from a website's form. Kept until answered and no longer needed.",
    Label.NEWSLETTER: "Mail to many, sent by a newsletter service or list.",
    Label.REPORT: "A report, analysis or scan result. Reviewed yearly.",
    Label.PRIVATE: "Marked private by whoever wrote or categorised it.",
}

ROLES: dict[Role, str] = {
    Role.AUTHOR: "The person wrote the message, or it was sent on their behalf: from, sender or reply-to names them.",
    Role.ONLY_RECIPIENT: "The message went to the person alone: nobody else stands in to, cc and bcc.",
    Role.ONE_OF_MANY: (
        "The message went to the person and to others, colleagues of the firm included. What becomes of it is the "
        "config's policy: [erasure] many_recipients."
    ),
    Role.MENTIONED: (
        "No address in the envelope is the person's, but the message speaks of them: in its subject or text, in a "
        "forwarded header block, in an attached message or document, by address or telephone number. A person looks, "
        "unless [erasure] mentioned says otherwise."
    ),
    Role.POSSIBLE: (
        "Only the person's name is in the message: as a display name at another address, in a subject, a text or an "
        "attachment. A namesake has it too, so a person always decides: nothing is erased by a name alone."
    ),
}
VERDICTS: dict[Verdict, str] = {
    Verdict.ERASE: "It goes for good, once the list is approved.",
    Verdict.KEEP: "It stays, on a ground of the config with its article and its last day, or on a recorded purpose.",
    Verdict.LOOK: "Nothing decides it. A person must: mailsorter case decide.",
    Verdict.NOT_THEIRS: "A person decided that it does not concern the subject; it is left alone.",
}
JUDGEMENTS: dict[str, str] = {
    "not-rendered": (
        "Exchange lists the message and gives no envelope of it: who wrote it, to whom and when is not known. The "
        "config's policy is for mail that is known, so a person decides."
    ),
    "seen-by-witness": (
        "When the proof was made the witness saw that this message names the person, and no search had listed it: a "
        "display name on another address, or text that the search does not open. A person decides: mailsorter case "
        "decide, for all the mail of a namesake with --from ADDRESS --not-theirs."
    ),
    "possible": (
        "Nothing surer than the person's name is in the message, so it may be about a namesake. A person decides: "
        "mailsorter case decide, for all the mail of a namesake with --from ADDRESS --not-theirs. A ground that would "
        "keep it is shown beside it."
    ),
    "no-date": "Nobody can say whether a ground would still run: the message has no date. A person decides.",
    "attachments-unknown": (
        "A ground of the config is recognised by the name of an attachment, and this message's attachment names are "
        "not known: Exchange did not give them, or the search was made before the config had such a ground. Search "
        "again (mailsorter case find, then case plan), or look at the message in Outlook and decide."
    ),
    "balance-after-objection": (
        "The firm still needs it for a named purpose and the person has objected (GDPR art. 21): weigh the one against "
        "the other, and record why: mailsorter case decide."
    ),
    "ground": "A ground of the config was recognised and still runs; article, last day and rule stand beside it.",
    "ground-ended": "A ground of the config was recognised, and its time is over.",
    "case-correspondence": (
        "It is the request itself, an answer in its thread after it came, or carries the case's tag, such as "
        "[MS-2026-0001-k7qd], in its subject: kept to a day, to account for the case (GDPR art. 5(2), 17(3)(e))."
    ),
    "nobody-of-the-client": (
        "It lies in the leaving client's folder because of its thread, a project code or a prediction, and nobody of "
        "the client takes part in it: a stranger may have put it there. A person decides."
    ),
    "perhaps-the-request": (
        "The person wrote it about the time of the request, and its subject speaks of erasure or personal data. It may "
        "be the request itself, which is not erased: mailsorter case request NUMBER ITEM. If it is not, decide it."
    ),
    "reviewer": "A person decided, and gave the reason: mailsorter case review.",
}
"""Why a verdict fell as it did; a role, or the client's own folder, may be the reason, too."""

GAPS: dict[str, str] = {
    "text-by-index-only": (
        "The envelopes of these messages were compared one by one and do not name the person. Their text was not "
        "opened: Exchange's own search was asked for the person's addresses, names and numbers and did not bring "
        "them. That search can miss what is not indexed yet or cannot be."
    ),
    "text-not-read": (
        "The envelopes of these messages were compared one by one and do not name the person. Their text was not read: "
        "the search was made with --read headers. mailsorter case find NUMBER --read bodies reads it."
    ),
    "attachments-not-opened": (
        "These messages have attachments, and nothing in envelope, text, class or search suggests that they concern "
        "the person, so the attachments were not opened. mailsorter case find NUMBER --read everything opens them."
    ),
    "attachments-not-readable": (
        "These attachments were opened, but not all of their text could be read: scans, pictures, encrypted or damaged "
        "documents, or documents of a kind that is not read here."
    ),
    "limits": (
        "These messages were opened, and reading them met a limit: 20 seconds of processor time or 512 MB of memory "
        "for one message, the size of what is unpacked, the depth of parts inside parts, or the process that read the "
        "message ended. What was read before is compared; the rest is not. Look at them in Outlook, with care: such a "
        "message is rarely written by a person."
    ),
    "search-broken-entries": (
        "Exchange's search answered with errors in the place of so many messages. Every message was listed and its "
        "envelope compared all the same; what the search would have said of these is not known."
    ),
    "broken-entry": (
        "A listing of this folder has an error in the place of a message, so nobody has seen that message. Prove "
        "again; if it stays, look into the folder in Outlook."
    ),
    "attachment-names": "The names of these attachments could not be asked, so no ground could be recognised by them.",
    "encrypted": "The message is encrypted (S/MIME or rights management): only its envelope can be compared.",
    "unreadable": (
        "Exchange lists the message and does not give it: not with its folder, not by itself, not as a whole. In the "
        "folder of the client whom the case is about, or where Exchange's search says that it names the person, it is "
        "in the list for you to decide; elsewhere look at it in Outlook."
    ),
    "item-not-readable": (
        "When the proof was made, Exchange listed an item of this folder and did not give it. Everything else in the "
        "folder was looked at. Look at it in Outlook."
    ),
    "folder-vanished": "The folder was there when the search began and gone when it was to be listed.",
    "listing-short": (
        "Exchange counts more items in this folder than it listed, also when it was asked again, and its own count of "
        "the listing does not say why. Mail may have moved meanwhile, so ask again. When it stays, look at the folder "
        "in Outlook and leave it out: mailsorter case scope NUMBER --without MAILBOX --folder FOLDER --reason TEXT."
    ),
    "other-items": (
        "So many items in this folder are not mail: appointments, contacts, tasks or notes that somebody deleted or "
        "moved into it. Exchange counts them, and Microsoft Graph does not list them among the messages, so this "
        "program cannot see what they say. Every message in the folder was listed. They lie beyond the depth of the "
        "case and do not hinder a proof. Look at them in Outlook if they may concern the person."
    ),
    "folder-classes": (
        "Graph's mail folders are those of class IPF.Note. Folders of other classes may hold mail, too, for example "
        "IPF.Imap in a mailbox that was migrated over IMAP. Only the admin API lists them, and this app may not ask "
        "there, so nobody knows whether this mailbox has such folders. Grant MailboxFolder.Read.All (or the role "
        "Application MailboxFolder.Read) and User.Read.All, and search again. They lie beyond the depth of the case "
        "and do not hinder a proof."
    ),
    "folder-classes-unanswered": (
        "Folders of other classes than IPF.Note may hold mail, too. The admin API that lists them gave no answer: it "
        "was throttled or failed. So it is not known whether this mailbox has such folders, and nothing is proven "
        "of them. Ask again later: mailsorter case find NUMBER, or mailsorter case prove NUMBER."
    ),
    "excluded": "The config names this mailbox in [erasure] exclude_mailboxes: no case looks into it.",
    "left-out": "A person took this mailbox or folder out of the case's scope: mailsorter case scope.",
    "address-unknown": (
        "The ledger filed in this mailbox, the config does not have it any more, and an older version kept no more "
        "than a digest of its address. Name the address in [erasure] former_mailboxes, or leave the mailbox out: "
        "mailsorter case scope NUMBER --without 'mailbox N' --reason TEXT."
    ),
    "not-searched": "The mailbox belongs to the scope since the last search, which did not look into it: search again.",
    "no-recoverable-items": (
        "The server has no folder Recoverable Items for this mailbox, so there was nothing of it to look into. What it "
        "keeps of deleted mail elsewhere, in backups or copies of its own, cannot be seen from here. Ask its "
        "administrator."
    ),
    "search-useless": (
        "The server's search gave more hits than there are messages: it looks at no word of the question. What it gave "
        "was opened and compared, up to 1,000 hits; the text of other messages was not. Envelopes were compared one by "
        "one all the same."
    ),
    "search-cap": (
        "Exchange's search gives 1,000 hits at most and had more. Envelopes were compared one by one all the same."
    ),
}


IN_SHORT: dict[str, str] = {
    "search-useless": (
        "search-useless: the server's search ignored the question, so texts and attachments that only it could have "
        "suggested were not looked for; envelopes and first lines were compared all the same."
    ),
    "no-recoverable-items": (
        "no-recoverable-items: the server has no Recoverable Items for that mailbox: there was nothing of it to read."
    ),
}
"""Gaps that are told with a sentence wherever they are shown, because their code alone says too little."""


HTTP_STATUS = (
    "Exchange answered a request of the proof with this HTTP status, so what was asked for was not looked at; the line "
    "beside the code says which mailbox and folder."
)
_TEMPORARY = frozenset({"429", "500", "502", "503", "504"})
_AGAIN = "It is worth trying again later."
_NOT_AGAIN = "The same request will most likely fail again: run mailsorter doctor, and look at the app's rights."
EXCHANGE_CODE = (
    "This is Exchange's own code for refusing the request (Microsoft's documentation of EWS lists them as "
    "ResponseCodeType). What was asked for was not looked at. Run mailsorter doctor, and look at the account's rights."
)

TROUBLES: dict[str, str] = {
    kind.__name__: "A mailbox, folder or message was not worked for this reason: "
    + (kind.__doc__ or "").splitlines()[0]
    for kind in _kinds(errors.MailsorterError)
}
"""The classes of errors, whose names stand where something could not be done."""

CASE_FILES: dict[str, str] = {
    "case-file-missing": (
        "The ledger has this case as open, and its file is not in the folder that [erasure] cases names. Give the "
        "folder its name back, or restore the file. The ledger's former key is kept until a check finds the file, or "
        "the case is closed."
    ),
    "case-file-not-readable": (
        "This user may not read the case's file, so nobody can say by which key of the ledger it is protected. The "
        "former key is kept. Run mailsorter check as the officer whose file it is."
    ),
}
"""Why a check could not say that a case's file is under the ledger's key in force."""

LOOKALIKES: dict[str, str] = {
    "same-name": "The address has the person's display name.",
    "same-local-part": "The address has the same before the @.",
    "same-signature": "Mail from it is signed with the person's name, in the first 255 characters.",
    "same-phone": "Mail from it gives the person's number, in the first 255 characters.",
    "same-thread": "It is outside the firm, resembles the person, and takes part in a thread of theirs.",
    "answers-for-them": "It is outside the firm and answers mail that went to the person alone.",
}
"""Why an address is offered as perhaps the same person's; never assumed."""

PROOF: dict[str, str] = {
    "erased-but-there": "The case has it as erased, and the witness sees it: search again, and plan anew.",
    "names-the-person": "The witness sees an item that names the person and is not on the list.",
    "waiting": "Approved items or decisions are still open: the list was not performed to its end.",
    "files-name-the-person": "A file of mailsorter's own holds the person's strings: remove it, then prove again.",
    "not-proved-yet": "No proof was made since the last change, or an earlier version made it, without its coverage.",
    "unanswered": "Exchange did not answer all that the proof asked: try again later.",
    "unread": "Something in scope was not read, so nobody can say that it does not name the person.",
    "changed": "The item is not what was approved any more (moved, edited): it was left out. Search and plan again.",
    "failed": "Exchange refused to delete the item.",
    "not-looked-at": "Nobody can tell which message the item is now: a person must look.",
    "held": "A hold on Exchange's side protects the item. It is an obstacle, not a legal ground.",
    "past-its-day": "The day on which Exchange should have removed the item has passed, and nobody saw it gone.",
    "retained": "The item is in Exchange's own recovery until a day.",
    "erased": "The item is gone.",
    "kept": "The item stays on a ground, until a day.",
    "no-answer": "Exchange gave no answer that could be read. It is worth trying again later.",
    "broken-answer": "Exchange's answer could not be read. It is worth trying again later.",
    "foreign-link": "Exchange's answer named a page on another host, which was not followed.",
    "not-searched": "The mailbox came into scope after the last search: search again.",
    "not-readable-limits": "It was too large or too complex to be read whole within the limits.",
}
"""Why a case is not proven, where its items stand, and what the witness could not ask."""


def explain(code: str) -> str | None:
    """The paragraph for a code of evidence, outcome, reason, label or case, or None when there is no such code.

    A word that is several things (`rule` is evidence and a reason) gets all its paragraphs.
    """
    found = [paragraph for _, name, paragraph in _all() if name.lower() == code.strip().lower()]
    return "\n\n".join(found) or _of_a_family(code.strip())


def _of_a_family(code: str) -> str | None:
    """Codes that are made when they are printed: an HTTP status, a code of Exchange's own, an archive's trouble."""
    kind, _, rest = code.partition("-")
    if kind.lower() == "http" and len(rest) == 3 and rest.isdigit():
        return f"{HTTP_STATUS} {_AGAIN if rest in _TEMPORARY else _NOT_AGAIN}"
    if kind.lower() == "archive" and rest and (why := explain(rest)) is not None:
        return f"The archive mailbox could not be asked, so nothing in it was looked at. {why}"
    if code.startswith("Error") and code.isalnum() and len(code) > len("Error"):
        return EXCHANGE_CODE
    return None


def codes() -> tuple[str, ...]:
    """Every code that `explain` knows, each once."""
    return tuple(dict.fromkeys(name for _, name, _ in _all()))


def page() -> str:
    """docs/evidence.md: a section for every code."""
    parts = [
        "# Evidence, outcomes, labels and cases\n\nEvery code that mailsorter shows, with what it means. The same "
        "paragraphs: `mailsorter explain CODE`. Evidence stands in order of strength, strongest first; codes with the "
        "same number are equally strong. The order holds within one client. Between clients only where a fact comes "
        "from counts, in this order: a person's correction; a rule; the message's own people, codes and attachments; "
        "its thread; mail that it carries or speaks for; a prediction. Two clients named by the message itself, be it "
        "one by address and the other by domain, are ambiguous.\n\n"
        "Texts are read as far as a cap (a body 32,000 characters, a subject or file name 1,000) and are cut before a "
        "word, never inside one: what is cut off can hide evidence and cannot make any. Letters are compared without "
        "regard to case by Unicode's simple case folding; a dotless i is not an i.\n\n"
        "Each paragraph ends with what it rests on. *Known*: this program defines or records it itself, a standard "
        "says it, or Microsoft documents it or its servers were seen to answer so. *Assumed*: the rest, with the part "
        "that no source states.\n"
    ]
    heading = ""
    for part, name, paragraph in _all():
        if part != heading:
            heading = part
            parts.append(f"## {heading}\n")
        parts.append(f"### {name}\n\n{_strength(part, name)}{paragraph}\n")
    return "\n".join(parts)


def _strength(part: str, name: str) -> str:
    return f"Strength {EvidenceKind.from_code(name).strength}. " if part == "Evidence" else ""


def _all() -> Iterator[tuple[str, str, str]]:
    for kind, paragraph in KINDS.items():
        yield "Evidence", kind.code, f"{paragraph} {basis(kind.code)}"
    tables: tuple[tuple[str, Iterable[tuple[str, str]]], ...] = (
        ("Outcomes", OUTCOMES.items()),
        ("Reasons", REASONS.items()),
        ("Labels", LABELS.items()),
        ("Cases: roles", ROLES.items()),
        ("Cases: verdicts", VERDICTS.items()),
        ("Cases: why that verdict", JUDGEMENTS.items()),
        ("Cases: what was not looked into", GAPS.items()),
        ("Cases: account and proof", PROOF.items()),
        ("Cases: addresses that may be the same person's", LOOKALIKES.items()),
        ("Cases: kinds", words.CASE_KINDS.items()),
        ("Cases: states", words.CASE_STATES.items()),
        ("Cases: items", words.ITEM_STATES.items()),
        ("Cases: where the person was seen", words.SEEN.items()),
        ("Cases: grounds", words.GROUNDS.items()),
        ("Cases: outcome of a proof", words.PROOF_OUTCOMES.items()),
        ("Cases: depth", words.DEPTHS.items()),
        ("Cases: terms", words.TERMS.items()),
        ("Cases: letters", words.LETTERS.items()),
        ("Runs, messages and changes", words.RUNS.items()),
        ("Differences that a check finds", words.DIFFERENCES.items()),
        ("Brakes", words.BRAKE_WORDS.items()),
        ("The ledger's key: case files", CASE_FILES.items()),
        ("Troubles", TROUBLES.items()),
    )
    for part, table in tables:
        for code, paragraph in table:
            yield part, str(code), f"{paragraph} {basis(str(code))}"
