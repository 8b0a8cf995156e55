"""PostgreSQL's own protocol: prepared statements with binary answers, as many as one likes in one round trip.

The only module that uses psycopg's lower layer. Its cursors prepare statements too, but forget them all after each
ROLLBACK, prepare a statement again for every size of its integers, and spend a round trip on BEGIN.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from psycopg import errors, generators, pq
from sqlalchemy import ARRAY, Boolean, Date, DateTime, Integer, Numeric, String, Uuid
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

Dump = tuple[Callable[[Any], bytes], int]
Load = Callable[[bytes], Any]

PLACE = re.compile(r"%\((\w+)\)s|%%")
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # of PostgreSQL's binary timestamps, which count microseconds
OUTDATED = {"0A000", "26000"}  # its plan no longer fits the tables; it has been deallocated


@lru_cache(maxsize=256)  # most moments of a step are the same one
def _moment(value: datetime) -> bytes:
    if value.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return value.isoformat().encode()


def _plain(value: object) -> bytes:
    return str(value).encode()


def _list(values: Sequence[int]) -> bytes:
    return b"{%s}" % b",".join(b"%d" % value for value in values)


def _untyped(value: object) -> bytes:
    if isinstance(value, str) and "\0" in value:
        raise ValueError("no text with a zero byte")
    return _plain(value)


TEXT, BINARY = int(pq.Format.TEXT), int(pq.Format.BINARY)
DUMPS: Sequence[tuple[type[TypeEngine[Any]], Dump]] = (
    (String, (str.encode, BINARY)),  # in its other format libpq would cut text off at a zero byte
    (Integer, (lambda value: b"%d" % value, TEXT)),
    (Uuid, (lambda value: value.int.to_bytes(16, "big"), BINARY)),
    (DateTime, (_moment, TEXT)),
    (Boolean, (lambda value: b"t" if value else b"f", TEXT)),
    (Date, (lambda value: value.isoformat().encode(), TEXT)),
    (Numeric, (_plain, TEXT)),
    (ARRAY, (_list, TEXT)),
    (NullType, (_untyped, TEXT)),  # PostgreSQL finds out what it has to be
)
LOADS: Sequence[tuple[type[TypeEngine[Any]], Load]] = (
    (String, bytes.decode),
    (Integer, lambda value: int.from_bytes(value, "big", signed=True)),
    (Uuid, lambda value: UUID(bytes=value)),
    (DateTime, lambda value: EPOCH + timedelta(microseconds=int.from_bytes(value, "big", signed=True))),
    (Boolean, lambda value: value != b"\x00"),
)


def _of(kinds: Sequence[tuple[type[TypeEngine[Any]], Any]], type: TypeEngine[Any]) -> Any:
    plain = type.impl_instance if isinstance(type, TypeDecorator) else type
    for kind, found in kinds:
        if isinstance(plain, kind):
            return found
    raise TypeError(f"no prepared statement can carry {type!r}")


@dataclass(frozen=True, slots=True, eq=False)
class Command:
    """A statement as PostgreSQL prepares it, and how its parameters and its answer are written."""

    text: bytes
    ready: list[bytes | None]  # parameters that are the same every time, None where others go
    into: tuple[tuple[int, str, Callable[[Any], bytes]], ...]
    formats: list[int]
    out: tuple[Load, ...]

    def parameters(self, values: Mapping[str, Any]) -> list[bytes | None]:
        """This will return the parameters in their order."""
        found = self.ready.copy()
        for place, name, dump in self.into:
            value = values[name]
            if value is not None:
                found[place] = dump(value)
        return found

    def row(self, answer: pq.abc.PGresult) -> list[Any] | None:
        """This will return the first row of an answer, or None."""
        return self._row(answer, 0) if answer.ntuples else None

    def rows(self, answer: pq.abc.PGresult) -> list[list[Any]]:
        """This will return all rows of an answer."""
        return [self._row(answer, number) for number in range(answer.ntuples)]

    def _row(self, answer: pq.abc.PGresult, number: int) -> list[Any]:
        found = answer.get_value
        return [None if (value := found(number, place)) is None else load(value) for place, load in enumerate(self.out)]


def command(
    text: str,
    types: Mapping[str, TypeEngine[Any]],
    fixed: Mapping[str, Any],
    columns: Sequence[TypeEngine[Any]],
) -> Command:
    """This will make a command of a statement with `%(name)s` for its parameters and the types of its columns."""
    places: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        return f"${places.setdefault(found[1], len(places) + 1)}" if found[1] else "%"

    written = PLACE.sub(numbered, text).encode()
    dumps = [(place, name, *_of(DUMPS, types[name])) for place, name in enumerate(places)]
    return Command(
        written,
        [dump(fixed[name]) if fixed.get(name) is not None else None for _place, name, dump, _format in dumps],
        tuple((place, name, dump) for place, name, dump, _format in dumps if name not in fixed),
        [format for _place, _name, _dump, format in dumps],
        tuple(_of(LOADS, type) for type in columns),
    )


Call = tuple[Command, list[bytes | None]]
BEGIN, COMMIT = (Command(word, [], (), [], ()) for word in (b"BEGIN", b"COMMIT"))


class Wire:
    """One connection of psycopg, and the names of the statements that it has prepared."""

    def __init__(self, connection: Any) -> None:
        """This will talk over `connection`."""
        self.connection = connection
        self.names: dict[Command, bytes] = {}
        self.given = 0
        self.is_in_doubt = False  # a COMMIT is under way

    def run(self, calls: Sequence[Call], *, commits: bool = False) -> tuple[list[pq.abc.PGresult], errors.Error | None]:
        """This will run all calls in one round trip and return their answers, and what the first faulty one told.

        What begins the transaction goes ahead of them; `commits` ends it if all went well. Raises psycopg's errors when
        the connection is lost.
        """
        low: pq.abc.PGconn = self.connection.pgconn
        self.is_in_doubt = False
        begins = low.transaction_status == pq.TransactionStatus.IDLE
        sent = [(BEGIN, []), *calls] if begins else calls
        used = dict.fromkeys(each for each, _ in sent) | ({COMMIT: None} if commits else {})
        fresh = [each for each in used if each not in self.names]
        with self.connection.lock:
            low.enter_pipeline_mode()
            try:
                for each in fresh:
                    low.send_prepare(self._name(each), each.text)
                for each, parameters in sent:
                    low.send_query_prepared(self.names[each], parameters, each.formats, BINARY)
                answers = self.exchange(low, commits=commits)
                self.is_in_doubt = False
                low.exit_pipeline_mode()
            except BaseException:
                self.connection.close()  # answers that nobody has read would be taken for those of the next question
                raise
        first = len(fresh) + begins
        return answers[first : first + len(calls)], self._fault(answers, fresh, commits)

    def exchange(self, low: pq.abc.PGconn, *, commits: bool) -> list[pq.abc.PGresult]:
        """This will send what has been written, and COMMIT at the very last, and wait for all answers."""
        if commits:
            self.is_in_doubt = True
            low.send_query_prepared(self.names[COMMIT], [], [], BINARY)
        low.pipeline_sync()
        answers: list[pq.abc.PGresult] = self.connection.wait(_exchange(low))
        return answers

    def _name(self, command: Command) -> bytes:
        self.given += 1
        kind = command.text if command in (BEGIN, COMMIT) else b"bihuan"
        name = self.names[command] = b"%s_%d" % (kind, self.given)
        return name

    def _fault(
        self, answers: Sequence[pq.abc.PGresult], fresh: Sequence[Command], commits: bool
    ) -> errors.Error | None:
        for answer in answers:
            if answer.status == pq.ExecStatus.FATAL_ERROR:
                error = errors.error_from_result(answer, encoding=self.connection.info.encoding)
                if error.sqlstate in OUTDATED:
                    self.names.clear()
                for each, prepared in zip(fresh, answers, strict=False):
                    if prepared.status != pq.ExecStatus.COMMAND_OK:
                        self.names.pop(each, None)
                return error
        if commits and answers[-1].command_status != b"COMMIT":
            return errors.InFailedSqlTransaction("the transaction had failed before and was rolled back")
        return None


def _exchange(low: pq.abc.PGconn) -> Any:
    yield from generators.send(low)
    answers: list[pq.abc.PGresult] = []
    while True:
        answer = (yield from generators.fetch_many(low))[0]
        if answer.status == pq.ExecStatus.PIPELINE_SYNC:
            return answers
        answers.append(answer)
