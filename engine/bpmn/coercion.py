"""What JUEL does silently, written out: null counts as false, 0 or no text, and values of other kinds are compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from types import MappingProxyType

from engine.bpmn.juel import Binary, Call, Choice, Index, Literal, Name, Property, Text, Tree, Unary, Written
from engine.bpmn.methods import COMPARISONS, FEEL, METHODS, VARIABLES

OBJECTS = frozenset({"execution", "task", "delegateExecution", "delegateTask", "processEngine"}) | {
    "runtimeService",
    "taskService",
    "historyService",
    "repositoryService",
    "identityService",
}
# What is true or the text “true”, as a check box or a button gives it.
EITHER = "either"
_NULL, _ZERO, _TRUE = Literal(None), Literal("0", is_number=True), Literal("true")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_LOGICAL = {"&&": "||", "||": "&&"}
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_ARITHMETIC = frozenset("+-*/%")
_OF_ELEMENT = frozenset({"currentActivityId", "taskDefinitionKey"})
_KEYS = frozenset({"CurrentActivityId", "TaskDefinitionKey"})
_JSON = frozenset({"S", "JSON"})  # what reads a text or a variable as JSON there: variables are JSON here
_COUNTER = re.compile(r"loopCounter|nrOf\w+Instances|nrOfInstances")  # the engine writes them: they are never null
_GETTER = re.compile(r"(?:get|is)([A-Z]\w*)")
# How beans are called: of other things a method without arguments reads a property.
_BEAN = re.compile(
    r"\w*(service|bean|utils?|handler|manager|helper|dao|mapper|repository|controller|logic|provider|resolver|facade|"
    r"component|listener|delegate|expression|execution|calculator|checker|tool|api|client)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """Where an expression stands: its element, and what forms of its model fill into variables.

    `kinds` says text, number, boolean or either (true or “true”) for a variable.
    """

    element: str = ""
    kinds: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


NOWHERE = Setting()


def is_bean(tree: Tree) -> bool:
    """This will tell whether `tree` names an object of the old program, not data of the case."""
    return isinstance(tree, Name) and (bool(_BEAN.fullmatch(tree.id)) or tree.id[:1].isupper())


def settle(tree: Tree, setting: Setting = NOWHERE, *, is_condition: bool = False) -> Tree:
    """This will return a tree that means in FEEL what `tree` means in JUEL, where kinds of values are known.

    What a condition compares with null is left null: who asks for the condition takes that for false.
    """
    tree, inner = _plain(tree), partial(settle, setting=setting, is_condition=is_condition)
    match tree:
        case Call():
            arguments = tuple(_argument(item, setting) for item in tree.arguments)
            return replace(tree, of=None if tree.of is None else inner(tree.of), arguments=arguments)
        case Property(of=Name(id=of), name=name) if of in OBJECTS and name in _OF_ELEMENT and setting.element:
            return Literal(setting.element)
        case Property():
            return replace(tree, of=inner(tree.of))
        case Index():
            return replace(tree, of=inner(tree.of), key=settle(tree.key, setting))
        case Unary(operator="!"):
            return _denied(tree.operand, setting, is_condition)
        case Unary(operator="-"):
            return replace(tree, operand=_number(inner(tree.operand), setting))
        case Unary():
            return replace(tree, operand=inner(tree.operand))
        case Binary():
            return _binary(tree, setting, is_condition)
        case Choice():
            condition = truth(settle(tree.condition, setting, is_condition=True), setting)
            return Choice(condition, inner(tree.yes), inner(tree.no))
        case Text():
            return Text(tuple(settle(part, setting) for part in tree.parts))
    return tree


def _plain(tree: Tree) -> Tree:
    """Calls that only say what operators and names say."""
    if not isinstance(tree, Call):
        return tree
    if not tree.arguments:
        return _got(tree)
    first, rest = tree.arguments[0], tree.arguments[1:]
    text = first.value if isinstance(first, Literal) and isinstance(first.value, str) else None
    if isinstance(tree.of, Name) and tree.of.id in OBJECTS and text is not None and text.isidentifier():
        if tree.method in ("getVariable", "getVariableLocal"):
            return Name(text)
        if tree.method in ("hasVariable", "hasVariableLocal"):
            return Binary("!=", Name(text), _NULL)
    if tree.of is None and tree.prefix in VARIABLES:
        name = Name(text) if text is not None and text.isidentifier() else first
        if tree.method in COMPARISONS and len(rest) == 1:
            return Binary(COMPARISONS[tree.method], name, rest[0])
        return replace(tree, arguments=(name, *rest))
    if tree.of is None and not tree.prefix and tree.method in _JSON and not rest and text is None:
        return first
    if tree.of is None or is_bean(tree.of) or rest:
        return tree
    if isinstance(tree.of, Name) and tree.of.id in OBJECTS:
        return tree
    if tree.method == "equals":
        return Binary("==", tree.of, first)
    return Index(tree.of, first) if tree.method in ("get", "prop") else tree


def _got(tree: Call) -> Tree:
    """Of data a getter reads a property; a bean is asked."""
    found = _GETTER.fullmatch(tree.method)
    is_object = isinstance(tree.of, Name) and tree.of.id in OBJECTS
    if found is None or tree.of is None or tree.method in METHODS:
        return tree
    if (is_object and found[1] not in _KEYS) or (not is_object and is_bean(tree.of)):
        return tree
    return Property(tree.of, f"{found[1][:1].lower()}{found[1][1:]}")


def _binary(tree: Binary, setting: Setting, is_condition: bool) -> Tree:
    inner = partial(settle, setting=setting, is_condition=is_condition)
    if tree.operator in _LOGICAL:
        sides = (_affirmed(inner(side), setting, is_condition) for side in (tree.left, tree.right))
        return Binary(tree.operator, *sides)
    if tree.operator == "+" and is_text(tree):
        return Text((settle(tree.left, setting), settle(tree.right, setting)))
    left, right = settle(tree.left, setting), settle(tree.right, setting)
    if tree.operator in _ARITHMETIC:
        return Binary(tree.operator, _number(left, setting), _number(right, setting))
    found = _alike_sides(Binary(tree.operator, left, right), setting)
    if is_condition or tree.operator in ("==", "!="):
        return found
    known: list[Tree] = [Binary("!=", side, _NULL) for side in (left, right) if _may_be_null(side)]
    return reduce(lambda one, other: Binary("&&", one, other), [*known, found])


def is_text(tree: Tree) -> bool:
    """This will tell whether `tree` is text and no number, whatever its variables are."""
    if isinstance(tree, Binary):
        return tree.operator == "+" and (is_text(tree.left) or is_text(tree.right))
    if isinstance(tree, Literal):
        return isinstance(tree.value, str) and not tree.is_number and not _NUMBER.fullmatch(tree.value)
    return isinstance(tree, Text)


def _may_be_null(tree: Tree) -> bool:
    if isinstance(tree, Choice):
        return any(_may_be_null(way) or way == _NULL for way in (tree.yes, tree.no))
    return isinstance(tree, Property | Index) or (isinstance(tree, Name) and not _COUNTER.fullmatch(tree.id))


def _number(tree: Tree, setting: Setting) -> Tree:
    """An operand of arithmetic: null counts as 0, and so many text as the number that it says."""
    if isinstance(tree, Literal):
        says_number = isinstance(tree.value, str) and _NUMBER.fullmatch(tree.value)
        return _ZERO if tree.value is None else Literal(tree.value, is_number=True) if says_number else tree
    if isinstance(tree, Name) and setting.kinds.get(tree.id) == "text":
        return Call(None, "get or else", (Written(f"number({tree.id})"), _ZERO), prefix=FEEL)
    return Call(None, "get or else", (tree, _ZERO), prefix=FEEL) if _may_be_null(tree) else tree


def _denied(tree: Tree, setting: Setting, is_condition: bool) -> Tree:
    """The opposite of `tree`, true when `tree` is null: FEEL's not(null) is null."""
    tree, inner = _plain(tree), partial(_denied, setting=setting, is_condition=is_condition)
    match tree:
        case Unary(operator="!"):
            return _affirmed(settle(tree.operand, setting, is_condition=is_condition), setting, is_condition=False)
        case Binary(operator="&&" | "||"):
            return Binary(_LOGICAL[tree.operator], inner(tree.left), inner(tree.right))
        case Binary(operator="==" | "!="):
            return settle(replace(tree, operator=_OPPOSITE[tree.operator]), setting)
        case Binary(operator="<" | ">" | "<=" | ">="):
            left, right = settle(tree.left, setting), settle(tree.right, setting)
            missing: list[Tree] = [Binary("==", side, _NULL) for side in (left, right) if _may_be_null(side)]
            found = _alike_sides(Binary(_OPPOSITE[tree.operator], left, right), setting)
            return reduce(lambda one, other: Binary("||", one, other), [*missing, found])
        case Literal(value=bool() | None):
            return Literal(not tree.value)
    return Unary("!", truth(settle(tree, setting), setting))


def _affirmed(tree: Tree, setting: Setting, is_condition: bool) -> Tree:
    """What counts as true in `&&` and `||`, where null must not stay null."""
    found = truth(tree, setting)
    if is_condition or found is not tree or not _may_be_null(tree):
        return found
    return Binary("==", tree, Literal(True))


def truth(tree: Tree, setting: Setting) -> Tree:
    """This will return a tree that is true when `tree` counts as true: a form may fill in the text “true”."""
    kind = setting.kinds.get(tree.id) if isinstance(tree, Name) else None
    if kind == EITHER:
        return Binary("==", Call(tree, "toString", ()), _TRUE)
    return Binary("==", tree, _TRUE) if kind == "text" else tree


def _argument(tree: Tree, setting: Setting) -> Tree:
    """A bean that is given the execution may look at the element that it is at, and at all variables."""
    if isinstance(tree, Name) and tree.id in OBJECTS:
        return Written(f'{{element: "{setting.element}", variables: case data()}}')
    return settle(tree, setting)


def _alike_sides(tree: Binary, setting: Setting) -> Binary:
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
    if literal.is_number and isinstance(tree, Literal):
        return _number(tree, setting), literal
    is_number = kind == "number" or (isinstance(tree, Binary) and tree.operator in _ARITHMETIC)
    if is_number and isinstance(value, str) and not literal.is_number and _NUMBER.fullmatch(value):
        return tree, Literal(value, is_number=True)
    if isinstance(value, str) and value in ("true", "false") and not literal.is_number and is_equality:
        if kind == "boolean":
            return tree, Literal(value == "true")
        if kind in ("", EITHER) and isinstance(tree, Name | Property | Index):
            # a check box gives true, a choice “true”: JUEL takes both for the same
            return Call(tree, "toString", ()), literal
    return tree, literal
