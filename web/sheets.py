"""Decision tables and forms as plain tables: what a designer reads without an editor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext, lazy_gettext
from lxml import etree

HIT_POLICIES = {
    "UNIQUE": lazy_gettext("unique: exactly one rule matches"),
    "FIRST": lazy_gettext("first: the first rule that matches counts"),
    "PRIORITY": lazy_gettext("priority: the match with the highest output counts"),
    "ANY": lazy_gettext("any: all rules that match say the same"),
    "COLLECT": lazy_gettext("collect: the outputs of all rules that match"),
    "RULE ORDER": lazy_gettext("rule order: the outputs of all rules that match, in the order of the rules"),
    "OUTPUT ORDER": lazy_gettext("output order: the outputs of all rules that match, the highest first"),
}

FIELD_KINDS = {
    "textfield": lazy_gettext("text"),
    "textarea": lazy_gettext("long text"),
    "number": lazy_gettext("number"),
    "datetime": lazy_gettext("date or time"),
    "checkbox": lazy_gettext("yes or no"),
    "checklist": lazy_gettext("several choices"),
    "taglist": lazy_gettext("several choices"),
    "radio": lazy_gettext("one choice"),
    "select": lazy_gettext("one choice"),
    "filepicker": lazy_gettext("files"),
    "dynamiclist": lazy_gettext("rows"),
    "expression": lazy_gettext("computed value"),
    "table": lazy_gettext("table"),
    "documentPreview": lazy_gettext("document"),
}


@dataclass(frozen=True)
class Column:
    """One column of a decision table."""

    title: str
    expression: str = ""


@dataclass(frozen=True)
class Rule:
    """One rule of a decision table, its cells as they are written."""

    inputs: list[str]
    outputs: list[str]
    note: str


@dataclass(frozen=True)
class DecisionSheet:
    """One decision: a table, or an expression, or neither."""

    id: str
    name: str
    hit_policy: Any = ""
    inputs: list[Column] = field(default_factory=list)
    outputs: list[Column] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    expression: str = ""

    @property
    def has_notes(self) -> bool:
        """This will tell whether any rule carries a note."""
        return any(rule.note for rule in self.rules)


@dataclass(frozen=True)
class FieldRow:
    """One field of a form."""

    label: str
    key: str
    kind: Any
    is_required: bool
    rules: list[str]


def decisions(xml: str) -> list[DecisionSheet]:
    """This will read the decisions of a DMN file that was checked at its deployment."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(xml.encode(), parser)
    return [_decision(element) for element in _below(root, "decision")]


def _below(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    for child in element:
        if isinstance(child.tag, str) and etree.QName(child).localname in names:
            yield child


def _text(element: etree._Element | None, *path: str) -> str:
    for name in path:
        element = next(_below(element, name), None) if element is not None else None
    return (element.text or "").strip() if element is not None else ""


def _decision(element: etree._Element) -> DecisionSheet:
    id, name = element.get("id", ""), element.get("name") or element.get("id") or ""
    table = next(_below(element, "decisionTable"), None)
    if table is None:
        return DecisionSheet(id, name, expression=_text(element, "literalExpression", "text"))
    policy = str(table.get("hitPolicy", "UNIQUE"))
    inputs = [_input(column) for column in _below(table, "input")]
    outputs = [Column(str(column.get("label") or column.get("name") or name)) for column in _below(table, "output")]
    rules = [_rule(rule) for rule in _below(table, "rule")]
    return DecisionSheet(id, name, HIT_POLICIES.get(policy, policy), inputs, outputs, rules)


def _input(column: etree._Element) -> Column:
    expression = _text(column, "inputExpression", "text")
    return Column(str(column.get("label") or expression), expression)


def _rule(rule: etree._Element) -> Rule:
    note = _text(rule, "description") or " ".join(_text(cell, "text") for cell in _below(rule, "annotationEntry"))
    tests = [_text(cell, "text") for cell in _below(rule, "inputEntry")]
    outputs = [_text(cell, "text") for cell in _below(rule, "outputEntry")]
    return Rule(["" if test == "-" else test for test in tests], outputs, note)


def form_fields(content: str) -> Iterator[FieldRow]:
    """This will go through the fields of a form, those inside groups and rows too."""
    yield from _fields(json.loads(content).get("components", ()))


def form_outcomes(content: str) -> list[dict[str, Any]]:
    """This will return the buttons of a form."""
    return list(json.loads(content).get("outcomes", ()))


def _fields(components: Any, within: str = "") -> Iterator[FieldRow]:
    for component in components:
        key, path = component.get("key"), component.get("path")
        if key or path:
            label = component.get("label") or key or path
            yield FieldRow(
                f"{within}{label}",
                key or path,
                FIELD_KINDS.get(component.get("type", ""), component.get("type", "")),
                bool(component.get("validate", {}).get("required")),
                list(_rules(component)),
            )
        if component.get("components"):
            inner = f"{within}{component.get('label') or path} / " if path else within
            yield from _fields(component["components"], inner)


def _rules(component: dict[str, Any]) -> Iterator[str]:
    rules = component.get("validate", {})
    named = {
        "minLength": gettext("at least %(value)s characters"),
        "maxLength": gettext("at most %(value)s characters"),
        "min": gettext("at least %(value)s"),
        "max": gettext("at most %(value)s"),
        "pattern": gettext("pattern %(value)s"),
    }
    for name, words in named.items():
        if name in rules:
            yield words.replace("%(value)s", str(rules[name]))
    if choices := component.get("values"):
        yield gettext(", ").join(str(choice.get("label") or choice.get("value")) for choice in choices)
    if condition := component.get("conditional", {}).get("hide"):
        yield gettext("hidden when %(condition)s", condition=str(condition).lstrip("="))
