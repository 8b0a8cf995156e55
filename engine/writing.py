"""The statements of one step, in as few round trips as the database allows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias, cast
from uuid import UUID

from sqlalchemy import Column, ColumnElement, CursorResult, Delete, Insert, Update, delete, update
from sqlalchemy.orm import Session

from engine.access import Actor
from engine.bpmn.outcome import Outcome
from engine.db import table
from engine.models import DONE, OPEN, WITHDRAWN, Incident, Job, Subscription, Task

Change: TypeAlias = Update | Delete | Insert
TASK, JOB, SUBSCRIPTION = "task", "job", "subscription"
TASKS, JOBS, SUBSCRIPTIONS = table(Task), table(Job), table(Subscription)
INCIDENTS = table(Incident)
COPIED = {  # what tasks carry of their case
    "title": "case_title",
    "subject": "case_subject",
    "badge": "case_badge",
    "tone": "case_tone",
    "region": "region",
}


@dataclass(slots=True)
class Closing:
    """All tokens that a step closed, and the changes that take away what stood for them."""

    tokens: set[int] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)


def run(session: Session, changes: Sequence[Change]) -> None:
    """This will execute the changes one after another."""
    for change in changes:
        session.execute(change)


def together(session: Session, statement: Update, changes: Sequence[Change]) -> int:
    """This will execute `statement` and the changes of other rows, and return how many rows `statement` met.

    PostgreSQL takes all of them in one round trip, as parts of one statement: no two may touch the same row.
    """
    if changes and session.get_bind().dialect.name == "postgresql":
        for number, change in enumerate(changes):
            statement = statement.add_cte(change.cte(f"change_{number}"))
        changes = ()
    met = cast("CursorResult[Any]", session.execute(statement)).rowcount
    if met:
        run(session, changes)
    return met


def close_waiting(case_id: UUID, waiting: dict[str, str], outcome: Outcome, now: datetime) -> Closing:
    """This will take every closed token out of `waiting` and tell what to do with the rows that stood for it."""
    closing = Closing()
    tokens: dict[tuple[str, bool], list[int]] = {}
    for closed in outcome.closed:
        closing.tokens.add(closed.token)
        kind = waiting.pop(str(closed.token), None)
        if kind is not None:
            is_withdrawn = closed.withdrawn and kind == TASK
            tokens.setdefault((kind, is_withdrawn), []).append(closed.token)
    for (kind, is_withdrawn), found in tokens.items():
        closing.changes.append(_close(case_id, kind, found, WITHDRAWN if is_withdrawn else DONE, now))
    return closing


def _close(case_id: UUID, kind: str, tokens: list[int], state: str, now: datetime) -> Change:
    if kind == TASK:
        found = (TASKS.c.case_id == case_id, _one_of(TASKS.c.token, tokens), TASKS.c.state == OPEN)
        return update(TASKS).where(*found).values(state=state, completed_at=now)
    table = JOBS if kind == JOB else SUBSCRIPTIONS
    return delete(table).where(table.c.case_id == case_id, _one_of(table.c.token, tokens))


def _one_of(column: Column[Any], values: Sequence[int]) -> ColumnElement[bool]:
    """One value is the usual case, and comparing is much cheaper to prepare than a list of unknown length."""
    return column == values[0] if len(values) == 1 else column.in_(values)


def copies(old: dict[str, Any], row: dict[str, Any], closed: Collection[int]) -> list[Change]:
    """This will tell how to bring the case's open tasks up to date when what they show of the case has changed."""
    changed = {copy: row[name] for name, copy in COPIED.items() if row[name] != old[name]}
    if not changed:
        return []
    # No row may be changed twice in one statement: a task that this very step closes keeps what it showed.
    still_open = (TASKS.c.case_id == row["id"], TASKS.c.state == OPEN, TASKS.c.token.not_in(sorted(closed)))
    return [update(TASKS).where(*still_open).values(**changed)]


def resolve_incidents(session: Session, case_id: UUID, tokens: Sequence[int], now: datetime, by: Actor) -> int:
    """This will mark the open incidents of these tokens as resolved and return how many there were."""
    if not tokens:
        return 0
    found = (INCIDENTS.c.case_id == case_id, INCIDENTS.c.token.in_(tokens), INCIDENTS.c.resolved_at.is_(None))
    statement = update(INCIDENTS).where(*found).values(resolved_at=now, resolved_by=by.person_id)
    return cast("CursorResult[Any]", session.execute(statement)).rowcount
