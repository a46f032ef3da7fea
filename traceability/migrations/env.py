"""How Alembic runs our migrations: always inside a connection that the program opened."""

from alembic import context

from traceability.database import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
