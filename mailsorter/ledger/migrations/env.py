"""Alembic's entry: runs migrations on the connection that the ledger hands over, in its transaction."""

from alembic import context

from mailsorter.ledger.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
