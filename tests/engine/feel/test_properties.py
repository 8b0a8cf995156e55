"""What holds for all texts and values, tried with random ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import feel
from engine.feel.expression import BUILTIN_NAMES

from .conftest import MOMENT

ENVIRONMENT = feel.Environment(MOMENT, limits=feel.Limits(steps=20_000))
CONTEXT: dict[str, Any] = {
    "n": 3,
    "x": Decimal("2.5"),
    "s": "消防",
    "b": True,
    "l": [1, "a", None, [2]],
    "c": {"a": 1, "d": {"e": [1, 2]}},
    "day": date(2026, 2, 28),
    "空": None,
}
ATOMS = [
    *CONTEXT,
    "1",
    "0",
    "-2.5",
    "1e6000",
    '"a"',
    '""',
    "null",
    "true",
    "[]",
    "{}",
    "[1, 2, 3]",
    "{a: 1}",
    "[1..5)",
    "(< 3)",
    '@"2026-01-31"',
    '@"08:00:00@Asia/Shanghai"',
    '@"2026-01-31T08:00:00Z"',
    '@"P1D"',
    '@"-P1Y2M"',
    "(function(a) a)",
    "(function(a, b) a < b)",
    "item",
    "?",
    "unknown",
]
OPERATORS = ["+", "-", "*", "/", "**", "<", "<=", ">", ">=", "=", "!=", "and", "or", "in"]


SHAPES: list[Callable[[str, str, str], str]] = [
    lambda a, b, c: f"(if {a} then {b} else {c})",
    lambda a, b, c: f"(for i in {a} return {b})",
    lambda a, b, c: f"(some i in {a} satisfies {b})",
    lambda a, b, c: f"[{a}, {b}]",
    lambda a, b, c: f"{{k: {a}, m: {b}}}",
    lambda a, b, c: f"({a} between {b} and {c})",
    lambda a, b, c: f"({a})[{b}]",
    lambda a, b, c: f"({a}).{b if b.isalpha() else 'a'}",
    lambda a, b, c: f"-({a})",
    lambda a, b, c: f"({a} instance of list<number>)",
]


def random_expression(source: Random, depth: int) -> str:
    """This will write an expression of at most `depth` levels."""
    if depth == 0 or source.random() < 0.15:
        return source.choice(ATOMS)
    parts = [random_expression(source, depth - 1) for _ in range(3)]
    kind = source.random()
    if kind < 0.35:
        return f"{source.choice(sorted(BUILTIN_NAMES))}({', '.join(parts[: source.randrange(4)])})"
    if kind < 0.6:
        return f"({parts[0]} {source.choice(OPERATORS)} {parts[1]})"
    return source.choice(SHAPES)(*parts)


@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_every_expression_has_a_value_or_is_stopped_by_a_limit(seed: int) -> None:
    text = random_expression(Random(seed), 3)
    try:
        result = feel.parse(text).explain(CONTEXT, ENVIRONMENT)
    except feel.LimitExceeded:
        return
    for warning in result.warnings:
        assert warning.line == 1
        assert 1 <= warning.column <= len(text) + 1
        assert warning.text("zh")
        assert warning.text("en")
    assert feel.type_name(result.value) != "Any"


def fault_of(parse: Callable[[str], Any], text: str) -> feel.FeelSyntaxError | None:
    try:
        parse(text)
    except feel.FeelSyntaxError as fault:
        return fault
    except feel.LimitExceeded:
        return None
    return None


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet='ab1?"[](){}<>=!.,:+-*/@隐患（ \n\\and or in for if not', max_size=40))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    for parse in (feel.parse, feel.parse_unary_tests):
        fault = fault_of(parse, text)
        assert fault is None or (fault.line >= 1 and fault.column >= 1 and fault.text("zh"))


@given(number=st.decimals(allow_nan=False, allow_infinity=False))
def test_decimals_survive_json(number: Decimal) -> None:
    assert feel.loads(feel.dumps({"n": number}))["n"] == number


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_a_written_string_is_read_again(text: str) -> None:
    written = feel.parse("string([s])").evaluate({"s": text}, ENVIRONMENT)
    assert feel.parse(written).evaluate({}, ENVIRONMENT) == [text]


@given(start=st.dates(), days=st.integers(-10_000, 10_000))
def test_days_are_counted_as_the_calendar_does(start: date, days: int) -> None:
    try:
        expected = start + timedelta(days=days)
    except OverflowError:
        return
    moved = feel.parse("start + d").evaluate({"start": start, "d": timedelta(days=days)}, ENVIRONMENT)
    assert moved.to_python() == expected
    assert feel.parse("x.weekday").evaluate({"x": expected}, ENVIRONMENT) == expected.isoweekday()
    assert feel.parse("week of year(x)").evaluate({"x": expected}, ENVIRONMENT) == expected.isocalendar().week
    between = feel.parse("b - a").evaluate({"a": start, "b": expected}, ENVIRONMENT)
    assert between.to_python() == timedelta(days=days)


@given(left=st.integers(-(10**15), 10**15), right=st.integers(-(10**15), 10**15))
def test_whole_numbers_are_exact(left: int, right: int) -> None:
    def value(text: str) -> Any:
        return feel.parse(text).evaluate({"a": left, "b": right}, ENVIRONMENT)

    assert value("a + b") == left + right
    assert value("a * b") == left * right
    assert value("a < b") is (left < right)
    assert value("modulo(a, b)") == (left % right if right else None)
