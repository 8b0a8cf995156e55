"""The statements of one step, in as few round trips as the database allows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import BindParameter, CursorResult, Delete, Insert, Update, bindparam, delete, update
from sqlalchemy.orm import Session

from engine.access import Actor
from engine.bpmn.outcome import Outcome
from engine.db import is_postgresql, table
from engine.models import DONE, OPEN, WITHDRAWN, Case, Incident, Job, Subscription, Task

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


@dataclass(frozen=True, slots=True)
class Change:
    """A statement of one step. On the hot path it is made once for ever, and only `values` are those of this time.

    Parameters are named after what they are for, so that several changes can be parts of one statement.
    """

    statement: Update | Delete | Insert
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Closing:
    """All tokens that a step closed, and the changes that take away what stood for them."""

    tokens: set[int] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)


def run(session: Session, changes: Sequence[Change]) -> None:
    """This will execute the changes one after another."""
    for change in changes:
        session.execute(change.statement, change.values)


def store_case(session: Session, row: dict[str, Any], names: Sequence[str], changes: Sequence[Change]) -> bool:
    """This will write the named columns of a case row together with changes of other rows.

    False when somebody else has changed the row since it was read: then the transaction has to be given up. PostgreSQL
    takes all of it in one round trip, as parts of one statement: no two changes may touch the same row.
    """
    # A parameter called like a column of another part's table (tasks.case_badge) would be written there too.
    values = {f"new_{name}": row[name] for name in names}
    values |= {"this_case": row["id"], "this_version": row["version"]}
    is_one = bool(changes) and is_postgresql(session)
    if is_one:
        for change in changes:
            values |= change.values
        parts = tuple(change.statement for change in changes)
        are_kept = all(change.values for change in changes)
        statement = (_together if are_kept else _together.__wrapped__)(tuple(names), parts)
    else:
        statement = _update_case(tuple(names))
    met = cast("CursorResult[Any]", session.execute(statement, values)).rowcount
    if met and not is_one:
        run(session, changes)
    return met == 1


@lru_cache(maxsize=256)
def _update_case(names: tuple[str, ...]) -> Update:
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=CASES.c[name].type) for name in names}
    values["version"] = CASES.c.version + 1
    unchanged = (CASES.c.id == bindparam("this_case"), CASES.c.version == bindparam("this_version"))
    return update(CASES).where(*unchanged).values(values)


@lru_cache(maxsize=1024)
def _together(names: tuple[str, ...], parts: tuple[Update | Delete | Insert, ...]) -> Update:
    statement = _update_case(names)
    for number, part in enumerate(parts):
        statement = statement.add_cte(part.cte(f"change_{number}"))
    return statement


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
        closing.changes.append(_close(case_id, kind, found, is_withdrawn, now))
    return closing


def _close(case_id: UUID, kind: str, tokens: list[int], is_withdrawn: bool, now: datetime) -> Change:
    many = len(tokens) > 1
    name = f"{kind}_withdrawn" if is_withdrawn else kind
    values: dict[str, Any] = {f"{name}_case": case_id, f"{name}_tokens": tokens if many else tokens[0]}
    if kind == TASK:
        values[f"{name}_at"] = now
    return Change(_closing(kind, name, many), values)


@lru_cache(maxsize=64)
def _closing(kind: str, name: str, many: bool) -> Update | Delete:
    # One token is the usual case, and comparing is much cheaper to prepare than a list of unknown length.
    tokens: BindParameter[Any] = bindparam(f"{name}_tokens", expanding=True) if many else bindparam(f"{name}_tokens")
    target = {TASK: TASKS, JOB: JOBS, SUBSCRIPTION: SUBSCRIPTIONS}[kind]
    matches = target.c.token.in_(tokens) if many else target.c.token == tokens
    found = (target.c.case_id == bindparam(f"{name}_case"), matches)
    if kind != TASK:
        return delete(target).where(*found)
    state = WITHDRAWN if name.endswith("withdrawn") else DONE
    at = bindparam(f"{name}_at", type_=TASKS.c.completed_at.type)
    return update(TASKS).where(*found, TASKS.c.state == OPEN).values(state=state, completed_at=at)


def copies(old: dict[str, Any], row: dict[str, Any], closed: Collection[int]) -> list[Change]:
    """This will tell how to bring the case's open tasks up to date when what they show of the case has changed."""
    changed = [name for name in COPIED if row[name] != old[name]]
    if not changed:
        return []
    values = {f"shown_{name}": row[name] for name in changed}
    # No row may be changed twice in one statement: a task that this very step closes keeps what it showed.
    return [Change(_copying(tuple(changed)), {**values, "shown_case": row["id"], "shown_not": sorted(closed)})]


@lru_cache(maxsize=64)
def _copying(names: tuple[str, ...]) -> Update:
    shown: dict[str, Any] = {COPIED[name]: bindparam(f"shown_{name}") for name in names}
    still_open = (
        TASKS.c.case_id == bindparam("shown_case"),
        TASKS.c.state == OPEN,
        TASKS.c.token.not_in(bindparam("shown_not", expanding=True)),
    )
    return update(TASKS).where(*still_open).values(shown)


def resolve_incidents(session: Session, case_id: UUID, tokens: Sequence[int], now: datetime, by: Actor) -> int:
    """This will mark the open incidents of these tokens as resolved and return how many there were."""
    if not tokens:
        return 0
    found = (INCIDENTS.c.case_id == case_id, INCIDENTS.c.token.in_(tokens), INCIDENTS.c.resolved_at.is_(None))
    statement = update(INCIDENTS).where(*found).values(resolved_at=now, resolved_by=by.person_id)
    return cast("CursorResult[Any]", session.execute(statement)).rowcount
