"""What a measurement gives: times of many repetitions and what they add up to."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """How long one operation takes: middle, 95th and 99th percentile in microseconds; `target` is what it may take."""

    name: str
    repetitions: int
    p50: float
    p95: float
    p99: float
    target: float | None = None

    @property
    def is_met(self) -> bool | None:
        """This will tell whether the middle keeps the target; none when there is no target."""
        return None if self.target is None else self.p50 <= self.target

    def as_json(self) -> dict[str, Any]:
        """This will return the figure for other programs."""
        return asdict(self) | {"unit": "microseconds", "is_met": self.is_met}


def measure(
    name: str,
    operation: Callable[[], object],
    *,
    seconds: float,
    target: float | None = None,
    batch: int = 1,
) -> Figure:
    """This will repeat `operation` for `seconds`; `batch` of them are timed together: one is too short."""
    operation()
    samples: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(samples) < 20:
        started = time.perf_counter()
        for _ in range(batch):
            operation()
        samples.append((time.perf_counter() - started) / batch * 1e6)
    samples.sort()
    return Figure(
        name,
        len(samples) * batch,
        percentile(samples, 0.50),
        percentile(samples, 0.95),
        percentile(samples, 0.99),
        target,
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """This will return the value below which `share` of the ordered values lie."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
