"""Listeners of tasks that are given to somebody, changed or withdrawn: services that may correct a change, or deny it.

A function that is called in the step answers before the change is written: its ServiceError denies it, and the person
who wanted it reads why. A service that is a job, or that a program elsewhere does, hears of a change that is made:
nobody waits for it at a page; it corrects or denies it afterwards (`listener_answers`). Of a withdrawal every service
hears afterwards, for it cannot be denied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from engine import bpmn, feel, queues
from engine.apps import ProcessApp
from engine.bpmn import timers
from engine.bpmn.listening import Denied
from engine.bpmn.outcome import TaskOpened
from engine.bpmn.process import Listener, Value
from engine.definitions import Surroundings
from engine.errors import BihuanError, Invalid
from engine.models import NEVER, Job, new_id
from engine.prepared import Change
from engine.turn import Turn
from engine.writing import inserting

Data = dict[str, Any]
ASSIGNING, UPDATING, CANCELING = "assigning", "updating", "canceling"
DENIED, WHY, CORRECTIONS = "denied", "deniedReason", "corrections"
PLACE = ("role", "queue_id", "unit_id", "unit_path", "unit_name")
MOMENTS = ("due_at", "order_at", "follow_up_at")
RETRIES = 3  # of a job, without any given
KEPT = ("assignee_id", "owner_id", "on_behalf_id", "is_claimed", "priority", *PLACE, *MOMENTS)
SHOWN = {  # what listeners call the columns that may change
    "assignee_id": "assignee",
    "role": "candidateGroups",
    "due_at": "dueDate",
    "follow_up_at": "followUpDate",
    "priority": "priority",
}


class ListenerFailed(Invalid):
    """The listener {listener} failed: {problem}"""


class CorrectionInvalid(Invalid):
    """{name} {value} cannot be given to a task."""


class Standing(Protocol):
    """What is known of a case in memory."""

    row: Data
    data: Data
    app: ProcessApp
    process: bpmn.Process


@dataclass(frozen=True, slots=True)
class About:
    """A task that listeners are told of: its row, its case, what the case knows, and what only the task knows."""

    row: Data
    case: Data
    app: ProcessApp
    known: Mapping[str, Any]
    process: bpmn.Process
    local: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Data, detail: Data, running: Standing) -> About:
        """This will tell of a task as it was read with its case."""
        return cls(row, running.row, running.app, running.data, running.process, detail["local"])

    @property
    def data(self) -> Data:
        """This will return the variables that the task sees."""
        return {**self.known, **self.local}

    def node(self, turn: Turn) -> bpmn.Node | None:
        """This will return the user task in the diagram of the case, or of the process that it calls."""
        process = self.process
        if self.row["definition_id"] != self.case["definition_id"]:
            process = turn.library.process(turn.session, self.row["definition_id"])
        return process.nodes.get(self.row["element"])


def ask(
    turn: Turn, about: About, event: str, action: str, values: Data, *, is_awaited: bool = True
) -> tuple[Data, list[Change]]:
    """This will return what is to be written in place of `values`, and the jobs of those that hear of it afterwards.

    One that fails is called again by a job unless a person waits for it (`is_awaited`). Raises Denied, ListenerFailed,
    CorrectionInvalid.
    """
    node = about.node(turn)
    listeners = [each for each in node.listeners if each.event == event] if node is not None else []
    jobs: list[Change] = []
    for listener in listeners:
        assert node is not None
        around = turn.surroundings(about.app, about.case["definition_id"])
        type, headers = listener.type.text, _headers(turn, about, node, listener, action, values)
        try:
            type = _type(turn, around, about, listener)
            function = around.service(type)
            if function is None:
                jobs += _job(turn, about, listener, type, headers, action, values)
            else:
                values = {**values, **_answered(turn, about, type, function, headers, values)}
        except (ListenerFailed, CorrectionInvalid):
            if is_awaited:
                raise
            jobs += _job(turn, about, listener, type, headers, action, values)
    return values, jobs


def hear(turn: Turn, about: About, event: str, action: str, values: Data) -> tuple[Data, list[Change]]:
    """This will ask as `ask` does; what no person wanted, but a rule or a calendar brings, cannot be denied."""
    if turn.by.person_id is not None:
        return ask(turn, about, event, action, values)
    try:
        return ask(turn, about, event, action, values, is_awaited=False)
    except Denied:
        return values, []


def may_listen(process: bpmn.Process, event: str) -> bool:
    """This will tell whether a task may have listeners of `event`: in the process of its case, or in one it calls."""
    key = f"listens:{event}"
    if key not in process.cache:
        nodes = process.nodes.values()
        listens = any(each.event == event for node in nodes for each in node.listeners)
        process.cache[key] = listens or any(node.type == "callActivity" for node in nodes)
    return bool(process.cache[key])


def _answered(turn: Turn, about: About, type: str, function: Any, headers: Data, values: Data) -> Data:
    try:
        answer = function(about.data, headers)
    except bpmn.ServiceError as error:
        raise Denied(reason=error.message or error.code) from error
    except BihuanError as error:
        raise ListenerFailed(listener=type, problem=error.message) from error
    if answer.get(DENIED) is True:
        raise Denied(reason=str(answer.get(WHY) or type))
    return corrected(turn, about, {**about.row, **values}, answer)


def cancelled(turn: Turn, gone: Sequence[Data], running: Standing) -> list[Change]:
    """This will tell the listeners of tasks that a step withdraws, each by a job."""
    jobs: list[Change] = []
    for row in gone:
        about = About.of(row, feel.loads(row["detail"]), running)
        node = None if row["sign"] else about.node(turn)
        for listener in node.listeners if node is not None else ():
            if listener.event == CANCELING:
                assert node is not None
                around = turn.surroundings(about.app, about.case["definition_id"])
                headers = _headers(turn, about, node, listener, CANCELING, {})
                try:
                    type = _type(turn, around, about, listener)
                except ListenerFailed:
                    type = listener.type.text  # nobody does this: operators are told
                jobs += _job(turn, about, listener, type, headers, CANCELING, {})
    return jobs


def _type(turn: Turn, around: Surroundings, about: About, listener: Listener) -> str:
    found = _evaluated(turn, around, about, listener.type)
    if not isinstance(found, str) or not found:
        raise ListenerFailed(listener=listener.type.text, problem="the type is not text")
    return found


def _retries(turn: Turn, about: About, listener: Listener) -> int:
    """How often a job is tried; three times where its expression gives no number, for nobody may be left out by it."""
    if listener.retries is None:
        return RETRIES
    around = turn.surroundings(about.app, about.case["definition_id"])
    try:
        return max(int(_evaluated(turn, around, about, listener.retries)), 1)
    except (ListenerFailed, TypeError, ValueError):
        return RETRIES


def _evaluated(turn: Turn, around: Surroundings, about: About, value: Value) -> Any:
    if value.feel is None:
        return value.text
    try:
        return feel.to_json(value.feel.evaluate(about.data, around.environment(turn.now)))
    except BihuanError as error:
        raise ListenerFailed(listener=value.text, problem=error.message) from error


def _headers(
    turn: Turn, about: About, node: bpmn.Node, listener: Listener, action: str, values: Data
) -> dict[str, str]:
    """What listeners read of a task as it would be, beside the headers of the diagram."""
    row = {**about.row, **values}
    parts = [part for part in row["role"].split(",") if part]
    official = turn.directory.officials.get(row["assignee_id"]) if row["assignee_id"] is not None else None
    changed = [name for column, name in SHOWN.items() if column in values and values[column] != about.row[column]]
    told = {
        "listener": listener.event,
        "action": action,
        "assignee": official.login if official is not None else "",
        "candidateGroups": ",".join(part for part in parts if not part.startswith("@")),
        "candidateUsers": ",".join(part[1:] for part in parts if part.startswith("@")),
        "dueDate": _text(row["due_at"]) or "",
        "followUpDate": _text(row["follow_up_at"]) or "",
        "priority": str(row["priority"]),
        "changedAttributes": ",".join(changed),
        "userTaskKey": str(row["id"]),
    }
    return {**node.headers, **listener.headers, **told}


def _job(
    turn: Turn, about: About, listener: Listener, type: str, headers: Data, action: str, values: Data
) -> list[Change]:
    before = {name: _text(about.row[name]) for name in KEPT if name in values}
    after = {name: _text(values[name]) for name in before}
    told = {"event": listener.event, "action": action, "task": str(about.row["id"]), "before": before, "after": after}
    row = {
        "id": new_id(),
        "case_id": about.case["id"],
        "token": None,  # it stands for no token: the case goes on
        "kind": "external" if turn.library.is_external(about.app, type) else "service",
        "type": type,
        "element": about.row["element"],
        "state": "waiting",
        "due_at": turn.now,
        "rank": 0,
        "attempts": 0,
        "retries": _retries(turn, about, listener),
        "payload": feel.dumps({"type": type, "headers": headers, "data": about.data, "listener": told}),
        "error": "",
    }
    return inserting(Job, [row])


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def corrected(turn: Turn, about: About, row: Data, answer: Mapping[str, Any]) -> Data:
    """This will return the columns of a task that a listener's answer changes. Raises CorrectionInvalid.

    Null leaves what is there; an empty text takes assignee, due date or follow-up date away.
    """
    inner = answer.get(CORRECTIONS)
    given: Mapping[str, Any] = inner if isinstance(inner, dict) else answer
    values: Data = {}
    if (login := given.get("assignee")) is not None:
        official = turn.directory.logins.get(login) if login else None
        if login and official is None:
            raise CorrectionInvalid(name="assignee", value=login)
        id = official.id if official is not None else None
        values |= {"assignee_id": id, "owner_id": None, "on_behalf_id": None, "is_claimed": False}
    for name, column in (("dueDate", "due_at"), ("followUpDate", "follow_up_at")):
        if given.get(name) is not None:
            values[column] = _moment(name, given[name])
    if "due_at" in values:
        values["order_at"] = values["due_at"] or NEVER
    if (priority := given.get("priority")) is not None:
        if isinstance(priority, bool) or not str(priority).isdigit() or int(priority) > 100:
            raise CorrectionInvalid(name="priority", value=priority)
        values["priority"] = int(priority)
    groups, users = given.get("candidateGroups"), given.get("candidateUsers")
    if groups is not None or users is not None:
        values |= _routed(turn, about, row, groups, users)
    return values


def _moment(name: str, value: Any) -> datetime | None:
    if value == "":
        return None
    try:
        return timers.instant(value)
    except timers.TimerInvalid as error:
        raise CorrectionInvalid(name=name, value=value) from error


def _routed(turn: Turn, about: About, row: Data, groups: Any, users: Any) -> Data:
    parts = [part for part in row["role"].split(",") if part]
    kept = ([part for part in parts if part[0] != "@"], [part[1:] for part in parts if part[0] == "@"])
    named = (_names("candidateGroups", groups, kept[0]), _names("candidateUsers", users, kept[1]))
    opened = TaskOpened(
        token=row["token"], element=row["element"], name=row["name"], process_key="", groups=named[0], users=named[1]
    )
    route = queues.route(turn, opened=opened, unit_id=about.case["unit_id"], roles=about.app.roles)
    if route.problem is not None and (route.role or row["assignee_id"] is None):
        raise ListenerFailed(listener=",".join([*named[0], *named[1]]), problem=route.problem)
    values: Data = {"role": route.role, "queue_id": route.queue_id}
    if route.place is not None:
        values |= {"unit_id": route.place.id, "unit_path": route.place.path, "unit_name": route.place.name}
    return values


def _names(name: str, given: Any, kept: Sequence[str]) -> tuple[str, ...]:
    if given is None:
        return tuple(kept)
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise CorrectionInvalid(name=name, value=given)
    return tuple(given)
