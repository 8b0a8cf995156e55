"""All tables. What an inbox or a board shows stands in the row it reads, so that no list needs a join."""

from engine.db import Base, new_id
from engine.models.boards import BoardChange, BoardCount
from engine.models.cases import (
    CANCELLED,
    CASE_STATES,
    CLOSED,
    DONE,
    HELD,
    NEVER,
    OPEN,
    PLANNED,
    STANDING,
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
from engine.models.limits import LIMIT_STATES, MET, PAUSED, RUNNING, VOID, Limit
from engine.models.notices import Notice, NoticePreference, Sending, Wording
from engine.models.operations import ActionItem, DeletedCase, Hold, OperatorAction, OrphanedFile, RetentionRule
from engine.models.people import UNIT_KINDS, ApiToken, Membership, Person, Queue, Unit
from engine.models.presence import Absence, KeptFilter, Reading, StaffChange, Urge
from engine.models.programs import KeptAnswer, Webhook, WebhookDelivery
from engine.models.proof import Anchor, AnchoredCase
from engine.models.records import Attachment, Counter, HistoryEvent, RegisterEntry
from engine.models.versions import MigratedCase, Migration
from engine.models.workers import CalendarRun, WorkerProcess

__all__ = [
    "CANCELLED",
    "CASE_STATES",
    "CLOSED",
    "DONE",
    "HELD",
    "LIMIT_STATES",
    "MET",
    "NEVER",
    "OPEN",
    "OURS",
    "PAUSED",
    "PLANNED",
    "RUNNING",
    "STANDING",
    "SUSPENDED",
    "TASK_STATES",
    "THEIRS",
    "TONES",
    "UNIT_KINDS",
    "VOID",
    "WITHDRAWN",
    "Absence",
    "ActionItem",
    "Anchor",
    "AnchoredCase",
    "ApiToken",
    "Attachment",
    "Base",
    "BoardChange",
    "BoardCount",
    "CalendarRun",
    "Case",
    "CaseField",
    "Counter",
    "Definition",
    "DeletedCase",
    "Deployment",
    "Draft",
    "HistoryEvent",
    "Hold",
    "Incident",
    "Job",
    "KeptAnswer",
    "KeptFilter",
    "Limit",
    "Membership",
    "Message",
    "MigratedCase",
    "Migration",
    "Notice",
    "NoticePreference",
    "OperatorAction",
    "OrphanedFile",
    "Person",
    "Queue",
    "Reading",
    "RegisterEntry",
    "Resource",
    "RetentionRule",
    "Sending",
    "StaffChange",
    "Start",
    "Subscription",
    "Task",
    "Unit",
    "Urge",
    "Webhook",
    "WebhookDelivery",
    "Wording",
    "WorkerProcess",
    "new_id",
]
