"""How long tests wait: a busy machine is slow, and slow is not wrong."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 120.0  # seconds for what happens by itself; whoever waits in vain has found a fault
BROWSER_PATIENCE = 30_000.0  # milliseconds for what a page shows or where it leads
_ports = iter(range(os.getpid() * 61, 2**62))


def wait_until(is_true: Callable[[], object]) -> None:
    """This will wait for something to become true."""
    end = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


@contextmanager
def soon(seconds: float = 5.0) -> Iterator[None]:
    """This will see that what happens inside takes so many seconds of work at most, whatever else the machine does."""
    began = time.process_time()
    yield
    assert time.process_time() - began < seconds


def free_port() -> int:
    """This will return a port that nobody uses, of those that no system gives to whoever asks for any."""
    while True:
        port = 20_000 + next(_ports) % 10_000
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
