"""How long ended cases are kept, and how one goes: with all that belongs to it, leaving a record.

What was deleted stays as number, title, digest of the history, who, when and by which rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, delete, exists, insert, select
from sqlalchemy.orm import Session

from engine import cases, grounds
from engine.access import require_operator
from engine.cases import CASES
from engine.db import Base, is_postgresql, table, upserting
from engine.errors import Conflict, Invalid, NotFound
from engine.history import Entry
from engine.models import (
    CANCELLED,
    CLOSED,
    Attachment,
    Case,
    DeletedCase,
    Draft,
    Hold,
    OrphanedFile,
    RetentionRule,
    Task,
)
from engine.turn import Turn

RULES, HOLDS, DELETED, ORPHANS = (table(model) for model in (RetentionRule, Hold, DeletedCase, OrphanedFile))
ATTACHMENTS, DRAFTS, TASKS = (table(model) for model in (Attachment, Draft, Task))
LONGEST_DAYS = 36_500
OUTCOMES = ("", CLOSED, CANCELLED)


class RuleInvalid(Invalid):
    """Cases cannot be kept like this: {reason}."""


class RuleNotFound(NotFound):
    """There is no such rule of retention."""


class CaseRuns(Conflict):
    """Case {case} has not ended; only ended cases can be deleted."""


class CaseHeld(Conflict):
    """Case {case} is held: it must not be deleted."""


class NotHeld(Conflict):
    """Case {case} is not held."""


class CaseKept(Conflict):
    """Case {case} must be kept {until} ({rule})."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of retention: `days` after their end, cases may be deleted; None: never."""

    app: str
    process_id: str
    outcome: str
    days: int | None

    @property
    def words(self) -> str:
        """This will return the rule as the record of a deletion keeps it."""
        what = "/".join((self.app, self.process_id or "*", self.outcome or "*"))
        return f"{what}: {'for ever' if self.days is None else f'{self.days} days'}"

    def fits(self, case: Any) -> bool:
        """This will tell whether the rule speaks of a case (a row with app, process, state and end)."""
        return (
            self.app == case.app
            and self.process_id in ("", case.process_id)
            and self.outcome in ("", case.state, case.end_element)
        )

    def is_over(self, case: Any, now: datetime) -> bool:
        """This will tell whether a case has been kept long enough."""
        return self.days is not None and case.ended_at <= now - timedelta(days=self.days)


def rules(session: Session) -> list[Rule]:
    """This will list the rules, those that name most first: the first that fits a case decides."""
    rows = session.execute(select(RULES.c.app, RULES.c.process_id, RULES.c.outcome, RULES.c.days))
    found = [Rule(*row) for row in rows]
    return sorted(found, key=lambda rule: (not rule.process_id, _breadth(rule.outcome), rule.words))


def _breadth(outcome: str) -> int:
    return 2 if not outcome else 1 if outcome in OUTCOMES else 0


def decide(known: Sequence[Rule], case: Any) -> Rule | None:
    """This will return the rule by which a case is kept; None: it is kept because no rule speaks of it."""
    return next((rule for rule in known if rule.fits(case)), None)


def set_rule(turn: Turn, app: str, process_id: str, outcome: str, days: int | None, *, reason: str) -> Rule:
    """This will say how long cases of an app, of one process, or with one outcome are kept. Raises RuleInvalid."""
    require_operator(turn.by)
    grounds.given(reason)
    turn.library.app(app)
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise RuleInvalid(reason=f"from 1 to {LONGEST_DAYS} days, or for ever")
    processes = {listed.key for listed in turn.catalog.definitions.values() if listed.app == app}
    if process_id and process_id not in processes:
        raise RuleInvalid(reason=f"{app} has no process {process_id}")
    if outcome not in OUTCOMES and not _has_end(turn, app, process_id, outcome):
        raise RuleInvalid(reason=f"{outcome} is neither closed, cancelled, nor an end event")
    who = {"days": days, "set_at": turn.now, "set_by": turn.by.person_id}
    key = {"app": app, "process_id": process_id, "outcome": outcome}
    made = upserting(turn.session, RetentionRule).values({**key, **who})
    turn.session.execute(made.on_conflict_do_update(index_elements=list(key), set_=who))
    return Rule(app, process_id, outcome, days)


def _has_end(turn: Turn, app: str, process_id: str, element: str) -> bool:
    for listed in turn.catalog.definitions.values():
        if listed.app == app and process_id in ("", listed.key):
            node = turn.library.process(turn.session, listed.id).nodes.get(element)
            if node is not None and node.type == "endEvent":
                return True
    return False


def drop_rule(turn: Turn, app: str, process_id: str, outcome: str, *, reason: str) -> Rule:
    """This will forget a rule; its cases are kept by a wider one, or for ever. Raises RuleNotFound."""
    require_operator(turn.by)
    grounds.given(reason)
    mine = (RULES.c.app == app, RULES.c.process_id == process_id, RULES.c.outcome == outcome)
    gone = turn.session.execute(delete(RULES).where(*mine).returning(RULES.c.days)).first()
    if gone is None:
        raise RuleNotFound
    return Rule(app, process_id, outcome, gone.days)


def delete_case(turn: Turn, case_id: UUID, *, reason: str) -> str:
    """This will delete one ended case with all that belongs to it and return its number.

    Raises CaseRuns, CaseHeld, CaseKept when a rule says that it is too early, CaseNotFound, ReasonMissing.
    """
    require_operator(turn.by)
    reason = grounds.given(reason)
    row = turn.session.execute(select(*SHOWN, HELD).where(CASES.c.id == case_id)).first()
    if row is None:
        raise cases.CaseNotFound
    if row.ended_at is None:
        raise CaseRuns(case=row.number)
    if row.is_held:
        raise CaseHeld(case=row.number)
    rule = decide(rules(turn.session), row)
    if rule is not None and not rule.is_over(row, turn.now):
        until = "for ever" if rule.days is None else f"{row.ended_at + timedelta(days=rule.days):%Y-%m-%d}"
        raise CaseKept(case=row.number, until=until, rule=rule.words)
    if delete_all(turn, [case_id], rule="", reason=reason) != 1:
        raise cases.CaseNotFound
    return str(row.number)


HELD = exists().where(HOLDS.c.case_id == CASES.c.id).label("is_held")
SHOWN = tuple(CASES.c[name] for name in ("id", "number", "app", "process_id", "state", "end_element", "ended_at"))
_RECORDED = tuple(
    CASES.c[name] for name in ("id", "number", "title", "app", "process_id", "history_seq", "history_hash")
)


def delete_all(turn: Turn, ids: Sequence[UUID], *, rule: str, reason: str) -> int:
    """This will delete ended cases that nobody holds or works on, keep a record of each, and return how many."""
    found = select(*_RECORDED, CASES.c.ended_at).where(CASES.c.id.in_(ids), CASES.c.ended_at.is_not(None), ~HELD)
    if is_postgresql(turn.session):
        found = found.with_for_update(skip_locked=True)
    rows = turn.session.execute(found).all()
    if not rows:
        return 0
    mine = [row.id for row in rows]
    how = {"deleted_at": turn.now, "deleted_by": turn.by.person_id, "rule": rule[:500], "reason": reason}
    records = [
        {**{column.name: row[place] for place, column in enumerate(_RECORDED)}, "closed_at": row.ended_at, **how}
        for row in rows
    ]
    turn.session.execute(insert(DELETED), records)
    _orphan_files(turn, mine)
    tasks = [str(id) for id in turn.session.scalars(select(TASKS.c.id).where(TASKS.c.case_id.in_(mine)))]
    if tasks:
        turn.session.execute(delete(DRAFTS).where(DRAFTS.c.key.in_(tasks)))
    for target, condition in _belongings():
        turn.session.execute(delete(target).where(condition(mine)))
    turn.session.execute(delete(CASES).where(CASES.c.id.in_(mine)))
    return len(mine)


def _orphan_files(turn: Turn, ids: Sequence[UUID]) -> None:
    shas = set(turn.session.scalars(select(ATTACHMENTS.c.sha256).where(ATTACHMENTS.c.case_id.in_(ids))))
    if shas:
        made = upserting(turn.session, OrphanedFile).values(
            [{"sha256": sha, "since": turn.now} for sha in sorted(shas)]
        )
        turn.session.execute(made.on_conflict_do_nothing())


Condition = Callable[[Sequence[UUID]], ColumnElement[bool]]


@cache
def _belongings() -> tuple[tuple[Table, Condition], ...]:
    """All tables whose rows belong to cases, whoever made them, in the order in which they can be deleted from."""
    owned: dict[str, Condition] = {CASES.name: lambda ids: CASES.c.id.in_(ids)}
    order = []
    for target in Base.metadata.sorted_tables:
        if target.name not in owned:
            condition = _condition(target, owned)
            if condition is not None:
                owned[target.name] = condition
                order.append((target, condition))
    return tuple(reversed(order))


def _condition(target: Table, owned: dict[str, Condition]) -> Condition | None:
    keys = [key for key in target.foreign_keys if key.column.table.name in owned]
    keys.sort(key=lambda key: (key.column.table.name != CASES.name, key.parent.nullable, key.parent.name))
    if not keys:
        return None
    column, above = keys[0].parent, keys[0].column
    if above.table.name == CASES.name:
        return lambda ids: column.in_(ids)
    inside = owned[above.table.name]
    return lambda ids: column.in_(select(above).where(inside(ids)))


def hold(turn: Turn, case_id: UUID, *, reason: str) -> Case:
    """This will keep a case from being deleted, by rule or by hand, until it is released. Raises CaseHeld."""
    require_operator(turn.by)
    reason = grounds.given(reason)
    running = cases.load(turn, case_id)
    row = {"case_id": case_id, "reason": reason, "held_at": turn.now, "held_by": turn.by.person_id}
    made = upserting(turn.session, Hold).values(row).on_conflict_do_nothing().returning(HOLDS.c.case_id)
    if turn.session.execute(made).first() is None:
        raise CaseHeld(case=running.row["number"])
    cases.record(turn, running, [Entry(kind="held", detail={"reason": reason})])
    return running.as_case()


def release(turn: Turn, case_id: UUID, *, reason: str) -> Case:
    """This will let a held case be deleted again when its time is over. Raises NotHeld."""
    require_operator(turn.by)
    reason = grounds.given(reason)
    running = cases.load(turn, case_id)
    gone = delete(HOLDS).where(HOLDS.c.case_id == case_id).returning(HOLDS.c.case_id)
    if turn.session.execute(gone).first() is None:
        raise NotHeld(case=running.row["number"])
    cases.record(turn, running, [Entry(kind="unheld", detail={"reason": reason})])
    return running.as_case()
