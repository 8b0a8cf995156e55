"""The part of the front door that other systems use: jobs to fetch, messages and signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from time import monotonic, sleep
from typing import Any
from uuid import UUID

from engine import attempts, conditions, locks, messages
from engine.access import SYSTEM, Actor, require_system
from engine.locks import FailedJob, LockedJob
from engine.messages import Delivery
from engine.models import Case
from engine.programs import Programs
from engine.turn import Turn

LONGEST_WAIT = 60  # seconds
LOOK_EVERY = 0.25  # seconds: one look costs a fraction of a millisecond
REST = 4  # times as long as a look took: among very many jobs of other units it takes longer


class Exchange(Programs):
    """What external systems do; every method is one transaction, and refuses other people with SystemsOnly."""

    def lock_jobs(
        self, types: Sequence[str], worker: str, *, seconds: int = 60, limit: int = 10, wait: float = 0, by: Actor
    ) -> list[LockedJob]:
        """This will give `worker` up to `limit` due jobs of these external services for `seconds`.

        The higher priority comes first, then the older one. When the time is over and the job is neither done nor
        extended, another worker gets it. While there is none it waits up to `wait` seconds (at most 60) for one, and
        holds no transaction and no connection meanwhile: inside of `once` it does not wait. Raises LockInvalid.
        """
        ends = monotonic() + (0 if self._sessions.is_shared else min(wait, LONGEST_WAIT))
        found = self.write(by, locks.lock, types, worker, seconds=seconds, limit=limit)
        pause = LOOK_EVERY
        while not found and (left := ends - monotonic()) > 0:
            sleep(min(pause, left))
            began = monotonic()
            is_due = self.look(locks.is_due, types, by)
            pause = max(LOOK_EVERY, REST * (monotonic() - began))
            if is_due:
                found = self.write(by, locks.lock, types, worker, seconds=seconds, limit=limit)
        return found

    def complete_job(self, job_id: UUID, worker: str, data: Mapping[str, Any] | None = None, *, by: Actor) -> None:
        """This will give the answer of an external service to its case and run it on. Raises LockLost."""
        self.write(by, locks.complete, job_id, worker, data or {})

    def fail_job(
        self,
        job_id: UUID,
        worker: str,
        reason: str,
        *,
        retries: int | None = None,
        retry_at: datetime | None = None,
        data: Mapping[str, Any] | None = None,
        by: Actor,
    ) -> FailedJob:
        """This will tell that the work failed: it is tried `retries` more times, then there is an incident.

        None: one time fewer than before. The next try is at `retry_at`, or after a pause that grows from 10 seconds to
        an hour. `data` are variables of the element alone, which the next try sees. Raises LockLost.
        """

        def fail(turn: Turn) -> FailedJob:
            failed = locks.fail(turn, job_id, worker, reason, retries=retries, retry_at=retry_at)
            if data:
                attempts.keep(turn, job_id, data)
            return failed

        return self.write(by, fail)

    def throw_error(
        self,
        job_id: UUID,
        worker: str,
        code: str,
        message: str = "",
        data: Mapping[str, Any] | None = None,
        *,
        by: Actor,
    ) -> None:
        """This will end an external service with the BPMN error `code`, for its diagram to catch. Raises LockLost."""
        self.write(by, locks.throw, job_id, worker, code, message, data or {})

    def extend_lock(self, job_id: UUID, worker: str, seconds: int, *, by: Actor) -> datetime:
        """This will let a worker keep a job for `seconds` from now and return the end. Raises LockLost, LockInvalid."""
        return self.write(by, locks.extend, job_id, worker, seconds)

    def publish_message(
        self,
        name: str,
        correlation_key: str | float | Decimal | None = None,
        data: Mapping[str, Any] | None = None,
        *,
        by: Actor = SYSTEM,
        time_to_live: int = 0,
        idempotency_key: str | None = None,
    ) -> Delivery:
        """This will give a message to one receiver: a case that waits for it, else a process that begins with it.

        A number as key is the same however it is written. Without a receiver it is kept for `time_to_live` seconds. A
        message of this name with an `idempotency_key` that was used before does nothing, as long as the first one is
        kept and for 7 days after it was taken; the answer tells what became of the first.
        """
        require_system(by)
        return self.write(
            by,
            messages.publish,
            name,
            correlation_key,
            dict(data or {}),
            time_to_live=time_to_live,
            idempotency_key=idempotency_key,
        )

    def evaluate_conditions(
        self, data: Mapping[str, Any], process_id: str | None = None, *, by: Actor = SYSTEM
    ) -> list[Case]:
        """This will begin a case at every conditional start event, of one process or all, whose condition is true of
        `data`, and return them. Raises ProcessNotFound.
        """
        return self.write(by, conditions.begin, dict(data), process_id=process_id)

    def broadcast_signal(self, name: str, data: Mapping[str, Any] | None = None, *, by: Actor = SYSTEM) -> int:
        """This will give a signal to all who wait for it, and return how many cases took it or began with it."""
        require_system(by)
        return self.write(by, messages.broadcast, name, dict(data or {}))

    def drop_message(self, message_id: UUID, *, by: Actor) -> None:
        """This will forget a message that waits for its receiver. Raises OperatorsOnly, MessageNotFound."""
        self.write(by, messages.drop, message_id)
