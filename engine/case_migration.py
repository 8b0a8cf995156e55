"""One case moves to another version: its tokens, tasks, jobs, subscriptions and history together, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from engine import bpmn, cases, feel, limits
from engine.bpmn import Leg, MayNotMigrate, Migrate, Moved, Problem, Report
from engine.bpmn.outcome import Outcome
from engine.cases import Running
from engine.catalog import Listed
from engine.db import table
from engine.definitions import Surroundings
from engine.history import Entry
from engine.models import HELD, OPEN, PLANNED, SUSPENDED, Incident, Job, Limit, Subscription, Task
from engine.prepared import Change, Prepared
from engine.turn import Turn

Data = dict[str, Any]
Legs = Mapping[str, Leg]
TASKS, JOBS, SUBSCRIPTIONS, INCIDENTS = (table(model) for model in (Task, Job, Subscription, Incident))
LIMITS = table(Limit)

_MOVE_TASK = Prepared(
    update(TASKS)
    .where(TASKS.c.id == bindparam("moved_task"))
    .values(
        definition_id=bindparam("moved_definition"),
        process_id=bindparam("moved_process"),
        element=bindparam("moved_element"),
        name=bindparam("moved_name"),
        form_id=bindparam("moved_form"),
        resource_id=bindparam("moved_resource"),
        detail=bindparam("moved_detail"),
    )
)


class _Looking(Surroundings):
    """What a case may ask while nobody means its answer: services are not called."""

    def service(self, type: str) -> Callable[[Data, Mapping[str, str]], Data] | None:
        """This will call nothing: what would be called inside the step counts as a job."""
        return None


def preview(turn: Turn, running: Running, legs: Legs, target: Listed) -> tuple[Report, Outcome]:
    """This will tell what moving a case means, and change nothing."""
    around = turn.surroundings(running.app, target.id)
    looking = _Looking(*(getattr(around, name) for name in Surroundings.__dataclass_fields__))
    report, outcome = bpmn.preview(running.state, running.data, Migrate(legs), turn.now, looking)
    if not report.problems:
        for moved in report.moved:
            _find_form(turn, moved, target, report.problems)
    return report, outcome


def move(
    turn: Turn, running: Running, legs: Legs, source: Listed, target: Listed, *, told: Mapping[str, Any]
) -> Report:
    """This will move a case, and write so in its history with what is `told`. Raises MayNotMigrate, LostRace.

    A suspended case stays suspended: what begins to wait in it has its full time when it is resumed.
    """
    report, _ = preview(turn, running, legs, target)
    if report.problems:
        raise MayNotMigrate(report.problems)
    also = [*_tasks(turn, running.id, report.moved, target), *_others(running, report.moved)]
    running.row.update(definition_id=target.id, process_id=target.key)
    running.process = legs[""].target
    cases.advance(turn, running, Migrate(legs), before=[_entry(report, source, target, told)], also=also)
    if running.row["state"] == SUSPENDED:
        _suspend_new(turn, running)
    return report


def _entry(report: Report, source: Listed, target: Listed, told: Mapping[str, Any]) -> Entry:
    renamed = {each.before.id: each.after.id for each in report.moved if each.before.id != each.after.id}
    detail: Data = {
        "from": {"definition": source.id, "version": source.version},
        "to": {"definition": target.id, "version": target.version},
        "elements": renamed,
        "cancelled": [node.id for node in report.cancelled],
        "opened": [node.id for node in report.opened],
        **told,
    }
    return Entry(kind="migrated", name=f"{source.version} → {target.version}", detail=detail)


def _find_form(turn: Turn, moved: Moved, target: Listed, problems: list[Problem]) -> int | None:
    """The version of the form that a moved task shows from now on: what its new definition binds."""
    form = moved.after.form
    if not moved.form_id or form is None:
        return None
    caller = turn.catalog.definitions[int(moved.key)] if moved.key else target
    found = turn.catalog.resource(
        "form", moved.form_id, now=turn.now, binding=form.binding, tag=form.version_tag, caller=caller
    )
    if found is None:
        problems.append(Problem("form-missing", moved.after.id, moved.after.name, moved.form_id))
        return None
    return found.id


def _tasks(turn: Turn, case_id: UUID, moves: Sequence[Moved], target: Listed) -> list[Change]:
    """Tasks keep who has them, since when and until when; signatures of a task move with it."""
    waiting = {each.token: each for each in moves if each.waits == "task"}
    if not waiting:
        return []
    columns = (TASKS.c.id, TASKS.c.token, TASKS.c.parent_id, TASKS.c.name, TASKS.c.detail)
    mine = select(*columns, TASKS.c.form_id, TASKS.c.resource_id)
    mine = mine.where(TASKS.c.case_id == case_id, TASKS.c.state.in_((OPEN, HELD, PLANNED)))
    changes = []
    for row in turn.session.execute(mine):
        moved = waiting.get(row.token)
        if moved is None:
            continue
        definition = turn.catalog.definitions[int(moved.key)] if moved.key else target
        values: Data = {
            "moved_task": row.id,
            "moved_definition": definition.id,
            "moved_process": definition.key,
            "moved_element": moved.after.id,
        }
        changes.append(Change(_MOVE_TASK, values | _shown(turn, row, moved, target)))
    return changes


def _shown(turn: Turn, row: Any, moved: Moved, target: Listed) -> Data:
    if row.parent_id is not None:
        kept = {"name": row.name, "form": row.form_id, "resource": row.resource_id, "detail": row.detail}
        return {f"moved_{name}": value for name, value in kept.items()}
    detail = feel.loads(row.detail)
    detail.update(local=dict(moved.local), properties=dict(moved.after.properties), lane=moved.after.lane)
    return {
        "moved_name": (moved.after.name or moved.after.id)[:200],
        "moved_form": moved.form_id,
        "moved_resource": _find_form(turn, moved, target, []),
        "moved_detail": feel.dumps(detail),
    }


def _others(running: Running, moves: Sequence[Moved]) -> list[Change]:
    """Limits, jobs, subscriptions and incidents of an element that has another id or name now."""
    changes = []
    for moved in moves:
        element, name = {"element": moved.after.id}, {"name": moved.after.name[:200]}
        of_token = {"case_id": running.id, "token": moved.token}
        if moved.before.id != moved.after.id and str(moved.token) in running.waiting:
            for target in (LIMITS,) if moved.waits == "task" else (JOBS, SUBSCRIPTIONS):
                changes.append(Change(update(target).filter_by(**of_token).values(**element)))
        if running.row["incidents"] and (moved.before.id, moved.before.name) != (moved.after.id, moved.after.name):
            mine = update(INCIDENTS).filter_by(**of_token, resolved_at=None)
            changes.append(Change(mine.values(**element, **name)))
    return changes


def _suspend_new(turn: Turn, running: Running) -> None:
    """Resuming adds the time since the suspension to every job: what is new has waited for none of it.

    Ladders of limits climb on, as in every suspended case.
    """
    new = (JOBS.c.case_id == running.id, JOBS.c.state == "waiting", JOBS.c.kind != limits.KIND)
    waited: timedelta = turn.now - running.row["suspended_at"]
    for id, due_at in turn.session.execute(select(JOBS.c.id, JOBS.c.due_at).where(*new)).all():
        values = {"state": "suspended", "due_at": due_at - waited}
        turn.session.execute(update(JOBS).where(JOBS.c.id == id).values(**values))
