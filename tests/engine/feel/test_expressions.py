"""What expressions are worth."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine import feel

from .conftest import Evaluate

CASES: list[tuple[str, Any]] = [
    ("1 + 2 * 3", 7),
    ("(1 + 2) * 3", 9),
    ("2 ** 3 ** 2", 64),
    ("-2 ** 2", 4),
    ("10 - 2 - 3", 5),
    ("0.1 + 0.2", Decimal("0.3")),
    ("1 / 3", Decimal("0.3333333333333333333333333333333333")),
    ("1.5e3", 1500),
    ("1 / 0", None),
    ('"隐" + "患"', "隐患"),
    ('1 + "1"', None),
    ('"a" < "b"', True),
    ("1 < 2 and 2 < 3", True),
    ("false and null", False),
    ("true and null", None),
    ("true or null", True),
    ("false or null", None),
    ('1 = "1"', None),
    ("null = null", True),
    ("1 = null", False),
    ("[1, 2] = [1, 2]", True),
    ("{a: 1} = {a: 2}", False),
    ("if 1 > 0 then 1 else 2", 1),
    ("if null then 1 else 2", 2),
    ("5 between 1 and 5", True),
    ("5 in (1..5)", False),
    ("5 in [1..5]", True),
    ("5 in ]1..5[", False),
    ("5 in (< 3, >= 5)", True),
    ("5 in [1, 5]", True),
    ('"a" in ("b", "a")', True),
    ("[1, 2, 3][2]", 2),
    ("[1, 2, 3][-1]", 3),
    ("[1, 2, 3][9]", None),
    ("[1, 2, 3][item > 1]", [2, 3]),
    ("[{n: 1}, {n: 2}][n > 1].n", [2]),
    ("[{n: 1}, {n: 2}].n", [1, 2]),
    ("5[1]", 5),
    ("{a: 1, b: a + 1}.b", 2),
    ('{"名 称": 1}.名 称', 1),
    ("for i in 1..3 return i * i", [1, 4, 9]),
    ("for i in 3..1 return i", [3, 2, 1]),
    ("for i in [1, 2], j in [3, 4] return i * j", [3, 4, 6, 8]),
    ('for d in @"2026-12-30"..@"2027-01-01" return day of week(d)', ["Wednesday", "Thursday", "Friday"]),
    ("for i in 1..5 return if i = 1 then 1 else i * partial[-1]", [1, 2, 6, 24, 120]),
    ("some i in [1, 2] satisfies i > 1", True),
    ("every i in [1, 2] satisfies i > 1", False),
    ("some i in [1, null] satisfies i > 1", None),
    ("(function(a, b) a - b)(b: 1, a: 3)", 2),
    ("{加: function(x) function(y) x + y, 和: 加(1)(2)}.和", 3),
    ("{f: function(n) if n <= 1 then 1 else n * f(n - 1)}.f(5)", 120),
    ("(function(n: number) n) instance of function<number> -> Any", True),
    ("1 instance of number", True),
    ("[1, 2] instance of list<number>", True),
    ('[1, "a"] instance of list<number>', False),
    ("{a: 1} instance of context<a: number>", True),
    ("[1..2] instance of range<number>", True),
    ('@"P1D" instance of days and time duration', True),
    ("null instance of Any", False),
    ("(< 5).end", 5),
    ("[1..5).end included", False),
    ("1 // a comment\n + 1 /* another */", 2),
    ('"\\u9690\\U0060A3"', "隐患"),
    ("get or else(null, 3)", 3),
    ("is defined(x)", False),
    ("not(true)", False),
    ('number("1,234.5", ",", ".")', Decimal("1234.5")),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text for text, _ in CASES])
def test_value_of(text: str, expected: Any, value: Evaluate) -> None:
    assert value(text) == expected


def test_a_path_into_case_data_with_chinese_names(value: Evaluate) -> None:
    case = {"隐患": {"等级": "重大", "照片": [{"名": "a.jpg"}, {"名": "b.jpg"}]}}
    assert value('隐患.等级 = "重大"', **case) is True
    assert value("隐患.照片.名", **case) == ["a.jpg", "b.jpg"]


def test_case_data_keeps_its_types_as_json_gave_them(value: Evaluate) -> None:
    assert value("n + 0.1", n=0.2) == Decimal("0.3")
    assert value("n + 0.1", n=2) == Decimal("2.1")
    assert value("b and true", b=True) is True
    assert value("sum(l)", l=[1, 2.5, Decimal("0.25")]) == Decimal("3.75")


def test_true_is_not_one(value: Evaluate) -> None:
    assert value("b = 1", b=True) is None
    assert value("1 in l", l=[True]) is False


def test_decimals_survive_json_exactly() -> None:
    text = '{"金额":12345678901234567890.123456789,"n":3,"空":null,"组":[0.1,true]}'
    assert feel.dumps(feel.loads(text)) == text


def test_functions_cannot_be_kept_in_case_data(environment: feel.Environment) -> None:
    with pytest.raises(feel.NotJson):
        feel.dumps(feel.parse("{f: function() 1}").evaluate({}, environment))


def test_dates_are_kept_as_iso_text(value: Evaluate) -> None:
    assert value('[@"2026-01-31", @"PT36H", @"P14M", @"2026-01-31T08:00:00+08:00", @"08:00:00"]') == [
        "2026-01-31",
        "P1DT12H",
        "P1Y2M",
        "2026-01-31T08:00:00+08:00",
        "08:00:00",
    ]


def test_only_text_that_begins_with_an_equals_sign_is_an_expression() -> None:
    assert feel.literal_or_expression("1 + 1") == "1 + 1"
    assert feel.literal_or_expression("=") == "="
    expression = feel.literal_or_expression("\n  = 1 + 1 ")
    assert isinstance(expression, feel.Expression)
    assert expression.text == "1 + 1"


def test_the_same_text_is_compiled_once() -> None:
    assert feel.parse("1 + 41") is feel.parse("1 + 41")


def test_an_expression_tells_what_it_needs_from_outside() -> None:
    expression = feel.parse("workdays between(检查.日期, 期限) > n and some x in 名单 satisfies x.分 > 线")
    assert expression.names == {"检查", "期限", "n", "名单", "线"}
    assert expression.paths == {"检查.日期", "期限", "n", "名单", "线"}
    assert expression.functions == {"workdays between"}
    assert feel.parse("名单[分 > 3]").names == {"名单"}
    assert feel.parse("名单[分 > 3]").maybe_names == {"分"}
    assert feel.parse("{a: 1, b: a}").names == frozenset()


def test_nothing_of_python_can_be_reached(value: Evaluate) -> None:
    class Secret:
        password = "x"

    for text in ('"".__class__', "x.password", "x.__dict__", "now.__globals__", "(function() 1).invoke", "l.append"):
        assert value(text, x=Secret(), l=[1]) in (None, [None])


@pytest.mark.parametrize(
    ("tests", "given", "expected"),
    [
        ("-", 5, True),
        ("< 5", 3, True),
        ("[1..3], 7", 7, True),
        ("not(1, 2)", 3, True),
        ("not(1, 2)", 2, False),
        ('"消防", "电气"', "电气", True),
        ("? > 3 and ? < 9", 5, True),
        ("list contains(?, 2)", [1, 2], True),
        ("null", None, True),
        ("< 5", "a", None),
        ("上限", 5, True),
        ("> 上限", 6, True),
        ('date("2026-01-01")', None, False),
    ],
)
def test_unary_tests(tests: str, given: Any, expected: Any, environment: feel.Environment) -> None:
    assert feel.parse_unary_tests(tests).matches(given, {"上限": 5}, environment) is expected


SHORT_CUTS = ['"a"', '"b"', "true", "false", "null", "1", "0.5", '@"2026-11-22"', '@"P1D"', "[1]"]
GIVEN: list[Any] = ["a", "", True, False, None, 1, 1.0, Decimal("0.5"), Decimal("NaN"), [1], {"a": 1}]
GIVEN += [date(2026, 11, 22), timedelta(days=1)]


@pytest.mark.parametrize("operator", ["=", "!=", "<", ">="])
@pytest.mark.parametrize("constant", SHORT_CUTS)
def test_a_variable_and_a_constant_are_compared_as_any_two_values(
    operator: str, constant: str, environment: feel.Environment
) -> None:
    short = feel.parse(f"x {operator} {constant}")
    general = feel.parse(f"{{ y: x, z: {constant}, r: y {operator} z }}.r")
    for given in GIVEN:
        one, other = (each.explain({"x": given}, environment) for each in (short, general))
        assert one.value is other.value
        assert [told.message_key for told in one.warnings] == [told.message_key for told in other.warnings]
    unknown = short.explain({}, environment)
    assert "unknown variable" in [told.message_key for told in unknown.warnings]


def test_what_case_data_hold_and_feel_cannot_count_with_is_null(environment: feel.Environment) -> None:
    for text in ("-x", "x * 10 ** 100", "abs(-x)"):
        found = feel.parse(text).explain({"x": Decimal("9e6200")}, environment)
        assert found.value is None
        assert "number out of range" in [told.message_key for told in found.warnings]
