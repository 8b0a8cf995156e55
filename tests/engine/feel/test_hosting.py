"""The clock and the functions that the host brings."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from engine import feel

from .conftest import MOMENT


def workdays_between(start: date, end: date) -> int:
    return (end - start).days


def workdays(from_: date, n: Decimal, half_days: bool = False) -> date:
    return from_ + timedelta(days=int(n) * (2 if half_days else 1))


def broken(a: Any) -> Any:
    raise ValueError("no calendar")


def echo(value: Any) -> Any:
    return value


HOST = feel.Environment(
    MOMENT,
    {"workdays between": workdays_between, "workdays": workdays, "broken": broken, "echo": echo, "取值": echo},
)


def value(text: str, **context: Any) -> Any:
    return feel.to_json(feel.parse(text).evaluate(context, HOST))


def test_today_is_the_day_in_shanghai() -> None:
    assert value("today()") == "2026-11-22"
    elsewhere = feel.Environment(MOMENT, zone="UTC")
    assert feel.to_json(feel.parse("today()").evaluate({}, elsewhere)) == "2026-11-21"
    assert feel.to_json(feel.parse("now()").evaluate({}, elsewhere)) == "2026-11-21T16:30:00Z"


def test_a_host_function_may_have_a_keyword_in_its_name() -> None:
    assert value('workdays between(@"2026-11-01", @"2026-11-08")') == 7
    assert value('workdays between(@"2026-11-01", today()) > 20 and 5 between 1 and 9') is True


def test_a_host_function_may_be_called_with_names() -> None:
    assert value('workdays(from: @"2026-11-01", n: 3)') == "2026-11-04"
    assert value('workdays(n: 3, from: @"2026-11-01", half days: true)') == "2026-11-07"
    assert value('workdays(@"2026-11-01", 3)') == "2026-11-04"
    assert value("取值(5)") == 5


def test_a_host_function_sees_python_values() -> None:
    seen: list[Any] = []
    environment = feel.Environment(MOMENT, {"see": lambda a: seen.append(a)})
    text = 'see([1.5, "a", @"2026-01-02", @"08:00:00", @"P1D", @"2026-01-02T08:00:00+08:00", {k: null}])'
    feel.parse(text).evaluate({}, environment)
    assert seen == [
        [
            Decimal("1.5"),
            "a",
            date(2026, 1, 2),
            time(8),
            timedelta(days=1),
            datetime.fromisoformat("2026-01-02T08:00:00+08:00"),
            {"k": None},
        ]
    ]


def test_what_a_host_function_returns_is_a_feel_value() -> None:
    assert value("echo(1) + 1") == 2
    assert value('echo(@"2026-01-02").year') == 2026
    assert value('echo(@"2026-01-02T08:00:00").hour') == 8


def test_a_host_function_that_fails_warns() -> None:
    result = feel.evaluate_text("1 + broken(2)", {}, HOST)
    assert result.value is None
    assert "函数 broken 执行失败：no calendar" in [each.text("zh") for each in result.warnings]


def test_wrong_arguments_of_a_host_function_warn() -> None:
    assert [each.message_key for each in feel.evaluate_text("workdays(1)", {}, HOST).warnings] == ["arguments"]
    assert [each.message_key for each in feel.evaluate_text("workdays(x: 1)", {}, HOST).warnings] == ["arguments"]


def test_python_dates_in_the_context_are_feel_dates() -> None:
    assert value('d + @"P1D" > @"2026-01-01"', d=date(2026, 1, 1)) is True
    assert value("t.hour", t=datetime(2026, 1, 1, 9)) == 9
    assert value("x.days", x=timedelta(hours=30)) == 1


def test_expressions_are_shared_between_threads() -> None:
    expression = feel.parse("count(for i in 1..200 return i * n)[1] + n")
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: expression.evaluate({"n": n}, HOST), range(200)))
    assert results == [200 + n for n in range(200)]
