"""Ad-hoc subprocesses: a person starts the activities inside, in any order, until the completion condition holds.

With a `zeebe:taskDefinition` a service decides instead: it is asked on entry, and again whenever a path inside ends,
what begins now, and whether it is enough. The question waits as a token of its own, of which there is one at a time.

As in Camunda 8 each activity that is begun has a path of its own: what is written there stays there, only what the
output element gathers leaves it. In models of the old engines all paths write to the case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine import feel
from engine.bpmn.activities import call_service
from engine.bpmn.moving import close_events, enter
from engine.bpmn.outcome import ActivityOffered
from engine.bpmn.process import Node, is_choice
from engine.bpmn.run import Run, Stuck, operation
from engine.bpmn.tokens import Token
from engine.bpmn.variables import context
from engine.bpmn.waiting import event_starts, subscribe

ACTIVATE, ENOUGH, CANCEL = "activateElements", "isCompletionConditionFulfilled", "isCancelRemainingInstances"
_RESULT = frozenset({ACTIVATE, ENOUGH, CANCEL, "type"})  # what else a service answers are variables


def offered(token: Token) -> list[Node]:
    """This will return the activities that a person may start in the ad-hoc subprocess `token`."""
    return [] if token.node.call is not None else _choices(token)


def _choices(token: Token) -> list[Node]:
    return [node for node in token.content.nodes if is_choice(node)]


def is_question(token: Token) -> bool:
    """This will tell whether a service is asked here what begins in the ad-hoc subprocess above."""
    return token.kind == "sub" and token.node.ad_hoc is not None


def offer(run: Run, token: Token) -> None:
    """This will open an ad-hoc subprocess in which nothing has begun yet, and offer the activities inside."""
    token.info["open"] = 1
    collection = token.node.ad_hoc.output_collection if token.node.ad_hoc is not None else None
    if collection is not None and _is_apart(token):
        token.local[collection] = []
    for node in offered(token):
        run.open(token, ActivityOffered(token=token.id, element=node.id, name=node.name, process_key=token.key))


def open_ad_hoc(run: Run, token: Token) -> None:
    """This will offer the activities inside, and begin those that the diagram names."""
    ids = _active(run, token)
    offer(run, token)
    if token.node.call is not None:
        run.push(("ask", token))
        subscribe(run, token, event_starts(token.content.event_subprocesses, token), False)
        return
    nodes = {node.id: node for node in offered(token)}
    mark = len(run.agenda)
    for id in ids:
        _set_off(run, token, nodes[id], {})
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
    if (
        token.info.get("enough")
        or token.info.get("interrupted")
        or (ad_hoc is not None and ad_hoc.sequential and token.has_live_children)
    ):
        return False
    return any(node.id == element for node in offered(token))


def enable(run: Run, token: Token, element: str) -> None:
    """This will start the activity `element`."""
    node = next(node for node in offered(token) if node.id == element)
    _set_off(run, token, node, {})


def _is_apart(scope: Token) -> bool:
    """Whether each activity that begins in the ad-hoc subprocess `scope` has a path with variables of its own."""
    return scope.process.is_native or scope.node.call is not None


def path_in(run: Run, scope: Token) -> Token:
    """This will return where an activity begins that is started in the ad-hoc subprocess `scope`."""
    return run.create("path", scope.node, scope) if _is_apart(scope) else scope


def _set_off(run: Run, scope: Token, node: Node, values: dict[str, Any]) -> None:
    path = path_in(run, scope)
    if values:
        path.local.update(values)
    enter(run, node, path)


def is_last(token: Token) -> bool:
    """This will tell whether the path around `token` ends with it: its end is looked at as a whole."""
    return token.above.kind == "path" and not token.node.outgoing and len(token.above.live_children) == 1


@operation
def ad_hoc_progress(run: Run, token: Token) -> None:
    """This will look, when an activity inside has been done, whether the completion condition holds.

    `token` is the ad-hoc subprocess or one of its paths, whose variables the condition sees.
    """
    scope = token.above if token.kind == "path" else token
    ad_hoc = scope.node.ad_hoc
    if ad_hoc is None:
        raise Stuck("This is no ad-hoc subprocess any more.")
    if scope.node.call is not None:
        return  # asked when the whole path has ended
    if scope.info.get("interrupted") and not scope.has_live_children:
        _end(run, scope)
        return
    if ad_hoc.completion is not None and run.decide(ad_hoc.completion, token, "completion condition"):
        scope.info["enough"] = 1
    _settle(run, scope)


def _settle(run: Run, scope: Token) -> None:
    """Ends the ad-hoc subprocess when its completion condition has held, for good; without one, with its last path."""
    ad_hoc = scope.node.ad_hoc
    is_open = ad_hoc is not None and ad_hoc.completion is not None
    is_enough = bool(scope.info.get("enough")) or not is_open
    if scope.has_live_children:
        if not (is_enough and is_open and ad_hoc is not None and ad_hoc.cancel_remaining):
            return
        for child in scope.live_children:
            run.remove(child, True)
    if is_enough or scope.info.get("interrupted"):
        _end(run, scope)


def _end(run: Run, token: Token) -> None:
    close_events(run, token)
    run.close(token)
    collection = token.node.ad_hoc.output_collection if token.node.ad_hoc is not None else None
    if collection is not None and collection in token.local:
        results = token.local.pop(collection)
        run.write(token, {collection: results})
        if token.node.outputs or token.is_item:
            token.local[collection] = results
    run.push(("complete", token, {}))


@operation
def path_done(run: Run, token: Token) -> None:
    """This will gather the result of the path `token`, whose last activity has ended, and look whether it is enough."""
    scope = token.above
    ad_hoc = scope.node.ad_hoc
    if ad_hoc is None:
        raise Stuck("This is no ad-hoc subprocess any more.")
    gathered = _gathered(run, token, scope)
    decides = scope.node.call is None and not scope.info.get("interrupted") and ad_hoc.completion is not None
    if decides and ad_hoc.completion and run.decide(ad_hoc.completion, token, "completion condition", gathered):
        scope.info["enough"] = 1
    scope.local.update(gathered)
    run.changed.update(gathered)
    run.remove(token)
    path_ended(run, scope)


def forget(run: Run, path: Token) -> None:
    """This will end a path whose result or condition an operator passes over."""
    scope = path.above
    run.remove(path, True)
    run.push(("path_ended", scope))


@operation
def path_ended(run: Run, token: Token) -> None:
    """This will go on in the ad-hoc subprocess `token` when one of the paths inside has ended."""
    if token.node.call is None and _is_apart(token):
        _settle(run, token)
    elif token.node.call is None:
        ad_hoc_progress(run, token)
    elif not (token.info.get("enough") or token.info.get("interrupted")):
        ask(run, token)
    elif not token.has_live_children:
        _end(run, token)


@operation
def ask(run: Run, token: Token) -> None:
    """This will ask the service of the ad-hoc subprocess `token` anew what begins; who was asked before is not heard.

    When it failed before, `token` is the question itself.
    """
    scope = token.above if is_question(token) else token
    for child in list(scope.children.values()):
        if is_question(child):
            run.remove(child, True)
    run.push(("put_question", run.create("sub", scope.node, scope)))


@operation
def put_question(run: Run, token: Token) -> None:
    """This will call the service."""
    if token.node.call is None:
        raise Stuck("This is no ad-hoc subprocess any more.")
    call_service(run, token, token.node.call, "answered")


@operation
def answered(run: Run, token: Token, data: dict[str, Any]) -> None:
    """This will begin what the service names, or end the subprocess; an answer that says neither is an incident.

    Its other variables become those of the subprocess. Tried again, the service is asked again.
    """
    scope = token.above
    nodes = {node.id: node for node in _choices(scope)}
    begun, problem = _named(data, nodes), ""
    is_enough, cancels = data.get(ENOUGH) or False, data.get(CANCEL) or False
    if begun is None:
        problem = "it is no list of activities inside"
    elif not isinstance(is_enough, bool) or not isinstance(cancels, bool):
        problem = "whether it is enough is neither true nor false"
    elif begun and is_enough:
        problem = "it begins activities and says that it is enough"
    elif not (begun or is_enough) and (cancels or not _may_go_on(scope)):
        problem = "nothing is left to do, and it does not say that it is enough"
    elif _overlaps(scope, begun, cancels):
        problem = "only one activity at a time can be open here"
    if begun is None or problem:
        run.hold(token, Stuck(f"{ACTIVATE}: {problem}", place=ACTIVATE, values=data), ["ask"])
        return
    run.remove(token)
    scope.local.update({name: value for name, value in data.items() if name not in _RESULT})
    if is_enough:
        scope.info["enough"] = 1
    for child in scope.live_children if cancels else ():
        run.remove(child, True)
    mark = len(run.agenda)
    for id, values in begun:
        _set_off(run, scope, nodes[id], values)
    run.agenda[mark:] = run.agenda[mark:][::-1]
    if is_enough and not scope.has_live_children:
        _end(run, scope)


def _named(data: dict[str, Any], nodes: Mapping[str, Node]) -> list[tuple[str, dict[str, Any]]] | None:
    """The activities that an answer names, each with its variables; None when they are not of this subprocess."""
    named = data.get(ACTIVATE) or []
    if not isinstance(named, list):
        return None
    found = []
    for item in named:
        each = {"elementId": item} if isinstance(item, str) else item
        if not isinstance(each, dict) or each.get("elementId") not in nodes:
            return None
        values = each.get("variables") or {}
        if not isinstance(values, dict):
            return None
        found.append((str(each["elementId"]), values))
    return found


def _may_go_on(scope: Token) -> bool:
    """Whether something is open inside, or an event subprocess waits."""
    waits = any(
        child.kind == "sub" and not child.is_boundary and not is_question(child) for child in scope.children.values()
    )
    return waits or scope.has_live_children


def _overlaps(scope: Token, begun: Sequence[object] | None, cancels: bool) -> bool:
    if scope.node.ad_hoc is None or not scope.node.ad_hoc.sequential or not begun:
        return False
    return len(begun) > 1 or (scope.has_live_children and not cancels)


def gather(run: Run, token: Token, scope: Token) -> None:
    """This will append the result of an inner path that ends with `token` to the output collection of `scope`."""
    gathered = _gathered(run, token, scope)
    if gathered:
        run.write(scope, gathered)


def _gathered(run: Run, token: Token, scope: Token) -> dict[str, Any]:
    """The output collection with what `token` sees as the output element; nothing when there is none."""
    ad_hoc = scope.node.ad_hoc
    if ad_hoc is None or ad_hoc.output_collection is None or ad_hoc.output_element is None:
        return {}
    value = feel.to_json(run.evaluate(ad_hoc.output_element, token, "output element"))
    known = context(scope).get(ad_hoc.output_collection)
    return {ad_hoc.output_collection: [*(known if isinstance(known, list) else []), value]}
