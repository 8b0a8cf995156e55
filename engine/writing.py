"""The statements of one step, in as few round trips as the database allows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from msgspec import Struct, field
from sqlalchemy import ColumnElement, CursorResult, Table, bindparam, delete, insert, literal_column, or_, update
from sqlalchemy.orm import Session

from engine.access import Actor
from engine.bpmn.outcome import Outcome
from engine.db import Base, table
from engine.models import BEGUN, DONE, STANDING, WITHDRAWN, Case, Incident, Job, Subscription, Task
from engine.prepared import Change, Prepared

TASK, JOB, SUBSCRIPTION = "task", "job", "subscription"
TASKS, JOBS, SUBSCRIPTIONS, CASES = (table(model) for model in (Task, Job, Subscription, Case))
INCIDENTS = table(Incident)
COPIED = {  # what tasks carry of their case
    "title": "case_title",
    "subject": "case_subject",
    "badge": "case_badge",
    "tone": "case_tone",
    "region": "region",
}

# written out: a list of parameters has no text that stays the same
_IS_STANDING = TASKS.c.state.in_([literal_column(f"'{state}'") for state in STANDING])


def _of_token(target: Table) -> tuple[ColumnElement[bool], ...]:
    return target.c.case_id == bindparam("closed_case"), target.c.token == bindparam("closed_token")


_CLOSE_TASK = Prepared(
    update(TASKS)
    .where(*_of_token(TASKS), _IS_STANDING)
    .values(state=bindparam("closed_state"), completed_at=bindparam("closed_at", type_=TASKS.c.completed_at.type))
)
_CLOSE_JOB, _CLOSE_SUBSCRIPTION = (
    Prepared(delete(target).where(*_of_token(target))) for target in (JOBS, SUBSCRIPTIONS)
)
_LET_BEGIN = Prepared(
    delete(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.case_id == bindparam("ended_case"), SUBSCRIPTIONS.c.kind == BEGUN)
)


class Closing(Struct):
    """All tokens that a step closed, and the changes that take away what stood for them."""

    tokens: set[int] = field(default_factory=set)
    withdrawn: list[int] = field(default_factory=list)  # tokens at which tasks were
    changes: list[Change] = field(default_factory=list)


def inserting(model: type[Base], rows: Sequence[dict[str, Any]]) -> list[Change]:
    """This will tell how to insert rows of one table, which all have the same columns."""
    return [Change(_inserting(model, tuple(row)), row) for row in rows]


@lru_cache(maxsize=64)
def _inserting(model: type[Base], names: tuple[str, ...]) -> Prepared:
    target = table(model)
    return Prepared(insert(target).values({name: bindparam(name, type_=target.c[name].type) for name in names}))


def storing(row: dict[str, Any], names: Sequence[str]) -> Change:
    """This will tell how to write the named columns of a case row; it meets no row when somebody has changed it."""
    values = {f"case_{name}": row[name] for name in names}
    return Change(_storing(tuple(names)), values | {"this_case": row["id"], "this_version": row["version"]})


@lru_cache(maxsize=256)
def _storing(names: tuple[str, ...]) -> Prepared:
    values: dict[str, Any] = {name: bindparam(f"case_{name}", type_=CASES.c[name].type) for name in names}
    values["version"] = CASES.c.version + 1
    unchanged = (CASES.c.id == bindparam("this_case"), CASES.c.version == bindparam("this_version"))
    return Prepared(update(CASES).where(*unchanged).values(values))


def close_waiting(case_id: UUID, waiting: dict[str, str], outcome: Outcome, now: datetime) -> Closing:
    """This will take every closed token out of `waiting` and tell what to do with the rows that stood for it."""
    closing = Closing()
    for closed in outcome.closed:
        closing.tokens.add(closed.token)
        kind = waiting.pop(str(closed.token), None)
        values = {"closed_case": case_id, "closed_token": closed.token}
        if kind == TASK:
            state = WITHDRAWN if closed.withdrawn else DONE
            if closed.withdrawn:
                closing.withdrawn.append(closed.token)
            closing.changes.append(Change(_CLOSE_TASK, {**values, "closed_state": state, "closed_at": now}))
        elif kind is not None:
            closing.changes.append(Change(_CLOSE_JOB if kind == JOB else _CLOSE_SUBSCRIPTION, values))
    return closing


def letting_begin(case_id: UUID) -> Change:
    """This will tell how to let a message begin a case that could not while the case `case_id` had not ended."""
    return Change(_LET_BEGIN, {"ended_case": case_id})


def copies(old: dict[str, Any], row: dict[str, Any]) -> list[Change]:
    """This will tell how to bring the case's open tasks up to date when what they show of the case has changed."""
    changed = [name for name in COPIED if row[name] != old[name]]
    if not changed:
        return []
    values = {f"shown_{name}": row[name] for name in changed}
    return [Change(_copying(tuple(changed)), {**values, "shown_case": row["id"]})]


@lru_cache(maxsize=64)
def _copying(names: tuple[str, ...]) -> Prepared:
    shown: dict[str, Any] = {COPIED[name]: bindparam(f"shown_{name}") for name in names}
    still_open = (TASKS.c.case_id == bindparam("shown_case"), _IS_STANDING)
    return Prepared(update(TASKS).where(*still_open).values(shown))


class Gone(Struct, frozen=True):
    """What incidents may be over with: tokens, themselves, or (when the case has ended) all of a kind."""

    tokens: Sequence[int]
    settled: Sequence[UUID] = ()
    kind: str | None = None


def resolve_incidents(session: Session, case_id: UUID, gone: Gone, now: datetime, by: Actor) -> int:
    """This will mark the open incidents of what is gone as resolved and return how many there were."""
    which: list[ColumnElement[bool]] = [INCIDENTS.c.token.in_(gone.tokens)] if gone.tokens else []
    which += [INCIDENTS.c.id.in_(gone.settled)] if gone.settled else []
    which += [INCIDENTS.c.kind == gone.kind] if gone.kind is not None else []
    if not which:
        return 0
    found = (INCIDENTS.c.case_id == case_id, or_(*which), INCIDENTS.c.resolved_at.is_(None))
    statement = update(INCIDENTS).where(*found).values(resolved_at=now, resolved_by=by.person_id)
    return cast("CursorResult[Any]", session.execute(statement)).rowcount
