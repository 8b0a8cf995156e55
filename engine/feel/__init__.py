"""FEEL of DMN 1.5: expressions and unary tests, compiled to closures, with limits, warnings and exact decimals."""

from __future__ import annotations

from .durations import DayTimeDuration, YearMonthDuration
from .environment import DEFAULT_LIMITS, Environment, Limits
from .errors import FeelSyntaxError, LimitExceeded, Warning
from .expression import (
    Expression,
    Result,
    UnaryTests,
    evaluate_text,
    literal_or_expression,
    parse,
    parse_unary_tests,
)
from .hosting import to_python
from .temporal import Date, DateTime, Time, parse_date, parse_date_time, parse_time
from .values import FunctionValue, Range, adopt, type_name
from .writing import NotJson, dumps, encode, loads, to_json

__all__ = [
    "DEFAULT_LIMITS",
    "Date",
    "DateTime",
    "DayTimeDuration",
    "Environment",
    "Expression",
    "FeelSyntaxError",
    "FunctionValue",
    "LimitExceeded",
    "Limits",
    "NotJson",
    "Range",
    "Result",
    "Time",
    "UnaryTests",
    "Warning",
    "YearMonthDuration",
    "adopt",
    "dumps",
    "encode",
    "evaluate_text",
    "literal_or_expression",
    "loads",
    "parse",
    "parse_date",
    "parse_date_time",
    "parse_time",
    "parse_unary_tests",
    "to_json",
    "to_python",
    "type_name",
]
