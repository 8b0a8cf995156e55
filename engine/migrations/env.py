"""Runs the migrations on a connection that the engine opened, or on BIHUAN_DATABASE_URL from Alembic's command line."""

from __future__ import annotations

import os
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from engine.db import UtcDateTime, open_database
from engine.models import Base


def render(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """This will write our own column type into migrations by its name alone."""
    return "UtcDateTime()" if kind == "type" and isinstance(item, UtcDateTime) else False


def run(connection: Connection) -> None:
    """This will run the migrations inside the transaction of `connection`."""
    is_sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=is_sqlite and context.config.attributes.get("batch", True),
        render_item=render,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with open_database(os.environ["BIHUAN_DATABASE_URL"]).begin() as opened:
        run(opened)
