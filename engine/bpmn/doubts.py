"""What a model allows and hardly means: steps that nobody does, and conditions and flows that nothing looks at."""

from __future__ import annotations

from collections.abc import Iterator

from engine.bpmn.process import Flow, Node, Note, Process
from engine.bpmn.titles import title_of

PASSED = "Nobody is asked to do this step: it is passed at once. Make it a user task if a person does it."
UNNAMED = "This step waits for a message that has no name: only an operator can move the case on."
UNASKED = "The conditions behind this gateway are not looked at: “{flows}”"
NEVER = "The default flow is never taken: “{flows}” has no condition."
ALWAYS = "Every flow behind this gateway is taken: none has a condition."
_DECIDES_NOT = frozenset({"parallelGateway", "eventBasedGateway"})


def doubts(process: Process) -> list[Note]:
    """This will return a note for each of them, in document order."""
    return [
        Note(node.id, node.name, "kept", code, text, node.line)
        for node in process.walk()
        for code, text in _of(node, process)
    ]


def _of(node: Node, process: Process) -> Iterator[tuple[str, str]]:
    if not process.is_native:
        if node.type in ("task", "manualTask") and node.call is None and node.script is None:
            yield "passed", PASSED
        if node.type == "receiveTask" and node.event is None:
            yield "message-unnamed", UNNAMED
    if node.type in _DECIDES_NOT:
        asked = [flow for flow in node.outgoing if flow.condition is not None]
        if asked:
            yield "condition-unasked", UNASKED.format(flows=_named(process, asked))
    elif node.default and node.type != "exclusiveGateway":
        always = [flow for flow in node.outgoing if flow.condition is None and flow.id != node.default]
        if always:
            yield "default-never", NEVER.format(flows=_named(process, always))
    elif node.type == "inclusiveGateway" and len(node.outgoing) > 1 and not any(f.condition for f in node.outgoing):
        yield "condition-missing", ALWAYS


def _named(process: Process, flows: list[Flow]) -> str:
    return "”, “".join(title_of(process, flow) for flow in flows)
