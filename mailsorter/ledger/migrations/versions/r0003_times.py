"""Times need more than 32 bits after 19 January 2038, and a message may claim any date. SQLite's integers have them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TIMES = (
    ("message", "received"),
    ("waiting", "due"),
    ("correction", "at"),
    ("cursor", "at"),
    ("run", "started"),
    ("run", "ended"),
    ("step", "began"),
    ("step", "ended"),
    ("audit", "at"),
    ("tombstone", "expires"),
    ("cases", "opened"),
    ("cases", "closed"),
    ("case_approval", "at"),
    ("forgotten", "expires"),
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, column in _TIMES:
            op.alter_column(table, column, type_=sa.BigInteger(), existing_type=sa.Integer())
