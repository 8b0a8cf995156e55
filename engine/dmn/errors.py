"""What can go wrong when a decision is read or made."""

from __future__ import annotations

from typing import Any

from engine.errors import Invalid, NotFound


class DecisionFailed(Invalid):
    """The decision “{decision}” has no valid result."""

    chinese = "决策“{decision}”没有有效结果。"

    def text(self, language: str = "zh") -> str:
        """This will say what is wrong in `zh` or `en`."""
        return self.message if language == "en" else self.chinese.format_map(_Shown(self.details))


class UniqueViolated(DecisionFailed):
    """Table “{table}” (hit policy UNIQUE): the rules {rules} match at once."""

    chinese = "决策表“{table}”（命中策略 UNIQUE）：规则 {rules} 同时命中。"


class AnyViolated(DecisionFailed):
    """Table “{table}” (hit policy ANY): the rules {rules} match with different outputs."""

    chinese = "决策表“{table}”（命中策略 ANY）：规则 {rules} 同时命中但输出不同。"


class InputRefused(DecisionFailed):
    """Table “{table}”, input “{input}”: {value} is not allowed (expected {expected})."""

    chinese = "决策表“{table}”的输入“{input}”：不允许的值 {value}（应为 {expected}）。"


class OutputRefused(DecisionFailed):
    """Table “{table}”, rule {rule}, output “{output}”: {value} is not allowed (expected {expected})."""

    chinese = "决策表“{table}”规则 {rule} 的输出“{output}”：不允许的值 {value}（应为 {expected}）。"


class AggregationFailed(DecisionFailed):
    """Table “{table}” (COLLECT {aggregation}): the outputs {value} of the rules {rules} cannot be combined."""

    chinese = "决策表“{table}”（命中策略 COLLECT {aggregation}）：规则 {rules} 的输出 {value} 无法汇总。"


class ResultRefused(DecisionFailed):
    """Decision “{decision}”: the result {value} is not of the type {expected}."""

    chinese = "决策“{decision}”的结果 {value} 不是类型 {expected}。"


class InputDataRefused(DecisionFailed):
    """Input “{input}”: {value} is not of the type {expected}."""

    chinese = "输入数据“{input}”：{value} 不是类型 {expected}。"


class RequirementsCircular(DecisionFailed):
    """The decision “{decision}” requires itself."""

    chinese = "决策“{decision}”依赖自身。"


class NoSuchDecision(NotFound):
    """There is no decision “{decision}” in the model “{model}”."""


class NoVersionInForce(NotFound):
    """No version of the decision model is in force on {day}."""


class _Shown(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"
