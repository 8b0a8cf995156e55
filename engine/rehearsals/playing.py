"""Plays rehearsal files: people do the steps on a stage, and each step must go as the file says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from engine import scenarios
from engine.access import may_complete
from engine.apps import ProcessApp
from engine.errors import BihuanError
from engine.form_fields import put_at
from engine.models import Case, Task
from engine.rehearsals import expectations, moments, script, stage, views
from engine.rehearsals.script import Script, Step
from engine.rehearsals.stage import Stage
from engine.scenarios import RunResult, StepFailed
from engine.trials import ScenarioInvalid, StepRefused

Data = dict[str, Any]
Apps = Mapping[str, ProcessApp]


class Player:
    """Takes the steps of one run."""

    def __init__(self, stage: Stage, script: Script) -> None:
        """This will begin on a stage where nothing has happened yet."""
        self.stage, self.script = stage, script
        self.refusal: BihuanError | None = None

    def play(self, steps: Iterable[Step]) -> None:
        """This will take all steps, or raise StepFailed."""
        taken = list(steps)
        for step, following in zip(taken, [*taken[1:], None], strict=True):
            wanted = following.said if following is not None and following.verb == "expect" else {}
            try:
                self.take(step, wanted)
            except StepFailed as failure:
                raise StepFailed(f"{step}: {failure}") from None

    def take(self, step: Step, wanted: Data) -> None:
        """This will take a step; `wanted` is what the next one expects."""
        if step.verb == "expect":
            expectations.check(self.stage, step, self.refusal)
        elif step.verb == "refused":
            inner = Step(step.number, next(name for name in step.said if name in VERBS), step.said)
            expectations.check_refusal(self.stage, self.attempt(inner), step.values["because"])
        else:
            self.refusal = self.attempt(step)
            if self.refusal is not None and not wanted.get("error"):
                why = expectations.described(self.refusal)
                raise StepFailed(f"it was refused: {why}; {views.standing(self.stage)}")
            if self.refusal is None and "incidents" not in wanted:
                expectations.refuse_incidents(self.stage)

    def attempt(self, step: Step) -> BihuanError | None:
        """This will take a step and return how it was refused; then everything must be as it was before."""
        before, now = self.stage.prints(), self.stage.clock.now
        try:
            VERBS[step.verb](self, step)
            self.stage.work()
        except ScenarioInvalid as error:
            raise StepFailed(error.message) from None
        except BihuanError as error:
            self.stage.clock.now = now
            changed = [name for name, print in self.stage.prints().items() if print != before[name]]
            if changed:
                why = expectations.described(error)
                raise StepFailed(f"it was refused ({why}), but changed {', '.join(changed)}") from None
            return error
        except Exception as problem:
            raise StepFailed(f"it broke down: {type(problem).__name__}: {problem}") from problem
        return None

    def start(self, step: Step) -> None:
        """This will start a case with the data of its start form."""
        by = self.stage.actor(step.values.get("as"))
        data = self.data(step.said, {})
        self.add_files(step, data, None)
        process = str(step.values.get("process") or self.stage.app.process)
        self.stage.engine.start_case(process, data, by=by, unit_code=step.values.get("unit"))

    def complete(self, step: Step) -> None:
        """This will finish a task."""
        task = self.task(step)
        case = next(case for case in self.stage.cases() if case.id == task.case_id)
        data = self.data(step.values.get("with"), views.document(case))
        self.add_files(step, data, case)
        by, outcome = self.stage.actor(step.values["as"]), step.values.get("outcome")
        self.stage.engine.complete_task(task.id, by=by, data=data, outcome=outcome)

    def claim(self, step: Step) -> None:
        """This will take a task out of its queue."""
        self.stage.engine.claim_task(self.task(step).id, by=self.stage.actor(step.values["as"]))

    def release(self, step: Step) -> None:
        """This will give a task back to its queue."""
        self.stage.engine.release_task(self.task(step).id, by=self.stage.actor(step.values["as"]))

    def comment(self, step: Step) -> None:
        """This will write a comment into the history of a case."""
        case = views.chosen(self.stage, step)
        self.stage.engine.comment(case.id, by=self.stage.actor(step.values["as"]), text=step.said)

    def attach(self, step: Step) -> None:
        """This will add a file of the scenario's folder to a case."""
        case = views.chosen(self.stage, step)
        self.stage.upload(self.script.path.parent / step.said, self.stage.actor(step.values["as"]), case.id)

    def advance(self, step: Step) -> None:
        """This will move the clock; what becomes due on the way happens."""
        self.stage.advance(moments.goal(self.stage.clock.now, step.said))

    def message(self, step: Step) -> None:
        """This will give a message to one receiver."""
        by, key = self.stage.actor(step.values.get("as")), step.values.get("key")
        data = self.data(step.values.get("with"), {})
        if not self.stage.engine.publish_message(step.said, None if key is None else str(key), data, by=by):
            raise StepRefused(reason=f"nobody waits for the message {step.said}")

    def signal(self, step: Step) -> None:
        """This will give a signal to all who wait for it."""
        data = self.data(step.values.get("with"), {})
        self.stage.engine.broadcast_signal(step.said, data, by=self.stage.actor(step.values.get("as")))

    def set(self, step: Step) -> None:
        """This will let an operator correct the data of a case."""
        case = views.chosen(self.stage, step)
        data = self.data(step.said, views.document(case))
        self.stage.engine.change_data(case.id, data, by=self.stage.actor(None), reason=self.script.name)

    def enable(self, step: Step) -> None:
        """This will start an activity that an ad-hoc subprocess offers."""
        case = views.chosen(self.stage, step)
        self.stage.engine.start_activity(case.id, step.said, by=self.stage.actor(step.values["as"]))

    def data(self, said: Any, document: Mapping[str, Any]) -> Data:
        """This will return form data with its FEEL texts evaluated over the document of a case."""
        found: Data = self.stage.evaluated(self.script.paper(said), document)
        return found

    def add_files(self, step: Step, data: Data, case: Case | None) -> None:
        """This will upload the files of a step and name them in the form data, as a browser does."""
        for path, names in (step.values.get("files") or {}).items():
            by = self.stage.actor(step.values.get("as"))
            listed = names if isinstance(names, list) else [names]
            ids = [self.stage.upload(self.script.path.parent / str(name), by) for name in listed]
            put_at(data, path, ids)

    def task(self, step: Step) -> Task:
        """This will find the open task that a step names; of several, one that its person may do."""
        only = views.chosen(self.stage, step).id if "case" in step.values else None
        found = [
            task
            for task in self.stage.open_tasks()
            if step.said in (task.name, task.element) and only in (None, task.case_id)
        ]
        nth: int | None = step.values.get("nth")
        if len(found) <= (nth or 0):
            raise StepFailed(f"no task {step.said} is open; {views.standing(self.stage)}")
        if nth is not None:
            return found[nth]
        by = self.stage.actor(step.values["as"])
        mine = (
            task
            for task in found
            if may_complete(by, assignee_id=task.assignee_id, role=task.role, unit_id=task.unit_id)
        )
        return next(mine, found[0])


VERBS: dict[str, Callable[[Player, Step], None]] = {
    name: getattr(Player, name) for name in script.VERBS if name not in script.NOT_REFUSED
}


def run_file(path: str | Path, apps: Apps) -> list[RunResult]:
    """This will play one file and return one result for each of its runs.

    A file that cannot be read, or whose app cannot be put in force, gives one failed result that says why.
    """
    path = Path(path)
    try:
        found = script.read(path)
        if found.app not in apps:
            raise ScenarioInvalid(problem=f"there is no app {found.app}; there are {', '.join(apps) or 'none'}")
        scene = stage.set_up(found, apps[found.app])
    except BihuanError as error:
        return [RunResult(str(path), path.stem, 0, False, str(error))]
    results = []
    for index, run in enumerate(found.runs):
        scene.reset()
        try:
            Player(scene, found).play(run.steps)
        except StepFailed as failure:
            message = f"“{run.name}”, {failure}" if run.name else str(failure)
            results.append(RunResult(str(path), found.name, index, False, message))
        else:
            results.append(RunResult(str(path), found.name, index, True))
    return results


def report(paths: Iterable[str | Path], apps: Apps) -> Iterator[tuple[str, bool]]:
    """This will run files of both kinds; one line for each, and whether it passed, then `scenarios: A of B passed`."""

    def run(path: str | Path) -> list[RunResult]:
        return run_file(path, apps) if script.is_rehearsal(Path(path)) else scenarios.run_file(path)

    return scenarios.report(paths, run)
