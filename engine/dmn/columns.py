"""Decision tables from XML."""

from __future__ import annotations

from typing import Any

from engine.errors import Fault
from engine.feel.environment import Frame
from engine.feel.errors import FeelSyntaxError, LimitExceeded
from engine.feel.grammar import parse_tests
from engine.feel.nodes import Literal

from .boxed import Reader, boxed
from .model import Logic
from .tables import Input, Output, Rule, Table, Tester
from .xmltree import Element, child, children, line_of, text_of, type_ref

HIT_POLICIES = frozenset(("UNIQUE", "FIRST", "PRIORITY", "ANY", "COLLECT", "RULE ORDER", "OUTPUT ORDER"))
AGGREGATIONS = frozenset(("SUM", "MIN", "MAX", "COUNT"))


@boxed("decisionTable")
def _decision_table(element: Element, reader: Reader) -> Logic:
    return read_table(element, reader).evaluate


def read_table(element: Element, reader: Reader) -> Table:
    """This will compile a decision table; what is wrong becomes faults of the reader."""
    policy = element.get("hitPolicy", "UNIQUE")
    aggregation = element.get("aggregation")
    if policy not in HIT_POLICIES or (aggregation and aggregation not in AGGREGATIONS):
        reason = f"未知的命中策略 {policy} {aggregation or ''}".strip()
        reader.faults.append(Fault(reason, element.get("id"), reader.owner, line_of(element), "hit-policy"))
    table = Table(reader.owner, element.get("id"), policy, aggregation)
    table.inputs = [_input(each, reader) for each in children(element, "input")]
    table.outputs = [_output(each, reader, index) for index, each in enumerate(children(element, "output"), 1)]
    for number, row in enumerate(children(element, "rule"), 1):
        table.rules.append(_rule(row, number, table, reader))
    return table


def _input(element: Element, reader: Reader) -> Input:
    expression = child(element, "inputExpression")
    text = text_of(expression)
    label = element.get("label") or text
    code: Logic = reader.expression(expression, text) if expression is not None and text else _null
    allowed = child(element, "inputValues")
    ref = type_ref(expression)
    return Input(
        label,
        code,
        reader.types.resolve(ref) if ref else None,
        _tester(allowed, reader),
        text_of(allowed),
    )


def _null(frame: Frame) -> None:
    return None


def _tester(element: Element | None, reader: Reader) -> Tester | None:
    text = text_of(element)
    if element is None or not text:
        return None
    tests = reader.tests(element, text)
    return tests.code if tests is not None else None


def _output(element: Element, reader: Reader, number: int) -> Output:
    values = child(element, "outputValues")
    name = element.get("name") or element.get("label") or f"output{number}"
    default = child(element, "defaultOutputEntry")
    default_text = text_of(default)
    ref = type_ref(element)
    return Output(
        name,
        reader.types.resolve(ref) if ref else None,
        _tester(values, reader),
        text_of(values),
        _priorities(values, reader),
        reader.expression(default, default_text) if default is not None and default_text else None,
    )


def _priorities(element: Element | None, reader: Reader) -> list[Any]:
    """The output values in order, as far as they are constants."""
    text = text_of(element)
    if element is None or not text:
        return []
    return constants(text, reader)


def constants(text: str, reader: Reader) -> list[Any]:
    """This will return the constants of a list of tests like `"A","B"`; ranges have no place in an order."""
    try:
        tests = parse_tests(text, reader.vocabulary).tests
    except (FeelSyntaxError, LimitExceeded):
        return []
    return [test.value for test in tests if isinstance(test, Literal)]


def _rule(element: Element, number: int, table: Table, reader: Reader) -> Rule:
    tests: list[tuple[int, Tester]] = []
    cells = list(children(element, "inputEntry"))
    if len(cells) != len(table.inputs):
        _miscounted(element, number, table, reader, len(cells), len(table.inputs))
    for index, cell in enumerate(cells[: len(table.inputs)]):
        text = text_of(cell)
        if not text or text == "-":
            continue
        compiled = reader.tests(cell, text)
        if compiled is None:
            tests.append((index, _never))
        elif compiled.code is not None:
            tests.append((index, compiled.code))
    outputs = list(children(element, "outputEntry"))
    if len(outputs) != len(table.outputs):
        _miscounted(element, number, table, reader, len(outputs), len(table.outputs))
    codes = [_entry(cell, reader) for cell in outputs[: len(table.outputs)]]
    annotations = [text_of(each) for each in children(element, "annotationEntry")]
    description = child(element, "description")
    if description is not None and description.text:
        annotations.append(description.text.strip())
    return Rule(number, element.get("id"), tests, codes, [each for each in annotations if each])


def _entry(cell: Element, reader: Reader) -> Logic:
    text = text_of(cell)
    return reader.expression(cell, text) if text and text != "-" else _null


def _never(value: Any, frame: Frame) -> bool:
    return False


def _miscounted(element: Element, number: int, table: Table, reader: Reader, found: int, expected: int) -> None:
    reason = f"决策表“{table.name}”规则 {number} 有 {found} 个单元格，应为 {expected} 个"
    reader.faults.append(Fault(reason, element.get("id"), table.name, line_of(element), "cells"))
