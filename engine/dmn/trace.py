"""What happened while a decision was made: the stuff of the decision log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from engine.feel.environment import State
from engine.feel.errors import Warning


@dataclass(slots=True)
class Matched:
    """A rule that matched, with its outputs once they are known."""

    number: int
    id: str | None
    annotations: list[str]
    outputs: list[Any] | None
    rule: Any


@dataclass(slots=True)
class TableRun:
    """One evaluation of a decision table."""

    table: str
    hit_policy: str
    aggregation: str | None
    labels: list[str]
    values: list[Any]
    matched: list[Matched]
    result: Any = None


@dataclass(slots=True)
class Note:
    """A FEEL warning and the element that it belongs to."""

    element: str
    warning: Warning


@dataclass(slots=True)
class Trace:
    """The tables that ran and the warnings that came up, in order."""

    tables: list[TableRun] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


class DecisionState(State):
    """The state of an evaluation that also keeps a trace."""

    trace: Trace = msgspec.field(default_factory=Trace)

    def __post_init__(self) -> None:
        self.warnings = []


def remember(state: State, run: TableRun) -> None:
    """This will add a table's run to the trace."""
    if isinstance(state, DecisionState) and len(state.trace.tables) < 1000:
        state.trace.tables.append(run)
