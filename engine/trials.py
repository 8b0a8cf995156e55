"""A trial world in memory: definitions, cases and a virtual clock, for scenarios, trial runs and simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from engine import bpmn, dmn, feel
from engine.bpmn import stimuli, timers
from engine.bpmn.outcome import MessageAwaited, MessageSent, Opened, Outcome, SignalSent, TimerOpened
from engine.bpmn.process import Process, Start
from engine.calendars import SHIPPED
from engine.causes import Cause, Causes
from engine.errors import Invalid

T0 = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
MAX_FIRINGS = 10_000
MOST = 10_000  # deliveries that one step may set off
ZONE = ZoneInfo("Asia/Shanghai")


class ScenarioInvalid(Invalid):
    """The scenario cannot be read: {problem}"""


class StepRefused(Invalid):
    """{reason}"""


@dataclass(slots=True)
class Case:
    """One case in memory."""

    process: Process
    state: dict[str, Any]
    data: dict[str, Any]
    open: dict[int, list[Opened]] = field(default_factory=dict)
    ended: bool = False
    key: str | None = None
    incidents: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Due:
    """A timer start event that will start a case."""

    process: Process
    element: str
    schedule: timers.Schedule


@dataclass(frozen=True, slots=True)
class Early:
    """A message that nobody waited for yet."""

    sent: MessageSent
    expires_at: datetime


@dataclass(slots=True)
class Post:
    """What is still to be delivered; `is_open` while that happens."""

    sent: list[tuple[Cause | None, Case, MessageSent | SignalSent]] = field(default_factory=list)
    awaited: list[tuple[Cause | None, MessageAwaited]] = field(default_factory=list)
    ended: list[tuple[Cause | None, Process, str]] = field(default_factory=list)
    is_open: bool = False
    causes: Causes = field(default_factory=Causes)


class Deployed:
    """What the cases of one run may ask while they step: processes, decisions, hooks and the calendar's functions."""

    functions: Mapping[str, Callable[..., Any]] = SHIPPED.functions()

    def __init__(self, processes: dict[str, Process], models: list[dmn.Model], script: dict[str, Any]) -> None:
        """This will deploy `processes` and `models` at `start_at` of `script` (else T0), with its hooks."""
        self.processes, self.models = processes, models
        self.main = script["process"]
        self.unnamed: frozenset[str] = script.get("unnamed", frozenset())  # tasks whose name held an expression
        self.now: datetime = script.get("start_at") or T0
        self.services = script.get("services")
        self.hooks = {
            **hooks_of(self.services),
            **{id: ("script", rules) for id, rules in (script.get("scripts") or {}).items()},
        }

    @property
    def circle(self) -> str:
        """This will tell of no circle: nobody else hears what is sent."""
        return ""

    def _environment(self) -> feel.Environment:
        return feel.Environment(now=self.now, functions=self.functions)

    def called(self, process_id: str, binding: str, version_tag: str | None, caller_key: str) -> bpmn.Called:
        """This will find a process among the models."""
        return bpmn.Called(process_id, self.processes[process_id])

    def definition(self, key: str) -> Process:
        """This will return the process whose id is `key`."""
        return self.processes[key]

    def decide(
        self,
        decision_id: str,
        binding: str,
        version_tag: str | None,
        caller_key: str,
        data: Any,
        now: datetime,
        on: date | None = None,
    ) -> bpmn.Decided:
        """This will evaluate a decision of the models that are DMN: the version in force `on` that day."""
        versions = [model for model in self.models if decision_id in model.decisions]
        if not versions:
            raise LookupError(decision_id)
        model = dmn.in_force(versions, on or now.astimezone(ZONE).date())
        found = dmn.evaluate(model, decision_id, data, self._environment())
        return bpmn.Decided(found.value, found.log)

    def service(self, type: str) -> Callable[[Any, Mapping[str, str]], Any] | None:
        """This will return the hook of an element, a stub when all services are stubs, else None: the service waits."""
        if type.startswith("element:"):
            element = type.removeprefix("element:")
            from_zero = any(element in process.nodes and not process.is_native for process in self.processes.values())
            return self._hook(*self.hooks[element], from_zero=from_zero)
        if type in self.hooks:
            return self._hook(*self.hooks[type])
        return (lambda data, headers: {}) if self.services is not None else None

    def _hook(self, kind: str, given: Any, from_zero: bool = False) -> Callable[[Any, Mapping[str, str]], Any]:
        def call(data: Any, headers: Mapping[str, str]) -> Any:
            if kind == "error":
                raise bpmn.ServiceError(str(given))
            if kind == "set":
                return dict(given)
            environment = self._environment()
            if from_zero and "loopCounter" in data:
                # What follows a test of Camunda 7 counts as Camunda 7 does.
                data = {**data, "loopCounter": data["loopCounter"] - 1}
            return {
                name: feel.to_json(feel.parse(rule).evaluate(data, environment)) if isinstance(rule, str) else rule
                for name, rule in given.items()
            }

        return call


class World(Deployed):
    """Everything that one run of a scenario needs: what is deployed, cases and a clock. It is the host of its cases."""

    def __init__(self, processes: dict[str, Process], models: list[dmn.Model], script: dict[str, Any]) -> None:
        """This will begin with everything deployed and no case."""
        super().__init__(processes, models, script)
        self.cases: list[Case] = []
        self.kept: list[Early] = []
        self._post = Post()
        self.starts = [Due(process, start.element, due) for process, start, due in self._timer_starts()]

    @property
    def circle(self) -> str:
        """This will name the messages that go round and round when a case must not send any more; else empty."""
        return self._post.causes.circle

    def _timer_starts(self) -> Iterator[tuple[Process, Start, timers.Schedule]]:
        for process in self.processes.values():
            for start in process.starts:
                event = start.event
                if start.kind == "timer" and event is not None and event.expression is not None and event.timer:
                    value: Any = event.expression.text
                    if event.expression.feel is not None:
                        value = event.expression.feel.evaluate({}, self._environment())
                    try:
                        yield process, start, timers.schedule(event.timer, value, self.now)
                    except timers.TimerInvalid as error:
                        raise ScenarioInvalid(problem=f"the start event {start.element}: {error.message}") from None

    def begin(self, process: Process, data: dict[str, Any], element: str | None = None, key: str | None = None) -> None:
        """This will start a case; `key` is that of the message that starts it."""
        outcome = bpmn.step(process, None, {}, stimuli.Start(data, element), self.now, self)
        case = Case(process, outcome.state, outcome.data, key=key)
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
        cause = self._post.causes.now
        self._post.sent.extend((cause, case, sent) for sent in outcome.sent)
        self._post.awaited.extend((cause, opened) for opened in outcome.opened if isinstance(opened, MessageAwaited))
        if outcome.ended and case.key:
            self._post.ended.append((cause, case.process, case.key))
        if not self._post.is_open:
            self._deliver_all()

    def _deliver_all(self) -> None:
        """Delivers what cases sent, one after the other, as the engine does: nothing is delivered inside a delivery."""
        post = self._post
        post.is_open = True
        try:
            for _ in range(MOST):
                if post.sent:
                    post.causes.now, case, sent = post.sent.pop(0)
                    self._hand_over(case, sent)
                elif post.awaited:
                    post.causes.now, awaited = post.awaited.pop(0)
                    self._deliver_kept(awaited)
                elif post.ended:
                    post.causes.now, process, key = post.ended.pop(0)
                    self._begin_next(process, key)
                else:
                    return
            raise StepRefused(reason=f"more than {MOST} messages set off one another; processes send in a circle")
        finally:
            self._post = Post()

    def _hand_over(self, case: Case, sent: MessageSent | SignalSent) -> None:
        if isinstance(sent, SignalSent):
            self.broadcast(sent.signal, sent.data, besides=case)
        elif not self.deliver(sent.message, sent.correlation_key, sent.data) and sent.time_to_live > 0:
            self.kept.append(Early(sent, self.now + timedelta(seconds=sent.time_to_live)))

    def _begin_next(self, process: Process, key: str) -> None:
        names = {start.message for start in process.starts if start.kind == "message"}
        self._take_early(lambda sent: sent.message in names and sent.correlation_key == key)

    def _deliver_kept(self, awaited: MessageAwaited) -> None:
        key = awaited.correlation_key
        if self._take_early(lambda sent: sent.message == awaited.message and key in (None, sent.correlation_key)):
            self._post.awaited.append(
                (self._post.causes.now, awaited)
            )  # an event that does not interrupt takes the next one, too

    def _take_early(self, fits: Callable[[MessageSent], bool]) -> bool:
        self.kept = [early for early in self.kept if early.expires_at > self.now]
        for early in self.kept:
            sent = early.sent
            if fits(sent) and self.deliver(sent.message, sent.correlation_key, sent.data):
                self.kept.remove(early)
                return True
        return False

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

    def deliver(self, name: str, key: str | None, data: dict[str, Any], *, is_any: bool = False) -> bool:
        """This will give a message to one receiver, or start a case with it; False when nobody waits.

        Who waits for its key comes before who waits for any; `is_any`: whatever key somebody waits for, it is this one.
        """
        waits = [(case, opened) for case, opened in self.opened(MessageAwaited) if isinstance(opened, MessageAwaited)]
        waits = [(case, opened) for case, opened in waits if opened.message == name]
        if not is_any:
            waits = [(case, opened) for case, opened in waits if opened.correlation_key in (None, key)]
            waits.sort(key=lambda wait: wait[1].correlation_key is None)
        for case, opened in waits:
            with self._post.causes.reaching(id(case), name):
                self.take(case, stimuli.ReceiveMessage(opened.token, data))
            return True
        for process in self.processes.values():
            for start in process.starts:
                if start.kind == "message" and start.message == name and _may_begin(self.cases, process, key):
                    with self._post.causes.reaching(process.id, name):
                        self.begin(process, data, start.element, key)
                    return True
        return False

    def broadcast(self, name: str, data: dict[str, Any], besides: Case | None = None) -> None:
        """This will give a signal to every catcher, and start the cases that it starts."""
        for case in list(self.cases):
            if case is not besides and not case.ended:
                with self._post.causes.reaching(id(case), name):
                    self.take(case, stimuli.ReceiveSignal(name, data))
        for process in self.processes.values():
            for start in process.starts:
                if start.kind == "signal" and start.message == name:
                    with self._post.causes.reaching(process.id, name):
                        self.begin(process, data, start.element)

    def advance(self, goal: datetime) -> None:
        """This will move the clock to `goal`, and fire what becomes due, the earliest first."""
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
        raise StepRefused(reason=f"more than {MAX_FIRINGS} timers became due")


def hooks_of(services: Any) -> dict[str, tuple[str, Any]]:
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


def _may_begin(cases: list[Case], process: Process, key: str | None) -> bool:
    """One case of a process at a time is begun with a key."""
    return not key or all(case.ended or case.key != key or case.process is not process for case in cases)
