"""The tables of + - * / ** (DMN 1.5, tables 57 to 59): one small function for each pair of kinds."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any

from .compiler import Scope, compile_node, compiles
from .durations import DAY, DayTimeDuration, YearMonthDuration
from .environment import Code, Frame, State
from .nodes import Arithmetic, Negation
from .temporal import Date, DateTime, Time, add_duration
from .values import NUMBERS, left_is_local, type_name

_MAX_MONTHS = 12_000_000_000
_MAX_NANOS = 400 * 1_000_000_000 * DAY
_Operation = Callable[[Any, Any], Any]


def _days(nanos: int) -> DayTimeDuration | None:
    return DayTimeDuration(nanos) if abs(nanos) <= _MAX_NANOS else None


def _months(months: int) -> YearMonthDuration | None:
    return YearMonthDuration(months) if abs(months) <= _MAX_MONTHS else None


def _scaled(count: int, factor: Decimal) -> int:
    return int((NUMBERS.multiply(Decimal(count), factor)).to_integral_value(rounding=ROUND_DOWN))


def _divided(count: int, divisor: Decimal) -> int:
    return int(NUMBERS.divide(Decimal(count), divisor).to_integral_value(rounding=ROUND_DOWN))


def _between_moments(left: Date | DateTime, right: Date | DateTime) -> DayTimeDuration | None:
    if isinstance(left, Date) and isinstance(right, Date):
        return DayTimeDuration((left.days - right.days) * DAY)
    one, other = _moment(left), _moment(right)
    if left_is_local(one) != left_is_local(other):
        return None
    return DayTimeDuration(one.instant() - other.instant())


def _moment(value: Date | DateTime) -> DateTime:
    return DateTime(value, Time(0, 0)) if isinstance(value, Date) else value


def _between_times(left: Time, right: Time) -> DayTimeDuration | None:
    if left.is_local != right.is_local:
        return None
    return DayTimeDuration(left.instant() - right.instant())


def _quotient(left: int, right: int) -> Decimal:
    return NUMBERS.divide(Decimal(left), Decimal(right))


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    return NUMBERS.power(base, exponent) if exponent else Decimal(1)


def _plus(left: Any, right: Any) -> Any:
    return add_duration(left, right, 1)


def _swapped(left: Any, right: Any) -> Any:
    return add_duration(right, left, 1)


def _minus(left: Any, right: Any) -> Any:
    return add_duration(left, right, -1)


OPERATIONS: dict[str, dict[tuple[type, type], _Operation]] = {
    "+": {
        (Decimal, Decimal): NUMBERS.add,
        (DayTimeDuration, DayTimeDuration): lambda a, b: _days(a.nanos + b.nanos),
        (YearMonthDuration, YearMonthDuration): lambda a, b: _months(a.months + b.months),
        (Time, DayTimeDuration): _plus,
        (DayTimeDuration, Time): _swapped,
        **{(kind, length): _plus for kind in (Date, DateTime) for length in (DayTimeDuration, YearMonthDuration)},
        **{(length, kind): _swapped for kind in (Date, DateTime) for length in (DayTimeDuration, YearMonthDuration)},
    },
    "-": {
        (Decimal, Decimal): NUMBERS.subtract,
        (DayTimeDuration, DayTimeDuration): lambda a, b: _days(a.nanos - b.nanos),
        (YearMonthDuration, YearMonthDuration): lambda a, b: _months(a.months - b.months),
        (Time, DayTimeDuration): _minus,
        (Time, Time): _between_times,
        **{(kind, length): _minus for kind in (Date, DateTime) for length in (DayTimeDuration, YearMonthDuration)},
        **{(one, other): _between_moments for one in (Date, DateTime) for other in (Date, DateTime)},
    },
    "*": {
        (Decimal, Decimal): NUMBERS.multiply,
        (DayTimeDuration, Decimal): lambda a, b: _days(_scaled(a.nanos, b)),
        (Decimal, DayTimeDuration): lambda a, b: _days(_scaled(b.nanos, a)),
        (YearMonthDuration, Decimal): lambda a, b: _months(_scaled(a.months, b)),
        (Decimal, YearMonthDuration): lambda a, b: _months(_scaled(b.months, a)),
    },
    "/": {
        (Decimal, Decimal): NUMBERS.divide,
        (DayTimeDuration, Decimal): lambda a, b: _days(_divided(a.nanos, b)),
        (YearMonthDuration, Decimal): lambda a, b: _months(_divided(a.months, b)),
        (DayTimeDuration, DayTimeDuration): lambda a, b: _quotient(a.nanos, b.nanos),
        (YearMonthDuration, YearMonthDuration): lambda a, b: _quotient(a.months, b.months),
    },
    "**": {(Decimal, Decimal): _power},
}


@compiles(Arithmetic)
def _arithmetic(node: Arithmetic, scope: Scope) -> Code:
    left, right = compile_node(node.left, scope), compile_node(node.right, scope)
    operator, position = node.operator, node.position
    table = OPERATIONS[operator]
    number = table[(Decimal, Decimal)]

    def calculate(frame: Frame) -> Any:
        one, other = left(frame), right(frame)
        kind = type(one)
        try:
            if kind is Decimal and type(other) is Decimal:
                return number(one, other)
            operation = table.get((kind, type(other)))
            if operation is not None:
                result = operation(one, other)
                if result is None:
                    zones = operator == "-" and type(other) in (Date, DateTime, Time)
                    frame.state.warn("local and zoned" if zones else "number out of range", position)
                return result
        except (DivisionByZero, InvalidOperation, Overflow) as problem:
            return _failed(frame.state, position, operator, other, problem)
        if kind is str and type(other) is str and operator == "+":
            frame.state.check_text(len(one) + len(other))
            return one + other
        frame.state.warn("operand types", position, operator=operator, left=type_name(one), right=type_name(other))
        return None

    return calculate


def _failed(state: State, position: int, operator: str, divisor: Any, problem: ArithmeticError) -> None:
    by_zero = operator == "/" and not isinstance(problem, Overflow)
    state.warn("division by zero" if by_zero else "number out of range", position)


@compiles(Negation)
def _negation(node: Negation, scope: Scope) -> Code:
    code, position = compile_node(node.operand, scope), node.position

    def negate(frame: Frame) -> Any:
        value = code(frame)
        kind = type(value)
        if kind is Decimal:
            try:
                return NUMBERS.minus(value)
            except Overflow:  # case data may hold more than FEEL counts with
                frame.state.warn("number out of range", position)
                return None
        if kind is DayTimeDuration:
            return DayTimeDuration(-value.nanos)
        if kind is YearMonthDuration:
            return YearMonthDuration(-value.months)
        frame.state.warn("operand type", position, operator="-", type=type_name(value))
        return None

    return negate
