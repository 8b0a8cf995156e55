"""The part of the front door that operators use: what is done to cases that stand still or went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from engine import incidents, repairs
from engine.access import Actor
from engine.bpmn.stimuli import Activation
from engine.models import Case
from engine.repairs import Preview
from engine.timekeeping import Timekeeping
from engine.turn import Turn

Data = Mapping[str, Any]


class Operations(Timekeeping):
    """What operators do to one case; every method is one transaction, and refuses other people with OperatorsOnly.

    What reaches far needs a reason, which the history keeps: without one they raise ReasonMissing.
    """

    def cancel_case(self, case_id: UUID, *, by: Actor, reason: str) -> Case:
        """This will end a case where it stands. Raises CaseEnded."""
        return self.write(by, incidents.cancel, case_id, reason=reason)

    def suspend_case(self, case_id: UUID, *, by: Actor, reason: str) -> Case:
        """This will stop a case; no timer fires until it is resumed. Raises CaseEnded, CaseSuspended."""
        return self.write(by, incidents.suspend, case_id, reason=reason)

    def resume_case(self, case_id: UUID, *, by: Actor, reason: str = "") -> Case:
        """This will let a suspended case go on, its timers with the time they had left. Raises NotSuspended."""
        return self.write(by, incidents.resume, case_id, reason=reason)

    def change_data(self, case_id: UUID, data: Data, *, by: Actor, reason: str) -> Case:
        """This will correct case data; what waits for a condition looks again. Raises ValueRefused."""
        return self.write(by, repairs.change_data, case_id, data, reason=reason)

    def retry_incident(self, incident_id: UUID, *, by: Actor, reason: str = "", data: Data | None = None) -> Case:
        """This will try again what failed, with corrected data when some are given.

        Raises IncidentNotFound, IncidentResolved, QueueStillEmpty, ValueRefused.
        """
        if not data:
            return self.write(by, incidents.retry, incident_id, reason=reason)

        def repair(turn: Turn) -> Case:
            repairs.change_data(turn, incidents.find(turn, incident_id)["case_id"], data, reason=reason)
            return incidents.retry(turn, incident_id, reason=reason)

        return self.write(by, repair)

    def retry_job(self, job_id: UUID, *, by: Actor) -> Case:
        """This will try a failed job again. Raises IncidentNotFound when it has not failed."""
        return self.write(by, incidents.retry_job, job_id)

    def skip_element(self, case_id: UUID, token: int, data: Data | None = None, *, by: Actor, reason: str) -> Case:
        """This will go on from where a token fails or waits as if its element were done and had left `data`.

        Raises CannotSkip, TokenGone, ValueRefused.
        """
        return self.write(by, repairs.skip, case_id, token, data or {}, reason=reason)

    def move_token(
        self, case_id: UUID, token: int, element: str, data: Data | None = None, *, by: Actor, reason: str
    ) -> Case:
        """This will withdraw a token where it stands and go on at another element of its scope or one around it.

        Raises CannotMove, TokenGone, ValueRefused.
        """
        return self.write(by, repairs.move, case_id, token, element, data or {}, reason=reason)

    def modify_case(
        self,
        case_id: UUID,
        activate: Sequence[Activation] = (),
        terminate: Sequence[int] = (),
        *,
        by: Actor,
        reason: str,
    ) -> Case:
        """This will begin elements wherever they stand, with variables, then end tokens: all of it or nothing.

        What begins interrupts nothing; a subprocess that is not open opens for it without start event and inputs; one
        whose last token is ended, ends too. Raises CannotModify, TokenGone, ValueRefused.
        """
        return self.write(by, repairs.modify, case_id, activate, terminate, reason=reason)

    def preview_modify(
        self, case_id: UUID, activate: Sequence[Activation] = (), terminate: Sequence[int] = (), *, by: Actor
    ) -> Preview:
        """This will tell what `modify_case` would do now, without doing it."""
        return self.look(repairs.preview_modify, by, case_id, activate, terminate)

    def preview_skip(self, case_id: UUID, token: int, data: Data | None = None, *, by: Actor) -> Preview:
        """This will tell what `skip_element` would do now, without doing it."""
        return self.look(repairs.preview_skip, by, case_id, token, data or {})

    def preview_move(self, case_id: UUID, token: int, element: str, data: Data | None = None, *, by: Actor) -> Preview:
        """This will tell what `move_token` would do now, without doing it."""
        return self.look(repairs.preview_move, by, case_id, token, element, data or {})

    def preview_data(self, case_id: UUID, data: Data, *, by: Actor) -> Preview:
        """This will tell what `change_data` would do now, without doing it."""
        return self.look(repairs.preview_data, by, case_id, data)
