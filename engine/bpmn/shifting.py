"""What operators do to tokens: pass over an element that fails, or put a token elsewhere; which of it is possible."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.bpmn import adhoc, loops
from engine.bpmn.host import Host
from engine.bpmn.moving import enter, why_not_begin
from engine.bpmn.outcome import State
from engine.bpmn.precedence import before
from engine.bpmn.process import Node, Process
from engine.bpmn.run import Run, operation
from engine.bpmn.stimuli import MoveToken, SkipElement
from engine.bpmn.tokens import Token, TokenGone, Tree
from engine.bpmn.waiting import examine_conditions
from engine.errors import Conflict, Invalid

JOINS = frozenset({"parallelGateway", "inclusiveGateway"})
CHOICES = frozenset({"exclusiveGateway", "inclusiveGateway"})


class CannotSkip(Conflict):
    """“{element}” cannot be passed over: {reason}."""


class CannotMove(Invalid):
    """Nothing can go on at “{element}”: {reason}."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A place where a case stands, as operators see it.

    `depth` counts the subprocesses, called processes and multi-instance activities around it. `state` is failed, waits,
    joined (waits for other branches) or holds (has others inside). `targets` are the elements where it could go on.
    """

    token: int
    element: str
    name: str
    type: str
    depth: int
    state: str
    may_skip: bool
    targets: tuple[Node, ...]


def standing(process: Process, state: State, host: Host) -> list[Standing]:
    """This will list where a case stands, what is inside after what is around it; it changes nothing."""
    tree = Tree.load(process, state, {}, host)
    shown = (
        token for token in tree.root.descendants() if token.kind not in ("sub", "path") or "incident" in token.info
    )
    return [_standing(token) for token in shown]


def _standing(token: Token) -> Standing:
    if "incident" in token.info:
        state = "failed"
    elif token.kind == "join":
        state = "joined"
    else:
        state = "waits" if "open" in token.info and not token.has_live_children else "holds"
    depth = sum(1 for above in token.ancestors() if above.kind != "path") - 1
    node = token.node
    may_skip = state in ("failed", "waits") and _why_not_skip(token) is None
    targets = () if _is_bound(token) else tuple(_targets(_scope_of(token)))
    return Standing(token.id, node.id, node.name, node.type, depth, state, may_skip, targets)


def _is_bound(token: Token) -> bool:
    """An item belongs to its multi-instance activity, a waiting event to what it is attached to."""
    return token.is_item or (token.kind == "sub" and token.above.node.type != "eventBasedGateway")


def _scope_of(token: Token) -> Token:
    """The case, called process, subprocess or ad-hoc path around `token`, past multi-instance bodies and handlers."""
    for above in token.ancestors():
        is_scope = above.kind in ("act", "path") and above.node.content is not None
        if above.kind == "case" or above.doc is not None or is_scope:
            return above
    raise TokenGone(token=token.id)


def _targets(scope: Token) -> list[Node]:
    return [node for node in scope.content.nodes if _why_not_enter(node) is None]


def _why_not_enter(node: Node) -> str | None:
    """Why a token cannot begin at `node` by itself."""
    if node.by_event:
        return "an event subprocess begins with its event only"
    if (reason := why_not_begin(node)) is not None:
        return reason
    if node.type in JOINS and len(node.incoming) > 1:
        return "here branches wait for one another; choose the element after it"
    return None


def _find(run: Run, id: int) -> Token:
    token = run.tree.tokens.get(id)
    if token is None or token.parent is None:
        raise TokenGone(token=id)
    return token


def move(run: Run, stimulus: MoveToken) -> None:
    """This will withdraw a token, with all that is inside, and begin at another element of the same scope.

    An item of a multi-instance activity takes the whole activity along. Elements of a scope around it in the same
    process are possible too: then the subprocess in between is withdrawn.
    """
    token = _find(run, stimulus.token)
    if token.kind == "sub" and token.above.node.type != "eventBasedGateway":
        raise CannotMove(element=stimulus.element, reason="an event that waits at an activity moves with that only")
    scope, node = _destination(token, stimulus.element)
    run.remove(next(child for child in scope.children.values() if child is token or _is_inside(token, child)), True)
    if stimulus.data:
        run.write(scope, stimulus.data)
    is_free = scope.node.ad_hoc is not None and scope.kind == "act"
    enter(run, node, adhoc.path_in(run, scope) if is_free else scope)
    examine_conditions(run)


def _is_inside(token: Token, above: Token) -> bool:
    return any(each is above for each in token.ancestors())


def _destination(token: Token, element: str) -> tuple[Token, Node]:
    """The nearest scope around `token` in its own process that has `element` directly inside."""
    scope = _scope_of(token)
    while True:
        for node in scope.content.nodes:
            if node.id == element:
                reason = _why_not_enter(node)
                if reason is not None:
                    raise CannotMove(element=node.name or element, reason=reason)
                return scope, node
        if scope.kind == "case" or scope.doc is not None:
            known = scope.inner.nodes.get(element)
            reason = "it is inside another subprocess" if known else "the process has no such element"
            raise CannotMove(element=known.name or element if known else element, reason=reason)
        scope = _scope_of(scope)


def skip(run: Run, stimulus: SkipElement) -> None:
    """This will go on from an element as if it were done, with the data that it should have left.

    The data are written as they are, past output mappings. What waits inside or at its edge is withdrawn; its end
    listeners are not called and it will not be compensated, for it did nothing.
    """
    token = _find(run, stimulus.token)
    reason = _why_not_skip(token)
    if reason is not None:
        raise CannotSkip(element=token.node.name or token.node.id, reason=reason)
    run.tell("skipped", token)
    if adhoc.is_question(token):
        run.close(token, True)
        run.push(("answered", token, dict(stimulus.data) or {adhoc.ENOUGH: True}))
        return
    if token.kind == "sub":
        run.remove(token, True)
        return
    if token.kind == "path":
        adhoc.forget(run, token)
        return
    run.clear(token)
    run.close(token, True)
    token.info.pop("listens", None)
    if stimulus.data:
        run.write(token if token.is_item else token.above, stimulus.data)
    if token.node.type == "endEvent" and token.above.kind == "case":
        run.end_element = token.node.id
    run.push(("pass_over", token))
    examine_conditions(run)


def _why_not_skip(token: Token) -> str | None:
    if token.kind == "join":
        return "it waits for other branches; move it instead"
    if token.kind == "sub" and not adhoc.is_question(token):
        if "incident" not in token.info:
            return "it only waits beside an activity"
        if token.above.node.type == "eventBasedGateway":
            return "it is one of several events that may come; move the token instead"
        return None
    if "incident" not in token.info and "open" not in token.info:
        return "it neither failed nor waits"
    if token.node.type in CHOICES and len(token.node.outgoing) > 1:
        return "only people can say which way to go from a choice; move the token instead"
    return None


@operation
def pass_over(run: Run, token: Token) -> None:
    """This will leave an element that did nothing."""
    if token.is_item:
        loops.item_done(run, token)
        return
    run.push(("leave", token))
    if token.above.node.type == "adHocSubProcess" and token.node.is_activity and not adhoc.is_last(token):
        run.push(("ad_hoc_progress", token.above))


def starving(process: Process, state: State, host: Host) -> list[Node]:
    """This will list the parallel gateways that wait for a branch on which nothing stands any more.

    Nothing that is open now leads there, so they may wait for ever.
    """
    tree = Tree.load(process, state, {}, host)
    groups: dict[tuple[int, str], list[Token]] = {}
    for token in tree.joins.values():
        if token.node.type == "parallelGateway":
            groups.setdefault((token.above.id, token.node.id), []).append(token)
    return [group[0].node for group in groups.values() if _starves(group)]


def _starves(group: list[Token]) -> bool:
    scope, node, process = group[0].above, group[0].node, group[0].process
    taken = {token.info["flow"] for token in group}
    others = [child for child in scope.children.values() if child.kind != "sub" and child not in group]
    for flow in node.incoming:
        if flow.id not in taken:
            source = process.nodes[flow.source]
            way = before(process, source) | {source.id}
            if not any(other.node.id in way for other in others):
                return True
    return False


def postpone(state: State, span: timedelta) -> State:
    """This will return the snapshot of a case that stood still for `span`: repeating timers go on that much later."""
    rows = []
    for row in state["tokens"]:
        info: dict[str, Any] | None = row[5]
        if info and "cycle" in info:
            due, *rest, line, until = info["cycle"]
            if line is None:  # a cron line names moments of the calendar, which do not move
                later = (datetime.fromisoformat(due) + span).isoformat()
                row = [*row[:5], {**info, "cycle": [later, *rest, line, until]}, *row[6:]]
        rows.append(row)
    return {**state, "tokens": rows}


def places(process: Process, state: State, host: Host) -> dict[int, Node]:
    """This will return the node of every token of a case."""
    tree = Tree.load(process, state, {}, host)
    return {token.id: token.node for token in tree.tokens.values() if token.parent is not None}
