"""Ad-hoc subprocesses: a person starts the activities inside, in any order, until the completion condition holds."""

from __future__ import annotations

from engine import feel
from engine.bpmn.moving import close_events, enter
from engine.bpmn.outcome import ActivityOffered
from engine.bpmn.process import Node, is_choice
from engine.bpmn.run import Run, Stuck, operation
from engine.bpmn.tokens import Token
from engine.bpmn.variables import context
from engine.bpmn.waiting import event_starts, subscribe


def offered(token: Token) -> list[Node]:
    """This will return the activities that a person may start in the ad-hoc subprocess `token`."""
    return [node for node in token.content.nodes if is_choice(node)]


def open_ad_hoc(run: Run, token: Token) -> None:
    """This will offer the activities inside, and begin those that the diagram names."""
    ids = _active(run, token)
    token.info["open"] = 1
    nodes = {node.id: node for node in offered(token)}
    for node in nodes.values():
        run.open(token, ActivityOffered(token=token.id, element=node.id, name=node.name, process_key=token.key))
    mark = len(run.agenda)
    for id in ids:
        enter(run, nodes[id], token)
    run.agenda[mark:] = run.agenda[mark:][::-1]
    subscribe(run, token, event_starts(token.content.event_subprocesses, token), False)


def _active(run: Run, token: Token) -> list[str]:
    ad_hoc = token.node.ad_hoc
    if ad_hoc is None or ad_hoc.active is None:
        return []
    ids = run.evaluate(ad_hoc.active, token, "active elements")
    possible = {node.id for node in offered(token)}
    if ids is None:
        return []
    if not isinstance(ids, list) or not all(id in possible for id in ids):
        raise run.trouble(ad_hoc.active, context(token), "active elements", "it is no list of activities inside")
    return ids


def may_start(token: Token, element: str) -> bool:
    """This will tell whether `element` can be started now; with sequential ordering only one is open at a time."""
    ad_hoc = token.node.ad_hoc
    if token.info.get("enough") or (ad_hoc is not None and ad_hoc.sequential and token.has_live_children):
        return False
    return any(node.id == element for node in offered(token))


def enable(run: Run, token: Token, element: str) -> None:
    """This will start the activity `element`."""
    node = next(node for node in offered(token) if node.id == element)
    enter(run, node, token)


@operation
def ad_hoc_progress(run: Run, token: Token) -> None:
    """This will end the ad-hoc subprocess when its completion condition holds.

    It holds for good once it was true. Without a condition the subprocess ends with the last activity that was started.
    """
    ad_hoc = token.node.ad_hoc
    if ad_hoc is None:
        raise Stuck("This is no ad-hoc subprocess any more.")
    if ad_hoc.completion is not None and run.decide(ad_hoc.completion, token, "completion condition"):
        token.info["enough"] = 1
    is_enough = bool(token.info.get("enough")) or ad_hoc.completion is None
    if token.has_live_children:
        if not (is_enough and ad_hoc.completion is not None and ad_hoc.cancel_remaining):
            return
        for child in token.live_children:
            run.remove(child, True)
    if not is_enough:
        return
    close_events(run, token)
    run.close(token)
    run.push(("complete", token, {}))


def gather(run: Run, token: Token, scope: Token) -> None:
    """This will append the result of an inner path that ends with `token` to the output collection of `scope`."""
    ad_hoc = scope.node.ad_hoc
    if ad_hoc is None or ad_hoc.output_collection is None or ad_hoc.output_element is None:
        return
    value = feel.to_json(run.evaluate(ad_hoc.output_element, token, "output element"))
    known = context(scope).get(ad_hoc.output_collection)
    run.write(scope, {ad_hoc.output_collection: [*(known if isinstance(known, list) else []), value]})
