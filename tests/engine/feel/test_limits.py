"""Attacks on the limits: each must end soon in LimitExceeded or null, and leave the engine at work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine import feel
from tests.patience import soon

from .conftest import MOMENT

ENVIRONMENT = feel.Environment(MOMENT)
SECONDS = 10.0  # of work; the clock of the limits stops at 2


def chain(first: str, following: str, last: str = "") -> str:
    """A context whose entries each use the one before twice: sizes grow as 2 to the 60."""
    entries = [f"a0: {first}", *(f"a{n}: {following.format(p=f'a{n - 1}')}" for n in range(1, 60))]
    return "{" + ", ".join([*entries, f"last: {last or 'a59'}"]) + "}.last"


REFUSED = {
    "ten thousand brackets": "(" * 10_000 + "1" + ")" * 10_000,
    "ten thousand lists": "[" * 10_000 + "]" * 10_000,
    "ten thousand contexts": "{a:" * 10_000 + "1" + "}" * 10_000,
    "ten thousand signs": "-" * 10_000 + "1",
    "ten thousand functions": "function() " * 9_000 + "1",
    "ten thousand conditions": "if true then " * 7_000 + "1",
    "a chain of sums": "+".join(["1"] * 10_000),
    "a chain of points": "a" + ".b" * 10_000,
    "a chain of filters": "a" + "[1]" * 10_000,
    "nested types": "1 instance of " + "list<" * 5_000 + "number" + ">" * 5_000,
    "a text without end": "1" * 200_000,
    "endless recursion": "{f: function(n) f(n + 1)}.f(1)",
    "recursion through itself": "{f: function(g) g(g)}.f(function(g) g(g))",
    "recursion twice": "{f: function(n) if n > 0 then f(n - 1) + f(n - 1) else 1}.f(50)",
    "loops in loops": "for i in 1..99999 return count(for j in 1..99999 return i * j)",
    "a product of loops": "some i in 1..99999, j in 1..99999 satisfies i = -j",
    "a long range": "for i in 1..999999999999 return i",
    "a long range of days": 'for d in @"0001-01-01"..@"999999999-01-01" return d',
    "a filter on a long range": "[1..999999999999][item > 3]",
    "growing text": chain('"xxxxxxxxxx"', "{p} + {p}"),
    "growing lists": chain("[1, 2]", "concatenate({p}, {p})"),
    "text of shared lists": chain("[1, 2]", "[{p}, {p}]", "string(a59)"),
    "comparing shared lists": chain("[1, 2]", "[{p}, {p}]", "a59 = [a58, a58]"),
    "flattening shared lists": chain("[1, 2]", "[{p}, {p}]", "flatten(a59)"),
    "a path into shared lists": chain("[{x: 1}]", "[{p}, {p}]", "a59.x"),
    "the type of shared lists": chain("[1]", "[{p}, {p}]", "a59 instance of " + "list<" * 60 + "number" + ">" * 60),
    "text by text": 'replace(string join(for i in 1..9999 return "a"), "a", string join(for i in 1..9999 return "a"))',
    "distinct contexts": "distinct values(for i in 1..9999 return {a: i})",
    "many difficult classes": 'for i in 1..9999 return matches("a", "[\\\\w-[" + string(i) + "]]")',
}


@pytest.mark.parametrize("name", REFUSED)
def test_attack_is_refused(name: str) -> None:
    with soon(SECONDS), pytest.raises(feel.LimitExceeded):
        feel.parse(REFUSED[name]).evaluate({}, ENVIRONMENT)
    assert feel.parse("1 + 1").evaluate({}, ENVIRONMENT) == 2


HARMLESS = [
    "10 ** (9 ** 9)",
    "9 ** 9 ** 9 ** 9 ** 9",
    "10 ** 6145",
    "exp(1e10)",
    "decimal(1, 100000000)",
    'duration("P999999999999999999D") + duration("P999999999999999999D")',
    'date("9999-01-01") + @"P99999999999999Y"',
    'matches("aaa", "((a{1000}){1000}){1000}")',
    'number("1e99999")',
    "1e6000 * 1e6000",
    '@"P1D" * 1e6000',
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_out_of_range_is_null_at_once(text: str) -> None:
    with soon(1):
        assert feel.parse(text).evaluate({}, ENVIRONMENT) is None


def test_powers_are_taken_from_left_to_right() -> None:
    assert feel.parse("10**9**9").evaluate({}, ENVIRONMENT) == 10**81


def test_a_catastrophic_regular_expression_takes_linear_time() -> None:
    with soon(SECONDS):
        assert feel.parse('matches(s, "(a*)*(a*)*b$")').evaluate({"s": "a" * 100_000}, ENVIRONMENT) is False


def test_wall_time_is_limited() -> None:
    limits = feel.Limits(steps=10**12, seconds=0.2, list_size=10**9)
    text = "for i in 1..1000 return count(for j in 1..1000 return for k in 1..1000 return k)"
    with soon(SECONDS):
        with pytest.raises(feel.LimitExceeded) as caught:
            feel.parse(text).evaluate({}, feel.Environment(MOMENT, limits=limits))
        assert caught.value.limit == "seconds"
    assert "秒数" in caught.value.text("zh")


def test_case_data_nested_without_end_is_refused() -> None:
    data: list[object] = []
    for _ in range(5_000):
        data = [data]
    with pytest.raises(feel.LimitExceeded):
        feel.parse("x").evaluate({"x": data}, ENVIRONMENT)
    with pytest.raises(feel.LimitExceeded):
        feel.dumps(data)


def test_a_value_shared_beyond_measure_cannot_be_written_as_json() -> None:
    value: object = [1]
    for _ in range(60):
        value = [value, value]
    with pytest.raises(feel.LimitExceeded):
        feel.to_json(value)


def test_an_expression_as_deep_as_allowed_works() -> None:
    assert feel.parse("(" * 79 + "1" + ")" * 79).evaluate({}, ENVIRONMENT) == 1


def test_the_partial_results_of_a_loop_do_not_contain_themselves() -> None:
    result = feel.parse("for i in 1..3 return partial").evaluate({}, ENVIRONMENT)
    assert list(_lengths(result)) == [0, 1, 2]


def _lengths(lists: list[list[object]]) -> Iterator[int]:
    return (len(each) for each in lists)
