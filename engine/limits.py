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

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any
from uuid import UUID

from msgspec import Struct, field
from sqlalchemy import bindparam, delete, insert, update

from engine import feel, limit_gaps, rungs
from engine.access import Actor, may_decide
from engine.bpmn.outcome import Event, Outcome, TaskOpened
from engine.calendars import CHINA, Calendar, day_of
from engine.catalog import Listed
from engine.db import table
from engine.definitions import Surroundings
from engine.errors import NotFound
from engine.history import Entry
from engine.limit_definitions import CASE, COMPLETED, ENTERED, LimitDefinition
from engine.limit_gaps import LastDayUnclear
from engine.models import MET, PAUSED, RUNNING, VOID, Job, Limit, Task, new_id
from engine.opening import Opening
from engine.prepared import Change, Prepared
from engine.reckoning import BY_HOUR, Extended, Fixed, Happening, Paused, Reckoning, Resumed, Started, Term
from engine.reckoning import reckon as reckon_term
from engine.turn import Turn
from engine.writing import inserting

Data = dict[str, Any]
LIMITS, JOBS, TASKS = table(Limit), table(Job), table(Task)
PROPERTY = "bihuan:limit"
PLAIN_PROPERTY = PROPERTY.removeprefix("bihuan:")
KIND = "limit"  # of the jobs that climb ladders
GAP = limit_gaps.GAP
NOON = time(12)
MOVES = frozenset((ENTERED, COMPLETED))  # the events that may start and end limits of a case
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
_NO_JOB = Prepared(delete(JOBS).where(JOBS.c.id == bindparam("this_job")))  # its own name: so both are one statement
_ALIKE = ("state", "ended_at", "exceeded_at", "extensions")  # of all that begin to run


def _beginning(*left_out: str) -> Prepared:
    names = [column.name for column in LIMITS.c if column.name not in left_out]
    return Prepared(insert(LIMITS).values({name: bindparam(name, type_=LIMITS.c[name].type) for name in names}))


_BEGIN, _BEGIN_MET = _beginning(*_ALIKE), _beginning()


class LimitNotFound(NotFound):
    """There is no such limit."""


class Followed(Struct):
    """What a step does to limits: changes of rows, lines of the history, and the limits that run on.

    `opening` takes incidents of limits that lack something; `settled` are those that are over with their limit.
    """

    running: list[Data]
    opening: Opening
    changes: list[Change] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    settled: list[UUID] = field(default_factory=list)


class Around(Struct):
    """What limits of a step need to know of their case."""

    case: Data
    data: Data
    surroundings: Surroundings


def follow(turn: Turn, around: Around, kept: Sequence[Data], outcome: Outcome, opening: Opening) -> Followed:
    """This will start, meet and void limits as the step did with their tasks and events.

    `kept` are those that ran before it. Due times of tasks that open with a limit are set in `opening`.
    """
    found = Followed(list(kept), opening)
    if kept:
        closed = {each.token: each.withdrawn for each in outcome.closed}
        for limit in kept:
            if limit["token"] in closed and limit["token"] is not None:
                _end(turn, found, limit, VOID if closed[limit["token"]] else MET)
    _follow_events(turn, around, found, outcome)
    for opened in outcome.opened:
        if isinstance(opened, TaskOpened) and (code := limit_of(opened.properties)):
            _start_of_task(turn, around, found, opened, code)
    if outcome.ended:
        for limit in tuple(found.running):
            _end(turn, found, limit, VOID)
    show_nearest(around.case, found.running)
    return found


def limit_of(properties: Mapping[str, str]) -> str | None:
    """This will return the code of the limit that the diagram gives a task."""
    return properties.get(PROPERTY) or properties.get(PLAIN_PROPERTY)


def _follow_events(turn: Turn, around: Around, found: Followed, outcome: Outcome) -> None:
    starts = turn.library.limit_starts(turn.session, turn.catalog)
    of_case = [limit for limit in found.running if limit["token"] is None]
    if not starts and not of_case:
        return
    process = around.case["process_id"]
    for event in outcome.events:
        if event.kind not in MOVES:
            continue
        for limit in of_case:
            definition = turn.library.limit(turn.session, limit["of"])
            if any((end.element, end.event) == (event.element, event.kind) for end in definition.ends):
                _end(turn, found, limit, MET)
        codes = starts.get((process, event.element, event.kind))
        if codes is not None:
            _start_of_case(turn, around, found, codes, event)
        if codes is not None or of_case:
            of_case = [limit for limit in found.running if limit["token"] is None]


def _start_of_case(turn: Turn, around: Around, found: Followed, codes: Collection[str], event: Event) -> None:
    for code in sorted(codes):
        if all(limit["code"] != code or limit["token"] is not None for limit in found.running):
            listed = turn.catalog.resource("limit", code, now=turn.now)
            if listed is None:
                _note_missing(turn, around, found, code, element=event.element, event=event.kind)
            else:
                _start(turn, around, found, listed, element=event.element)


def _start_of_task(turn: Turn, around: Around, found: Followed, opened: TaskOpened, code: str) -> None:
    """A task opens with a limit of its own, or shows the limit of its case, which begins with it at the latest."""
    listed = turn.catalog.resource("limit", code, now=turn.now)
    if listed is None:
        _note_missing(turn, around, found, code, element=opened.element, token=opened.token)
        return
    row = next(row for row in found.opening.rows[Task] if row["token"] == opened.token)
    if turn.library.limit(turn.session, listed.id).scope == CASE:
        limit = next((each for each in found.running if each["code"] == code and each["token"] is None), None)
        if limit is None:
            begun = _start(turn, around, found, listed, element=opened.element)
            limit, due_at = begun.limit, begun.row["due_at"]
        else:
            due_at = datetime.fromisoformat(limit["due"]) if limit["due"] is not None else None
        limit["shown"] = [*limit.get("shown", ()), opened.token]
    else:
        begun = _start(turn, around, found, listed, element=opened.element, task=row, local=opened.local)
        due_at = begun.row["due_at"]
    if due_at is not None:
        row["due_at"] = row["order_at"] = due_at


def _note_missing(
    turn: Turn,
    around: Around,
    found: Followed,
    code: str,
    *,
    element: str,
    event: str = ENTERED,
    token: int | None = None,
) -> None:
    if around.case["ended_at"] is None:
        limit_gaps.note_missing(turn, found.opening, around.case, code, element=element, event=event, token=token)


def _start(
    turn: Turn,
    around: Around,
    found: Followed,
    listed: Listed,
    *,
    element: str,
    task: Data | None = None,
    local: Mapping[str, Any] | None = None,
) -> Begun:
    definition = turn.library.limit(turn.session, listed.id)
    problem, happened, data = "", list[Happening]([Started(turn.now)]), around.data
    if definition.until:
        data = {**data, **local} if local else data
        try:
            last = limit_gaps.last_day(definition, data, around.surroundings.environment(turn.now))
            happened += [] if last is None else [Fixed(turn.now, last)]
        except LastDayUnclear as error:
            problem = error.message
    token, task_id = (task["token"], task["id"]) if task is not None else (None, None)
    begun = begin(turn, around.case, listed, definition, happened, element=element, token=token, task_id=task_id)
    if problem and around.case["ended_at"] is None:
        told = (around.case, definition, begun.limit, element, data, problem)
        begun.limit["unclear"] = str(limit_gaps.note_unclear(turn, found.opening, *told))
    found.running.append(begun.limit)
    found.changes += begun.changes
    found.entries.append(begun.entry)
    return begun


class Begun(Struct):
    """A limit that begins: what the snapshot keeps of it, its row, the changes that write it, and what is told."""

    limit: Data
    row: Data
    changes: list[Change]
    entry: Entry


def begin(
    turn: Turn,
    case: Data,
    listed: Listed,
    definition: LimitDefinition,
    happened: Sequence[Happening],
    *,
    element: str,
    token: int | None = None,
    task_id: UUID | None = None,
    met_at: datetime | None = None,
) -> Begun:
    """This will make a limit that runs since the first of what `happened`, or that was met at `met_at` already."""
    calendar, id = turn.calendar, new_id()
    due_at, due = _first_due(definition, happened, calendar)
    row = {
        "id": id,
        "case_id": case["id"],
        "token": token,
        "task_id": task_id,
        "resource_id": listed.id,
        "code": listed.key,
        "name": definition.name,
        "element": element,
        "unit_path": case["unit_path"],
        "region": case["region"],
        "started_at": happened[0].at,
        "due_at": due_at,
        "climbed": rungs.left_out(definition, due_at, turn.now, calendar),
        "happened": write_happened(happened),
    }
    if met_at is not None:
        is_late = due_at is not None and due_at < met_at
        row |= {"state": MET, "ended_at": met_at, "exceeded_at": due_at if is_late else None, "extensions": 0}
        changes = [Change(_BEGIN_MET, row)]
    else:
        changes = [Change(_BEGIN, row)]
        if (job := job_row(row, definition, calendar)) is not None:
            changes += inserting(Job, [job])
    limit = {"id": str(id), "code": listed.key, "of": listed.id, "token": token, "due": due}
    told = {"limit": definition.name, "code": listed.key, "due": due, "version": listed.version}
    return Begun(limit, row, changes, Entry(kind="limit_started", element=element, name=definition.name, detail=told))


Due = tuple[datetime | None, str | None]  # a moment, and how snapshots and the history write it


def _first_due(definition: LimitDefinition, happened: Sequence[Happening], calendar: Calendar) -> Due:
    if len(happened) == 1 and definition.term.unit not in BY_HOUR:
        return _due_from(definition, day_of(happened[0].at), calendar)
    due_at = reckon(definition, happened, calendar).due_at
    return due_at, _iso(due_at)


@lru_cache(maxsize=1024)
def _due_from(definition: LimitDefinition, day: date, calendar: Calendar) -> Due:
    """When a limit in days is due that starts on `day`, whatever the hour."""
    due_at = reckon(definition, [Started(datetime.combine(day, NOON, CHINA))], calendar).due_at
    return due_at, _iso(due_at)


def _end(turn: Turn, found: Followed, limit: Data, state: str) -> None:
    found.running.remove(limit)
    if "unclear" in limit:
        found.settled.append(UUID(limit["unclear"]))
    id, due_at = UUID(limit["id"]), datetime.fromisoformat(limit["due"]) if limit["due"] else None
    is_late = due_at is not None and due_at < turn.now
    values = {
        "this_limit": id,
        "new_state": state,
        "new_ended_at": turn.now,
        "new_exceeded_at": due_at if is_late else None,
    }
    found.changes += (Change(_END, values), Change(_NO_JOB, {"this_job": id}))
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
    return feel.encode(rows)


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


def job_row(limit: Data, definition: LimitDefinition, calendar: Calendar) -> Data | None:
    """This will return the job that climbs the next rung of a limit; None when none is left or its clock stands.

    What it does not say is as every new job has it.
    """
    due_at = limit["due_at"]
    standing = rungs.following(definition, limit["climbed"], due_at, calendar) if due_at is not None else None
    if standing is None:
        return None
    return {
        "id": limit["id"],
        "case_id": limit["case_id"],
        "kind": KIND,
        "element": limit["element"],
        "due_at": standing.at,
    }
