"""Clients of a benchmark: this process, or several that begin at the same moment.

The work of a client is a generator: it gets ready, yields once, and works when it is called again.
"""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.synchronize import Barrier
from typing import Any

from engine import Engine
from web.benchmarks import meters, world
from web.benchmarks.meters import Stopwatch
from web.benchmarks.report import Taken

Work = Callable[..., Iterator[None]]
SECONDS_TO_GET_READY = 120
SECONDS_TO_FINISH = 600


class ClientFailed(Exception):
    """A client of the benchmark failed."""


def alone(engine: Engine, work: Work, seconds: float, *args: Any) -> Taken:
    """This will run `work(engine, watch, *args)` here, for about so many seconds, and tell what it cost."""
    return _run(engine, work, seconds, args, lambda: None)


def _run(engine: Engine, work: Work, seconds: float, args: tuple[Any, ...], wait: Callable[[], object]) -> Taken:
    watch = Stopwatch(seconds)
    going = work(engine, watch, *args)
    next(going)
    backend = meters.backend(engine.database)
    wait()
    before = meters.busy_seconds(backend)
    watch.start()
    for _ in going:
        continue
    watch.stop()
    after = meters.busy_seconds(backend)
    spent = after - before if before is not None and after is not None else None
    return Taken(watch.samples, watch.began, watch.ended, watch.busy, spent, meters.memory())


def run(engine: Engine, url: str, count: int, work: Work, seconds: float, *args: Any) -> list[Taken]:
    """This will run `work(engine, watch, *args, number)` here, or in `count` processes when that is more than one."""
    return [alone(engine, work, seconds, *args, 0)] if count == 1 else together(url, count, work, seconds, *args)


def together(url: str, count: int, work: Work, seconds: float, *args: Any) -> list[Taken]:
    """This will run `work(engine, watch, *args, number)` in `count` processes that begin together.

    Raises ClientFailed with the trace of the first one that failed.
    """
    # A connection must not be inherited; where it exists, one clean process imports what all clients need.
    starts = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    spawning: Any = multiprocessing.get_context(starts)
    spawning.set_forkserver_preload([work.__module__, __name__])
    barrier, answers = spawning.Barrier(count), spawning.Queue()
    clients = [
        spawning.Process(target=_client, args=(url, work, seconds, args, number, barrier, answers), daemon=True)
        for number in range(count)
    ]
    for client in clients:
        client.start()
    taken: list[Taken] = []
    try:
        for _ in clients:
            answer = answers.get(timeout=SECONDS_TO_FINISH + seconds)
            if isinstance(answer, str):
                raise ClientFailed(answer)
            taken.append(answer)
    finally:
        for client in clients:
            if len(taken) < count:
                client.terminate()
            client.join()
    return taken


def _client(
    url: str, work: Work, seconds: float, args: tuple[Any, ...], number: int, barrier: Barrier, answers: Any
) -> None:
    try:
        with world.opened(url) as engine:
            answers.put(_run(engine, work, seconds, (*args, number), lambda: barrier.wait(SECONDS_TO_GET_READY)))
    except Exception:
        answers.put(traceback.format_exc())
        raise
