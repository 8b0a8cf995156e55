"""What operators look at before they act: one case as it stands, the log of actions, rules and records of deletion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from engine import cases, feel, retention
from engine.access import Actor, require_operator
from engine.bpmn import Node, modifying, shifting
from engine.bpmn.shifting import Standing
from engine.errors import NotFound
from engine.models import ActionItem, Case, DeletedCase, Hold, Job, OperatorAction, Person
from engine.queries import operations, paging
from engine.queries.operations import IncidentShown
from engine.queries.paging import Page
from engine.retention import Rule
from engine.turn import Turn

Data = dict[str, Any]
MOST_IDS = 50_000


class ActionNotFound(NotFound):
    """There is no such action."""


@dataclass(frozen=True, slots=True)
class HoldShown:
    """Why a case must not be deleted, and who said so."""

    reason: str
    held_at: datetime
    held_by: str


@dataclass(frozen=True, slots=True)
class RepairView:
    """A case as an operator repairs it; `begins` are elements that could be begun.

    `kept_until` is when its rule lets it go, None while it runs or for ever.
    """

    case: Case
    data: Data
    standing: list[Standing]
    begins: list[Node]
    incidents: list[IncidentShown]
    jobs: list[Job]
    hold: HoldShown | None
    rule: Rule | None
    kept_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionShown:
    """What an operator did or does to many: `done` and `refused` count the items that are over."""

    id: UUID
    verb: str
    actor: str
    reason: str
    detail: Data
    begun_at: datetime
    finished_at: datetime | None
    total: int
    done: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class ItemShown:
    """What became of one case or incident; `error` is the template of a refusal, what fills it, and its Chinese."""

    seq: int
    case_id: UUID
    number: str
    state: str
    error: Data


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases operators choose to do something to."""

    app: str | None = None
    process_id: str | None = None
    definition_id: int | None = None
    state: str | None = None
    unit_path: str | None = None
    before: datetime | None = None
    q: str = ""

    def conditions(self) -> list[Any]:
        """This will be true for the cases asked for; `before` is when they were started."""
        exact = (
            (Case.app, self.app),
            (Case.process_id, self.process_id),
            (Case.definition_id, self.definition_id),
            (Case.state, self.state),
        )
        where: list[Any] = [column == value for column, value in exact if value is not None]
        if self.unit_path is not None:
            where.append(paging.below(Case.unit_path, self.unit_path))
        if self.before is not None:
            where.append(Case.started_at < self.before)
        return where + paging.holds(self.q, Case.number, Case.title)


def repair(session: Session, actor: Actor, case_id: UUID) -> RepairView:
    """This will return a case as it stands, for an operator. Raises CaseNotFound, OperatorsOnly."""
    require_operator(actor)
    found = session.get(Case, case_id, options=[undefer(Case.data), undefer(Case.snapshot)])
    if found is None:
        raise cases.CaseNotFound
    library = paging.library(session)
    turn = Turn(session, paging.now(session), actor, library)
    process = library.process(session, found.definition_id)
    state = feel.loads(found.snapshot)["state"]
    host = turn.surroundings(library.app(found.app), found.definition_id)
    broken = operations.IncidentFilter(case_id=case_id)
    rule = retention.decide(retention.rules(session), found) if found.ended_at is not None else None
    kept = rule.days if rule is not None else None
    return RepairView(
        case=found,
        data=feel.loads(found.data),
        standing=shifting.standing(process, state, host),
        begins=modifying.possible(process),
        incidents=operations.incident_page(session, actor, broken, limit=200).items,
        jobs=list(session.scalars(select(Job).where(Job.case_id == case_id).order_by(Job.due_at))),
        hold=_hold(session, case_id),
        rule=rule,
        kept_until=found.ended_at + timedelta(days=kept) if kept is not None and found.ended_at is not None else None,
    )


def _hold(session: Session, case_id: UUID) -> HoldShown | None:
    rows = select(Hold.reason, Hold.held_at, Person.name).outerjoin(Person, Person.id == Hold.held_by)
    row = session.execute(rows.where(Hold.case_id == case_id)).first()
    return None if row is None else HoldShown(row.reason, row.held_at, row.name or "")


def case_by_number(session: Session, actor: Actor, number: str) -> UUID:
    """This will return the id of the case with a number. Raises CaseNotFound, OperatorsOnly."""
    require_operator(actor)
    found = session.scalar(select(Case.id).where(Case.number == number))
    if found is None:
        raise cases.CaseNotFound
    return found


def operated_cases(
    session: Session, actor: Actor, asked: CaseFilter, *, after: str | None = None, limit: int = 50
) -> Page[Case]:
    """This will list the cases asked for, newest first, for operators. Raises OperatorsOnly."""
    require_operator(actor)
    where = asked.conditions()
    rows, ids = select(Case).where(*where), select(Case.id)
    return paging.newest(session, rows, ids, (Case.id,), (UUID,), after, limit)


def operated_case_ids(session: Session, actor: Actor, asked: CaseFilter) -> list[UUID]:
    """This will return the ids of the cases asked for, the oldest first. Raises OperatorsOnly."""
    require_operator(actor)
    return list(session.scalars(select(Case.id).where(*asked.conditions()).order_by(Case.id).limit(MOST_IDS)))


def actions(session: Session, actor: Actor, *, after: str | None = None, limit: int = 50) -> Page[ActionShown]:
    """This will list what operators did to many cases and to the rules, newest first. Raises OperatorsOnly."""
    require_operator(actor)
    page = paging.newest(
        session, select(OperatorAction), select(OperatorAction.id), (OperatorAction.id,), (UUID,), after, limit
    )
    counts = _counts(session, [row.id for row in page.items])
    items = [_action(row, counts.get(row.id, {})) for row in page.items]
    return Page(items, page.next, page.total, page.is_capped)


def _counts(session: Session, ids: list[UUID]) -> dict[UUID, dict[str, int]]:
    rows = select(ActionItem.action_id, ActionItem.state, func.count()).where(ActionItem.action_id.in_(ids))
    counts: dict[UUID, dict[str, int]] = {}
    for id, state, count in session.execute(rows.group_by(ActionItem.action_id, ActionItem.state)):
        counts.setdefault(id, {})[state] = count
    return counts


def _action(row: OperatorAction, counts: dict[str, int]) -> ActionShown:
    names = ("id", "verb", "actor", "reason", "begun_at", "finished_at", "total")
    shown = {name: getattr(row, name) for name in names}
    return ActionShown(
        **shown, detail=feel.loads(row.detail), done=counts.get("done", 0), refused=counts.get("refused", 0)
    )


def action(
    session: Session, actor: Actor, action_id: UUID, *, state: str | None = None, after: str | None = None
) -> tuple[ActionShown, Page[ItemShown]]:
    """This will return one action and its items page by page. Raises ActionNotFound, OperatorsOnly."""
    require_operator(actor)
    row = session.get(OperatorAction, action_id)
    if row is None:
        raise ActionNotFound
    where = [ActionItem.action_id == action_id, *([ActionItem.state == state] if state else [])]
    key = (ActionItem.seq,)
    beyond = [paging.beyond(key, after, (int,), is_falling=False)] if after else []
    rows = session.scalars(select(ActionItem).where(*where, *beyond).order_by(*key).limit(101))
    items = [ItemShown(each.seq, each.case_id, each.number, each.state, _error(each)) for each in rows]
    counted = paging.count(session, select(ActionItem.seq).where(*where))
    shown = _action(row, _counts(session, [action_id]).get(action_id, {}))
    return shown, paging.cut(items, 100, lambda item: (item.seq,), counted)


def _error(item: ActionItem) -> Data:
    found: Data = feel.loads(item.error) if item.error else {}
    return found


def retention_rules(session: Session, actor: Actor) -> list[Rule]:
    """This will list the rules of retention, those that name most first. Raises OperatorsOnly."""
    require_operator(actor)
    return retention.rules(session)


def deleted_cases(
    session: Session, actor: Actor, *, q: str = "", after: str | None = None, limit: int = 50
) -> Page[DeletedCase]:
    """This will list what stays of deleted cases, those deleted last first. Raises OperatorsOnly."""
    require_operator(actor)
    where = paging.holds(q, DeletedCase.number, DeletedCase.title)
    key, kinds = (DeletedCase.deleted_at, DeletedCase.id), (datetime, UUID)
    return paging.newest(session, select(DeletedCase).where(*where), select(DeletedCase.id), key, kinds, after, limit)
