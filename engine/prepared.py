"""Statements of the hot path: compiled once, sent past the session's bookkeeping, many in one round trip.

The only module that talks to the database driver itself. PostgreSQL takes what `send` is given in one pipeline; in
SQLite there is no way to save.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn, cast

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Table, Update
from sqlalchemy.orm import Session
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any]
Values = Mapping[str, Any]
Statement = Select[Any] | Insert | Update | Delete | ReturningInsert[Any]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as one kind of database understands it."""

    text: str
    order: tuple[str, ...] | None  # of the parameters, where the driver wants them by place
    fixed: dict[str, Any]  # parameters that are the same every time
    into: tuple[tuple[str, Convert], ...]
    out: tuple[tuple[int, Convert], ...]

    def parameters(self, values: Values) -> Any:
        """This will return the values as the driver takes them."""
        given = {**self.fixed, **values}
        for name, convert in self.into:
            given[name] = convert(given[name])
        return given if self.order is None else [given[name] for name in self.order]

    def row(self, found: Sequence[Any]) -> list[Any]:
        """This will return a row of the driver as the columns' types have it."""
        row = list(found)
        for place, convert in self.out:
            row[place] = convert(row[place])
        return row


class Prepared:
    """A statement whose text is always the same. Its parameters are bound by name each time it runs."""

    __slots__ = ("_compiled", "statement")

    def __init__(self, statement: Statement | Callable[[str], Statement]) -> None:
        """This will compile `statement`, or what it makes for a kind of database, when it is first used on that."""
        self.statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def on(self, dialect: Dialect) -> _Compiled:
        """This will return the statement as a kind of database understands it."""
        found = self._compiled.get(dialect.name)
        if found is None:
            statement = self.statement if isinstance(self.statement, ClauseElement) else self.statement(dialect.name)
            found = self._compiled[dialect.name] = _compile(statement, dialect)
        return found


@dataclass(frozen=True, slots=True)
class Change:
    """A change of rows: prepared once for ever, `values` being those of this time, or made for this time only."""

    statement: Prepared | Insert | Update | Delete
    values: Values | None = None


def _compile(statement: Statement, dialect: Dialect) -> _Compiled:
    compiled: Any = statement.compile(dialect=dialect)
    into = []
    fixed = {}
    for name, parameter in compiled.binds.items():
        if not parameter.required:
            fixed[name] = parameter.effective_value
        convert = _implementation(parameter.type, dialect).bind_processor(dialect)
        if convert is not None:
            into.append((name, convert))
    for column in getattr(compiled, "insert_prefetch", ()):
        if not column.default.is_scalar:
            raise ValueError(f"{column} has to be given")
        fixed[column.key] = column.default.arg
    out = []
    if isinstance(statement, Select):
        for place, column in enumerate(statement.selected_columns):
            convert = _implementation(column.type, dialect).result_processor(dialect, None)
            if convert is not None:
                out.append((place, convert))
    order = tuple(compiled.positiontup) if compiled.positional else None
    return _Compiled(str(compiled), order, fixed, tuple(into), tuple(out))


def _implementation(type: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return type.dialect_impl(dialect)


def first(session: Session, question: Prepared, values: Values) -> list[Any] | None:
    """This will return the first row of a question, or None; what begins the transaction travels along."""
    connection = session.connection()
    compiled = question.on(connection.dialect)
    parameters = compiled.parameters(values)
    wire = _wire(connection)
    cursor = wire.cursor()
    _tell(connection, cursor, compiled.text, parameters)
    try:
        if connection.dialect.name == "postgresql":
            with wire.pipeline():
                cursor.execute(compiled.text, parameters, prepare=True)
        else:
            cursor.execute(compiled.text, parameters)
        found = cursor.fetchone()
    except connection.dialect.loaded_dbapi.Error as error:
        _fail(connection, error, compiled.text, parameters, cursor)
    finally:
        cursor.close()
    return None if found is None else compiled.row(found)


def send(session: Session, changes: Sequence[Change]) -> int:
    """This will make all changes in their order and return how many rows the first one met.

    When it met none the others are given up: perhaps they were not made, perhaps the transaction has failed.
    """
    connection = session.connection()
    met: int | None = None
    while changes and met != 0:
        count = next((n for n, each in enumerate(changes) if not isinstance(each.statement, Prepared)), len(changes))
        if count:
            found = _send_prepared(connection, changes[:count], is_first=met is None)
        else:
            count = 1
            found = cast(Any, session.execute(cast(Update, changes[0].statement))).rowcount
        met = found if met is None else met
        changes = changes[count:]
    return met or 0


def _folded(changes: Sequence[Change]) -> Sequence[Change]:
    """The first updates and deletes as one statement, so long as each has a table and parameters of its own.

    PostgreSQL runs the parts of a statement on the same rows: none may see what another one has changed.
    """
    tables: set[str] = set()
    values: dict[str, Any] = {}
    parts: list[Prepared] = []
    for change in changes:
        prepared, given = cast(Prepared, change.statement), change.values or {}
        if not isinstance(prepared.statement, Update | Delete):
            break
        name = cast(Table, prepared.statement.table).name
        if name in tables or values.keys() & given.keys():
            break
        tables.add(name)
        values |= given
        parts.append(prepared)
    if len(parts) < 2:
        return changes
    return [Change(_fold(tuple(parts)), values), *changes[len(parts) :]]


@lru_cache(maxsize=256)
def _fold(parts: tuple[Prepared, ...]) -> Prepared:
    whole = cast(Update, parts[0].statement)
    for number, part in enumerate(parts[1:]):
        whole = whole.add_cte(cast(Update, part.statement).cte(f"part_{number}"))
    return Prepared(whole)


def _send_prepared(connection: Connection, changes: Sequence[Change], *, is_first: bool) -> int:
    dialect, wire = connection.dialect, _wire(connection)
    is_pipeline = dialect.name == "postgresql"
    cursors: list[Any] = []
    text, parameters = "", None
    try:
        with wire.pipeline() if is_pipeline else nullcontext():
            for change in _folded(changes) if is_pipeline else changes:
                compiled = cast(Prepared, change.statement).on(dialect)
                text, parameters = compiled.text, compiled.parameters(change.values or {})
                cursors.append(wire.cursor())
                _tell(connection, cursors[-1], text, parameters)
                if is_pipeline:
                    cursors[-1].execute(text, parameters, prepare=True)
                else:
                    cursors[-1].execute(text, parameters)
                if is_first and not is_pipeline and cursors[0].rowcount == 0:
                    break
    except dialect.loaded_dbapi.Error as error:
        if is_first and cursors and cursors[0].rowcount == 0:
            return 0  # the others rest upon it: what they ran into is only that
        _fail(connection, error, text, parameters, cursors[-1])
    met: int = cursors[0].rowcount
    return met


def _wire(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _tell(connection: Connection, cursor: Any, text: str, parameters: Any) -> None:
    """Whoever listens to the statements of the database hears of these too."""
    for listener in connection.dispatch.before_cursor_execute:
        listener(connection, cursor, text, parameters, None, False)


def _fail(connection: Connection, error: Exception, text: str, parameters: Any, cursor: Any) -> NoReturn:
    """Raises what SQLAlchemy raises, and gives up connections that are broken."""
    connection._handle_dbapi_exception(error, text, parameters, cursor, None)
