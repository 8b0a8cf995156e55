"""`bihuan serve` and `bihuan worker`: the two kinds of processes that run in production."""

from __future__ import annotations

import errno
import logging
import os
import socket
from importlib import import_module
from typing import Any

import click
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

import web
from engine import Worker
from web.commands import installation
from web.commands.terminal import MISUSED, N_, Failed, _, say
from web.config import PREFIX, Settings


class WebServer(BaseApplication):  # type: ignore[misc]
    """Gunicorn with threads, configured by our settings alone: no gunicorn file, no gunicorn environment."""

    def __init__(self, settings: Settings, *, is_quiet: bool) -> None:
        """This will serve the pages as `settings` say."""
        self.settings = settings
        self.is_quiet = is_quiet
        super().__init__()

    def load_config(self) -> None:
        """This will translate our settings into gunicorn's."""
        options: dict[str, Any] = {
            "bind": [f"{self.settings.host}:{self.settings.port}"],
            "workers": self.settings.web_processes,
            "threads": self.settings.web_threads,
            "worker_class": "gthread",
            "timeout": 60,
            "graceful_timeout": 20,
            "keepalive": 15,
            "loglevel": "warning" if self.is_quiet else "info",
            "proc_name": "bihuan",
            "control_socket_disable": True,
            # a worker that leaks is replaced; the spread keeps them from leaving together
            "max_requests": 20_000,
            "max_requests_jitter": 2_000,
        }
        if os.path.isdir("/dev/shm"):
            options["worker_tmp_dir"] = "/dev/shm"  # a heartbeat file on a slow disk would look like a dead worker
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """This will make the application inside a worker process: a database connection must not cross a fork."""
        return web.create_app(self.settings)


def check_address(host: str, port: int) -> None:
    """This will end the command with a clear sentence when nothing can listen at `host` and `port`."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise Failed(*_address_fault(host, port, error), exit_code=MISUSED) from error


def _address_fault(host: str, port: int, error: OSError) -> tuple[str]:
    if error.errno == errno.EADDRINUSE:
        return (
            _("Port {port} is in use: another program, or another Bihuan, listens there. Choose another one, "
              "for example: --port {other}", port=port, other=port + 1 if port < 65535 else 8000),
        )  # fmt: skip
    if error.errno == errno.EACCES:
        return (_("Port {port} is reserved for the administrator of the machine; use one above 1023.", port=port),)
    return (_("Nothing can listen at {host}:{port}: {reason}", host=host, port=port, reason=error.strerror or error),)


def _choose(**chosen: object) -> None:
    for name, value in chosen.items():
        if value is not None:
            os.environ[PREFIX + name.upper()] = str(value)


@click.command(help=N_("Serve the pages and the JSON API (production server: gunicorn, processes with threads)."))
@click.option("--host", help=N_("Address to listen on (setting BIHUAN_HOST)."))
@click.option("--port", type=click.IntRange(1, 65535), help=N_("Port to listen on (setting BIHUAN_PORT)."))
@click.option("--processes", type=click.IntRange(1, 64), help=N_("Web processes (setting BIHUAN_WEB_PROCESSES)."))
@click.option("--threads", type=click.IntRange(1, 64), help=N_("Threads of each (setting BIHUAN_WEB_THREADS)."))
@click.option("--quiet", is_flag=True, help=N_("Write only warnings and errors."))
def serve(host: str | None, port: int | None, processes: int | None, threads: int | None, quiet: bool) -> None:
    """This will serve until SIGTERM or Ctrl-C; requests that run are finished first."""
    _choose(host=host, port=port, web_processes=processes, web_threads=threads)
    chosen = installation.settings(is_serving=True)
    check_address(chosen.host, chosen.port)
    installation.open_engine(chosen).database.dispose()
    for name in (*web.PAGES, "api"):
        import_module(f"web.{name}")  # once here instead of once in every worker process
    WebServer(chosen, is_quiet=quiet).run()


@click.command("worker", help=N_("Run due timers, service calls and retries; any number of workers may run at once."))
@click.option("--poll", type=click.FloatRange(0.05, 60), default=1.0, show_default=True,
              help=N_("Seconds between two looks at an idle database."))  # fmt: skip
@click.option("--threads", type=click.IntRange(1, 32),
              help=N_("Threads that run jobs at the same time (setting BIHUAN_WORKER_THREADS)."))  # fmt: skip
@click.option("--once", is_flag=True, help=N_("Run what is due now, then end."))
@click.option("--quiet", is_flag=True, help=N_("Write only warnings and errors."))
def run_worker(poll: float, threads: int | None, once: bool, quiet: bool) -> None:
    """This will run due jobs until SIGTERM or Ctrl-C; the job that runs is finished first."""
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(asctime)s %(message)s")
    _choose(worker_threads=threads)
    chosen = installation.settings()
    worker = Worker(installation.open_engine(chosen), every=poll, threads=chosen.worker_threads)
    if once:
        say(_("{count} jobs were run.", count=worker.work()))
        return
    if not quiet:
        worker.report()
        if worker.other:
            say(_("On SQLite one worker works: {other} does, and this one stands by.", other=worker.other))
        else:
            say(_("The worker waits for due jobs; Ctrl-C ends it."))
    worker.run()
