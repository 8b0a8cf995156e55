"""Repairs limits that could not begin as they should: they run from the moment at which they should have begun."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from engine import cases, feel, history, limit_changes, limit_gaps, limits, reasons
from engine.cases import Running
from engine.catalog import Listed
from engine.errors import Conflict
from engine.history import Entry
from engine.limit_definitions import CASE, ENTERED, LimitDefinition, Moment
from engine.limits import LIMITS, TASKS
from engine.models import NEVER, PAUSED, RUNNING, STANDING
from engine.prepared import Change
from engine.reckoning import Fixed, Happening, Started
from engine.turn import Turn

Data = dict[str, Any]


class LimitStillLacking(Conflict):
    """Still {problem}."""

    def text(self, language: str = "zh") -> str:
        """This will say what is still wrong in `zh` or `en`."""
        return self.message if language == "en" else f"仍未解决：{reasons.say(self.details['problem'])}。"


def repair(turn: Turn, running: Running, incident: Data) -> tuple[list[Entry], list[Change]]:
    """This will tell how to begin a limit that was not in force, or to end it on the day that it named.

    Raises LimitStillLacking.
    """
    told = feel.loads(incident["detail"])
    if "id" in told:
        return _name_last_day(turn, running, UUID(told["id"]))
    return _begin(turn, running, incident, told)


def _last_day(turn: Turn, running: Running, definition: LimitDefinition, local: Data) -> date | None:
    environment = turn.surroundings(running.app, running.row["definition_id"]).environment(turn.now)
    try:
        return limit_gaps.last_day(definition, {**running.data, **local}, environment)
    except limit_gaps.LastDayUnclear as error:
        raise LimitStillLacking(problem=f"{limit_gaps.PLACE}: {error.message}") from error


def _name_last_day(turn: Turn, running: Running, limit_id: UUID) -> tuple[list[Entry], list[Change]]:
    row = turn.session.execute(select(LIMITS).where(LIMITS.c.id == limit_id)).mappings().first()
    if row is None or row["state"] not in (RUNNING, PAUSED):
        return [], []
    definition = turn.library.limit(turn.session, row["resource_id"])
    held = limit_changes.Held(dict(row), running, definition, limits.read_happened(row["happened"]))
    local = _local(_standing_tasks(turn, running), row["token"])
    last = _last_day(turn, running, definition, local)
    held.kept.pop("unclear", None)
    if last is None:
        cases.keep_snapshot(running)
        return [], []
    entry, changes = limit_changes.name_last_day(turn, held, last)
    return [entry], changes


def _standing_tasks(turn: Turn, running: Running) -> list[Data]:
    """The open tasks of the case, without their signatures, each with what its diagram says read."""
    mine = (TASKS.c.case_id == running.id, TASKS.c.state.in_(STANDING), TASKS.c.sign == 0)
    rows = turn.session.execute(select(TASKS.c.id, TASKS.c.token, TASKS.c.detail).where(*mine).order_by(TASKS.c.id))
    return [{"id": row.id, "token": row.token, **feel.loads(row.detail)} for row in rows]


def _local(tasks: list[Data], token: int | None) -> Data:
    return next((dict(task["local"]) for task in tasks if task["token"] == token), {})


def _begin(turn: Turn, running: Running, incident: Data, told: Data) -> tuple[list[Entry], list[Change]]:
    code, since = told["limit"], datetime.fromisoformat(told["since"])
    listed = _in_force(turn, code, since)
    definition = turn.library.limit(turn.session, listed.id)
    tasks = _standing_tasks(turn, running)
    token = None if definition.scope == CASE else incident["token"]
    if any(each["code"] == code and each["token"] == token for each in running.limits):
        return [], []  # it has begun with another of its events
    last = _last_day(turn, running, definition, _local(tasks, token))
    happened: list[Happening] = [Started(since)] if last is None else [Started(since), Fixed(since, last)]
    met_at = _met_at(turn, running, definition, Moment(incident["element"], told.get("event", ENTERED)), since)
    task_id = next((task["id"] for task in tasks if token is not None and task["token"] == token), None)
    begun = limits.begin(
        turn,
        running.row,
        listed,
        definition,
        happened,
        element=incident["element"],
        token=token,
        task_id=task_id,
        met_at=met_at,
    )
    if met_at is not None:
        late = {"late": begun.row["exceeded_at"] is not None, "at": met_at.isoformat()}
        met = Entry(kind="limit_met", name=definition.name, detail={**begun.entry.detail, **late})
        return [begun.entry, met], begun.changes
    shown = [task["token"] for task in tasks if limits.limit_of(task["properties"]) == code]
    begun.limit.update({"shown": shown} if token is None else {})
    running.limits.append(begun.limit)
    limits.show_nearest(running.row, running.limits)
    cases.keep_snapshot(running)
    return [begun.entry], [*begun.changes, *_of_tasks(running, begun, shown if token is None else [token])]


def _in_force(turn: Turn, code: str, since: datetime) -> Listed:
    """The version that was in force on the day on which the limit should have begun, else that of today."""
    found = turn.catalog.resource("limit", code, now=since) or turn.catalog.resource("limit", code, now=turn.now)
    if found is None:
        raise LimitStillLacking(problem=f"no limit {code} is in force")
    return found


def _met_at(
    turn: Turn, running: Running, definition: LimitDefinition, start: Moment, since: datetime
) -> datetime | None:
    """When an event that ends a limit of the case happened after the one that should have begun it."""
    if not definition.ends:
        return None
    ends = {(end.element, end.event) for end in definition.ends}
    found: datetime | None = None
    for event in history.read(turn.session, running.id, since):
        if (event.element, event.kind) == (start.element, start.event) and event.at == since:
            found = None  # in one step it may end before it begins anew
        elif found is None and (event.element, event.kind) in ends:
            found = event.at
    return found


def _of_tasks(running: Running, begun: limits.Begun, tokens: list[int]) -> list[Change]:
    """The tasks that show the limit are due with it."""
    due_at = begun.row["due_at"]
    if not tokens:
        return []
    mine = (TASKS.c.case_id == running.id, TASKS.c.token.in_(tokens), TASKS.c.state.in_(STANDING))
    return [Change(update(TASKS).where(*mine).values(due_at=due_at, order_at=due_at or NEVER))]
