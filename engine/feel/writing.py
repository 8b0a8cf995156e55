"""FEEL values as text and as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from engine.errors import Invalid

from .durations import DayTimeDuration, YearMonthDuration
from .environment import Environment, State
from .errors import LimitExceeded
from .temporal import Date, DateTime, Time
from .values import FunctionValue, Range, adopt, number_text, type_name

_ISO = (Date, Time, DateTime, DayTimeDuration, YearMonthDuration)
_QUOTED = {Date, Time, DateTime, DayTimeDuration, YearMonthDuration}
_PLAIN = frozenset({str, int, bool, type(None)})  # what JSON keeps as it is
MAX_JSON_NODES = 1_000_000
_WRITER = msgspec.json.Encoder(decimal_format="number")
_READER = msgspec.json.Decoder(float_hook=Decimal)


class NotJson(Invalid):
    """A {type} cannot be kept in case data."""


def text_of(value: Any, state: State, quoted: bool = False) -> str:
    """This will write a value as FEEL's string() does; inside lists and contexts strings are quoted."""
    state.tick()
    kind = type(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if quoted else value
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is Decimal:
        return number_text(value)
    if kind in _QUOTED:
        return str(value)
    if kind is FunctionValue:
        return f"function {value.name}({', '.join(value.parameters)})"
    state.enter()
    try:
        text = _collection_text(value, state)
    finally:
        state.leave()
    state.check_text(len(text))
    return text


def _collection_text(value: Any, state: State) -> str:
    if type(value) is Range:
        return range_text(value, state)
    if type(value) is list:
        return "[" + ", ".join(text_of(item, state, True) for item in value) + "]"
    if type(value) is dict:
        return "{" + ", ".join(f"{_key(key)}: {text_of(item, state, True)}" for key, item in value.items()) + "}"
    return str(type_name(value))


def range_text(value: Range, state: State) -> str:
    """This will write a range as it is written in FEEL."""
    start, end = text_of(value.start, state, True), text_of(value.end, state, True)
    if value.operator:
        return f"({value.operator}{end if value.start is None else start})"
    return f"{'[' if value.start_included else '('}{start}..{end}{']' if value.end_included else ')'}"


def _key(key: str) -> str:
    plain = bool(key) and not any(character in '{}[]()":,\\' for character in key)
    return key if plain else '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def to_json(value: Any) -> Any:
    """This will return what JSON can keep: whole numbers as int, others as Decimal, dates and durations as ISO text.

    Raises NotJson for functions and infinite numbers, LimitExceeded for values nested or repeated beyond measure.
    """
    return value if type(value) in _PLAIN else _to_json(value, [MAX_JSON_NODES], 0)


def _to_json(value: Any, left: list[int], depth: int) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is Decimal:
        if not value.is_finite():
            raise NotJson(type="number")
        return int(value) if value == value.to_integral_value() and value.adjusted() < 40 else value
    left[0] -= 1
    if left[0] < 0:
        raise LimitExceeded("list size", MAX_JSON_NODES)
    if depth > 200:
        raise LimitExceeded("depth", 200)
    if kind is list:
        left[0] -= len(value)
        return [item if type(item) in _PLAIN else _to_json(item, left, depth + 1) for item in value]
    if kind is dict:
        return {key: item if type(item) in _PLAIN else _to_json(item, left, depth + 1) for key, item in value.items()}
    if kind in _ISO:
        return str(value)
    if kind is Range:
        from_now = State(Environment(datetime(1970, 1, 1, tzinfo=UTC)))
        return range_text(value, from_now)
    if kind is FunctionValue or callable(value):
        raise NotJson(type="function")
    return _to_json(adopt(value), left, depth + 1)


def dumps(data: Any) -> str:
    """This will write data as JSON; decimals keep every digit. Raises NotJson for functions."""
    return _WRITER.encode(to_json(data)).decode()


def encode(data: Any) -> str:
    """This will write what is JSON already: made by `to_json`, read by `loads`, or names and numbers beside it.

    Nothing is looked at twice: a value of another kind would be written as no `loads` reads it (the tests watch that).
    """
    return _WRITER.encode(data).decode()


def loads(text: str | bytes) -> Any:
    """This will read JSON; numbers with a point or exponent become Decimal. Raises ValueError."""
    return _READER.decode(text)
