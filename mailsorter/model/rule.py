"""Explicit rules of the administrator: they file, leave alone, or label."""

from __future__ import annotations

import enum

import msgspec


class RuleAction(enum.StrEnum):
    """What a rule does with a message that meets all its conditions."""

    FILE = "file"
    LEAVE = "leave"
    LABEL = "label"


class Side(enum.StrEnum):
    """Whose addresses a rule looks at."""

    ANYONE = "anyone"
    FROM = "from"  # from alone, as most mail filters mean it
    AUTHOR = "author"  # from, sender, reply-to
    RECIPIENT = "recipient"  # to, cc, bcc


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: every condition that is given must hold, and each holds when any of its values does.

    A rule without a condition never applies. Texts are compared without regard to case; `subject` at word
    boundaries, `list_ids` as a part of List-Id, `message_classes` as a prefix up to a dot.
    """

    id: str
    action: RuleAction
    client_id: str = ""  # for `file`
    label: str = ""  # for `label`
    side: Side = Side.ANYONE
    addresses: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()  # with their subdomains; with `addresses` either may hold
    local_parts: tuple[str, ...] = ()  # what stands before the @: noreply, postmaster
    subject: tuple[str, ...] = ()
    attachment_names: tuple[str, ...] = ()  # only looked at where they were fetched
    list_ids: tuple[str, ...] = ()
    message_classes: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
