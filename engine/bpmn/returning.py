"""Going back to an earlier step: where a task may be returned to, and what is withdrawn on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from engine.bpmn import gateways
from engine.bpmn.host import Host
from engine.bpmn.outcome import State
from engine.bpmn.precedence import before, linked, sources
from engine.bpmn.process import Flow, Node, Process
from engine.bpmn.run import Run
from engine.bpmn.tokens import Token, TokenGone, Tree
from engine.errors import Invalid


class NotEarlier(Invalid):
    """The step {element} does not come before this one."""


class EarlierStep(NamedTuple):
    """A user task that came before, and the id of the process that it is a step of."""

    process_id: str
    node: Node


def _levels(token: Token, into_callers: bool) -> list[tuple[Token, Node]]:
    """The scopes around `token`, each with the node inside it where this branch stands.

    Those of its own process, then with `into_callers` those of the processes that called it.
    """
    found: list[tuple[Token, Node]] = []
    current = token
    while current.parent is not None:
        above = current.parent
        if above.kind != "body" and current.kind != "path" and not current.node.by_event:
            found.append((above, current.node))
        if above.doc is not None and not into_callers:
            break
        current = above
    return found


def earlier_steps(
    process: Process, state: State, token: int, host: Host, *, into_callers: bool = False
) -> list[EarlierStep]:
    """This will return the user tasks that the task at `token` may be returned to, in document order.

    They precede it on some path of its own scope, or of a scope around it in the same process; with `into_callers`
    those before the call of its process, too. Of two with one id the nearer is meant. Raises TokenGone.
    """
    tree = Tree.load(process, state, {}, host)
    current = tree.tokens.get(token)
    if current is None:
        raise TokenGone(token=token)
    found: dict[str, tuple[bool, int, EarlierStep]] = {}
    own = len(_levels(current, False))
    for level, (scope, node) in enumerate(_levels(current, into_callers)):
        is_own = level < own
        for id in before(scope.inner, node) - ({current.node.id} if is_own else set()):
            earlier = scope.inner.nodes[id]
            if earlier.type == "userTask" and id not in found:
                found[id] = is_own, earlier.index, EarlierStep(scope.inner.id, earlier)
    return [step for *_order, step in sorted(found.values(), key=lambda each: each[:2])]


def steps_before(process: Process, node: Node) -> frozenset[str]:
    """This will return the user tasks from which a path leads to `node`, or to a subprocess around it."""
    found: set[str] = set()
    current: Node | None = node
    while current is not None:
        found |= before(process, current) - {node.id} if not current.by_event else set()
        current = process.nodes.get(current.scope)
    return frozenset(id for id in found if process.nodes[id].type == "userTask")


@dataclass(slots=True)
class _Rerun:
    """What is done again when a case goes back: nodes and flows that one token comes over, alone.

    A join behind which the case has been is passed with an arrival for each branch that is not done again.
    """

    nodes: set[str] = field(default_factory=set)
    flows: set[str] = field(default_factory=set)
    arrivals: list[tuple[Node, Flow]] = field(default_factory=list)

    def holds(self, token: Token) -> bool:
        """This will tell whether a token stands where the case will come again."""
        return token.info["flow"] in self.flows if token.kind == "join" else token.node.id in self.nodes


def _rerun(process: Process, element: str, standing: Node) -> _Rerun:
    found, joins = _Rerun(), dict[str, Node]()
    stack = [element]
    while stack:
        _walk(process, found, joins, stack)
        behind = [node for id, node in joins.items() if id not in found.nodes and _leads(process, node, standing)]
        if standing.id in found.nodes or not behind:
            break
        join = min(behind, key=lambda node: node.index)
        if join.type == "parallelGateway":
            found.arrivals.extend((join, flow) for flow in join.incoming if flow.id not in found.flows)
        stack.append(join.id)
    return found


def _leads(process: Process, node: Node, to: Node) -> bool:
    return node is to or node.id in before(process, to)


def _walk(process: Process, found: _Rerun, joins: dict[str, Node], stack: list[str]) -> None:
    """Goes on from each node of `stack`; at a join only when every branch of it is done again."""
    while stack:
        id = stack.pop()
        if id in found.nodes:
            continue
        found.nodes.add(id)
        node = process.nodes[id]
        stack.extend(boundary.id for boundary in node.boundaries)
        caught = linked(process, node)
        if caught is not None:
            stack.append(caught.id)
        for flow in node.outgoing:
            found.flows.add(flow.id)
            target = process.nodes[flow.target]
            if gateways.is_join(target) and not all(each.id in found.flows for each in target.incoming):
                joins[target.id] = target
            else:
                stack.append(target.id)


def withdraw(
    run: Run, token: Token, element: str, withdraw_others: bool, into_callers: bool = False
) -> tuple[Token, Node]:
    """This will withdraw `token` (with the subprocess or call that it must leave) and tell where to go on.

    With `withdraw_others` every other token goes too that stands where the case will come again. Else it is kept, and
    its branch is not opened a second time. Branches that a join has taken and that are not done again count as done.
    """
    for scope, node in _levels(token, into_callers):
        if element not in before(scope.inner, node):
            continue
        rerun = _rerun(scope.inner, element, node)
        standing = next(child for child in scope.children.values() if child is token or token in child.descendants())
        run.remove(standing, True)
        for child in list(scope.children.values()):
            if child.kind == "sub" or not rerun.holds(child):
                continue
            if withdraw_others:
                run.remove(child, True)
            else:
                child.info["kept"], scope.info["kept"] = 1, node.id
        _arrive(run, scope, rerun)
        return scope, scope.inner.nodes[element]
    raise NotEarlier(element=element)


def _arrive(run: Run, scope: Token, rerun: _Rerun) -> None:
    """Lets branches that are not done again wait at their join, unless something of them is still under way."""
    for join, flow in rerun.arrivals:
        upstream = gateways.upstream(scope.inner, join, [flow])
        if any(
            child.info["flow"] == flow.id if child.kind == "join" else child.node.id in upstream
            for child in scope.live_children
            if child.kind != "join" or child.node is join
        ):
            continue
        run.create("join", join, scope).info["flow"] = flow.id


def without_kept(token: Token, scope: Token, flows: list[Flow]) -> list[Flow]:
    """This will leave out the flows into branches where a kept token stands: those have not been given up.

    A flow that leads to where the case was given back from is taken all the same.
    """
    kept = [child for child in scope.children.values() if "kept" in child.info and child is not token]
    taken, nodes = list(flows), token.process.nodes
    is_fork, given_back = len(flows) > 1, nodes[scope.info["kept"]]
    for child in kept:
        into = [flow for flow in flows if _comes(child, flow, token.node, is_fork)]
        if len(into) != 1 or into[0] not in taken:
            continue
        if not (is_fork and _is_ahead(token.process, into[0], given_back.incoming, {token.node.id, given_back.id})):
            taken.remove(into[0])
            del child.info["kept"]
    if "kept" not in token.info and not any("kept" in child.info for child in kept):
        scope.info.pop("kept", None)
    return taken


def _comes(child: Token, flow: Flow, fork: Node, is_fork: bool) -> bool:
    """Whether `flow` leads to where a kept token stands, without coming through the fork again."""
    if child.kind != "join" and flow.target == child.node.id:
        return True
    if not is_fork:
        return False
    if child.kind == "join" and child.info["flow"] == flow.id:
        return True
    ends = [each for each in child.node.incoming if child.kind != "join" or each.id == child.info["flow"]]
    return _is_ahead(child.process, flow, ends, {fork.id, child.node.id})


def _is_ahead(process: Process, flow: Flow, ends: list[Flow], never: set[str]) -> bool:
    """Whether one of the flows `ends` is reached over `flow` without coming through the nodes `never`."""
    if flow in ends:
        return True
    seen, stack = set(never), [each.source for each in ends]
    while stack:
        id = stack.pop()
        if id not in seen:
            if id == flow.target:
                return True
            seen.add(id)
            stack.extend(sources(process, process.nodes[id]))
    return False


def keep_on(scope: Token, first: int) -> None:
    """This will hand on from a kept token, which has gone, to those that came of it (`first` is the id of the first).

    What leaves a join is no longer one branch.
    """
    for child in scope.children.values():
        if child.id >= first and not (child.kind == "act" and gateways.is_join(child.node)):
            child.info["kept"] = 1
