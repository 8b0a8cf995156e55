"""Opens the database and gives every call of the engine its transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.orm import Session

from engine import messages, migrating
from engine.access import SYSTEM, Actor
from engine.apps import ProcessApp
from engine.db import Sessions, open_database
from engine.definitions import Library
from engine.errors import Conflict, DiskFull, Invalid, Unavailable
from engine.lines import LINE, Line
from engine.prepared import Unmet
from engine.turn import LostRace, Turn

P = ParamSpec("P")
T = TypeVar("T")
SERIALIZATION_FAILURES = {"40001", "40P01"}  # PostgreSQL: serialization failure, deadlock
DISK_FULL = "53100"  # PostgreSQL
NO_ROOM = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE")


class Busy(Conflict):
    """Others are changing the same case; please try again."""


class DatabaseAway(Unavailable):
    """The database does not answer; nothing was saved. Try again in a minute."""


class MaybeDone(Unavailable):
    """The database went away at the very end. Load the page anew to see whether it was saved."""


class DataInvalid(Invalid):
    """Something in the data cannot be stored: {reason}."""


def now_utc() -> datetime:
    """This will return the time of the machine's clock."""
    return datetime.now(UTC)


def may_repeat(error: DBAPIError) -> bool:
    """This will tell whether the database gave up a transaction that may go well the next time.

    A connection that a restarted database has closed is found out by its first statement: asking before each
    transaction whether it is alive would cost a round trip every time.
    """
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in SERIALIZATION_FAILURES


def told(error: DBAPIError, *, is_in_doubt: bool = False) -> Exception:
    """This will return what to say of a failed database: that it is away, or full, else the error itself."""
    if getattr(error.orig, "sqlstate", None) == DISK_FULL or getattr(error.orig, "sqlite_errorname", "") in NO_ROOM:
        return DiskFull()
    if getattr(error.orig, "sqlite_errorname", "") == "SQLITE_BUSY":
        return Busy()
    if not error.connection_invalidated and not _could_not_connect(error):
        return error
    return MaybeDone() if is_in_doubt else DatabaseAway()


def _could_not_connect(error: DBAPIError) -> bool:
    """A server that is down, or that comes up or goes down (class 57P), has never begun a transaction."""
    is_server = type(error.orig).__module__.startswith("psycopg")
    state = getattr(error.orig, "sqlstate", None)
    return is_server and isinstance(error, OperationalError) and (state is None or state.startswith("57P"))


class Transactions:
    """A database, the process apps that run on it, and the clock."""

    def __init__(
        self,
        database_url: str,
        *,
        apps: Sequence[ProcessApp],
        clock: Callable[[], datetime] = now_utc,
        pool_size: int = 10,
    ) -> None:
        """This will open the database and serve `apps`."""
        self.database = open_database(database_url, pool_size=pool_size)
        self.library = Library(apps)
        self.clock = clock
        self._sessions = Sessions(self.database)

    @property
    def apps(self) -> tuple[ProcessApp, ...]:
        """This will return the process apps."""
        return tuple(self.library.apps.values())

    def app(self, name: str) -> ProcessApp:
        """This will return a process app by name. Raises AppNotFound."""
        return self.library.app(name)

    def write(self, by: Actor, operation: Callable[Concatenate[Turn, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """This will run an operation of the engine in one transaction: all of it happens, or nothing.

        When a race was lost it is run again, this time waiting for the rows it needs. Raises Busy.
        """
        lost: DBAPIError | None = None
        for is_locking in (False, True, True):
            line: Line | None = None
            try:
                with self._sessions.writing() as session:
                    line = session.info.get(LINE)
                    turn = Turn(session, self.clock(), by, self.library, is_locking)
                    result = operation(turn, *args, **kwargs)
                    messages.deliver_all(turn)
                if not self._sessions.is_shared:
                    self.library.queues.update(turn.queues)
                    self.library.lives.keep(turn.lives)
                return result
            except (LostRace, Unmet):
                continue
            except DataError as error:
                raise DataInvalid(reason=str(error.orig)) from error
            except UnicodeEncodeError as error:  # half of a pair of UTF-16: JSON can write it, no database keeps it
                raise DataInvalid(reason=error.reason) from error
            except DBAPIError as error:
                # Before the commit nothing has happened; after it has begun nobody knows, and only people can decide.
                is_in_doubt = line is not None and line.is_in_doubt
                if is_in_doubt or not may_repeat(error):
                    raise told(error, is_in_doubt=is_in_doubt) from error
                lost = error if error.connection_invalidated else None
        raise Busy if lost is None else told(lost) from lost

    def look(self, operation: Callable[Concatenate[Turn, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """This will run an operation that only reads."""
        return self.read(lambda session: operation(Turn(session, self.clock(), SYSTEM, self.library), *args, **kwargs))

    def read(self, query: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """This will ask one of `engine.queries`: `engine.read(queries.inbox, actor)`."""
        for is_last in (False, True):
            try:
                with self._sessions.reading() as session:
                    session.info.update(library=self.library, now=self.clock())
                    return query(session, *args, **kwargs)
            except DataError as error:
                raise DataInvalid(reason=str(error.orig)) from error
            except UnicodeEncodeError as error:  # half of a pair of UTF-16: JSON can write it, no database keeps it
                raise DataInvalid(reason=error.reason) from error
            except DBAPIError as error:
                if is_last or not may_repeat(error):
                    raise told(error) from error
        raise Busy

    def migrate(self) -> None:
        """This will bring the database to the tables of this version."""
        migrating.upgrade(self.database)

    def is_current(self) -> bool:
        """This will tell whether the database has the tables of this version."""
        return migrating.is_current(self.database)

    def close(self) -> None:
        """This will close all connections to the database."""
        self.database.dispose()
