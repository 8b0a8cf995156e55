"""Who did what and when in a case: append-only, each row carries the hash of the one before it.

What a step does by itself after what somebody did (gateways passed, decisions made, limits begun) needs no row of its
own: it stands in `followed` of the row before, `[kind, element, name, detail]` each. Every event keeps a number: a row
numbered 5 with three that followed stands for the events 5 to 8. Whoever reads asks `read` or `events`, never the rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
# Kinds that SQL looks for: each such event has a row of its own, as has what concerns a task and the first of a step.
ASKED_FOR = frozenset(
    {
        "given_back",
        "limit_extended",
        "limit_fixed",
        "limit_moved",
        "limit_paused",
        "limit_resumed",
        "rung_climbed",
        "timer_fired",
    }
)
MOST, LONGEST = 200, 65_536  # events that follow in one row, and characters: histories are read in pieces
Followed = tuple[str, str, str, msgspec.Raw]
Row = Mapping[Any, Any]  # of names to values, as dictionaries and what the database returns are
_CANONICAL = msgspec.json.Encoder()
_FOLLOWED = msgspec.json.Decoder(list[Followed])


class HistoryBroken(Conflict):
    """The history of case {case} is not what was written: event {seq} {reason}."""


class Entry(msgspec.Struct, kw_only=True):
    """One line to write: what happened (`kind`), where, and what is to be known about it."""

    kind: str
    element: str = ""
    name: str = ""
    task_id: UUID | None = None
    detail: dict[str, Any] = msgspec.field(default_factory=dict)


class Event(msgspec.Struct, kw_only=True):
    """One thing that happened in a case. `hash` is that of the row where it stands, which covers it."""

    case_id: UUID
    seq: int
    at: datetime
    kind: str
    actor_id: int | None
    actor: str
    element: str
    name: str
    task_id: UUID | None
    detail: str
    origin: str
    hash: str


def chain(case: dict[str, Any], entries: Sequence[Entry], *, by: Actor, now: datetime) -> list[dict[str, Any]]:
    """This will return the rows to insert, and move the case's `history_seq` and `history_hash` on."""
    rows = []
    seq, last = case["history_seq"], case["history_hash"]
    for entry, followed, count in _told(entries):
        row = {
            "case_id": case["id"],
            "seq": seq + 1,
            "at": now,
            "kind": entry.kind,
            "actor_id": by.person_id,
            "actor": by.label[:200],
            "origin": by.origin[:100],
            "element": entry.element,
            "name": entry.name[:200],
            "task_id": entry.task_id,
            "detail": feel.encode(entry.detail) if entry.detail else "{}",
            "followed": followed,
        }
        last = row["hash"] = digest(last, row)
        rows.append(row)
        seq += count
    case["history_seq"], case["history_hash"] = seq, last
    return rows


def _told(entries: Iterable[Entry]) -> Iterator[tuple[Entry, str, int]]:
    """Each entry that has a row, with those that follow it there as text, and how many events that makes."""
    leading: Entry | None = None
    following: list[Entry] = []
    for entry in entries:
        if leading is None:
            leading = entry
        elif entry.task_id is None and entry.kind not in ASKED_FOR and len(following) < MOST:
            following.append(entry)
        else:
            yield from _cut(leading, following)
            leading, following = entry, []
    if leading is not None:
        yield from _cut(leading, following)


def _cut(leading: Entry, following: list[Entry]) -> Iterator[tuple[Entry, str, int]]:
    if not following:
        yield leading, "", 1
        return
    followed = feel.encode([(entry.kind, entry.element, entry.name[:200], entry.detail) for entry in following])
    if len(followed) <= LONGEST:
        yield leading, followed, 1 + len(following)
        return
    half = len(following) // 2
    yield from _cut(leading, following[:half])
    yield from _cut(following[half], following[half + 1 :])


def events(rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """This will return the events for which rows of histories stand, with whatever else a row holds beside its event.

    Raises HistoryBroken when a row cannot be read.
    """
    for row in rows:
        event = dict(row)
        followed = _followed(event["case_id"], event["seq"], event.pop("followed"))
        yield event
        for seq, (kind, element, name, detail) in enumerate(followed, event["seq"] + 1):
            told = {"seq": seq, "kind": kind, "element": element, "name": name, "detail": bytes(detail).decode()}
            yield {**event, **told, "task_id": None}


def read(session: Session, case_id: UUID, since: datetime | None = None) -> list[Event]:
    """This will return what happened in a case in its order, all of it or `since` a moment. Raises HistoryBroken."""
    asked = select(EVENTS).where(EVENTS.c.case_id == case_id).order_by(EVENTS.c.seq)
    if since is not None:
        asked = asked.where(EVENTS.c.at >= since)
    return [Event(**event) for event in events(session.execute(asked).mappings())]


def length(row: Row) -> int:
    """This will return for how many events a row stands. Raises HistoryBroken when it cannot be read."""
    return 1 + len(_followed(row["case_id"], row["seq"], row["followed"]))


def _followed(case_id: UUID, seq: int, text: str) -> Sequence[Followed]:
    if not text:
        return ()
    try:
        return _FOLLOWED.decode(text)
    except (msgspec.MsgspecError, UnicodeEncodeError) as error:
        raise HistoryBroken(case=case_id, seq=seq, reason="was changed") from error


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


def digest(previous: str, row: Row) -> str:
    """This will return the SHA-256 over a row and the hash before it, in one canonical JSON form."""
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
    followed = row["followed"]
    if row["origin"] or followed:
        content.append(row["origin"])  # only then: events from before origins were kept have none
    if followed:
        content.append(followed)  # as are rows from before events followed in them
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
        if row["seq"] != count + 1:
            raise HistoryBroken(case=case_id, seq=count + 1, reason="is missing")
        last = digest(last, row)
        if last != row["hash"]:
            raise HistoryBroken(case=case_id, seq=count + 1, reason="was changed")
        count += length(row)
    kept = session.execute(select(Case.history_seq, Case.history_hash).where(Case.id == case_id)).one()
    if kept.history_seq != count:
        raise HistoryBroken(case=case_id, seq=count + 1, reason="is missing")
    if kept.history_hash != last:
        raise HistoryBroken(case=case_id, seq=count, reason="was changed")
    return count
