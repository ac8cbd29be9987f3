"""Mail with a doubtful author does not speak for its thread; whom the firm has written to is remembered as a digest."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_SECONDS = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("message", sa.Column("speaks", sa.SmallInteger, nullable=False, server_default=sa.text("1")))
    op.create_table(
        "correspondent",
        sa.Column("token", sa.LargeBinary, nullable=False),
        sa.Column("at", _SECONDS, nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_correspondent")),
    )
