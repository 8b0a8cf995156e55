"""Who did what and when in a case: append-only, each event carries the hash of the one before it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from engine import feel
from engine.access import Actor
from engine.db import table
from engine.errors import Conflict
from engine.models import Case, HistoryEvent
from engine.prepared import Change, Prepared

EVENTS = table(HistoryEvent)
_CANONICAL = msgspec.json.Encoder()


class HistoryBroken(Conflict):
    """The history of case {case} is not what was written: event {seq} {reason}."""


class Entry(msgspec.Struct, kw_only=True):
    """One line to write: what happened (`kind`), where, and what is to be known about it."""

    kind: str
    element: str = ""
    name: str = ""
    task_id: UUID | None = None
    detail: dict[str, Any] = msgspec.field(default_factory=dict)


def chain(case: dict[str, Any], entries: Sequence[Entry], *, by: Actor, now: datetime) -> list[dict[str, Any]]:
    """This will return the rows to insert, and move the case's `history_seq` and `history_hash` on."""
    rows = []
    seq, last = case["history_seq"], case["history_hash"]
    for entry in entries:
        seq += 1
        row = {
            "case_id": case["id"],
            "seq": seq,
            "at": now,
            "kind": entry.kind,
            "actor_id": by.person_id,
            "actor": by.label[:200],
            "origin": by.origin[:100],
            "element": entry.element,
            "name": entry.name[:200],
            "task_id": entry.task_id,
            "detail": feel.encode(entry.detail) if entry.detail else "{}",
        }
        last = row["hash"] = digest(last, row)
        rows.append(row)
    case["history_seq"], case["history_hash"] = seq, last
    return rows


SHARED = ("case_id", "at", "actor_id", "actor", "origin")
OWN = tuple(column.name for column in EVENTS.c if column.name not in SHARED)
AT_ONCE = 12  # rows of one statement: each number of them is a statement to prepare


def inserting(rows: Sequence[dict[str, Any]]) -> list[Change]:
    """This will tell how to insert the rows of one chain."""
    changes = []
    for first in range(0, len(rows), AT_ONCE):
        some = rows[first : first + AT_ONCE]
        values = {name: some[0][name] for name in SHARED}
        for number, row in enumerate(some):
            values.update([(key, row[name]) for name, key in _keys(number)])
        changes.append(Change(_inserting(len(some)), values))
    return changes


@lru_cache
def _keys(number: int) -> Sequence[tuple[str, str]]:
    return [(name, f"{name}_{number}") for name in OWN]


@lru_cache
def _inserting(count: int) -> Prepared:
    shared = {name: bindparam(name, type_=EVENTS.c[name].type) for name in SHARED}
    rows = ({name: bindparam(f"{name}_{number}", type_=EVENTS.c[name].type) for name in OWN} for number in range(count))
    return Prepared(insert(EVENTS).values([{**shared, **row} for row in rows]))


def digest(previous: str, row: dict[str, Any]) -> str:
    """This will return the SHA-256 over the event and the hash before it, in one canonical JSON form."""
    content: list[str | int | None] = [
        previous,
        _id(row["case_id"]),
        row["seq"],
        _written(row["at"]),
        row["kind"],
        row["actor_id"],
        row["actor"],
        row["element"],
        row["name"],
        _id(row["task_id"]) if row["task_id"] else None,
        row["detail"],
    ]
    if row["origin"]:
        content.append(row["origin"])  # only then: events from before origins were kept have none
    return hashlib.sha256(_CANONICAL.encode(content)).hexdigest()


@lru_cache(maxsize=256)  # the events of a step are of the same case and of few tasks
def _id(id: UUID) -> str:
    return str(id)


@lru_cache(maxsize=64)  # and they share their moment
def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def verify(session: Session, case_id: UUID) -> int:
    """This will check every event of a case and count them. Raises HistoryBroken, naming the first bad one."""
    last, count = "", 0
    for row in session.execute(select(EVENTS).where(EVENTS.c.case_id == case_id).order_by(EVENTS.c.seq)).mappings():
        count += 1
        if row["seq"] != count:
            raise HistoryBroken(case=case_id, seq=count, reason="is missing")
        last = digest(last, dict(row))
        if last != row["hash"]:
            raise HistoryBroken(case=case_id, seq=count, reason="was changed")
    kept = session.execute(select(Case.history_seq, Case.history_hash).where(Case.id == case_id)).one()
    if kept.history_seq != count:
        raise HistoryBroken(case=case_id, seq=count + 1, reason="is missing")
    if kept.history_hash != last:
        raise HistoryBroken(case=case_id, seq=count, reason="was changed")
    return count
