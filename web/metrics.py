"""For Prometheus: what waits, what is late, how requests went. The same figures whichever process answers.

What the database tells is asked at most every ten seconds. Requests are counted in memory that all processes of the
web server share: it is made before they part.
"""

from __future__ import annotations

import fcntl
import hmac
import ipaddress
import mmap
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from math import inf
from threading import Lock
from typing import Final

from flask import Blueprint, Flask, Response, abort, current_app, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.pool import QueuePool

from engine import SYSTEM, queries
from web import current

blueprint = Blueprint("metrics", __name__)
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
CLASSES: Final = ("2xx", "3xx", "4xx", "5xx")
WIDTH = len(SECONDS) + 2  # a count for each limit, one for all, and the sum of the seconds
ROUTES = 1024
KEPT = 10.0  # seconds
Labels = tuple[tuple[str, str], ...]
_shared = memoryview(mmap.mmap(-1, ROUTES * len(CLASSES) * WIDTH * 8)).cast("d")
_file = tempfile.TemporaryFile()  # noqa: SIM115  its lock is let go by the system when a process dies
_lock = Lock()


class Metrics:
    """The routes of one application, and the figures of the database as they were lately."""

    def __init__(self, app: Flask) -> None:
        """This will number the routes of `app`, alike in every process."""
        self._app = app
        self._numbers: dict[str, int] = {}
        self._load: tuple[float, queries.Load] | None = None

    @property
    def numbers(self) -> Mapping[str, int]:
        """This will return the number of each route; "-" is that of unknown addresses."""
        if not self._numbers:
            routes = sorted({rule.endpoint for rule in self._app.url_map.iter_rules()})
            self._numbers = {route: number for number, route in enumerate(["-", *routes][:ROUTES])}
        return self._numbers

    def count(self, route: str, status: int, seconds: float) -> None:
        """This will count a request."""
        kind = min(max(status // 100, 2), 5) - 2
        place = (self.numbers.get(route, 0) * len(CLASSES) + kind) * WIDTH
        with _lock:
            fcntl.lockf(_file, fcntl.LOCK_EX)
            try:
                for number, limit in enumerate(SECONDS):
                    _shared[place + number] += seconds <= limit
                _shared[place + WIDTH - 2] += 1
                _shared[place + WIDTH - 1] += seconds
            finally:
                fcntl.lockf(_file, fcntl.LOCK_UN)

    def load(self) -> queries.Load:
        """This will return what waits, as of the last ten seconds."""
        if self._load is None or time.monotonic() - self._load[0] > KEPT:
            self._load = time.monotonic(), current.engine().read(queries.load, SYSTEM)
        return self._load[1]


def register(app: Flask) -> None:
    """This will count the requests of `app`."""
    app.extensions["metrics"] = metrics = Metrics(app)

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        if (began := g.get("began")) is not None:
            metrics.count(request.endpoint or "-", response.status_code, time.perf_counter() - began)
        return response


@blueprint.get("/metrics")
def show() -> ResponseReturnValue:
    """This will answer in the text format of Prometheus: to this machine, or to who has the token."""
    _guard(current.settings().metrics_token)
    metrics: Metrics = current_app.extensions["metrics"]
    load = metrics.load()
    lines = [*_of_load(load), *_of_ran(load), *_of_requests(metrics), *_of_process()]
    return Response("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def _guard(token: str) -> None:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token:
        if not hmac.compare_digest(given.encode(), token.encode()):
            abort(403)
    elif not _is_local(request.remote_addr) or "X-Forwarded-For" in request.headers:
        abort(403)


def _is_local(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def _family(name: str, kind: str, help: str, rows: Iterable[tuple[Labels, float]]) -> Iterator[str]:
    yield f"# HELP bihuan_{name} {help}"
    yield f"# TYPE bihuan_{name} {kind}"
    for labels, value in rows:
        yield _line(name, labels, value)


def _line(name: str, labels: Labels, value: float) -> str:
    shown = ",".join(f'{key}="{text}"' for key, text in labels)
    return f"bihuan_{name}{{{shown}}} {value:.10g}" if shown else f"bihuan_{name} {value:.10g}"


def _of_load(load: queries.Load) -> Iterator[str]:
    jobs = {(("kind", kind), ("state", state)): count for (kind, state), count in sorted(load.jobs.items())}
    late = {(("le", str(seconds)),): count for seconds, count in load.late.items()} | {(("le", "+Inf"),): load.due}
    yield from _family("jobs", "gauge", "Jobs by kind and state.", jobs.items())
    yield from _family("queue_depth", "gauge", "Jobs that are due, by kind.", _by("kind", load.queued))
    yield from _family("jobs_due", "gauge", "Due jobs that wait no longer than so many seconds.", late.items())
    yield from _family("jobs_oldest_seconds", "gauge", "How long the oldest due job waits.", [((), load.oldest)])
    yield from _family("incidents", "gauge", "What stands still, by kind.", _by("kind", load.incidents))
    yield from _family("limits", "gauge", "Limits; exceeded ones run too.", _by("state", load.limits))
    yield from _family("webhooks_waiting", "gauge", "Messages that webhooks are to be told.", [((), load.deliveries)])
    yield from _family("outbox", "gauge", "Notices on their way, by state.", _by("state", load.outbox))
    yield from _family("workers", "gauge", "Worker processes seen in the last 30 seconds.", _by("state", load.workers))
    failed = [((), load.calendar_failures)]
    yield from _family("calendar_failures", "gauge", "Runs of calendar jobs that failed in a day.", failed)


def _of_ran(load: queries.Load) -> Iterator[str]:
    """What all workers have done, counted in the database: the same whichever process answers."""
    yield "# HELP bihuan_job_lateness_seconds How long after its due time a job ran, by kind."
    yield "# TYPE bihuan_job_lateness_seconds histogram"
    for kind, done in sorted(load.ran.items()):
        labels = (("kind", kind),)
        for bound, count in done.up_to:
            shown = "+Inf" if bound == inf else str(bound)
            yield _line("job_lateness_seconds_bucket", (*labels, ("le", shown)), count)
        yield _line("job_lateness_seconds_sum", labels, done.seconds)
        yield _line("job_lateness_seconds_count", labels, sum(done.late))
    failures = {kind: done.failures for kind, done in load.ran.items()}
    yield from _family("job_failures_total", "counter", "Attempts of jobs that failed, by kind.", _by("kind", failures))


def _by(label: str, counts: Mapping[str, int]) -> Iterator[tuple[Labels, float]]:
    return ((((label, key),), count) for key, count in sorted(counts.items()))


def _of_requests(metrics: Metrics) -> Iterator[str]:
    yield "# HELP bihuan_request_seconds How long requests took, by route and status."
    yield "# TYPE bihuan_request_seconds histogram"
    for route, number in metrics.numbers.items():
        for kind, status in enumerate(CLASSES):
            place = (number * len(CLASSES) + kind) * WIDTH
            counts = list(_shared[place : place + WIDTH])
            if not counts[-2]:
                continue
            labels = (("route", route), ("status", status))
            for limit, count in zip((*map(str, SECONDS), "+Inf"), counts[:-1], strict=True):
                yield _line("request_seconds_bucket", (*labels, ("le", limit)), count)
            yield _line("request_seconds_sum", labels, counts[-1])
            yield _line("request_seconds_count", labels, counts[-2])


def _of_process() -> Iterator[str]:
    pool = current.engine().database.pool
    if isinstance(pool, QueuePool):
        rows = _by("state", {"used": pool.checkedout(), "idle": pool.checkedin()})
        yield from _family("database_connections", "gauge", "Connections of the process that answers.", rows)
    build = [((("version", version("bihuan")),), 1.0)]
    yield from _family("build_info", "gauge", "The version that runs.", build)
