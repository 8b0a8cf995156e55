"""Clients of a benchmark: one in this process, or several that begin at the same moment.

Several are spread over as many processes as there are cores, as threads: so `bihuan serve` serves them. The work of a
client is a generator: it gets ready, yields once, and works when it is called again.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from typing import Any

from engine import Engine
from web.benchmarks import meters, world
from web.benchmarks.meters import Stopwatch
from web.benchmarks.report import Taken

Work = Callable[..., Iterator[None]]
Opening = Callable[[str], AbstractContextManager[Engine]]
SECONDS_TO_GET_READY = 120
SECONDS_TO_FINISH = 600


class ClientFailed(Exception):
    """A client of the benchmark failed."""


def alone(engine: Engine, work: Work, seconds: float, *args: Any) -> Taken:
    """This will run `work(engine, watch, *args)` here, for about so many seconds, and tell what it cost."""
    (taken,) = _run(engine, work, seconds, [args], lambda: None)
    return taken


def _run(
    engine: Engine, work: Work, seconds: float, each: Sequence[tuple[Any, ...]], wait: Callable[[], object]
) -> list[Taken]:
    """Runs a client for each of the arguments, all in this process; what the database took stands with the first."""
    before: list[float | None] = []
    backends: list[int] = []

    def begin() -> None:
        backends.extend(meters.backends(engine.database))
        wait()
        before.append(meters.busy_seconds(backends))

    ready = threading.Barrier(len(each), begin)

    def client(args: tuple[Any, ...]) -> Taken:
        try:
            return _work(engine, work, seconds, args, ready)
        except BaseException:
            ready.abort()
            raise

    if len(each) == 1:
        taken = [client(each[0])]
    else:
        with ThreadPoolExecutor(len(each)) as pool:
            taken = list(pool.map(client, each))
    backends += [
        each for each in meters.backends(engine.database) if each not in backends
    ]  # those that began meanwhile
    after = meters.busy_seconds(backends)
    spent = after - before[0] if before[0] is not None and after is not None else None
    return [replace(taken[0], database_busy=spent), *taken[1:]]


def _work(engine: Engine, work: Work, seconds: float, args: tuple[Any, ...], ready: threading.Barrier) -> Taken:
    watch = Stopwatch(seconds)
    going = work(engine, watch, *args)
    next(going)
    ready.wait(SECONDS_TO_GET_READY)
    watch.start()
    for _ in going:
        continue
    watch.stop()
    return Taken(watch.samples, watch.began, watch.ended, watch.busy, None, meters.memory())


def run(
    engine: Engine, url: str, count: int, work: Work, seconds: float, *args: Any, opening: Opening = world.opened
) -> list[Taken]:
    """This will run `work(engine, watch, *args, number)` here, or by `count` clients when that is more than one."""
    if count == 1:
        return [alone(engine, work, seconds, *args, 0)]
    return together(url, count, work, seconds, *args, opening=opening)


def together(
    url: str, count: int, work: Work, seconds: float, *args: Any, opening: Opening = world.opened
) -> list[Taken]:
    """This will let `count` clients run `work(engine, watch, *args, number)`; they begin together.

    `opening` makes each process's own engine of the URL; it crosses to another process, so it is a plain function.
    Raises ClientFailed with the trace of the first process that failed.
    """
    processes = min(count, os.cpu_count() or 1)
    spawning = multiprocessing.get_context("spawn")  # a connection must not be inherited
    shared = spawning.Barrier(processes), spawning.Queue()
    started = [
        spawning.Process(
            target=_process,
            args=(opening, url, work, seconds, [(*args, each) for each in range(number, count, processes)], *shared),
            daemon=True,
        )
        for number in range(processes)
    ]
    for each in started:
        each.start()
    taken: list[Taken] = []
    try:
        for _ in started:
            answer = shared[1].get(timeout=SECONDS_TO_FINISH + seconds)
            if isinstance(answer, str):
                raise ClientFailed(answer)
            # every process sees what all of the database's take: only one of them may tell
            taken += answer if not taken else [replace(one, database_busy=None) for one in answer]
    finally:
        for each in started:
            if len(taken) < count:
                each.terminate()
            each.join()
    return taken


def _process(
    opening: Opening,
    url: str,
    work: Work,
    seconds: float,
    each: Sequence[tuple[Any, ...]],
    barrier: Barrier,
    answers: Any,
) -> None:
    try:
        with opening(url) as engine:
            answers.put(_run(engine, work, seconds, each, lambda: barrier.wait(SECONDS_TO_GET_READY)))
    except Exception:
        answers.put(traceback.format_exc())
        raise
