"""Which nodes come before which: the order that flows give to a scope."""

from __future__ import annotations

from engine.bpmn.process import Node, Process


def before(process: Process, node: Node) -> frozenset[str]:
    """This will return the nodes of the same scope from which a flow path leads to `node`; kept with the node."""
    if node.before is None:
        found: set[str] = set()
        stack = [flow.source for flow in node.incoming]
        if node.attached_to:
            stack.append(node.attached_to)
        while stack:
            id = stack.pop()
            if id not in found:
                found.add(id)
                source = process.nodes[id]
                stack.extend(flow.source for flow in source.incoming)
                if source.attached_to:
                    stack.append(source.attached_to)
        node.before = frozenset(found)
    return node.before
