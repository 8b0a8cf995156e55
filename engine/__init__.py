"""The public names of the engine; nothing else is imported from outside."""

from __future__ import annotations

from engine import (
    access,
    anchors,
    board_counts,
    calendar_jobs,
    calendar_years,
    calendars,
    channels,
    dmn,
    exports,
    feel,
    forms,
    history,
    holiday_notices,
    imports,
    invariants,
    limit_definitions,
    notices,
    preferences,
    queries,
    reasons,
    reckoning,
    repairs,
    wordings,
    workers,
)
from engine.absences import AbsenceInvalid, AbsenceNotFound, AbsenceOver, AbsenceOverlaps, AbsenceSet, SubstituteAway
from engine.access import (
    SYSTEM,
    Actor,
    DesignersOnly,
    FourEyes,
    MayNotStart,
    Membership,
    NotYourCase,
    NotYourFile,
    NotYours,
    OperatorsOnly,
    Standin,
    SystemsOnly,
)
from engine.actions import ActionInvalid
from engine.api_tokens import SCOPES, Grant, TokenInvalid, TokenNotFound
from engine.apps import AppInvalid, AppNotFound, ProcessApp, Service, Single, Summary, load_apps
from engine.assignment import (
    MayNotTransfer,
    NotDelegated,
    NoteMissing,
    TargetBarred,
    TargetElsewhere,
    TargetSame,
    TargetUnfit,
    TargetUnknown,
)
from engine.audit import Verdict
from engine.bpmn import MayNotMigrate, ServiceError
from engine.bpmn.modifying import CannotModify
from engine.bpmn.shifting import CannotMove, CannotSkip, Standing
from engine.bpmn.stimuli import Activation
from engine.bpmn.tokens import TokenGone
from engine.cases import CaseEnded, CaseNotFound, CaseSuspended
from engine.catalog import ZONE
from engine.channels import Channels
from engine.checks import Checked
from engine.cleaning import CleanedUp, DueCases
from engine.comments import CommentInvalid
from engine.db import open_database
from engine.definitions import DefinitionNotFound, FormNotFound, ProcessNotFound
from engine.drafts import DraftTooLarge
from engine.errors import BihuanError, Conflict, DiskFull, Fault, FaultsFound, Invalid, NotFound, Refused, Unavailable
from engine.files import FileEmpty, FileNotFound, FileRefused, FileTooLarge
from engine.filters import KeptFilterInvalid, KeptFilterNotFound, NotYourUnit
from engine.forms import FormInvalid
from engine.grounds import ReasonMissing
from engine.history import Event
from engine.idempotency import Answered, Asked, KeyReused, StillRunning
from engine.imports import Importer, RowRefused
from engine.incidents import IncidentNotFound, IncidentResolved, NotSuspended, QueueStillEmpty
from engine.invariants import Unsound
from engine.letters import Home
from engine.locks import FailedJob, LockedJob, LockInvalid, LockLost
from engine.messages import Delivery, MessageInvalid
from engine.migration_plans import Plan, PlanInvalid, Selection, Step
from engine.migration_runs import MigrationEnded, MigrationNotFound, MigrationRunning
from engine.mining import Chosen
from engine.models import (
    Absence,
    Anchor,
    ApiToken,
    Attachment,
    Case,
    CaseField,
    Definition,
    DeletedCase,
    Deployment,
    HistoryEvent,
    Incident,
    Job,
    KeptFilter,
    Limit,
    Notice,
    Person,
    Queue,
    Reading,
    RegisterEntry,
    Resource,
    Subscription,
    Task,
    Unit,
    Webhook,
    WebhookDelivery,
)
from engine.models import Membership as MembershipRow
from engine.outbox import KINDS as EVENT_KINDS
from engine.outgoing import AddressRefused, SecretInvalid
from engine.people import PersonInvalid, PersonNotFound, UnitInvalid, UnitNotFound
from engine.presence import Done, TooManyAtOnce
from engine.queries import ActionNotFound
from engine.readings import CopyInvalid, ReadingNotFound
from engine.reckoning import Term
from engine.repairs import Changed, Effect, Preview, ValueRefused
from engine.repairs import Preview as StepPreview
from engine.retention import CaseHeld, CaseKept, CaseRuns, NotHeld, Rule, RuleInvalid, RuleNotFound
from engine.returns import MayNotReturn
from engine.rollbacks import NothingToRollBack
from engine.runtime import Engine
from engine.scheduler import Worker
from engine.sentences import Sentence
from engine.signing import AlreadyAsked, NotSign, TooManySigns, WhenUnknown
from engine.singles import AlreadyRuns
from engine.starting import AlreadyImported
from engine.tasks import (
    Delegated,
    IsSign,
    NotDone,
    NotReleasable,
    SignDone,
    SignPlanned,
    TaskDone,
    TaskHeld,
    TaskNotFound,
    TaskTaken,
    TaskWithdrawn,
)
from engine.transactions import Busy, DatabaseAway, DataInvalid, MaybeDone, now_utc
from engine.urging import MayNotUrge, OwnTask, UrgedTooOften, UrgedTooSoon, UrgeInvalid
from engine.webhooks import DeliveryNotFound, StillWaiting, WebhookInvalid, WebhookNotFound
from engine.withdrawal import EffectsOutside, TooLate

__all__ = [
    "EVENT_KINDS",
    "SCOPES",
    "SYSTEM",
    "ZONE",
    "Absence",
    "AbsenceInvalid",
    "AbsenceNotFound",
    "AbsenceOver",
    "AbsenceOverlaps",
    "AbsenceSet",
    "ActionInvalid",
    "ActionNotFound",
    "Activation",
    "Actor",
    "AddressRefused",
    "AlreadyAsked",
    "AlreadyImported",
    "AlreadyRuns",
    "Anchor",
    "Answered",
    "ApiToken",
    "AppInvalid",
    "AppNotFound",
    "Asked",
    "Attachment",
    "BihuanError",
    "Busy",
    "CannotModify",
    "CannotMove",
    "CannotSkip",
    "Case",
    "CaseEnded",
    "CaseField",
    "CaseHeld",
    "CaseKept",
    "CaseNotFound",
    "CaseRuns",
    "CaseSuspended",
    "Changed",
    "Channels",
    "Checked",
    "Chosen",
    "CleanedUp",
    "CommentInvalid",
    "Conflict",
    "CopyInvalid",
    "DataInvalid",
    "DatabaseAway",
    "Definition",
    "DefinitionNotFound",
    "Delegated",
    "DeletedCase",
    "Delivery",
    "DeliveryNotFound",
    "Deployment",
    "DesignersOnly",
    "DiskFull",
    "Done",
    "DraftTooLarge",
    "DueCases",
    "Effect",
    "EffectsOutside",
    "Engine",
    "Event",
    "FailedJob",
    "Fault",
    "FaultsFound",
    "FileEmpty",
    "FileNotFound",
    "FileRefused",
    "FileTooLarge",
    "FormInvalid",
    "FormNotFound",
    "FourEyes",
    "Grant",
    "HistoryEvent",
    "Home",
    "Importer",
    "Incident",
    "IncidentNotFound",
    "IncidentResolved",
    "Invalid",
    "IsSign",
    "Job",
    "KeptFilter",
    "KeptFilterInvalid",
    "KeptFilterNotFound",
    "KeyReused",
    "Limit",
    "LockInvalid",
    "LockLost",
    "LockedJob",
    "MayNotMigrate",
    "MayNotReturn",
    "MayNotStart",
    "MayNotTransfer",
    "MayNotUrge",
    "MaybeDone",
    "Membership",
    "MembershipRow",
    "MessageInvalid",
    "MigrationEnded",
    "MigrationNotFound",
    "MigrationRunning",
    "NotDelegated",
    "NotDone",
    "NotFound",
    "NotHeld",
    "NotReleasable",
    "NotSign",
    "NotSuspended",
    "NotYourCase",
    "NotYourFile",
    "NotYourUnit",
    "NotYours",
    "NoteMissing",
    "NothingToRollBack",
    "Notice",
    "OperatorsOnly",
    "OwnTask",
    "Person",
    "PersonInvalid",
    "PersonNotFound",
    "Plan",
    "PlanInvalid",
    "Preview",
    "ProcessApp",
    "ProcessNotFound",
    "Queue",
    "QueueStillEmpty",
    "Reading",
    "ReadingNotFound",
    "ReasonMissing",
    "Refused",
    "RegisterEntry",
    "Resource",
    "RowRefused",
    "Rule",
    "RuleInvalid",
    "RuleNotFound",
    "SecretInvalid",
    "Selection",
    "Sentence",
    "Service",
    "ServiceError",
    "SignDone",
    "SignPlanned",
    "Single",
    "Standin",
    "Standing",
    "Step",
    "StepPreview",
    "StillRunning",
    "StillWaiting",
    "Subscription",
    "SubstituteAway",
    "Summary",
    "SystemsOnly",
    "TargetBarred",
    "TargetElsewhere",
    "TargetSame",
    "TargetUnfit",
    "TargetUnknown",
    "Task",
    "TaskDone",
    "TaskHeld",
    "TaskNotFound",
    "TaskTaken",
    "TaskWithdrawn",
    "Term",
    "TokenGone",
    "TokenInvalid",
    "TokenNotFound",
    "TooLate",
    "TooManyAtOnce",
    "TooManySigns",
    "Unavailable",
    "Unit",
    "UnitInvalid",
    "UnitNotFound",
    "Unsound",
    "UrgeInvalid",
    "UrgedTooOften",
    "UrgedTooSoon",
    "ValueRefused",
    "Verdict",
    "Webhook",
    "WebhookDelivery",
    "WebhookInvalid",
    "WebhookNotFound",
    "WhenUnknown",
    "Worker",
    "access",
    "anchors",
    "board_counts",
    "calendar_jobs",
    "calendar_years",
    "calendars",
    "channels",
    "dmn",
    "exports",
    "feel",
    "forms",
    "history",
    "holiday_notices",
    "imports",
    "invariants",
    "limit_definitions",
    "load_apps",
    "notices",
    "now_utc",
    "open_database",
    "preferences",
    "queries",
    "reasons",
    "reckoning",
    "repairs",
    "wordings",
    "workers",
]
