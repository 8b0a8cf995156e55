"""What people are told: syntax errors, warnings, each with a place, in Chinese and English."""

from __future__ import annotations

import string
from typing import Any

import pytest

from engine import feel
from engine.errors import Invalid
from engine.feel.errors import EXPECTATIONS, WARNINGS


@pytest.mark.parametrize(
    ("text", "line", "column", "found", "expected"),
    [
        ("1 +", 1, 4, "the end of the text", "an expression"),
        ("金额 >\n  and 1", 2, 3, '"and"', "a name"),
        ("a == 1", 1, 4, '"="', "an expression"),
        ("(1, 2", 1, 3, '","', '")"'),
        ("foo bar(1", 1, 10, "the end of the text", '")"'),
        ("if a then b", 1, 12, "the end of the text", '"else"'),
        ('"abc', 1, 5, "the end of the text", "a closing quotation mark"),
        ("1 ; 2", 1, 3, '";"', "a FEEL symbol"),
        ("[1..2", 1, 6, "the end of the text", "], ) or ["),
        ("1 2", 1, 3, '"2"', "the end of the expression"),
        ("@date", 1, 2, '"date"', "a date, time or duration in quotation marks"),
        ("1e999999", 1, 1, '"1e999999"', "a number of at most 6144 digits"),
        ("金额 ＞ 1000", 1, 4, '"＞"', "the half-width form"),
        ("sum(1，2)", 1, 6, '"，"', "the half-width form"),
        ("“重大”", 1, 1, '"“"', "the half-width form"),
        ("/* open", 1, 8, "the end of the text", "the end of the comment */"),
    ],
)
def test_a_syntax_error_tells_place_found_and_expected(
    text: str, line: int, column: int, found: str, expected: str
) -> None:
    with pytest.raises(feel.FeelSyntaxError) as caught:
        feel.parse(text)
    error = caught.value
    assert isinstance(error, Invalid)
    assert (error.line, error.column, error.found, error.expected) == (line, column, found, expected)
    assert error.text("zh").startswith(f"第 {line} 行第 {column} 列：遇到")
    assert error.text("en") == str(error)


def notes(text: str, environment: feel.Environment, **context: Any) -> list[tuple[str, int, int]]:
    result = feel.parse(text).explain(context, environment)
    return [(each.message_key, each.line, each.column) for each in result.warnings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("金额 > 1", [("unknown variable", 1, 1), ("operand types", 1, 4)]),
        ("1 +\n a", [("unknown variable", 2, 2), ("operand types", 1, 3)]),
        ('1 < "a"', [("operand types", 1, 3)]),
        ("case.b", [("unknown property", 1, 5)]),
        ("foo(1)", [("unknown function", 1, 1)]),
        ("upper case(1)", [("argument type", 1, 1)]),
        ("count()", [("arguments", 1, 1)]),
        ("sqrt(-1)", [("function failed", 1, 1)]),
        ("1 / 0", [("division by zero", 1, 3)]),
        ("10 ** 9999", [("number out of range", 1, 4)]),
        ("if 1 then 2 else 3", [("not boolean", 1, 4)]),
        ('true and "x"', [("not boolean", 1, 10)]),
        ('@"2026-02-30"', [("invalid literal", 1, 1)]),
        ("[1][2]", [("index", 1, 4)]),
        ('for i in 1.."a" return i', [("iteration", 1, 10)]),
        ("{a: 1, a: 2}", [("duplicate key", 1, 1)]),
        ('[1.."b"] = 1 or true', [("operand types", 1, 10)]),
        ('[case.a.."b"]', [("range ends", 1, 1)]),
        ("5(1)", [("not a function", 1, 2)]),
        ('-"x"', [("operand type", 1, 1)]),
        ("{f: function() external {java: {}}}.f()", [("external function", 1, 38)]),
        ("case.a + 1", []),
    ],
)
def test_warnings_have_a_place(text: str, expected: list[tuple[str, int, int]], environment: feel.Environment) -> None:
    assert notes(text, environment, case={"a": 1}) == expected


def test_warnings_are_on_a_channel_of_their_own(environment: feel.Environment) -> None:
    result = feel.evaluate_text("金额 > 1", {}, environment)
    assert result.value is None
    assert [each.text("zh") for each in result.warnings] == ["没有变量“金额”。", "“>”不能用于空值与数字之间。"]
    assert [each.text("en") for each in result.warnings] == [
        "There is no variable “金额”.",
        "“>” cannot be used between Null and number.",
    ]


def test_every_message_has_both_languages_with_the_same_details() -> None:
    for english, chinese in WARNINGS.values():
        fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (english, chinese)]
        assert fields[0] == fields[1]
    assert all(english and chinese for english, chinese in EXPECTATIONS.values())
