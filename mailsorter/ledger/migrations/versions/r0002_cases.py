"""Cases, their approvals and items, and addresses that must not come back."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("before_suspension", sa.Text(), nullable=True),
        sa.Column("suspended_on", sa.Text(), nullable=True),
        sa.Column("suspended_until", sa.Text(), nullable=True),
        sa.Column("received_on", sa.Text(), nullable=False),
        sa.Column("is_extended", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("paused_days", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("told_on", sa.Text(), nullable=True),
        sa.Column("plan_digest", sa.LargeBinary(), nullable=True),
        sa.Column("planner", sa.LargeBinary(), nullable=True),
        sa.Column("restricts_kept", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("proof", sa.Text(), nullable=True),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_cases")),
    )
    op.create_table(
        "forgotten",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("expires", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_forgotten")),
    )
    op.create_index(op.f("ix_forgotten_address"), "forgotten", ["address"], unique=False)
    op.create_table(
        "case_approval",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("plan_digest", sa.LargeBinary(), nullable=False),
        sa.Column("approver", sa.LargeBinary(), nullable=False),
        sa.Column("is_signed", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_number"], ["cases.number"], name=op.f("fk_case_approval_case_number")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_case_approval")),
        sa.UniqueConstraint(
            "case_number", "plan_digest", "approver", name=op.f("uq_case_approval_case_number_plan_digest_approver")
        ),
    )
    op.create_table(
        "case_item",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("case_number", sa.Text(), nullable=False),
        sa.Column("mailbox", sa.Integer(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("search_key", sa.LargeBinary(), nullable=True),
        sa.Column("message_id", sa.LargeBinary(), nullable=True),
        sa.Column("date", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=True),
        sa.Column("article", sa.Text(), nullable=True),
        sa.Column("until", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["case_number"], ["cases.number"], name=op.f("fk_case_item_case_number")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_case_item")),
        sa.UniqueConstraint("case_number", "token", name=op.f("uq_case_item_case_number_token")),
    )
    op.create_index(op.f("ix_case_item_until"), "case_item", ["until"], unique=False)
