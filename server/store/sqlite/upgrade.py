"""Bringing the file up to date: Alembic's migrations, in one transaction, under the lock. A file of a newer version is
refused. Stateless; on the thread that opens the store."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory


def upgrade(engine: sa.Engine) -> None:
    """Raises `CommandError` of alembic for a file that a newer version wrote, and the engine's errors."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    newest = ScriptDirectory.from_config(config).get_current_head()
    with engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() == newest:
            return  # so that another program's lock does not keep a server from starting
    with engine.connect().execution_options(begin="IMMEDIATE") as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
