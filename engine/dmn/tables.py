"""Decision tables: compiled cells, the seven hit policies, aggregation, defaults, allowed values."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.feel.environment import Frame, State
from engine.feel.types import FeelType, coerce
from engine.feel.values import NUMBERS, equal, order
from engine.feel.writing import text_of

from .errors import AggregationFailed, AnyViolated, InputRefused, OutputRefused, UniqueViolated
from .hits import Column, Tester
from .model import Logic
from .trace import Matched, TableRun, remember

_SINGLE = frozenset(("UNIQUE", "FIRST", "ANY", "PRIORITY"))  # of one rule they give its outputs


@dataclass(slots=True)
class Input:
    """A column of conditions."""

    label: str
    code: Logic
    type: FeelType | None
    allowed: Tester | None
    allowed_text: str = ""


@dataclass(slots=True)
class Output:
    """A column of conclusions; `priorities` are its output values in order."""

    name: str
    type: FeelType | None
    allowed: Tester | None
    allowed_text: str
    priorities: list[Any]
    default: Logic | None


@dataclass(slots=True)
class Rule:
    """A row: only the cells that test something, and the codes of its outputs.

    `known` are the values of its outputs when all of them are constants that are allowed.
    """

    number: int
    id: str | None
    tests: list[tuple[int, Tester]]
    outputs: list[Logic]
    annotations: list[str]
    known: list[Any] | None = None


@dataclass(slots=True)
class Table:
    """A decision table. `hit_policy` and `aggregation` are written as in DMN, e.g. `COLLECT` and `SUM`.

    `columns` tell for each input which rules a value passes (None: all of them) when all cells compare with constants.
    """

    name: str
    id: str | None
    hit_policy: str
    aggregation: str | None
    inputs: list[Input] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    columns: list[Column | None] | None = None
    labels: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def evaluate(self, frame: Frame) -> Any:
        """This will return the table's value. Raises DecisionFailed, LimitExceeded."""
        state = frame.state
        values = [self._input(column, frame) for column in self.inputs]
        rules = self._matching(values, frame)
        matched = [Matched(rule.number, rule.id, rule.annotations, None, rule) for rule in rules]
        state.spend(len(self.rules))
        run = TableRun(self.name, self.hit_policy, self.aggregation, self.labels, values, matched)
        remember(state, run)
        if self.hit_policy == "UNIQUE" and len(matched) > 1:
            raise UniqueViolated(decision=self.name, table=self.name, rules=_numbers(matched))
        for match in matched:
            match.outputs = match.rule.known or [
                self.output(self.outputs[column], code(frame), frame, match.number)
                for column, code in enumerate(match.rule.outputs)
            ]
        run.result = self._result(matched, frame)
        return run.result

    def _matching(self, values: list[Any], frame: Frame) -> list[Rule]:
        """The rules that match, of a table with FIRST the first of them."""
        passed = self._passed(values)
        if passed is None:
            return self._tested(values, frame)
        found = []
        while passed:
            lowest = passed & -passed
            found.append(self.rules[lowest.bit_length() - 1])
            if self.hit_policy == "FIRST":
                break
            passed ^= lowest
        return found

    def _passed(self, values: list[Any]) -> int | None:
        if self.columns is None:
            return None
        passed = (1 << len(self.rules)) - 1
        for column, value in zip(self.columns, values, strict=True):
            if column is not None:
                bits = column.passed(value)
                if bits is None:
                    return None
                passed &= bits
        return passed

    def _tested(self, values: list[Any], frame: Frame) -> list[Rule]:
        frames = [Frame({"?": value}, frame, frame.root, frame.state) for value in values]
        found = []
        for rule in self.rules:
            for index, test in rule.tests:
                if test(values[index], frames[index]) is not True:
                    break
            else:
                found.append(rule)
                if self.hit_policy == "FIRST":
                    break
        return found

    def _input(self, column: Input, frame: Frame) -> Any:
        value = column.code(frame)
        if column.type is not None and value is not None:
            fitted, fits = coerce(value, column.type, frame.state)
            if not fits:
                raise InputRefused(
                    decision=self.name,
                    table=self.name,
                    input=column.label,
                    value=shown(value, frame.state),
                    expected=str(column.type),
                )
            value = fitted
        if column.allowed is not None and not _passes(column.allowed, value, frame):
            raise InputRefused(
                decision=self.name,
                table=self.name,
                input=column.label,
                value=shown(value, frame.state),
                expected=column.allowed_text,
            )
        return value

    def output(self, column: Output, value: Any, frame: Frame, rule: int | str) -> Any:
        """This will fit a value to the type of its column. Raises OutputRefused."""
        fits = True
        fitted = value
        if column.type is not None and value is not None:
            fitted, fits = coerce(value, column.type, frame.state)
        allowed = fits and (
            column.allowed is None or fitted is None or column.allowed(fitted, _with_input(fitted, frame)) is True
        )
        if not allowed:
            raise OutputRefused(
                decision=self.name,
                table=self.name,
                rule=rule,
                output=column.name,
                value=shown(value, frame.state),
                expected=column.allowed_text or str(column.type),
            )
        return fitted

    def _value(self, outputs: list[Any]) -> Any:
        if len(self.outputs) == 1:
            return outputs[0]
        return dict(zip(self.names, outputs, strict=False))

    def _default(self, frame: Frame) -> Any:
        if all(column.default is None for column in self.outputs):
            return [] if self._gives_list() else None
        values = [
            self.output(column, column.default(frame), frame, "default") if column.default else None
            for column in self.outputs
        ]
        return self._value(values)

    def _gives_list(self) -> bool:
        return self.hit_policy in ("RULE ORDER", "OUTPUT ORDER") or (
            self.hit_policy == "COLLECT" and not self.aggregation
        )

    def _result(self, matched: list[Matched], frame: Frame) -> Any:
        if not matched and not (self.hit_policy == "COLLECT" and self.aggregation == "COUNT"):
            return self._default(frame)
        if len(matched) == 1 and self.hit_policy in _SINGLE:
            return self._value(matched[0].outputs or [])
        values = [self._value(match.outputs or []) for match in matched]
        if self.hit_policy == "ANY":
            if any(equal(values[0], value, frame.state) is not True for value in values[1:]):
                raise AnyViolated(decision=self.name, table=self.name, rules=_numbers(matched))
            return values[0]
        if self.hit_policy in ("PRIORITY", "OUTPUT ORDER"):
            ranks = sorted(range(len(matched)), key=lambda index: self._rank(matched[index], frame.state))
            return values[ranks[0]] if self.hit_policy == "PRIORITY" else [values[index] for index in ranks]
        if self.hit_policy == "RULE ORDER":
            return values
        if self.hit_policy == "COLLECT":
            return self._collected(matched, values, frame) if self.aggregation else values
        return values[0]

    def _rank(self, match: Matched, state: State) -> tuple[int, ...]:
        ranks: list[int] = []
        for column, value in zip(self.outputs, match.outputs or [], strict=False):
            if column.priorities:
                places = (place for place, each in enumerate(column.priorities) if equal(each, value, state) is True)
                ranks.append(next(places, len(column.priorities)))
        return tuple(ranks)

    def _collected(self, matched: list[Matched], values: list[Any], frame: Frame) -> Any:
        if self.aggregation == "COUNT":
            return Decimal(len(_distinct(values, frame.state)))
        if len(self.outputs) > 1:
            columns = {
                column.name: [match.outputs[index] for match in matched if match.outputs]
                for index, column in enumerate(self.outputs)
            }
            return {name: self._aggregate(matched, column, frame) for name, column in columns.items()}
        return self._aggregate(matched, values, frame)

    def _aggregate(self, matched: list[Matched], values: list[Any], frame: Frame) -> Any:
        if self.aggregation == "SUM" and all(type(value) is Decimal for value in values):
            total = Decimal(0)
            for value in values:
                total = NUMBERS.add(total, value)
            return total
        if self.aggregation in ("MIN", "MAX") and all(order(value, values[0]) is not None for value in values):
            sign = -1 if self.aggregation == "MIN" else 1
            best = values[0]
            for value in values[1:]:
                best = value if order(value, best) == sign else best
            return best
        raise AggregationFailed(
            decision=self.name,
            table=self.name,
            aggregation=self.aggregation,
            rules=_numbers(matched),
            value=shown(values, frame.state),
        )


def _passes(test: Tester, value: Any, frame: Frame) -> bool:
    if value is None:
        # a missing input matches no allowed value, but rules with `-` may still be meant for it
        return True
    if type(value) is list:
        whole = test(value, _with_input(value, frame)) is True
        return whole or all(test(item, _with_input(item, frame)) is True for item in value)
    return test(value, _with_input(value, frame)) is True


def _with_input(value: Any, frame: Frame) -> Frame:
    return Frame({"?": value}, frame, frame.root, frame.state)


def _distinct(values: list[Any], state: State) -> list[Any]:
    kept: list[Any] = []
    for value in values:
        if not any(equal(value, other, state) is True for other in kept):
            kept.append(value)
    return kept


def _numbers(matched: list[Matched]) -> str:
    return ", ".join(str(match.number) for match in matched)


def shown(value: Any, state: State) -> str:
    """This will write a value for an error message, cut to a readable length."""
    text = text_of(value, state, True)
    return text if len(text) <= 200 else text[:199] + "…"
