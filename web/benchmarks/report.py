"""What a benchmark of the engine tells: one line for each kind of work, always beside the floor of the same run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from web.benchmarks.figures import percentile


@dataclass(slots=True)
class Taken:
    """What one client measured: times in seconds, processor time of client and database, memory in MiB."""

    samples: list[float]
    began: float
    ended: float
    busy: float
    database_busy: float | None
    memory: float


@dataclass(slots=True)
class Line:
    """One kind of work: operations a second, times and processor times in milliseconds, each for one operation."""

    name: str
    operations: int
    clients: int
    rate: float
    p50: float
    p95: float
    p99: float
    cpu: float
    database_cpu: float | None
    memory: float
    statements: float | None = None
    round_trips: float | None = None
    floors: float | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """This will return the line for other programs."""
        return asdict(self)


def line(name: str, taken: Sequence[Taken]) -> Line:
    """This will add up what the clients measured while they worked at the same time."""
    samples = sorted(sample * 1e3 for client in taken for sample in client.samples)
    count = len(samples)
    if not count:
        raise ValueError(f"nothing was measured: {name}")
    whole = max(client.ended for client in taken) - min(client.began for client in taken)
    of_database = [client.database_busy for client in taken if client.database_busy is not None]
    return Line(
        name=name,
        operations=count,
        clients=len(taken),
        rate=count / whole,
        p50=percentile(samples, 0.50),
        p95=percentile(samples, 0.95),
        p99=percentile(samples, 0.99),
        cpu=sum(client.busy for client in taken) * 1e3 / count,
        database_cpu=sum(of_database) * 1e3 / count if of_database else None,
        memory=max(client.memory for client in taken),
    )


def compare(lines: Iterable[Line], floor: Line) -> list[Line]:
    """This will tell of each line how many floors its middle is, and put the floor below them."""
    found = list(lines)
    for each in found:
        each.floors = each.p50 / floor.p50
    return [*found, floor]
