"""Faults of a diagram speak wholly in one language."""

from __future__ import annotations

import pytest

from engine import feel
from engine.bpmn.faults import fault


def test_what_is_wrong_with_an_expression_is_told_in_the_language_of_the_fault() -> None:
    with pytest.raises(feel.FeelSyntaxError) as caught:
        feel.parse("1 +")
    told = fault("expression-invalid", "approve", "审核定级", 9, place="due date", problem=caught.value)
    assert told.chinese == "到期时间有误：第 1 行第 4 列：遇到文本结尾，应为表达式。"
    assert told.reason == "In due date: Line 1, column 4: found the end of the text, expected an expression."
