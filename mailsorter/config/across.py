"""What must fit together in a config although each key by itself is right."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mailsorter.config.connect import EXACTLY_ONE_CREDENTIAL, AppIdentity
from mailsorter.config.erasure import Ground
from mailsorter.config.problem import Problem, Where, show_value
from mailsorter.config.schema import Condition, Config, LabelEntry, RuleEntry
from mailsorter.model.labels import Label
from mailsorter.model.officer import spelled


def check_config(config: Config) -> Iterator[Problem]:
    """Everything within the config file itself."""
    yield from _mailboxes(config)
    yield from _connections(config)
    yield from _approvers(config)
    if "{" not in config.archive.folder.text:
        yield Problem(
            ("archive", "folder"),
            f"found {show_value(config.archive.folder.text)}, one folder for all clients, "
            "expected {name} or {id} in it",
        )
    for index, rule in enumerate(config.rule):
        yield from _rule(("rule", index), rule)
    for index, label in enumerate(config.label):
        yield from _label(("label", index), label)
    for index, ground in enumerate(config.ground):
        yield from _ground(("ground", index), ground)
    for table in ("label", "rule", "ground", "purpose"):
        yield from _unique(
            table, [getattr(row, "name", "") or getattr(row, "code", "") for row in getattr(config, table)]
        )
    watches: list[tuple[Where, tuple[str, ...]]] = [(("filing", "watch"), config.filing.watch)]
    watches += [(("mailbox", i, "watch"), m.watch) for i, m in enumerate(config.mailbox) if m.watch is not None]
    for where, watch in watches:
        if "*" in watch and len(watch) > 1:
            yield Problem(where, 'found "*" beside other folders, expected ["*"] alone (every folder) or folders only')


def check_rules_against_book(config: Config, ids: Collection[str]) -> Iterator[Problem]:
    """Do rules name clients that the book knows?"""
    for index, rule in enumerate(config.rule):
        if rule.client is not None and rule.client not in ids:
            yield Problem(
                ("rule", index, "client"),
                f"found the client {show_value(rule.client)}, which no client book knows, expected the id of a client",
            )


def _mailboxes(config: Config) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, mailbox in enumerate(config.mailbox):
        earlier = first.setdefault(mailbox.address.casefold(), index)
        if earlier != index:
            yield Problem(
                ("mailbox", index, "address"),
                f"found the mailbox {mailbox.address} a second time, expected each mailbox once",
            )


def _connections(config: Config) -> Iterator[Problem]:
    control = config.graph.control_mailbox if config.graph is not None else None
    if control is not None and any(control.casefold() == mailbox.address.casefold() for mailbox in config.mailbox):
        yield Problem(
            ("graph", "control_mailbox"),
            f"found {control}, which is a mailbox to file, expected one that must not open",
        )
    used = {mailbox.connector for mailbox in config.mailbox}
    if "graph" in used and config.graph is None:
        yield Problem(("graph",), "found no [graph], expected it, since a mailbox has the connector graph")
    if "ews" in used and config.ews is None:
        yield Problem(("ews",), "found no [ews], expected it, since a mailbox has the connector ews")
    if config.graph is not None:
        yield from _credential(("graph",), config.graph)
    second = config.erasure.graph
    if second is not None:
        yield from _credential(("erasure", "graph"), second)
        if config.graph is None:
            yield Problem(("erasure", "graph"), "found [erasure.graph] without [graph], expected the tenant in [graph]")
        elif second.client_id == config.graph.client_id:
            yield Problem(
                ("erasure", "graph", "client_id"),
                "found the same app as in [graph], expected a second app registration: "
                "filing must not be able to erase",
            )
    if config.ews is not None:
        yield from _ews_sign_in(config)


def _credential(where: Where, identity: AppIdentity) -> Iterator[Problem]:
    names = ", ".join(EXACTLY_ONE_CREDENTIAL)
    if len(identity.credentials) != 1:
        found = " and ".join(identity.credentials) or "no credential"
        yield Problem(where, f"found {found}, expected exactly one of {names}")
    if identity.certificate_password is not None and identity.certificate is None:
        yield Problem(
            (*where, "certificate_password"), "found a password without a certificate, expected both or neither"
        )


def _ews_sign_in(config: Config) -> Iterator[Problem]:
    assert config.ews is not None
    needed = ("tenant", "client_id", "client_secret") if config.ews.auth == "oauth" else ("username", "password")
    for name in needed:
        if getattr(config.ews, name) is None:
            yield Problem(
                ("ews", name), f"found no {name} in ews, expected one for auth = {show_value(config.ews.auth)}"
            )


def check_cases(config: Config) -> Iterator[Problem]:
    """What stops cases and `config check`, but not filing: two approvals that nobody could tell apart.

    Without two keys, one person could type two names.
    """
    signers = sum(bool(approver.public_key) for approver in config.approver)
    if signers < config.erasure.approvals == 2:
        yield Problem(
            ("erasure", "approvals"),
            f"found 2 with {signers} [[approver]] with a public_key, expected at least 2: without signatures one "
            "person can approve under two names",
        )


def _approvers(config: Config) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, approver in enumerate(config.approver):
        names = {spelled(name): name for name in (approver.name, *approver.also)}
        for spelling, name in names.items():
            if first.setdefault(spelling, index) != index:
                where: Where = ("approver", index) if name == approver.name else ("approver", index, "also")
                yield Problem(where, f"found {show_value(spelling)} a second time, expected each approver once")
    keys: dict[tuple[str, ...], str] = {}  # of two names with one key, one person would be two
    for index, approver in enumerate(config.approver):
        if not approver.public_key:
            continue
        owner = keys.setdefault(tuple(approver.public_key.split()[:2]), approver.name)
        if owner != approver.name:
            yield Problem(
                ("approver", index, "public_key"),
                f"found the key of {show_value(owner)} a second time, expected each approver's own",
            )


def _rule(where: Where, rule: RuleEntry) -> Iterator[Problem]:
    if (rule.client is None) == (not rule.exclude):
        found = "neither client nor exclude" if rule.client is None else "both client and exclude"
        yield Problem(where, f'found {found}, expected client = "…" or exclude = true')
    yield from _condition(where, rule.when)


def _label(where: Where, label: LabelEntry) -> Iterator[Problem]:
    if label.when is not None:
        yield from _condition(where, label.when)
    elif label.name not in set(Label):
        yield Problem(
            where,
            f"found the label {show_value(label.name)} without when, expected one "
            f"(only {', '.join(Label)} are recognised without)",
        )


def _condition(where: Where, when: Condition) -> Iterator[Problem]:
    if when.is_empty:
        yield Problem(where, "found an empty when, which every message meets, expected at least one condition")
    sides = [
        name
        for name, given in (("from", when.from_), ("to", when.to), ("address", when.address or when.domain))
        if given
    ]
    if len(sides) > 1:
        yield Problem(
            (*where, "when"), f"found {' and '.join(sides)} in one when, expected one of them (write two rules)"
        )


def _ground(where: Where, ground: Ground) -> Iterator[Problem]:
    if not (ground.folders or ground.subjects or ground.attachments or ground.categories or ground.senders):
        yield Problem(
            where,
            f"found the ground {show_value(ground.code)}, which recognises nothing, "
            "expected folders, subjects, attachments, categories or senders",
        )


def _unique(table: str, names: list[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name and name.casefold() in seen:
            yield Problem((table, index), f"found {show_value(name)} a second time, expected each {table} once")
        seen.add(name.casefold())
