"""JUEL is parsed, and FEEL says the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import feel
from engine.bpmn import juel, translation
from engine.bpmn.coercion import Setting
from engine.errors import BihuanError

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
        ("${leave.getDays() > 3}", "=leave.days > 3"),
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
    ["${list[0].method(a)}", "${execution.id}", "${date:format(x)}", "${for > 1}", "${task.name}", "${sum(a)}"],
)
def test_what_needs_the_old_engine_is_not_guessed(text: str) -> None:
    with pytest.raises(translation.Untranslatable):
        translation.translate(text)


@pytest.mark.parametrize("text", ["${a +}", "${(a}", "${a b}", "${'open}", "${a ? b}", "${", "${}", "${a[1}"])
def test_broken_juel_is_refused_with_a_position(text: str) -> None:
    with pytest.raises(juel.JuelInvalid) as raised:
        translation.translate(text)
    assert isinstance(raised.value.details["position"], int)


def test_statements_become_scripts_or_services() -> None:
    assert translation.translate_statement("${execution.setVariable('x', y + 1)}") == translation.Assignment(
        "x", "=y + 1"
    )
    assert translation.translate_statement("${mailer.send(to, 'hi', execution)}") == translation.Service(
        "mailer.send", ("=to", '="hi"', "")
    )
    assert translation.translate_statement("${a + 1}") == "=a + 1"


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab1'\" .,()[]{}$#?:!=<>&|+-*/%not empty", max_size=40))
def test_any_text_is_translated_or_refused(text: str) -> None:
    try:
        found = translation.translate("${" + text + "}")
    except BihuanError:
        return
    feel.parse(found.removeprefix("="))
