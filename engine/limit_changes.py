"""What people and the calendar do to a limit that runs: stop its clock, let it go on, extend it, reckon it anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, or_, select, update

from engine import cases, feel, files, limits, rungs, task_listeners
from engine.access import Actor, may_decide
from engine.calendars import CHINA
from engine.cases import Running
from engine.db import table
from engine.errors import Conflict, Invalid, Refused
from engine.history import Entry
from engine.limit_definitions import LimitDefinition
from engine.limits import LimitNotFound
from engine.models import LIMIT_IS, NEVER, PAUSED, RUNNING, STANDING, Job, Limit, Task
from engine.prepared import Change
from engine.reckoning import BY_HOUR, Extended, Fixed, Happening, Paused, Reckoning, Resumed, Term
from engine.task_listeners import About
from engine.turn import Turn

Data = dict[str, Any]
LIMITS, JOBS, TASKS = table(Limit), table(Job), table(Task)
LONGEST_WORDS = 2000  # characters of a ground or a reason
RECALCULATE = "recalculate"  # kind of the jobs that follow a calendar
AT_ONCE = 50


class LimitEnded(Conflict):
    """This limit runs no longer: it was met or its task is gone."""


class LimitStopped(Conflict):
    """The clock of this limit is stopped already."""


class LimitRuns(Conflict):
    """The clock of this limit is not stopped."""


class LimitOver(Conflict):
    """This limit was exceeded at {at}; it can be neither stopped nor extended any more."""


class NotPausable(Refused):
    """The clock of “{limit}” cannot be stopped: its rule ({basis}) knows no ground for it."""


class NotExtendable(Refused):
    """“{limit}” cannot be extended: its rule ({basis}) allows {most} extensions and there were {count}."""


class AskedTooLate(Refused):
    """An extension of “{limit}” had to be asked for by {day}."""


class MayNotDecide(Refused):
    """To decide on this limit you need one of these roles in the case's unit or above it: {needed}."""


class GroundMissing(Invalid):
    """Say on which legal ground, and who approved it."""


class ExtensionInvalid(Invalid):
    """An extension has to end later than {due}."""


class ExtensionMissing(Invalid):
    """Say by how long it is extended, or to which day."""


@dataclass(slots=True)
class Held:
    """A limit read together with its case."""

    row: Data
    running: Running
    definition: LimitDefinition
    happened: list[Happening]

    @property
    def kept(self) -> Data:
        """This will return what the case's snapshot keeps of the limit."""
        return next(each for each in self.running.limits if each["id"] == str(self.row["id"]))


def load(turn: Turn, limit_id: UUID) -> Held:
    """This will read a limit that has not ended, with its case. Raises LimitNotFound, LimitEnded."""
    case_id = turn.session.scalar(select(LIMITS.c.case_id).where(LIMITS.c.id == limit_id))
    if case_id is None:
        raise LimitNotFound
    running = cases.load(turn, case_id)  # the limit's row is read after it: what changes one changes the case too
    row = dict(turn.session.execute(select(LIMITS).where(LIMITS.c.id == limit_id)).mappings().one())
    if row["state"] not in (RUNNING, PAUSED):
        raise LimitEnded
    definition = turn.library.limit(turn.session, row["resource_id"])
    return Held(row, running, definition, limits.read_happened(row["happened"]))


def pause(turn: Turn, limit_id: UUID, *, ground: str, approver: str, evidence: Sequence[UUID] = ()) -> Limit:
    """This will stop the clock of a limit; what is left is kept.

    Raises MayNotDecide, GroundMissing, NotPausable, LimitStopped, LimitOver, LimitEnded.
    """
    held, happening = _pausing(turn, limit_id)
    if not ground.strip() or not approver.strip():
        raise GroundMissing
    told = {
        "ground": ground.strip()[:LONGEST_WORDS],
        "approver": approver.strip()[:200],
        "evidence": [str(id) for id in evidence],
    }
    bound = files.bind(turn, list(evidence), case_id=held.running.id, task_id=held.row["task_id"])
    return _change(turn, held, "limit_paused", told, happening, also=bound)


def resume(turn: Turn, limit_id: UUID, *, note: str = "") -> Limit:
    """This will let a stopped clock go on with what was left. Raises MayNotDecide, LimitRuns, LimitEnded."""
    held, happening = _resuming(turn, limit_id)
    return _change(turn, held, "limit_resumed", {"note": note.strip()[:LONGEST_WORDS]}, happening)


def extend(
    turn: Turn, limit_id: UUID, *, term: Term | date, reason: str, decision: str = "", asked_on: date | None = None
) -> Limit:
    """This will extend a limit by so much, or to a day that a decision names (`decision`: its number).

    `asked_on` is the day of the request, today without it. Raises MayNotDecide, GroundMissing, NotExtendable,
    AskedTooLate, LimitOver, LimitStopped, ExtensionInvalid, LimitEnded.
    """
    held, happening = _extending(turn, limit_id, term, asked_on)
    if not reason.strip():
        raise GroundMissing
    told = {"reason": reason.strip()[:LONGEST_WORDS], "decision": decision.strip()[:200], "term": str(term)}
    if asked_on is not None:
        told["asked_on"] = asked_on.isoformat()
    held.row["extensions"] += 1
    return _change(turn, held, "limit_extended", told, happening)


def foresee(
    turn: Turn, limit_id: UUID, verb: str, *, by: Actor, term: Term | date | None = None, asked_on: date | None = None
) -> Reckoning:
    """This will tell when a limit would be due after `verb`: pause, resume, extend. It raises what that would raise."""
    turn = replace(turn, by=by)
    if verb == "extend":
        if term is None:
            raise ExtensionMissing
        held, happening = _extending(turn, limit_id, term, asked_on)
    else:
        held, happening = _pausing(turn, limit_id) if verb == "pause" else _resuming(turn, limit_id)
    return limits.reckon(held.definition, [*held.happened, happening], turn.calendar)


def _pausing(turn: Turn, limit_id: UUID) -> tuple[Held, Happening]:
    held = load(turn, limit_id)
    _require_decider(turn, held)
    if not held.definition.pausable:
        raise NotPausable(limit=held.definition.name, basis=held.definition.basis)
    if held.row["state"] == PAUSED:
        raise LimitStopped
    _require_time_left(turn, held)
    return held, Paused(turn.now)


def _resuming(turn: Turn, limit_id: UUID) -> tuple[Held, Happening]:
    held = load(turn, limit_id)
    _require_decider(turn, held)
    if held.row["state"] != PAUSED:
        raise LimitRuns
    return held, Resumed(turn.now)


def _extending(turn: Turn, limit_id: UUID, term: Term | date, asked_on: date | None) -> tuple[Held, Happening]:
    held = load(turn, limit_id)
    _require_decider(turn, held)
    if held.row["state"] == PAUSED:
        raise LimitStopped
    _require_time_left(turn, held)
    _require_extendable(turn, held, asked_on)
    happening = Extended(turn.now, term) if isinstance(term, Term) else Fixed(turn.now, term)
    due_at: datetime = held.row["due_at"]
    if _later(turn, held, happening) <= due_at:
        raise ExtensionInvalid(due=due_at)
    return held, happening


def _later(turn: Turn, held: Held, happening: Happening) -> datetime:
    found = limits.reckon(held.definition, [*held.happened, happening], turn.calendar).due_at
    assert found is not None
    return found


def _require_extendable(turn: Turn, held: Held, asked_on: date | None) -> None:
    definition = held.definition
    if held.row["extensions"] >= definition.extensions:
        raise NotExtendable(
            limit=definition.name, basis=definition.basis, most=definition.extensions, count=held.row["extensions"]
        )
    if definition.ask_before is None:
        return
    due: date = held.row["due_at"].astimezone(CHINA).date()
    amount = definition.ask_before.amount
    if definition.ask_before.unit in BY_HOUR:
        last = (held.row["due_at"] - timedelta(hours=amount)).astimezone(CHINA).date()
    elif definition.ask_before.unit == "workdays":
        last = turn.calendar.workdays(due, -amount)
    else:
        last = due - timedelta(days=amount)
    if (asked_on or turn.now.astimezone(CHINA).date()) > last:
        raise AskedTooLate(limit=definition.name, day=last)


def _require_decider(turn: Turn, held: Held) -> None:
    roles = held.definition.decided_by
    if not may_decide(turn.by, roles, held.running.row["unit_path"]):
        titles = held.running.app.roles
        raise MayNotDecide(needed="、".join(titles.get(role, role) for role in roles) or "-")


def _require_time_left(turn: Turn, held: Held) -> None:
    due_at = held.row["due_at"]
    if due_at is not None and due_at < turn.now:
        raise LimitOver(at=due_at)


def _change(
    turn: Turn, held: Held, kind: str, told: Data, happening: Happening | None, *, also: Sequence[Change] = ()
) -> Limit:
    """Writes what happened to a limit, and when it is due now."""
    if happening is not None:
        held.happened.append(happening)
    entry, changes = reckoned(turn, held, kind, told, is_begun_anew=isinstance(happening, Extended | Fixed))
    cases.record(turn, held.running, [entry], [*also, *changes])
    return Limit(**held.row)


def name_last_day(turn: Turn, held: Held, last: date) -> tuple[Entry, list[Change]]:
    """This will tell how to write that a limit was to end on this day from its beginning: what came later still holds.

    Rungs that were climbed are not climbed again, unless their new moment is yet to come.
    """
    climbed = held.row["climbed"]
    started = held.happened[0]
    held.happened.insert(1, Fixed(started.at, last))
    entry, changes = reckoned(turn, held, "limit_fixed", {}, is_begun_anew=True, climbed=climbed)
    return entry, changes


def reckoned(
    turn: Turn, held: Held, kind: str, told: Data, *, is_begun_anew: bool, climbed: int = 0
) -> tuple[Entry, list[Change]]:
    """This will tell how to write when a limit is due now, and what is told of it.

    With `is_begun_anew` its ladder is climbed anew but for warnings that are over and rungs of `climbed` that are past.
    """
    before = held.row["due_at"]
    reckoning = limits.reckon(held.definition, held.happened, turn.calendar)
    row = held.row
    row["due_at"] = reckoning.due_at
    row["state"] = PAUSED if reckoning.due_at is None else RUNNING
    row["happened"] = limits.write_happened(held.happened)
    if is_begun_anew:
        row["climbed"] = rungs.left_out(held.definition, reckoning.due_at, turn.now, turn.calendar, climbed)
    names = ("due_at", "state", "happened", "extensions", "climbed")
    written = update(LIMITS).where(LIMITS.c.id == row["id"]).values({name: row[name] for name in names})
    changes = [Change(written), *_job(turn, held), *_of_tasks(turn, held, kind)]
    held.kept["due"] = reckoning.due_at.isoformat() if reckoning.due_at is not None else None
    limits.show_nearest(held.running.row, held.running.limits)
    cases.keep_snapshot(held.running)
    detail = {
        "limit": held.definition.name,
        "code": held.definition.code,
        "id": str(row["id"]),
        "from": before.isoformat() if before is not None else None,
        "due": held.kept["due"],
        **told,
    }
    name = held.definition.name
    return Entry(kind=kind, element=row["element"], name=name, task_id=row["task_id"], detail=detail), changes


def _job(turn: Turn, held: Held) -> list[Change]:
    changes = [Change(delete(JOBS).where(JOBS.c.id == held.row["id"]))]
    job = limits.job_row(held.row, held.definition, turn.calendar)
    return changes if job is None else [*changes, Change(insert(JOBS).values(job))]


def _of_tasks(turn: Turn, held: Held, kind: str) -> list[Change]:
    """The tasks that show the limit are due with it, unless their listeners have it otherwise. Raises Denied."""
    tokens = [held.row["token"]] if held.row["token"] is not None else held.kept.get("shown", [])
    if not tokens:
        return []
    mine = (TASKS.c.case_id == held.running.id, TASKS.c.token.in_(tokens), TASKS.c.state.in_(STANDING))
    values: Data = {"due_at": held.row["due_at"], "order_at": held.row["due_at"] or NEVER}
    if not task_listeners.may_listen(held.running.process, task_listeners.UPDATING):
        return [Change(update(TASKS).where(*mine).values(**values))]
    changes = []
    for row in turn.session.execute(select(TASKS).where(*mine)).mappings().all():
        about = About.of(dict(row), feel.loads(row["detail"]), held.running)
        told, jobs = task_listeners.hear(turn, about, task_listeners.UPDATING, kind, values)
        changes += [Change(update(TASKS).where(TASKS.c.id == row["id"]).values(**told)), *jobs]
    return changes


def recalculate(turn: Turn, job_id: UUID, details: Data) -> None:
    """This will reckon some running limits anew by the calendar in force, the rest with the next job.

    Limits that were due before the year keep their day; rungs of theirs that wait in it are counted anew.
    """
    place = (datetime.fromisoformat(details["from"]), UUID(details["after"]))
    since = datetime.fromisoformat(details.get("since") or details["from"])
    waits = select(JOBS.c.id).where(JOBS.c.id == LIMITS.c.id, JOBS.c.due_at >= since).exists()
    found = turn.session.execute(
        select(LIMITS.c.due_at, LIMITS.c.id)
        .where(LIMIT_IS[RUNNING], _beyond(place), or_(LIMITS.c.due_at >= since, waits))
        .order_by(LIMITS.c.due_at, LIMITS.c.id)
        .limit(AT_ONCE)
    ).all()
    for due_at, id in found:
        held = load(turn, id)
        if limits.reckon(held.definition, held.happened, turn.calendar).due_at != due_at:
            told = {"calendar": details["year"], "version": details["version"]}
            _change(turn, held, "limit_moved", told, None)
        else:
            _rearm(turn, held)
    if len(found) < AT_ONCE:
        turn.session.execute(delete(JOBS).where(JOBS.c.id == job_id))
        return
    last_due, last_id = found[-1]
    payload = feel.dumps({**details, "from": last_due.isoformat(), "after": str(last_id)})
    again = {"payload": payload, "leased_until": None, "leased_by": None, "attempts": 0}
    turn.session.execute(update(JOBS).where(JOBS.c.id == job_id).values(**again))


def _rearm(turn: Turn, held: Held) -> None:
    """The next rung waits for its moment by the calendar in force; the day of the limit itself has not moved."""
    job = limits.job_row(held.row, held.definition, turn.calendar)
    if job is not None:
        mine = (JOBS.c.id == held.row["id"], JOBS.c.due_at != job["due_at"], JOBS.c.leased_until.is_(None))
        turn.session.execute(update(JOBS).where(*mine).values(due_at=job["due_at"]))


def _beyond(place: tuple[datetime, UUID]) -> Any:
    at, id = place
    return (LIMITS.c.due_at > at) | ((LIMITS.c.due_at == at) & (LIMITS.c.id > id))


def explain(turn: Turn, limit_id: UUID) -> tuple[Limit, LimitDefinition, Reckoning]:
    """This will return a limit, its rule, and each step towards its due time. Raises LimitNotFound."""
    row = turn.session.execute(select(LIMITS).where(LIMITS.c.id == limit_id)).mappings().first()
    if row is None:
        raise LimitNotFound
    definition = turn.library.limit(turn.session, row["resource_id"])
    happened = limits.read_happened(row["happened"])
    return Limit(**row), definition, limits.reckon(definition, happened, turn.calendar)
