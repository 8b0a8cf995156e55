"""What is found out about a column's cells when the table is read agrees with the cells themselves."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.dmn.hits import constants, read_column, scratch
from engine.feel.cursor import Vocabulary
from engine.feel.environment import Frame
from engine.feel.expression import UnaryTests
from engine.feel.grammar import parse_tests

TEXTS = ['"甲"', '"甲", "乙"', 'not("甲")', '!= "丙"', '""', "null", "-"]
NUMBERS = ["0", "-3", "> 2.5", "<= 2.5", "[0..10]", "(0..10)", "not(5, > 10)", "1E6144", "< 0.1, 7"]
VALUES: list[Any] = [
    *("甲", "乙", "丙", "", "丁", "\0", True, False, None, [], ["甲"], {"a": 1}),
    *map(
        Decimal, ("-4", "-3", "-1", "0", "0.05", "0.1", "2.5", "2.500", "2.51", "5", "7", "10", "10.0", "1E6144", "1E7")
    ),
]


def cells(texts: list[str]) -> tuple[list[tuple[int, Any]], list[Any]]:
    compared: list[Any] = []
    for text in texts:
        found = constants(parse_tests(text, Vocabulary()))
        assert found is not None
        compared += found
    tests = [(index, UnaryTests(text).code) for index, text in enumerate(texts)]
    return [(index, code) for index, code in tests if code is not None], compared


@pytest.mark.parametrize(
    ("texts", "known"),
    [(TEXTS, 7), (NUMBERS, 15), (["true", "false", "-"], 24), ([*TEXTS, *NUMBERS], 0)],
    ids=["texts", "numbers", "truth", "mixed"],
)
def test_a_value_passes_the_rules_whose_cells_say_so(texts: list[str], known: int) -> None:
    tests, compared = cells(texts)
    column = read_column(tests, compared, len(texts))
    assert column is not None
    tried = 0
    for value in VALUES:
        state = scratch()
        frame = Frame({"?": value}, None, {}, state)
        failed = {index for index, test in tests if test(value, frame) is not True}
        passed = column.passed(value)
        if passed is None:
            assert state.warnings or type(value) in (list, dict)
        else:
            tried += 1
            assert {index for index in range(len(texts)) if not passed >> index & 1} == failed, value
    assert tried == known  # of the others designers are warned each time, or they are no single values


@pytest.mark.parametrize("text", ["? > 3", "x", "> x", '> "甲"', '@"2026-01-01"', "[1, 2]", "today()", "[x..3]"])
def test_cells_that_look_around_are_asked_each_time(text: str) -> None:
    assert constants(parse_tests(text, Vocabulary())) is None


def test_a_column_of_too_many_cells_is_asked_each_time() -> None:
    tests, compared = cells([str(number) for number in range(400)])
    assert read_column(tests, compared, 400) is None
    tests, compared = cells([str(number) for number in range(300)])
    assert read_column(tests, compared, 300) is not None
