"""Hit policies, aggregation, defaults, allowed values, and what is said when a table fails."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine import dmn, feel

from .conftest import Decide
from .models import decision, definitions, inputs, table

# n >= 1, n >= 5 and n >= 9 overlap on purpose
OVERLAPPING = [[">= 1", '"低"', "10"], [">= 5", '"高"', "30"], [">= 9", '"中"', "20"]]


def one(policy: str, output: str = "等级", aggregation: str = "", cell: int = 1) -> bytes:
    """A model with a table of one input and one output."""
    rows = [[row[0], row[cell]] for row in OVERLAPPING]
    return definitions(inputs("n") + decision("D", table(policy, ["n"], [output], rows, aggregation), "n"))


@pytest.mark.parametrize(
    ("policy", "n", "expected"),
    [
        ("UNIQUE", 3, "低"),
        ("UNIQUE", 0, None),
        ("FIRST", 9, "低"),
        ("PRIORITY", 9, "高"),
        ("RULE ORDER", 9, ["低", "高", "中"]),
        ("OUTPUT ORDER", 9, ["高", "中", "低"]),
        ("COLLECT", 6, ["低", "高"]),
        ("COLLECT", 0, []),
        ("ANY", 3, "低"),
    ],
)
def test_hit_policy(policy: str, n: int, expected: Any, decide: Decide) -> None:
    assert decide(one(policy, '等级|string|"高","中","低"'), "D", n=n) == expected


@pytest.mark.parametrize(
    ("aggregation", "n", "expected"),
    [("SUM", 9, 60), ("MIN", 9, 10), ("MAX", 9, 30), ("COUNT", 9, 3), ("COUNT", 0, 0), ("SUM", 0, None)],
)
def test_aggregation(aggregation: str, n: int, expected: Any, decide: Decide) -> None:
    assert decide(one("COLLECT", "分", aggregation, cell=2), "D", n=n) == expected


def test_a_violated_unique_names_table_and_rules(decide: Decide) -> None:
    with pytest.raises(dmn.UniqueViolated) as caught:
        decide(one("UNIQUE"), "D", n=6)
    assert caught.value.message == "Table “D” (hit policy UNIQUE): the rules 1, 2 match at once."
    assert caught.value.text("zh") == "决策表“D”（命中策略 UNIQUE）：规则 1, 2 同时命中。"


def test_a_violated_any_names_the_rules(decide: Decide) -> None:
    with pytest.raises(dmn.AnyViolated) as caught:
        decide(one("ANY"), "D", n=6)
    assert "1, 2" in caught.value.message


def test_what_cannot_be_added_names_the_rules(decide: Decide) -> None:
    with pytest.raises(dmn.AggregationFailed) as caught:
        decide(one("COLLECT", "分", "SUM"), "D", n=6)
    assert caught.value.details["rules"] == "1, 2"


def test_the_default_is_used_if_no_rule_matches(decide: Decide) -> None:
    assert decide(one("UNIQUE", '等级|string||"无"'), "D", n=0) == "无"
    assert decide(one("UNIQUE", '等级|string||"无"'), "D", n=1) == "低"


def test_an_output_of_the_wrong_type_names_table_rule_and_output(decide: Decide) -> None:
    with pytest.raises(dmn.OutputRefused) as caught:
        decide(one("FIRST", "等级|number"), "D", n=6)
    assert caught.value.text("zh") == '决策表“D”规则 1 的输出“等级”：不允许的值 "低"（应为 number）。'


def test_an_output_outside_the_output_values_is_refused(decide: Decide) -> None:
    with pytest.raises(dmn.OutputRefused) as caught:
        decide(one("UNIQUE", '等级|string|"高","中"'), "D", n=3)
    assert caught.value.details["expected"] == '"高","中"'


def test_an_input_outside_the_allowed_values_names_the_column(decide: Decide) -> None:
    xml = definitions(inputs("类") + decision("D", table("FIRST", ['类|"甲","乙"'], ["x"], [["-", "1"]]), "类"))
    assert decide(xml, "D", 类="甲") == 1
    with pytest.raises(dmn.InputRefused) as caught:
        decide(xml, "D", 类="丙")
    assert caught.value.details["input"] == "类"


def test_several_outputs_make_a_context(decide: Decide) -> None:
    xml = table(
        "FIRST", ["n", "类"], ["等级", "天数"], [["< 5", '"甲", "乙"', '"一般"', "n * 2"], ["-", "-", "null", "0"]]
    )
    xml_bytes = definitions(inputs("n", "类") + decision("D", xml, "n", "类"))
    assert decide(xml_bytes, "D", n=4, 类="乙") == {"等级": "一般", "天数": 8}
    assert decide(xml_bytes, "D", n=4, 类="丙") == {"等级": None, "天数": 0}


def test_aggregation_of_several_outputs_is_by_column(decide: Decide) -> None:
    rows = [["-", "1", "10"], ["-", "2", "20"]]
    xml = definitions(inputs("n") + decision("D", table("COLLECT", ["n"], ["a", "b"], rows, "SUM"), "n"))
    assert decide(xml, "D", n=1) == {"a": 3, "b": 30}


def test_cells_may_use_other_inputs_and_the_input_itself(decide: Decide) -> None:
    xml = table("FIRST", ["n"], ["x"], [["> 上限", '"超"'], ["? * 2 > 上限", '"近"'], ["-", '"远"']])
    model = definitions(inputs("n", "上限") + decision("D", xml, "n", "上限"))
    assert [decide(model, "D", n=n, 上限=10) for n in (11, 6, 2)] == ["超", "近", "远"]


def test_numbers_of_tables_are_exact(decide: Decide) -> None:
    xml = definitions(inputs("n") + decision("D", table("UNIQUE", ["n"], ["x"], [["0.3", "n + 0.1"]]), "n"))
    assert decide(xml, "D", n=Decimal("0.3")) == Decimal("0.4")


def test_failures_are_null_where_the_standard_is_asked_for(environment: feel.Environment) -> None:
    model = dmn.parse(one("UNIQUE"))
    assert dmn.evaluate(model, "D", {"n": 6}, environment, strict=False).value is None


def test_the_log_tells_inputs_matched_rules_and_outputs(environment: feel.Environment) -> None:
    rows = [["< 5", '"低"', "轻微"], [">= 5", '"重大"', "《判定标准》第四条", "须停产"]]
    body = inputs("n") + decision("定级", table("UNIQUE", ["n"], ["等级"], rows), "n")
    made = dmn.evaluate(dmn.parse(definitions(body)), "定级", {"n": Decimal("7.5")}, environment)
    assert made.value == "重大"
    matched = [{"rule": 2, "id": "r2", "annotations": ["《判定标准》第四条", "须停产"], "outputs": ["重大"]}]
    assert made.matched == matched
    assert made.log == {
        "model": "模型",
        "version": None,
        "effective_from": None,
        "decision": "定级",
        "name": "定级",
        "inputs": {"n": Decimal("7.5")},
        "decisions": [
            {
                "decision": "定级",
                "name": "定级",
                "tables": [
                    {
                        "table": "定级",
                        "hit_policy": "UNIQUE",
                        "inputs": [{"label": "n", "value": Decimal("7.5")}],
                        "matched": matched,
                        "output": "重大",
                    }
                ],
                "output": "重大",
            }
        ],
        "output": "重大",
    }
    assert feel.loads(feel.dumps(made.log)) == made.log


def test_warnings_name_the_element(environment: feel.Environment) -> None:
    body = inputs("n") + decision("D", table("FIRST", ["n"], ["x"], [["-", "k + 1"]]), "n")
    made = dmn.evaluate(dmn.parse(definitions(body)), "D", {"n": 1}, environment)
    assert made.value is None
    assert (made.warnings[0].element, made.warnings[0].warning.message_key) == ("D", "unknown variable")
