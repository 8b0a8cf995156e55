"""Which nodes come before which: the order that flows, boundary events and links give to a scope."""

from __future__ import annotations

from engine.bpmn.process import Node, Process


def before(process: Process, node: Node) -> frozenset[str]:
    """This will return the nodes of the same scope from which a path leads to `node`; kept with the node."""
    if node.before is None:
        found: set[str] = set()
        stack = sources(process, node)
        while stack:
            id = stack.pop()
            if id not in found:
                found.add(id)
                stack.extend(sources(process, process.nodes[id]))
        node.before = frozenset(found)
    return node.before


def sources(process: Process, node: Node) -> list[str]:
    """This will return the nodes from which a token comes to `node` directly."""
    found = [flow.source for flow in node.incoming]
    if node.attached_to:
        found.append(node.attached_to)
    if node.type == "intermediateCatchEvent" and node.event is not None and node.event.kind == "link":
        inside = process.inside(node.scope).nodes
        found.extend(each.id for each in inside if linked(process, each) is node)
    return found


def linked(process: Process, node: Node) -> Node | None:
    """This will return where the link of a throw event leads to."""
    if node.type != "intermediateThrowEvent" or node.event is None or node.event.kind != "link":
        return None
    return process.inside(node.scope).links.get(node.event.name.text if node.event.name is not None else "")
