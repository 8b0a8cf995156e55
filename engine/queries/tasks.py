"""One task with all that its page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from engine import access, feel, requeuing, rules
from engine.access import Actor, NotYourCase, NotYours, may_claim, may_complete, may_see_case
from engine.assignment import NEVER, TRANSFER
from engine.bpmn.variables import visible
from engine.cases import CaseEnded, CaseSuspended, did_step, had_task
from engine.errors import BihuanError
from engine.models import DONE, HELD, OPEN, STANDING, SUSPENDED, Case, Draft, Person, Task
from engine.queries import paging, signatures
from engine.queries.cases import require_sight
from engine.queries.signatures import Countersign, Sign, Step
from engine.tasks import IsSign, TaskNotFound
from engine.withdrawal import find_obstacle, is_signed_on

Data = dict[str, Any]
MOST_URGED = 50  # open tasks of one case that are looked at


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task, its case, the data it sees, its form (None: only a button), and what the actor may do with it.

    `may` holds verbs: claim, complete, release, delegate, resolve, transfer, add_signs, sign, remove_sign, return,
    withdraw. `assignee`, `owner` (who delegated it) and `completed_by` are names; `properties`, `headers` and
    `documentation` those of the diagram's element. `signs` were added to it (or to the task that it is a signature of),
    `submitted` is what it was finished with while signatures are missing, `countersign` how far a multi-instance has
    come, `earlier` where it may be returned to.
    """

    task: Task
    case: Case
    data: Data
    form: Data | None
    draft: Data | None
    may: frozenset[str]
    properties: dict[str, str]
    documentation: str
    assignee: str
    completed_by: str
    owner: str = ""
    main: Task | None = None
    submitted: Data | None = None
    signs: list[Sign] = field(default_factory=list)
    countersign: Countersign | None = None
    earlier: list[Step] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    also: frozenset[str] = frozenset()  # `urge`, `copy`: what others than who does it may do


def task(session: Session, actor: Actor, task_id: UUID) -> TaskView:
    """This will return a task for somebody who may do it or see its case. Raises TaskNotFound, NotYours."""
    found = session.get(Task, task_id)
    if found is None:
        raise TaskNotFound
    case = session.get_one(Case, found.case_id, options=[undefer(Case.data), undefer(Case.snapshot)])
    detail = feel.loads(found.detail)
    snapshot = feel.loads(case.snapshot)
    signs = signatures.signs(session, actor, found)
    earlier = signatures.earlier_steps(session, found, case, snapshot, detail["properties"])
    may = _verbs(session, actor, found, detail, snapshot) if case.state == OPEN else frozenset[str]()
    if not earlier:
        may -= {"return"}
    if case.state == OPEN and any(sign.may_remove for sign in signs):
        may |= {"remove_sign"}
    if not may:
        _require_sight(session, actor, found, case)
    form = paging.library(session).form(session, found.resource_id) if found.resource_id is not None else None
    return TaskView(
        task=found,
        case=case,
        data=_visible(found, snapshot, feel.loads(case.data), detail),
        form=dict(form.schema) if form is not None else None,
        draft=draft(session, actor, str(task_id)),
        may=may,
        properties=detail["properties"],
        documentation=_documentation(session, found),
        assignee=_name(session, found.assignee_id),
        completed_by=_name(session, found.completed_by),
        owner=_name(session, found.owner_id),
        main=session.get(Task, found.parent_id) if found.parent_id is not None else None,
        submitted=(detail.get("submitted") or {}).get("told"),
        signs=signs,
        countersign=signatures.countersign(session, found, snapshot["state"]),
        earlier=earlier if "return" in may else [],
        headers=detail.get("headers", {}),
        also=_also(session, actor, found, case, detail),
    )


def _visible(found: Task, snapshot: Data, data: Data, detail: Data) -> Data:
    """What the form of a task shows: all that its step sees; when it stands no more, the case and its own variables."""
    seen = visible(snapshot["state"], found.token, data) if found.state in STANDING else None
    return seen or {**data, **detail["local"]}


def _documentation(session: Session, found: Task) -> str:
    node = paging.library(session).process(session, found.definition_id).nodes.get(found.element)
    return node.documentation if node is not None else ""


def _verbs(session: Session, actor: Actor, found: Task, detail: Data, snapshot: Data) -> frozenset[str]:
    if found.state not in STANDING:
        is_back = found.state == DONE and _may_take_back(session, actor, found, snapshot)
        return frozenset({"withdraw"}) if is_back else frozenset()
    queue: Data = {name: getattr(found, name) for name in ("assignee_id", "role", "unit_id", "process_id")}
    asked: Data = {**queue, "state": found.state, "is_sign": found.kind == "sign"}
    may_give = access.may_give(actor, **asked, owner_id=found.owner_id)
    is_mine = found.assignee_id == actor.person_id is not None
    submitted = detail.get("submitted")
    verbs = {
        "claim": found.state == OPEN and may_claim(actor, **queue),
        "complete": may_give,
        "release": may_give and is_mine and found.is_claimed and found.queue_id is not None,
        "delegate": may_give,
        "transfer": may_give and _property(detail["properties"], TRANSFER) != NEVER,
        "return": may_give,
        "resolve": access.may_resolve(actor, **queue, state=found.state, owner_id=found.owner_id),
        "add_signs": may_give or (found.state == HELD and submitted is None and may_complete(actor, **queue)),
        "sign": access.may_sign(actor, **asked) and (is_mine or actor.person_id != _asker(found, detail)),
        "withdraw": found.state == HELD and submitted is not None and _may_unsubmit(session, actor, found, submitted),
    }
    return frozenset(verb for verb, is_allowed in verbs.items() if is_allowed)


def _also(session: Session, actor: Actor, found: Task, case: Case, detail: Data) -> frozenset[str]:
    """What people may do with a task who see it and need not be those who do it: urge it, send copies of its case."""
    verbs = set()
    if found.state == OPEN and case.state == OPEN and _may_urge(session, actor, found, case, detail):
        verbs.add("urge")
    if may_copy(session, actor, case.id):
        verbs.add("copy")
    return frozenset(verbs)


def urgeable(session: Session, actor: Actor, case_id: UUID) -> frozenset[UUID]:
    """This will return the open tasks of a case that the actor may urge now; of very many only the first are asked."""
    case = session.get_one(Case, case_id)
    open_ones = select(Task).where(Task.case_id == case_id, Task.state == OPEN).order_by(Task.id).limit(MOST_URGED)
    if case.state != OPEN:
        return frozenset()
    return frozenset(
        row.id for row in session.scalars(open_ones) if _may_urge(session, actor, row, case, feel.loads(row.detail))
    )


def may_copy(session: Session, actor: Actor, case_id: UUID) -> bool:
    """This will tell whether the actor may send copies of a case."""
    case = session.get_one(Case, case_id)
    seen = had_task(session, actor, case_id)
    return may_see_case(actor, unit_path=case.unit_path, started_by=case.started_by, had_task=seen)


def _asker(found: Task, detail: Data) -> int | None:
    """Who delegated a task, or asked for a signature."""
    asked_by: int | None = found.owner_id or detail.get("sign", {}).get("asked_by")
    return asked_by


def _may_urge(session: Session, actor: Actor, found: Task, case: Case, detail: Data) -> bool:
    pause = timedelta(minutes=rules.number(detail["properties"], rules.URGE_PAUSE))
    if found.urged_at is not None and paging.now(session) < found.urged_at + pause:
        return False
    asked: Data = {name: getattr(found, name) for name in ("assignee_id", "role", "unit_id", "process_id")}
    asked |= {"unit_path": found.unit_path, "started_by": case.started_by, "asked_by": _asker(found, detail)}
    return access.may_urge(actor, **asked, did_step=did_step(session, actor, case.id))


def _property(properties: Mapping[str, str], name: str) -> str | None:
    return properties.get(name, properties.get(name.removeprefix("bihuan:")))


def _may_take_back(session: Session, actor: Actor, found: Task, snapshot: Data) -> bool:
    if found.kind == "sign" or not access.may_withdraw(actor, done_by=found.completed_by):
        return False
    directory = paging.library(session).directories.current(session)
    names = ("id", "case_id", "token", "role", "unit_id", "process_id", "is_claimed", "on_behalf_id")
    row = {name: getattr(found, name) for name in names}
    if not requeuing.may_have_again(directory, actor, row):
        return False
    return find_obstacle(session, row, snapshot.get("traces", ())) is None


def obstacle(session: Session, actor: Actor, task_id: UUID) -> BihuanError | None:
    """This will tell what stands against taking back a task that the actor did; None: nothing, or it is not theirs."""
    found = session.get(Task, task_id)
    if found is None or found.state != DONE or not access.may_withdraw(actor, done_by=found.completed_by):
        return None
    if found.kind == "sign":
        return IsSign()
    case = session.get_one(Case, found.case_id, options=[undefer(Case.snapshot)])
    if case.state != OPEN:
        return CaseSuspended() if case.state == SUSPENDED else CaseEnded()
    row = {"id": found.id, "case_id": found.case_id, "token": found.token}
    return find_obstacle(session, row, feel.loads(case.snapshot).get("traces", ()))


def _may_unsubmit(session: Session, actor: Actor, found: Task, submitted: Data) -> bool:
    if not access.may_withdraw(actor, done_by=submitted["by"]):
        return False
    return not is_signed_on(session, {"id": found.id, "case_id": found.case_id, "token": found.token})


def _require_sight(session: Session, actor: Actor, found: Task, case: Case) -> None:
    try:
        require_sight(session, actor, case)
    except NotYourCase as error:
        titles = paging.library(session).app(case.app).roles
        roles = "、".join(titles.get(part, part) for part in found.role.split(",") if part)
        raise NotYours(needed=f"{roles}@{found.unit_name}" if roles else found.name) from error


def _name(session: Session, person_id: int | None) -> str:
    if person_id is None:
        return ""
    return session.scalar(select(Person.name).where(Person.id == person_id)) or ""


def draft(session: Session, actor: Actor, key: str) -> Data | None:
    """This will return what the actor typed under a task's id or a process id and has not sent."""
    text = session.scalar(select(Draft.data).where(Draft.person_id == actor.person_id, Draft.key == key))
    return None if text is None else feel.loads(text)


def draft_saved_at(session: Session, actor: Actor, key: str) -> datetime | None:
    """This will return when the actor's draft was last kept."""
    return session.scalar(select(Draft.saved_at).where(Draft.person_id == actor.person_id, Draft.key == key))
