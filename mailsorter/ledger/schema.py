"""The ledger's tables. No readable personal data: digests (16 bytes, keyed), sealed fields, numbers and dates.

Times are whole seconds since 1970 UTC. Numbers stand for mailboxes, folders and clients everywhere; what they stand
for is a keyed digest (to find the number again) and, for folders, a sealed name.
Alembic's migrations must lead to exactly these tables: tests/unit/ledger/test_migrations.py.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_SECONDS = BigInteger().with_variant(Integer, "sqlite")  # past 2038, and whatever date a message claims

setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

mailbox = Table(
    "mailbox",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("token", LargeBinary, nullable=False, unique=True),
    Column("sealed", LargeBinary),  # its address; NULL until a version that seals it has opened it
)

client = Table(
    "client",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("token", LargeBinary, nullable=False, unique=True),
)

folder = Table(
    "folder",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("mailbox", ForeignKey("mailbox.number"), nullable=False),
    Column("token", LargeBinary, nullable=False, unique=True),
    Column("client", ForeignKey("client.number")),  # set: this is that client's folder
    Column("sealed", LargeBinary, nullable=False),  # Exchange id and path
    Column("item_count", Integer, nullable=False, server_default=text("0")),  # at the last look, for the brakes
    Index(None, "mailbox", "client"),
)

message = Table(
    "message",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("token", LargeBinary, nullable=False, unique=True),
    Column("mailbox", SmallInteger, nullable=False),
    Column("folder", Integer, nullable=False),
    Column("client", Integer),
    Column("state", SmallInteger, nullable=False),
    Column("evidence", SmallInteger, nullable=False, server_default=text("0")),
    Column("thread", LargeBinary),
    Column("message_id", LargeBinary),
    Column("received", _SECONDS),
    Column("run", Integer),
    Column("speaks", SmallInteger, nullable=False, server_default=text("1")),  # a `Trust`: 0 and 2 not for its thread
    Index(None, "thread"),
    Index(None, "message_id"),
)

waiting = Table(
    "waiting",
    metadata,
    Column("token", LargeBinary, primary_key=True),
    Column("mailbox", Integer, nullable=False),
    Column("due", _SECONDS),  # NULL: waits for a change (read, unflagged) that delta will report
    Column("sealed", LargeBinary, nullable=False),
    Index(None, "mailbox", "due"),
)

correction = Table(
    "correction",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("mailbox", Integer, nullable=False),
    Column("token", LargeBinary, nullable=False),  # the message
    Column("thread", LargeBinary),
    Column("message_id", LargeBinary),
    Column("sender", LargeBinary),
    Column("client", Integer),  # NULL: taken out of every client's folder
    Column("rejected", Integer),  # the client out of whose folder it was taken
    Column("at", _SECONDS, nullable=False),
    UniqueConstraint("token"),
    Index(None, "thread"),
    Index(None, "message_id"),
    Index(None, "sender"),
)

correspondent = Table(
    "correspondent",  # people to whom the firm has written
    metadata,
    Column("token", LargeBinary, primary_key=True),
    Column("at", _SECONDS, nullable=False),
)

cursor = Table(
    "cursor",
    metadata,
    Column("mailbox", Integer, primary_key=True),
    Column("folder", Integer, primary_key=True),  # 0: the folder tree
    Column("sealed", LargeBinary, nullable=False),
    Column("at", _SECONDS, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("undoes", Integer),
    Column("plan_digest", Text),
    Column("started", _SECONDS, nullable=False),
    Column("ended", _SECONDS),
    Column("counts", Text, nullable=False, server_default=text("'{}'")),
)

step = Table(
    "step",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("run", ForeignKey("run.number"), nullable=False),
    Column("mailbox", Integer, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("token", LargeBinary, nullable=False),  # the message (or folder path) that this step changes
    Column("state", SmallInteger, nullable=False),
    Column("client", Integer),
    Column("evidence", SmallInteger, nullable=False, server_default=text("0")),
    Column("sealed", LargeBinary),  # Exchange ids; NULL once the run can no longer be undone
    Column("began", _SECONDS, nullable=False),
    Column("ended", _SECONDS),
    Column("error", Text),  # the error's class, never its text
    Index(None, "run", "mailbox"),
    Index(None, "token"),
    # one open intent a message: the constraint, not the code, says so
    Index(
        "uq_step_open",
        "mailbox",
        "token",
        unique=True,
        sqlite_where=text("state = 0"),
        postgresql_where=text("state = 0"),
    ),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", _SECONDS, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON: run, case and counts
    Column("mac", LargeBinary, nullable=False),
)

tombstone = Table(
    "tombstone",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("search_key", LargeBinary),
    Column("message_id", LargeBinary),
    Column("date", LargeBinary),
    Column("expires", _SECONDS, nullable=False),
    Index(None, "search_key"),
    Index(None, "message_id"),
)

# Cases. What is readable about them lies in the sealed case file (mailsorter.cases.casefile), never here. Days are
# ISO dates, because the law counts in days.

cases = Table(
    "cases",  # not "case": a reserved word of SQL
    metadata,
    Column("number", Text, primary_key=True),  # 2026-0001
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("before_suspension", Text),
    Column("suspended_on", Text),
    Column("suspended_until", Text),
    Column("received_on", Text, nullable=False),
    Column("is_extended", SmallInteger, nullable=False, server_default=text("0")),
    Column("paused_days", Integer, nullable=False, server_default=text("0")),
    Column("told_on", Text),  # the person heard what cannot be erased: the firm's own term is met
    Column("plan_digest", LargeBinary),
    Column("planner", LargeBinary),  # keyed digest of a name
    Column("restricts_kept", SmallInteger, nullable=False, server_default=text("0")),
    Column("proof", Text),  # how the last proof ended
    Column("opened", _SECONDS, nullable=False),
    Column("closed", _SECONDS),
    Column("account", Text),  # JSON: bucket to count at the last proof; NULL: none that recorded its coverage
)

case_approval = Table(
    "case_approval",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("case_number", ForeignKey("cases.number"), nullable=False),
    Column("plan_digest", LargeBinary, nullable=False),
    Column("approver", LargeBinary, nullable=False),  # keyed digest of a name
    Column("is_signed", SmallInteger, nullable=False),
    Column("at", _SECONDS, nullable=False),
    UniqueConstraint("case_number", "plan_digest", "approver"),
)

case_item = Table(
    "case_item",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("case_number", ForeignKey("cases.number"), nullable=False),
    Column("mailbox", Integer, nullable=False),
    Column("token", LargeBinary, nullable=False),  # keyed digest of the message's key
    Column("sealed", LargeBinary, nullable=False),  # Exchange ids of message and folder
    Column("search_key", LargeBinary),  # keyed digests, by which it is known again when its id has changed
    Column("message_id", LargeBinary),
    Column("date", LargeBinary),
    Column("state", Text, nullable=False),
    Column("ground", Text),
    Column("article", Text),
    Column("until", Text),
    UniqueConstraint("case_number", "token"),
    Index(None, "until"),
)

forgotten = Table(
    "forgotten",  # addresses of erased persons, so that an import that brings one back is noticed
    metadata,
    Column("number", Integer, primary_key=True),
    Column("case_number", Text, nullable=False),
    Column("address", LargeBinary, nullable=False),
    Column("expires", _SECONDS, nullable=False),
    Index(None, "address"),
)
