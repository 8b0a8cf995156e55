"""What JUEL does silently, written out: it compares values of other kinds, and gives the execution to beans."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

from engine.bpmn.juel import Binary, Call, Choice, Index, Literal, Name, Property, Text, Tree, Unary, Written

OBJECTS = frozenset({"execution", "task", "delegateExecution", "delegateTask", "processEngine"}) | {
    "runtimeService",
    "taskService",
    "historyService",
    "repositoryService",
    "identityService",
}
# What is true or the text “true”, as a check box or a button gives it.
EITHER = "either"
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_LOGICAL = frozenset({"&&", "||"})
_COMPARED = frozenset({"==", "!=", "<", ">", "<=", ">="})


@dataclass(frozen=True, slots=True)
class Setting:
    """Where an expression stands: its element, and what forms of its model fill into variables.

    `kinds` says text, number, boolean or either (true or “true”) for a variable.
    """

    element: str = ""
    kinds: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


NOWHERE = Setting()


def settle(tree: Tree, setting: Setting = NOWHERE) -> Tree:
    """This will return a tree that means in FEEL what `tree` means in JUEL, where kinds of values are known."""
    inner = partial(settle, setting=setting)
    match tree:
        case Call():
            arguments = tuple(_argument(item, setting) for item in tree.arguments)
            return replace(tree, of=None if tree.of is None else inner(tree.of), arguments=arguments)
        case Property():
            return replace(tree, of=inner(tree.of))
        case Index():
            return replace(tree, of=inner(tree.of), key=inner(tree.key))
        case Unary():
            operand = inner(tree.operand)
            return replace(tree, operand=truth(operand, setting) if tree.operator == "!" else operand)
        case Binary():
            left, right = inner(tree.left), inner(tree.right)
            if tree.operator in _LOGICAL:
                return replace(tree, left=truth(left, setting), right=truth(right, setting))
            return _compared(replace(tree, left=left, right=right), setting)
        case Choice():
            condition = truth(inner(tree.condition), setting)
            return Choice(condition, inner(tree.yes), inner(tree.no))
        case Text():
            return Text(tuple(inner(part) for part in tree.parts))
    return tree


def truth(tree: Tree, setting: Setting) -> Tree:
    """This will return a tree that is true when `tree` counts as true: a form may fill in the text “true”."""
    kind = setting.kinds.get(tree.id) if isinstance(tree, Name) else None
    if kind == EITHER:
        return Binary("==", Call(tree, "toString", ()), Literal("true"))
    return Binary("==", tree, Literal("true")) if kind == "text" else tree


def _argument(tree: Tree, setting: Setting) -> Tree:
    """A bean that is given the execution may look at the element that it is at, and at all variables."""
    if isinstance(tree, Name) and tree.id in OBJECTS:
        return Written(f'{{element: "{setting.element}", variables: case data()}}')
    return settle(tree, setting)


def _compared(tree: Binary, setting: Setting) -> Binary:
    if tree.operator not in _COMPARED:
        return tree
    if isinstance(tree.right, Literal):
        other, literal = _alike(tree.left, tree.right, tree.operator, setting)
        return replace(tree, left=other, right=literal)
    if isinstance(tree.left, Literal):
        other, literal = _alike(tree.right, tree.left, tree.operator, setting)
        return replace(tree, left=literal, right=other)
    return tree


def _alike(tree: Tree, literal: Literal, operator: str, setting: Setting) -> tuple[Tree, Literal]:
    """A variable and what it is compared with, of one kind."""
    kind = setting.kinds.get(tree.id, "") if isinstance(tree, Name) else ""
    value, is_equality = literal.value, operator in ("==", "!=")
    if kind == "text" and literal.is_number and is_equality:
        return tree, Literal(value)
    if kind == "text" and literal.is_number and isinstance(tree, Name):
        return Written(f"number({tree.id})"), literal
    if kind in ("text", EITHER) and isinstance(value, bool):
        said = Literal("true" if value else "false")
        return (Call(tree, "toString", ()) if kind == EITHER else tree), said
    if kind == "number" and isinstance(value, str) and not literal.is_number and _NUMBER.fullmatch(value):
        return tree, Literal(value, is_number=True)
    if isinstance(value, str) and value in ("true", "false") and not literal.is_number and is_equality:
        if kind == "boolean":
            return tree, Literal(value == "true")
        if kind in ("", EITHER) and isinstance(tree, Name | Property | Index):
            # a check box gives true, a choice “true”: JUEL takes both for the same
            return Call(tree, "toString", ()), literal
    return tree, literal
