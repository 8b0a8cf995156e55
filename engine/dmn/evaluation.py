"""Making a decision: its requirements first, then its logic, with a log of what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.feel import Environment, LimitExceeded, adopt, to_json
from engine.feel.environment import Frame, State, Values
from engine.feel.types import ANY, coerce
from engine.feel.values import FunctionValue
from engine.feel.writing import NotJson

from .boxed import function_value
from .errors import DecisionFailed, InputDataRefused, NoSuchDecision, RequirementsCircular, ResultRefused
from .model import Decision, InputData, Key, Knowledge, Model, Part, Service
from .tables import shown
from .trace import DecisionState, Note, TableRun

_RUNNING, _NOT_MADE = object(), object()
_AS_IT_IS = frozenset((str, bool, type(None)))  # the same in JSON as in FEEL


@dataclass(slots=True)
class Made:
    """A decision that was made: `value` is a FEEL value, `log` is JSON for the case history.

    `matched` are the matched rules of the decision's own table, as in the log; `warnings` tell of nulls by surprise.
    """

    value: Any
    log: dict[str, Any]
    matched: list[dict[str, Any]]
    warnings: list[Note]


class Evaluation:
    """One evaluation of a model with given inputs."""

    def __init__(self, model: Model, inputs: Mapping[str, Any], state: State, strict: bool) -> None:
        self.model = model
        self.inputs = inputs
        self.state = state
        self.strict = strict
        self.values: dict[Key, Any] = {}
        self.steps: list[dict[str, Any]] = []
        self.given: dict[str, Any] = {}
        self._written: tuple[Any, Any] = (None, None)

    def value_of(self, part: Part) -> Any:
        """This will return the value of an input or decision, or the function of knowledge or a service."""
        value = self.values.get(part.key, _NOT_MADE)
        if value is _RUNNING:
            raise RequirementsCircular(decision=part.name)
        if value is not _NOT_MADE:
            return value
        self.values[part.key] = _RUNNING
        try:
            value = _MAKERS[type(part)](self, part)
        except DecisionFailed:
            if self.strict:
                raise
            value = None
        self.values[part.key] = value
        return value

    def _input(self, part: InputData) -> Any:
        raw = self.inputs.get(part.name)
        if raw is None and part.key[0] != self.model.namespace:
            for name, namespace in self.model.imports.items():
                group = self.inputs.get(name)
                if namespace == part.key[0] and isinstance(group, Mapping):
                    raw = group.get(part.name)
        value = self.given[part.name] = raw if type(raw) in _AS_IT_IS else adopt(raw)
        if value is None or part.type is ANY:
            return value
        fitted, fits = coerce(value, part.type, self.state)
        if not fits:
            raise InputDataRefused(
                decision=part.name, input=part.name, value=shown(value, self.state), expected=str(part.type)
            )
        return fitted

    def _root(self, part: Decision | Knowledge) -> Values:
        root = Values()
        for needed, name, prefixes in self.model.needs(part):
            value = self.value_of(needed)
            if not prefixes:
                root[name] = value
            for prefix in prefixes:
                group = root.setdefault(prefix, {})
                if isinstance(group, dict):
                    group[name] = value
        return root

    def _decide(self, decision: Decision) -> Any:
        root = self._root(decision)
        for name in decision.free:
            # tables drawn without input data elements use the caller's variables directly
            if name in self.inputs:
                root[name] = self.given[name] = adopt(self.inputs[name])
        tables = getattr(self.state, "trace", None)
        before = len(tables.tables) if tables is not None else 0
        value = None
        try:
            value = decision.logic(Frame({}, None, root, self.state)) if decision.logic else None
            if decision.type is ANY:
                return value
            fitted, fits = coerce(value, decision.type, self.state)
            if not fits:
                raise ResultRefused(decision=decision.name, value=shown(value, self.state), expected=str(decision.type))
            value = fitted
            return value
        finally:
            runs = tables.tables[before:] if tables is not None else []
            self.steps.append(self._step(decision, value, runs))

    def _function(self, knowledge: Knowledge) -> FunctionValue:
        evaluation = self
        cached: list[Values] = []

        def run(state: State, arguments: list[Any]) -> Any:
            if knowledge.logic is None:
                state.warn("external function", state.position)
                return None
            if not cached:
                cached.append(evaluation._root(knowledge))
            root = Values(cached[0])
            # it may call itself
            root.setdefault(knowledge.name, evaluation.values.get(knowledge.key))
            root.update(zip((name for name, _ in knowledge.parameters), arguments, strict=True))
            result = knowledge.logic(Frame({}, None, root, state))
            return coerce(result, knowledge.type, state)[0]

        return function_value(knowledge.name, knowledge.parameters, run)

    def _service(self, service: Service) -> FunctionValue:
        parts = [
            self.model.parts[key] for key in (*service.input_data, *service.input_decisions) if key in self.model.parts
        ]
        parameters = [
            (part.variable if isinstance(part, Decision) else part.name, part.type)
            for part in parts
            if isinstance(part, Decision | InputData)
        ]

        def run(state: State, arguments: list[Any]) -> Any:
            values = {part.key: value for part, value in zip(parts, arguments, strict=True)}
            return self.serve(service, values)

        return function_value(service.name, parameters, run)

    def serve(self, service: Service, values: dict[Key, Any]) -> Any:
        """This will make the output decisions of a service from the values of its inputs and input decisions."""
        inner = Evaluation(self.model, {}, self.state, self.strict)
        inner.values.update(values)
        # knowledge does not depend on the inputs of a service
        inner.values.update({key: None for key in service.input_decisions if key not in values})
        results: dict[str, Any] = {}
        for key in service.outputs:
            part = self.model.parts.get(key)
            if isinstance(part, Decision):
                results[part.variable] = inner.value_of(part)
        self.steps += inner.steps
        value = next(iter(results.values())) if len(service.outputs) == 1 and results else results
        return coerce(value, service.type, self.state)[0]

    def _step(self, decision: Decision, value: Any, runs: list[TableRun]) -> dict[str, Any]:
        return {
            "decision": decision.id,
            "name": decision.name,
            "tables": [self._table(run) for run in runs],
            "output": self.write(value),
        }

    def _table(self, run: TableRun) -> dict[str, Any]:
        return {
            "table": run.table,
            "hit_policy": f"{run.hit_policy} {run.aggregation}" if run.aggregation else run.hit_policy,
            "inputs": [
                {"label": label, "value": value if type(value) in _AS_IT_IS else _json(value)}
                for label, value in zip(run.labels, run.values, strict=True)
            ],
            "matched": [
                {
                    "rule": match.number,
                    "id": match.id,
                    "annotations": match.annotations,
                    "outputs": [item if type(item) in _AS_IT_IS else _json(item) for item in match.outputs or []],
                }
                for match in run.matched
            ],
            "output": self.write(run.result),
        }

    def write(self, value: Any) -> Any:
        """This will return a value as the log has it; what a table gives is mostly what its decision gives, and all."""
        if value is not self._written[0]:
            self._written = (value, _json(value))
        return self._written[1]


_MAKERS: Mapping[type[Part], Callable[[Evaluation, Any], Any]] = {
    InputData: Evaluation._input,
    Decision: Evaluation._decide,
    Knowledge: Evaluation._function,
    Service: Evaluation._service,
}


def evaluate(
    model: Model,
    decision: str,
    inputs: Mapping[str, Any],
    environment: Environment,
    strict: bool = True,
) -> Made:
    """This will make a decision, named by id or name, or run a decision service with its inputs by name.

    Raises NoSuchDecision; DecisionFailed naming table, rule and cell; LimitExceeded. With `strict` false what fails
    is null, as the DMN standard has it.
    """
    part = model.find(decision)
    if part is None:
        raise NoSuchDecision(decision=decision, model=model.name)
    state = DecisionState(environment)
    evaluation = Evaluation(model, inputs, state, strict)
    try:
        value = _run(evaluation, part, inputs)
    except RecursionError:
        raise LimitExceeded("depth", environment.limits.depth) from None
    own = evaluation.steps[-1]["tables"] if evaluation.steps else []
    matched = own[-1]["matched"] if own else []
    log = {
        "model": model.name,
        "version": model.version,
        "effective_from": model.effective_from.isoformat() if model.effective_from else None,
        "decision": part.id,
        "name": part.name,
        "inputs": _json(evaluation.given),
        "decisions": evaluation.steps,
        "output": evaluation.write(value),
    }
    return Made(value, log, matched, state.trace.notes)


def _run(evaluation: Evaluation, part: Decision | Service | Knowledge, inputs: Mapping[str, Any]) -> Any:
    if isinstance(part, Decision):
        return evaluation.value_of(part)
    if isinstance(part, Service):
        values: dict[Key, Any] = {}
        for key in (*part.input_decisions, *part.input_data):
            needed = evaluation.model.parts.get(key)
            if isinstance(needed, Decision | InputData):
                name = needed.variable if isinstance(needed, Decision) else needed.name
                value = evaluation.given[name] = adopt(inputs.get(name))
                fitted, fits = coerce(value, needed.type, evaluation.state)
                if not fits and evaluation.strict:
                    raise InputDataRefused(
                        decision=part.name, input=name, value=shown(value, evaluation.state), expected=str(needed.type)
                    )
                values[key] = fitted
        return evaluation.serve(part, values)
    function = evaluation.value_of(part)
    arguments = []
    for name, kind in part.parameters:
        evaluation.given[name] = adopt(inputs.get(name))
        arguments.append(coerce(evaluation.given[name], kind, evaluation.state)[0])
    return function.invoke(evaluation.state, arguments)


def _json(value: Any) -> Any:
    if type(value) in _AS_IT_IS:
        return value
    try:
        return to_json(value)
    except NotJson:
        return _signed(value)


def _signed(value: Any) -> Any:
    """A function has no place in a log: its signature stands for it."""
    if isinstance(value, FunctionValue):
        return f"function({', '.join(value.parameters)})"
    if isinstance(value, dict):
        return {key: _signed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_signed(item) for item in value]
    return to_json(value)


__all__ = ["Evaluation", "Made", "evaluate"]
