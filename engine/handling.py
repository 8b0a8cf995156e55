"""The part of the front door that handlers use: what people do with their tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from engine import assignment, comments, drafts, queries, returns, signing, tasks, withdrawal
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

    def delegate_task(self, task_id: UUID, login: str, *, by: Actor, note: str = "") -> Task:
        """This will let somebody work on a task and give it back. Raises TargetUnfit, Delegated, NotYours, FourEyes."""
        return self.write(by, assignment.delegate, task_id, login, note=note)

    def resolve_task(self, task_id: UUID, *, by: Actor, note: str = "", data: Mapping[str, Any] | None = None) -> Task:
        """This will give a delegated task back, with `data` as its owner's draft; the owner may call it back.

        Raises NotDelegated, NoteMissing, DraftTooLarge.
        """
        return self.write(by, assignment.resolve, task_id, note=note, data=data)

    def transfer_task(self, task_id: UUID, login: str, *, by: Actor, note: str = "") -> Task:
        """This will give a task away for good. Raises MayNotTransfer, TargetUnfit, Delegated, NotYours, TaskTaken."""
        return self.write(by, assignment.transfer, task_id, login, note=note)

    def add_signs(
        self, task_id: UUID, logins: Sequence[str], *, by: Actor, when: str = "before", note: str = ""
    ) -> list[Task]:
        """This will ask others to sign `before` a task goes on, `parallel` to it or `after` it was submitted.

        Raises WhenUnknown, TargetUnfit, TooManySigns, TaskHeld, Delegated, NotYours, FourEyes.
        """
        return self.write(by, signing.add, task_id, logins, when=when, note=note)

    def sign_task(self, task_id: UUID, *, by: Actor, text: str = "", agrees: bool = True) -> Case:
        """This will give the opinion that was asked for. Raises NotSign, NotYours, SignDone, SignPlanned, NoteMissing.

        Who does not agree says why.
        """
        return self.write(by, signing.sign, task_id, text=text, agrees=agrees)

    def remove_sign(self, task_id: UUID, *, by: Actor, reason: str) -> Case:
        """This will no longer ask for a signature. Raises NotSign, NotYours, SignDone, NoteMissing."""
        return self.write(by, signing.remove, task_id, reason=reason)

    def return_task(self, task_id: UUID, element: str, *, by: Actor, reason: str) -> Case:
        """This will give a case back to an earlier step. Raises MayNotReturn, NoteMissing, TaskHeld, NotYours."""
        return self.write(by, returns.give_back, task_id, element, reason=reason)

    def withdraw_task(self, task_id: UUID, *, by: Actor, reason: str = "") -> Case:
        """This will take a done task back while nobody has acted on it. Raises TooLate, NotYours, NotDone."""
        return self.write(by, withdrawal.take_back, task_id, reason=reason)

    def save_draft(self, key: str, *, by: Actor, data: Data) -> None:
        """This will keep what a person typed, under a task's id or a process id. Raises DraftTooLarge."""
        self.write(by, drafts.save, key, data)

    def draft(self, key: str, *, by: Actor) -> Data | None:
        """This will return what a person kept under `key`."""
        return self.read(queries.draft, by, key)

    def comment(self, case_id: UUID, *, by: Actor, text: str) -> None:
        """This will write a comment into a case's history. Raises NotYourCase, CommentInvalid."""
        self.write(by, comments.add, case_id, text)
