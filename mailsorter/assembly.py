"""From a checked config to everything else; nothing else builds anything.

An `Assembly` opens what is asked for when it is first asked for, so that `mailsorter clients check` touches no ledger
and `mailsorter audit verify` no network. Closing it closes all it opened.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import threading
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from mailsorter.clock import Clock, SystemClock
from mailsorter.config.connect import AppIdentity, Ews, Graph
from mailsorter.config.load import Loaded
from mailsorter.config.permissions import require_own_case_files
from mailsorter.config.policy import filing_policy, label_homes, matching_policy, rules, several
from mailsorter.config.schema import MailboxEntry, Matching
from mailsorter.config.secret import SecretReference, create_key_file
from mailsorter.errors import ConfigError, LedgerUnreadable, UserError
from mailsorter.ledger.ledger import Ledger
from mailsorter.mailbox.base import Mailbox, archive_name, archive_owner
from mailsorter.model.brake import BrakePolicy
from mailsorter.model.client import Client
from mailsorter.model.folder import FolderPath
from mailsorter.model.matching import EDITION, MatchingPolicy
from mailsorter.sorting.filing import Filing
from mailsorter.sorting.matching import MatchBook
from mailsorter.sorting.run import Job

if TYPE_CHECKING:
    from mailsorter.cases.calendar import Terms
    from mailsorter.cases.office import ClientEntry as CaseClient
    from mailsorter.cases.office import Firm as CaseFirm
    from mailsorter.cases.office import Office
    from mailsorter.cases.witness import Witness
    from mailsorter.ledger.key_look import KeyLook
    from mailsorter.mailbox.graph.connector import GraphConnector
    from mailsorter.mailbox.graph.settings import Credential, GraphSettings
    from mailsorter.prediction import PredictionModel
    from mailsorter.prediction.forgetting import Unlearn
    from mailsorter.sandbox import Sandbox

KEY_FILE = "ledger.key"


class Assembly:
    """Everything that one process works with. Use as a context manager, or call `close`."""

    def __init__(
        self,
        loaded: Loaded,
        *,
        clock: Clock | None = None,
        stop: threading.Event | None = None,
        today_said: date | None = None,
        may_erase: bool = True,
    ) -> None:
        """`may_erase` False is the daemon's: such an assembly never reads the second identity's credential."""
        self.loaded = loaded
        self.today_said = today_said
        self._may_erase = may_erase
        self.config = loaded.config
        self.book = loaded.book
        self.clock = clock or SystemClock()
        self.stop = stop or threading.Event()
        self._closers: list[Callable[[], None]] = []
        self._opened: dict[str, Mailbox] = {}

    # the ledger -----------------------------------------------------------------------------------------------

    @cached_property
    def ledger(self) -> Ledger:
        """The open ledger. Raises `LedgerError`, `UserError`."""
        key, former = self.ledger_key(), self.former_ledger_keys()
        ledger = Ledger.open(self._ledger_url(), key, former_keys=former, clock=self.clock)
        self._closers.append(ledger.close)
        return ledger

    def ledger_key(self) -> bytes:
        """The ledger's master key, 32 bytes; made beside a new SQLite ledger when the config names none."""
        reference = self.config.ledger.key
        if reference is None:
            reference = self._default_key()
        return _key_bytes(reference)

    def former_ledger_keys(self) -> list[bytes]:
        """Master keys that were replaced and that the config still names."""
        return [_key_bytes(reference) for reference in self.config.ledger.former_keys]

    def look_at_keys(self) -> KeyLook | None:
        """The keys of a ledger that is there already, without opening it for writing; None while there is none.

        Raises `LedgerError`, `UserError`; while there is no ledger, for what would keep the first run from making it.
        """
        from mailsorter.ledger.key_look import look

        file = self.ledger_file
        if file is not None and not (file.exists() and file.stat().st_size):
            if self.config.ledger.key is not None:  # else the first run makes one
                self.ledger_key()
            _require_place(file)
            return None
        now_s = int(self.clock.now().timestamp())
        return look(self._ledger_url(), self.ledger_key(), self.former_ledger_keys(), now_s)

    def finish_rekeying(self) -> None:
        """After checking: seal what lies beside the ledger with the key in force, and say so when all is done.

        Does nothing while there is no former key. Raises `LedgerError`, `UserError`.
        """
        if not self.ledger.key.former:
            return
        from mailsorter.ledger.rekey import finish

        left = self._office.reseal_files()
        self._reseal_prediction_model()
        finish(self.ledger, self._named_mailboxes(), [client.id for client in self.book], case_files=left)

    def _named_mailboxes(self) -> list[str]:
        return [entry.address for entry in self.config.mailbox]

    def _reseal_prediction_model(self) -> None:
        from mailsorter.prediction.forgetting import hold_model

        if not self.prediction_file.exists():
            return
        with hold_model(self.prediction_file):
            self.keep_prediction_model(self.prediction_model())

    @property
    def ledger_file(self) -> Path | None:
        """The SQLite file, or None for a database server."""
        url = str(self.config.ledger.url)
        return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None

    def _ledger_url(self) -> str:
        url = str(self.config.ledger.url)
        if self.config.ledger.password is None:
            return url
        from sqlalchemy.engine import make_url

        password = self.config.ledger.password.read().reveal()
        return make_url(url).set(password=password).render_as_string(hide_password=False)

    def _default_key(self) -> SecretReference:
        file = self.ledger_file
        if file is None:
            raise UserError(
                "The ledger is on a database server and [ledger] key is not set.",
                advice='Make a key with: openssl rand -hex 32   and refer to it: key = "file:ledger.key"',
            )
        key_file = file.with_name(KEY_FILE)
        if not key_file.exists():
            if file.exists() and file.stat().st_size:
                raise LedgerUnreadable(
                    f"The ledger {file} is there, but its key file {key_file} is not.",
                    advice="Give the key file back from backup; without it the ledger cannot be read.",
                )
            _make_key(key_file)
        return SecretReference.parse(f"file:{key_file}", key_file.parent)

    # Exchange -------------------------------------------------------------------------------------------------

    @cached_property
    def graph(self) -> GraphConnector:
        """The Graph connector. Nothing is sent before the first question. Raises `UserError` without [graph]."""
        from mailsorter.mailbox.graph.connector import GraphConnector

        graph = self.config.graph
        if graph is None:
            raise UserError("The config has no [graph] section.", advice="Run: mailsorter init   to see one.")
        erasing = self.config.erasing_graph()
        connector = GraphConnector(
            _graph_settings(graph, self.config.matching),
            _credential(graph),
            erasing=(_graph_settings(erasing, self.config.matching), self._erasing_credential) if erasing else None,
            clock=self.clock,
            stop=self.stop,
        )
        self._closers.append(connector.close)
        return connector

    def _erasing_credential(self) -> Credential:
        """The second identity's, read when it is first needed: filing never needs it. Raises `UserError`."""
        identity = self.config.erasure.graph
        assert identity is not None  # the connector asks only where there is one
        if not self._may_erase:
            raise UserError(
                "The daemon does not use [erasure.graph]: it never erases.",
                advice="Run case commands as the officer; docs/operations.md, The officer.",
            )
        return _credential(identity)

    def mailbox(self, entry: MailboxEntry) -> Mailbox:
        """Open one of the config's mailboxes by its connector."""
        if entry.connector == "ews":
            return self._ews_mailbox(entry.address)
        return self.graph.mailbox(entry.address)

    def _ews_mailbox(self, name: str) -> Mailbox:
        """A mailbox on premises by its address, or its archive by that name."""
        ews, settings = self._ews
        opened: Mailbox = ews.open_mailbox(settings, name, clock=self.clock, stop=self.stop)
        return opened

    @cached_property
    def _ews(self) -> tuple[Any, Any]:
        """The EWS connector and what it is told. Raises `UserError` where this mailsorter comes without it."""
        try:
            package = importlib.import_module("mailsorter.mailbox.ews")  # by name: its folder may be deleted
        except ImportError as error:
            addresses = ", ".join(self._on_premises)
            raise UserError(
                f"Mailbox {addresses} is to be reached over EWS, and this mailsorter comes without that connector.",
                advice='Set connector = "graph", or install mailsorter with its EWS connector.',
            ) from error
        assert self.config.ews is not None  # a checked config has [ews] when a mailbox asks for it
        return package, _ews_settings(package, self.config.ews, self.config.matching)

    @cached_property
    def connect(self) -> Mapping[str, Callable[[], Mailbox]]:
        """How to open each of the config's mailboxes, by address."""
        return {entry.address: lambda entry=entry: self.mailbox(entry) for entry in self.config.mailbox}  # type: ignore[misc]

    # sorting --------------------------------------------------------------------------------------------------

    @cached_property
    def match_book(self) -> MatchBook:
        """The client book with the firm's rules, compiled."""
        return self.match_book_of(EDITION)

    def match_book_of(self, edition: int) -> MatchBook:
        """The same, with facts weighed as that edition of the rules of evidence does."""
        firm = self.config.firm
        return MatchBook(
            self.book.clients,
            firm.domains,
            rules=rules(self.config),
            own_addresses=(*firm.addresses, *(entry.address for entry in self.config.mailbox)),
            public_domains=self.config.matching.public_domains,
            zone=ZoneInfo(firm.timezone),
            policy=msgspec.structs.replace(matching_policy(self.config), edition=edition),
        )

    @property
    def archive_path(self) -> FolderPath:
        """The folder in which all client folders lie; () where their template begins with the client."""
        return _fixed_part(str(self.config.archive.folder))

    @cached_property
    def _folder_of(self) -> Mapping[str, FolderPath]:
        return {client.id: self.book.folder_of(client.id) for client in self.book}

    @cached_property
    def rules_digest(self) -> bytes:
        """Names book and rules as they are now: when it changes, mail that was left is tested again."""
        return _digest([*self._own_rules, matching_policy(self.config)])

    @property
    def own_rules(self) -> bytes:
        """The same without what only an upgrade changes. For an unchanged config it is what release 0.1.0 kept."""
        policy = matching_policy(self.config)
        return _digest(self._own_rules if policy == MatchingPolicy() else [*self._own_rules, policy.mass_mail_domains])

    @property
    def _own_rules(self) -> list[object]:
        firm = self.config.firm
        parts: list[object] = [
            sorted(self.book.clients, key=lambda c: c.id), rules(self.config), label_homes(self.config), firm.domains,
            firm.addresses, self.config.matching.public_domains,
            [several(self.config, entry) for entry in self.config.mailbox],
        ]  # fmt: skip
        if self.config.predict.enabled:
            parts.append((self.config.predict.precision, self.config.predict.body_words))
        return parts

    def filing(self, entry: MailboxEntry) -> Filing:
        """How one mailbox is filed."""
        own = self.config.filing_of(entry)
        return Filing(
            book=self.match_book,
            folder_of=self._folder_of,
            archive=self.archive_path,
            rules_digest=self.rules_digest,
            own_rules=self.own_rules,
            policy=filing_policy(self.config, entry),
            several=several(self.config, entry),
            watch=own.watch,
            label_homes=label_homes(self.config),
            stamp_category=own.stamp_category,
            predictor=self.predictor,
            trusted_gateways=tuple(self.config.matching.trusted_gateways),
            sandbox=lambda: self._sandbox,
        )

    # prediction -----------------------------------------------------------------------------------------------

    @cached_property
    def predictor(self) -> PredictionModel | None:
        """The model as it may be used now, or None while [predict] is off."""
        if not self.config.predict.enabled:
            return None
        from mailsorter.sorting.teaching import recently_contradicted

        model = self.prediction_model()
        for client_id in recently_contradicted(self.ledger, self.clock, [client.id for client in self.book]):
            model.contradict(client_id)
        return model

    def prediction_model(self, *, empty: bool = False) -> PredictionModel:
        """The model from its file; an empty one where there is none, or when asked for. Raises `UserError`."""
        from mailsorter.prediction import PredictionModel
        from mailsorter.prediction.sealed import feature_key, load_model

        own, key = self.config.predict, self.ledger_key()
        if empty:
            return PredictionModel(feature_key(key), target=own.precision, reads_bodies=own.body_words)
        return load_model(
            self.prediction_file, key, target=own.precision, reads_bodies=own.body_words,
            former_keys=self.former_ledger_keys(),
        )  # fmt: skip

    def keep_prediction_model(self, model: PredictionModel) -> None:
        """Write the model back, sealed."""
        from mailsorter.prediction.sealed import save_model

        save_model(model, self.prediction_file, self.ledger_key())

    def unlearn(self, what: Unlearn) -> int:
        """Take a person, mail or a client out of the model's file, where there is one; gives how many messages.

        Waits for a training that runs. Raises `UserError` when the file cannot be read.
        """
        from mailsorter.prediction.forgetting import hold_model, is_there, unlearn

        if not is_there(self.prediction_file):
            return 0
        with hold_model(self.prediction_file):
            model = self.prediction_model()
            count = unlearn(model, what)
            if count:
                self.keep_prediction_model(model)
        return count

    @property
    def prediction_file(self) -> Path:
        """As [predict] model says; else beside the ledger's file, for a database server in the working folder."""
        if self.config.predict.model is not None:
            return self.config.predict.model
        ledger = self.ledger_file
        return ledger.with_name("prediction.model") if ledger is not None else Path("prediction.model")

    def brakes(self, *, go_on: bool = False) -> BrakePolicy:
        """When a run is to stop for a person; `go_on`: this once a person said that it is right."""
        own = self.config.brakes
        return BrakePolicy(enabled=own.enabled, factor=own.factor, minimum=own.minimum, go_on=go_on)

    def jobs(self) -> list[Job]:
        """One job for each of the config's mailboxes, in its order."""
        return [Job(e.address, self.filing(e), self.connect[e.address]) for e in self.config.mailbox]

    # cases ----------------------------------------------------------------------------------------------------

    def terms(self) -> Terms:
        """What the config says about the terms of cases."""
        from mailsorter.cases.calendar import Terms

        return Terms(firm_days=self.config.erasure.firm_days, pauses=self.config.erasure.pauses_for_identity)

    @property
    def office(self) -> Office:
        """What handling cases takes.

        Raises:
            ConfigError: something is wrong with the config for cases alone.
            UserError: the case files belong to another user.
        """
        office = self.office_at_a_glance
        require_own_case_files(self.config)
        return office

    @property
    def office_at_a_glance(self) -> Office:
        """The same for lists of cases, which tell what the ledger has where the case files are another user's."""
        if self.loaded.case_problems:
            raise ConfigError(self.loaded.case_problems)
        return self._office

    @cached_property
    def _office(self) -> Office:
        """Nothing is opened before it is needed but the ledger."""
        from mailsorter.cases.office import Office

        erasure = self.config.erasure
        signing_key = erasure.signing_key
        return Office(
            ledger=self.ledger,
            clock=self.clock,
            folder=erasure.cases,
            firm=self._case_firm(),
            mailboxes=tuple(entry.address for entry in self.config.mailbox),
            open_mailbox=self.open_any,
            open_eraser=self.open_any if erasure.graph is not None or self._all_on_premises else None,
            open_witness=self._witness,
            former_mailboxes=erasure.former_mailboxes,
            excluded=erasure.exclude_mailboxes,
            archive_of=self._archive_of,
            clients={client.id: self._case_client(client) for client in self.book},
            signing_key=(lambda: signing_key.read().reveal_bytes()) if signing_key is not None else None,
            local_places=self._own_files(),
            book_places=self.book.paths,
            unlearn=self.unlearn,
            exchange_times=self.exchange_times,
            today_said=self.today_said,
            sandbox=self._sandbox,
            zone=ZoneInfo(self.config.firm.timezone),
        )

    def exchange_times(self) -> list[datetime | None]:
        """What time each server of the config's mailboxes has; None for one that does not say. Raises `Unreachable`."""
        times: list[datetime | None] = []
        if any(entry.connector == "graph" for entry in self.config.mailbox):
            times.append(self.graph.server_time())
        if self._on_premises:
            ews, settings = self._ews
            times.append(ews.server_time(settings))
        return times

    @cached_property
    def _sandbox(self) -> Sandbox:
        """Where mail is taken apart; no process is started before there is something to read."""
        from mailsorter.sandbox import Sandbox

        sandbox = Sandbox(is_stopping=self.stop.is_set)
        self._closers.append(sandbox.close)
        return sandbox

    @property
    def _all_on_premises(self) -> bool:
        """On the firm's own server the one service account erases; a second identity is Graph's affair."""
        return bool(self.config.mailbox) and all(entry.connector == "ews" for entry in self.config.mailbox)

    def open_any(self, address: str) -> Mailbox:
        """Open a mailbox of the config by its address, or an archive by the name that it goes by."""
        if address not in self._opened:  # kept: a mailbox asks once which of its folders is which
            opener = self.connect.get(address)
            self._opened[address] = opener() if opener is not None else self._open_archive(address)
        return self._opened[address]

    def _open_archive(self, name: str) -> Mailbox:
        """An archive, or a mailbox that the config no longer has: with Graph where there is [graph]."""
        is_graph = archive_owner(name) is None and self.config.graph is not None
        return self.graph.mailbox(name) if is_graph else self._ews_mailbox(name)

    def _archive_of(self, address: str) -> str | None:
        if address in self._on_premises or self.config.graph is None:
            ews, settings = self._ews
            name: str | None = ews.archive_of(settings, address, clock=self.clock, stop=self.stop)
            return name
        archive = self.graph.archive(address)
        return archive.address if archive is not None else None

    @property
    def _on_premises(self) -> list[str]:
        return [entry.address for entry in self.config.mailbox if entry.connector == "ews"]

    def _witness(self) -> Witness:
        """A second pair of eyes for each mailbox, by where it lives."""
        from mailsorter.cases.witness.places import Witnesses

        on_premises = [*self._on_premises, *map(archive_name, self._on_premises)]
        by_address = dict.fromkeys(on_premises, self._ews_witness()) if on_premises else {}
        if self.config.graph is not None:
            return Witnesses(by_address, self._graph_witness())
        return Witnesses(by_address, next(iter(by_address.values()), None))  # a mailbox that left the config, too

    def _graph_witness(self) -> Witness:
        from mailsorter.cases.witness.graph import GraphWitness

        assert self.config.graph is not None
        ca_file = str(self.config.graph.ca_file) if self.config.graph.ca_file else None
        url, token = self.config.graph.url, self.graph.access_token
        witness = GraphWitness(url, token, self._wait, ca_file=ca_file, sandbox=self._sandbox)
        self._closers.append(witness.close)
        return witness

    def _ews_witness(self) -> Witness:
        from mailsorter.cases.witness.ews import EwsWitness

        assert self.config.ews is not None  # a checked config has [ews] when a mailbox asks for it
        ews, settings = self._ews
        sign_in = ews.http_auth(settings)  # only its sign-in: the road is the witness's own
        ca_file = str(self.config.ews.ca_file) if self.config.ews.ca_file else None
        archives = {archive_name(address): address for address in self._on_premises}
        url, box = self.config.ews.url, self._sandbox
        witness = EwsWitness(
            url, sign_in, self._wait, ca_file=ca_file, impersonate=settings.impersonate, archives=archives, sandbox=box
        )
        self._closers.append(witness.close)
        return witness

    def _wait(self, seconds: float) -> None:
        """Wait. Raises `TemporaryError` soon after the program was asked to stop."""
        from mailsorter.mailbox.waiting import Stopper

        Stopper(self.clock, self.stop).wait(seconds)

    def _case_firm(self) -> CaseFirm:
        from mailsorter.cases.office import Approver, Processor
        from mailsorter.cases.office import Firm as CaseFirm
        from mailsorter.config.keeping import keep_policy

        firm, erasure = self.config.firm, self.config.erasure
        restricted = erasure.restricted_folder or "Restricted"
        return CaseFirm(
            name=firm.name,
            own_domains=firm.domains,
            own_addresses=firm.addresses,
            policy=keep_policy(self.config),
            terms=self.terms(),
            approvals=erasure.approvals,
            approvers=tuple(Approver(a.name, a.public_key, a.also) for a in self.config.approver),
            processors=tuple(Processor(p.name, p.contact, p.task) for p in self.config.processor),
            purposes={purpose.code: purpose.text for purpose in self.config.purpose},
            retention_days=erasure.deleted_item_retention,
            backup_days=erasure.backup_horizon,
            knows_backups="backup_horizon" in erasure.model_fields_set,
            letter_templates=erasure.letters,
            contact=erasure.contact,
            restricted_folder=tuple(restricted.split("/")),
        )

    def _case_client(self, client: Client) -> CaseClient:
        from mailsorter.cases.office import ClientEntry as CaseClient

        return CaseClient(
            id=client.id,
            name=client.name,
            folder=self.book.folder_of(client.id),
            domains=client.domains,
            addresses=tuple(address.address for address in client.addresses),
            contract_ended_on=client.contract_ended_on,
        )

    def _own_files(self) -> list[Path]:
        """Files of ours that could hold a person's strings: ledger with its companions, logs."""
        ledger, log = self.ledger_file, self.config.log.file
        files = [ledger.with_name(ledger.name + end) for end in ("", "-wal", "-shm", "-journal")] if ledger else []
        return [path for path in [*files, self.prediction_file, *([log] if log else [])] if path.exists()]

    # ending ---------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close what was opened, last first."""
        while self._closers:
            self._closers.pop()()

    def __enter__(self) -> Assembly:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _digest(parts: list[object]) -> bytes:
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).digest()


def _key_bytes(reference: SecretReference) -> bytes:
    raw = reference.read().reveal_bytes()
    text = raw.strip()
    if len(raw) == 32:
        return raw
    try:
        return bytes.fromhex(text.decode("ascii"))
    except (UnicodeDecodeError, ValueError):
        raise UserError(
            f"The ledger's key {reference} is neither 32 bytes nor 64 hexadecimal digits.",
            advice="Give back the key that belongs to this ledger; a new one comes from: openssl rand -hex 32",
        ) from None


def _require_place(file: Path) -> None:
    """Raises `LedgerUnreadable` where no ledger can be made."""
    folder = next(parent for parent in file.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise LedgerUnreadable(
            f"The ledger {file} cannot be made: {folder} is no folder where this user may write.",
            advice="Mend the folder's permissions or [ledger] url, then run: mailsorter doctor",
        )


def _make_key(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        create_key_file(path)
    except OSError as error:
        raise LedgerUnreadable(
            f"The ledger's key file {path} cannot be made: {error.strerror}.",
            advice="Mend the folder's permissions or [ledger] url.",
        ) from None


def _fixed_part(template: str) -> FolderPath:
    """The segments of a folder template before the first that differs from client to client."""
    fixed: list[str] = []
    for segment in template.split("/"):
        if "{" in segment:
            break
        fixed.append(segment)
    return tuple(fixed)


def _graph_settings(graph: Graph, matching: Matching) -> GraphSettings:
    from mailsorter.mailbox.graph.settings import GraphSettings

    return GraphSettings(
        tenant=graph.tenant,
        client_id=graph.client_id,
        origin=graph.url,
        login_origin=graph.authority,
        ca_file=graph.ca_file,
        reads_headers=matching.authentication == "on",
        trusted_gateways=matching.trusted_gateways,
        read_timeout_s=graph.timeout.total_seconds(),
    )


def _credential(identity: AppIdentity) -> Credential:
    from mailsorter.mailbox.graph.settings import ClientCertificate, ClientSecret, FederatedCredential

    if identity.client_secret is not None:
        return ClientSecret(identity.client_secret.read().reveal())
    if identity.certificate is not None:
        password = identity.certificate_password
        return ClientCertificate(identity.certificate.checked_path(), password.read().reveal() if password else None)
    assert identity.federated_credential is not None  # a checked config has exactly one of the three
    return FederatedCredential(identity.federated_credential.path)


def _ews_settings(package: Any, ews: Ews, matching: Matching) -> Any:
    """The settings of the EWS connector, whose package is handed in because it may not be there."""
    secret = ews.client_secret if ews.auth == "oauth" else ews.password
    assert secret is not None  # a checked config has what its kind of sign-in needs
    if ews.auth == "oauth":
        sign_in = package.HybridSignIn(ews.tenant, ews.client_id, secret.read().reveal(), ews.authority)
    else:
        sign_in = package.Password(ews.auth, ews.username, secret.read().reveal())
    return package.EwsSettings(
        ews.url, sign_in, ca_file=ews.ca_file, trusted_gateways=matching.trusted_gateways,
        reads_headers=matching.authentication == "on", timeout_s=ews.timeout.total_seconds(),
    )  # fmt: skip
