"""Steps are found by their message: an index, without which every look-up would read them all."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_step_token"), "step", ["token"], unique=False)
