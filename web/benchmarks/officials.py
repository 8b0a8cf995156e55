"""Officials of a soak before their browsers: each works at an even pace, whatever the others do."""

from __future__ import annotations

import json
import re
import time
from threading import Event, Thread

from web.benchmarks import offices, world
from web.benchmarks.browsers import Browser, Unanswered

TASK = re.compile(r'href="/tasks/([0-9a-f-]{36})"')
CASE = re.compile(r'href="/cases/([0-9a-f-]{36})"')
SESSION = 120  # turns, then one signs in again
LOOK = 5  # every so many turns an official looks at the file of the case
START = f"/cases/start/{offices.PROCESS}"


class Person(Thread):
    """Somebody signed in, who takes a turn every `pace` seconds until `stopped`."""

    def __init__(self, login: str, password: str, browser: Browser, pace: float, stopped: Event) -> None:
        """This will work as `login`, when it is started."""
        super().__init__(name=login, daemon=True)
        self.login, self.password, self.browser = login, password, browser
        self.pace, self.stopped = pace, stopped
        self.completed, self.started, self.errors = 0, 0, list[str]()

    def run(self) -> None:
        """This will take turns; one that is late is taken at once, and what was missed is not made up for."""
        number, next_at = 0, time.monotonic()
        while not self.stopped.wait(max(0.0, next_at - time.monotonic())):
            next_at = max(next_at + self.pace, time.monotonic())
            try:
                if number % SESSION == 0:
                    self.enter()
                self.take_turn(number)
            except Unanswered as error:
                self.errors.append(str(error))
            number += 1
        self.browser.close()

    def enter(self) -> None:
        """This will sign in. Raises Unanswered."""
        self.browser.sign_in(self.login, self.password)

    def take_turn(self, number: int) -> None:
        """This will do what the person does each time. Raises Unanswered."""
        raise NotImplementedError


class Official(Person):
    """Completes the first task of the inbox, starts as many cases as end, and looks at the file of one now and then."""

    def take_turn(self, number: int) -> None:
        """This will complete a task, if there is one. Raises Unanswered."""
        if number % offices.TASKS_OF_A_CASE == 0:
            self.browser.open("start form", START)
            self.browser.send("start", START, {"data": world.SENT})
            self.started += 1
        found = TASK.search(self.browser.open("inbox", "/inbox"))
        if found is None:
            return
        page = self.browser.open("task", f"/tasks/{found[1]}")
        self.browser.send("complete", f"/tasks/{found[1]}/complete", {"data": world.SENT})
        self.completed += 1
        case = CASE.search(page)
        if number % LOOK == 0 and case is not None:
            self.browser.open("case", f"/cases/{case[1]}")


class Program(Person):
    """Does what an official does, by the API; its password is a token."""

    def enter(self) -> None:
        """This will use the token."""
        self.browser.use_token(self.password)

    def take_turn(self, number: int) -> None:
        """This will complete a task, if there is one. Raises Unanswered."""
        if number % offices.TASKS_OF_A_CASE == 0:
            asked = {"process_id": offices.PROCESS, "data": world.SENT}
            self.browser.send("API start", "/api/cases", asked, **{"Idempotency-Key": f"start-{number}"})
            self.started += 1
        tasks = json.loads(self.browser.open("API inbox", "/api/inbox?limit=1"))["items"]
        if not tasks:
            return
        address = f"/api/tasks/{tasks[0]['id']}"
        self.browser.open("API task", address)
        sent = {"data": world.SENT}
        self.browser.send("API complete", f"{address}/complete", sent, **{"Idempotency-Key": f"complete-{number}"})
        self.completed += 1


class Chief(Person):
    """Looks at the board and at the list of all cases; scrapes the figures as a monitor does."""

    def take_turn(self, number: int) -> None:
        """This will look at everything once. Raises Unanswered."""
        self.browser.open("board", "/supervise/")
        self.browser.open("cases", "/cases/")
        self.browser.open("metrics", "/metrics")
