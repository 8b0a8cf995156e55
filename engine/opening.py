"""The rows that stand for what a step opened: tasks, jobs, subscriptions, incidents."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from engine import bpmn, feel, notices, queues, reasons, routing, rules, task_listeners
from engine.apps import ProcessApp
from engine.bpmn.listening import Denied
from engine.bpmn.outcome import (
    ActivityOffered,
    MessageAwaited,
    Opened,
    Outcome,
    ServiceCalled,
    SignalAwaited,
    TaskOpened,
    TimerOpened,
)
from engine.catalog import Listed
from engine.db import Base
from engine.history import Entry
from engine.models import NEVER, OPEN, Incident, Job, Notice, Subscription, Task, new_id
from engine.prepared import Change
from engine.routing import Ruling
from engine.task_listeners import About
from engine.turn import Awaited, Turn
from engine.writing import JOB, SUBSCRIPTION, TASK, inserting

Data = dict[str, Any]
EMPTY_QUEUE = "empty-queue"
MOST_RANK = 2**31 - 1  # there is one priority more below zero than above


class Skip(Struct, frozen=True):
    """A task that a rule completes as soon as it is open: with which data, and what is told of it."""

    data: Data
    told: Data


class Opening(Struct):
    """What one step opened, ready to be inserted."""

    waiting: dict[str, str] = field(default_factory=dict)
    tasks: dict[int, UUID] = field(default_factory=dict)
    offers: list[Data] = field(default_factory=list)
    awaited: list[Awaited] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    rows: dict[type[Base], list[Data]] = field(default_factory=dict)
    skips: dict[int, Skip] = field(default_factory=dict)
    data: Data = field(default_factory=dict)  # of the case, for listeners
    also: list[Change] = field(default_factory=list)

    @property
    def incidents(self) -> int:
        """This will return how many incidents the step raised."""
        return len(self.rows.get(Incident, ()))

    @property
    def inserts(self) -> list[Change]:
        """This will tell how to insert the rows."""
        return [*(change for model, rows in self.rows.items() for change in inserting(model, rows)), *self.also]

    def add(self, model: type[Base], row: Data) -> None:
        """This will keep a row to insert."""
        self.rows.setdefault(model, []).append(row)

    def add_all(self, model: type[Base], rows: Sequence[Data]) -> None:
        """This will keep rows to insert."""
        for row in rows:
            self.add(model, row)


def open_all(turn: Turn, case: Data, process: bpmn.Process, app: ProcessApp, outcome: Outcome) -> Opening:
    """This will make the rows for everything that a step opened and for the incidents it raised."""
    opening = Opening(data=outcome.data)
    did = routing.completed(outcome.events)
    for opened in outcome.opened:
        if isinstance(opened, TaskOpened):
            _open_task(turn, opening, case, process, app, opened, did)
        elif isinstance(opened, TimerOpened):
            _open_job(opening, case, opened, "timer", opened.due_at)
        elif isinstance(opened, ServiceCalled):
            _open_service(turn, opening, case, app, opened)
        elif isinstance(opened, MessageAwaited):
            _open_subscription(opening, case, opened, "message", opened.message, opened.correlation_key)
            opening.awaited.append(
                Awaited(case_id=case["id"], message=opened.message, correlation_key=opened.correlation_key)
            )
        elif isinstance(opened, SignalAwaited):
            _open_subscription(opening, case, opened, "signal", opened.signal, None)
        elif isinstance(opened, ActivityOffered):
            opening.offers.append({"token": opened.token, "element": opened.element, "name": opened.name})
    for raised in outcome.incidents:
        incident(turn, opening, case, "failed", raised.token, raised.element, raised.name, raised.reason, raised.detail)
    return opening


def incident(
    turn: Turn,
    opening: Opening,
    case: Data,
    kind: str,
    token: int | None,
    element: str,
    name: str,
    reason: str,
    detail: Data,
) -> UUID:
    """This will raise an incident of `kind`, in the tables and in the history, and return its id."""
    row = {
        "id": new_id(),
        "case_id": case["id"],
        "token": token,
        "kind": kind,
        "element": element,
        "name": name[:200],
        "reason": reason,
        "code": reasons.code_of(reason),
        "detail": feel.encode(detail),
        "raised_at": turn.now,
    }
    opening.add(Incident, row)
    opening.add_all(Notice, notices.of_incident(turn, case, name or element, reason))
    told = {"reason": reason, "incident": str(row["id"]), "kind": kind}
    opening.entries.append(Entry(kind="incident", element=element, name=name, detail=told))
    id: UUID = row["id"]
    return id


def _open_task(
    turn: Turn,
    opening: Opening,
    case: Data,
    process: bpmn.Process,
    app: ProcessApp,
    opened: TaskOpened,
    did: Collection[str],
) -> None:
    ruling = routing.settle(turn, case, app, opened, did)
    route = ruling.route
    definition_id = int(opened.process_key) if opened.process_key else case["definition_id"]
    caller = turn.catalog.definitions.get(definition_id)
    form = _form(turn, process if not opened.process_key else None, caller, opened)
    row = task_row(case, opened, route, definition_id, caller, form)
    row["created_at"] = turn.now
    if turn.again:
        _give_again(turn, row)
    if opened.properties:
        _apply_rules(turn, opening, case, opened, ruling, row, did)
    if row["assignee_id"] is not None and opened.token not in opening.skips:
        _tell_listeners(turn, opening, About(row, case, app, opening.data, process, opened.local), row)
    opening.add(Task, row)
    opening.waiting[str(opened.token)] = TASK
    opening.tasks[opened.token] = row["id"]
    if row["assignee_id"] is not None and opened.token not in opening.skips:
        opening.add_all(Notice, notices.of_opened(turn, case, row))
    if route.problem is not None:
        _raise_problem(turn, opening, case, process if not opened.process_key else None, opened, route.problem)
    if opened.form_id and form is None:
        reason = f"the form {opened.form_id} is not deployed"
        incident(
            turn, opening, case, "failed", opened.token, opened.element, opened.name, reason, {"form": opened.form_id}
        )


def _tell_listeners(turn: Turn, opening: Opening, about: About, row: Data) -> None:
    """Listeners may have a task that comes to somebody come to somebody else; denied, it waits for its queue."""
    values = {"assignee_id": row["assignee_id"], "is_claimed": row["is_claimed"]}
    try:
        values, jobs = task_listeners.ask(turn, about, task_listeners.ASSIGNING, "opened", values, is_awaited=False)
    except Denied as denied:
        values, jobs = {"assignee_id": None, "is_claimed": False}, []
        told = {"action": "opened", "text": denied.message, "undone": True}
        entry = Entry(kind="change_denied", element=row["element"], name=row["name"], task_id=row["id"], detail=told)
        opening.entries.append(entry)
    row.update(values)
    opening.also += jobs


def _apply_rules(
    turn: Turn, opening: Opening, case: Data, opened: TaskOpened, ruling: Ruling, row: Data, did: Collection[str]
) -> None:
    """Dispatches a task or notes that it is skipped; the history says which rule acted."""
    if ruling.is_skipped:
        outcome = rules.said(opened.properties, rules.SKIP_OUTCOME)
        name = rules.said(opened.properties, rules.OUTCOME) or "outcome"
        told = {"task": row["id"], "rule": ruling.told[-1]["rule"], **({"outcome": outcome} if outcome else {})}
        opening.skips[opened.token] = Skip({name: outcome} if outcome else {}, told)
    elif (given := routing.assign(turn, case, opened, row, did)) is not None:
        ruling.told.append(given)
    for told in ruling.told:
        kind = "dispatched" if told["rule"] == rules.DISPATCH else "rule_applied"
        entry = Entry(kind=kind, element=opened.element, name=opened.name, task_id=row["id"], detail=told)
        opening.entries.append(entry)


def _raise_problem(
    turn: Turn, opening: Opening, case: Data, process: bpmn.Process | None, opened: TaskOpened, problem: str
) -> None:
    """Nobody can take a task: an incident, which names the expressions that say who should."""
    detail: Data = {name: getattr(opened, name) for name in ("lane", "assignee", "groups", "users", "unit")}
    node = process.nodes.get(opened.element) if process is not None else None
    given = node.assignment if node is not None else None
    named = ("assignee", "groups", "users", "unit") if given is not None else ()
    values = ((name, getattr(given, name)) for name in named)
    texts = [f"{name} {value.text}" for name, value in values if value is not None and value.feel is not None]
    if texts:
        detail["expression"] = ", ".join(texts)
        problem = f"{problem}, as {detail['expression']} has it"
    incident(turn, opening, case, EMPTY_QUEUE, opened.token, opened.element, opened.name, problem, detail)


def _give_again(turn: Turn, row: Data) -> None:
    """A step that is done again goes to who did it last and is still of its queue; items each have their own."""
    person_id = turn.again.get(row["element"])
    if person_id is None or row["assignee_id"] is not None or "loopCounter" in feel.loads(row["detail"])["local"]:
        return
    if any(member.id == person_id for member in turn.directory.members(row["role"], row["unit_id"])):
        row.update(assignee_id=person_id, is_claimed=True)


def _form(turn: Turn, process: bpmn.Process | None, caller: Listed | None, opened: TaskOpened) -> Listed | None:
    if not opened.form_id:
        return None
    if process is None and caller is not None:
        process = turn.library.process(turn.session, caller.id)
    node = process.nodes.get(opened.element) if process is not None else None
    tag = node.form.version_tag if node is not None and node.form is not None else None
    return turn.catalog.resource(
        "form", opened.form_id, now=turn.now, binding=opened.form_binding, tag=tag, caller=caller
    )


def task_row(
    case: Data,
    opened: TaskOpened,
    route: queues.Route,
    definition_id: int,
    definition: Listed | None,
    form: Listed | None,
) -> Data:
    """This will return the row of a new task, with all that an inbox shows of its case."""
    place = route.place
    detail: Data = {"local": opened.local, "properties": dict(opened.properties), "lane": opened.lane}
    if opened.headers:
        detail["headers"] = dict(opened.headers)
    return {
        "id": new_id(),
        "case_id": case["id"],
        "token": opened.token,
        "definition_id": definition_id,
        "process_id": definition.key if definition is not None else case["process_id"],
        "element": opened.element,
        "name": (opened.name or opened.element)[:200],
        "state": OPEN,
        "role": route.role,
        "unit_id": place.id if place else case["unit_id"],
        "unit_path": place.path if place else case["unit_path"],
        "unit_name": place.name if place else case["unit_name"],
        "queue_id": route.queue_id,
        "assignee_id": route.assignee_id,
        "is_claimed": False,
        "form_id": opened.form_id,
        "resource_id": form.id if form is not None else None,
        "priority": opened.priority,
        "due_at": opened.due_at,
        "order_at": opened.due_at or NEVER,
        "follow_up_at": opened.follow_up_at,
        "case_number": case["number"],
        "case_title": case["title"],
        "case_subject": case["subject"],
        "case_badge": case["badge"],
        "case_tone": case["tone"],
        "region": case["region"],
        "detail": feel.encode(detail),
    }


def _open_service(turn: Turn, opening: Opening, case: Data, app: ProcessApp, opened: ServiceCalled) -> None:
    is_external = turn.library.is_external(app, opened.type)
    payload = {"type": opened.type, "headers": dict(opened.headers), "data": opened.data}
    _open_job(
        opening,
        case,
        opened,
        "external" if is_external else "service",
        turn.now,
        type=opened.type,
        retries=opened.retries,
        priority=opened.priority,
        payload=payload,
    )


def _open_job(
    opening: Opening,
    case: Data,
    opened: Opened,
    kind: str,
    due_at: Any,
    *,
    type: str | None = None,
    retries: int = 3,
    priority: int = 0,
    payload: Data | None = None,
) -> None:
    opening.waiting[str(opened.token)] = JOB
    row = {
        "id": new_id(),
        "case_id": case["id"],
        "token": opened.token,
        "kind": kind,
        "type": type,
        "element": opened.element,
        "state": "waiting",
        "due_at": due_at,
        "rank": min(-priority, MOST_RANK),
        "attempts": 0,
        "retries": retries,
        "payload": feel.encode(payload or {}),
        "error": "",
    }
    opening.add(Job, row)


def _open_subscription(opening: Opening, case: Data, opened: Opened, kind: str, name: str, key: str | None) -> None:
    opening.waiting[str(opened.token)] = SUBSCRIPTION
    row = {
        "id": new_id(),
        "case_id": case["id"],
        "token": opened.token,
        "kind": kind,
        "name": name[:200],
        "correlation_key": key,
        "element": opened.element,
    }
    opening.add(Subscription, row)
