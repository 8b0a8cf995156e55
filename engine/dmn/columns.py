"""Decision tables from XML."""

from __future__ import annotations

from typing import Any

from engine.errors import Fault
from engine.feel.environment import Frame
from engine.feel.errors import FeelSyntaxError, LimitExceeded
from engine.feel.grammar import parse_expression, parse_tests
from engine.feel.nodes import Literal

from .boxed import Reader, boxed
from .errors import OutputRefused
from .hits import Cells, Column, Tester, constants, read_column, scratch
from .model import Logic
from .tables import Input, Output, Rule, Table
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
    table.labels = [column.label for column in table.inputs]
    table.names = [column.name for column in table.outputs]
    rows = list(children(element, "rule"))
    for number, row in enumerate(rows, 1):
        table.rules.append(_rule(row, number, table, reader))
    _find_constants(rows, table, reader)
    return table


def _find_constants(rows: list[Element], table: Table, reader: Reader) -> None:
    """What the cells of a table say by themselves is found out once."""
    columns = []
    for index in range(len(table.inputs)):
        cells = [(place, test) for place, rule in enumerate(table.rules) for at, test in rule.tests if at == index]
        column, is_known = _column(index, cells, rows, reader)
        if not is_known:
            break
        columns.append(column)
    else:
        table.columns = columns
    steady = [
        not output.allowed_text or _compared([output.allowed_text], reader) is not None for output in table.outputs
    ]
    if all(steady):
        for row, rule in zip(rows, table.rules, strict=True):
            rule.known = _known(row, rule, table, reader)


def _column(index: int, cells: Cells, rows: list[Element], reader: Reader) -> tuple[Column | None, bool]:
    """Which rules a value of a column passes, None for all; and whether that can be told."""
    if not cells:
        return None, True
    entries = [list(children(row, "inputEntry")) for row in rows]
    compared = _compared([text_of(entry[index]) for entry in entries if index < len(entry)], reader)
    column = read_column(cells, compared, len(rows)) if compared is not None else None
    return column, column is not None


def _compared(texts: list[str], reader: Reader) -> list[Any] | None:
    """The constants that all of the tests compare with, or None."""
    found: list[Any] = []
    for text in {text for text in texts if text}:
        try:
            values = constants(parse_tests(text, reader.vocabulary))
        except (FeelSyntaxError, LimitExceeded):
            return None
        if values is None:
            return None
        found += values
    return found


def _known(row: Element, rule: Rule, table: Table, reader: Reader) -> list[Any] | None:
    """The outputs of a rule, if they are constants that are allowed."""
    cells = list(children(row, "outputEntry"))
    if len(cells) != len(table.outputs):
        return None
    state = scratch()
    frame = Frame({}, None, {}, state)
    values = []
    for column, cell in zip(table.outputs, cells, strict=True):
        text = text_of(cell)
        try:
            node = parse_expression(text, reader.vocabulary) if text and text != "-" else Literal(0, None)
            if not isinstance(node, Literal):
                return None
            values.append(table.output(column, node.value, frame, rule.number))
        except (FeelSyntaxError, LimitExceeded, OutputRefused):
            return None  # it is told when the rule matches
    return None if state.warnings else values


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
    return _literals(text, reader)


def _literals(text: str, reader: Reader) -> list[Any]:
    """The constants of a list of tests like `"A","B"`; ranges have no place in an order."""
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
