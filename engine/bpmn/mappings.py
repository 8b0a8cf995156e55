"""Input and output mappings: what an element sees as its own, and what leaves it."""

from __future__ import annotations

from typing import Any

from engine import feel
from engine.bpmn.run import Run
from engine.bpmn.tokens import Token
from engine.bpmn.variables import context, put

# Whether an element with output mappings hands on what it produced besides them: `all`.
RESULTS = "bihuan:results"


def apply_inputs(run: Run, token: Token) -> None:
    """This will make the local variables of `token`, before anything else of its element is evaluated."""
    for mapping in token.node.inputs:
        value = feel.to_json(run.evaluate(mapping.source, token, "input"))
        name, value = put(token.local, mapping.target, value)
        token.local[name] = value


def take_over(run: Run, token: Token, data: dict[str, Any]) -> None:
    """This will write what an element produced: through its output mappings when it has any, else as it is.

    The mappings of an item of a multi-instance activity write to its own variables first, so that its output element
    finds them there. In Camunda 7 output parameters keep nothing back: only what goes in is the element's own.
    """
    mappings = token.node.outputs
    if not mappings or token.node.properties.get(RESULTS) == "all":
        if data:
            run.write(token, data)
    else:
        token.local.update(data)
    for mapping in mappings:
        value, name = feel.to_json(run.evaluate(mapping.source, token, "output")), mapping.target
        if "." in name:
            name, value = put(_outside(token), name, value)
        if not token.is_item:
            token.local.pop(name, None)
        run.write(token, {name: value})


def _outside(token: Token) -> Any:
    if token.is_item:
        return context(token)  # each item has results of its own, or they would overwrite one another's
    above = token.above
    return above.doc if above.doc is not None else context(above)
