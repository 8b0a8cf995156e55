"""The only module that knows SpiffWorkflow: its parser, specialised, turns a normal document into connected specs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.bpmn_task_spec import BpmnTaskSpec

from engine.bpmn.process import FLOW_NODES
from engine.bpmn.source import Deadline, bpmn, child, local, text_of


@dataclass(slots=True)
class Spec:
    """One flow node as the parser understood it."""

    id: str
    element: etree._Element
    lane: str | None
    documentation: str
    outputs: list[str] = field(default_factory=list)


@dataclass(slots=True)
class ProcessSpec:
    """One process as the parser understood it: all nodes of all its subprocesses, in document order."""

    id: str
    element: etree._Element
    nodes: dict[str, Spec] = field(default_factory=dict)


class _NodeSpec(BpmnTaskSpec):  # type: ignore[misc]
    """A node that our runtime runs; named so that it never is `Start`, `End` or `Root`, which the library keeps."""

    element: etree._Element


class _NodeParser(TaskParser):  # type: ignore[misc]
    """Parses one node and stops there: the library follows the flows and dies of recursion on long chains."""

    def parse_node(self) -> _NodeSpec:
        self.task = self.create_task()
        return self.task

    def create_task(self) -> _NodeSpec:
        spec = self.spec_class(self.spec, _inner(self.bpmn_id), **self.bpmn_attributes)
        spec.bpmn_id = self.bpmn_id
        spec.bpmn_name = self.node.get("name")
        spec.element = self.node
        return spec  # type: ignore[no-any-return]

    def parse_documentation(self, sequence_flow: Any = None) -> str:
        return text_of(child(self.node if sequence_flow is None else sequence_flow, "documentation"))

    def parse_incoming_data_references(self) -> list[Any]:
        """Data objects are documentation: case data is one document. The library hangs on one two scopes up."""
        return []

    def parse_outgoing_data_references(self) -> list[Any]:
        return []


class _ProcessParser(ProcessParser):  # type: ignore[misc]
    """Parses all nodes of a process, those of its subprocesses too, into one spec and connects them by their flows."""

    def create_spec(self) -> BpmnProcessSpec:
        return BpmnProcessSpec(name=self.bpmn_id, description=self.get_name())

    def parse_node(self, node: etree._Element) -> _NodeSpec:
        """The library takes a node whose id is `Start` or `End` for its own."""
        parser, spec_class = self.parser._get_parser_class(node.tag)
        return parser(self, spec_class, node, self.nsmap, lane=self.lane).parse_node()  # type: ignore[no-any-return]

    def add_tasks(self) -> None:
        for node in self.node.iter(etree.Element):
            if local(node) in FLOW_NODES:
                self.parser.deadline.check()
                self.parse_node(node)
        specs = self.spec.task_specs
        for source, flows in self.outgoing_sequence_flows.items():
            for flow in flows:
                first, second = specs.get(_inner(source)), specs.get(_inner(flow.get("targetRef")))
                if first is not None and second is not None:
                    first.connect(second)


class _Parser(BpmnParser):  # type: ignore[misc]
    """The library's parser with our nodes in place of its own."""

    PARSER_CLASSES: ClassVar[dict[str, tuple[type, type]]] = {
        bpmn(name): (_NodeParser, _NodeSpec) for name in FLOW_NODES
    }
    PROCESS_PARSER_CLASS = _ProcessParser

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        super().__init__()

    def _add_data_stores(self, bpmn: etree._Element) -> None:
        """Data stores are drawn, not executed; the checks refuse those that a node reads or writes."""

    def _add_correlations(self, bpmn: etree._Element) -> None:
        """Messages are found by the correlation key of the dialect."""

    def _add_collaborations(self, bpmn: etree._Element) -> None:
        """Pools need no process of their own around them."""


def _inner(id: str | None) -> str:
    return f"node {id}"


def specs_of(root: etree._Element, deadline: Deadline) -> list[ProcessSpec]:
    """This will parse every process of a normal document, in document order."""
    parser = _Parser(deadline)
    parser.add_bpmn_xml(root)
    found = []
    for process_id, process_parser in parser.process_parsers.items():
        spec = process_parser.get_spec()
        process = ProcessSpec(process_id, process_parser.node)
        for task in spec.task_specs.values():
            if isinstance(task, _NodeSpec):
                outputs = [output.bpmn_id for output in task.outputs]
                process.nodes[task.bpmn_id] = Spec(task.bpmn_id, task.element, task.lane, task.documentation, outputs)
        found.append(process)
    return found
