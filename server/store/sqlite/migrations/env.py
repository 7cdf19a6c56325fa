"""Alembic's entry point. `server.store.sqlite.upgrade` hands the open connection over; there is no other way in."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
