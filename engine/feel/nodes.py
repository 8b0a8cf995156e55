"""The syntax tree of FEEL; every node knows its position in the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .types import FeelType


@dataclass(slots=True)
class Node:
    """A piece of an expression that starts at character `position`."""

    position: int


@dataclass(slots=True)
class Literal(Node):
    """A number, string, boolean, null, date, time or duration that is written down."""

    value: Any


@dataclass(slots=True)
class InvalidLiteral(Node):
    """An @"..." text that is no date, time or duration."""

    text: str


@dataclass(slots=True)
class Name(Node):
    """A variable or function."""

    name: str


@dataclass(slots=True)
class Path(Node):
    """`base.name`."""

    base: Node
    name: str


@dataclass(slots=True)
class Filter(Node):
    """`base[condition]`."""

    base: Node
    condition: Node


@dataclass(slots=True)
class Call(Node):
    """`function(arguments)`; `names` if the arguments are named."""

    function: Node
    arguments: list[Node]
    names: list[str] | None


@dataclass(slots=True)
class Negation(Node):
    """`-operand`."""

    operand: Node


@dataclass(slots=True)
class Arithmetic(Node):
    """`left operator right` with + - * / **."""

    operator: str
    left: Node
    right: Node


@dataclass(slots=True)
class Logic(Node):
    """`a and b and c`, or the same with `or`."""

    operator: str
    operands: list[Node]


@dataclass(slots=True)
class Comparison(Node):
    """`left operator right` with = != < <= > >=."""

    operator: str
    left: Node
    right: Node


@dataclass(slots=True)
class Between(Node):
    """`value between low and high`."""

    value: Node
    low: Node
    high: Node


@dataclass(slots=True)
class In(Node):
    """`value in tests`."""

    value: Node
    tests: list[Node]


@dataclass(slots=True)
class Test(Node):
    """`< operand` and the like, standing alone."""

    operator: str
    operand: Node


@dataclass(slots=True)
class Interval(Node):
    """`[start..end]` with open or closed ends."""

    start: Node
    end: Node
    start_included: bool
    end_included: bool


@dataclass(slots=True)
class ListOf(Node):
    """`[a, b, c]`."""

    items: list[Node]


@dataclass(slots=True)
class ContextOf(Node):
    """`{name: value, ...}`."""

    entries: list[tuple[str, Node]]


@dataclass(slots=True)
class Conditional(Node):
    """`if condition then yes else no`."""

    condition: Node
    yes: Node
    no: Node


@dataclass(slots=True)
class Iterator:
    """`name in source`, or `name in source..end`."""

    name: str
    source: Node
    end: Node | None


@dataclass(slots=True)
class For(Node):
    """`for iterators return body`."""

    iterators: list[Iterator]
    body: Node


@dataclass(slots=True)
class Quantified(Node):
    """`some|every iterators satisfies condition`."""

    quantifier: str
    iterators: list[Iterator]
    condition: Node


@dataclass(slots=True)
class Function(Node):
    """`function(parameters) body`."""

    parameters: list[tuple[str, FeelType | None]]
    body: Node
    external: bool


@dataclass(slots=True)
class InstanceOf(Node):
    """`value instance of type`."""

    value: Node
    type: FeelType


@dataclass(slots=True)
class Tests(Node):
    """The unary tests of a decision table cell; no tests means any value."""

    tests: list[Node]
    negated: bool
