"""Runs scenario files: diagrams on a virtual clock in memory, checked step by step, without a line of Python.

A file names its `models`, the `process` to start and `runs`; each run is a list of steps, in the words that
`scenario_files` knows. A refused step leaves everything as it was and must be followed by `expect: {error: true}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine import moments, scenario_files
from engine.bpmn import stimuli
from engine.bpmn.outcome import (
    ConditionAwaited,
    MessageAwaited,
    Opened,
    ServiceCalled,
    SignalAwaited,
    TaskOpened,
    TimerOpened,
)  # fmt: skip
from engine.bpmn.waiting import key_text
from engine.errors import BihuanError
from engine.trials import Case, StepRefused, World
from engine.yaml_lines import Step

WAITS = (MessageAwaited, SignalAwaited, TimerOpened, ConditionAwaited)


class StepFailed(Exception):
    """A step did not bring about what the scenario says."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """The result of one run of a scenario file; `message` says which step, what was expected and what stood there."""

    path: str
    name: str
    index: int
    passed: bool
    message: str = ""


class Runner:
    """Takes the steps of one run."""

    def __init__(self, world: World) -> None:
        """This will begin in `world`, where nothing has happened yet."""
        self.world = world
        self.refusal: str | None = None

    def run(self, steps: Sequence[Step]) -> None:
        """This will take all steps, or raise StepFailed."""
        for step, following in zip(steps, [*steps[1:], None], strict=True):
            expected = following.said if following is not None and following.verb == "expect" else {}
            try:
                self._step(step, expected or {})
            except StepFailed as failure:
                raise StepFailed(f"{step}: {failure}") from None

    def _step(self, step: Step, expected: dict[str, Any]) -> None:
        if step.verb == "expect":
            self.expect(step.said or {})
            self.refusal = None
            return
        before = [replace(case, open=dict(case.open), incidents=dict(case.incidents)) for case in self.world.cases]
        kept, now, starts = list(self.world.kept), self.world.now, list(self.world.starts)
        try:
            VERBS[step.verb](self, step.values, step.said)
            if "incidents" not in expected:
                self._refuse_incidents()
            self.refusal = None
        except BihuanError as error:
            self.refusal = error.message
            self.world.cases, self.world.kept, self.world.now, self.world.starts = before, kept, now, starts
        except Exception as problem:
            raise StepFailed(f"it broke down: {type(problem).__name__}: {problem}") from problem
        if self.refusal is not None and not expected.get("error"):
            raise StepFailed(f"it was refused: {self.refusal}; {_stands(self.world)}")

    def _refuse_incidents(self) -> None:
        found = [text for case in self.world.cases for text in case.incidents.values()]
        if found:
            raise StepRefused(reason="; ".join(found))

    def start(self, step: dict[str, Any], data: Any) -> None:
        """This will start a case of the scenario's process."""
        self.world.begin(self.world.processes[self.world.main], dict(data or {}))

    def complete(self, step: dict[str, Any], name: str) -> None:
        """This will complete a task by name or id, or trigger one wait state by id."""
        name, data, nth = str(name), dict(step.get("with") or {}), int(step.get("nth", 0))
        found = [item for item in self.world.opened(TaskOpened) if name in (item[1].name, item[1].element)]
        if not found:
            found = [item for item in self.world.opened(*WAITS) if name == item[1].element]
        if nth >= len(found):
            raise StepRefused(reason=f"no task {name} is open" + (f" for nth {nth}" if nth else ""))
        case, opened = found[nth]
        _may_do(self.world, step, opened)
        self.world.take(case, _trigger(opened, data))

    def advance(self, step: dict[str, Any], said: Any) -> None:
        """This will move the clock, by working days of the calendar that comes with the engine."""
        self.world.advance(moments.goal(self.world.now, said))

    def message(self, step: dict[str, Any], name: str) -> None:
        """This will deliver a message to one receiver."""
        key, data = key_text(step.get("key")), dict(step.get("with") or {})
        if not self.world.deliver(str(name), key, data, is_any=key is None):
            raise StepRefused(reason=f"nobody waits for the message {name}")

    def signal(self, step: dict[str, Any], name: str) -> None:
        """This will broadcast a signal."""
        self.world.broadcast(str(name), dict(step.get("with") or {}))

    def set(self, step: dict[str, Any], data: Any) -> None:
        """This will change the data of the first case from outside."""
        self.world.take(self._first(), stimuli.ChangeData(dict(data or {})))

    def enable(self, step: dict[str, Any], element: str) -> None:
        """This will start an activity of an ad-hoc subprocess."""
        self.world.take(self._first(), stimuli.EnableActivity(str(element)))

    def service(self, step: dict[str, Any], name: str) -> None:
        """This will answer a waiting service, by type or id, with data or a BPMN error."""
        for case, opened in self.world.opened(ServiceCalled):
            if isinstance(opened, ServiceCalled) and str(name) in (opened.type, opened.element, opened.name):
                data = dict(step.get("with") or {})
                code = step.get("error")
                answer: stimuli.Stimulus = stimuli.CompleteService(opened.token, data)
                self.world.take(case, answer if code is None else stimuli.ThrowError(opened.token, str(code), "", data))
                return
        raise StepRefused(reason=f"no service {name} is called")

    def _first(self) -> Case:
        if not self.world.cases:
            raise StepRefused(reason="no case was started")
        return self.world.cases[0]

    def expect(self, expected: dict[str, Any]) -> None:
        """This will compare what stands with what is expected."""
        if self.refusal is None and expected.get("error"):
            raise StepFailed(f"the step before should have been refused; {_stands(self.world)}")
        case = self.world.cases[0] if self.world.cases else None
        actual: dict[str, Any] = {
            "error": self.refusal is not None,
            "tasks": _tasks(self.world),
            "waiting": _waiting(self.world),
            "ended": case is not None and case.ended,
            "incidents": sorted(text.split(":", 1)[0] for case in self.world.cases for text in case.incidents.values()),
            "services": sorted(
                item.type for _, item in self.world.opened(ServiceCalled) if isinstance(item, ServiceCalled)
            ),
        }
        for what, wanted in expected.items():
            if what == "vars":
                _expect_variables(wanted, case)
            else:
                wanted = sorted(map(str, wanted)) if isinstance(wanted, list) else wanted
                if actual[what] != wanted:
                    raise StepFailed(f"{what} expected {wanted}, but there is {actual[what]}; {_stands(self.world)}")


VERBS: dict[str, Callable[[Runner, dict[str, Any], Any], None]] = {
    name: getattr(Runner, name)
    for name in ("start", "complete", "advance", "message", "signal", "set", "enable", "service")
}


def _expect_variables(wanted: dict[str, Any], case: Case | None) -> None:
    data = case.data if case is not None else {}
    for name, value in wanted.items():
        if data.get(name) != value:
            raise StepFailed(f"variable {name} expected {value!r}, but it is {data.get(name)!r}")


def _stands(world: World) -> str:
    return f"open tasks {_tasks(world)}, waiting {_waiting(world)}"


def _tasks(world: World) -> list[str]:
    return sorted(_task_name(world, opened) for _, opened in world.opened(TaskOpened))


def _waiting(world: World) -> list[str]:
    return sorted(opened.element for _, opened in world.opened(*WAITS))


def _task_name(world: World, opened: Opened) -> str:
    has_expression = "${" in opened.name or opened.element in world.unnamed
    return opened.element if not opened.name or has_expression else opened.name


def _may_do(world: World, step: dict[str, Any], opened: Opened) -> None:
    if not isinstance(opened, TaskOpened):
        return
    actor, queue = step.get("as"), step.get("queue")
    people = {opened.assignee, *opened.users, *opened.groups} - {None}
    if actor is not None and people and actor not in people:
        raise StepRefused(
            reason=f"{actor} may not do {_task_name(world, opened)}, only {', '.join(sorted(map(str, people)))}"
        )
    if queue is not None and queue not in opened.groups:
        raise StepRefused(
            reason=f"{_task_name(world, opened)} is not in the queue {queue}, but in {', '.join(opened.groups)}"
        )


def _trigger(opened: Opened, data: dict[str, Any]) -> stimuli.Stimulus:
    if isinstance(opened, TaskOpened):
        return stimuli.CompleteTask(opened.token, data)
    return stimuli.Trigger(opened.token, data)


def run_file(path: str | Path) -> list[RunResult]:
    """This will run one scenario file and return one result for each of its runs.

    A file that cannot be read, or whose models are refused, gives one failed result that says why.
    """
    path = Path(path)
    try:
        scenario = scenario_files.read(path)
    except BihuanError as error:
        return [RunResult(str(path), path.stem, 0, False, str(error))]
    results = []
    for index, steps in enumerate(scenario.runs):
        try:
            Runner(World(scenario.processes, scenario.decisions, scenario.script)).run(steps)
        except (StepFailed, BihuanError) as failure:
            results.append(RunResult(str(path), scenario.name, index, False, str(failure)))
        else:
            results.append(RunResult(str(path), scenario.name, index, True))
    return results


def report(
    paths: Iterable[str | Path], run: Callable[[str | Path], list[RunResult]] = run_file
) -> Iterator[tuple[str, bool]]:
    """This will run files and give one line for each with whether it passed, then `scenarios: A of B passed`."""
    total = passed = 0
    for path in paths:
        results = run(path)
        failed = [result for result in results if not result.passed]
        total, passed = total + 1, passed + (not failed)
        for result in failed:
            yield f"FAILED {path} ({result.name}), run {result.index + 1}: {result.message}", False
        if not failed:
            yield f"passed {path} ({results[0].name if results else ''})", True
    yield f"scenarios: {passed} of {total} passed", passed == total
