"""The connection of a transaction, without SQLAlchemy's books about it until somebody opens them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, cast

from psycopg import pq
from sqlalchemy import Connection, Dialect
from sqlalchemy import Engine as Database
from sqlalchemy.orm import Session

from engine.wire import Wire

LINE = "line"  # where a session that writes keeps its line
WIRE = "wire"  # where a pooled connection keeps what it has prepared
Waiting = Callable[[bool], None]


class Line:
    """One connection for one transaction, and what waits to be sent over it: at the latest when it is committed."""

    __slots__ = ("_connection", "_is_committing", "_wire", "database", "held", "is_held_back", "waiting")

    def __init__(self, database: Database, connection: Connection | None = None) -> None:
        """This will take a connection out of the pool, or use `connection`. Raises what SQLAlchemy raises."""
        self.database = database
        self._connection, self._wire, self._is_committing = connection, cast(Wire | None, None), False
        self.held: Any = connection.connection if connection is not None else _taken(database)
        self.is_held_back = connection is None  # nothing needs to be sent before somebody asks
        self.waiting: Waiting | None = None

    @property
    def dialect(self) -> Dialect:
        """This will return what SQLAlchemy knows of this kind of database."""
        return self.database.dialect

    @property
    def connection(self) -> Connection:
        """This will return SQLAlchemy's connection."""
        if self._connection is None:
            self._connection = Connection(self.database, connection=self.held)
        return self._connection

    @property
    def is_heard(self) -> bool:
        """This will tell whether somebody listens to the statements."""
        return bool(self.database._has_events or (self._connection is not None and self._connection._has_events))

    @property
    def wire(self) -> Wire:
        """This will return what speaks PostgreSQL's protocol on this connection."""
        if self._wire is None:
            kept, driver = self.held.info, self.held.driver_connection
            found: Wire | None = kept.get(WIRE)
            if found is None or found.connection is not driver:
                found = kept[WIRE] = Wire(driver)
            self._wire = found
        return self._wire

    @property
    def is_in_doubt(self) -> bool:
        """This will tell whether the transaction may have been committed though nobody was told so."""
        return self._is_committing or (self._wire is not None and self._wire.is_in_doubt)

    @contextmanager
    def committing(self) -> Iterator[None]:
        """This will say that SQLAlchemy commits while the block runs."""
        self._is_committing = True
        yield
        self._is_committing = False

    def hold_back(self, waiting: Waiting) -> None:
        """This will call `waiting` before anything else is asked; with True when it may end the transaction, too."""
        self.flush()
        self.waiting = waiting

    def flush(self, *, commits: bool = False) -> None:
        """This will send what waits."""
        if self.waiting is not None:
            waiting, self.waiting = self.waiting, None
            waiting(commits)

    def commit(self) -> None:
        """This will send what waits and end the transaction with it."""
        self.flush(commits=True)
        if self.wire.connection.pgconn.transaction_status == pq.TransactionStatus.IDLE:
            return
        try:
            _answers, fault = self.wire.run([], commits=True)
        except self.dialect.loaded_dbapi.Error as error:
            self.fail(error, "COMMIT")
        if fault is not None:
            self.fail(fault, "COMMIT")

    def fail(self, error: Exception, text: str, parameters: Any = None) -> NoReturn:
        """This will raise what SQLAlchemy raises, and give up a connection that is broken."""
        self.connection._handle_dbapi_exception(error, text, parameters, None, None)

    def close(self) -> None:
        """This will give the connection back, which takes back what is not committed."""
        self.waiting = None
        if not self.held.is_valid:
            return  # it was broken, and given up
        if self.held.driver_connection.pgconn.transaction_status == pq.TransactionStatus.IDLE:
            self.held._close_special(transaction_reset=True)  # nothing to take back
        else:
            self.held.close()  # whatever SQLAlchemy believes of its transaction


def _taken(database: Database) -> Any:
    try:
        return database.raw_connection()
    except database.dialect.loaded_dbapi.Error as error:
        Connection._handle_dbapi_exception_noconnection(error, database.dialect, database)


class LateSession(Session):
    """A session that writes its own books from the moment on when somebody first uses it for more than its line."""

    def __init__(self, line: Line) -> None:
        """This will use `line`, whose transaction others begin and end."""
        self.info[LINE] = line

    def __getattr__(self, name: str) -> Any:
        """This will open the books: what SQLAlchemy keeps in a session is looked for, and it is not there yet."""
        if "is_open" in self.__dict__:
            raise AttributeError(name)
        line: Line = self.info[LINE]
        line.flush()
        line.is_held_back = False
        self.is_open = True
        super().__init__(line.connection, expire_on_commit=False, autoflush=False)
        self.begin()
        return getattr(self, name)

    def end(self) -> None:
        """This will commit."""
        if "is_open" in self.__dict__:
            with self.info[LINE].committing():
                self.commit()
        self.info[LINE].commit()  # of a transaction that SQLAlchemy has not used it knows nothing

    def leave(self) -> None:
        """This will take back what is not committed, and give the connection back."""
        if "is_open" in self.__dict__:
            self.close()
        self.info[LINE].close()
