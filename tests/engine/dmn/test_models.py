"""Decision graphs, knowledge, services, boxed expressions, types, imports, versions, and what is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from engine import dmn, feel
from engine.errors import FaultsFound

from .conftest import Decide
from .models import NAMESPACES, decision, definitions, inputs, literal, table


@pytest.mark.parametrize("version", NAMESPACES)
def test_every_version_of_dmn_is_read(version: str, decide: Decide) -> None:
    xml = definitions(inputs("n") + decision("D", literal("n + 1"), "n"), version)
    assert dmn.parse(xml).dmn_version == version
    assert decide(xml, "D", n=1) == 2


def test_decisions_require_decisions(decide: Decide) -> None:
    body = inputs("n") + decision("A", literal("n * 2"), "n") + decision("B", literal("A + n"), "!A", "n")
    assert decide(definitions(body), "B", n=5) == 15


def test_a_decision_sees_only_what_it_requires(decide: Decide) -> None:
    body = inputs("n", "m") + decision("A", literal("get or else(m, 0) + n"), "n")
    assert decide(definitions(body), "A", n=1, m=5) == 1


def test_a_circle_of_requirements_is_refused(decide: Decide) -> None:
    body = decision("A", literal("B"), "!B") + decision("B", literal("A"), "!A")
    with pytest.raises(dmn.RequirementsCircular):
        decide(definitions(body), "A")


def knowledge(name: str, parameters: str, logic: str) -> str:
    formal = "".join(f'<formalParameter name="{each}"/>' for each in parameters.split())
    inside = f"<encapsulatedLogic>{formal}{logic}</encapsulatedLogic>"
    return f'<businessKnowledgeModel id="{name}" name="{name}">{inside}</businessKnowledgeModel>'


def test_business_knowledge_is_a_function(decide: Decide) -> None:
    bkm = knowledge("加倍", "x", table("UNIQUE", ["x"], ["y"], [["< 5", "x * 2"], [">= 5", "x * 3"]]))
    body = inputs("n") + bkm + decision("D", literal("加倍(n) + 加倍(x: 1)"), "n", "*加倍")
    assert decide(definitions(body), "D", n=5) == 17


def test_business_knowledge_may_call_itself(decide: Decide) -> None:
    bkm = knowledge("阶乘", "n", literal("if n <= 1 then 1 else n * 阶乘(n - 1)"))
    assert decide(definitions(bkm + decision("D", literal("阶乘(5)"), "*阶乘")), "D") == 120


def test_endless_knowledge_is_stopped(decide: Decide) -> None:
    bkm = knowledge("f", "n", literal("f(n + 1)"))
    with pytest.raises(feel.LimitExceeded):
        decide(definitions(bkm + decision("D", literal("f(1)"), "*f")), "D")


SERVICE = (
    inputs("n", "m")
    + decision("内", literal("n + m"), "n", "m")
    + decision("外", literal("内 * 10"), "!内")
    + '<decisionService id="S" name="S"><outputDecision href="#外"/><encapsulatedDecision href="#内"/>'
    '<inputData href="#n"/><inputData href="#m"/></decisionService>'
    '<decisionService id="T" name="T"><outputDecision href="#外"/><outputDecision href="#内"/>'
    '<inputDecision href="#内"/></decisionService>'
)


def test_a_decision_service_can_be_run_and_called(decide: Decide) -> None:
    assert decide(definitions(SERVICE), "S", n=1, m=2) == 30
    body = SERVICE + decision("D", literal("S(1, 2) + S(m: 1, n: 1)"), "*S")
    assert decide(definitions(body), "D") == 50


def test_a_service_takes_the_value_of_an_input_decision_as_given(decide: Decide) -> None:
    assert decide(definitions(SERVICE), "T", 内=7) == {"外": 70, "内": 7}


def test_a_table_without_input_data_elements_uses_the_variables_of_the_caller(environment: feel.Environment) -> None:
    body = decision("D", table("FIRST", ["隐患.人数"], ["等级"], [["> 上限", '"重大"'], ["-", '"一般"']]))
    model = dmn.parse(definitions(body))
    assert model.required_inputs("D") == {"隐患", "上限"}
    made = dmn.evaluate(model, "D", {"隐患": {"人数": 5}, "上限": 3, "其他": "x"}, environment)
    assert made.value == "重大"
    assert made.log["inputs"] == {"隐患": {"人数": 5}, "上限": 3}


def test_the_required_inputs_of_a_decision_are_known() -> None:
    body = inputs("n", "m", "k") + decision("A", literal("n * 2"), "n") + decision("B", literal("A + m"), "!A", "m")
    assert dmn.parse(definitions(body)).required_inputs("B") == {"n", "m"}


BOXED: list[tuple[str, Any]] = [
    (f"<list>{literal('1')}{literal('n')}</list>", [1, 4]),
    (
        f'<context><contextEntry><variable name="a b"/>{literal("n + 1")}</contextEntry>'
        f'<contextEntry><variable name="c"/>{literal("a b * 2")}</contextEntry></context>',
        {"a b": 5, "c": 10},
    ),
    (
        f'<context><contextEntry><variable name="a"/>{literal("n + 1")}</contextEntry>'
        f"<contextEntry>{literal('a * 100')}</contextEntry></context>",
        500,
    ),
    (
        f'<relation><column name="x"/><column name="y"/><row>{literal("1")}{literal("2")}</row>'
        f"<row>{literal('n')}{literal('null')}</row></relation>",
        [{"x": 1, "y": 2}, {"x": 4, "y": None}],
    ),
    (
        f'<context><contextEntry><variable name="f"/><functionDefinition><formalParameter name="x" typeRef="number"/>'
        f"{literal('x + n')}</functionDefinition></contextEntry><contextEntry><invocation>{literal('f')}"
        f'<binding><parameter name="x"/>{literal("10")}</binding></invocation></contextEntry></context>',
        14,
    ),
    (
        f"<conditional><if>{literal('n > 3')}</if><then>{literal('1')}</then><else>{literal('2')}</else></conditional>",
        1,
    ),
    (f"<filter><in>{literal('[1, 5, 9]')}</in><match>{literal('item > n')}</match></filter>", [5, 9]),
    (f"<filter><in>{literal('[{k: 1}, {k: 5}]')}</in><match>{literal('k > n')}</match></filter>", [{"k": 5}]),
    (
        f'<for iteratorVariable="i"><in>{literal("1..3")}</in><return>{literal("i * n")}</return></for>'.replace(
            "1..3", "[1..3]"
        ),
        [4, 8, 12],
    ),
    (f'<some iteratorVariable="i"><in>{literal("[1, 5]")}</in><satisfies>{literal("i > n")}</satisfies></some>', True),
    (
        f'<every iteratorVariable="i"><in>{literal("[1, 5]")}</in><satisfies>{literal("i > n")}</satisfies></every>',
        False,
    ),
]


@pytest.mark.parametrize(("logic", "expected"), BOXED)
def test_boxed_expression(logic: str, expected: Any, decide: Decide) -> None:
    assert decide(definitions(inputs("n") + decision("D", logic, "n")), "D", n=4) == expected


TYPES = (
    '<itemDefinition name="颜色"><typeRef>string</typeRef>'
    '<allowedValues><text>"红","黄"</text></allowedValues></itemDefinition>'
    '<itemDefinition name="颜色表" isCollection="true"><typeRef>颜色</typeRef></itemDefinition>'
    '<itemDefinition name="人"><itemComponent name="姓 名"><typeRef>string</typeRef></itemComponent>'
    '<itemComponent name="年龄"><typeRef>number</typeRef></itemComponent></itemDefinition>'
)


def test_input_data_must_be_of_its_type(decide: Decide) -> None:
    xml = definitions(TYPES + inputs("c", type_ref="颜色") + decision("D", literal("c"), "c"))
    assert decide(xml, "D", c="红") == "红"
    assert decide(xml, "D", c=["黄"]) == "黄"
    with pytest.raises(dmn.InputDataRefused) as caught:
        decide(xml, "D", c="蓝")
    assert "蓝" in caught.value.text("zh")


def test_a_result_is_fitted_to_its_type(decide: Decide) -> None:
    xml = definitions(TYPES + inputs("c") + decision("D", literal("c"), "c", type_ref="颜色表"))
    assert decide(xml, "D", c="红") == ["红"]
    with pytest.raises(dmn.ResultRefused):
        decide(xml, "D", c=["红", "蓝"])


def test_entries_with_spaces_are_found_in_typed_data(decide: Decide) -> None:
    xml = definitions(TYPES + inputs("p", type_ref="人") + decision("D", literal("p.姓 名 + string(p.年龄)"), "p"))
    assert decide(xml, "D", p={"姓 名": "甲", "年龄": 30}) == "甲30"


def test_names_with_keywords_and_symbols_are_known_from_the_model(decide: Decide) -> None:
    body = inputs("in or out", "a-b") + decision("D", literal("in or out + a-b - 1"), "in or out", "a-b")
    assert decide(definitions(body), "D", **{"in or out": 5, "a-b": 3}) == 7
    for name in (
        "if needed",
        "true north",
        "Alice's age",
        "隐患（重大）",
        "x between y",
        "a+b*c",
        "date and time of visit",
    ):
        body = inputs(name) + decision("D", literal(f"{name} + 1"), name)
        assert decide(definitions(body), "D", **{name: 5}) == 6


def test_imported_models_bring_decisions_knowledge_and_types(decide: Decide) -> None:
    library = definitions(
        TYPES + inputs("n") + knowledge("加 倍", "x", literal("x * 2")) + decision("基 数", literal("n + 1"), "n"),
        name="库",
        namespace="urn:lib",
    )
    own = definitions(
        f'<import name="库" namespace="urn:lib" importType="{NAMESPACES["1.5"]}"/>'
        '<inputData id="c" name="c"><variable name="c" typeRef="库.颜色"/></inputData>'
        '<decision id="D" name="D"><variable name="D"/>'
        '<informationRequirement><requiredDecision href="urn:lib#基 数"/></informationRequirement>'
        '<informationRequirement><requiredInput href="#c"/></informationRequirement>'
        '<knowledgeRequirement><requiredKnowledge href="urn:lib#加 倍"/></knowledgeRequirement>'
        + literal("c + string(库.加 倍(库.基 数))")
        + "</decision>"
    )
    imported = dmn.parse(library)
    assert decide(own, "D", imported, n=4, c="红") == "红10"
    assert decide(own, "D", imported, 库={"n": 5}, c="红") == "红12"
    with pytest.raises(dmn.InputDataRefused):
        decide(own, "D", imported, n=4, c="蓝")
    with pytest.raises(FaultsFound, match="urn:lib"):
        dmn.parse(own)


def version(day: str, result: str, last: str = "") -> dmn.Model:
    ends = f'<zeebe:property name="effectiveTo" value="{last}"/>' if last else ""
    head = (
        f'<extensionElements><zeebe:properties><zeebe:property name="effectiveFrom" value="{day}"/>{ends}'
        f'<zeebe:property name="version" value="{day[:4]}版"/></zeebe:properties></extensionElements>'
    )
    return dmn.parse(definitions(head + decision("D", literal(f'"{result}"'))))


def test_the_version_in_force_on_a_day_decides(environment: feel.Environment) -> None:
    models = [version("2024-01-01", "旧"), version("2026-07-01", "新"), version("2025-01-01", "中", last="2025-06-30")]
    days = {"2024-12-31": "旧", "2025-03-01": "中", "2025-07-01": "旧", "2026-06-30": "旧", "2026-07-01": "新"}
    for day, expected in days.items():
        model = dmn.in_force(models, date.fromisoformat(day))
        assert dmn.evaluate(model, "D", {}, environment).value == expected
    with pytest.raises(dmn.NoVersionInForce, match="2023-12-31"):
        dmn.in_force(models, date(2023, 12, 31))
    log = dmn.evaluate(models[1], "D", {}, environment).log
    assert (log["version"], log["effective_from"]) == ("2026版", "2026-07-01")


def test_all_faults_come_in_one_answer() -> None:
    body = inputs("n") + decision("甲", literal("1 +"), "n") + decision("乙", literal("(2"), "gone")
    with pytest.raises(FaultsFound) as caught:
        dmn.parse(definitions(body))
    assert [(fault.code, fault.name) for fault in caught.value.faults] == [
        ("feel-syntax", "甲"),
        ("feel-syntax", "乙"),
        ("reference", "乙"),
    ]
    assert "第 1 行第 4 列" in caught.value.faults[0].reason


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (b"<definitions", "not-xml"),
        (b"", "not-xml"),
        (b"<html/>", "not-dmn"),
        (b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>', "doctype"),
        (b'<!DOCTYPE d [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><d>&b;</d>', "doctype"),
        (b" " * 9_000_000, "too-large"),
        (b"<a>" * 10_000 + b"</a>" * 10_000, "not-xml"),
    ],
    ids=["open", "empty", "other", "external entity", "entities", "large", "deep"],
)
def test_hostile_or_foreign_xml_is_refused(xml: bytes, code: str) -> None:
    with pytest.raises(FaultsFound) as caught:
        dmn.parse(xml)
    assert [fault.code for fault in caught.value.faults] == [code]


def test_text_is_read_like_bytes(environment: feel.Environment) -> None:
    text = '<?xml version="1.0" encoding="UTF-8"?>' + definitions(decision("决策", literal('"甲"'))).decode()
    assert dmn.evaluate(dmn.parse(text), "决策", {}, environment).value == "甲"


def test_an_unknown_decision_is_not_found(environment: feel.Environment) -> None:
    with pytest.raises(dmn.NoSuchDecision):
        dmn.evaluate(dmn.parse(definitions("")), "D", {}, environment)


def test_a_decision_is_found_by_name(environment: feel.Environment) -> None:
    xml = definitions('<decision id="d1" name="定 级"><variable name="定 级"/>' + literal("1") + "</decision>")
    assert dmn.evaluate(dmn.parse(xml), "定 级", {}, environment).value == 1
