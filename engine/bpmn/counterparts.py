"""Which element of another version stands for an element of this one, and whether it is of the same kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.bpmn.process import Loop, Node, Process

WAITED = ("timer", "message", "signal", "conditional")


@dataclass(frozen=True, slots=True)
class Leg:
    """One process of a case moves from `source` to `target`, whose definition is `key`.

    An element goes to the one of the same id and kind unless `elements` names another; None: it has no counterpart.
    """

    source: Process
    target: Process
    key: str
    elements: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something cannot move: `code` is one of PROBLEMS, `element` and `name` tell where, `detail` what else."""

    code: str
    element: str = ""
    name: str = ""
    detail: str = ""


PROBLEMS = (
    "unmapped",
    "kind-differs",
    "event-differs",
    "loop-differs",
    "scope-differs",
    "join-flow-gone",
    "listener-differs",
    "undo-lost",
    "expression-fails",
    "form-missing",
)


def image(leg: Leg, id: str) -> str | None:
    """This will return the id that stands for `id` in the target, whether the target has it or not."""
    return leg.elements.get(id, id) or None


def scope(leg: Leg, id: str) -> str | None:
    """This will return the scope of the target that stands for the subprocess or process `id`."""
    return image(leg, id) if id in leg.source.nodes else leg.target.id


def find(leg: Leg, node: Node) -> tuple[Node | None, str | None]:
    """This will return the counterpart of `node`, and what is wrong with it: one of PROBLEMS, or None."""
    id = image(leg, node.id)
    found = leg.target.nodes.get(id) if id is not None else None
    if found is None:
        return None, "unmapped"
    return found, differs(node, found)


def differs(old: Node, new: Node) -> str | None:
    """This will tell why what is open at `old` cannot go on at `new`: they are of another kind; None when it can."""
    if old.type != new.type or old.by_event != new.by_event or old.is_compensation != new.is_compensation:
        return "kind-differs"
    if _event(old) != _event(new):
        return "event-differs"
    if (old.call.what if old.call else None) != (new.call.what if new.call else None):
        return "kind-differs"
    if _loop(old.loop) != _loop(new.loop):
        return "loop-differs"
    return None


def _event(node: Node) -> str | None:
    if node.event is None:
        return "message" if node.type == "receiveTask" else None
    return node.event.kind


def _loop(loop: Loop | None) -> tuple[bool, str] | None:
    if loop is None:
        return None
    if loop.collection is not None:
        return loop.sequential, "collection"
    return loop.sequential, "count" if loop.cardinality is not None else "while"


def flow(leg: Leg, old: Node, new: Node, id: str) -> str | None:
    """This will return the way into the gateway `new` that stands for the flow `id` into `old`."""
    incoming = {each.id: each for each in new.incoming}
    if id in incoming:
        return id
    source = next((each.source for each in old.incoming if each.id == id), "")
    after = image(leg, source)
    same = [each.id for each in new.incoming if each.source == after]
    return same[0] if len(same) == 1 else None
