"""Going back to an earlier step: where a task may be returned to, and what is withdrawn on the way."""

from __future__ import annotations

from engine.bpmn.host import Host
from engine.bpmn.outcome import State
from engine.bpmn.precedence import before
from engine.bpmn.process import Node, Process
from engine.bpmn.run import Run
from engine.bpmn.tokens import Token, TokenGone, Tree
from engine.errors import Invalid


class NotEarlier(Invalid):
    """The step {element} does not come before this one."""


def _levels(token: Token) -> list[tuple[Token, Node]]:
    """The scopes around `token` in its own process, each with the node inside it where this branch stands."""
    found: list[tuple[Token, Node]] = []
    current = token
    while current.parent is not None:
        above = current.parent
        if above.kind != "body" and not current.node.by_event:
            found.append((above, current.node))
        if above.doc is not None:
            break
        current = above
    return found


def earlier_steps(process: Process, state: State, token: int, host: Host) -> list[Node]:
    """This will return the user tasks that the task at `token` may be returned to, in document order.

    They precede it on some path of its own scope, or of a scope around it in the same process. Raises TokenGone.
    """
    tree = Tree.load(process, state, {}, host)
    current = tree.tokens.get(token)
    if current is None:
        raise TokenGone(token=token)
    found: dict[str, Node] = {}
    for scope, node in _levels(current):
        for id in before(scope.inner, node) - {current.node.id}:
            earlier = scope.inner.nodes[id]
            if earlier.type == "userTask":
                found[id] = earlier
    return sorted(found.values(), key=lambda node: node.index)


def withdraw(run: Run, token: Token, element: str, withdraw_others: bool) -> tuple[Token, Node]:
    """This will withdraw `token` (with the subprocess around it when it must leave that) and tell where to go on.

    With `withdraw_others` every other token of that scope that `element` precedes goes too.
    """
    for scope, node in _levels(token):
        if element not in before(scope.inner, node):
            continue
        target = scope.inner.nodes[element]
        standing = next(child for child in scope.children.values() if child is token or token in child.descendants())
        run.remove(standing, True)
        if withdraw_others:
            for child in list(scope.children.values()):
                if child.kind != "sub" and element in before(scope.inner, child.node):
                    run.remove(child, True)
        return scope, target
    raise NotEarlier(element=element)
