"""What a DMN file says, as lines of text that can be compared with those of another version."""

from __future__ import annotations

from .xmltree import Element, child, children, read, text_of


def lines(xml: str) -> dict[str, list[str]]:
    """This will return the lines of each decision by its id: hit policy, inputs and outputs, then one line a rule."""
    found: dict[str, list[str]] = {}
    for decision in children(read(xml), "decision"):
        table = child(decision, "decisionTable")
        found[decision.get("id") or ""] = _table(table) if table is not None else _expression(decision)
    return found


def _expression(decision: Element) -> list[str]:
    written = [
        text_of(each) for each in decision.iter() if isinstance(each.tag, str) and child(each, "text") is not None
    ]
    return [text for text in written if text]


def _table(table: Element) -> list[str]:
    inputs = [each.get("label") or text_of(child(each, "inputExpression")) for each in children(table, "input")]
    outputs = [each.get("label") or each.get("name") or "" for each in children(table, "output")]
    policy = " ".join(filter(None, (table.get("hitPolicy", "UNIQUE"), table.get("aggregation"))))
    return [policy, _row(inputs, outputs), *(_rule(rule) for rule in children(table, "rule"))]


def _rule(rule: Element) -> str:
    inputs = [text_of(each) or "-" for each in children(rule, "inputEntry")]
    return _row(inputs, [text_of(each) for each in children(rule, "outputEntry")])


def _row(inputs: list[str], outputs: list[str]) -> str:
    return f"{' | '.join(inputs)} → {' | '.join(outputs)}"
