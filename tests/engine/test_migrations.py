"""The migrations make exactly the tables of the models, on both databases."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from engine import Engine
from engine.migrating import config
from engine.models import Base


def test_migrations_make_what_the_models_say(make_engine: Any) -> None:
    engine = make_engine()
    assert engine.is_current()
    falling = ("ix_tasks_priority", "ix_tasks_urged") if engine.database.dialect.name == "sqlite" else ()

    def is_told(_thing: object, name: str | None, *_rest: object) -> bool:
        return name not in falling  # SQLite does not tell which columns of an index fall

    with engine.database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": is_told})
        assert compare_metadata(context, Base.metadata) == []


def test_a_database_goes_back_to_nothing_and_up_again(make_engine: Any) -> None:
    engine = make_engine()
    with engine.database.connect().execution_options(writes=True) as connection, connection.begin():
        command.downgrade(config(connection), "base")
    assert not engine.is_current()
    assert set(inspect(engine.database).get_table_names()) == {"alembic_version"}
    engine.migrate()
    assert engine.is_current()


def test_two_processes_that_migrate_at_once_do_not_hurt(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.sqlite'}"
    engines = [Engine(url, apps=[], files=tmp_path) for _ in range(2)]
    threads = [Thread(target=engine.migrate) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(engine.is_current() for engine in engines)
