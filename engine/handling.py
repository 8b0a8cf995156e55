"""The part of the front door that handlers use: what people do with their tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from engine import comments, drafts, queries, tasks
from engine.access import Actor
from engine.exchange import Exchange
from engine.models import Case, Task

Data = dict[str, Any]


class Handling(Exchange):
    """What handlers do; every method is one transaction."""

    def claim_task(self, task_id: UUID, *, by: Actor) -> Task:
        """This will take a task out of its queue. Raises TaskDone, TaskTaken, NotYours, FourEyes."""
        return self.write(by, tasks.claim, task_id)

    def release_task(self, task_id: UUID, *, by: Actor) -> Task:
        """This will give a claimed task back to its queue. Raises TaskDone, NotYours, NotReleasable."""
        return self.write(by, tasks.release, task_id)

    def complete_task(
        self, task_id: UUID, *, by: Actor, data: Mapping[str, Any], outcome: str | None = None, locale: str = "zh"
    ) -> Case:
        """This will finish a task and run its case on. Raises FormInvalid, TaskDone, TaskTaken, NotYours, FourEyes."""
        return self.write(by, tasks.complete, task_id, data, outcome=outcome, locale=locale)

    def save_draft(self, key: str, *, by: Actor, data: Data) -> None:
        """This will keep what a person typed, under a task's id or a process id. Raises DraftTooLarge."""
        self.write(by, drafts.save, key, data)

    def draft(self, key: str, *, by: Actor) -> Data | None:
        """This will return what a person kept under `key`."""
        return self.read(queries.draft, by, key)

    def comment(self, case_id: UUID, *, by: Actor, text: str) -> None:
        """This will write a comment into a case's history. Raises NotYourCase, CommentInvalid."""
        self.write(by, comments.add, case_id, text)
