"""The part of the front door that operators use: what is done to cases that stand still or went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from engine import cases, incidents
from engine.access import Actor
from engine.handling import Handling
from engine.models import Case


class Operations(Handling):
    """What operators do to cases; every method is one transaction, and refuses other people with OperatorsOnly."""

    def cancel_case(self, case_id: UUID, *, by: Actor, reason: str) -> Case:
        """This will end a case where it stands. Raises OperatorsOnly, CaseEnded."""
        return self.write(by, incidents.cancel, case_id, reason=reason)

    def suspend_case(self, case_id: UUID, *, by: Actor, reason: str) -> Case:
        """This will stop a case; no timer fires until it is resumed. Raises OperatorsOnly, CaseEnded, CaseSuspended."""
        return self.write(by, incidents.suspend, case_id, reason=reason)

    def resume_case(self, case_id: UUID, *, by: Actor) -> Case:
        """This will let a suspended case go on, its timers with the time they had left. Raises OperatorsOnly."""
        return self.write(by, incidents.resume, case_id)

    def change_data(self, case_id: UUID, data: Mapping[str, Any], *, by: Actor, reason: str) -> Case:
        """This will let an operator correct case data; what waits for a condition looks again. Raises OperatorsOnly."""
        return self.write(by, cases.change_data, case_id, data, reason=reason)

    def retry_incident(self, incident_id: UUID, *, by: Actor) -> Case:
        """This will try again what failed. Raises OperatorsOnly, IncidentNotFound, IncidentResolved."""
        return self.write(by, incidents.retry, incident_id)
