"""BPMN: parse a diagram, step a case. The only importer of SpiffWorkflow is inside."""

from engine.bpmn.convert import convert
from engine.bpmn.counterparts import Leg, Problem
from engine.bpmn.diagrams import parse
from engine.bpmn.faults import DiagramFault
from engine.bpmn.host import Called, Decided, Host, ServiceError
from engine.bpmn.migrating import MayNotMigrate, Migrate, Moved, Report, preview
from engine.bpmn.process import Diagram, Node, Note, Process
from engine.bpmn.returning import earlier_steps
from engine.bpmn.runtime import step

__all__ = [
    "Called",
    "Decided",
    "Diagram",
    "DiagramFault",
    "Host",
    "Leg",
    "MayNotMigrate",
    "Migrate",
    "Moved",
    "Node",
    "Note",
    "Problem",
    "Process",
    "Report",
    "ServiceError",
    "convert",
    "earlier_steps",
    "parse",
    "preview",
    "step",
]
