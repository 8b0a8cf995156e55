"""Migrations of many cases, worked off by the workers: one transaction a case, stoppable, resumed after a crash.

stateDiagram-v2
    [*] --> running : an operator orders it; a job of the kind `migration` waits to run
    running --> running : a worker moves cases for a while, its job is due again
    running --> stopped : an operator stops it; the case in hand is finished
    stopped --> running : an operator lets it go on
    running --> finished : every case is moved, refused, or no longer there
    finished --> running : an operator has what was refused tried again
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from engine import case_migration, cases, feel, migration_plans
from engine.access import SYSTEM, Actor, require_operator
from engine.bpmn import MayNotMigrate, Problem, Report
from engine.db import table
from engine.errors import BihuanError, Conflict, NotFound
from engine.jobs import JOBS, Claimed
from engine.migration_plans import NothingChosen, Plan, Resolved, Selection
from engine.models import CANCELLED, CLOSED, Case, MigratedCase, Migration, new_id
from engine.models.versions import FINISHED, LEFT, MOVED, REFUSED, RUNNING, STOPPED, WAITING
from engine.turn import Turn

log = logging.getLogger(__name__)
T = TypeVar("T")
Data = dict[str, Any]
KIND = "migration"
SLICE = 1.0  # seconds that a worker gives to a migration before it looks at other jobs
MIGRATIONS, MIGRATED = table(Migration), table(MigratedCase)


class MigrationNotFound(NotFound):
    """There is no such migration."""


class MigrationEnded(Conflict):
    """This migration has ended."""


class MigrationRunning(Conflict):
    """This migration runs already."""


class Write(Protocol):
    """Runs an operation in a transaction of its own."""

    def __call__(self, by: Actor, operation: Callable[..., T], /, *args: Any, **kwargs: Any) -> T: ...


def order(turn: Turn, plan: Plan, selection: Selection, *, note: str) -> Migration:
    """This will have the cases chosen moved by the workers. Raises OperatorsOnly, PlanInvalid, NothingChosen."""
    require_operator(turn.by)
    resolved = migration_plans.resolve(turn, plan)
    found = turn.session.execute(migration_plans.chosen(turn, resolved.source, selection)).all()
    if not found:
        raise NothingChosen
    row: Data = {
        "id": new_id(),
        "process_id": resolved.source.key,
        "source_id": resolved.source.id,
        "target_id": resolved.target.id,
        "plan": feel.dumps(plan.as_json()),
        "selection": feel.dumps(selection.as_json()),
        "note": note,
        "state": RUNNING,
        "total": len(found),
        "ordered_at": turn.now,
        "ordered_by": turn.by.person_id,
        "actor": turn.by.label[:200],
        "ended_at": None,
    }
    turn.session.execute(insert(MIGRATIONS).values(**row))
    waiting = {"migration_id": row["id"], "state": WAITING, "reasons": "[]", "at": None}
    rows = [{**waiting, "case_id": id, "number": number, "title": title} for id, number, title in found]
    turn.session.execute(insert(MIGRATED), rows)
    _arm(turn, row["id"])
    return Migration(**row)


def _arm(turn: Turn, migration_id: UUID) -> None:
    row = {
        "id": new_id(),
        "kind": KIND,
        "element": "",
        "state": "waiting",
        "due_at": turn.now,
        "attempts": 0,
        "retries": 3,
        "payload": feel.dumps({"migration": str(migration_id)}),
        "error": "",
    }
    turn.session.execute(insert(JOBS), [row])


def _find(turn: Turn, migration_id: UUID) -> Migration:
    found = turn.session.get(Migration, migration_id)
    if found is None:
        raise MigrationNotFound
    return found


def stop(turn: Turn, migration_id: UUID) -> Migration:
    """This will leave the cases that still wait on their version. Raises OperatorsOnly, MigrationEnded."""
    require_operator(turn.by)
    found = _find(turn, migration_id)
    if found.state != RUNNING:
        raise MigrationEnded
    _end(turn, migration_id, STOPPED)
    found.state, found.ended_at = STOPPED, turn.now
    return found


def resume(turn: Turn, migration_id: UUID, *, refused: bool = False) -> Migration:
    """This will let a stopped migration go on; `refused`: with the cases that were refused. Raises MigrationRunning."""
    require_operator(turn.by)
    found = _find(turn, migration_id)
    if found.state == RUNNING:
        raise MigrationRunning
    mine = MIGRATED.c.migration_id == migration_id
    if refused:
        again = update(MIGRATED).where(mine, MIGRATED.c.state == REFUSED)
        turn.session.execute(again.values(state=WAITING, reasons="[]", at=None))
    if turn.session.scalar(select(MIGRATED.c.case_id).where(mine, MIGRATED.c.state == WAITING).limit(1)) is None:
        raise MigrationEnded
    turn.session.execute(update(MIGRATIONS).where(MIGRATIONS.c.id == migration_id).values(state=RUNNING, ended_at=None))
    _arm(turn, migration_id)
    turn.session.refresh(found)
    return found


def _end(turn: Turn, migration_id: UUID, state: str) -> None:
    mine = (MIGRATIONS.c.id == migration_id, MIGRATIONS.c.state == RUNNING)
    turn.session.execute(update(MIGRATIONS).where(*mine).values(state=state, ended_at=turn.now))


def run(write: Write, job: Claimed, should_stop: Callable[[], bool] | None = None) -> int:
    """This will move cases of a migration for about a second, each in a transaction of its own, and return how many.

    What another worker or an earlier try of this job has done is not done again.
    """
    migration_id = UUID(job.details["migration"])
    begun, done = time.monotonic(), 0
    found = write(SYSTEM, _begin, migration_id)
    if found is not None:
        by, resolved, waiting = found
        for case_id in waiting:
            if time.monotonic() - begun > SLICE or (should_stop is not None and should_stop()):
                break
            if not _move_or_note(write, by, migration_id, case_id, resolved):
                break  # somebody stopped the migration
            done += 1
    write(SYSTEM, _pause, job, migration_id)
    return done


def _begin(turn: Turn, migration_id: UUID) -> tuple[Actor, Resolved, Sequence[UUID]] | None:
    found = turn.session.get(Migration, migration_id)
    if found is None or found.state != RUNNING:
        return None
    resolved = migration_plans.resolve(turn, Plan.of(feel.loads(found.plan)))
    waiting = select(MIGRATED.c.case_id).where(MIGRATED.c.migration_id == migration_id, MIGRATED.c.state == WAITING)
    by = Actor(found.ordered_by, found.actor.partition("@")[0], "")
    return by, resolved, turn.session.scalars(waiting.order_by(MIGRATED.c.case_id).limit(1000)).all()


def _pause(turn: Turn, job: Claimed, migration_id: UUID) -> None:
    """The job is due again at once, or has done its work."""
    waiting = select(MIGRATED.c.case_id).where(MIGRATED.c.migration_id == migration_id, MIGRATED.c.state == WAITING)
    state = turn.session.scalar(select(MIGRATIONS.c.state).where(MIGRATIONS.c.id == migration_id))
    if state == RUNNING and turn.session.scalar(waiting.limit(1)) is not None:
        free = {"leased_until": None, "leased_by": None, "due_at": turn.now, "attempts": 0}
        turn.session.execute(update(JOBS).where(JOBS.c.id == job.id).values(**free))
        return
    _end(turn, migration_id, FINISHED)
    turn.session.execute(delete(JOBS).where(JOBS.c.id == job.id))


def _move_or_note(write: Write, by: Actor, migration_id: UUID, case_id: UUID, resolved: Resolved) -> bool:
    """Moves one case; why it cannot move is kept. False: it does not wait to be moved any more."""
    try:
        return write(by, _move, migration_id, case_id, resolved)
    except MayNotMigrate as refused:
        problems = refused.problems
    except BihuanError as error:
        problems = [Problem("failed", detail=error.message)]
    except Exception as error:
        log.exception("case %s could not be migrated", case_id)
        problems = [Problem("failed", detail=str(error) or type(error).__name__)]
    return write(by, _note, migration_id, case_id, REFUSED, problems)


def _move(turn: Turn, migration_id: UUID, case_id: UUID, resolved: Resolved) -> bool:
    if not _note(turn, migration_id, case_id, MOVED, ()):
        return False
    running = cases.load(turn, case_id)
    if running.row["state"] in (CLOSED, CANCELLED):
        return _note(turn, migration_id, case_id, LEFT, [Problem("ended")], was=MOVED)
    if running.row["definition_id"] != resolved.source.id:
        return _note(turn, migration_id, case_id, LEFT, [Problem("elsewhere")], was=MOVED)
    told = {"migration": str(migration_id)}
    case_migration.move(turn, running, resolved.legs, resolved.source, resolved.target, told=told)
    return True


def _note(
    turn: Turn, migration_id: UUID, case_id: UUID, state: str, problems: Sequence[Problem], was: str = WAITING
) -> bool:
    """Keeps what became of a case, if it still was to be decided and nobody has stopped the migration."""
    goes_on = select(MIGRATIONS.c.id).where(MIGRATIONS.c.id == migration_id, MIGRATIONS.c.state == RUNNING).exists()
    mine = (MIGRATED.c.migration_id == migration_id, MIGRATED.c.case_id == case_id, MIGRATED.c.state == was)
    reasons = feel.dumps([asdict(problem) for problem in problems])
    values = {"state": state, "reasons": reasons, "at": turn.now}
    changed = update(MIGRATED).where(*mine, goes_on).values(**values).returning(MIGRATED.c.case_id)
    return turn.session.execute(changed).first() is not None


def move_one(turn: Turn, case_id: UUID, plan: Plan, *, note: str) -> tuple[Case, Report]:
    """This will move one case at once. Raises OperatorsOnly, CaseNotFound, CaseEnded, PlanInvalid, MayNotMigrate."""
    require_operator(turn.by)
    running = cases.load(turn, case_id)
    if running.row["state"] in (CLOSED, CANCELLED):
        raise cases.CaseEnded(case=running.row["number"])
    resolved = migration_plans.resolve(turn, plan)
    if running.row["definition_id"] != resolved.source.id:
        raise migration_plans.SameVersion
    told = {"note": note} if note else {}
    report = case_migration.move(turn, running, resolved.legs, resolved.source, resolved.target, told=told)
    return running.as_case(), report
