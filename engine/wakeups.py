"""The only module that listens: PostgreSQL calls workers when a job is due at once, so that none waits for a poll."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import psycopg
from sqlalchemy import Engine as Database
from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)
CHANNEL = "bihuan_jobs"  # the triggers of migration 0016 call it
PATIENCE = 0.5  # seconds between two looks whether to stop
LONGEST_REST = 30.0  # seconds between two tries to reach a database that is away


class Wakeups:
    """Listens on a connection of its own and calls `wake`; without PostgreSQL it does nothing."""

    def __init__(self, database: Database, wake: Callable[[], object]) -> None:
        """This will call `wake` from a thread of its own; it must not take long."""
        self.database, self.wake = database, wake
        self.is_listening = False
        self._stopped = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """This will listen until `stop`, and again whenever the database comes back."""
        if self.database.dialect.name == "postgresql":
            self._thread = Thread(target=self._run, name="wakeups", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """This will stop listening."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        rest = 0.5
        while not self._stopped.is_set():
            try:
                self._listen()
                rest = 0.5
            except (SQLAlchemyError, psycopg.Error) as error:
                if self.is_listening:
                    rest = 0.5
                log.warning("nobody calls this worker until the database is back; it polls: %s", error)
            self.is_listening = False
            self._stopped.wait(rest)
            rest = min(rest * 2, LONGEST_REST)

    def _listen(self) -> None:
        pooled = self.database.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()  # it never goes back to the pool
        try:
            connection.autocommit = True
            connection.execute(f"LISTEN {CHANNEL}")
            self.is_listening = True
            self.wake()  # for what came while nobody listened
            while not self._stopped.is_set():
                for _call in connection.notifies(timeout=PATIENCE, stop_after=1):
                    self.wake()
        finally:
            connection.close()
