"""What an operation costs: its time, the processor's time in client and database, statements and round trips."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Iterator
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
        busy, started = time.process_time(), time.perf_counter()
        result = operation(*args, **kwargs)
        self.samples.append(time.perf_counter() - started)
        self.busy += time.process_time() - busy
        return result

    def time_many(self, operation: Callable[P, int], *args: P.args, **kwargs: P.kwargs) -> int:
        """This will run an operation that does several things at once and tells how many; each took its share."""
        busy, started = time.process_time(), time.perf_counter()
        count = operation(*args, **kwargs)
        if count:
            self.samples.extend([(time.perf_counter() - started) / count] * count)
        self.busy += time.process_time() - busy
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
        if is_sent:
            found.statements += kind in ("Bind", "Query")
            found.statements -= kind in ("Parse", "Query") and marks


def backend(database: Database) -> int | None:
    """This will return the local process of PostgreSQL that serves the pool's one connection."""
    if database.dialect.name == "sqlite":
        return None
    with database.connect() as connection:
        number: int = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    try:
        name = Path(f"/proc/{number}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return number if name.startswith("postgres") else None


def busy_seconds(process: int | None) -> float | None:
    """This will return how long a process has had the processor."""
    if process is None:
        return None
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text(encoding="utf-8").split()[0]) / 1e9
    except (OSError, ValueError):
        return None


def memory() -> float:
    """This will return the most memory that this process had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
