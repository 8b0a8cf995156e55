"""Brings a database to the tables that this version needs."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy import Engine as Database

FOLDER = Path(__file__).parent / "migrations"
LOCK = 7_305_117_426_001  # any number that all processes share


def config(connection: Connection | None = None) -> Config:
    """This will return Alembic's settings for the packaged migrations."""
    settings = Config()
    settings.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    if connection is not None:
        settings.attributes["connection"] = connection
    return settings


def upgrade(database: Database) -> None:
    """This will run the migrations that are missing; of several processes that try at once, one does it."""
    with database.connect().execution_options(writes=True) as connection, connection.begin():
        if database.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        command.upgrade(config(connection), "head")


def newest() -> str:
    """This will return the revision of the tables of this version."""
    return ScriptDirectory.from_config(config()).get_current_head() or ""


def is_known(revision: str) -> bool:
    """This will tell whether this version has a revision of the tables: one from a newer version it has not."""
    return revision in {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}


def is_current(database: Database) -> bool:
    """This will tell whether no migration is missing."""
    with database.connect() as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    return set(found) == set(ScriptDirectory.from_config(config()).get_heads())
