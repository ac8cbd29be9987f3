"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
    )
    op.create_table(
        "client",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_client")),
        sa.UniqueConstraint("token", name=op.f("uq_client_token")),
    )
    op.create_table(
        "correction",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("mailbox", sa.Integer(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("thread", sa.LargeBinary(), nullable=True),
        sa.Column("message_id", sa.LargeBinary(), nullable=True),
        sa.Column("sender", sa.LargeBinary(), nullable=True),
        sa.Column("client", sa.Integer(), nullable=True),
        sa.Column("rejected", sa.Integer(), nullable=True),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_correction")),
        sa.UniqueConstraint("token", name=op.f("uq_correction_token")),
    )
    op.create_index(op.f("ix_correction_message_id"), "correction", ["message_id"], unique=False)
    op.create_index(op.f("ix_correction_sender"), "correction", ["sender"], unique=False)
    op.create_index(op.f("ix_correction_thread"), "correction", ["thread"], unique=False)
    op.create_table(
        "cursor",
        sa.Column("mailbox", sa.Integer(), nullable=False),
        sa.Column("folder", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("mailbox", "folder", name=op.f("pk_cursor")),
    )
    op.create_table(
        "mailbox",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_mailbox")),
        sa.UniqueConstraint("token", name=op.f("uq_mailbox_token")),
    )
    op.create_table(
        "message",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("mailbox", sa.SmallInteger(), nullable=False),
        sa.Column("folder", sa.Integer(), nullable=False),
        sa.Column("client", sa.Integer(), nullable=True),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("evidence", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("thread", sa.LargeBinary(), nullable=True),
        sa.Column("message_id", sa.LargeBinary(), nullable=True),
        sa.Column("received", sa.Integer(), nullable=True),
        sa.Column("run", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_message")),
        sa.UniqueConstraint("token", name=op.f("uq_message_token")),
    )
    op.create_index(op.f("ix_message_message_id"), "message", ["message_id"], unique=False)
    op.create_index(op.f("ix_message_thread"), "message", ["thread"], unique=False)
    op.create_table(
        "run",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("plan_digest", sa.Text(), nullable=True),
        sa.Column("started", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=True),
        sa.Column("counts", sa.Text(), server_default=sa.text("'{}'"), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_run")),
        sa.UniqueConstraint("id", name=op.f("uq_run_id")),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
    )
    op.create_table(
        "tombstone",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("search_key", sa.LargeBinary(), nullable=True),
        sa.Column("message_id", sa.LargeBinary(), nullable=True),
        sa.Column("date", sa.LargeBinary(), nullable=True),
        sa.Column("expires", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_tombstone")),
    )
    op.create_index(op.f("ix_tombstone_message_id"), "tombstone", ["message_id"], unique=False)
    op.create_index(op.f("ix_tombstone_search_key"), "tombstone", ["search_key"], unique=False)
    op.create_table(
        "waiting",
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("mailbox", sa.Integer(), nullable=False),
        sa.Column("due", sa.Integer(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_waiting")),
    )
    op.create_index(op.f("ix_waiting_mailbox_due"), "waiting", ["mailbox", "due"], unique=False)
    op.create_table(
        "folder",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("mailbox", sa.Integer(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("client", sa.Integer(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("item_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["client"], ["client.number"], name=op.f("fk_folder_client")),
        sa.ForeignKeyConstraint(["mailbox"], ["mailbox.number"], name=op.f("fk_folder_mailbox")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_folder")),
        sa.UniqueConstraint("token", name=op.f("uq_folder_token")),
    )
    op.create_index(op.f("ix_folder_mailbox_client"), "folder", ["mailbox", "client"], unique=False)
    op.create_table(
        "step",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("mailbox", sa.Integer(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("client", sa.Integer(), nullable=True),
        sa.Column("evidence", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("began", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["run.number"], name=op.f("fk_step_run")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_step")),
    )
    op.create_index(op.f("ix_step_run_mailbox"), "step", ["run", "mailbox"], unique=False)
    op.create_index(
        "uq_step_open",
        "step",
        ["mailbox", "token"],
        unique=True,
        sqlite_where=sa.text("state = 0"),
        postgresql_where=sa.text("state = 0"),
    )
