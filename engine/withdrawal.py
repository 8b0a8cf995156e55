"""Taking back a task that was done, as long as nobody has acted on what it opened.

The case stands again as it stood before: the same tokens, the same due times, the data as they were.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from engine import cases, drafts, feel, history, limits, requeuing, tasks
from engine.access import NotYours
from engine.bpmn import undoing
from engine.bpmn.stimuli import TakeBack
from engine.bpmn.tokens import TokenGone
from engine.db import is_postgresql, table
from engine.errors import Conflict
from engine.history import Entry, Event
from engine.models import DONE, HELD, OPEN, PAUSED, PLANNED, RUNNING, VOID, WITHDRAWN, Case, Job, Limit
from engine.prepared import Change
from engine.reckoning import Paused
from engine.signing import AFTER, BEFORE
from engine.tasks import TASKS, Held, IsSign, shown
from engine.turn import Turn
from engine.writing import COPIED, TASK

Data = dict[str, Any]
JOBS, LIMITS = table(Job), table(Limit)
TAKEN_BACK = "taken_back"
EVERY = 2**31  # more than any token
# what people do with a task, and what happens by itself: after it nothing can be taken back
ACTS = ("claimed", "delegated", "transferred", "signs_added", "signed", "submitted", "completed", "sent_back")
HAPPENINGS = ("timer_fired", "message_received", "signal_received", "error_caught", "escalation_caught")
STEP = (
    "entered",
    "completed",
    "withdrawn",
    "flow_taken",
    "decision_made",
    "called",
    "returned",
    "called_off",
    "incident",
)


class TooLate(Conflict):
    """{by} has gone on with “{name}” at {at}: what you did can no longer be taken back."""


class EffectsOutside(TooLate):
    """What this task set off has left the case: it can no longer be taken back."""


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody acted on what a task opened, or something happened there by itself."""

    by: str
    kind: str
    name: str
    at: datetime

    def refusal(self) -> TooLate:
        """This will say who did what when."""
        return TooLate(by=self.by, kind=self.kind, name=self.name, at=shown(self.at))


@dataclass(slots=True)
class Past:
    """The history of a case, as far as it tells what became of one of its tasks."""

    events: Sequence[Event]
    details: dict[int, Data] = field(default_factory=dict)

    @classmethod
    def read(cls, session: Session, case_id: UUID) -> Past:
        """This will read all of it."""
        events = history.read(session, case_id)
        return cls(events, {event.seq: feel.loads(event.detail) for event in events})

    def completion(self, task_id: UUID) -> Event | None:
        """This will return the event that tells that a task was done last."""
        found = (event for event in reversed(self.events) if event.kind == "completed" and event.task_id == task_id)
        return next(found, None)

    def brought(self, done: Event) -> tuple[range, int]:
        """This will return the tokens that came with the step of an event, and the last event of that step.

        All tokens since then when none is known to have come: what arrives at a join leaves no line of its own.
        """

        def is_same_step(event: Event) -> bool:
            is_next = event.kind == "completed" and event.task_id is not None
            return event.kind in STEP and not is_next and bool(event.at == done.at)

        step = list(takewhile(is_same_step, (event for event in self.events if event.seq > done.seq)))
        last = max((event.seq for event in step), default=done.seq)
        entered = [
            (event.seq, int(self.details[event.seq]["token"])) for event in self.events if event.kind == "entered"
        ]
        first = min((token for seq, token in entered if done.seq < seq <= last), default=None)
        if first is None:
            return range(EVERY), last
        return range(first, min((token for seq, token in entered if seq > last), default=EVERY)), last

    def act(self, after: int, tokens: Container[Any], ids: Iterable[UUID]) -> Act | None:
        """This will return the first act since the event `after` on tokens, or on tasks by id; None: there was none.

        Claimed and released again counts as nothing.
        """
        wanted = set(ids)
        claimed: dict[UUID | None, Act] = {}
        for event in self.events:
            if event.seq <= after or event.kind not in (*ACTS, *HAPPENINGS, "released"):
                continue
            if event.task_id not in wanted and self.details[event.seq].get("token") not in tokens:
                continue
            found = Act(event.actor.partition("@")[0], event.kind, event.name, event.at)
            if event.kind == "claimed":
                claimed[event.task_id] = found
            elif event.kind == "released":
                claimed.pop(event.task_id, None)
            else:
                return found
        return next(iter(claimed.values()), None)

    def pause(self, since: datetime) -> timedelta:
        """This will return how long the case was suspended since a moment."""
        total, begun = timedelta(), None
        for event in self.events:
            if event.kind == "suspended":
                begun = event.at
            elif event.kind == "resumed" and begun is not None:
                total += event.at - begun if begun >= since else timedelta()
                begun = None
        return total


def find_trace(traces: Iterable[Data], token: int) -> Data | None:
    """This will return how to undo the step that completed the task at `token`, if it can be undone."""
    return next((trace for trace in traces if trace["token"] == token), None)


def find_obstacle(
    session: Session, row: Mapping[str, Any], traces: Iterable[Data], *, is_locking: bool = False
) -> TooLate | None:
    """This will tell what stands against taking a done task back; None: nothing."""
    past = Past.read(session, row["case_id"])
    trace = find_trace(traces, row["token"])
    done = past.completion(row["id"])
    tokens: Collection[int]
    if trace is not None:
        tokens, after = trace["made"], trace["seq"]
    else:
        tokens, after = past.brought(done) if done is not None else ((), 0)
    act = past.act(after, tokens, _tasks_at(session, row["case_id"], tokens))
    if act is not None:
        return act.refusal()
    if trace is None or _has_begun(session, row["case_id"], trace["made"], is_locking):
        return EffectsOutside()
    return None


def _tasks_at(session: Session, case_id: UUID, tokens: Collection[int]) -> list[UUID]:
    found = session.execute(select(TASKS.c.id, TASKS.c.token).where(TASKS.c.case_id == case_id))
    return [row.id for row in found if row.token in tokens]


def _has_begun(session: Session, case_id: UUID, tokens: Sequence[int], is_locking: bool) -> bool:
    """Whether a worker has begun a service call; a locked row is kept from workers until this transaction ends."""
    found = select(JOBS.c.kind, JOBS.c.leased_by, JOBS.c.attempts).where(
        JOBS.c.case_id == case_id, JOBS.c.token.in_(tokens)
    )
    if is_locking and is_postgresql(session):
        found = found.with_for_update()
    return any(row.kind != "timer" and (row.leased_by or row.attempts) for row in session.execute(found))


def take_back(turn: Turn, task_id: UUID, *, reason: str = "") -> Case:
    """This will open a task again that the actor has done, with what was sent as draft.

    Raises TooLate (who went on, when), EffectsOutside, NotYours, NotDone, TaskHeld, IsSign, CaseEnded, CaseSuspended.
    """
    held = tasks.load(turn, task_id, (DONE, HELD))
    if held.row["parent_id"] is not None:
        raise IsSign
    if held.row["state"] == HELD:
        _take_submission_back(turn, held, reason)
        return held.running.as_case()
    row, running = held.row, held.running
    _require_doer(turn, held, row["completed_by"])
    obstacle = find_obstacle(turn.session, row, running.traces, is_locking=True)
    if obstacle is not None:
        raise obstacle
    trace = find_trace(running.traces, row["token"])
    assert trace is not None
    past = Past.read(turn.session, row["case_id"])
    done = past.completion(task_id)
    _keep_draft(turn, row, past.details[done.seq].get("data") if done is not None else None)
    running.traces.remove(trace)
    changes = [*_reopened(turn, held, trace), *_revived(turn, held, trace)]
    stimulus = TakeBack(trace, past.pause(row["created_at"]))
    try:
        cases.advance(turn, running, stimulus, before=[_entry(held, reason)], also=changes)
    except TokenGone as error:
        raise EffectsOutside from error
    return running.as_case()


def _require_doer(turn: Turn, held: Held, person_id: int | None) -> None:
    """Only who did it takes it back, and only who may have the task still: else it would be theirs again."""
    if person_id is None or person_id != turn.by.person_id:
        raise NotYours(needed=tasks.name_of(turn, person_id))
    if not requeuing.may_have_again(turn.directory, turn.by, held.row):
        raise NotYours(needed=tasks.needed(held))


def _keep_draft(turn: Turn, row: Data, data: Data | None) -> None:
    if data and turn.by.person_id is not None:
        drafts.keep(turn, str(row["id"]), data, turn.by.person_id)


def _entry(held: Held, reason: str) -> Entry:
    return tasks.entry(held, TAKEN_BACK, {"text": reason.strip()} if reason.strip() else None)


def _reopened(turn: Turn, held: Held, trace: Data) -> list[Change]:
    """The task itself stands again, and what its step had withdrawn of others (a countersign that had enough)."""
    running, mine = held.running, held.row
    tokens = list(undoing.tokens(trace))
    found = select(TASKS).where(TASKS.c.case_id == mine["case_id"], TASKS.c.token.in_(tokens))
    rows = [dict(row) for row in turn.session.execute(found).mappings()]
    at = datetime.fromisoformat(trace["at"])
    lost = [row for row in rows if row["state"] == WITHDRAWN and row["completed_at"] == at and row["outcome"] is None]
    changes = []
    for row in [mine, *lost]:
        signs = [each for each in lost if each["parent_id"] == row["id"]]
        values = _standing(row, signs, next((each for each in rows if each["id"] == row["parent_id"]), row))
        if row is mine:
            values |= {"is_claimed": row["queue_id"] is not None, "detail": _unsubmitted(held)}
        values |= {shown_as: running.row[name] for name, shown_as in COPIED.items()}
        values |= {"completed_at": None, "completed_by": None, "outcome": None}
        changes.append(
            Change(update(TASKS).where(TASKS.c.id == row["id"], TASKS.c.state == row["state"]).values(values))
        )
        running.waiting[str(row["token"])] = TASK
    return changes


def _standing(row: Data, signs: Sequence[Data], main: Data) -> Data:
    """The state in which a task, or a signature of the task `main`, was before it was withdrawn."""
    detail = feel.loads(row["detail"])
    if row["parent_id"] is not None:
        is_planned = detail["sign"]["when"] == AFTER and "submitted" not in feel.loads(main["detail"])
        return {"state": PLANNED if is_planned else OPEN}
    is_before = any(feel.loads(each["detail"])["sign"]["when"] == BEFORE for each in signs)
    is_held = bool(signs) and ("submitted" in detail or is_before)
    return {"state": HELD if is_held else OPEN}


def _unsubmitted(held: Held) -> str:
    return feel.dumps({name: value for name, value in held.detail.items() if name != "submitted"})


def _revived(turn: Turn, held: Held, trace: Data) -> list[Change]:
    """Limits that the step ended run on as if nothing had been; those of the case that it began never were."""
    running, changes = held.running, list[Change]()
    if "due" in trace:
        running.row["due_at"] = datetime.fromisoformat(trace["due"]) if trace["due"] else None
    for id in trace.get("begun", ()):
        running.limits = [limit for limit in running.limits if limit["id"] != id]
        gone = {"state": VOID, "ended_at": turn.now}
        changes.append(Change(update(LIMITS).where(LIMITS.c.id == UUID(id)).values(gone)))
        changes.append(Change(JOBS.delete().where(JOBS.c.id == UUID(id))))
    for limit in trace.get("ended", ()):
        found = turn.session.execute(select(LIMITS).where(LIMITS.c.id == UUID(limit["id"]))).mappings().one()
        running.limits.append(limit)
        is_paused = isinstance(limits.read_happened(found["happened"])[-1], Paused)
        again = {"state": PAUSED if is_paused else RUNNING, "ended_at": None}
        changes.append(Change(update(LIMITS).where(LIMITS.c.id == found["id"]).values(again)))
        job = limits.job_row(dict(found), turn.library.limit(turn.session, limit["of"]), turn.calendar)
        if job is not None and not is_paused:
            changes.append(Change(insert(JOBS).values(job)))
    return changes


def _take_submission_back(turn: Turn, held: Held, reason: str) -> None:
    """A task that waits for signatures is open again; signatures planned for afterwards are planned again."""
    row, submitted = held.row, held.detail.get("submitted")
    if submitted is None:
        raise tasks.TaskHeld
    _require_doer(turn, held, submitted["by"])
    later = _signs_after(turn.session, row)
    act = _act_on(turn.session, row, later)
    if act is not None:
        raise act.refusal()
    _keep_draft(turn, row, submitted["told"].get("data"))
    values = {"state": OPEN, "detail": _unsubmitted(held)}
    asked = [each["id"] for each in later if each["state"] == OPEN]
    changes = [
        Change(update(TASKS).where(TASKS.c.id == row["id"], TASKS.c.state == HELD).values(**values)),
        Change(update(TASKS).where(TASKS.c.id.in_(asked)).values(state=PLANNED)),
    ]
    cases.record(turn, held.running, [_entry(held, reason)], changes)


def _signs_after(session: Session, row: Mapping[str, Any]) -> list[Data]:
    mine = (TASKS.c.case_id == row["case_id"], TASKS.c.token == row["token"], TASKS.c.sign > 0)
    signs = [dict(each) for each in session.execute(select(TASKS).where(*mine)).mappings()]
    return [each for each in signs if feel.loads(each["detail"])["sign"]["when"] == AFTER]


def _act_on(session: Session, row: Mapping[str, Any], signs: Sequence[Data]) -> Act | None:
    past = Past.read(session, row["case_id"])
    sent = next(event for event in reversed(past.events) if event.kind == "submitted" and event.task_id == row["id"])
    return past.act(sent.seq, (), [each["id"] for each in signs])


def is_signed_on(session: Session, row: Mapping[str, Any]) -> bool:
    """This will tell whether somebody has signed what was asked for when a task was submitted."""
    return _act_on(session, row, _signs_after(session, row)) is not None
