"""How fast FEEL and decision tables are, in microseconds."""

from __future__ import annotations

import itertools
import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from engine import dmn, feel
from engine.feel.expression import Expression

ENVIRONMENT = feel.Environment(datetime(2026, 11, 21, 2, tzinfo=UTC))
GATEWAY = '隐患.等级 = "重大" and 隐患.金额 > 100000 or 复查次数 >= 3'
CASE: dict[str, Any] = {"隐患": {"等级": "重大", "金额": 120_000, "编号": "AQ-2026-0001"}, "复查次数": 1}
TARGETS = {"gateway": 5.0, "table": 60.0, "cold_gateway": 200.0}

_TABLE_HEAD = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"
 id="bench" name="bench" namespace="bench">
<inputData id="a" name="类别"><variable name="类别" typeRef="string"/></inputData>
<inputData id="b" name="得分"><variable name="得分" typeRef="number"/></inputData>
<inputData id="c" name="人数"><variable name="人数" typeRef="number"/></inputData>
<decision id="grade" name="定级"><variable name="定级" typeRef="string"/>
<informationRequirement><requiredInput href="#a"/></informationRequirement>
<informationRequirement><requiredInput href="#b"/></informationRequirement>
<informationRequirement><requiredInput href="#c"/></informationRequirement>
<decisionTable hitPolicy="UNIQUE">
<input label="类别"><inputExpression typeRef="string"><text>类别</text></inputExpression></input>
<input label="得分"><inputExpression typeRef="number"><text>得分</text></inputExpression></input>
<input label="人数"><inputExpression typeRef="number"><text>人数</text></inputExpression></input>
<output name="等级" typeRef="string"/>
"""
_TABLE_FOOT = "</decisionTable></decision></definitions>"


def table_xml() -> bytes:
    """This will return a table of 20 rows and 3 inputs, of which one row matches."""
    kinds = ("消防", "电气", "机械", "危化", "建筑")
    scores = ("&lt; 30", "[30..60)", "[60..80)", ">= 80")
    rows = [
        f"<rule id='r{number}'><inputEntry><text>\"{kind}\"</text></inputEntry>"
        f"<inputEntry><text>{score}</text></inputEntry><inputEntry><text>>= 1</text></inputEntry>"
        f'<outputEntry><text>"{number % 4}级"</text></outputEntry></rule>'
        for number, (kind, score) in enumerate(itertools.product(kinds, scores), 1)
    ]
    return (_TABLE_HEAD + "".join(rows) + _TABLE_FOOT).encode()


def microseconds(run: Callable[[], Any], number: int) -> float:
    """This will return the time of one run: the best of a hundred short rounds, so that neighbours do not count."""
    return min(timeit.repeat(run, number=number, repeat=100)) / number * 1e6


def measure() -> dict[str, float]:
    """This will return microseconds for a cached gateway condition, a 20-row table and a cold parse."""
    gateway = feel.parse(GATEWAY)
    assert gateway.evaluate(CASE, ENVIRONMENT) is True
    model = dmn.parse(table_xml())
    inputs = {"类别": "建筑", "得分": 85, "人数": 3}
    assert dmn.evaluate(model, "grade", inputs, ENVIRONMENT).value == "0级"
    return {
        "gateway": microseconds(lambda: feel.parse(GATEWAY).evaluate(CASE, ENVIRONMENT), 1000),
        "table": microseconds(lambda: dmn.evaluate(model, "grade", inputs, ENVIRONMENT), 50),
        "cold_gateway": microseconds(lambda: Expression(GATEWAY), 20),
    }


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name}: {value:.1f} us (target {TARGETS[name]:.0f} us)")
