"""The only module that knows APScheduler: wakes the threads of a worker process, and keeps its heart beating."""

from __future__ import annotations

import logging
import os
import signal
import socket
from collections.abc import Callable
from functools import partial
from threading import Event, Thread
from types import FrameType
from typing import TypeVar

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import SQLAlchemyError

from engine import board_counts, due, workers
from engine.access import SYSTEM
from engine.calendar_jobs import Calendar
from engine.catalog import ZONE
from engine.errors import BihuanError
from engine.hands import Crew, Hand
from engine.runtime import Engine
from engine.wakeups import Wakeups

log = logging.getLogger(__name__)
BATCH = 1_000
BEAT = 1.0  # seconds between two looks at what is in hand
SIGN_OF_LIFE = 5  # beats
AWAY = (SQLAlchemyError, BihuanError, OSError)
T = TypeVar("T")


class Worker:
    """Runs due jobs until it is told to stop. Any number of workers may share one PostgreSQL; on SQLite one works."""

    def __init__(self, engine: Engine, *, every: float = 1.0, name: str = "", threads: int = 0) -> None:
        """This will look for due jobs `every` so many seconds, and at once when PostgreSQL calls.

        `threads` run jobs at the same time; 0: one on SQLite, two on PostgreSQL.
        """
        self.engine, self.every = engine, every
        self.name = (name or f"{socket.gethostname()}:{os.getpid()}")[:56]
        self.threads = threads or (2 if engine.database.dialect.name == "postgresql" else 1)
        self.crew, self.other = Crew(self.threads), ""
        self.calendar = Calendar(engine, self.name)
        self.wakeups = Wakeups(engine.database, self.wake)
        self._hands = {f"{self.name}/{number}": Hand(self.crew, is_kept=True) for number in range(self.threads)}
        self._calls = [Event() for _ in self._hands]
        self._labour: list[Thread] = []
        self._stopped, self._finished, self._beats = Event(), Event(), 0
        self._scheduler = BackgroundScheduler(timezone=ZONE, job_defaults={"coalesce": True, "max_instances": 1})
        for work, seconds in (
            (self.wake, every),
            (self.tell, every),
            (self.send, every),
            (self.count, 10),
            (self.finish_actions, 10),
            (self.follow_calendar, min(5.0, every * 5)),
        ):
            self._scheduler.add_job(work, "interval", seconds=seconds, id=work.__name__, misfire_grace_time=None)

    def wake(self) -> None:
        """This will let every thread look for due jobs."""
        for call in self._calls:
            call.set()

    def work(self, name: str = "", hand: Hand | None = None) -> int:
        """This will run all jobs that are due now and return how many."""
        done, more = 0, not self.other
        while more and not self._stopped.is_set():
            count = self._try(lambda: self.engine.run_due_jobs(BATCH, name or self.name, self._stopped.is_set, hand))
            done += count or 0
            more = count is not None and count >= BATCH
        return done

    def count(self) -> int:
        """This will add what has changed to the counts of the boards and return how many changes that were."""
        done, found = 0, 1
        while found and not self.other and not self._stopped.is_set():
            found = self._try(lambda: self.engine.write(SYSTEM, board_counts.fold)) or 0
            done += found
        return done

    def tell(self) -> int:
        """This will send what webhooks are to be told and return how much; no timer waits for an address elsewhere."""
        if self.other:
            return 0
        return self._try(lambda: self.engine.deliver_webhooks(self.name, self._stopped.is_set)) or 0

    def send(self) -> int:
        """This will send people the messages that are due and return how many; slow mail delays nothing else."""
        if self.other:
            return 0
        return self._try(lambda: self.engine.send_messages(self.name, self._stopped.is_set)) or 0

    def finish_actions(self) -> int:
        """This will go on with what operators began to do to many cases, and return how many were done."""
        return 0 if self.other else self._try(lambda: self.engine.finish_actions(self._stopped.is_set)) or 0

    def follow_calendar(self) -> int:
        """This will run what the calendar asks for and nobody has run yet, and return how many jobs that were."""
        return 0 if self.other else self._try(lambda: self.calendar.run_due(self._stopped.is_set)) or 0

    def start(self) -> None:
        """This will work in the background of this process, until `stop`."""
        self.report()
        for call, (name, hand) in zip(self._calls, self._hands.items(), strict=True):
            self._labour.append(Thread(target=self._run_thread, args=(call, name, hand), name=name, daemon=True))
        self._labour.append(Thread(target=self._keep_beating, name="heartbeat", daemon=True))
        for thread in self._labour:
            thread.start()
        self._scheduler.start()
        self.wakeups.start()
        self.wake()

    def stop(self) -> None:
        """This will finish the jobs in hand and stop."""
        self._stopped.set()
        self.wake()
        self.wakeups.stop()
        for thread in self._labour[:-1]:
            thread.join()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
        self._finished.set()
        for thread in self._labour[-1:]:
            thread.join()
            self._try(lambda: self.engine.write(SYSTEM, workers.leave, self.name))

    def run(self) -> None:
        """This will work until the process gets SIGTERM or SIGINT, then finish the jobs in hand and return."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._receive)
        self.start()
        log.info("worker %s runs with %s threads", self.name, self.threads)
        while not self._stopped.wait(0.5):
            continue
        self.stop()
        log.info("worker %s has stopped", self.name)

    def report(self) -> None:
        """This will tell that this worker lives, and find out whether it works or stands by."""
        mine = workers.Presence(self.name, socket.gethostname(), os.getpid(), self.threads)
        other = self._try(lambda: self.engine.write(SYSTEM, workers.report, mine) or "")
        if other is None or other == self.other:
            return
        if other:
            log.warning("worker %s stands by: on SQLite one worker is enough, and %s works", self.name, other)
        else:
            log.warning("worker %s takes over from %s", self.name, self.other)
        self.other = other

    def _try(self, work: Callable[[], T]) -> T | None:
        """None when the database restarts or is busy: what was claimed comes back when its lease ends."""
        try:
            return work()
        except AWAY:
            log.exception("worker %s could not reach the database and will try again", self.name)
            return None

    def _run_thread(self, call: Event, name: str, hand: Hand) -> None:
        while not self._stopped.is_set():
            call.wait()
            call.clear()
            self.work(name, hand)

    def _keep_beating(self) -> None:
        while not self._finished.wait(BEAT):
            self._beats += 1
            is_time = self._beats % SIGN_OF_LIFE == 0
            for name, hand in self._hands.items():
                self._try(partial(due.beat, self.engine.write, hand, name, is_time=is_time))
            if is_time:
                self._try(self.calendar.keep)
                self.report()

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        log.info("worker %s got %s", self.name, signal.Signals(number).name)
        self._stopped.set()
