"""The processes of an installation, as `bihuan serve` and `bihuan worker` run them, on the database of a benchmark."""

from __future__ import annotations

import ctypes
import multiprocessing
import secrets
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from importlib import import_module
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import web
from engine import Engine, ProcessApp, Worker, load_apps
from web.benchmarks import offices
from web.commands.serving import WebServer
from web.config import Settings

HOST = "127.0.0.1"
SECONDS_TO_GET_READY = 60.0
SECONDS_TO_END = 30.0
NAP = 0.1
PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>
RATE = "1000 per minute"  # all officials of a soak sign in from one address


class NotServing(Exception):
    """The web server of the benchmark does not answer."""


class OfficeServer(WebServer):
    """The web server with the app of the office beside the installed ones; none of its processes is ever replaced."""

    def load_config(self) -> None:
        """This will leave out that a process goes after many requests: that would hide what it never frees."""
        super().load_config()
        self.cfg.set("max_requests", 0)
        self.cfg.set("max_requests_jitter", 0)

    def load(self) -> Any:
        """This will make the application inside a process of the server."""
        return web.create_app(
            self.settings, Engine(self.settings.database_url, apps=_apps(), files=self.settings.files)
        )


def _apps() -> list[ProcessApp]:
    return [*load_apps(), offices.APP]


def _serve(settings: Settings) -> None:
    _end_with_parent()
    for name in (*web.PAGES, "api"):
        import_module(f"web.{name}")  # once for all processes, as `bihuan serve` does
    OfficeServer(settings, is_quiet=True).run()


def _work(settings: Settings) -> None:
    _end_with_parent()
    Worker(Engine(settings.database_url, apps=_apps(), files=settings.files)).run()


def _end_with_parent() -> None:
    """Asks Linux for a SIGTERM when who started this process is killed; elsewhere it would stay."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port() -> int:
    """This will return a port at which nothing listens."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(url: str, files: Path) -> Iterator[tuple[int, dict[str, int]]]:
    """This will run a web server and a worker, and yield its port and the processes by their kind.

    Raises NotServing when it does not answer in time.
    """
    port = free_port()
    settings = Settings(
        secrets.token_hex(32), database_url=url, files=files, https=False, host=HOST, port=port, sign_in_rate=RATE
    )
    spawning = multiprocessing.get_context("spawn")  # a connection must not be inherited
    started: dict[str, BaseProcess] = {
        "web": spawning.Process(target=_serve, args=(settings,)),
        "worker": spawning.Process(target=_work, args=(settings,)),
    }
    for each in started.values():
        each.start()
    try:
        _wait_for(port, started["web"])
        yield port, {kind: each.pid or 0 for kind, each in started.items()}
    finally:
        for each in started.values():
            each.terminate()
        for each in started.values():
            each.join(SECONDS_TO_END)
            if each.is_alive():
                each.kill()


def _wait_for(port: int, server: BaseProcess) -> None:
    end = time.monotonic() + SECONDS_TO_GET_READY
    while time.monotonic() < end and server.is_alive():
        connection = HTTPConnection(HOST, port, timeout=SECONDS_TO_GET_READY)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            time.sleep(NAP)
        finally:
            connection.close()
    raise NotServing(NotServing.__doc__)
