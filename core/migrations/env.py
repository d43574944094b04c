"""Alembic's environment: runs on the connection that `upgrade()` opened."""

from alembic import context

options = context.config.attributes
context.configure(
    connection=options["connection"],
    version_table=options["version_table"],
    transactional_ddl=True,
)
context.run_migrations()
