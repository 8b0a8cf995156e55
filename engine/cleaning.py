"""The clean-up: deletes ended cases whose time is over, in batches so small that nobody waits for one of them.

Ended cases are found by the index of their end, read on from where the last look stopped, so that a clean-up takes time
by what it looks at once, however many are kept. Files go an hour after their last attachment.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, delete, literal, select, tuple_

from engine import retention
from engine.access import Actor, require_operator
from engine.cases import CASES
from engine.files import Store
from engine.retention import ATTACHMENTS, HELD, ORPHANS, SHOWN, Rule
from engine.turn import Turn

T = TypeVar("T")
BATCH = 50  # cases of one transaction
LOOKED = 1_000  # ended cases looked at in one question
REST = 0.25  # of the time of a batch: others may write meanwhile
GRACE = timedelta(hours=1)
WHY = "the time for which it had to be kept is over"
Place = tuple[datetime, UUID]


@dataclass(frozen=True, slots=True)
class DueCases:
    """How many ended cases a rule lets go now, and when the first of them ended."""

    rule: str
    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class CleanedUp:
    """What a clean-up deleted; `is_complete` is false when it was stopped before its end."""

    cases: int = 0
    files: int = 0
    is_complete: bool = True


class Write(Protocol):
    """Runs an operation in a transaction of its own."""

    def __call__(self, by: Actor, operation: Callable[..., T], /, *args: Any, **kwargs: Any) -> T: ...


class Read(Protocol):
    """Runs an operation that only reads."""

    def __call__(self, operation: Callable[..., T], /, *args: Any, **kwargs: Any) -> T: ...


def due(read: Read, by: Actor) -> list[DueCases]:
    """This will count what a clean-up would delete now, by rule, and change nothing."""
    require_operator(by)
    counts: Counter[str] = Counter()
    oldest: dict[str, datetime] = {}
    for rule, rows in _over(read):
        counts[rule.words] += len(rows)
        oldest[rule.words] = min(oldest.get(rule.words, rows[0].ended_at), rows[0].ended_at)
    return [DueCases(words, count, oldest[words]) for words, count in counts.most_common()]


def clean_up(
    write: Write, read: Read, folder: Path, *, by: Actor, should_stop: Callable[[], bool] | None = None
) -> CleanedUp:
    """This will delete what is over, a batch a transaction, until nothing is left or `should_stop` says so."""
    require_operator(by)
    done = CleanedUp()
    for rule, rows in _over(read):
        for first in range(0, len(rows), BATCH):
            if should_stop is not None and should_stop():
                return replace(done, is_complete=False)
            begun = time.monotonic()
            ids = [row.id for row in rows[first : first + BATCH]]
            gone = write(by, retention.delete_all, ids, rule=rule.words, reason=WHY)
            done = replace(done, cases=done.cases + gone)
            time.sleep((time.monotonic() - begun) * REST)
    return replace(done, files=sweep(write, folder, by=by))


def _over(read: Read) -> Iterator[tuple[Rule, list[Any]]]:
    """Ended cases whose time is over and that nobody holds, with the rule that says so."""
    known = read(_rules)
    for app, process_id in read(_processes):
        mine = [rule for rule in known if rule.app == app and rule.process_id in ("", process_id)]
        days = [rule.days for rule in mine if rule.days is not None]
        if not days:
            continue
        after: Place | None = None
        while True:
            rows, now = read(_look, app, process_id, min(days), after)
            over = [(rule, row) for row in rows if (rule := _rule(mine, row, now)) is not None]
            for rule, group in groupby(sorted(over, key=lambda pair: pair[0].words), lambda pair: pair[0]):
                yield rule, [row for _rule_, row in group]
            if len(rows) < LOOKED:
                break
            after = (rows[-1].ended_at, rows[-1].id)


def _rule(known: Sequence[Rule], row: Any, now: datetime) -> Rule | None:
    rule = retention.decide(known, row)
    return rule if rule is not None and not row.is_held and rule.is_over(row, now) else None


def _rules(turn: Turn) -> list[Rule]:
    return retention.rules(turn.session)


def _processes(turn: Turn) -> list[tuple[str, str]]:
    return sorted({(listed.app, listed.key) for listed in turn.catalog.definitions.values()})


def _look(turn: Turn, app: str, process_id: str, days: int, after: Place | None) -> tuple[list[Any], datetime]:
    ended = (CASES.c.ended_at, CASES.c.id)
    until = turn.now - timedelta(days=days)
    where: list[ColumnElement[bool]] = [CASES.c.app == app, CASES.c.process_id == process_id]
    where += [CASES.c.ended_at.is_not(None), CASES.c.ended_at <= until]
    if after is not None:
        bound = (literal(value, column.type) for value, column in zip(after, ended, strict=True))
        where.append(tuple_(*ended) > tuple_(*bound))
    rows = select(*SHOWN, HELD).where(*where).order_by(*ended).limit(LOOKED)
    return list(turn.session.execute(rows)), turn.now


def sweep(write: Write, folder: Path, *, by: Actor) -> int:
    """This will remove the bytes of files that no attachment names any more for an hour, and return how many."""
    count = 0
    while True:
        looked, removed = write(by, _sweep, Store(folder))
        count += removed
        if looked < LOOKED:
            return count


def _sweep(turn: Turn, store: Store) -> tuple[int, int]:
    old = select(ORPHANS.c.sha256).where(ORPHANS.c.since <= turn.now - GRACE).limit(LOOKED)
    shas = list(turn.session.scalars(old))
    if not shas:
        return 0, 0
    used = set(turn.session.scalars(select(ATTACHMENTS.c.sha256).where(ATTACHMENTS.c.sha256.in_(shas))))
    removed = sum(_remove(store.path(sha)) for sha in shas if sha not in used)
    turn.session.execute(delete(ORPHANS).where(ORPHANS.c.sha256.in_(shas)))
    return len(shas), removed


def _remove(path: Path) -> bool:
    """Leaves a file that was written just now: somebody uploads it again, and its row is not yet there."""
    try:
        if path.stat().st_mtime > time.time() - GRACE.total_seconds():
            return False
        path.unlink()
    except FileNotFoundError:
        return False
    return True
