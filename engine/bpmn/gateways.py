"""Which flows a token takes, and where tokens wait for one another."""

from __future__ import annotations

from engine.bpmn.process import Flow, Node, Process
from engine.bpmn.run import Run, Stuck, operation
from engine.bpmn.tokens import Token
from engine.bpmn.variables import context


def exclusive(run: Run, token: Token) -> list[Flow]:
    """This will choose the first flow, in document order, whose condition is true, else the default."""
    node = token.node
    default: Flow | None = None
    for flow in node.outgoing:
        if flow.id == node.default:
            default = flow
        elif flow.condition is None or run.decide(flow.condition, token, f"condition of flow {flow.name or flow.id}"):
            return [flow]
    if default is not None:
        return [default]
    if not node.outgoing:
        return []
    raise _no_flow(run, token)


def inclusive(run: Run, token: Token) -> list[Flow]:
    """This will choose every flow whose condition is true, else the default."""
    node = token.node
    taken: list[Flow] = []
    default: Flow | None = None
    for flow in node.outgoing:
        if flow.id == node.default:
            default = flow
        elif flow.condition is None or run.decide(flow.condition, token, f"condition of flow {flow.name or flow.id}"):
            taken.append(flow)
    if not taken and default is not None:
        taken.append(default)
    if not taken:
        raise _no_flow(run, token)
    return taken


def _no_flow(run: Run, token: Token) -> Stuck:
    conditions = [flow for flow in token.node.outgoing if flow.condition is not None]
    known = context(token)
    troubles = [run.trouble(flow.condition, known, "condition", "false") for flow in conditions if flow.condition]
    values: dict[str, object] = {}
    for trouble in troubles:
        values.update(trouble.detail["values"])
    return Stuck(
        "No outgoing flow has a true condition, and there is no default flow.",
        expression="; ".join(flow.condition.text for flow in conditions if flow.condition),
        place="condition",
        values=values,
        missing=sorted({name for trouble in troubles for name in trouble.detail["missing"]}),
    )


def join_parallel(run: Run, node: Node, scope: Token, flow: Flow) -> None:
    """This will wait until a token has come over every incoming flow, and go on with one of each."""
    arrived = run.create("join", node, scope)
    arrived.info["flow"] = flow.id
    waiting: dict[str, Token] = {}
    for child in scope.children.values():
        if child.kind == "join" and child.node is node:
            waiting.setdefault(child.info["flow"], child)
    if len(waiting) < len(node.incoming):
        return
    for token in waiting.values():
        run.tree.remove(token)
    run.push(("begin", run.create("act", node, scope)))


def wait_inclusive(run: Run, node: Node, scope: Token, flow: Flow) -> None:
    """This will wait until no other token can still arrive; that is judged when nothing else moves."""
    arrived = run.create("join", node, scope)
    arrived.info["flow"] = flow.id


@operation
def settle(run: Run, root: Token) -> None:
    """This will open the inclusive gateways that nothing can reach any more.

    BPMN 2.0, 13.4.3: a token elsewhere counts when it can reach an empty incoming flow and none that is already taken.
    """
    groups: dict[tuple[int, str], list[Token]] = {}
    for token in run.tree.joins.values():
        if token.node.type == "inclusiveGateway":
            groups.setdefault((token.above.id, token.node.id), []).append(token)
    free = [group for group in groups.values() if not _blocked(group, strict=True)]
    if not free:
        # Gateways that wait for one another only would wait for ever.
        free = [group for group in groups.values() if not _blocked(group, strict=False)][:1]
    for group in free[:1]:
        scope, node = group[0].above, group[0].node
        taken: set[str] = set()
        for token in group:
            if token.info["flow"] not in taken:
                taken.add(token.info["flow"])
                run.tree.remove(token)
        run.push(("begin", run.create("act", node, scope)))


def _blocked(group: list[Token], strict: bool) -> bool:
    scope, node = group[0].above, group[0].node
    taken = {token.info["flow"] for token in group}
    process = group[0].process
    empty = [flow for flow in node.incoming if flow.id not in taken]
    if not empty:
        return False
    to_empty = upstream(process, node, empty)
    to_taken = upstream(process, node, [flow for flow in node.incoming if flow.id in taken])
    for other in scope.children.values():
        if other.kind == "sub" or other in group:
            continue
        if other.kind == "join" and (other.node is node or not strict):
            continue
        if _reaches(other, to_empty) and not _reaches(other, to_taken):
            return True
    return False


def _reaches(token: Token, nodes: frozenset[str]) -> bool:
    if token.node.id in nodes:
        return True
    return any(boundary.id in nodes for boundary in token.node.boundaries)


def is_join(node: Node) -> bool:
    """This will tell whether tokens wait for one another at a gateway."""
    return node.type in ("parallelGateway", "inclusiveGateway") and len(node.incoming) > 1


def upstream(process: Process, gateway: Node, flows: list[Flow]) -> frozenset[str]:
    """This will return the nodes from which one of `flows` is reached, but not through `gateway`; kept in `process`."""
    key = "upstream " + " ".join(flow.id for flow in flows)
    if key not in process.cache:
        found: set[str] = set()
        stack = [flow.source for flow in flows]
        while stack:
            id = stack.pop()
            if id in found or id == gateway.id:
                continue
            found.add(id)
            node = process.nodes[id]
            stack.extend(flow.source for flow in node.incoming)
            if node.attached_to:
                stack.append(node.attached_to)
            if node.type == "intermediateCatchEvent" and node.event is not None and node.event.kind == "link":
                stack.extend(_throwers(process, node))
        process.cache[key] = frozenset(found)
    cached: frozenset[str] = process.cache[key]
    return cached


def _throwers(process: Process, catcher: Node) -> list[str]:
    link = catcher.event.name if catcher.event else None
    return [
        node.id
        for node in process.inside(catcher.scope).nodes
        if node.type == "intermediateThrowEvent"
        and node.event is not None
        and node.event.kind == "link"
        and node.event.name == link
    ]
