"""Decision tables and forms as plain tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from web import sheets

ROOT = Path(__file__).parent.parent.parent

TABLE = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="d">
  <decision id="grade" name="定级">
    <decisionTable id="t" hitPolicy="FIRST">
      <input id="i" label="数量"><inputExpression id="e"><text>amount</text></inputExpression></input>
      <output id="o" label="等级" name="grade"/>
      <rule id="r1"><description>按第 3 条</description><inputEntry id="c1"><text>&gt; 10</text></inputEntry>
        <outputEntry id="p1"><text>"重大"</text></outputEntry></rule>
      <rule id="r2"><inputEntry id="c2"><text>-</text></inputEntry>
        <outputEntry id="p2"><text>"一般"</text></outputEntry></rule>
    </decisionTable>
  </decision>
  <decision id="sum" name="合计"><literalExpression id="l"><text>a + b</text></literalExpression></decision>
</definitions>"""


def test_a_table_shows_its_cells_as_they_are_written() -> None:
    table, _sum = sheets.decisions(TABLE)
    assert (table.inputs[0].title, table.inputs[0].expression) == ("数量", "amount")
    assert [(rule.inputs, rule.outputs, rule.note) for rule in table.rules] == [
        (["> 10"], ['"重大"'], "按第 3 条"),
        ([""], ['"一般"'], ""),
    ]
    assert table.has_notes


def test_a_decision_without_a_table_shows_its_expression() -> None:
    assert sheets.decisions(TABLE)[1].expression == "a + b"


def test_every_field_of_a_form_is_listed_with_those_inside_rows(app: object) -> None:
    form = {
        "components": [
            {"type": "textfield", "key": "place", "label": "地点", "validate": {"required": True, "maxLength": 50}},
            {"type": "text", "text": "说明"},
            {
                "type": "dynamiclist",
                "path": "measures",
                "label": "措施",
                "components": [{"type": "select", "key": "kind", "label": "类别", "values": [{"label": "工程"}]}],
            },
        ],
        "outcomes": [{"value": "yes", "label": "同意"}],
    }
    with app.test_request_context():  # type: ignore[attr-defined]
        place, measures, kind = sheets.form_fields(json.dumps(form))
        assert (place.label, place.is_required, place.rules) == ("地点", True, ["至多 50 个字"])
    assert (measures.key, kind.label, kind.rules) == ("measures", "措施 / 类别", ["工程"])
    assert [outcome["label"] for outcome in sheets.form_outcomes(json.dumps(form))] == ["同意"]


@pytest.mark.parametrize("file", sorted((ROOT / "processes").rglob("*.dmn")), ids=lambda path: path.name)
def test_every_table_of_the_installed_apps_can_be_read(file: Path) -> None:
    decisions = sheets.decisions(file.read_text(encoding="utf-8"))
    assert decisions
    for decision in decisions:
        for rule in decision.rules:
            assert len(rule.inputs) == len(decision.inputs)
            assert len(rule.outputs) == len(decision.outputs)
