"""Read only: inbox, cases, boards, definitions, people. Every query takes the session first and who asks second."""

from engine.queries.boards import Board, BoardCell, board, board_tasks
from engine.queries.cases import CaseView, case, cases
from engine.queries.deployed import (
    Contents,
    Startable,
    StartView,
    definition,
    definitions,
    deployments,
    diagram,
    resource,
    resources,
    start,
    startable,
)
from engine.queries.inbox import Counts, QueueCount, done, inbox, inbox_counts, started
from engine.queries.operations import incidents, jobs
from engine.queries.organisation import Account, account, accounts, names, people, person, register, tokens, units
from engine.queries.paging import CursorInvalid, Page
from engine.queries.presence import (
    AbsenceShown,
    FilterShown,
    absences,
    case_readings,
    kept_filters,
    readings,
    standin_of,
    unread_count,
)
from engine.queries.tasks import TaskView, draft, draft_saved_at, task

__all__ = [
    "AbsenceShown",
    "Account",
    "Board",
    "BoardCell",
    "CaseView",
    "Contents",
    "Counts",
    "CursorInvalid",
    "FilterShown",
    "Page",
    "QueueCount",
    "StartView",
    "Startable",
    "TaskView",
    "absences",
    "account",
    "accounts",
    "board",
    "board_tasks",
    "case",
    "case_readings",
    "cases",
    "definition",
    "definitions",
    "deployments",
    "diagram",
    "done",
    "draft",
    "draft_saved_at",
    "inbox",
    "inbox_counts",
    "incidents",
    "jobs",
    "kept_filters",
    "names",
    "people",
    "person",
    "readings",
    "register",
    "resource",
    "resources",
    "standin_of",
    "start",
    "startable",
    "started",
    "task",
    "tokens",
    "units",
    "unread_count",
]
