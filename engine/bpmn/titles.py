"""How a flow is told to a reader: by its name, or, as few drawings name them, by what it connects."""

from __future__ import annotations

from engine.bpmn.process import Flow, Process


def ends_of(process: Process, flow: Flow) -> str:
    """This will return the names of both ends, or their ids where they have none; empty when neither exists."""
    ends = (process.nodes.get(end) for end in (flow.source, flow.target))
    return " → ".join(end.name or end.id for end in ends if end is not None)


def title_of(process: Process, flow: Flow) -> str:
    """This will return what a reader knows a flow by, in one line."""
    return " ".join(flow.name.split()) or ends_of(process, flow) or flow.id
