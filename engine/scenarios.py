"""Runs scenario files: diagrams on a virtual clock in memory, checked step by step, without a line of Python.

A file names its `models`, the `process` to start and `runs`; each run is a list of steps: start, complete, advance, message,
signal, set, enable, service, expect. A refused step leaves everything as it was and must be followed by `expect: {error: true}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from engine import bpmn, dmn, feel
from engine.bpmn import stimuli, timers
from engine.bpmn.outcome import (
    ConditionAwaited,
    MessageAwaited,
    MessageSent,
    Opened,
    Outcome,
    ServiceCalled,
    SignalAwaited,
    SignalSent,
    TaskOpened,
    TimerOpened,
)  # fmt: skip
from engine.bpmn.process import Call, Process, Start, Value
from engine.errors import BihuanError, Invalid

T0 = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
WAITS = (MessageAwaited, SignalAwaited, TimerOpened, ConditionAwaited)
MAX_FIRINGS = 10_000


class ScenarioInvalid(Invalid):
    """The scenario cannot be read: {problem}"""


class StepRefused(Invalid):
    """{reason}"""


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


@dataclass(slots=True)
class Case:
    """One case in memory."""

    process: Process
    state: dict[str, Any]
    data: dict[str, Any]
    open: dict[int, list[Opened]] = field(default_factory=dict)
    ended: bool = False
    incidents: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Due:
    """A timer start event that will start a case."""

    process: Process
    element: str
    schedule: timers.Schedule


class World:
    """Everything that one run of a scenario needs: definitions, cases and a clock. It is its own host."""

    functions: Mapping[str, Callable[..., Any]] = {}

    def __init__(self, processes: dict[str, Process], models: list[dmn.Model], script: dict[str, Any]) -> None:
        """This will deploy `processes` and `models` at T0, with the service and script hooks of `script`."""
        self.processes, self.models = processes, models
        self.main = script["process"]
        self.now = T0
        self.cases: list[Case] = []
        self.kept: list[MessageSent] = []
        self.services = script.get("services")
        self.hooks = {
            **_hooks(self.services),
            **{id: ("script", rules) for id, rules in (script.get("scripts") or {}).items()},
        }
        self.starts = [Due(process, start.element, due) for process, start, due in self._timer_starts()]

    def _timer_starts(self) -> Iterator[tuple[Process, Start, timers.Schedule]]:
        for process in self.processes.values():
            for start in process.starts:
                event = start.event
                if start.kind == "timer" and event is not None and event.expression is not None and event.timer:
                    value: Any = event.expression.text
                    if event.expression.feel is not None:
                        value = event.expression.feel.evaluate({}, feel.Environment(now=self.now))
                    yield process, start, timers.schedule(event.timer, value, self.now)

    def called(self, process_id: str, binding: str, version_tag: str | None, caller_key: str) -> bpmn.Called:
        """This will find a process among the models."""
        return bpmn.Called(process_id, self.processes[process_id])

    def definition(self, key: str) -> Process:
        """This will return the process whose id is `key`."""
        return self.processes[key]

    def decide(
        self, decision_id: str, binding: str, version_tag: str | None, caller_key: str, data: Any, now: datetime
    ) -> bpmn.Decided:
        """This will evaluate a decision of the models that are DMN."""
        for model in self.models:
            if decision_id in model.decisions:
                found = dmn.evaluate(model, decision_id, data, feel.Environment(now=now))
                return bpmn.Decided(found.value, found.log)
        raise LookupError(decision_id)

    def service(self, type: str) -> Callable[[Any, Mapping[str, str]], Any] | None:
        """This will return the hook of an element, a stub when all services are stubs, else None: the service waits."""
        if type.startswith("element:"):
            return self._hook(*self.hooks[type.removeprefix("element:")])
        if type in self.hooks:
            return self._hook(*self.hooks[type])
        return (lambda data, headers: {}) if self.services is not None else None

    def _hook(self, kind: str, given: Any) -> Callable[[Any, Mapping[str, str]], Any]:
        def call(data: Any, headers: Mapping[str, str]) -> Any:
            if kind == "error":
                raise bpmn.ServiceError(str(given))
            if kind == "set":
                return dict(given)
            environment = feel.Environment(now=self.now)
            return {
                name: feel.to_json(feel.parse(rule).evaluate(data, environment)) if isinstance(rule, str) else rule
                for name, rule in given.items()
            }

        return call

    def begin(self, process: Process, data: dict[str, Any], element: str | None = None) -> None:
        """This will start a case."""
        outcome = bpmn.step(process, None, {}, stimuli.Start(data, element), self.now, self)
        case = Case(process, outcome.state, outcome.data)
        self.cases.append(case)
        self._keep(case, outcome)

    def take(self, case: Case, stimulus: stimuli.Stimulus) -> None:
        """This will let something happen to a case, and deliver what it sends."""
        self._keep(case, bpmn.step(case.process, case.state, case.data, stimulus, self.now, self))

    def _keep(self, case: Case, outcome: Outcome) -> None:
        case.state, case.data = outcome.state, outcome.data
        case.ended = case.ended or outcome.ended
        for closed in outcome.closed:
            case.open.pop(closed.token, None)
        for id in outcome.resolved:
            case.incidents.pop(id, None)
        for opened in outcome.opened:
            case.open.setdefault(opened.token, []).append(opened)
        for incident in outcome.incidents:
            case.incidents[incident.token] = f"{incident.element}: {incident.reason} {incident.detail or ''}".rstrip()
        for sent in outcome.sent:
            if isinstance(sent, SignalSent):
                self.broadcast(sent.signal, sent.data, besides=case)
            elif not self.deliver(sent.message, sent.correlation_key, sent.data) and sent.time_to_live:
                self.kept.append(sent)
        for opened in outcome.opened:
            if isinstance(opened, MessageAwaited):
                self._deliver_kept(opened)

    def _deliver_kept(self, awaited: MessageAwaited) -> None:
        for sent in self.kept:
            if sent.message == awaited.message and awaited.correlation_key in (None, sent.correlation_key):
                self.kept.remove(sent)
                self.deliver(sent.message, sent.correlation_key, sent.data)
                return

    def opened(self, *kinds: type[Opened]) -> list[tuple[Case, Opened]]:
        """This will return what is open of the given kinds, in order of creation."""
        return [
            (case, opened)
            for case in self.cases
            if not case.ended
            for token in sorted(case.open)
            for opened in case.open[token]
            if isinstance(opened, kinds)
        ]

    def deliver(self, name: str, key: str | None, data: dict[str, Any]) -> bool:
        """This will give a message to one receiver, or start a case with it; False when nobody waits."""
        for case, opened in self.opened(MessageAwaited):
            if isinstance(opened, MessageAwaited) and opened.message == name:
                if key is None or opened.correlation_key in (None, key):
                    self.take(case, stimuli.ReceiveMessage(opened.token, data))
                    return True
        for process in self.processes.values():
            for start in process.starts:
                if start.kind == "message" and start.message == name:
                    self.begin(process, data, start.element)
                    return True
        return False

    def broadcast(self, name: str, data: dict[str, Any], besides: Case | None = None) -> None:
        """This will give a signal to every catcher, and start the cases that it starts."""
        for case in list(self.cases):
            if case is not besides and not case.ended:
                self.take(case, stimuli.ReceiveSignal(name, data))
        for process in self.processes.values():
            for start in process.starts:
                if start.kind == "signal" and start.message == name:
                    self.begin(process, data, start.element)

    def advance(self, text: str) -> None:
        """This will move the clock, and fire what becomes due, the earliest first."""
        goal = timers.duration(text).after(self.now)
        for _ in range(MAX_FIRINGS):
            due = [
                (opened.due_at, case, opened)
                for case, opened in self.opened(TimerOpened)
                if isinstance(opened, TimerOpened)
            ]
            first = min(due, key=lambda item: item[0], default=None)
            start = min(self.starts, key=lambda item: item.schedule.due_at, default=None)
            if (
                start is not None
                and start.schedule.due_at <= goal
                and (first is None or start.schedule.due_at < first[0])
            ):
                self.now = max(self.now, start.schedule.due_at)
                following = start.schedule.following()
                self.starts.remove(start)
                if following is not None:
                    self.starts.append(replace(start, schedule=following))
                self.begin(start.process, {}, start.element)
            elif first is not None and first[0] <= goal:
                self.now = max(self.now, first[0])
                self.take(first[1], stimuli.FireTimer(first[2].token))
            else:
                self.now = goal
                return
        raise StepRefused(f"more than {MAX_FIRINGS} timers became due")


def _hooks(services: Any) -> dict[str, tuple[str, Any]]:
    if not isinstance(services, dict):
        return {}
    found: dict[str, tuple[str, Any]] = {}
    for id, rule in services.items():
        if isinstance(rule, dict) and len(rule) == 1 and next(iter(rule)) in ("error", "set"):
            found[id] = next(iter(rule.items()))
        elif rule == "noop":
            found[id] = ("set", {})
        else:
            raise ScenarioInvalid(problem=f"services: {id}: {rule}")
    return found


class Runner:
    """Takes the steps of one run."""

    def __init__(self, world: World) -> None:
        """This will begin in `world`, where nothing has happened yet."""
        self.world = world
        self.refusal: str | None = None

    def run(self, steps: list[dict[str, Any]]) -> None:
        """This will take all steps, or raise StepFailed."""
        for number, step in enumerate(steps, 1):
            following = steps[number] if number < len(steps) else {}
            try:
                self._step(step, following.get("expect") or {})
            except StepFailed as failure:
                raise StepFailed(f"step {number} {_shown(step)}: {failure}") from None

    def _step(self, step: dict[str, Any], expected: dict[str, Any]) -> None:
        if "expect" in step:
            self.expect(step["expect"] or {})
            self.refusal = None
            return
        verb = next((name for name in VERBS if name in step), None)
        if verb is None:
            raise StepFailed(f"the step has no verb; verbs are {', '.join((*VERBS, 'expect'))}")
        before = [replace(case, open=dict(case.open), incidents=dict(case.incidents)) for case in self.world.cases]
        kept, now, starts = list(self.world.kept), self.world.now, list(self.world.starts)
        try:
            VERBS[verb](self, step, step[verb])
            if "incidents" not in expected:
                self._refuse_incidents()
            self.refusal = None
        except BihuanError as error:
            self.refusal = error.message
            self.world.cases, self.world.kept, self.world.now, self.world.starts = before, kept, now, starts
        if self.refusal is not None and not expected.get("error"):
            raise StepFailed(f"it was refused: {self.refusal}; {self.stands()}")

    def _refuse_incidents(self) -> None:
        found = [text for case in self.world.cases for text in case.incidents.values()]
        if found:
            raise StepRefused(reason="; ".join(found))

    def stands(self) -> str:
        """This will say what is open, for people."""
        return f"open tasks {self.tasks()}, waiting {self.waiting()}"

    def tasks(self) -> list[str]:
        """This will return the open user tasks as scenarios name them."""
        return sorted(_task_name(opened) for _, opened in self.world.opened(TaskOpened))

    def waiting(self) -> list[str]:
        """This will return the ids of the elements that wait for an event."""
        return sorted(opened.element for _, opened in self.world.opened(*WAITS))

    def start(self, step: dict[str, Any], data: Any) -> None:
        """This will start a case of the scenario's process."""
        self.world.begin(self.world.processes[self.world.main], dict(data or {}))

    def complete(self, step: dict[str, Any], name: str) -> None:
        """This will complete a task by name or id, or trigger one wait state by id."""
        data, nth = dict(step.get("with") or {}), int(step.get("nth", 0))
        found = [item for item in self.world.opened(TaskOpened) if name in (item[1].name, item[1].element)]
        if not found:
            found = [item for item in self.world.opened(*WAITS) if name == item[1].element]
        if nth >= len(found):
            raise StepRefused(reason=f"no task {name} is open" + (f" for nth {nth}" if nth else ""))
        case, opened = found[nth]
        _may_do(step, opened)
        self.world.take(case, _trigger(opened, data))

    def advance(self, step: dict[str, Any], duration: str) -> None:
        """This will move the clock."""
        self.world.advance(str(duration))

    def message(self, step: dict[str, Any], name: str) -> None:
        """This will deliver a message to one receiver."""
        key = step.get("key")
        if not self.world.deliver(name, None if key is None else str(key), dict(step.get("with") or {})):
            raise StepRefused(reason=f"nobody waits for the message {name}")

    def signal(self, step: dict[str, Any], name: str) -> None:
        """This will broadcast a signal."""
        self.world.broadcast(name, dict(step.get("with") or {}))

    def set(self, step: dict[str, Any], data: Any) -> None:
        """This will change the data of the first case from outside."""
        self.world.take(self._first(), stimuli.ChangeData(dict(data)))

    def enable(self, step: dict[str, Any], element: str) -> None:
        """This will start an activity of an ad-hoc subprocess."""
        self.world.take(self._first(), stimuli.EnableActivity(element))

    def service(self, step: dict[str, Any], name: str) -> None:
        """This will answer a waiting service, by type or id, with data or a BPMN error."""
        for case, opened in self.world.opened(ServiceCalled):
            if isinstance(opened, ServiceCalled) and name in (opened.type, opened.element, opened.name):
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
            raise StepFailed(f"the step before should have been refused; {self.stands()}")
        case = self.world.cases[0] if self.world.cases else None
        actual: dict[str, Any] = {
            "error": self.refusal is not None,
            "tasks": self.tasks(),
            "waiting": self.waiting(),
            "ended": case is not None and case.ended,
            "incidents": sorted(text.split(":", 1)[0] for case in self.world.cases for text in case.incidents.values()),
            "services": sorted(
                item.type for _, item in self.world.opened(ServiceCalled) if isinstance(item, ServiceCalled)
            ),
        }
        for what, wanted in expected.items():
            if what == "vars":
                self._expect_variables(wanted, case)
            elif what not in actual:
                raise StepFailed(f"expect has no {what}; it has {', '.join((*actual, 'vars'))}")
            else:
                wanted = sorted(wanted) if isinstance(wanted, list) else wanted
                if actual[what] != wanted:
                    raise StepFailed(f"{what} expected {wanted}, but there is {actual[what]}; {self.stands()}")

    def _expect_variables(self, wanted: dict[str, Any], case: Case | None) -> None:
        data = case.data if case is not None else {}
        for name, value in wanted.items():
            if data.get(name) != value:
                raise StepFailed(f"variable {name} expected {value!r}, but it is {data.get(name)!r}")


VERBS: dict[str, Callable[[Runner, dict[str, Any], Any], None]] = {
    name: getattr(Runner, name)
    for name in ("start", "complete", "advance", "message", "signal", "set", "enable", "service")
}


def _shown(step: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in step.items()) + "}"


def _task_name(opened: Opened) -> str:
    return opened.element if not opened.name or "${" in opened.name else opened.name


def _may_do(step: dict[str, Any], opened: Opened) -> None:
    if not isinstance(opened, TaskOpened):
        return
    actor, queue = step.get("as"), step.get("queue")
    people = {opened.assignee, *opened.users, *opened.groups} - {None}
    if actor is not None and people and actor not in people:
        raise StepRefused(reason=f"{actor} may not do {_task_name(opened)}, only {', '.join(sorted(map(str, people)))}")
    if queue is not None and queue not in opened.groups:
        raise StepRefused(reason=f"{_task_name(opened)} is not in the queue {queue}, but in {', '.join(opened.groups)}")


def _trigger(opened: Opened, data: dict[str, Any]) -> stimuli.Stimulus:
    if isinstance(opened, TaskOpened):
        return stimuli.CompleteTask(opened.token, data)
    if isinstance(opened, TimerOpened):
        return stimuli.FireTimer(opened.token)
    if isinstance(opened, SignalAwaited):
        return stimuli.ReceiveSignal(opened.signal, data)
    if isinstance(opened, MessageAwaited):
        return stimuli.ReceiveMessage(opened.token, data)
    raise StepRefused(reason=f"{opened.element} cannot be triggered")


def _load(path: Path) -> tuple[dict[str, Any], dict[str, Process], list[dmn.Model]]:
    try:
        script = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ScenarioInvalid(problem=str(error)) from None
    if not isinstance(script, dict) or not {"models", "process", "runs"} <= script.keys():
        raise ScenarioInvalid(problem="models, process and runs must be given")
    processes: dict[str, Process] = {}
    models: list[dmn.Model] = []
    for name in script["models"]:
        try:
            content = (path.parent / name).read_bytes()
        except OSError as error:
            raise ScenarioInvalid(problem=str(error)) from None
        if name.endswith(".dmn"):
            models.append(dmn.parse(content))
        else:
            for id, process in bpmn.parse(content).processes.items():
                processes.setdefault(id, process)
    if script["process"] not in processes:
        raise ScenarioInvalid(problem=f"no model has the process {script['process']}; there are {', '.join(processes)}")
    _hook_elements(processes, script)
    return script, processes, models


def _hook_elements(processes: dict[str, Process], script: dict[str, Any]) -> None:
    """Elements whose work the scenario replaces call its hook instead of their own service or script."""
    ids = {*(script.get("scripts") or {}), *_hooks(script.get("services"))}
    for process in processes.values():
        for id in ids & process.nodes.keys():
            node = process.nodes[id]
            if node.type not in ("userTask", "callActivity") and node.content is None:
                node.type = "serviceTask" if node.is_activity else node.type
                node.script, node.call = None, Call("service", Value(f"element:{id}"))


def run_file(path: str | Path) -> list[RunResult]:
    """This will run one scenario file and return one result for each of its runs.

    A file that cannot be read, or whose models are refused, gives one failed result that says why.
    """
    path = Path(path)
    try:
        script, processes, models = _load(path)
    except BihuanError as error:
        return [RunResult(str(path), path.stem, 0, False, str(error))]
    name = str(script.get("name") or path.stem)
    results = []
    for index, steps in enumerate(script["runs"]):
        try:
            Runner(World(processes, models, script)).run(steps)
        except (StepFailed, BihuanError) as failure:
            results.append(RunResult(str(path), name, index, False, str(failure)))
        else:
            results.append(RunResult(str(path), name, index, True))
    return results


def report(paths: Iterable[str | Path]) -> Iterator[tuple[str, bool]]:
    """This will run scenario files and give one line for each with whether it passed, then `scenarios: A of B passed`."""
    total = passed = 0
    for path in paths:
        results = run_file(path)
        failed = [result for result in results if not result.passed]
        total, passed = total + 1, passed + (not failed)
        for result in failed:
            yield f"FAILED {path} ({result.name}), run {result.index + 1}: {result.message}", False
        if not failed:
            yield f"passed {path} ({results[0].name if results else ''})", True
    yield f"scenarios: {passed} of {total} passed", passed == total
