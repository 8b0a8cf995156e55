"""Databases and transactions: the only module that knows how SQLite and PostgreSQL are opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import Connection, DateTime, Dialect, MetaData, String, Table, create_engine, event
from sqlalchemy import Engine as Database
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, MappedColumn, Session, mapped_column, sessionmaker
from sqlalchemy.types import TypeDecorator

from engine.lines import LINE, LateSession, Line

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The parent of all tables."""

    metadata = MetaData(naming_convention=NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python, `timestamptz` in PostgreSQL, plain UTC text in SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """This will refuse a naive time: it could mean any place's clock."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """This will return the moment in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def new_id() -> UUID:
    """This will return a UUIDv7: unique without asking the database, and sorted by the time it was made."""
    return uuid_utils.compat.uuid7()


def path_column(*, index: bool = False, is_key: bool = False) -> MappedColumn[str]:
    """This will make a column for the path of a unit, sorted byte by byte so that a prefix is a range of its index."""
    kind = String(400).with_variant(String(400, collation="C"), "postgresql")
    return mapped_column(kind, default="/", index=index, primary_key=is_key)


def open_database(url: str, *, echo: bool = False, pool_size: int = 10) -> Database:
    """This will open the database at `url` (`sqlite:///path` or `postgresql+psycopg://...`)."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        database = create_engine(address, echo=echo, connect_args={"timeout": 30, "check_same_thread": False})
        event.listen(database, "connect", _prepare_sqlite)
        event.listen(database, "begin", _begin_sqlite)
        return database
    # What is prepared is prepared by `engine.wire`; the driver forgets all prepared statements after each ROLLBACK.
    driver = {"prepare_threshold": None}
    return create_engine(address, echo=echo, pool_size=pool_size, max_overflow=pool_size, connect_args=driver)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # In WAL mode a transaction that reads first and writes later fails at once when another one wrote between.
    mode = "IMMEDIATE" if connection.get_execution_options().get("writes") else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {mode}")


def table(model: type[Base]) -> Table:
    """This will return the table of a model, for statements that do not need the model's bookkeeping."""
    return cast(Table, model.__table__)


def upserting(session: Session, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """This will begin an INSERT that knows ON CONFLICT, as the session's database writes it."""
    return upserting_on(session.get_bind().dialect.name, model)


def upserting_on(backend: str, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """This will begin an INSERT that knows ON CONFLICT, as `backend` ("postgresql" or "sqlite") writes it."""
    return postgresql.insert(table(model)) if backend == "postgresql" else sqlite.insert(table(model))


def is_postgresql(session: Session) -> bool:
    """This will tell whether the session talks to PostgreSQL. It does not make a session open its books."""
    line: Line | None = session.info.get(LINE)
    return (line or session.get_bind()).dialect.name == "postgresql"


class Sessions:
    """Makes sessions: one per transaction, committed whole or rolled back whole."""

    def __init__(self, database: Database) -> None:
        """This will make sessions on `database`."""
        self.database = database
        self._make = sessionmaker(database, expire_on_commit=False, autoflush=False)
        self._shared: ContextVar[Connection | None] = ContextVar("shared", default=None)

    @property
    def is_shared(self) -> bool:
        """This will tell whether what this thread writes belongs to a transaction that goes on: see `together`."""
        return self._shared.get() is not None

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """This will open a transaction that is committed at the end of the block or rolled back on any error."""
        shared = self._shared.get()
        if shared is not None:
            with self._make(bind=shared, join_transaction_mode="create_savepoint") as session, session.begin():
                yield session
            return
        if self.database.dialect.name == "postgresql":
            late = LateSession(Line(self.database))
            try:
                yield late
                late.end()
            finally:
                late.leave()
            return
        with self._make.begin() as session:
            connection = session.connection(execution_options={"writes": True})
            session.info[LINE] = Line(self.database, connection)
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """This will open a session that is always rolled back."""
        shared = self._shared.get()
        if shared is not None:
            with self._make(bind=shared, join_transaction_mode="create_savepoint") as session:
                yield session
            return
        with self._make() as session:
            yield session

    @contextmanager
    def together(self) -> Iterator[Session]:
        """This will open a transaction in which all sessions of this thread take part until the block ends.

        Each of them is a savepoint: what fails in it is undone alone; nothing stays unless the block ends well.
        """
        with self.writing() as session:
            token = self._shared.set(session.connection())
            try:
                yield session
            finally:
                self._shared.reset(token)
