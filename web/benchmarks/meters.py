"""What an operation costs: its time, the processor's time in client and database, statements and round trips."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Engine as Database
from sqlalchemy import text

P = ParamSpec("P")
T = TypeVar("T")
TRANSACTION_WORDS = ("BEGIN", "COMMIT", "ROLLBACK")


@dataclass(slots=True)
class Stopwatch:
    """Times operations one by one, for about `limit` seconds after `start`; `busy` is what they took of the processor.

    All in seconds. `began` and `ended` are of the machine's clock, so that those of several processes agree.
    """

    limit: float
    samples: list[float] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0
    busy: float = 0.0

    def start(self) -> None:
        """This will begin to count."""
        self.began = time.monotonic()

    def stop(self) -> None:
        """This will end counting."""
        self.ended = time.monotonic()

    @property
    def is_over(self) -> bool:
        """This will tell whether the time is up."""
        return time.monotonic() - self.began >= self.limit

    def time(self, operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """This will run one operation and keep how long it took; one that raises is not counted."""
        busy, started = time.thread_time(), time.perf_counter()
        result = operation(*args, **kwargs)
        self.samples.append(time.perf_counter() - started)
        self.busy += time.thread_time() - busy
        return result

    def time_many(self, operation: Callable[P, int], *args: P.args, **kwargs: P.kwargs) -> int:
        """This will run an operation that does several things at once and tells how many; each took its share."""
        busy, started = time.thread_time(), time.perf_counter()
        count = operation(*args, **kwargs)
        if count:
            self.samples.extend([(time.perf_counter() - started) / count] * count)
        self.busy += time.thread_time() - busy
        return count


@dataclass(slots=True)
class Traffic:
    """How much passed between a client and its database. Beginning and ending transactions are no statements."""

    statements: int = 0
    round_trips: int = 0


@contextmanager
def traffic(database: Database) -> Iterator[Traffic]:
    """This will count what passes over the one connection that the pool holds, while the block runs."""
    found = Traffic()
    connection = database.raw_connection()
    wire: Any = connection.driver_connection
    connection.close()  # back into the pool, from where the block takes it
    if database.dialect.name == "sqlite":
        seen: list[str] = []
        wire.set_trace_callback(seen.append)
        yield found
        wire.set_trace_callback(None)
        found.statements = sum(not line.startswith(TRANSACTION_WORDS) for line in seen)
        return
    with tempfile.TemporaryFile() as file:
        wire.pgconn.trace(file.fileno())
        yield found
        wire.pgconn.untrace()
        file.seek(0)
        _read_trace(found, file.read().decode("utf-8", "replace"))


def _read_trace(found: Traffic, trace: str) -> None:
    """A line of libpq's trace: time, direction (F to the server, B back), length, kind of message, its content."""
    was_answered = True
    for line in trace.splitlines():
        parts = line.split("\t")
        if len(parts) < 4 or parts[1] not in ("F", "B"):
            continue
        is_sent, kind = parts[1] == "F", parts[3].strip()
        found.round_trips += is_sent and was_answered
        was_answered = not is_sent
        words = "\t".join(parts[4:]).upper()
        marks = any(f'"{word}' in words for word in TRANSACTION_WORDS)
        found.statements += is_sent and kind in ("Bind", "Query") and not marks


def backends(database: Database) -> list[int]:
    """This will return the local processes of PostgreSQL that serve the database; none when they are not here."""
    if database.dialect.name == "sqlite":
        return []
    mine = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
    with database.connect() as connection:
        found = [int(number) for number in connection.execute(text(mine)).scalars()]
    return [number for number in found if _is_postgresql(number)]


def _is_postgresql(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/comm").read_text(encoding="utf-8").startswith("postgres")
    except OSError:
        return False


def busy_seconds(processes: Sequence[int]) -> float | None:
    """This will return how long processes have had the processor in all; None when there are none to look at."""
    try:
        spent = [int(Path(f"/proc/{each}/schedstat").read_text(encoding="utf-8").split()[0]) for each in processes]
    except (OSError, ValueError):
        return None
    return sum(spent) / 1e9 if spent else None


def memory() -> float:
    """This will return the most memory that this process had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
