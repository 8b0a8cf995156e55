"""Multi-instance and repeated activities: a body that holds the items, counts them and gathers their results."""

from __future__ import annotations

from typing import Any

from engine import feel
from engine.bpmn import compensation
from engine.bpmn.expressions import is_target
from engine.bpmn.process import Loop
from engine.bpmn.run import Run, Stuck, operation
from engine.bpmn.tokens import Token
from engine.bpmn.variables import context, counters
from engine.bpmn.waiting import examine_conditions, subscribe

MAX_ITEMS = 10_000


def open_body(run: Run, body: Token, loop: Loop) -> None:
    """This will make `body` hold the items of its loop, all at once or one after the other."""
    if loop.collection is None and loop.cardinality is None:
        items: list[Any] | None = None
        count = loop.maximum if loop.maximum is not None else MAX_ITEMS
        if (
            loop.test_before
            and loop.repeat_while is not None
            and not run.decide(loop.repeat_while, body, "loop condition")
        ):
            count = 0
    elif loop.collection is not None:
        items = _items(run, body, loop)
        count = len(items)
    else:
        items, count = None, _cardinality(run, body, loop)
    run.tree.conditions.pop(body.id, None)
    body.kind = "body"
    body.info["n"], body.info["done"] = count, 0
    if loop.output_collection is not None:
        body.info["out"] = [None] * count
    run.tell("entered", body, items=count)
    if count == 0:
        run.push(("close_body", body))
        return
    if loop.sequential:
        body.info["next"] = 1
        if items is not None:
            body.info["items"] = items
        run.push(("begin", _item(run, body, loop, 0, items[0] if items else None)))
    else:
        made = [_item(run, body, loop, index, items[index] if items is not None else None) for index in range(count)]
        run.push_all([("begin", item) for item in made])
    subscribe(run, body, body.node.boundaries, True)


def _items(run: Run, body: Token, loop: Loop) -> list[Any]:
    if loop.collection is None:
        return []
    found = feel.to_json(run.evaluate(loop.collection, body, "input collection"))
    if not isinstance(found, list):
        raise run.trouble(loop.collection, context(body), "input collection", "it is not a list")
    if len(found) > MAX_ITEMS:
        raise run.trouble(loop.collection, {}, "input collection", f"it has more than {MAX_ITEMS} items")
    return found


def _cardinality(run: Run, body: Token, loop: Loop) -> int:
    if loop.cardinality is None:
        return 0
    found = feel.to_json(run.evaluate(loop.cardinality, body, "loop cardinality"))
    try:
        count = int(found)
    except (TypeError, ValueError):
        raise run.trouble(loop.cardinality, context(body), "loop cardinality", "it is no number") from None
    if not 0 <= count <= MAX_ITEMS:
        raise run.trouble(loop.cardinality, context(body), "loop cardinality", f"it is not from 0 to {MAX_ITEMS}")
    return count


def _item(run: Run, body: Token, loop: Loop, index: int, value: Any) -> Token:
    item = run.create("act", body.node, body)
    item.local["loopCounter"] = index + 1
    if loop.element is not None:
        item.local[loop.element] = value
    output = loop.output_element
    if output is not None and output.feel is not None and is_target(output.feel.text.strip()):
        # A result that is just a variable belongs to the item: items must not overwrite each other's.
        item.local.setdefault(output.feel.text.strip().split(".")[0], None)
    return item


def item_done(run: Run, item: Token) -> None:
    """This will count `item`, keep its result, and close the body, begin the next item or wait for the others."""
    body, loop = item.above, item.node.loop
    if loop is None:
        return
    if loop.output_element is not None:
        results = list(body.info.get("out", []))
        results[item.local["loopCounter"] - 1] = feel.to_json(run.evaluate(loop.output_element, item, "output element"))
        body.info["out"] = results
    seen = {**context(item), **counters(body)}
    active = 0 if loop.sequential else seen["nrOfActiveInstances"] - 1
    seen["numberOfActiveInstances"] = seen["nrOfActiveInstances"] = active
    seen["numberOfCompletedInstances"] = seen["nrOfCompletedInstances"] = body.info["done"] + 1
    is_enough = loop.completion is not None and run.decide(loop.completion, item, "completion condition", seen)
    repeat = loop.repeat_while is None or run.decide(loop.repeat_while, item, "loop condition")
    body.info["done"] += 1
    run.remove(item)
    if is_enough or not repeat:
        run.push(("close_body", body))
    elif loop.sequential and body.info["next"] < body.info["n"]:
        index = body.info["next"]
        body.info["next"] = index + 1
        items = body.info.get("items")
        run.push(("begin", _item(run, body, loop, index, items[index] if items else None)))
    else:
        close_if_done(run, body)


def close_if_done(run: Run, body: Token) -> None:
    """This will close `body` when no item is left."""
    if not body.has_live_children:
        run.push(("close_body", body))


@operation
def close_body(run: Run, body: Token) -> None:
    """This will cancel what is left of a multi-instance activity, write its results and go on from it."""
    loop = body.node.loop
    if loop is None:
        raise Stuck("The activity has no loop any more.")
    run.clear(body)
    if loop.output_collection is not None:
        results = body.info.pop("out", [])
        run.write(body, {loop.output_collection: results})
    run.tell("completed", body, items=body.info["done"])
    compensation.record_items(run, body)
    run.push(("leave", body))
    run.push(("look", body))


@operation
def look(run: Run, token: Token) -> None:
    """This will look at the conditional events again after results were written."""
    examine_conditions(run)
