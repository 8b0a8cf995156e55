"""JUEL is parsed, and FEEL says the same."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import feel
from engine.bpmn import juel, translation
from engine.bpmn.coercion import Setting
from engine.errors import BihuanError, Invalid

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def value(text: str, /, **data: Any) -> Any:
    written = translation.translate(text)
    assert written.startswith("=")
    return feel.to_json(feel.parse(written[1:]).evaluate(data, feel.Environment(now=NOW)))


@pytest.mark.parametrize(
    ("text", "data", "expected"),
    [
        ("${a == 'x' && !b}", {"a": "x", "b": False}, True),
        ("${a eq 1 or b ne 2}", {"a": 1, "b": 2}, True),
        ("${not done}", {"done": None}, True),
        ("${!(a > 3)}", {"a": 5}, False),
        ("${a ge 3 and a le 5}", {"a": 4}, True),
        ("${a lt b ? 'less' : a gt b ? 'more' : 'same'}", {"a": 2, "b": 2}, "same"),
        ("${(a + 2) * 3 - 4 / 2}", {"a": 1}, 7),
        ("${7 % 4} ", {}, 3),
        ("${7 mod 4 div 3}", {}, 1),
        ("${-a}", {"a": 2}, -2),
        ("${'a' + 1}", {}, "a1"),
        ("#{list[0].name}", {"list": [{"name": "first"}]}, "first"),
        ("${list[i]}", {"list": [7, 8, 9], "i": 1}, 8),
        ("${map['a key']}", {"map": {"a key": 5}}, 5),
        ("${empty list}", {"list": []}, True),
        ("${empty text}", {"text": "x"}, False),
        ("${empty gone}", {"gone": None}, True),
        ("${execution.getVariable('v') == null}", {"v": None}, True),
        ("${name.equals('bob')}", {"name": "bob"}, True),
        ("${name.toLowerCase().startsWith('b')}", {"name": "Bob"}, True),
        ("${name.substring(1, 3)}", {"name": "abcd"}, "bc"),
        ("${list.size() > 1}", {"list": [1, 2]}, True),
        ("${list.contains(2)}", {"list": [1, 2]}, True),
        ("${text.contains('b')}", {"text": "abc"}, True),
        ("${var:getOrDefault(x, 3)}", {"x": None}, 3),
        ("${variables:lowerThan('x', 3)}", {"x": 2}, True),
        ("${loopCounter}", {"loopCounter": 1}, 0),
        ("Hi ${name}, ${count + 1} left!", {"name": "Ann", "count": 1}, "Hi Ann, 2 left!"),
        ("${隐患.数量 > 2}", {"隐患": {"数量": 3}}, True),
        ("${'it\\'s \"so\"'}", {}, 'it\'s "so"'),
        ("${a.equals('x') == true}", {"a": "x"}, True),
        ("${a.equals(b) && !c.equals(d)}", {"a": 1, "b": 1, "c": 2, "d": 3}, True),
        ("${a.concat('x').equals('yx')}", {"a": "y"}, True),
        ("${!execution.hasVariable('x')}", {"x": 1}, False),
        ("${execution.getVariable('a').b > 1}", {"a": {"b": 2}}, True),
        ("${!variables:eq(x, 1) || var:lte('x', 0)}", {"x": 1}, False),
        ("${var:containsAny(list, 3, 4)}", {"list": [1, 4]}, True),
        ("${map[key]}", {"map": {"a": 1}, "key": "a"}, 1),
        ("${map.get(key)}", {"map": {"a": 1}, "key": "a"}, 1),
        ("${list.get(0)}", {"list": [7]}, 7),
        ("${a.b['c'].d}", {"a": {"b": {"c": {"d": 5}}}}, 5),
        ("${'1' + 1}", {}, 2),
        ("${a += 'x' += 1 + 1}", {"a": None}, "x2"),
        ("\\${a} costs $${a}", {"a": 5}, "${a} costs $5"),
        ("${1. + .5 + 1e3}", {}, 1001.5),
        ("${count + 1}", {"count": None}, 1),
        ("${-gone}", {"gone": None}, 0),
        ("${(a ? b : null) * 2}", {"a": False, "b": 1}, 0),
        ("${a > 3}", {"a": None}, False),
        ("${a && b}", {"a": None, "b": True}, False),
        ("${!(a > 3) && !(a && b)}", {"a": None, "b": True}, True),
        ("${'10' > 9}", {}, True),
        ("${a.split(',')[1].trim()}", {"a": "x, y"}, "y"),
        ("${a.replace('.', '$')}", {"a": "1.5"}, "1$5"),
        ("${a.indexOf('c') > 0 ? a.indexOf('c') : -1}", {"a": "abc"}, 2),
        ("${list.indexOf(9)}", {"list": [7, 8]}, -1),
        ("${code.matches('[A-Z]+')}", {"code": "AB1"}, False),
        ("${a.compareTo(b) < 0}", {"a": 1, "b": 2}, True),
        ("${fn:length(text) + fn:length(list)}", {"text": "abc", "list": [1]}, 4),
        ("${fn:contains(fn:toLowerCase(text), 'b')}", {"text": "ABC"}, True),
        ("${dateTimeService.now() == now()}", {}, True),
        (
            "${S(order).prop('lines').elements().get(0).prop('n').numberValue() > 3}",
            {"order": {"lines": [{"n": 4}]}},
            True,
        ),
        ("${order.prop('kind').stringValue()}", {"order": {"kind": "a"}}, "a"),
        ("${order.hasProp('kind') && !order.hasProp('n')}", {"order": {"kind": "a"}}, True),
        ("${JSON(order).jsonPath('$.lines[1].n').numberValue()}", {"order": {"lines": [{"n": 4}, {"n": 5}]}}, 5),
        ("${decisionResult.getSingleEntry() == 'high'}", {"decisionResult": ["high"]}, True),
        ("${decisionResult.getSingleEntry()}", {"decisionResult": "high"}, "high"),
        ("Case ${number}: ${order.sum}", {"number": None, "order": {}}, "Case : "),
    ],
)
def test_feel_gives_what_juel_means(text: str, data: dict[str, Any], expected: Any) -> None:
    assert value(text, **data) == expected


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("${flowUtil.toList('a,b')}", '=flowUtil_toList("a,b")'),
        ("${orders.getOrder(id).approved}", "=orders_getOrder(id).approved"),
        ("${!oaUtil.isOut(who)}", "=oaUtil_isOut(who) != true"),
        ("${country.isHighRisk() == true}", "=country.highRisk = true"),
        ("${leave.getDays() == 3}", "=leave.days = 3"),
        ("${userService.get(id)}", "=userService_get(id)"),
        ("${listUtil.contains(all, one)}", "=listUtil_contains(all, one)"),
        ("${execution.getVariable(which)}", "=get value(case data(), which)"),
        ("${initiator}", "=initiator.login"),
        ("${passed == 'true'}", '=string(passed) = "true"'),
    ],
)
def test_what_beans_answer_is_asked_of_functions_and_what_data_say_is_read(text: str, written: str) -> None:
    assert translation.translate(text) == written


def test_a_bean_that_is_given_the_execution_sees_its_element_and_all_variables() -> None:
    written = translation.translate("${staff.getUsers(execution, 2)}", Setting("approve"))
    assert written == '=staff_getUsers({element: "approve", variables: case data()}, 2)'
    asked: list[Any] = []
    environment = feel.Environment(now=NOW, functions={"staff_getUsers": lambda execution, n: asked.append(execution)})
    feel.parse(written[1:]).evaluate({"days": 2}, environment)
    assert feel.to_json(asked) == [{"element": "approve", "variables": {"days": 2}}]


def test_an_expression_knows_its_element() -> None:
    for text in ("${execution.currentActivityId}", "${task.getTaskDefinitionKey()}", "${task.taskDefinitionKey}"):
        assert translation.translate(text, Setting("approve")) == '="approve"'


@pytest.mark.parametrize(
    ("text", "kinds", "data", "expected"),
    [
        ("${days == 3}", {"days": "text"}, {"days": "3"}, True),
        ("${days > 3}", {"days": "text"}, {"days": "12"}, True),
        ("${passed == true}", {"passed": "text"}, {"passed": "true"}, True),
        ("${!passed}", {"passed": "text"}, {"passed": "false"}, True),
        ("${passed && days < '4'}", {"passed": "text", "days": "number"}, {"passed": "true", "days": 3}, True),
        ("${passed}", {"passed": "text"}, {"passed": "true"}, True),
        ("${passed == 'true'}", {"passed": "boolean"}, {"passed": True}, True),
        ("${passed == 'false'}", {}, {"passed": False}, True),
    ],
)
def test_values_of_other_kinds_are_compared_as_juel_compares_them(
    text: str, kinds: dict[str, str], data: dict[str, Any], expected: bool
) -> None:
    written = translation.translate(text, Setting("x", kinds), is_condition=True)
    assert feel.parse(written[1:]).evaluate(data, feel.Environment(now=NOW)) is expected


def test_counters_of_multi_instance_get_their_new_names() -> None:
    assert translation.translate("${nrOfCompletedInstances/nrOfInstances >= 0.5}") == (
        "=(numberOfCompletedInstances / numberOfInstances) >= 0.5"
    )


@pytest.mark.parametrize(
    "text",
    [
        "${list[0].method(a)}",
        "${execution.id}",
        "${date:format(x)}",
        "${x.stream().count()}",
        "${for > 1}",
        "${task.name}",
        "${sum(a)}",
        "${a[1.5]}",
        "${authenticatedUserId}",
    ],
)
def test_what_needs_the_old_engine_is_not_guessed(text: str) -> None:
    with pytest.raises(translation.Untranslatable):
        translation.translate(text)


@pytest.mark.parametrize(
    "text",
    [
        "empty " * 300 + "a",
        "a.contains(" * 90 + "b" + ")" * 90,
        "(a < b ? c : " * 40 + "d" + ") < 1" * 40,
        "!" * 9000 + "a",
        "a" + " + a" * 2000,
        "a" + ".b" * 4000,
    ],
    ids=["empty", "contains", "choice", "not", "sum", "path"],
)
def test_what_would_grow_without_end_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        translation.translate("${" + text + "}")


@pytest.mark.parametrize(
    "text",
    ["!" * 390 + "a", "a" + " + a" * 190, "a" + ".b" * 190, "a" + " && a" * 190],
    ids=["not", "sum", "path", "and"],
)
def test_long_expressions_are_translated(text: str) -> None:
    feel.parse(translation.translate("${" + text + "}")[1:])


@pytest.mark.parametrize(
    "text", ["${a +}", "${(a}", "${a b}", "${'open}", "${a ? b}", "${", "${}", "${a[1}", "${1e999}"]
)
def test_broken_juel_is_refused_with_a_position(text: str) -> None:
    with pytest.raises(juel.JuelInvalid) as raised:
        translation.translate(text)
    assert isinstance(raised.value.details["position"], int)


def test_statements_become_scripts_or_services() -> None:
    assert translation.translate_statement("${execution.setVariable('x', y + 1)}") == translation.Assignment(
        "x", "=get or else(y, 0) + 1"
    )
    assert translation.translate_statement("${mailer.send(to, 'hi', execution)}") == translation.Service(
        "mailer.send", ("=to", '="hi"', "")
    )
    assert translation.translate_statement("${teller.tell(task, task.eventName, 'x')}") == translation.Service(
        "teller.tell", ("", "", '="x"')
    )
    assert translation.translate_statement("${a == 1}") == "=a = 1"
    assert translation.translate_statement("${order.total}") == "=order.total"
    assert translation.translate_statement("${priceService.total}") == translation.Service("priceService.total", ())
    removed = translation.translate_statement("${execution.removeVariable('x')}")
    assert removed == translation.Assignment("x", "=null")


Meaning = Callable[[dict[str, Any]], Any]
Said = tuple[str, Meaning]
DATA = st.fixed_dictionaries(
    {name: st.none() | st.integers(-1, 2) for name in ("m", "n")}
    | {name: st.none() | st.booleans() for name in ("p", "q")}
    | {name: st.none() | st.sampled_from(["", "a", "b"]) for name in ("s", "t")}
)


def variable(*names: str) -> st.SearchStrategy[Said]:
    return st.sampled_from([(name, operator.itemgetter(name)) for name in names])


def literal(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Said]:
    def said(value: Any) -> Said:
        return (repr(value).lower() if not isinstance(value, str) else repr(value)), lambda data: value

    return values.map(said)


def two(symbols: dict[str, Callable[[Any, Any], Any]], sides: st.SearchStrategy[Said]) -> st.SearchStrategy[Said]:
    def said(symbol: str, left: Said, right: Said) -> Said:
        return f"({left[0]} {symbol} {right[0]})", lambda data: symbols[symbol](left[1](data), right[1](data))

    return st.builds(said, st.sampled_from(sorted(symbols)), sides, sides)


def one(symbol: str, meaning: Callable[[Any], Any], side: st.SearchStrategy[Said]) -> st.SearchStrategy[Said]:
    return side.map(lambda said: (f"({symbol} {said[0]})", lambda data: meaning(said[1](data))))


def chosen(condition: st.SearchStrategy[Said], way: st.SearchStrategy[Said]) -> st.SearchStrategy[Said]:
    def said(asked: Said, yes: Said, no: Said) -> Said:
        return f"({asked[0]} ? {yes[0]} : {no[0]})", lambda data: yes[1](data) if asked[1](data) else no[1](data)

    return st.builds(said, condition, way, way)


def counted(calculate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda left, right: calculate(left or 0, right or 0)


def ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: left is not None and right is not None and compare(left, right)


# What the specification of the expression language says of null: 0 in sums, false in logic, and never in an order.
SUMS = {"+": counted(operator.add), "-": counted(operator.sub), "*": counted(operator.mul)}
ORDERS = {"<": operator.lt, "gt": operator.gt, "le": operator.le, ">=": operator.ge}
EQUAL = {"==": operator.eq, "ne": operator.ne}
LOGIC = {"&&": lambda left, right: bool(left and right), "or": lambda left, right: bool(left or right)}
ORDER = {symbol: ordered(compare) for symbol, compare in ORDERS.items()}
NUMBERS = st.deferred(
    lambda: (
        variable("m", "n")
        | literal(st.integers(0, 2))
        | two(SUMS, NUMBERS)
        | one("-", lambda value: -(value or 0), NUMBERS)
        | chosen(TRUTHS, NUMBERS)
    )
)
TEXTS = variable("s", "t") | literal(st.sampled_from(["", "a"]))
COMPARED = two(ORDER, NUMBERS) | two(EQUAL, NUMBERS) | two(EQUAL, TEXTS) | two(ORDER, TEXTS)
COMPARED |= one("empty", lambda value: value in (None, ""), TEXTS)
TRUTHS = st.deferred(
    lambda: (
        variable("p", "q")
        | literal(st.booleans())
        | COMPARED
        | two(LOGIC, TRUTHS)
        | one("!", operator.not_, COMPARED | TRUTHS)
        | one("not", operator.not_, two(LOGIC, COMPARED | TRUTHS))
        | chosen(TRUTHS, TRUTHS)
    )
)


def assert_same(said: Said, data: dict[str, Any], is_condition: bool) -> None:
    written = translation.translate("${" + said[0] + "}", is_condition=is_condition)
    found = feel.to_json(feel.parse(written[1:]).evaluate(data, feel.Environment(now=NOW)))
    wanted = said[1](data)
    assert (bool(found) is bool(wanted)) if is_condition else (found == wanted), written


@settings(max_examples=60, deadline=None)
@given(NUMBERS | TRUTHS, DATA)
def test_random_sums_and_truths_give_what_the_expression_language_says(said: Said, data: dict[str, Any]) -> None:
    assert_same(said, data, is_condition=False)


@settings(max_examples=60, deadline=None)
@given(TRUTHS, DATA)
def test_random_conditions_hold_when_the_expression_language_says_so(said: Said, data: dict[str, Any]) -> None:
    assert_same(said, data, is_condition=True)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab1'\" .,()[]{}$#?:!=<>&|+-*/%not empty", max_size=40))
def test_any_text_is_translated_or_refused(text: str) -> None:
    try:
        found = translation.translate("${" + text + "}")
    except BihuanError:
        return
    feel.parse(found.removeprefix("="))
