"""All tables. What an inbox or a board shows stands in the row it reads, so that no list needs a join."""

from engine.db import Base, new_id
from engine.models.cases import (
    CANCELLED,
    CASE_STATES,
    CLOSED,
    DONE,
    NEVER,
    OPEN,
    SUSPENDED,
    TASK_STATES,
    TONES,
    WITHDRAWN,
    Case,
    CaseField,
    Draft,
    Task,
)
from engine.models.definitions import Definition, Deployment, Resource, Start
from engine.models.jobs import OURS, THEIRS, Incident, Job, Message, Subscription
from engine.models.people import UNIT_KINDS, ApiToken, Membership, Person, Queue, Unit
from engine.models.presence import Absence, KeptFilter, Reading, StaffChange, Urge
from engine.models.proof import Anchor, AnchoredCase
from engine.models.proof import Anchor, AnchoredCase
from engine.models.records import Attachment, Counter, HistoryEvent, RegisterEntry

__all__ = [
    "CANCELLED",
    "CASE_STATES",
    "CLOSED",
    "DONE",
    "NEVER",
    "OPEN",
    "OURS",
    "SUSPENDED",
    "TASK_STATES",
    "THEIRS",
    "TONES",
    "UNIT_KINDS",
    "WITHDRAWN",
    "Absence",
    "Anchor",
    "AnchoredCase",
    "Anchor",
    "AnchoredCase",
    "ApiToken",
    "Attachment",
    "Base",
    "Case",
    "CaseField",
    "Counter",
    "Definition",
    "Deployment",
    "Draft",
    "HistoryEvent",
    "Incident",
    "Job",
    "KeptFilter",
    "Membership",
    "Message",
    "Person",
    "Queue",
    "Reading",
    "RegisterEntry",
    "Resource",
    "StaffChange",
    "Start",
    "Subscription",
    "Task",
    "Unit",
    "Urge",
    "new_id",
]
