"""Decision models of DMN 1.1 to 1.5: read, checked, versioned, evaluated on FEEL, with a log of each decision."""

from __future__ import annotations

from .errors import (
    AggregationFailed,
    AnyViolated,
    DecisionFailed,
    InputDataRefused,
    InputRefused,
    NoSuchDecision,
    NoVersionInForce,
    OutputRefused,
    RequirementsCircular,
    ResultRefused,
    UniqueViolated,
)
from .evaluation import Made, evaluate
from .model import Decision, InputData, Knowledge, Model, Service
from .reading import parse
from .versions import in_force
from .writing import lines

__all__ = [
    "AggregationFailed",
    "AnyViolated",
    "Decision",
    "DecisionFailed",
    "InputData",
    "InputDataRefused",
    "InputRefused",
    "Knowledge",
    "Made",
    "Model",
    "NoSuchDecision",
    "NoVersionInForce",
    "OutputRefused",
    "RequirementsCircular",
    "ResultRefused",
    "Service",
    "UniqueViolated",
    "evaluate",
    "in_force",
    "lines",
    "parse",
]
