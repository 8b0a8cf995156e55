"""The values of FEEL: which Python values stand for them, when they are equal, how they are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from typing import Any

import msgspec

from .durations import NANOS, DayTimeDuration, YearMonthDuration
from .environment import State
from .errors import LimitExceeded
from .temporal import Date, DateTime, Time, date_time_of, from_python

# IEEE 754 decimal128, as DMN 1.5 10.3.2.3.1 asks for
NUMBERS = Context(
    prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144, traps=[InvalidOperation, DivisionByZero, Overflow]
)
ZERO, ONE = Decimal(0), Decimal(1)
MAX_EXPONENT = 6144
MAX_BITS = 20_000  # a whole number of about 6000 digits
MAX_DEPTH = 200  # nested lists and contexts in case data


class Range(msgspec.Struct, frozen=True):
    """The values between two ends; an end of None is unbounded where the range was written with < or >.

    `operator` is that of a range written like `(< 10)` or `(!= 10)`, else empty.
    """

    start: Any
    end: Any
    start_included: bool
    end_included: bool
    operator: str = ""


class FunctionValue(msgspec.Struct, frozen=True, eq=False):
    """A function that FEEL can call; `invoke(state, arguments)` has positional arguments, `parameters` name them."""

    name: str
    parameters: tuple[str, ...]
    invoke: Callable[[State, list[Any]], Any]
    types: tuple[Any, ...] = ()
    result_type: Any = None
    is_flexible: bool = False  # checks the number of its arguments itself


_PLAIN: frozenset[type] = frozenset(
    (str, bool, type(None), Date, Time, DateTime, DayTimeDuration, YearMonthDuration, Range, FunctionValue)
)

_MOMENTS = (date, time, timedelta)

TYPE_OF: dict[type, str] = {
    Decimal: "number",
    str: "string",
    bool: "boolean",
    type(None): "Null",
    Date: "date",
    Time: "time",
    DateTime: "date and time",
    DayTimeDuration: "days and time duration",
    YearMonthDuration: "years and months duration",
    list: "list",
    dict: "context",
    Range: "range",
    FunctionValue: "function",
}


def type_name(value: Any) -> str:
    """This will return the FEEL name of the type of a value."""
    return TYPE_OF.get(type(value)) or ("function" if callable(value) else "Any")


def adopt(value: Any, depth: int = 0) -> Any:
    """This will return the FEEL value of what a caller put into the context; what is none becomes null."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is Decimal:
        return value if value.is_finite() and abs(value.adjusted()) <= MAX_EXPONENT else None
    if kind is int:
        return Decimal(value) if value.bit_length() <= MAX_BITS else None
    if kind is float:
        number = Decimal(repr(value))
        return number if number.is_finite() else None
    if kind is dict or kind is list:
        return _adopt_collection(value, depth)
    if kind is datetime:
        return date_time_of(value)
    return _adopt_other(value, depth)


def _adopt_collection(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise LimitExceeded("depth", MAX_DEPTH)
    depth += 1
    if type(value) is dict:
        return {
            key if type(key) is str else str(key): item if type(item) in _PLAIN else adopt(item, depth)
            for key, item in value.items()
        }
    return [item if type(item) in _PLAIN else adopt(item, depth) for item in value]


def _adopt_other(value: Any, depth: int) -> Any:
    if isinstance(value, _MOMENTS):
        return from_python(value)
    if isinstance(value, Decimal | bool):
        return value
    if isinstance(value, int):
        return adopt(int(value))
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return _adopt_collection(dict(value), depth)
    if isinstance(value, tuple | set | frozenset | list):
        return _adopt_collection(list(value), depth)
    return None


def equal(left: Any, right: Any, state: State) -> bool | None:
    """This will compare by the rules of DMN 1.5 table 53: null where the kinds differ, deep in lists and contexts."""
    kind = type(left)
    if kind is not type(right):
        return False if left is None or right is None else None
    if kind in COMPARED:
        return bool(left == right)
    if kind is list:
        return _equal_lists(left, right, state)
    if kind is dict:
        return _equal_contexts(left, right, state)
    if kind is DateTime or kind is Time:
        if left == right:
            return True
        if left_is_local(left) != left_is_local(right):
            return False
        # equal to the second, as the DMN TCK has it; `is` and `<` look at fractions too
        return bool(left.instant() // NANOS == right.instant() // NANOS)
    if kind is Range:
        return (
            left.start_included == right.start_included
            and left.end_included == right.end_included
            and left.operator == right.operator
            and equal(left.start, right.start, state) is True
            and equal(left.end, right.end, state) is True
        )
    return bool(left == right)


def left_is_local(value: Time | DateTime) -> bool:
    """This will be true for a time or date-time without offset and zone."""
    return (value.time if isinstance(value, DateTime) else value).is_local


def _equal_lists(left: list[Any], right: list[Any], state: State) -> bool | None:
    if len(left) != len(right):
        return False
    state.enter()
    try:
        for one, other in zip(left, right, strict=True):
            state.tick()
            if equal(one, other, state) is not True:
                return False
        return True
    finally:
        state.leave()


def _equal_contexts(left: dict[str, Any], right: dict[str, Any], state: State) -> bool | None:
    if left.keys() != right.keys():
        return False
    state.enter()
    try:
        for key, one in left.items():
            state.tick()
            if equal(one, right[key], state) is not True:
                return False
        return True
    finally:
        state.leave()


def order(left: Any, right: Any) -> int | None:
    """This will return -1, 0 or 1 for two values of one ordered kind, or None where FEEL has no order."""
    kind = type(left)
    if kind is not type(right):
        return None
    if kind not in ORDERED:
        if kind is not DateTime and kind is not Time:
            return None
        if left_is_local(left) != left_is_local(right):
            return None
        left, right = left.instant(), right.instant()
    return -1 if left < right else 1 if left > right else 0


ORDERED: frozenset[type] = frozenset((Decimal, str, Date, DayTimeDuration, YearMonthDuration))
COMPARED = ORDERED | {bool, type(None)}  # two of one of these kinds are equal to FEEL when they are to Python


def contains(span: Range, value: Any, state: State) -> bool | None:
    """This will say whether a value lies in a range; null if it cannot be compared with the ends."""
    if span.operator in ("=", "!="):
        same = equal(value, span.start, state)
        return same if span.operator == "=" or same is None else not same
    if value is None:
        return None
    if not span.operator and (span.start is None or span.end is None):
        return None
    if span.start is not None:
        low = order(span.start, value)
        if low is None:
            return None
        if low > 0 or (low == 0 and not span.start_included):
            return False
    if span.end is not None:
        high = order(value, span.end)
        if high is None:
            return None
        if high > 0 or (high == 0 and not span.end_included):
            return False
    return True


def number_text(value: Decimal) -> str:
    """This will write a number without exponent and without needless zeros."""
    if value == value.to_integral_value():
        text = f"{value:f}"
        return text.partition(".")[0] if not value.is_zero() else "0"
    return f"{value:f}".rstrip("0").rstrip(".")
