"""Limits: those of one case with what may be done with them, and the ledger of all that somebody oversees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import feel
from engine import limits as running_limits
from engine.access import Actor
from engine.catalog import LIMIT
from engine.limit_definitions import LimitDefinition
from engine.limits import LimitNotFound
from engine.models import NEVER, PAUSED, RUNNING, Case, HistoryEvent, Limit
from engine.queries import paging
from engine.queries.cases import find_seen
from engine.queries.limit_states import EXCEEDED, in_state
from engine.queries.paging import Page
from engine.reckoning import Happening, Reckoning

CHANGES = ("limit_paused", "limit_resumed", "limit_extended", "limit_moved", "limit_fixed")


@dataclass(frozen=True, slots=True)
class LimitView:
    """A limit with its rule, each step towards its due time, what was done to it, and what the actor may do now.

    `may` holds `pause`, `resume`, `extend`; `version` is that of its rule, `changes` are stops, extensions and moves.
    """

    limit: Limit
    definition: LimitDefinition
    version: int
    happened: list[Happening]
    reckoning: Reckoning
    may: frozenset[str]
    changes: list[HistoryEvent]


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit in the ledger, with what one has to know of its case."""

    limit: Limit
    case_number: str
    case_title: str
    unit_name: str
    basis: str
    left: Any  # of a stopped clock: working days, days or a span of time
    unit: str


def limits_of_case(session: Session, actor: Actor, case_id: UUID) -> list[LimitView]:
    """This will list the limits of a case that the actor may see, those that run first. Raises NotYourCase."""
    find_seen(session, actor, case_id)
    rows = list(session.scalars(select(Limit).where(Limit.case_id == case_id).order_by(Limit.id)))
    rows.sort(key=lambda row: (row.state not in (RUNNING, PAUSED), row.due_at or NEVER))
    return list(_views(session, actor, rows))


def limit(session: Session, actor: Actor, limit_id: UUID) -> LimitView:
    """This will return a limit of a case that the actor may see. Raises LimitNotFound, NotYourCase."""
    row = session.get(Limit, limit_id)
    if row is None:
        raise LimitNotFound
    find_seen(session, actor, row.case_id)
    return next(iter(_views(session, actor, [row])))


def _views(session: Session, actor: Actor, rows: Sequence[Limit]) -> Iterable[LimitView]:
    library = paging.library(session)
    catalog = library.catalog(session)
    calendar = paging.calendar(session)
    versions = {each.id: each.version for of_one in catalog.of_kind(LIMIT) for each in of_one}
    changes = _changes(session, {row.case_id for row in rows})
    for row in rows:
        definition = library.limit(session, row.resource_id)
        happened = running_limits.read_happened(row.happened)
        yield LimitView(
            row,
            definition,
            versions.get(row.resource_id, 0),
            happened,
            running_limits.reckon(definition, happened, calendar),
            running_limits.verbs(actor, row, definition, paging.now(session)),
            changes.get(str(row.id), []),
        )


def _changes(session: Session, cases: Iterable[UUID]) -> dict[str, list[HistoryEvent]]:
    wanted = (HistoryEvent.case_id.in_(cases), HistoryEvent.kind.in_(CHANGES))
    found: dict[str, list[HistoryEvent]] = {}
    for event in session.scalars(select(HistoryEvent).where(*wanted).order_by(HistoryEvent.case_id, HistoryEvent.seq)):
        found.setdefault(str(feel.loads(event.detail).get("id", "")), []).append(event)
    return found


def limits(
    session: Session,
    actor: Actor,
    *,
    state: str | None = RUNNING,
    case_id: UUID | None = None,
    code: str | None = None,
    unit_path: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[LimitRow]:
    """This will list limits of units that the actor oversees.

    `state` is one of LIMIT_FILTERS or None: those that run (exceeded ones among them) come with the nearest due time
    first, others with the newest first.
    """
    where = [paging.in_scopes(Limit.unit_path, actor)]
    if state is not None:
        where += in_state(state, paging.now(session))
    if case_id is not None:
        where.append(Limit.case_id == case_id)
    if code is not None:
        where.append(Limit.code == code)
    if unit_path is not None:
        where.append(paging.below(Limit.unit_path, unit_path))
    size = paging.limited(limit)
    by_due = state in (RUNNING, EXCEEDED)
    key: tuple[Any, ...] = (Limit.due_at, Limit.id) if by_due else (Limit.id,)
    rest = [paging.beyond(key, after, (datetime, UUID) if by_due else (UUID,), is_falling=not by_due)] if after else []
    rows = select(Limit, Case).join(Case, Case.id == Limit.case_id).where(*where, *rest)
    found = session.execute(rows.order_by(*(column if by_due else column.desc() for column in key)).limit(size + 1))
    items = [_row(session, *pair) for pair in found.all()]
    counted = paging.count(session, select(Limit.id).where(*where))
    return paging.cut(items, size, lambda row: [getattr(row.limit, column.key) for column in key], counted)


def limit_names(session: Session, actor: Actor) -> dict[str, str]:
    """This will name all limits that are defined, by their codes."""
    library = paging.library(session)
    newest = [versions[-1] for versions in library.catalog(session).of_kind(LIMIT)]
    return {each.key: library.limit(session, each.id).name for each in newest}


def _row(session: Session, row: Limit, case: Case) -> LimitRow:
    library = paging.library(session)
    definition = library.limit(session, row.resource_id)
    left, unit = None, definition.term.unit
    if row.state == PAUSED:
        happened = running_limits.read_happened(row.happened)
        reckoning = running_limits.reckon(definition, happened, paging.calendar(session))
        left, unit = reckoning.left, reckoning.unit
    return LimitRow(row, case.number, case.title, case.unit_name, definition.basis, left, unit)
