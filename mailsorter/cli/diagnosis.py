"""What `doctor` looks at, one check after the other; each says what was found and what to do.

Nothing is changed anywhere. The order is that in which one trouble causes the next: without a network no token, without
a token no mailbox.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mailsorter.cli.failure import ExitCode, exit_code
from mailsorter.errors import MailboxGone, MailsorterError, NotPermitted
from mailsorter.model.counted import counted

if TYPE_CHECKING:
    from mailsorter.assembly import Assembly
    from mailsorter.config.schema import MailboxEntry
    from mailsorter.config.secret import SecretReference
    from mailsorter.mailbox.base import Mailbox
    from mailsorter.model.folder import FolderTree

_SKEW_WARNING = timedelta(minutes=1)
_SKEW_FAILURE = timedelta(minutes=5)  # Entra's tolerance for times in tokens and assertions
_EXPIRY_WARNING = timedelta(days=30)
_PLACEHOLDER = frozenset("01-")  # of the ids that `init` writes before there is an app
_ONLINE_HOSTS = ("outlook.com", "office365.com", "office.com", "office365.us", "partner.outlook.cn")


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it looked at, how it ended, what was found, and what to do."""

    name: str
    status: Status
    what: str
    advice: str = ""
    code: ExitCode = ExitCode.DONE  # what a failure alone would end the command with


def ok(name: str, what: str) -> Check:
    """Nothing to do."""
    return Check(name, Status.OK, what)


def warning(name: str, what: str, advice: str) -> Check:
    """It works, and should be otherwise."""
    return Check(name, Status.WARNING, what, advice)


def failed(name: str, error: MailsorterError) -> Check:
    """It does not work."""
    return Check(name, Status.FAILED, error.what, error.advice, exit_code(error))


def diagnose(assembly: Assembly) -> Iterator[Check]:
    """All checks of a config that is right, as they are done."""
    from mailsorter.cli import diagnosis_keys

    used = {entry.connector for entry in assembly.config.mailbox}
    if "graph" in used:
        yield from _graph(assembly)
    if "ews" in used:
        yield from _ews(assembly)
    yield from _ledger_key(assembly)
    yield from _authentication(assembly)
    yield from _approvals(assembly)
    yield from _permissions(assembly)
    yield from diagnosis_keys.readers(assembly)
    yield from diagnosis_keys.signing_key(assembly)


def _permissions(assembly: Assembly) -> Iterator[Check]:
    """May anybody else write or read what the program trusts?"""
    for line in assembly.loaded.unsafe:
        yield Check(
            "permissions", Status.FAILED, f"Cases are stopped: {line}",
            "Take the right away, then run: mailsorter config check", ExitCode.USAGE,
        )  # fmt: skip
    for line in assembly.loaded.warnings:
        yield warning("permissions", line, "docs/operations.md says which modes they need.")


def _approvals(assembly: Assembly) -> Iterator[Check]:
    """Can the approvals that the config asks for be given, and can anybody check who gave them?"""
    name, config = "approvals", assembly.config
    wrong = [line for line in assembly.loaded.case_problems if line not in assembly.loaded.unsafe]
    for line in wrong:
        yield Check(
            name, Status.FAILED, f"Cases are stopped: {line}",
            "Give both approvers an [[approver]] with a public_key, then run: mailsorter config check", ExitCode.USAGE,
        )  # fmt: skip
    if wrong:
        return
    for approver in config.approver:
        if not approver.public_key and config.erasure.approvals < 2:
            yield warning(
                name,
                f"The approver {approver.name} has no public_key: anybody at this machine can approve in that name.",
                "Give the entry a public_key; docs/erasure.md, Approval by signature, says how to make one.",
            )
    if not config.approver and "erasure" in config.model_fields_set:  # a firm that only files is left in peace
        yield warning(
            name,
            "One approval without a key is enough to erase: anybody at this machine can give it in any name.",
            "Name who approves, with a public_key, in [[approver]]; docs/erasure.md, Approval by signature.",
        )
    if config.erasure.approvals == 2 and len(config.approver) < 3:
        yield warning(
            name,
            "Two approve and only two people are listed: the planner is none of the approvers, so no list can be made.",
            "Add an [[approver]] for who plans; it needs no public_key.",
        )


def _authentication(assembly: Assembly) -> Iterator[Check]:
    """Does so much mail fail authentication that a gateway must be missing from the config?"""
    from mailsorter.sorting.verdicts import failures

    if assembly.config.matching.authentication == "off":
        text = "mail is filed for its author whether or not its domain vouches for them."
        yield warning("authentication", f"[matching] authentication is off: {text}", "Leave it out to switch it on.")
        return
    try:
        looked = assembly.look_at_keys()
        if looked is None or not looked.is_in_force:
            return  # no ledger yet, or one whose key the next command replaces: it is not opened here
        with assembly.ledger.reading() as unit:
            found = failures(unit, unit.places.mailbox_numbers())
    except MailsorterError:
        return  # told where the ledger itself is looked at
    if found.is_suspicious:
        yield warning("authentication", found.warning, found.advice)
    elif found.seen:
        judged = counted(found.seen, "message")
        yield ok("authentication", f"Of the last {judged} that Exchange judged, {found.failed} failed.")


def _ledger_key(assembly: Assembly) -> Iterator[Check]:
    """How far the ledger is with keys that were replaced. Opens it for reading only: no key is replaced here."""
    from mailsorter.cli.former_keys import key_words, state_data

    name = "ledger key"
    try:
        looked = assembly.look_at_keys()
    except MailsorterError as error:
        yield failed(name, error)
        return
    if looked is None:
        return
    if not looked.is_in_force:
        if assembly.config.ledger.former_keys:
            advice = "Run: mailsorter status"
            yield warning(name, "The ledger's key is to be replaced; the next command that opens it does so.", advice)
        return
    for state in looked.under_former_keys:
        what, *more = key_words([state_data(state)])
        yield warning(name, f"{what[0].upper()}{what[1:]}.", "; ".join(line.strip() for line in more))


def _graph(assembly: Assembly) -> Iterator[Check]:
    config = assembly.config
    assert config.graph is not None  # a checked config has it
    if set(config.graph.client_id) <= _PLACEHOLDER:
        yield Check(
            "client_id", Status.FAILED, "client_id in [graph] is still the placeholder that init wrote.",
            "Register the app in Entra and put its application id there.", ExitCode.USAGE,
        )  # fmt: skip
        return
    try:
        connector = assembly.graph
    except MailsorterError as error:
        yield failed("credential", error)
        return
    if config.graph.certificate is not None:
        yield from _certificate("certificate", config.graph.certificate, assembly.clock.now())
    clock = _clock(connector.server_time, assembly.clock.now)
    yield clock
    if clock.status is Status.FAILED and clock.code is ExitCode.LATER:
        return  # no road: everything after would only wait and say so again
    try:
        roles = connector.token_roles()
    except MailsorterError as error:
        yield failed("sign-in", error)
        return
    yield ok("sign-in", f"The app {config.graph.client_id} gets a token of tenant {config.graph.tenant}.")
    yield from _breadth("permissions", roles, may_erase=config.erasure.graph is None)
    for entry in config.mailbox:
        if entry.connector == "graph":
            yield _mailbox(entry, (connector.reach, connector.may_change))
    if config.graph.control_mailbox is not None:
        yield _control(config.graph.control_mailbox, connector.reach)
    if config.erasure.graph is not None:
        yield from _erasing(assembly)


def _erasing(assembly: Assembly) -> Iterator[Check]:
    from mailsorter.cli.diagnosis_keys import is_officer

    connector, config = assembly.graph, assembly.config
    assert config.erasure.graph is not None  # the caller asked
    if not is_officer(assembly):
        yield ok("erasing sign-in", "The second identity is the officer's; run doctor as that user to try it.")
        return
    if config.erasure.graph.certificate is not None:
        yield from _certificate("erasing certificate", config.erasure.graph.certificate, assembly.clock.now())
    try:
        roles = connector.erasing_roles()
    except MailsorterError as error:
        yield failed("erasing sign-in", error)
        return
    yield ok("erasing sign-in", "The second identity gets a token.")
    yield from _breadth("erasing permissions", roles, may_erase=True)
    for entry in config.mailbox:
        if entry.connector == "graph":
            yield _mailbox(entry, (connector.reach_erasing,), name="erasing mailbox", found="items can be listed")


def _certificate(name: str, reference: SecretReference, now: datetime) -> Iterator[Check]:
    expires = _expiry(reference.path)
    if expires is None:
        return
    if expires <= now:
        yield Check(
            name, Status.FAILED, f"The certificate {reference} expired on {expires:%Y-%m-%d}.",
            "Make a new one and upload its public part in Entra (mailsorter init prints how).", ExitCode.NOT_PERMITTED,
        )  # fmt: skip
    elif expires - now < _EXPIRY_WARNING:
        advice = "Make a new one and upload its public part in Entra before that day."
        yield warning(name, f"The certificate {reference} expires on {expires:%Y-%m-%d}.", advice)
    else:
        yield ok(name, f"The certificate {reference} is valid until {expires:%Y-%m-%d}.")


def _expiry(path: Path) -> datetime | None:
    """When the PEM's certificate ends; None for what is no PEM (a PFX shows nothing without its password)."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None


def _clock(server_time: Callable[[], datetime | None], now: Callable[[], datetime]) -> Check:
    before = now()
    try:
        theirs = server_time()
    except MailsorterError as error:
        return failed("network", error)
    if theirs is None:
        return warning("clock", "The server does not say what time it is.", "Compare this machine's clock by hand.")
    ours = before + (now() - before) / 2
    skew = abs(ours.astimezone(UTC) - theirs)
    shown = f"This machine's clock and the server's are {skew.total_seconds():.0f} seconds apart"
    advice = "Set this machine's clock, best by NTP: timedatectl set-ntp true"
    if skew > _SKEW_FAILURE:
        return Check("clock", Status.FAILED, f"{shown}: tokens are refused.", advice, ExitCode.USAGE)
    if skew > _SKEW_WARNING:
        return warning("clock", f"{shown}.", advice)
    return ok("clock", f"{shown}.")


def _breadth(name: str, roles: Iterable[str], *, may_erase: bool) -> Iterator[Check]:
    """What the token may do everywhere: roles scoped in Exchange never show in it."""
    mail = sorted(role for role in roles if role.startswith(("Mail.", "Mail-", "full_access", "Exchange.")))
    items = sorted(role for role in roles if role.startswith(("MailboxItem.", "MailboxFolder.", "eDiscovery.")))
    if mail:
        yield warning(
            name,
            f"Too broad: {', '.join(mail)} consented in Entra reaches every mailbox of the tenant, whatever the "
            "scope in Exchange says, for the two add up.",
            "Remove the consent in Entra (Enterprise applications, Permissions) and assign the role in Exchange, "
            "scoped (mailsorter init prints how).",
        )
    if items:
        more = "" if may_erase else " Filing does not need it: only the second identity should have it."
        yield warning(
            name,
            f"Too broad: {', '.join(items)} in Entra reaches items of every mailbox of the tenant.{more}",
            "Where your tenant knows the role Application MailboxItem.ReadWrite, assign that in Exchange, scoped, and "
            "remove the consent in Entra.",
        )
    if not mail and not items:
        yield ok(name, "No mail permission for the whole tenant: rights are scoped in Exchange.")


def _mailbox(
    entry: MailboxEntry,
    questions: Iterable[Callable[[str], None]],
    *,
    name: str = "mailbox",
    found: str = "can be read and filed",
) -> Check:
    try:
        for ask in questions:
            ask(entry.address)
    except MailsorterError as error:
        return failed(f"{name} {entry.address}", error)
    return ok(f"{name} {entry.address}", f"{entry.address}: {found}.")


def _control(address: str, reach: Callable[[str], None]) -> Check:
    name = f"control mailbox {address}"
    try:
        reach(address)
    except NotPermitted:
        return ok(name, f"{address} is refused, as it must be.")
    except MailboxGone:
        advice = "Name one that exists and that mailsorter must not reach: [graph] control_mailbox"
        return warning(name, f"There is no mailbox {address}: it proves nothing.", advice)
    except MailsorterError as error:
        return failed(name, error)
    return Check(
        name, Status.FAILED, f"{address} opens, and must not: the app reaches more than the mailboxes chosen.",
        "Remove Mail.* consents in Entra, look at the scope with Get-ManagementScope, and try "
        f"Test-ServicePrincipalAuthorization -Resource {address}; a change takes up to 2 hours to work.",
        ExitCode.NOT_PERMITTED,
    )  # fmt: skip


def _ews(assembly: Assembly) -> Iterator[Check]:
    config = assembly.config
    assert config.ews is not None  # a checked config has it
    host = urlsplit(config.ews.url).hostname or ""
    if any(host == online or host.endswith(f".{online}") for online in _ONLINE_HOSTS):
        yield Check(
            "ews", Status.FAILED,
            f"{host} is Exchange Online, where EWS is blocked since 2026-10-01 and ends on 2027-04-01.",
            'For mailboxes in Exchange Online set connector = "graph" and fill in [graph]; [ews] is for an Exchange '
            "Server of your own.", ExitCode.USAGE,
        )  # fmt: skip
        return
    for entry in config.mailbox:
        if entry.connector == "ews":
            yield from _ews_mailbox(assembly, entry)


def _ews_mailbox(assembly: Assembly, entry: MailboxEntry) -> Iterator[Check]:
    name = f"mailbox {entry.address}"
    try:
        mailbox = assembly.mailbox(entry)
        tree = mailbox.tree()
    except MailboxGone as error:
        advice = error.advice or 'If it was moved to Exchange Online, set connector = "graph" for it.'
        yield Check(name, Status.FAILED, error.what, advice, exit_code(error))
        return
    except MailsorterError as error:
        yield failed(name, error)
        return
    yield ok(name, f"{entry.address}: can be read over EWS.")
    yield from _readers(assembly, mailbox, tree)


def _readers(assembly: Assembly, mailbox: Mailbox, tree: FolderTree) -> Iterator[Check]:
    """Who else reads the archive's folders, where the road tells: everybody, anybody, or people outside the firm."""
    name = f"folder permissions {mailbox.address}"
    paths = [assembly.archive_path or assembly.book.folder_of(client.id) for client in assembly.book]
    tops = {top.id for path in paths if (top := tree.find(path)) is not None}
    folders = list({folder.id: folder for top in tops for folder in tree.within(top)}.values())
    try:
        answers = mailbox.folder_permissions([folder.id for folder in folders]) if folders else None
    except MailsorterError as error:
        yield warning(name, error.what, error.advice)
        return
    if answers is None:
        return
    readers = Counter(
        one.user
        for answer in answers
        if not isinstance(answer, MailsorterError)
        for one in answer
        if one.may_read and not assembly.match_book.own(one.user.casefold())
    )
    unknown = sum(isinstance(answer, MailsorterError) for answer in answers)
    if readers:
        shown = ", ".join(f"{user} ({count})" for user, count in sorted(readers.items()))
        yield warning(
            name,
            f"{mailbox.address}: archive folders can be read by others than the firm's own people: {shown}.",
            f"In the Exchange Management Shell: Remove-MailboxFolderPermission -Identity '{mailbox.address}:\\FOLDER' "
            "-User NAME; for Default and Anonymous Set-MailboxFolderPermission … -AccessRights None",
        )
    elif unknown:
        yield warning(
            name,
            f"{mailbox.address}: of {unknown} archive folders the permissions could not be read.",
            "Look at them in Outlook, or with Get-MailboxFolderPermission.",
        )
    else:
        yield ok(name, f"{mailbox.address}: archive folders are read by nobody outside the firm.")
