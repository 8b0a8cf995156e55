"""Statutory limits of a case and its tasks: a step starts, meets and voids them.

stateDiagram-v2
    [*] --> running : its task opens, or the event that starts it happens
    running --> paused : the clock is stopped
    paused --> running : the clock goes on with what was left
    running --> met : its task is done, or the event that ends it happens (late when it was exceeded before)
    running --> void : its task is withdrawn, or its case ends
    paused --> void
    paused --> met
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, update

from engine import feel
from engine.access import Actor, may_decide
from engine.bpmn.outcome import Outcome, TaskOpened
from engine.calendars import CHINA, Calendar, day_of
from engine.db import table
from engine.definitions import Surroundings
from engine.errors import BihuanError, NotFound
from engine.history import Entry
from engine.limit_definitions import CASE, COMPLETED, ENTERED, LimitDefinition, Rung
from engine.models import MET, PAUSED, RUNNING, VOID, Job, Limit, Task, new_id
from engine.opening import Opening
from engine.prepared import Change, Prepared
from engine.reckoning import BY_HOUR, HOURS, Extended, Fixed, Happening, Paused, Reckoning, Resumed, Started, Term
from engine.reckoning import reckon as reckon_term
from engine.turn import Turn
from engine.writing import inserting

Data = dict[str, Any]
LIMITS, JOBS, TASKS = table(Limit), table(Job), table(Task)
PROPERTY = "bihuan:limit"
KIND = "limit"  # of the jobs that climb ladders
SECOND = timedelta(seconds=1)
NOON = time(12)
_KINDS: Mapping[str, type[Happening]] = {
    kind.__name__.lower(): kind for kind in (Started, Paused, Resumed, Extended, Fixed)
}

_END = Prepared(
    update(LIMITS)
    .where(LIMITS.c.id == bindparam("this_limit"))
    .values(
        state=bindparam("new_state"),
        ended_at=bindparam("new_ended_at", type_=LIMITS.c.ended_at.type),
        exceeded_at=bindparam("new_exceeded_at", type_=LIMITS.c.exceeded_at.type),
    )
)
_NO_JOB = Prepared(delete(JOBS).where(JOBS.c.id == bindparam("this_limit")))
_INSERT = Prepared(
    insert(LIMITS).values({column.name: bindparam(column.name, type_=column.type) for column in LIMITS.c})
)


class LimitNotFound(NotFound):
    """There is no such limit."""


@dataclass(slots=True)
class Followed:
    """What a step does to limits: changes of rows, lines of the history, and the limits that run on."""

    running: list[Data]
    changes: list[Change] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Around:
    """What limits of a step need to know of their case."""

    case: Data
    data: Data
    surroundings: Surroundings


def follow(turn: Turn, around: Around, kept: Sequence[Data], outcome: Outcome, opening: Opening) -> Followed:
    """This will start, meet and void limits as the step did with their tasks and events.

    `kept` are those that ran before it. Due times of tasks that open with a limit are set in `opening`.
    """
    found = Followed(list(kept))
    if kept:
        closed = {each.token: each.withdrawn for each in outcome.closed}
        for limit in kept:
            if limit["token"] in closed and limit["token"] is not None:
                _end(turn, found, limit, VOID if closed[limit["token"]] else MET)
    _follow_events(turn, around, found, outcome)
    for opened in outcome.opened:
        if isinstance(opened, TaskOpened) and (code := limit_of(opened.properties)):
            _start_of_task(turn, around, found, opening, opened, code)
    if outcome.ended:
        for limit in tuple(found.running):
            _end(turn, found, limit, VOID)
    show_nearest(around.case, found.running)
    return found


def limit_of(properties: Mapping[str, str]) -> str | None:
    """This will return the code of the limit that the diagram gives a task."""
    return properties.get(PROPERTY) or properties.get(PROPERTY.removeprefix("bihuan:"))


def _follow_events(turn: Turn, around: Around, found: Followed, outcome: Outcome) -> None:
    starts = turn.library.limit_starts(turn.session, turn.catalog)
    of_case = [limit for limit in found.running if limit["token"] is None]
    if not starts and not of_case:
        return
    process = around.case["process_id"]
    for event in outcome.events:
        if event.kind not in (ENTERED, COMPLETED):
            continue
        for limit in [limit for limit in found.running if limit["token"] is None]:
            definition = turn.library.limit(turn.session, limit["of"])
            if any((end.element, end.event) == (event.element, event.kind) for end in definition.ends):
                _end(turn, found, limit, MET)
        for code in sorted(starts.get((process, event.element, event.kind), ())):
            if all(limit["code"] != code or limit["token"] is not None for limit in found.running):
                _start(turn, around, found, code, element=event.element)


def _start_of_task(
    turn: Turn, around: Around, found: Followed, opening: Opening, opened: TaskOpened, code: str
) -> None:
    """A task opens with a limit of its own, or shows the limit of its case, which begins with it at the latest."""
    row = next(row for row in opening.rows[Task] if row["token"] == opened.token)
    listed = turn.catalog.resource("limit", code, now=turn.now)
    if listed is not None and turn.library.limit(turn.session, listed.id).scope == CASE:
        limit = next((each for each in found.running if each["code"] == code and each["token"] is None), None)
        if limit is None:
            limit = _start(turn, around, found, code, element=opened.element)
        if limit is not None:
            limit["shown"] = [*limit.get("shown", ()), opened.token]
    else:
        local = Around(around.case, {**around.data, **opened.local}, around.surroundings)
        limit = _start(turn, local, found, code, element=opened.element, token=opened.token, task_id=row["id"])
    if limit is not None and limit["due"] is not None:
        row["due_at"] = row["order_at"] = datetime.fromisoformat(limit["due"])


def _start(
    turn: Turn,
    around: Around,
    found: Followed,
    code: str,
    *,
    element: str,
    token: int | None = None,
    task_id: UUID | None = None,
) -> Data | None:
    listed = turn.catalog.resource("limit", code, now=turn.now)
    if listed is None:
        reason = f"no limit {code} is in force"
        found.entries.append(Entry(kind="limit_missing", element=element, detail={"code": code, "reason": reason}))
        return None
    definition = turn.library.limit(turn.session, listed.id)
    happened = _begun(around, definition, turn.now)
    due_at = _first_due(definition, happened, turn.calendar)
    id = new_id()
    limit = {"id": str(id), "code": code, "of": listed.id, "token": token, "due": _iso(due_at)}
    found.running.append(limit)
    row = {
        "id": id,
        "case_id": around.case["id"],
        "token": token,
        "task_id": task_id,
        "resource_id": listed.id,
        "code": code,
        "name": definition.name,
        "element": element,
        "state": RUNNING,
        "unit_path": around.case["unit_path"],
        "region": around.case["region"],
        "started_at": turn.now,
        "due_at": due_at,
        "ended_at": None,
        "exceeded_at": None,
        "extensions": 0,
        "climbed": left_out(definition, due_at, turn.now, turn.calendar),
        "happened": write_happened(happened),
    }
    found.changes.append(Change(_INSERT, row))
    if (job := job_row(row, definition, turn.calendar)) is not None:
        found.changes += inserting(Job, [job])
    told = {"limit": definition.name, "code": code, "due": limit["due"], "version": listed.version}
    found.entries.append(Entry(kind="limit_started", element=element, name=definition.name, detail=told))
    return limit


def _first_due(definition: LimitDefinition, happened: Sequence[Happening], calendar: Calendar) -> datetime | None:
    if len(happened) == 1 and definition.term.unit not in BY_HOUR:
        return _due_from(definition.term, day_of(happened[0].at), calendar)
    return reckon(definition, happened, calendar).due_at


@lru_cache(maxsize=1024)
def _due_from(term: Term, day: date, calendar: Calendar) -> datetime | None:
    """When a limit in days is due that starts on `day`, whatever the hour."""
    return reckon_term(term, [Started(datetime.combine(day, NOON, CHINA))], calendar).due_at


def _begun(around: Around, definition: LimitDefinition, now: datetime) -> list[Happening]:
    last = _last_day(around, definition, now)
    return [Started(now)] if last is None else [Started(now), Fixed(now, last)]


def _last_day(around: Around, definition: LimitDefinition, now: datetime) -> date | None:
    """The last day that the case data name; None when they name none, or one that cannot be read."""
    expression = definition.last_day
    if expression is None:
        return None
    try:
        return day_of(feel.to_json(expression.evaluate(around.data, around.surroundings.environment(now))))
    except BihuanError:
        return None


def _end(turn: Turn, found: Followed, limit: Data, state: str) -> None:
    found.running.remove(limit)
    due_at = datetime.fromisoformat(limit["due"]) if limit["due"] else None
    is_late = due_at is not None and due_at < turn.now
    values = {
        "this_limit": UUID(limit["id"]),
        "new_state": state,
        "new_ended_at": turn.now,
        "new_exceeded_at": due_at if is_late else None,
    }
    found.changes += [Change(_END, values), Change(_NO_JOB, {"this_limit": UUID(limit["id"])})]
    name = turn.library.limit(turn.session, limit["of"]).name
    kind = "limit_met" if state == MET else "limit_void"
    told = {"limit": name, "code": limit["code"], "due": limit["due"], "late": is_late}
    found.entries.append(Entry(kind=kind, name=name, detail=told))


def show_nearest(case: Data, running: Sequence[Data]) -> None:
    """This will make a case due when the nearest of its own limits is."""
    of_case = [limit["due"] for limit in running if limit["token"] is None]
    if of_case:
        case["due_at"] = min((datetime.fromisoformat(due) for due in of_case if due is not None), default=None)


def verbs(actor: Actor, limit: Limit, definition: LimitDefinition, now: datetime) -> frozenset[str]:
    """This will tell what the actor may do with a limit now: `pause`, `resume`, `extend`."""
    if not may_decide(actor, definition.decided_by, limit.unit_path):
        return frozenset()
    if limit.state == PAUSED:
        return frozenset({"resume"})
    if limit.state != RUNNING or limit.due_at is None or limit.due_at < now:
        return frozenset()
    allowed = {"pause": definition.pausable, "extend": limit.extensions < definition.extensions}
    return frozenset(verb for verb, is_allowed in allowed.items() if is_allowed)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def reckon(definition: LimitDefinition, happened: Sequence[Happening], calendar: Calendar) -> Reckoning:
    """This will compute when a limit is due and explain it, its legal basis first."""
    return reckon_term(definition.term, happened, calendar)


def write_happened(happened: Sequence[Happening]) -> str:
    """This will write what happened to a limit as JSON."""
    rows = []
    for each in happened:
        row: Data = {"kind": type(each).__name__.lower(), "at": each.at.isoformat()}
        if isinstance(each, Extended):
            row["term"] = str(each.term)
        elif isinstance(each, Fixed):
            row["last"] = each.last.isoformat()
        rows.append(row)
    return feel.dumps(rows)


def read_happened(text: str) -> list[Happening]:
    """This will read what `write_happened` wrote."""
    found = []
    for row in feel.loads(text):
        values: Data = {"at": datetime.fromisoformat(row["at"])}
        if "term" in row:
            values["term"] = Term.read(row["term"])
        if "last" in row:
            values["last"] = date.fromisoformat(row["last"])
        found.append(_KINDS[row["kind"]](**values))
    return found


def rung_at(rung: Rung, due_at: datetime, calendar: Calendar) -> datetime:
    """This will return when a rung is to be climbed: when offices open on its day, at the due time itself for zero.

    A rung counted in calendar days that falls on a rest day waits for the next working day.
    """
    term = rung.at
    if term.unit in BY_HOUR:
        span = timedelta(hours=term.amount)
        if term.unit == HOURS or rung.is_before:
            return due_at - span if rung.is_before else due_at + span
        return calendar.add_office_hours(due_at, span)
    if term.amount == 0:
        return due_at + SECOND
    count = -term.amount if rung.is_before else term.amount
    day = due_at.astimezone(CHINA).date()
    day = calendar.workdays(day, count) if term.unit == "workdays" else calendar.add_days(day, count, roll=False)
    day = calendar.roll(day)
    return datetime.combine(day, calendar.year(day.year).hours[0].opens, CHINA)


def job_row(limit: Data, definition: LimitDefinition, calendar: Calendar) -> Data | None:
    """This will return the job that climbs the next rung of a limit; None when none is left or its clock stands."""
    left = rungs_left(definition, limit["climbed"], limit["due_at"], calendar) if limit["due_at"] is not None else []
    if not left:
        return None
    return {
        "id": limit["id"],
        "case_id": limit["case_id"],
        "token": None,
        "kind": KIND,
        "element": limit["element"],
        "state": "waiting",
        "due_at": left[0].at,
        "attempts": 0,
        "retries": 3,
        "payload": feel.dumps({"limit": str(limit["id"])}),
        "error": "",
    }


@dataclass(frozen=True, slots=True)
class Standing:
    """When a rung is to be climbed, and its place in the ladder as it is written."""

    at: datetime
    place: int
    rung: Rung


def rungs_left(definition: LimitDefinition, climbed: int, due_at: datetime, calendar: Calendar) -> list[Standing]:
    """This will return the rungs that are still to be climbed, the earliest first.

    `climbed` has a bit for each of the others, by their places: a new calendar may change the order of their moments.
    """
    return [each for each in climbing_order(definition, due_at, calendar) if not climbed >> each.place & 1]


def climbing_order(definition: LimitDefinition, due_at: datetime, calendar: Calendar) -> Sequence[Standing]:
    """This will return all rungs with their moments, the earliest first."""
    return _ordered(definition.ladder, due_at, calendar)


@lru_cache(maxsize=1024)  # most limits are due at the end of a day, so many climb alike
def _ordered(ladder: tuple[Rung, ...], due_at: datetime, calendar: Calendar) -> Sequence[Standing]:
    found = (Standing(rung_at(rung, due_at, calendar), place, rung) for place, rung in enumerate(ladder))
    return tuple(sorted(found, key=lambda each: each.at))


def left_out(definition: LimitDefinition, due_at: datetime | None, now: datetime, calendar: Calendar) -> int:
    """This will return a bit for each warning whose time had passed when the limit began: it is not climbed."""
    if due_at is None:
        return 0
    order = climbing_order(definition, due_at, calendar)
    return sum(1 << each.place for each in order if each.rung.is_before and each.at <= now)
