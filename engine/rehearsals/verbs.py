"""What people and the world do in a rehearsal: a function for each verb."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from engine import moments, queries
from engine.access import Actor, may_complete
from engine.calendar_years import read_year, write_year
from engine.form_fields import put_at
from engine.messages import Delivery
from engine.models import Case, Task
from engine.reckoning import Term
from engine.rehearsals.script import Script
from engine.rehearsals.stage import Stage
from engine.rehearsals.views import chosen, document, standing
from engine.runtime import Engine
from engine.scenarios import StepFailed
from engine.trials import StepRefused
from engine.yaml_lines import Step

Data = dict[str, Any]
WORKER = "scenario"


@dataclass(frozen=True, slots=True)
class Act:
    """A step about to be taken on a stage."""

    stage: Stage
    script: Script
    step: Step

    @property
    def said(self) -> Any:
        """This will return what stands behind the verb."""
        return self.step.said

    @property
    def engine(self) -> Engine:
        """This will return the engine of the stage."""
        return self.stage.engine

    @property
    def by(self) -> Actor:
        """This will return who does it: the engine itself when nobody is named. Raises PersonNotFound."""
        return self.stage.actor(self.word("as"))

    def value(self, name: str) -> Any:
        """This will return another word of the step, or None."""
        return self.step.values.get(name)

    def word(self, name: str) -> str | None:
        """This will return another word of the step as text, or None."""
        value = self.value(name)
        return None if value is None else str(value)

    def case(self) -> Case:
        """This will return the case that the step is about. Raises StepFailed."""
        return chosen(self.stage, self.step)

    def data(self, said: Any, seen: Mapping[str, Any]) -> Data:
        """This will return form data with its FEEL texts evaluated over what is `seen`."""
        found: Data = self.stage.evaluated(self.script.paper(said), seen)
        return found

    def form(self, said: Any, seen: Mapping[str, Any]) -> Data:
        """This will return form data with the files of the step uploaded and named in it, as a browser does."""
        data = self.data(said, seen)
        for path, names in (self.value("files") or {}).items():
            listed = names if isinstance(names, list) else [names]
            put_at(data, path, [self.stage.upload(self.beside(name), self.by) for name in listed])
        return data

    def beside(self, name: object) -> Path:
        """This will return the path of a file that lies beside the scenario."""
        return self.script.path.parent / str(name)

    def named(self, kind: str, *states: str) -> list[Task]:
        """This will return the tasks (or signatures, by `kind`) that the step names and that are in one of `states`."""
        only = self.case().id if self.value("case") else None
        return [
            task
            for task in self.stage.tasks(*states)
            if task.kind == kind and self.said in (task.name, task.element) and only in (None, task.case_id)
        ]

    def task(self, kind: str = "task", *states: str) -> Task:
        """This will find the open task that the step names; of several, one that its person may do."""
        found = self.named(kind, *(states or ("open",)))
        nth: int | None = self.value("nth")
        if len(found) <= (nth or 0):
            raise StepFailed(f"no task {self.said} is open; {standing(self.stage)}")
        if nth is not None:
            return found[nth]
        return next((task for task in found if self._may_do(task)), found[0])

    def _may_do(self, task: Task) -> bool:
        return may_complete(self.by, assignee_id=task.assignee_id, role=task.role, unit_id=task.unit_id)


Verb = Callable[[Act], None]
VERBS: dict[str, Verb] = {}


def verb(does: Verb) -> Verb:
    """This will make a function the meaning of the verb that is its name."""
    VERBS[does.__name__] = does
    return does


@verb
def start(act: Act) -> None:
    """A case begins with the data of its start form."""
    process = act.word("process") or act.stage.app.process
    act.engine.start_case(process, act.form(act.said, {}), by=act.by, unit_code=act.word("unit"))


@verb
def complete(act: Act) -> None:
    """Somebody finishes a task."""
    task = act.task()
    seen = next(document(case) for case in act.stage.cases() if case.id == task.case_id)
    act.engine.complete_task(task.id, by=act.by, data=act.form(act.value("with"), seen), outcome=act.word("outcome"))


@verb
def claim(act: Act) -> None:
    """Somebody takes a task out of its queue."""
    act.engine.claim_task(act.task().id, by=act.by)


@verb
def release(act: Act) -> None:
    """Somebody gives a task back to its queue."""
    act.engine.release_task(act.task().id, by=act.by)


@verb
def delegate(act: Act) -> None:
    """Somebody lets somebody else work on a task and answer."""
    act.engine.delegate_task(act.task().id, act.word("to") or "", by=act.by, note=act.word("note") or "")


@verb
def resolve(act: Act) -> None:
    """A delegate answers: the task is back with who delegated it."""
    task = act.task()
    data = act.data(act.value("with"), {}) if act.value("with") else None
    act.engine.resolve_task(task.id, by=act.by, note=act.word("note") or "", data=data)


@verb
def transfer(act: Act) -> None:
    """Somebody gives a task away for good."""
    act.engine.transfer_task(act.task().id, act.word("to") or "", by=act.by, note=act.word("note") or "")


@verb
def add_signs(act: Act) -> None:
    """Somebody asks others to sign before, beside or after a task."""
    to = act.value("to")
    logins = [str(login) for login in (to if isinstance(to, list) else [to])]
    when, note = act.word("when") or "before", act.word("note") or ""
    act.engine.add_signs(act.task("task", "open", "held").id, logins, by=act.by, when=when, note=note)


@verb
def sign(act: Act) -> None:
    """Somebody gives the opinion that was asked for with a task."""
    agrees = act.value("agrees")
    sign = act.task("sign", "open", "planned")
    act.engine.sign_task(sign.id, by=act.by, text=act.word("text") or "", agrees=agrees is None or bool(agrees))


@verb
def remove_sign(act: Act) -> None:
    """Somebody is no longer asked to sign."""
    person = act.stage.actor(act.word("of")).person_id
    found = [task for task in act.named("sign", "open", "planned") if task.assignee_id == person]
    if not found:
        raise StepFailed(f"nobody asked {act.word('of')} to sign {act.said}; {standing(act.stage)}")
    act.engine.remove_sign(found[0].id, by=act.by, reason=act.word("note") or "")


def give_back(act: Act) -> None:
    """Somebody gives a case back to an earlier step, by its name or element."""
    task, to = act.task(), act.word("to") or ""
    earlier = act.engine.read(queries.task, act.by, task.id).earlier
    element = next((step.element for step in earlier if to in (step.name, step.element)), to)
    act.engine.return_task(task.id, element, by=act.by, reason=act.word("note") or act.script.name)


VERBS["return"] = give_back


@verb
def withdraw(act: Act) -> None:
    """Somebody takes back the task of this name that they did last, or submitted."""
    mine = [task for task in act.named("task", "done", "held") if task.assignee_id == act.by.person_id]
    found = mine or act.named("task", "done", "held")
    if not found:
        raise StepFailed(f"no task {act.said} was done; {standing(act.stage)}")
    newest = max(found, key=lambda task: (task.completed_at or act.stage.clock.now, task.id))
    act.engine.withdraw_task(newest.id, by=act.by, reason=act.word("note") or "")


@verb
def comment(act: Act) -> None:
    """Somebody writes a comment into the history of a case."""
    act.engine.comment(act.case().id, by=act.by, text=act.said)


@verb
def attach(act: Act) -> None:
    """Somebody adds a file to a case."""
    act.stage.upload(act.beside(act.said), act.by, act.case().id)


@verb
def advance(act: Act) -> None:
    """Time passes, and what becomes due on the way happens."""
    act.stage.advance(moments.goal(act.stage.clock.now, act.said, act.engine.calendar))


@verb
def message(act: Act) -> None:
    """A message comes for one receiver."""
    delivery = act.engine.publish_message(act.said, act.value("key"), act.data(act.value("with"), {}), by=act.by)
    if delivery is not Delivery.TAKEN:
        raise StepRefused(reason=f"nobody waits for the message {act.said}")


@verb
def signal(act: Act) -> None:
    """A signal reaches all who wait for it."""
    act.engine.broadcast_signal(act.said, act.data(act.value("with"), {}), by=act.by)


@verb
def service(act: Act) -> None:
    """A program elsewhere does a service: it answers with data, ends with a BPMN error, or fails."""
    found = act.engine.lock_jobs([act.said], WORKER, limit=1, by=act.by)
    if not found:
        raise StepRefused(reason=f"no service {act.said} waits to be done elsewhere")
    job, data = found[0], act.data(act.value("with"), found[0].data)
    if (code := act.word("error")) is not None:
        act.engine.throw_error(job.id, WORKER, code, data=data, by=act.by)
    elif (reason := act.word("fails")) is not None:
        act.engine.fail_job(job.id, WORKER, reason, by=act.by)
    else:
        act.engine.complete_job(job.id, WORKER, data, by=act.by)


@verb
def set(act: Act) -> None:
    """An operator corrects the data of a case."""
    case = act.case()
    data = act.data(act.said, document(case))
    act.engine.change_data(case.id, data, by=act.by, reason=act.script.name)


def _limit(act: Act) -> UUID:
    """The limit of the case that the step names by code or name; of several the one that began last."""
    case = act.case()
    found = [limit for limit in act.stage.limits(case.id) if act.said in (limit.code, limit.name)]
    if not found:
        raise StepFailed(f"the case has no limit {act.said}; {standing(act.stage)}")
    return found[-1].id


@verb
def pause_limit(act: Act) -> None:
    """Somebody stops the clock of a limit on a legal ground."""
    ground, approver = act.word("ground") or "", act.word("approver") or ""
    act.engine.pause_limit(_limit(act), by=act.by, ground=ground, approver=approver)


@verb
def resume_limit(act: Act) -> None:
    """Somebody lets a stopped clock go on."""
    act.engine.resume_limit(_limit(act), by=act.by, note=act.word("note") or "")


@verb
def extend_limit(act: Act) -> None:
    """Somebody extends a limit by a term (10 workdays), or to a day."""
    said, asked = act.word("by") or "", act.word("asked_on")
    term = date.fromisoformat(said) if moments.DAY.fullmatch(said) else Term.read(said)
    act.engine.extend_limit(
        _limit(act),
        term,
        by=act.by,
        reason=act.word("reason") or "",
        decision=act.word("decision") or "",
        asked_on=date.fromisoformat(asked) if asked else None,
    )


@verb
def publish_year(act: Act) -> None:
    """An operator puts a year of the calendar in force: what it says is laid over the year as it is now."""
    known = json.loads(write_year(act.engine.calendar.year(int(act.said["year"]))))
    rest, work = (dict(act.said.get(kind) or {}) for kind in ("rest", "work"))
    known["rest"] = {day: name for day, name in known["rest"].items() if day not in work} | rest
    known["work"] = {day: name for day, name in known["work"].items() if day not in rest} | work
    known["hours"] = act.said.get("hours") or known["hours"]
    act.engine.publish_year(read_year(json.dumps(known)), by=act.by, note=act.word("note") or "")


@verb
def enable(act: Act) -> None:
    """Somebody starts an activity that an ad-hoc subprocess offers."""
    act.engine.start_activity(act.case().id, act.said, by=act.by)
