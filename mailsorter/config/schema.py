"""The config file's keys: one schema from which checking, example file, JSON Schema and `config show` are made."""

from __future__ import annotations

from typing import Literal

from mailsorter.config.connect import Ews, Graph, Ledger
from mailsorter.config.erasure import Approver, Erasure, Ground, Processor, Purpose, Retention
from mailsorter.config.places import DEFAULT_TEMPLATE, ClientFolder, FilePath, PlainFolder
from mailsorter.config.running import Brakes, Daemon, Log, Predict
from mailsorter.config.table import Many, OneOrMany, Table, key
from mailsorter.config.values import Address, AddressOrDomain, Domain, FilingMoment, Quiet, TimeZone

Several = Literal["review", "first", "copy"]

STAY = "stay"
"""A label's `folder` when its mail stays where it is."""


class Firm(Table):
    """The firm itself: mail between its own people belongs to no client."""

    name: str = key("", about="The firm's name, for letters.", example="Onze Firma B.V.")
    domains: OneOrMany[Domain] = key(about="The firm's own mail domains.", example=["onzefirma.example"], min_length=1)
    addresses: Many[Address] = key(
        (), about="Its people's addresses elsewhere, such as private ones.", example=["piet.prive@mail.example"]
    )
    timezone: TimeZone = key("Europe/Amsterdam", about="Days and hours are counted there.", example="Europe/Amsterdam")
    language: Literal["nl", "en"] = key("nl", about="The language of letters.", example="nl")


class Matching(Table):
    """What matching is told beside the client book."""

    public_domains: Many[Domain] = key(
        (),
        about="More mail providers whose domains are nobody's; the well-known ones are built in.",
        example=["regionet.example"],
    )
    authentication: Literal["on", "off"] = key(
        "on",
        about="Exchange's verdict on who wrote a message (DMARC): on, mail that failed it is not filed for its author.",
        example="on",
    )
    trusted_gateways: Many[Domain] = key(
        (),
        about="Mail gateways in front of Exchange, whose verdict on the author is taken instead of Exchange's.",
        example=["mx.gateway.example"],
    )
    mass_mail_domains: int = key(
        10,
        about="Mail to people of more outside domains than this waits in review when a client is only one of them.",
        example=10,
        ge=1,
    )


class Archive(Table):
    """Where client folders hang: below each mailbox's visible root."""

    folder: ClientFolder = key(
        DEFAULT_TEMPLATE,
        about="The client's folder. Each `/` starts a subfolder; a `/` in a client's name does not. Placeholders: "
        "{name}, {id}.",
        example="Clients/{name}",
    )


class Sent(Table):
    """Sent Items' own rule."""

    when: FilingMoment = key("arrival", about="As filing.when, for Sent Items.", example="after 1 day")


class Filing(Table):
    """When and how mail is filed; each mailbox can say it differently."""

    when: FilingMoment = key("arrival", about='On "arrival", once "read", or "after 3 days".', example="read")
    watch: OneOrMany[str] = key(
        ("inbox", "sentitems"),
        about='Folders to file from: well-known names or paths; ["*"]: every folder outside the archive.',
        example=["inbox", "sentitems"],
        min_length=1,
    )
    never_while_flagged: bool = key(True, about="Leave flagged mail until its flag is gone.", example=True)
    sent: Sent | None = key(
        None, about="Sent Items' own rule; without it filing.when holds there too.", example={"when": "after 1 day"}
    )
    quiet_hours: OneOrMany[Quiet] = key(
        (), about="Hours in which nothing is moved, in the firm's time zone; one or several.", example="08:30-17:30"
    )
    several: Several = key(
        "review",
        about="Mail of two clients: review (a person decides), first (named), copy (one for each).",
        example="review",
    )
    stamp_category: bool = key(False, about="Also give filed mail a category with the client's name.", example=False)


class MailboxEntry(Table):
    """One mailbox to file. What it leaves out, [filing] says."""

    address: Address = key(about="Its address.", example="anna@onzefirma.example")
    kind: Literal["user", "shared"] = key("user", about="A person's, or a shared one.", example="user")
    connector: Literal["graph", "ews"] = key(
        "graph", about="graph: Exchange Online. ews: the firm's own Exchange Server.", example="graph"
    )
    when: FilingMoment | None = key(None, about="As filing.when.", example="after 3 days")
    watch: OneOrMany[str] | None = key(None, about="As filing.watch.", example=["inbox"], min_length=1)
    never_while_flagged: bool | None = key(None, about="As filing.never_while_flagged.", example=True)
    sent: Sent | None = key(None, about="As filing.sent.", example={"when": "after 1 day"})
    quiet_hours: OneOrMany[Quiet] | None = key(None, about="As filing.quiet_hours.", example="08:30-17:30")
    several: Several | None = key(None, about="As filing.several.", example="review")
    stamp_category: bool | None = key(None, about="As filing.stamp_category.", example=False)


class Condition(Table):
    """What a message must have: every key given must hold, with any one of its values.

    Of `from`, `to` and `address` (with `domain`) only one can be given.
    """

    from_: OneOrMany[AddressOrDomain] = key(
        (), alias="from", about="The author, sender or reply-to: an address, or @domain.", example=["@portal.example"]
    )
    to: OneOrMany[AddressOrDomain] = key(
        (), about="A recipient (to, cc, bcc): an address, or @domain.", example=["project@onzefirma.example"]
    )
    address: OneOrMany[AddressOrDomain] = key(
        (), about="Anyone on the envelope: an address, or @domain.", example=["jan@acme.example"]
    )
    domain: OneOrMany[Domain] = key(
        (), about="Anyone's domain on the envelope, subdomains included.", example=["acme.example"]
    )
    local_part: OneOrMany[str] = key((), about="What stands before the @.", example=["noreply"])
    subject: OneOrMany[str] = key(
        (), about="Words in the subject, upper and lower case alike.", example=["Acme portal"]
    )
    attachment: OneOrMany[str] = key((), about="Words in an attachment's name.", example=["timesheet"])
    list_id: OneOrMany[str] = key((), about="A part of the List-Id header.", example=["news.example"])
    message_class: OneOrMany[str] = key((), about="Exchange's message class.", example=["IPM.Schedule.Meeting"])
    category: OneOrMany[str] = key((), about="A category in Outlook.", example=["Acme"])

    @property
    def is_empty(self) -> bool:
        """Would it hold for every message?"""
        return not any(getattr(self, name) for name in type(self).model_fields)


CONDITIONS = ", ".join(field.alias or name for name, field in Condition.model_fields.items()) + "."


class RuleEntry(Table):
    """An explicit rule of the administrator, stronger than all evidence but a person's correction."""

    name: str = key("", about="For people, shown by `explain`; without it rule-1, rule-2, …", example="acme-portal")
    when: Condition = key(
        about="What the message must have: " + CONDITIONS, example={"from": "@portal.example", "subject": "Acme"}
    )
    client: str | None = key(None, about="The id of the client it is filed to.", example="acme")
    exclude: bool = key(False, about="Or: such mail is never filed.", example=False)


class LabelEntry(Table):
    """Mail with a life of its own, such as newsletters or applicants. Client evidence still decides first."""

    name: str = key(
        about="applicant, contact-form, newsletter, report, private, or a word of your own.",
        example="applicant",
        pattern=r"^[a-z0-9-]+$",
    )
    when: Condition | None = key(
        None,
        about="What the message must have, as in [[rule]]; without it the built-in signs of that label.",
        example={"subject": "vacancy"},
    )
    folder: PlainFolder = key(
        STAY, about='Where it goes without client evidence: a folder, or "stay".', example="Applicants"
    )


class Config(Table):
    """Everything the config file says. Paths are absolute, defaults filled in; books are read apart."""

    clients: OneOrMany[FilePath] = key(
        ("clients.toml",), about="The client books, TOML or CSV.", example=["clients.toml"]
    )
    firm: Firm = key(about="", example={})
    mailbox: Many[MailboxEntry] = key(about="", example=[], min_length=1)
    archive: Archive = key(Archive(), about="", example={})
    filing: Filing = key(Filing(), about="", example={})
    matching: Matching = key(Matching(), about="", example={})
    rule: Many[RuleEntry] = key((), about="", example=[])
    label: Many[LabelEntry] = key((), about="", example=[])
    graph: Graph | None = key(None, about="", example={})
    ews: Ews | None = key(None, about="", example={})
    ledger: Ledger = key({}, about="", example={})
    brakes: Brakes = key(Brakes(), about="", example={})
    daemon: Daemon = key(Daemon(), about="", example={})
    predict: Predict = key(Predict(), about="", example={})
    log: Log = key(Log(), about="", example={})
    erasure: Erasure = key({}, about="", example={})
    ground: Many[Ground] = key((), about="", example=[])
    purpose: Many[Purpose] = key((), about="", example=[])
    processor: Many[Processor] = key((), about="", example=[])
    approver: Many[Approver] = key((), about="", example=[])
    retention: Retention = key(Retention(), about="", example={})

    def filing_of(self, mailbox: MailboxEntry) -> Filing:
        """How this mailbox is filed: its own words, and [filing]'s where it says nothing."""
        own = {name: value for name in Filing.model_fields if (value := getattr(mailbox, name)) is not None}
        return self.filing.model_copy(update=own)

    def erasing_graph(self) -> Graph | None:
        """The second identity at the same tenant and URLs, or None when none is configured."""
        if self.graph is None or self.erasure.graph is None:
            return None
        return self.graph.model_copy(update=dict(self.erasure.graph))
