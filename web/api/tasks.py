"""Tasks as JSON: the inbox and the verbs of a handler."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from engine import queries
from web import current
from web.api import schemas
from web.api.routes import Blueprint

blueprint = Blueprint("api-tasks", __name__, url_prefix="/api", description="My work")


@blueprint.get("/inbox")
@blueprint.arguments(schemas.InboxAsked, location="query")
@blueprint.response(200, schemas.page_of(schemas.TaskSummary))
def inbox(asked: dict[str, Any]) -> Any:
    """List the tasks that wait for me

    Those that I have taken and those of my queues, nearest limit first.
    """
    return current.read(queries.inbox, **asked)


@blueprint.get("/done")
@blueprint.arguments(schemas.Paging, location="query")
@blueprint.response(200, schemas.page_of(schemas.TaskSummary))
def done(asked: dict[str, Any]) -> Any:
    """List the tasks that I have done"""
    return current.read(queries.done, **asked)


@blueprint.get("/tasks/<uuid:task_id>")
@blueprint.response(200, schemas.TaskShown)
def show(task_id: UUID) -> Any:
    """Show a task with its form and its case"""
    return current.read(queries.task, task_id)


@blueprint.post("/tasks/<uuid:task_id>/claim")
@blueprint.response(200, schemas.TaskSummary)
def claim(task_id: UUID) -> Any:
    """Take a task from its queue

    Answers 409 when somebody else was faster: `detail` says who and when.
    """
    return current.engine().claim_task(task_id, by=current.actor())


@blueprint.post("/tasks/<uuid:task_id>/release")
@blueprint.response(200, schemas.TaskSummary)
def release(task_id: UUID) -> Any:
    """Put a task back into its queue"""
    return current.engine().release_task(task_id, by=current.actor())


@blueprint.post("/tasks/<uuid:task_id>/complete")
@blueprint.arguments(schemas.Completion)
@blueprint.response(200, schemas.CaseSummary)
def complete(submitted: dict[str, Any], task_id: UUID) -> Any:
    """Finish a task with the data of its form

    Answers the case as it stands then, or 422 with `errors` by field when the form is not filled in correctly.
    """
    return current.engine().complete_task(
        task_id, by=current.actor(), data=submitted["data"], outcome=submitted["outcome"]
    )


@blueprint.put("/tasks/<uuid:task_id>/draft")
@blueprint.arguments(schemas.Draft)
@blueprint.response(204)
def save_draft(submitted: dict[str, Any], task_id: UUID) -> Any:
    """Keep what is typed and not submitted"""
    current.read(queries.task, task_id)  # nobody keeps drafts for tasks that are not theirs to see
    current.engine().save_draft(str(task_id), by=current.actor(), data=submitted["data"])
