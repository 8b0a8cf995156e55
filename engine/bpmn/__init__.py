"""BPMN: parse a diagram, step a case. The only importer of SpiffWorkflow is inside."""

from engine.bpmn.convert import convert
from engine.bpmn.diagrams import parse
from engine.bpmn.faults import DiagramFault
from engine.bpmn.host import Called, Decided, Host, ServiceError
from engine.bpmn.process import Diagram, Node, Note, Process
from engine.bpmn.returning import earlier_steps
from engine.bpmn.runtime import step

__all__ = [
    "Called",
    "Decided",
    "Diagram",
    "DiagramFault",
    "Host",
    "Node",
    "Note",
    "Process",
    "ServiceError",
    "convert",
    "earlier_steps",
    "parse",
    "step",
]
