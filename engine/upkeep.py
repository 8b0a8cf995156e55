"""The part of the front door that keeps an installation in order: how long cases are kept, and what is done to many."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from engine import actions, cleaning, retention
from engine.access import SYSTEM, Actor, require_operator
from engine.cleaning import CleanedUp, DueCases
from engine.models import Case
from engine.presence import Presence
from engine.retention import Rule
from engine.turn import Turn


class Upkeep(Presence):
    """What operators do to many cases and to ended ones; everybody else is refused with OperatorsOnly."""

    _files: Path

    def hold_case(self, case_id: UUID, *, by: Actor, reason: str) -> Case:
        """This will keep a case from being deleted until it is released. Raises CaseHeld, ReasonMissing."""
        return self.write(by, retention.hold, case_id, reason=reason)

    def release_case(self, case_id: UUID, *, by: Actor, reason: str) -> Case:
        """This will end the hold of a case. Raises NotHeld, ReasonMissing."""
        return self.write(by, retention.release, case_id, reason=reason)

    def delete_case(self, case_id: UUID, *, by: Actor, reason: str) -> str:
        """This will delete an ended case with all that belongs to it and return its number; a record stays.

        Raises CaseRuns, CaseHeld, CaseKept, CaseNotFound, ReasonMissing.
        """
        return self.write(by, retention.delete_case, case_id, reason=reason)

    def set_retention(
        self, app: str, days: int | None, *, by: Actor, reason: str, process_id: str = "", outcome: str = ""
    ) -> Rule:
        """This will say for how many days after their end cases are kept; None: for ever. Raises RuleInvalid.

        The rule speaks of all cases of an app, or of one process, or of one outcome: closed, cancelled, an end event.
        """

        def change(turn: Turn) -> Rule:
            rule = retention.set_rule(turn, app, process_id, outcome, days, reason=reason)
            actions.note(turn, "retention", reason=reason.strip(), detail={"rule": rule.words})
            return rule

        return self.write(by, change)

    def drop_retention(self, app: str, *, by: Actor, reason: str, process_id: str = "", outcome: str = "") -> Rule:
        """This will forget a rule of retention. Raises RuleNotFound."""

        def change(turn: Turn) -> Rule:
            rule = retention.drop_rule(turn, app, process_id, outcome, reason=reason)
            actions.note(turn, "retention-dropped", reason=reason.strip(), detail={"rule": rule.words})
            return rule

        return self.write(by, change)

    def due_for_deletion(self, *, by: Actor = SYSTEM) -> list[DueCases]:
        """This will count what `clean_up` would delete now, by rule."""
        return cleaning.due(self.look, by)

    def clean_up(self, *, by: Actor = SYSTEM, should_stop: Callable[[], bool] | None = None) -> CleanedUp:
        """This will delete ended cases whose time is over, and files that nothing names any more."""
        done = cleaning.clean_up(self.write, self.look, self._files, by=by, should_stop=should_stop)
        if done.cases or done.files:
            detail = {"cases": done.cases, "files": done.files, "is_complete": done.is_complete}
            self.write(by, actions.note, "cleanup", reason=cleaning.WHY, detail=detail)
        return done

    def begin_action(
        self, verb: str, ids: Sequence[UUID], *, by: Actor, reason: str, chosen_by: Mapping[str, Any] | None = None
    ) -> UUID:
        """This will keep what is to be done to many incidents (`retry`) or cases (suspend, resume, cancel, ...).

        `go_on_with` does it, and so does every worker. Raises ActionInvalid, ReasonMissing.
        """
        return self.write(by, actions.begin, verb, ids, reason=reason, detail=dict(chosen_by or {}))

    def go_on_with(self, action_id: UUID, *, by: Actor, seconds: float = 1.0) -> int:
        """This will do what is left of an action for so many seconds and return how many items were done."""
        require_operator(by)
        until = time.monotonic() + seconds
        return actions.go_on(self.write, self.actor, action_id, should_stop=lambda: time.monotonic() >= until)

    def finish_actions(self, should_stop: Callable[[], bool] = lambda: False) -> int:
        """This will do what is left of all actions, as workers do, and return how many items were done."""
        count = 0
        for action_id in self.write(SYSTEM, actions.unfinished):
            count += actions.go_on(self.write, self.actor, action_id, should_stop=should_stop)
        return count
