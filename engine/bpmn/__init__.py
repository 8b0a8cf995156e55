"""BPMN: parse a diagram, step a case. The only importer of SpiffWorkflow is inside."""

from engine.bpmn.convert import adopted, convert, shown
from engine.bpmn.counterparts import Leg, Problem, differs
from engine.bpmn.diagrams import DiagramRefused, parse
from engine.bpmn.differences import Difference, Differences, Element, differences
from engine.bpmn.faults import DiagramFault
from engine.bpmn.host import Called, Decided, Host, ServiceError
from engine.bpmn.migrating import MayNotMigrate, Moved, Report, preview
from engine.bpmn.needs import Need, needs
from engine.bpmn.process import Diagram, Node, Note, Process
from engine.bpmn.returning import EarlierStep, earlier_steps, steps_before
from engine.bpmn.runtime import step
from engine.bpmn.source import decoded, undeclared
from engine.bpmn.stimuli import Migrate

__all__ = [
    "Called",
    "Decided",
    "Diagram",
    "DiagramFault",
    "DiagramRefused",
    "Difference",
    "Differences",
    "EarlierStep",
    "Element",
    "Host",
    "Leg",
    "MayNotMigrate",
    "Migrate",
    "Moved",
    "Need",
    "Node",
    "Note",
    "Problem",
    "Process",
    "Report",
    "ServiceError",
    "adopted",
    "convert",
    "decoded",
    "differences",
    "differs",
    "earlier_steps",
    "needs",
    "parse",
    "preview",
    "shown",
    "step",
    "steps_before",
    "undeclared",
]
