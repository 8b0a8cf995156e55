"""A case: started, stepped and stored; everything that one step brings about is written here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session, configure_mappers
from sqlalchemy.orm.attributes import instance_dict, manager_of_class

from engine import bpmn, feel, history, limits, notices, outbox, prepared, task_listeners, writing
from engine import catalog as catalogs
from engine import directory as directories
from engine.access import SYSTEM, Actor, NotYourCase, is_member, may_see_case, require_operator, standin_for
from engine.apps import ProcessApp
from engine.bpmn import undoing
from engine.bpmn.outcome import Outcome, State
from engine.bpmn.stimuli import ChangeData, CompleteTask, EnableActivity, Migrate, Stimulus
from engine.db import table
from engine.errors import Conflict, NotFound
from engine.history import Entry
from engine.lives import Live
from engine.models import CANCELLED, CLOSED, DONE, OPEN, Case, Reading, Task, WebhookDelivery
from engine.opening import Opening, incident, open_all
from engine.prepared import Change, Prepared
from engine.summary import index_fields, stamp, summarise
from engine.turn import Begun, Turn

CASES = table(Case)
COLUMNS = tuple(CASES.c)
NAMES = tuple(column.name for column in COLUMNS)
QUESTION = Prepared(select(*COLUMNS, catalogs.stamp(), directories.stamp()).where(CASES.c.id == bindparam("case")))

configure_mappers()  # which the first use of a constructor does
_CASE = manager_of_class(Case)

Data = dict[str, Any]
OF_QUEUE = ("assignee_id", "role", "unit_id", "process_id")


class CaseNotFound(NotFound):
    """There is no such case."""


class CaseEnded(Conflict):
    """Case {case} has ended."""


class CaseSuspended(Conflict):
    """Case {case} is suspended; an operator has to resume it first."""


@dataclass(slots=True)
class Running:
    """A case in memory: its row, its document, and where it stands. `stored` is the row as the table has it.

    `waiting` tells for each open token whether a task, a job or a subscription stands for it in the tables.
    """

    row: dict[str, Any]
    data: Data
    state: State
    process: bpmn.Process
    app: ProcessApp
    waiting: dict[str, str] = field(default_factory=dict)
    offers: list[dict[str, Any]] = field(default_factory=list)
    limits: list[dict[str, Any]] = field(default_factory=list)
    traces: list[dict[str, Any]] = field(default_factory=list)  # of steps that may yet be undone
    key: str | None = None  # of the message that began it: no other may begin a case with it before this one has ended
    shown: str = ""  # by which expressions lists show it
    is_new: bool = False
    stored: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        """This will return the id of the case."""
        found: UUID = self.row["id"]
        return found

    def as_case(self) -> Case:
        """This will return the row as the model that callers know."""
        # Its constructor, and setting attribute by attribute, tell each change to a session that nobody will ever ask.
        case: Case = _CASE.new_instance()
        instance_dict(case).update(self.row)
        return case


def restore(turn: Turn, values: Sequence[Any]) -> Running:
    """This will make a running case of the values of `COLUMNS`."""
    row = dict(zip(NAMES, values, strict=True))
    live = turn.library.lives.take(row["id"], (row["data"], row["snapshot"]))
    kept = live.kept if live is not None else feel.loads(row["snapshot"])
    return Running(
        row=row,
        stored=dict(row),
        data=live.data if live is not None else feel.loads(row["data"]),
        state=kept["state"],
        process=turn.library.process(turn.session, row["definition_id"]),
        app=turn.library.app(row["app"]),
        waiting=kept["waiting"],
        offers=kept.get("offers", []),
        limits=kept.get("limits", []),
        traces=kept.get("traces", []),
        key=kept.get("key"),
        shown=kept.get("shown", ""),
    )


def load(turn: Turn, case_id: UUID) -> Running:
    """This will read a case. Raises CaseNotFound."""
    if turn.is_locking:
        turn.session.execute(select(CASES.c.id).where(CASES.c.id == case_id).with_for_update())
    values = prepared.first(turn.session, QUESTION, {"case": case_id})
    if values is None:
        raise CaseNotFound
    turn.look(*values[len(COLUMNS) :])
    return restore(turn, values[: len(COLUMNS)])


def require_open(running: Running) -> None:
    """This will refuse to work on a case that ended or is suspended. Raises CaseEnded, CaseSuspended."""
    if running.row["state"] in (CLOSED, CANCELLED):
        raise CaseEnded(case=running.row["number"])
    if running.row["state"] != OPEN:
        raise CaseSuspended(case=running.row["number"])


def advance(
    turn: Turn,
    running: Running,
    stimulus: Stimulus,
    *,
    before: Sequence[Entry] = (),
    also: Sequence[Change] = (),
    told: Mapping[int, Data] | None = None,
) -> Outcome:
    """This will run the case to its next wait states and write all of it.

    `before` is written to the history ahead of what the step brings about; `also` are changes of other rows that belong
    to this step; `told` adds detail to the event that completes a token. Raises Unmet when somebody changed the case,
    at the latest with the commit.
    """
    surroundings = turn.surroundings(running.app, running.row["definition_id"])
    before_data = running.data
    outcome = bpmn.step(running.process, running.state or None, running.data, stimulus, turn.now, surroundings)
    undone = _trace(turn, running, stimulus, outcome, bool(surroundings.served))
    old = _take_over(turn, running, outcome)
    closing = writing.close_waiting(running.id, running.waiting, outcome, turn.now)
    running.offers = [offer for offer in running.offers if offer["token"] not in closing.tokens]
    _set_state(turn, running, outcome)
    summarise(turn, running.app, running.row, running.data, surroundings, old, running.limits)
    fields = index_fields(turn, running.app, running.id, before_data, running.data)
    opening = open_all(turn, running.row, running.process, running.app, outcome)
    running.waiting.update(opening.waiting)
    running.offers.extend(opening.offers)
    around = limits.Around(running.row, running.data, surroundings)
    limiting = limits.follow(turn, around, running.limits, outcome, opening)
    _count_incidents(turn, running, opening, outcome, closing.tokens, limiting.settled)
    _trace_limits(undone, running, limiting.running)
    running.limits = limiting.running
    gone = notices.standing(turn, running.id, closing.withdrawn)
    at_tokens = opening.tasks | {task["token"]: task["id"] for task in gone if not task["sign"]}
    entries = [*before, *_entries(outcome, at_tokens, told or {}), *opening.entries, *limiting.entries]
    events = history.chain(running.row, entries, by=turn.by, now=turn.now)
    if undone is not None:
        undone["seq"] = running.row["history_seq"]
    told_of = notices.of_withdrawn(turn, running.row, gone)
    changes = [*also, *closing.changes, *told_of, *fields, *limiting.changes, *_told(turn, running, events)]
    changes += task_listeners.cancelled(turn, gone, running)
    if running.key is not None and outcome.ended:
        changes.append(writing.letting_begin(running.id))
        turn.ended.append(Begun(process_id=running.row["process_id"], correlation_key=running.key))
    if not running.is_new:
        changes += writing.copies(running.stored, running.row)
    _write(turn, running, [*changes, *opening.inserts, *history.inserting(events)])
    turn.tell(running.id, outcome.sent)
    turn.awaited.extend(opening.awaited)
    if opening.skips:
        _skip(turn, running, opening)
    return outcome


def _take_over(turn: Turn, running: Running, outcome: Outcome) -> Data | None:
    """Brings the case to where a step led; the data before it, when the same expressions have shown them in lists."""
    shown = stamp(running.app, turn.directory)
    old = running.data if running.shown == shown else None
    running.state, running.data, running.shown = outcome.state, outcome.data, shown
    return old


def _skip(turn: Turn, running: Running, opening: Opening) -> None:
    """Rules complete tasks that nobody needs to do. They do so for nobody: the history names the engine."""
    for token, skip in opening.skips.items():
        if str(token) in running.waiting:  # else one that was skipped before it has ended it
            person_id = turn.by.person_id if turn.person_id is None else turn.person_id
            quiet = replace(turn, by=SYSTEM, person_id=person_id, skipped=turn.skipped + 1)
            advance(quiet, running, CompleteTask(token, skip.data), told={token: skip.told})


def _trace(
    turn: Turn, running: Running, stimulus: Stimulus, outcome: Outcome, has_served: bool
) -> dict[str, Any] | None:
    """Keeps how to undo a step that completed a task, unless something of it has left the case: services, messages."""
    old = running.traces
    if old:
        is_moved = isinstance(stimulus, Migrate) or outcome.ended
        running.traces = [] if is_moved else undoing.keep(old, running.state, outcome.state, running.data, outcome.data)
    if not isinstance(stimulus, CompleteTask) or outcome.ended or outcome.sent or has_served:
        return None
    found = undoing.trace(stimulus.token, running.state, outcome.state, running.data, outcome.data)
    if found is not None:
        found["at"] = turn.now.isoformat()
        running.traces.append(found)
    return found


def _trace_limits(undone: dict[str, Any] | None, running: Running, after: Sequence[Data]) -> None:
    """Tells a trace which limits its step ended, which of the case it began, and when the case was due before."""
    before, due_at = running.limits, running.stored.get("due_at")
    if undone is None or before == after:
        return
    undone["due"] = due_at.isoformat() if due_at is not None else None
    undone["ended"] = [limit for limit in before if limit not in after]
    undone["begun"] = [limit["id"] for limit in after if limit not in before and limit["token"] is None]


def _set_state(turn: Turn, running: Running, outcome: Outcome) -> None:
    if outcome.ended and running.row["state"] not in (CLOSED, CANCELLED):
        running.row.update(state=CLOSED, ended_at=turn.now, end_element=outcome.end_element)


def _count_incidents(
    turn: Turn, running: Running, opening: Opening, outcome: Outcome, closed: set[int], settled: Sequence[UUID]
) -> None:
    if running.row["incidents"]:
        gone = writing.Gone([*outcome.resolved, *closed], settled, limits.GAP if outcome.ended else None)
        running.row["incidents"] -= writing.resolve_incidents(turn.session, running.id, gone, turn.now, turn.by)
    running.row["incidents"] += opening.incidents


def _entries(outcome: Outcome, tasks: Mapping[int, UUID], told: Mapping[int, Data]) -> list[Entry]:
    entries = []
    for event in outcome.events:
        detail = dict(event.detail)
        task_id = None
        if event.token is not None:
            detail["token"] = event.token
            if event.kind == "completed":
                detail.update(told.get(event.token, {}))
            task_id = tasks.get(event.token) or detail.pop("task", None)
        entries.append(Entry(kind=event.kind, element=event.element, name=event.name, task_id=task_id, detail=detail))
    return entries


def _write(turn: Turn, running: Running, changes: Sequence[Change]) -> None:
    row = running.row
    row["data"] = feel.encode(running.data)
    kept = keep_snapshot(running)
    if running.is_new:
        prepared.send_late(turn.session, [*writing.inserting(Case, [row]), *changes])
        running.is_new, running.stored = False, dict(row)
    else:
        _store(turn, running, changes)
    turn.lives[running.id] = Live((row["data"], row["snapshot"]), running.data, kept)


def keep_snapshot(running: Running) -> Data:
    """This will write where a case stands into its row, and return it."""
    kept: Data = {"state": running.state, "waiting": running.waiting, "shown": running.shown}
    if running.offers:
        kept["offers"] = running.offers
    if running.limits:
        kept["limits"] = running.limits
    if running.traces:
        kept["traces"] = running.traces
    if running.key is not None:
        kept["key"] = running.key
    running.row["snapshot"] = feel.encode(kept)
    return kept


def _store(turn: Turn, running: Running, changes: Sequence[Change]) -> None:
    """Updates the case row, which nobody may have changed since it was read, and `changes` along with it."""
    row = running.row
    changed = [name for name in NAMES if row[name] != running.stored[name]]
    prepared.send_late(turn.session, [writing.storing(row, changed), *changes])
    row["version"] += 1
    running.stored = dict(row)


def record(turn: Turn, running: Running, entries: Sequence[Entry], changes: Sequence[Change] = ()) -> None:
    """This will write to the history of a case that does not step, and `changes` along with it. Raises Unmet."""
    events = history.chain(running.row, entries, by=turn.by, now=turn.now)
    _store(turn, running, [*changes, *history.inserting(events), *_told(turn, running, events)])


def _told(turn: Turn, running: Running, events: Sequence[Data]) -> list[Change]:
    """What webhooks are to be told goes out with what happened, or not at all."""
    rows = outbox.deliveries(turn.directory.subscribers, running.row, history.events(events), turn.now)
    return writing.inserting(WebhookDelivery, rows)


def raise_incident(
    turn: Turn, running: Running, kind: str, token: int | None, element: str, name: str, reason: str, detail: Data
) -> None:
    """This will raise an incident of a case that does not step."""
    opening = Opening()
    incident(turn, opening, running.row, kind, token, element, name, reason, detail)
    running.row["incidents"] += 1
    record(turn, running, opening.entries, opening.inserts)


def change_data(turn: Turn, case_id: UUID, data: Mapping[str, Any], *, reason: str) -> Case:
    """This will let an operator correct case data; the history keeps old and new values."""
    require_operator(turn.by)
    running = load(turn, case_id)
    require_open(running)
    old = {name: running.data.get(name) for name in data}
    entry = Entry(kind="data_changed", detail={"reason": reason, "old": old, "new": dict(data)})
    advance(turn, running, ChangeData(dict(data)), before=[entry])
    return running.as_case()


def start_activity(turn: Turn, case_id: UUID, element: str) -> Case:
    """This will start an activity that an ad-hoc subprocess offers, for somebody who may see the case."""
    running = load(turn, case_id)
    require_open(running)
    row = running.row
    seen = had_task(turn.session, turn.by, case_id)
    if not may_see_case(turn.by, unit_path=row["unit_path"], started_by=row["started_by"], had_task=seen):
        raise NotYourCase(unit=row["unit_name"])
    advance(turn, running, EnableActivity(element))
    return running.as_case()


def had_task(session: Session, actor: Actor, case_id: UUID) -> bool:
    """This will tell whether the actor has or had a task of the case, or may take one."""
    if actor.person_id is None:
        return False
    columns = (Task.assignee_id, Task.completed_by, Task.state, Task.role, Task.unit_id, Task.process_id)
    tasks = select(*columns).where(Task.case_id == case_id)
    return any(
        actor.person_id in (row.assignee_id, row.completed_by)
        or (row.state == OPEN and is_member(actor, row.role, row.unit_id, row.process_id))
        or (row.state == OPEN and standin_for(actor, **{name: getattr(row, name) for name in OF_QUEUE}) is not None)
        for row in session.execute(tasks)
    )


def has_copy(session: Session, actor: Actor, case_id: UUID) -> bool:
    """This will tell whether a copy of the case was sent to the actor, who may therefore read it and no more."""
    sent = select(Reading.id).where(Reading.case_id == case_id, Reading.person_id == actor.person_id)
    return actor.person_id is not None and session.scalar(sent.limit(1)) is not None


def did_step(session: Session, actor: Actor, case_id: UUID) -> bool:
    """This will tell whether the actor has done a task of the case, or somebody has done one for them."""
    did = or_(Task.completed_by == actor.person_id, Task.on_behalf_id == actor.person_id)
    return session.scalar(select(Task.id).where(Task.case_id == case_id, Task.state == DONE, did).limit(1)) is not None
