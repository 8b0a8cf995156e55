"""BPMN: parse a diagram, step a case. The only importer of SpiffWorkflow is inside."""

from engine.bpmn.diagrams import parse
from engine.bpmn.host import Called, Decided, Host, ServiceError
from engine.bpmn.process import Diagram, Node, Note, Process
from engine.bpmn.returning import earlier_steps
from engine.bpmn.runtime import step

__all__ = [
    "Called",
    "Decided",
    "Diagram",
    "Host",
    "Node",
    "Note",
    "Process",
    "ServiceError",
    "earlier_steps",
    "parse",
    "step",
]
