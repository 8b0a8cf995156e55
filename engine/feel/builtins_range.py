"""Relations between points and ranges (DMN 1.5, table 78), and the function range."""

from __future__ import annotations

from typing import Any

from .compiler import Scope, compile_node
from .cursor import Vocabulary
from .environment import Frame, State
from .errors import FeelSyntaxError, LimitExceeded
from .grammar import parse_expression
from .nodes import Call, Interval, Literal, Name, Node
from .registry import NoResult, builtin
from .values import Range, order

_BOTH = "range1: range, range2: range"
_POINT_FIRST = "point: any, range: range"
_RANGE_FIRST = "range: range, point: any"


def _compare(left: Any, right: Any) -> int:
    way = order(left, right)
    if way is None:
        raise NoResult
    return way


def _before_end(point: Any, span: Range) -> bool:
    """The point lies left of all of the range."""
    way = _compare(point, span.start)
    return way < 0 or (way == 0 and not span.start_included)


def _after_end(point: Any, span: Range) -> bool:
    way = _compare(point, span.end)
    return way > 0 or (way == 0 and not span.end_included)


def _inside(point: Any, span: Range) -> bool:
    return not _before_end(point, span) and not _after_end(point, span)


def _starts_first(one: Range, other: Range) -> int:
    """-1 if `one` starts before `other`, 0 if together."""
    way = _compare(one.start, other.start)
    return way or (int(other.start_included) - int(one.start_included) and (-1 if one.start_included else 1))


def _ends_last(one: Range, other: Range) -> int:
    """1 if `one` ends after `other`, 0 if together."""
    way = _compare(one.end, other.end)
    return way or int(one.end_included) - int(other.end_included)


@builtin("before", _BOTH, _POINT_FIRST, _RANGE_FIRST, "point1: any, point2: any")
def _before(one: Any, other: Any) -> bool:
    if isinstance(one, Range) and isinstance(other, Range):
        way = _compare(one.end, other.start)
        return way < 0 or (way == 0 and not (one.end_included and other.start_included))
    if isinstance(other, Range):
        return _before_end(one, other)
    return _after_end(other, one) if isinstance(one, Range) else _compare(one, other) < 0


@builtin("after", _BOTH, _POINT_FIRST, _RANGE_FIRST, "point1: any, point2: any")
def _after(one: Any, other: Any) -> bool:
    return _before(other, one)


@builtin("meets", _BOTH)
def _meets(one: Range, other: Range) -> bool:
    return one.end_included and other.start_included and _compare(one.end, other.start) == 0


@builtin("met by", _BOTH)
def _met_by(one: Range, other: Range) -> bool:
    return _meets(other, one)


@builtin("overlaps", _BOTH)
def _overlaps(one: Range, other: Range) -> bool:
    return not _before(one, other) and not _before(other, one)


@builtin("overlaps before", _BOTH)
def _overlaps_before(one: Range, other: Range) -> bool:
    return _starts_first(one, other) < 0 and _ends_last(one, other) <= 0 and not _before(one, other)


@builtin("overlaps after", _BOTH)
def _overlaps_after(one: Range, other: Range) -> bool:
    return _overlaps_before(other, one)


@builtin("finishes", _POINT_FIRST, _BOTH)
def _finishes(one: Any, span: Range) -> bool:
    if isinstance(one, Range):
        return _ends_last(one, span) == 0 and _starts_first(one, span) >= 0
    return span.end_included and _compare(one, span.end) == 0


@builtin("finished by", _RANGE_FIRST, _BOTH)
def _finished_by(span: Range, one: Any) -> bool:
    return _finishes(one, span)


@builtin("includes", _RANGE_FIRST, _BOTH)
def _includes(span: Range, one: Any) -> bool:
    if isinstance(one, Range):
        return _starts_first(span, one) <= 0 and _ends_last(span, one) >= 0
    return _inside(one, span)


@builtin("during", _POINT_FIRST, _BOTH)
def _during(one: Any, span: Range) -> bool:
    return _includes(span, one)


@builtin("starts", _POINT_FIRST, _BOTH)
def _starts(one: Any, span: Range) -> bool:
    if isinstance(one, Range):
        return _starts_first(one, span) == 0 and _ends_last(one, span) <= 0
    return span.start_included and _compare(one, span.start) == 0


@builtin("started by", _RANGE_FIRST, _BOTH)
def _started_by(span: Range, one: Any) -> bool:
    return _starts(one, span)


@builtin("coincides", "point1: any, point2: any", _BOTH)
def _coincides(one: Any, other: Any) -> bool:
    if isinstance(one, Range) and isinstance(other, Range):
        return _starts_first(one, other) == 0 and _ends_last(one, other) == 0
    return _compare(one, other) == 0


# a constant end may be written as a call of one of these on a literal text
_CONSTANT_CALLS = frozenset(("date", "time", "date and time", "duration"))


@builtin("range", "from: string", state=True)
def _range(state: State, text: str) -> Range | None:
    """Read a range with two constant ends that stand in order."""
    if len(text) > 1000:
        return None
    try:
        node = parse_expression(text, Vocabulary())
    except (FeelSyntaxError, LimitExceeded):
        return None
    if not isinstance(node, Interval) or not (_is_constant(node.start) and _is_constant(node.end)):
        return None
    span = compile_node(node, Scope())(Frame({}, None, {}, state))
    return span if isinstance(span, Range) and order(span.start, span.end) in (-1, 0) else None


def _is_constant(node: Node) -> bool:
    if isinstance(node, Literal):
        return node.value is not None
    return (
        isinstance(node, Call)
        and isinstance(node.function, Name)
        and node.function.name in _CONSTANT_CALLS
        and all(isinstance(argument, Literal) for argument in node.arguments)
    )
