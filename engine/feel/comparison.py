"""Comparison, and/or, between, in, intervals and unary tests."""

from __future__ import annotations

import operator as python
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .compiler import Scope, compile_node, compiles, free_name
from .environment import Code, Frame, State
from .nodes import Between, Comparison, In, Interval, Literal, Logic, Name, Node, Test, Tests
from .temporal import DateTime, Time
from .values import COMPARED, Range, contains, equal, order, type_name

_DIRECT = frozenset((Decimal, str))
_AS_THEY_ARE = frozenset((str, bool))  # what a variable may be without being looked at any closer
_PYTHON: dict[str, Callable[[Any, Any], bool]] = {
    "<": python.lt,
    "<=": python.le,
    ">": python.gt,
    ">=": python.ge,
}


def ordered(operator: str, left: Any, right: Any, state: State, position: int) -> bool | None:
    """This will compare two values of one ordered kind; null and a warning for others."""
    sign = order(left, right)
    if sign is None and type(left) is type(right) and type(left) in (Time, DateTime):
        state.warn("local and zoned", position)
        return None
    if sign is None:
        state.warn("operand types", position, operator=operator, left=type_name(left), right=type_name(right))
        return None
    return _PYTHON[operator](sign, 0)


@compiles(Comparison)
def _comparison(node: Comparison, scope: Scope) -> Code:
    if node.operator in ("=", "!="):
        return _equality(node, scope)
    left, right = compile_node(node.left, scope), compile_node(node.right, scope)
    operator, position = node.operator, node.position
    direct = _PYTHON[operator]
    if isinstance(node.right, Literal) and type(node.right.value) in _DIRECT:
        return _against(left, node.right.value, direct, operator, position)

    def compare(frame: Frame) -> bool | None:
        one, other = left(frame), right(frame)
        kind = type(one)
        if kind is type(other) and kind in _DIRECT:
            return direct(one, other)
        return ordered(operator, one, other, frame.state, position)

    return compare


def _against(left: Code, constant: Any, direct: Callable[[Any, Any], bool], operator: str, position: int) -> Code:
    """Compare with a constant: the common case of gateway conditions, kept short."""
    wanted = type(constant)

    def compare(frame: Frame) -> bool | None:
        one = left(frame)
        if type(one) is wanted:
            return direct(one, constant)
        return ordered(operator, one, constant, frame.state, position)

    return compare


def _equality(node: Comparison, scope: Scope) -> Code:
    left, right = compile_node(node.left, scope), compile_node(node.right, scope)
    position, wanted = node.position, node.operator == "="
    if isinstance(node.right, Literal) and type(node.right.value) in COMPARED:
        name = free_name(node.left, scope)
        same_as = _same_as(left, node.right.value, node)
        return same_as if name is None else _variable_same_as(name, node.right.value, wanted, same_as)

    def compare(frame: Frame) -> bool | None:
        one, other = left(frame), right(frame)
        kind = type(one)
        if kind is type(other) and kind in COMPARED:
            return bool(one == other) is wanted
        same = equal(one, other, frame.state)
        if same is None:
            frame.state.warn(
                "operand types", position, operator=node.operator, left=type_name(one), right=type_name(other)
            )
            return None
        return same is wanted

    return compare


def _same_as(left: Code, constant: Any, node: Comparison) -> Code:
    """Compare with a constant that is equal to nothing of another kind."""
    kind, wanted = type(constant), node.operator == "="

    def compare(frame: Frame) -> bool | None:
        one = left(frame)
        if type(one) is kind:
            return bool(one == constant) is wanted
        if one is None or constant is None:
            return not wanted
        details = {"operator": node.operator, "left": type_name(one), "right": type_name(constant)}
        frame.state.warn("operand types", node.position, **details)
        return None

    return compare


def _variable_same_as(name: str, constant: Any, wanted: bool, others: Code) -> Code:
    """Compare a text or truth of the context at once, and `others` in general: most conditions of a process do that."""
    kind = type(constant)

    def compare(frame: Frame) -> Any:
        value = frame.root.get(name)
        if type(value) in _AS_THEY_ARE and (type(value) is kind or constant is None):
            return (value == constant) is wanted
        return others(frame)

    return compare


@compiles(Logic)
def _logic(node: Logic, scope: Scope) -> Code:
    codes = [(compile_node(operand, scope), operand.position) for operand in node.operands]
    deciding = node.operator == "or"

    def decide(frame: Frame) -> bool | None:
        unknown = False
        for code, position in codes:
            value = code(frame)
            if value is deciding:
                return bool(value)
            if value is None:
                unknown = True
            elif type(value) is not bool:
                unknown = True
                frame.state.warn("not boolean", position, type=type_name(value))
        return None if unknown else not deciding

    return decide


@compiles(Between)
def _between(node: Between, scope: Scope) -> Code:
    value, low, high = (compile_node(part, scope) for part in (node.value, node.low, node.high))
    position = node.position

    def compare(frame: Frame) -> bool | None:
        middle = value(frame)
        above = ordered(">=", middle, low(frame), frame.state, position)
        below = ordered("<=", middle, high(frame), frame.state, position)
        if above is None or below is None:
            return None
        return above and below

    return compare


@compiles(Interval)
def _interval(node: Interval, scope: Scope) -> Code:
    start, end = compile_node(node.start, scope), compile_node(node.end, scope)
    has_start, has_end = not _is_null(node.start), not _is_null(node.end)
    start_included, end_included, position = node.start_included, node.end_included, node.position
    if isinstance(node.start, Literal) and isinstance(node.end, Literal):
        fixed = Range(node.start.value, node.end.value, start_included, end_included)
        return lambda frame: fixed

    def build(frame: Frame) -> Range | None:
        low, high = start(frame), end(frame)
        missing = (has_start and low is None) or (has_end and high is None)
        if missing or (low is not None and high is not None and order(low, high) is None):
            frame.state.warn("range ends", position, left=type_name(low), right=type_name(high))
            return None
        return Range(low, high, start_included, end_included)

    return build


def _is_null(node: Node) -> bool:
    return isinstance(node, Literal) and node.value is None


def half_range(operator: str, value: Any) -> Range:
    """This will return the range that `< value` and the like stand for (DMN 1.5, 10.3.2.7)."""
    if operator in ("=", "!="):
        return Range(value, value, operator == "=", operator == "=", operator)
    if operator[0] == "<":
        return Range(None, value, False, operator == "<=", operator)
    return Range(value, None, operator == ">=", False, operator)


@compiles(Test)
def _half_range(node: Test, scope: Scope) -> Code:
    code = compile_node(node.operand, scope)
    return lambda frame: half_range(node.operator, code(frame))


Tester = Callable[[Any, Frame], bool | None]


def tester(node: Node, scope: Scope) -> Tester:
    """This will return a closure that tests an input value against one unary test."""
    if isinstance(node, Test):
        return _comparator(node, scope)
    if isinstance(node, Literal) and type(node.value) in _DIRECT:
        return _literal_test(node.value, node.position)
    code = compile_node(node, scope)
    if _mentions_input(node):
        return lambda value, frame: _own_answer(code(frame), value, frame.state, node.position)

    def test(value: Any, frame: Frame) -> bool | None:
        return matches(value, code(frame), frame.state, node.position)

    return test


def _own_answer(answer: Any, value: Any, state: State, position: int) -> bool | None:
    return answer if type(answer) is bool or answer is None else matches(value, answer, state, position)


def _comparator(node: Test, scope: Scope) -> Tester:
    operator, position = node.operator, node.position
    code = compile_node(node.operand, scope)
    if operator in ("=", "!="):

        def same(value: Any, frame: Frame) -> bool | None:
            result = equal(value, code(frame), frame.state)
            return None if result is None else result is (operator == "=")

        return same
    direct = _PYTHON[operator]

    def compare(value: Any, frame: Frame) -> bool | None:
        bound = code(frame)
        kind = type(value)
        if kind is type(bound) and kind in _DIRECT:
            return direct(value, bound)
        return ordered(operator, value, bound, frame.state, position)

    return compare


def _literal_test(wanted: Any, position: int) -> Tester:
    kind = type(wanted)

    def test(value: Any, frame: Frame) -> bool | None:
        if type(value) is kind:
            return bool(value == wanted)
        return matches(value, wanted, frame.state, position)

    return test


def matches(value: Any, wanted: Any, state: State, position: int) -> bool | None:
    """This will test an input value against the value of a test: a range, a list of tests, true, or an equal value."""
    kind = type(wanted)
    if kind is Range:
        return contains(wanted, value, state) if type(value) is not Range else equal(value, wanted, state)
    if kind is list:
        return _in_list(value, wanted, state, position)
    if wanted is True and type(value) is not bool:
        return True
    same = equal(value, wanted, state)
    if same is None and type(value) is list:
        return any(equal(item, wanted, state) is True for item in value)
    if same is None and kind is not bool:
        state.warn("operand types", position, operator="in", left=type_name(value), right=type_name(wanted))
    return same


def _in_list(value: Any, wanted: list[Any], state: State, position: int) -> bool | None:
    if type(value) is list and equal(value, wanted, state) is True:
        return True
    return any(_is_in_item(value, item, state, position) for item in wanted)


def _is_in_item(value: Any, item: Any, state: State, position: int) -> bool:
    state.tick()
    if type(item) is Range and type(value) is not Range:
        return contains(item, value, state) is True
    return equal(value, item, state) is True


def _mentions_input(node: Any) -> bool:
    if isinstance(node, Name):
        return node.name == "?"
    if isinstance(node, list | tuple):
        return any(_mentions_input(item) for item in node)
    slots = [name for kind in type(node).__mro__ for name in getattr(kind, "__slots__", ())]
    return isinstance(node, Node) and any(_mentions_input(getattr(node, name)) for name in slots)


@compiles(In)
def _in(node: In, scope: Scope) -> Code:
    code = compile_node(node.value, scope)
    testers = [tester(test, scope) for test in node.tests]

    def find(frame: Frame) -> bool | None:
        value = code(frame)
        unknown = False
        for test in testers:
            result = test(value, frame)
            if result is True:
                return True
            unknown = unknown or result is None
        return None if unknown else False

    return find


def compile_tests(node: Tests, scope: Scope) -> Tester | None:
    """This will return a closure for the tests of a cell, or None if any value passes."""
    if not node.tests:
        return None
    testers = [tester(test, scope) for test in node.tests]
    if len(testers) == 1 and not node.negated:
        return testers[0]

    def test(value: Any, frame: Frame) -> bool | None:
        unknown = False
        for each in testers:
            result = each(value, frame)
            if result is True:
                return not node.negated
            unknown = unknown or result is None
        return None if unknown else node.negated

    return test
