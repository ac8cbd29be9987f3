"""The config's words as the plain values that decisions work with."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from mailsorter.config.schema import STAY, Condition, Config, MailboxEntry
from mailsorter.model.filing import FilingPolicy, Several
from mailsorter.model.labels import DEFAULT_LABEL_RULES
from mailsorter.model.matching import MatchingPolicy
from mailsorter.model.rule import Rule, RuleAction, Side

_SEVERAL = {"review": Several.REVIEW, "first": Several.FIRST_NAMED, "copy": Several.COPY_FOR_EACH}


def filing_policy(config: Config, mailbox: MailboxEntry) -> FilingPolicy:
    """When this mailbox's mail may be filed."""
    filing = config.filing_of(mailbox)
    return FilingPolicy(
        received=filing.when,
        sent=filing.sent.when if filing.sent is not None else filing.when,
        flagged_waits=filing.never_while_flagged,
        quiet=filing.quiet_hours,
        zone=ZoneInfo(config.firm.timezone),
    )


def several(config: Config, mailbox: MailboxEntry) -> Several:
    """What happens in this mailbox to mail of several clients."""
    return _SEVERAL[config.filing_of(mailbox).several]


def matching_policy(config: Config) -> MatchingPolicy:
    """How facts are weighed."""
    own = config.matching
    return MatchingPolicy(mass_mail_domains=own.mass_mail_domains, judges_authors=own.authentication == "on")


def rules(config: Config) -> tuple[Rule, ...]:
    """The administrator's rules, then those that label: the config's own, and the built-in ones of other labels."""
    explicit = [
        _rule(
            entry.when,
            id=entry.name or f"rule-{number}",
            action=RuleAction.LEAVE if entry.exclude else RuleAction.FILE,
            client_id=entry.client or "",
        )
        for number, entry in enumerate(config.rule, start=1)
    ]
    own = [
        _rule(entry.when, id=f"label-{number}-{entry.name}", action=RuleAction.LABEL, label=entry.name)
        for number, entry in enumerate(config.label, start=1)
        if entry.when is not None
    ]
    defined = {rule.label for rule in own}
    built_in = [rule for rule in DEFAULT_LABEL_RULES if rule.label not in defined]
    return (*explicit, *own, *built_in)


def label_homes(config: Config) -> dict[str, str]:
    """Where labelled mail without client evidence goes; a label that stays is not in it."""
    return {entry.name: entry.folder for entry in config.label if entry.folder != STAY}


def _rule(when: Condition, *, id: str, action: RuleAction, client_id: str = "", label: str = "") -> Rule:
    people = when.from_ or when.to or when.address
    return Rule(
        id=id,
        action=action,
        client_id=client_id,
        label=label,
        side=Side.AUTHOR if when.from_ else Side.RECIPIENT if when.to else Side.ANYONE,
        addresses=tuple(one for one in people if not one.startswith("@")),
        domains=(*(one[1:] for one in people if one.startswith("@")), *when.domain),
        local_parts=when.local_part,
        subject=when.subject,
        attachment_names=when.attachment,
        list_ids=when.list_id,
        message_classes=when.message_class,
        categories=when.category,
    )
