"""Verifies all histories against their hashes, the heads of the cases, the deleted ones, and the anchors.

Cases are cut into parts of a bounded number of events, read as of one moment each and shared among processes, so that
a million events take seconds on a few cores and the same little memory.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Engine as Database
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine import anchors
from engine.anchors import ANCHORED, AnchorBroken, Printed
from engine.cases import CaseNotFound
from engine.db import open_database, table
from engine.history import EVENTS, HistoryBroken, digest, length
from engine.models import Case, DeletedCase

CASES, DELETED = table(Case), table(DeletedCase)
NAMES = tuple(column.name for column in EVENTS.c)
CASE_ID = NAMES.index("case_id")
_SEALED = (ANCHORED.c.case_id, ANCHORED.c.number)
PART = 20_000  # events that one process reads at a time
ALONE = 3 * PART  # events that are not worth other processes
MISSING, CHANGED, INSERTED = "is missing", "was changed", "was inserted"
CASE_GONE, HEAD_CHANGED = "is missing with its whole case", "is not what the row of the case says"
NUMBER_CHANGED, ANCHORED_OTHERWISE = "was anchored under another case number", "is not what was anchored"

Bounds = tuple[UUID | None, UUID | None]


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a history is not what was written: which case, from which event on, and how."""

    case_id: UUID
    number: str
    seq: int
    reason: str
    anchor: int | None = None

    def error(self) -> HistoryBroken:
        """This will return the break as an error whose message is for people."""
        return HistoryBroken(case=self.number, seq=self.seq, reason=self.reason)


@dataclass(slots=True)
class Verdict:
    """What a verification found: how much it read, and everything that is not what was written."""

    cases: int = 0
    events: int = 0
    deleted: int = 0
    anchors: int = 0
    breaks: list[Break] = field(default_factory=list)
    broken_anchors: list[AnchorBroken] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """This will tell whether everything is as it was written."""
        return not self.breaks and not self.broken_anchors

    def add(self, other: Verdict) -> None:
        """This will take in what was found in another part."""
        self.cases += other.cases
        self.events += other.events
        self.deleted += other.deleted
        self.breaks += other.breaks


Progress = Callable[[int, int], None]


def verify(
    database: Database,
    *,
    printed: Printed | None = None,
    processes: int | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """This will verify all histories and anchors. `progress` is told how many events were read, and of how many."""
    verdict = Verdict()
    with at_one_moment(database) as session:
        bounds, total = _parts(session)
        verdict.broken_anchors = list(anchors.check(session, printed))
        verdict.anchors = len(anchors.listed(session, limit=1_000_000))
    for part in _run(database, bounds, total, processes):
        verdict.add(part)
        if progress is not None:
            progress(verdict.events, max(total, verdict.events))
    return verdict


def verify_case(session: Session, case_id: UUID) -> Verdict:
    """This will verify one case, whether it still is there or was deleted by rule."""
    return _verify(session, (case_id, case_id))


def find(session: Session, number: str) -> UUID:
    """This will return the id of the case with this number, kept, deleted or only anchored. Raises CaseNotFound."""
    for id, column in ((CASES.c.id, CASES.c.number), (DELETED.c.id, DELETED.c.number), _SEALED):
        found: UUID | None = session.scalar(select(id).where(column == number).limit(1))
        if found is not None:
            return found
    raise CaseNotFound


def _run(database: Database, bounds: Sequence[Bounds], total: int, processes: int | None) -> Iterator[Verdict]:
    count = min(processes or os.cpu_count() or 1, len(bounds))
    if count == 1 or total < ALONE:
        for each in bounds:
            with at_one_moment(database) as session:
                yield _verify(session, each)
        return
    url = database.url.render_as_string(hide_password=False)
    # A fork would take along the connections of this process.
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(partial(_verify_part, url), bounds)


_OPENED: dict[str, Database] = {}


def _verify_part(url: str, bounds: Bounds) -> Verdict:
    if url not in _OPENED:
        _OPENED[url] = open_database(url, pool_size=1)
    with at_one_moment(_OPENED[url]) as session:
        return _verify(session, bounds)


@contextmanager
def at_one_moment(database: Database) -> Iterator[Session]:
    """This will open a session that sees the database as it was at one moment, however long it reads."""
    with Session(database, autoflush=False) as session:
        if database.dialect.name == "postgresql":
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


def _parts(session: Session) -> tuple[list[Bounds], int]:
    """Cuts the ids into ranges that cover all of them, also those of which no case is left."""
    cuts, total, held = [], 0, 0
    heads = select(CASES.c.id, CASES.c.history_seq).order_by(CASES.c.id)
    for id, seq in session.execute(heads, execution_options={"yield_per": 10_000}):
        if held >= PART:
            cuts.append(id)
            held = 0
        held += seq
        total += seq
    return list(zip([None, *cuts], [*cuts, None], strict=True)), total


def _within(asked: Select[Any], column: Any, bounds: Bounds) -> Select[Any]:
    first, end = bounds
    if first is not None and first == end:
        return asked.where(column == first)
    if first is not None:
        asked = asked.where(column >= first)
    return asked if end is None else asked.where(column < end)


def _verify(session: Session, bounds: Bounds) -> Verdict:
    heads = select(CASES.c.id, CASES.c.number, CASES.c.history_seq, CASES.c.history_hash)
    gone = select(DELETED.c.id, DELETED.c.number, DELETED.c.history_seq, DELETED.c.history_hash)
    kept = {row.id: row for row in session.execute(_within(heads, CASES.c.id, bounds))}
    deleted = {row.id: row for row in session.execute(_within(gone, DELETED.c.id, bounds))}
    asked = _within(select(ANCHORED), ANCHORED.c.case_id, bounds).order_by(ANCHORED.c.case_id, ANCHORED.c.anchor)
    sealed = {id: list(rows) for id, rows in groupby(session.execute(asked), lambda row: row.case_id)}
    verdict = Verdict(cases=len(kept), deleted=len(deleted))
    seen = set()
    events = _within(select(EVENTS), EVENTS.c.case_id, bounds).order_by(EVENTS.c.case_id, EVENTS.c.seq)
    found = session.execute(events, execution_options={"yield_per": 2_000})
    for id, rows in groupby(found, itemgetter(CASE_ID)):
        seen.add(id)
        check = _Case(id, kept.get(id), deleted.get(id), sealed.get(id, ()))
        verdict.breaks += check.walk(rows)
        verdict.events += check.events
    for id in sorted((kept.keys() | deleted.keys() | sealed.keys()) - seen):
        verdict.breaks += _Case(id, kept.get(id), deleted.get(id), sealed.get(id, ())).walk(())
    return verdict


def _length(row: Mapping[str, Any]) -> int:
    try:
        return length(row)
    except HistoryBroken:
        return 1  # its hash tells


@dataclass(slots=True)
class _Case:
    """One case while it is verified. `head` is what its row says, `deleted` what stays of it, `sealed` its anchors."""

    id: UUID
    head: Any
    deleted: Any
    sealed: Sequence[Any]
    events: int = 0

    def walk(self, rows: Iterable[Any]) -> list[Break]:
        """This will go through the events of the case and return the first break, with what the anchors say of it."""
        if self.head is None:
            self.events = sum(_length(dict(zip(NAMES, values, strict=True))) for values in rows)
            return self._gone()
        anchored = deque(sorted((row for row in self.sealed if not row.is_deleted), key=attrgetter("seq")))
        last, first = "", None
        for values in rows:
            row = dict(zip(NAMES, values, strict=True))
            end = self.events + _length(row)
            first = first or self._compare(row, end, last, anchored)
            self.events, last = end, row["hash"]
        first = first or self._end(last)
        return [first] if first is not None else []

    def _compare(self, row: dict[str, Any], end: int, last: str, anchored: deque[Any]) -> Break | None:
        seq, expected = row["seq"], self.events + 1
        if seq != expected:
            return self._break(expected, MISSING) if seq > expected else self._break(seq, INSERTED)
        if seq > self.head.history_seq:
            return self._break(seq, INSERTED)
        if digest(last, row) != row["hash"]:
            return self._break(seq, CHANGED)
        if end > self.head.history_seq:
            return self._break(self.head.history_seq + 1, INSERTED)
        while anchored and anchored[0].seq <= end:
            seal = anchored.popleft()
            if (seal.seq, seal.hash) != (end, row["hash"]):  # an anchor holds a history as it was after a step
                return self._break(seal.seq, ANCHORED_OTHERWISE, seal.anchor)
        return None

    def _end(self, last: str) -> Break | None:
        longest = max((row.seq for row in self.sealed), default=0)
        if self.events < max(longest, self.head.history_seq):
            return self._break(self.events + 1, MISSING)
        if last != self.head.history_hash:
            return self._break(self.events, HEAD_CHANGED)
        other = next((row for row in self.sealed if row.number != self.head.number), None)
        return self._break(other.seq, NUMBER_CHANGED, other.anchor) if other is not None else None

    def _gone(self) -> list[Break]:
        """A case that was deleted by rule leaves its number, length and last hash behind, and no event."""
        if self.deleted is None or self.events:
            return [self._break(1, CASE_GONE)]
        for row in self.sealed:
            if row.seq > self.deleted.history_seq or row.number != self.deleted.number:
                return [self._break(row.seq, ANCHORED_OTHERWISE, row.anchor)]
            if row.seq == self.deleted.history_seq and row.hash != self.deleted.history_hash:
                return [self._break(row.seq, ANCHORED_OTHERWISE, row.anchor)]
        return []

    def _break(self, seq: int, reason: str, anchor: int | None = None) -> Break:
        sources = (self.head, self.deleted, *self.sealed[:1])
        number = next((source.number for source in sources if source is not None), str(self.id))
        return Break(self.id, number, seq, reason, anchor)
