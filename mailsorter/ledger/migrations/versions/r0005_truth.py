"""Each mailbox's address, sealed, and how the last proof of a case counted its findings."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mailbox", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.add_column("cases", sa.Column("account", sa.Text(), nullable=True))
