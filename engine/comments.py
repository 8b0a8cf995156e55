"""What people add to a case besides doing its tasks: comments and files."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from engine import cases, files
from engine.access import Actor, NotYourCase, NotYourFile, may_see_case
from engine.cases import Running
from engine.errors import Invalid
from engine.files import FileNotFound, Stored
from engine.history import Entry
from engine.models import Attachment, Case, Task
from engine.tasks import TaskNotFound
from engine.turn import Turn

LONGEST = 5_000  # characters


class CommentInvalid(Invalid):
    """A comment needs between 1 and {limit} characters."""


def add(turn: Turn, case_id: UUID, text: str) -> None:
    """This will write a comment into the history of a case that the person may see."""
    text = text.strip()
    if not text or len(text) > LONGEST:
        raise CommentInvalid(limit=LONGEST)
    running = _seen(turn, case_id)
    cases.record(turn, running, [Entry(kind="commented", detail={"text": text})])


def attach(turn: Turn, stored: Stored, *, name: str, case_id: UUID | None, task_id: UUID | None) -> Attachment:
    """This will make the row of a stored file, in a case that the person may see or in none yet."""
    if task_id is not None and case_id is None:
        case_id = turn.session.scalar(select(Task.case_id).where(Task.id == task_id))
        if case_id is None:
            raise TaskNotFound
    if case_id is None:
        return files.add(turn, stored, name=name, case_id=None, task_id=None)
    running = _seen(turn, case_id)
    attachment = files.add(turn, stored, name=name, case_id=case_id, task_id=task_id)
    detail = {"file": name, "attachment": str(attachment.id), "sha256": stored.sha256, "size": stored.size}
    cases.record(turn, running, [Entry(kind="attached", task_id=task_id, detail=detail)])
    return attachment


def find_attachment(turn: Turn, by: Actor, attachment_id: UUID) -> Attachment:
    """This will return the row of a file that the person may see. Raises FileNotFound, NotYourFile."""
    attachment = turn.session.get(Attachment, attachment_id)
    if attachment is None or attachment.removed_at is not None:
        raise FileNotFound
    if attachment.uploaded_by is not None and attachment.uploaded_by == by.person_id:
        return attachment
    if attachment.case_id is None or not (
        _may_see(turn, by, attachment.case_id) or cases.has_copy(turn.session, by, attachment.case_id)
    ):
        raise NotYourFile
    return attachment


def _seen(turn: Turn, case_id: UUID) -> Running:
    running = cases.load(turn, case_id)
    if not _may_see(turn, turn.by, case_id):
        raise NotYourCase(unit=running.row["unit_name"])
    return running


def _may_see(turn: Turn, by: Actor, case_id: UUID) -> bool:
    found = turn.session.execute(select(Case.unit_path, Case.started_by).where(Case.id == case_id)).one()
    return may_see_case(
        by,
        unit_path=found.unit_path,
        started_by=found.started_by,
        had_task=cases.had_task(turn.session, by, case_id),
    )
