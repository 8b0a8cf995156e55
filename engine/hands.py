"""What the threads of a worker have in hand: so that leases are kept, and nothing keeps all of them busy for long."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol, TypeVar
from uuid import UUID

KEPT = 30  # seconds that a lease lasts while somebody keeps it alive
SLOW = 1.0  # seconds after which others may have the rest of a batch
TOLD = 5.0  # seconds between two times that a hand tells what it counted
FLOOD = 0.1  # what has so large a share of a batch is a flood
OFTEN = 4  # batches, after which others come first once while a flood lasts
SERVICE = "service"


class Job(Protocol):
    """What a hand knows of a job."""

    @property
    def id(self) -> UUID: ...
    @property
    def kind(self) -> str: ...
    @property
    def type(self) -> str | None: ...
    @property
    def case_id(self) -> UUID | None: ...
    @property
    def element(self) -> str: ...


J = TypeVar("J", bound=Job)


@dataclass(frozen=True, slots=True)
class Aside:
    """Service calls that others go before: all of them, or those of these types and these cases."""

    all_services: bool = False
    types: frozenset[str] = frozenset()
    cases: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Flood:
    """Cases, and steps of diagrams (kind of the job, element), that so much is due of that all others would wait."""

    cases: frozenset[UUID] = frozenset()
    steps: frozenset[tuple[str, str]] = frozenset()


class Crew:
    """The threads of one worker process. One of several is always left for what is no service call."""

    def __init__(self, threads: int = 1) -> None:
        """This will be the crew of so many threads."""
        self.threads = threads
        self.lock = Lock()
        self.hands: list[Hand] = []

    @property
    def room(self) -> int:
        """This will return how many threads may call services at the same time."""
        return max(self.threads - 1, 1)


class Hand:
    """One thread's jobs: those that it runs, and the rest of its batch. Its worker's heartbeat looks at it too."""

    def __init__(self, crew: Crew | None = None, *, is_kept: bool = False) -> None:
        """This will begin empty; `is_kept` tells that a heartbeat extends its leases."""
        self.crew, self.is_kept = crew or Crew(), is_kept
        self.running: tuple[UUID, ...] = ()
        self.rest: dict[UUID, Job] = {}
        self.calls = self.is_shared = False  # whether it calls a service; whether others can write meanwhile
        self.tally: Counter[str] = Counter()  # of what it ran, not told yet
        self.told_at = time.monotonic()
        self.since = self.kept_at = 0.0
        self.place: tuple[Any, ...] | None = None  # up to where others than the flood were looked for
        self._types: set[str] = set()
        self._cases: set[UUID] = set()
        self._flood, self._full = Flood(), 0
        self.crew.hands.append(self)

    def aside(self) -> Aside:
        """This will tell which service calls this thread takes only when nothing else is due."""
        with self.crew.lock:
            calling = sum(hand.calls for hand in self.crew.hands if hand is not self)
            return Aside(calling >= self.crew.room, frozenset(self._types), frozenset(self._cases))

    def counted(self) -> Counter[str]:
        """This will return what it has counted when it is time to tell; `tell` says that it was told."""
        return self.tally if time.monotonic() - self.told_at > TOLD else Counter()

    def tell(self, tally: Counter[str]) -> None:
        """This will forget what was told."""
        if tally:
            self.tally, self.told_at = self.tally - tally, time.monotonic()

    def note_flood(self, batch: Sequence[Job], *, is_full: bool) -> None:
        """This will remember what the oldest of the due jobs are full of, or that nothing more is due."""
        self._full = self._full + 1 if is_full else 0
        if not is_full:
            self.place = None
            return
        least = max(len(batch) * FLOOD, 2)
        cases = Counter(job.case_id for job in batch if job.case_id is not None)
        steps = Counter((job.kind, job.element) for job in batch)
        self._flood = Flood(
            frozenset(case for case, count in cases.items() if count >= least),
            frozenset(step for step, count in steps.items() if count >= least),
        )

    def flood(self) -> Flood | None:
        """This will tell what has to let others go first this time, if anything."""
        is_time = self._full > 0 and self._full % OFTEN == 0
        return self._flood if is_time and (self._flood.cases or self._flood.steps) else None

    def note_others(self) -> None:
        """This will remember that others than the flood had their turn."""
        self._full += 1

    def take(self, batch: Sequence[Job]) -> None:
        """This will hold a batch that was claimed just now."""
        with self.crew.lock:
            self.rest = {job.id: job for job in batch}
            self.kept_at = time.monotonic()

    def begin(self, group: Sequence[J]) -> list[J]:
        """This will tell which of a group may run now: not what was given back, or whose lease is about to end."""
        with self.crew.lock:
            now = time.monotonic()
            if self.is_kept and now - self.kept_at > KEPT * 0.8:
                self.rest.clear()
            mine = [job for job in group if job.id in self.rest]
            calls = any(job.kind == SERVICE for job in mine)
            if calls and sum(hand.calls for hand in self.crew.hands if hand is not self) >= self.crew.room:
                return []
            for job in mine:
                del self.rest[job.id]
            self.running, self.calls, self.since = tuple(job.id for job in mine), calls, now
            return mine

    def end(self, group: Sequence[Job]) -> None:
        """This will let go of what has run; a slow service, and its case, let others go first the next time."""
        with self.crew.lock:
            if self.calls and time.monotonic() - self.since > SLOW:
                self._types |= {job.type for job in group if job.type}
                self._cases |= {job.case_id for job in group if job.case_id is not None}
            self.running, self.calls = (), False

    def give_back(self) -> list[UUID]:
        """This will take the rest of the batch out of the hand, for others."""
        with self.crew.lock:
            found, self.rest = list(self.rest), {}
            return found

    def give_back_slow(self) -> list[UUID]:
        """This will do so when what runs takes long."""
        is_slow = bool(self.running) and time.monotonic() - self.since > SLOW
        return self.give_back() if is_slow else []

    def held(self) -> list[UUID]:
        """This will return all jobs in hand."""
        with self.crew.lock:
            return [*self.running, *self.rest]

    def note_kept(self) -> None:
        """This will remember that the leases were extended just now."""
        self.kept_at = time.monotonic()

    def forget(self) -> bool:
        """This will take slow services in again, and tell whether there were any."""
        had = bool(self._types or self._cases)
        self._types, self._cases = set(), set()
        return had
