"""Statements of the hot path: compiled once, sent past the session's bookkeeping, many in one round trip.

PostgreSQL takes what `send` is given in one round trip; in SQLite there is no way to save.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from msgspec import Struct
from sqlalchemy import (
    CompoundSelect,
    Delete,
    Dialect,
    Insert,
    Integer,
    Select,
    Table,
    Update,
    event,
    literal_column,
    select,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.types import TypeEngine

from engine.lines import LINE, Line
from engine.wire import Call, Command, command

Convert = Callable[[Any], Any]
Values = Mapping[str, Any]
GATHERED = "gathered"  # where a session keeps what it has yet to send
COMMAND_OK = 1  # what libpq says of a statement without rows that went well
DIVISION_BY_ZERO = "22012"
Statement = Select[Any] | CompoundSelect[Any] | Insert | Update | Delete | ReturningInsert[Any]


class Unmet(Exception):
    """A row that was to be changed is no longer as it was read."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as one kind of database understands it."""

    text: str
    order: tuple[str, ...] | None  # of the parameters, where the driver wants them by place
    fixed: dict[str, Any]  # parameters that are the same every time
    into: tuple[tuple[str, Convert], ...]
    out: tuple[tuple[int, Convert], ...]
    command: Command | None  # for PostgreSQL

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

    __slots__ = ("_compiled", "_table", "is_update", "may_fold", "statement")

    def __init__(self, statement: Statement | Callable[[str], Statement]) -> None:
        """This will compile `statement`, or what it makes for a kind of database, when it is first used on that."""
        self.statement = statement
        self.is_update = isinstance(statement, Update)
        self.may_fold = isinstance(statement, Update | Delete)
        self._compiled: dict[str, _Compiled] = {}
        self._table: str | None = None

    @property
    def table(self) -> str:
        """This will return the name of the table that the statement changes."""
        if self._table is None:
            made: Any = self.statement if isinstance(self.statement, ClauseElement) else self.statement("postgresql")
            self._table = cast(Table, made.table).name
        return self._table

    def on(self, dialect: Dialect) -> _Compiled:
        """This will return the statement as a kind of database understands it."""
        found = self._compiled.get(dialect.name)
        if found is None:
            statement = self.statement if isinstance(self.statement, ClauseElement) else self.statement(dialect.name)
            found = self._compiled[dialect.name] = _compile(statement, dialect)
        return found


class Change(Struct):
    """A change of rows: prepared once for ever, `values` being those of this time, or made for this time only."""

    statement: Prepared | Insert | Update | Delete
    values: Values | None = None


def _compile(statement: Statement, dialect: Dialect) -> _Compiled:
    compiled: Any = statement.compile(dialect=dialect)
    fixed = {name: each.effective_value for name, each in compiled.binds.items() if not each.required}
    for column in getattr(compiled, "insert_prefetch", ()):
        if not column.default.is_scalar:
            raise ValueError(f"{column} has to be given")
        fixed[column.key] = column.default.arg
    types = {name: parameter.type for name, parameter in compiled.binds.items()}
    columns = [column.type for column in statement.exported_columns]
    if dialect.name == "postgresql":
        return _Compiled(str(compiled), None, fixed, (), (), command(str(compiled), types, fixed, columns))
    into = [(name, _implementation(type, dialect).bind_processor(dialect)) for name, type in types.items()]
    out = [_implementation(type, dialect).result_processor(dialect, None) for type in columns]
    return _Compiled(
        str(compiled),
        tuple(compiled.positiontup) if compiled.positional else None,
        fixed,
        tuple((name, convert) for name, convert in into if convert is not None),
        tuple((place, convert) for place, convert in enumerate(out) if convert is not None),
        None,
    )


def _implementation(type: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return type.dialect_impl(dialect)


def first(session: Session, question: Prepared, values: Values) -> list[Any] | None:
    """This will return the first row of a question, or None; what begins the transaction travels along."""
    line = _asking(session)
    compiled = question.on(line.dialect)
    if compiled.command is not None:
        answers, fault = _over_wire(line, [(compiled, values)])
        if fault is not None:
            line.fail(fault, compiled.text, values)
        return compiled.command.row(answers[0])
    cursor = _run(line, compiled, values)
    found = cursor.fetchone()
    cursor.close()
    return None if found is None else compiled.row(found)


def rows(session: Session, *asked: tuple[Prepared, Values]) -> list[list[list[Any]]]:
    """This will return all rows of each question; PostgreSQL is asked all of them in one round trip."""
    line = _asking(session)
    questions = [(question.on(line.dialect), values) for question, values in asked]
    if line.dialect.name == "postgresql":
        answers, fault = _over_wire(line, questions)
        if fault is not None:
            line.fail(fault, questions[0][0].text, questions[0][1])
        commands = [cast(Command, compiled.command) for compiled, _values in questions]
        return [each.rows(answer) for each, answer in zip(commands, answers, strict=True)]
    found = []
    for compiled, values in questions:
        cursor = _run(line, compiled, values)
        found.append([compiled.row(row) for row in cursor.fetchall()])
        cursor.close()
    return found


def send(session: Session, changes: Sequence[Change]) -> int:
    """This will make all changes in their order and return how many rows the first one met.

    When it met none the others are given up: perhaps they were not made, perhaps the transaction has failed. While a
    session is `gathering` they are only kept.
    """
    gathered: list[Sequence[Change]] | None = session.info.get(GATHERED)
    if gathered is not None:
        gathered.append(changes)
        return 1
    line = _line(session)
    if not changes:
        return 0
    line.flush()
    met: int | None = None
    while changes and met != 0:
        count = next((n for n, each in enumerate(changes) if not isinstance(each.statement, Prepared)), len(changes))
        if count:
            found = _send_prepared(line, changes[:count], is_first=met is None)
        else:
            count = 1
            found = cast(Any, session.execute(cast(Update, changes[0].statement))).rowcount
        met = found if met is None else met
        changes = changes[count:]
    return met or 0


def send_late(session: Session, changes: Sequence[Change]) -> None:
    """This will make all changes in their order when the transaction is committed, or before anything else is asked.

    Raises Unmet, there or here, when the first one is an update and meets no row; then nothing is committed.
    """
    line = _line(session)
    may_wait = session.info.get(GATHERED) is None and line.is_held_back
    if may_wait and all(isinstance(each.statement, Prepared) for each in changes):
        line.hold_back(lambda commits: _send_last(line, changes, commits=commits))
    elif send(session, changes) == 0 and _is_update(changes):
        raise Unmet


@contextmanager
def gathering(session: Session) -> Iterator[None]:
    """This will keep back what `send` is given in the block, and send it in one round trip: at the end, or before the
    session asks anything.

    Raises Unmet when a step that began with an update met no row.
    """
    _line(session).flush()
    session.info[GATHERED] = []

    def ask(_state: object) -> None:
        _send_gathered(session)

    event.listen(session, "do_orm_execute", ask)
    try:
        yield
        _send_gathered(session)
    finally:
        event.remove(session, "do_orm_execute", ask)
        del session.info[GATHERED]


def _send_gathered(session: Session) -> None:
    steps: list[Sequence[Change]] | None = session.info.get(GATHERED)
    if not steps:
        return
    session.info[GATHERED] = None
    try:
        _send_steps(session, [step for step in steps if step])
    finally:
        session.info[GATHERED] = []


def _send_steps(session: Session, steps: Sequence[Sequence[Change]]) -> None:
    line = _line(session)
    is_plain = all(isinstance(change.statement, Prepared) for step in steps for change in step)
    if line.dialect.name != "postgresql" or not is_plain:
        for step in steps:
            if send(session, step) == 0 and _is_update(step):
                raise Unmet
        return
    sent: list[tuple[_Compiled, Values]] = []
    places = []
    for step in steps:
        places.append(len(sent))
        found = [(cast(Prepared, change.statement), change.values or {}) for change in _folded(step)]
        sent += [(statement.on(line.dialect), values) for statement, values in found]
    answers, fault = _over_wire(line, sent)
    for step, place in zip(steps, places, strict=True):
        if answers[place].status == COMMAND_OK and not answers[place].command_tuples and _is_update(step):
            raise Unmet
    if fault is not None:
        if fault.sqlstate == DIVISION_BY_ZERO:
            raise Unmet
        line.fail(fault, sent[0][0].text, sent[0][1])


def _send_last(line: Line, changes: Sequence[Change], *, commits: bool) -> None:
    if _is_update(changes):
        changes = _folded(changes, is_checked=True)
    sent = [(cast(Prepared, change.statement).on(line.dialect), change.values or {}) for change in changes]
    _answers, fault = _over_wire(line, sent, commits=commits)
    if fault is not None:
        if fault.sqlstate == DIVISION_BY_ZERO:
            raise Unmet
        line.fail(fault, sent[0][0].text, sent[0][1])


def _is_update(step: Sequence[Change]) -> bool:
    statement = step[0].statement
    return statement.is_update if isinstance(statement, Prepared) else isinstance(statement, Update)


def _folded(changes: Sequence[Change], *, is_checked: bool = False) -> Sequence[Change]:
    """Updates and deletes as one statement ahead of the rest, so long as each has a table of its own.

    PostgreSQL runs the parts of a statement on the same rows: none may see what another one has changed, and none goes
    ahead of a change of the same table. `is_checked` lets it fail with DIVISION_BY_ZERO when the first of them meets
    no row: nothing after it counts then, nor a COMMIT.
    """
    tables: set[str] = set()
    values: dict[str, Any] = {}
    parts: list[Prepared] = []
    rest: list[Change] = []
    for change in changes:
        prepared, given = cast(Prepared, change.statement), change.values or {}
        may_fold = prepared.may_fold and prepared.table not in tables and not _differ(values, given)
        tables.add(prepared.table)
        if may_fold:
            values.update(given)
            parts.append(prepared)
        elif parts:
            rest.append(change)
        else:
            return changes
    if len(parts) < 2 and not is_checked:
        return changes
    return [Change(_fold(tuple(parts), is_checked), values), *rest]


def _differ(values: Values, given: Values) -> bool:
    return any(values[name] != given[name] for name in values.keys() & given.keys())


@lru_cache(maxsize=256)
def _fold(parts: tuple[Prepared, ...], is_checked: bool) -> Prepared:
    whole: Any = cast(Update, parts[0].statement)
    if is_checked:
        met = whole.returning(literal_column("1")).cte("met")
        whole = select(literal_column("1 / count(*)", Integer)).select_from(met)
    for number, part in enumerate(parts[1:]):
        whole = whole.add_cte(cast(Update, part.statement).cte(f"part_{number}"))
    return Prepared(whole)


def _send_prepared(line: Line, changes: Sequence[Change], *, is_first: bool) -> int:
    if line.dialect.name != "postgresql":
        return _send_one_by_one(line, changes, is_first=is_first)
    sent = [(cast(Prepared, change.statement).on(line.dialect), change.values or {}) for change in _folded(changes)]
    answers, fault = _over_wire(line, sent)
    met = answers[0].command_tuples or 0
    if fault is not None:
        if is_first and ((met == 0 and answers[0].status == COMMAND_OK) or fault.sqlstate == DIVISION_BY_ZERO):
            return 0  # the others rest upon it: what they ran into is only that
        line.fail(fault, sent[0][0].text, sent[0][1])
    return met


def _send_one_by_one(line: Line, changes: Sequence[Change], *, is_first: bool) -> int:
    met: int | None = None
    for change in changes:
        cursor = _run(line, cast(Prepared, change.statement).on(line.dialect), change.values or {})
        if met is None:
            met = cursor.rowcount
        cursor.close()
        if is_first and met == 0:
            break
    return met or 0


def _run(line: Line, compiled: _Compiled, values: Values) -> Any:
    parameters = compiled.parameters(values)
    cursor = line.held.cursor()
    try:
        if line.is_heard:
            _tell(line, cursor, compiled.text, parameters)
        cursor.execute(compiled.text, parameters)
    except line.dialect.loaded_dbapi.Error as error:
        cursor.close()
        line.fail(error, compiled.text, parameters)
    return cursor


def _over_wire(line: Line, sent: Sequence[tuple[_Compiled, Values]], *, commits: bool = False) -> tuple[list[Any], Any]:
    calls: list[Call] = []
    for compiled, values in sent:
        assert compiled.command is not None
        calls.append((compiled.command, compiled.command.parameters(values)))
        if line.is_heard:
            _tell(line, None, compiled.text, {**compiled.fixed, **values})
    try:
        return line.wire.run(calls, commits=commits)
    except line.dialect.loaded_dbapi.Error as error:
        line.fail(error, sent[0][0].text, sent[0][1])


def _line(session: Session) -> Line:
    """A transaction that writes stays on one line, so it need not be looked up again."""
    found: Line | None = session.info.get(LINE)
    if found is None:
        connection = session.connection()
        found = Line(connection.engine, connection)
    return found


def _asking(session: Session) -> Line:
    """The line, over which nothing waits to be sent any more."""
    _send_gathered(session)
    line = _line(session)
    line.flush()
    return line


def _tell(line: Line, cursor: Any, text: str, parameters: Any) -> None:
    """Whoever listens to the statements of the database hears of these too."""
    for listener in line.connection.dispatch.before_cursor_execute:
        listener(line.connection, cursor, text, parameters, None, False)
