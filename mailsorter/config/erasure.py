"""Cases under data-protection law: deadlines, who approves, what must stay, whom to tell."""

from __future__ import annotations

from typing import Literal

from mailsorter.config.connect import AppIdentity
from mailsorter.config.places import FilePath, PlainFolder, SecretRef
from mailsorter.config.table import Many, Table, key
from mailsorter.config.values import AddressOrDomain, Days, Term

FINANCIAL_YEAR = r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"


class ErasureGraph(AppIdentity):
    """The second identity, which alone may delete for good (MailboxItem.ReadWrite.All). Filing never uses it."""


class Erasure(Table):
    """How a case is handled."""

    firm_days: int = key(
        14, about="Calendar days in which the firm promises to say what cannot be erased.", example=14, ge=1, le=31
    )
    approvals: int = key(
        1,
        about="How many people must approve a list. With 2 both sign, and the planner is a third [[approver]].",
        example=1,
        ge=1,
        le=2,
    )
    many_recipients: Literal["look", "erase", "keep"] = key(
        "look",
        about="A message in which the person is one of many recipients: look (a person decides), erase, or keep as "
        "business letter.",
        example="look",
    )
    mentioned: Literal["look", "erase", "keep"] = key(
        "look", about="A message that only mentions the person: as many_recipients.", example="look"
    )
    keep_correspondence: Days = key(
        "1825 days", about="How long the request and our answers are kept as proof.", example="1825 days"
    )
    backup_horizon: Days = key(
        "90 days",
        about="How far back the oldest backup of mailboxes reaches; tombstones live that long.",
        example="90 days",
    )
    deleted_item_retention: Days = key(
        "30 days",
        about="How long Exchange itself keeps deleted mail in Recoverable Items: 14 days by default, 30 at most.",
        example="14 days",
    )
    pauses_for_identity: bool = key(
        False,
        about="Does a question about the asker's identity stop the law's month? The firm's days never stop.",
        example=False,
    )
    contact: str = key("", about="Where the person reaches the firm, for letters.", example="privacy@onzefirma.example")
    restricted_folder: PlainFolder | None = key(
        None, about="Where mail goes that is kept only on a ground.", example="Restricted"
    )
    letters: FilePath | None = key(
        None, about="Folder with the firm's own letter templates, instead of the built-in ones.", example="letters"
    )
    cases: FilePath = key("cases", about="Folder of the encrypted case files.", example="cases")
    signing_key: SecretRef | None = key(
        None,
        about="Ed25519 private key that signs certificates, by reference; unreadable for the daemon's user.",
        example="file:/etc/mailsorter/certificate-key.pem",
    )
    financial_year_ends: str = key(
        "12-31", about="Last day of the firm's financial year, month-day.", example="12-31", pattern=FINANCIAL_YEAR
    )
    former_mailboxes: Many[str] = key(
        (),
        about="Addresses of mailboxes that left the config, and in which mailsorter once filed: cases look there too.",
        example=["carla@onzefirma.example"],
    )
    exclude_mailboxes: Many[str] = key(
        (),
        about="Mailboxes that no case looks into (works council, confidential adviser); always named in the outcome.",
        example=["vertrouwenspersoon@onzefirma.example"],
    )
    graph: ErasureGraph | None = key(None, about="The second identity, for hard delete.", example={})


class Ground(Table):
    """A reason the law gives to keep a message for a time."""

    code: str = key(about="Short name, shown in plans and letters.", example="tax", pattern=r"^[a-z0-9-]+$")
    article: str = key(
        about="The article, as the letter cites it.", example="AVG art. 17(3)(b), AWR art. 52(4)", min_length=1
    )
    basis: Literal["legal-duty", "legal-claim", "still-necessary"] = key(
        "legal-duty",
        about="What kind of reason: a legal duty (17(3)(b)), legal claims (17(3)(e)), or still necessary (17(1)).",
        example="legal-duty",
    )
    purpose: str = key("", about="For still-necessary: the purpose.", example="an assignment that is still running")
    keep: Term = key(about='How long: "7 years" or "90 days".', example="7 years")
    counted_from: Literal["financial-year-end", "received", "relation-end"] = key(
        "financial-year-end", about="From when it is counted.", example="financial-year-end"
    )
    folders: Many[str] = key((), about="Recognised by: a part of the folder's path.", example=["Administration"])
    subjects: Many[str] = key((), about="Recognised by: words in the subject.", example=["invoice", "factuur"])
    attachments: Many[str] = key((), about="Recognised by: words in an attachment's name.", example=["invoice"])
    categories: Many[str] = key((), about="Recognised by: a category in Outlook.", example=["Bookkeeping"])
    senders: Many[AddressOrDomain] = key(
        (), about="Recognised by: the sender, an address or @domain.", example=["@bookkeeper.example"]
    )


class Purpose(Table):
    """A purpose for which mail can still be necessary (art. 17(1)); a person balances and records it."""

    code: str = key(about="Short name.", example="running-project", pattern=r"^[a-z0-9-]+$")
    text: str = key(
        about="The purpose, as the letter tells it.", example="an assignment that is still running", min_length=1
    )


class Processor(Table):
    """Someone who keeps data for the firm and must be told of an erasure (art. 19)."""

    name: str = key(about="Who.", example="Backup firm", min_length=1)
    contact: str = key("", about="Where to tell them.", example="privacy@backup.example")
    task: str = key("", about="What they must do.", example="let the restore points of this mailbox expire")


class Approver(Table):
    """Someone who may plan or approve an erasure. With two approvals, both approvers need a public key."""

    name: str = key(about="Who.", example="anna", min_length=1)
    also: Many[str] = key(
        (),
        about="Other names of the same person, such as the user name on this machine: all of them are one person.",
        example=["a.jansen"],
    )
    oid: str | None = key(
        None,
        about="The person's object id in Entra, for signing in. Nothing reads it yet.",
        example="11111111-2222-4333-8444-555555555555",
        pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    )
    public_key: str = key(
        "",
        about="SSH public key, one line; with it the person approves by signature only.",
        example="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBvQ4kT0Z1nEwQ0m4O8m3M7i1p5c7yqk9p5l8uQ1yZb7 anna",
        pattern=r"^((ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa|sk-ssh-ed25519@openssh\.com) \S+( .*)?)?$",
    )


class Retention(Table):
    """What goes by its age alone."""

    enabled: bool = key(False, about="Plan retention at all.", example=False)
