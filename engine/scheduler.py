"""The only module that knows APScheduler: wakes the worker for due jobs and runs what the calendar asks for."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable
from threading import Event
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import OperationalError

from engine import board_counts, due
from engine.access import SYSTEM
from engine.catalog import ZONE
from engine.errors import Unavailable
from engine.runtime import Engine

log = logging.getLogger(__name__)
BATCH = 200


class Worker:
    """Runs due jobs until it is told to stop. Any number of workers may share one database; on SQLite one is enough."""

    def __init__(self, engine: Engine, *, every: float = 1.0, name: str = "") -> None:
        """This will look for due jobs `every` so many seconds."""
        self.engine, self.every = engine, every
        self.name = (name or f"{socket.gethostname()}:{os.getpid()}")[:64]
        self._stopped = Event()
        self._scheduler = BackgroundScheduler(timezone=ZONE, job_defaults={"coalesce": True, "max_instances": 1})
        self._scheduler.add_job(self.work, "interval", seconds=every, id="due-jobs", misfire_grace_time=None)
        self._scheduler.add_job(engine.follow_changes, "interval", minutes=1, id="staff-changes")
        self._scheduler.add_job(self.tell, "interval", seconds=every, id="webhooks", misfire_grace_time=None)
        self._scheduler.add_job(self.count, "interval", seconds=10, id="board-counts", misfire_grace_time=None)
        self.add_daily(engine.forget_programs, hour=3, minute=20, id="forget-answers-and-deliveries")
        self.add_daily(lambda: due.forget_expired(engine.write), hour=3, minute=10, id="forget-expired-messages")
        self.add_daily(lambda: engine.clean_up(should_stop=self._stopped.is_set), hour=1, minute=30, id="clean-up")
        self._scheduler.add_job(self.finish_actions, "interval", seconds=10, id="actions", misfire_grace_time=None)
        # every hour, so that a day on which the machine was off at night has its anchor too
        self._scheduler.add_job(
            engine.anchor_daily, "cron", hour="3-23", minute=20, id="anchor", misfire_grace_time=3600
        )

    def add_daily(self, work: Callable[[], object], *, hour: int, minute: int, id: str) -> None:
        """This will run `work` every day at this time of the officials' clock, once even after being asleep."""
        self._scheduler.add_job(work, "cron", hour=hour, minute=minute, id=id, misfire_grace_time=3600)

    def work(self) -> int:
        """This will run all jobs that are due now and return how many."""
        done = 0
        try:
            while not self._stopped.is_set():
                count = self.engine.run_due_jobs(BATCH, self.name, self._stopped.is_set)
                done += count
                if count < BATCH:
                    break
        except (OperationalError, Unavailable):
            # The database restarts or is busy: what was claimed comes back when its lease ends.
            log.exception("worker %s could not reach the database and will try again", self.name)
        return done

    def count(self) -> int:
        """This will add what has changed to the counts of the boards and return how many changes that were."""
        done = 0
        try:
            while not self._stopped.is_set() and (found := self.engine.write(SYSTEM, board_counts.fold)):
                done += found
        except (OperationalError, Unavailable):
            log.exception("worker %s could not reach the database and will try again", self.name)
        return done

    def tell(self) -> int:
        """This will send what webhooks are to be told and return how much; no timer waits for an address elsewhere."""
        try:
            return self.engine.deliver_webhooks(self.name, self._stopped.is_set)
        except (OperationalError, Unavailable):
            log.exception("worker %s could not reach the database and will try again", self.name)
            return 0

    def finish_actions(self) -> int:
        """This will go on with what operators began to do to many cases, and return how many were done."""
        return self.engine.finish_actions(self._stopped.is_set)

    def start(self) -> None:
        """This will work in the background of this process, until `stop`."""
        self._scheduler.start()

    def stop(self) -> None:
        """This will finish the job in hand and stop."""
        self._stopped.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def run(self) -> None:
        """This will work until the process gets SIGTERM or SIGINT, then finish the job in hand and return."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._receive)
        self.start()
        log.info("worker %s runs", self.name)
        while not self._stopped.wait(0.5):
            continue
        self.stop()
        log.info("worker %s has stopped", self.name)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        log.info("worker %s got %s", self.name, signal.Signals(number).name)
        self._stopped.set()
