"""The public names of the engine; nothing else is imported from outside."""

from __future__ import annotations

from engine import access, calendars, dmn, feel, forms, history, imports, invariants, queries
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
    SystemsOnly,
)
from engine.api_tokens import SCOPES, Grant, TokenInvalid, TokenNotFound
from engine.apps import AppInvalid, AppNotFound, ProcessApp, Service, Summary, load_apps
from engine.bpmn import ServiceError
from engine.cases import CaseEnded, CaseNotFound, CaseSuspended
from engine.catalog import ZONE
from engine.checks import Checked
from engine.comments import CommentInvalid
from engine.db import open_database
from engine.definitions import DefinitionNotFound, FormNotFound, ProcessNotFound
from engine.drafts import DraftTooLarge
from engine.errors import BihuanError, Conflict, Fault, FaultsFound, Invalid, NotFound, Refused
from engine.files import FileEmpty, FileNotFound, FileRefused, FileTooLarge
from engine.forms import FormInvalid
from engine.imports import Importer, RowRefused
from engine.incidents import IncidentNotFound, IncidentResolved, NotSuspended, QueueStillEmpty
from engine.locks import FailedJob, LockedJob, LockInvalid, LockLost
from engine.messages import Delivery, MessageInvalid
from engine.models import (
    ApiToken,
    Attachment,
    Case,
    CaseField,
    Definition,
    Deployment,
    HistoryEvent,
    Incident,
    Job,
    Person,
    Queue,
    RegisterEntry,
    Resource,
    Subscription,
    Task,
    Unit,
)
from engine.models import Membership as MembershipRow
from engine.people import PersonInvalid, PersonNotFound, UnitInvalid, UnitNotFound
from engine.runtime import Engine
from engine.scheduler import Worker
from engine.starting import AlreadyImported
from engine.tasks import NotReleasable, TaskDone, TaskNotFound, TaskTaken, TaskWithdrawn
from engine.transactions import Busy, DataInvalid, now_utc

__all__ = [
    "SCOPES",
    "SYSTEM",
    "ZONE",
    "Actor",
    "AlreadyImported",
    "ApiToken",
    "AppInvalid",
    "AppNotFound",
    "Attachment",
    "BihuanError",
    "Busy",
    "Case",
    "CaseEnded",
    "CaseField",
    "CaseNotFound",
    "CaseSuspended",
    "Checked",
    "CommentInvalid",
    "Conflict",
    "DataInvalid",
    "Definition",
    "DefinitionNotFound",
    "Delivery",
    "Deployment",
    "DesignersOnly",
    "DraftTooLarge",
    "Engine",
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
    "Importer",
    "Incident",
    "IncidentNotFound",
    "IncidentResolved",
    "Invalid",
    "Job",
    "LockInvalid",
    "LockLost",
    "LockedJob",
    "MayNotStart",
    "Membership",
    "MembershipRow",
    "MessageInvalid",
    "NotFound",
    "NotReleasable",
    "NotSuspended",
    "NotYourCase",
    "NotYourFile",
    "NotYours",
    "OperatorsOnly",
    "Person",
    "PersonInvalid",
    "PersonNotFound",
    "ProcessApp",
    "ProcessNotFound",
    "Queue",
    "QueueStillEmpty",
    "Refused",
    "RegisterEntry",
    "Resource",
    "RowRefused",
    "Service",
    "ServiceError",
    "Subscription",
    "Summary",
    "SystemsOnly",
    "Task",
    "TaskDone",
    "TaskNotFound",
    "TaskTaken",
    "TaskWithdrawn",
    "TokenInvalid",
    "TokenNotFound",
    "Unit",
    "UnitInvalid",
    "UnitNotFound",
    "Worker",
    "access",
    "calendars",
    "dmn",
    "feel",
    "forms",
    "history",
    "imports",
    "invariants",
    "load_apps",
    "now_utc",
    "open_database",
    "queries",
]
