"""`bihuan bench complete`, `start`, `timers` and so on: the engine under load, in databases of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.status import Status
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError, ProgrammingError, SQLAlchemyError

from engine import feel
from web.benchmarks import completing, floor, ladders, lists, models, starting, timers, wakeups, world
from web.benchmarks.clients import ClientFailed
from web.benchmarks.completing import Miscounted
from web.benchmarks.guests import NoProcess
from web.benchmarks.models import NoTimer
from web.benchmarks.replays import NothingToRepeat
from web.benchmarks.report import Line
from web.benchmarks.walkers import NobodysTask, NothingToDo
from web.commands import soaks
from web.commands.terminal import N_, Failed, _, say, show_table

F = TypeVar("F", bound=Callable[..., Any])


DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def _address(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """This will refuse what no database can be found by, before anything is made."""
    if value is None:
        return None
    try:
        found = make_url(value.replace("postgres://", "postgresql://", 1))
        return found.set(drivername=DRIVERS[found.drivername]).render_as_string(hide_password=False)
    except (SQLAlchemyError, KeyError):
        raise click.BadParameter(_("“{value}” is not the address of a database.", value=value)) from None


def _values(_context: click.Context, _option: click.Parameter, value: str | None) -> dict[str, Any]:
    """This will read the values that go along with every form."""
    try:
        found = feel.loads(value) if value is not None else {}
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if not isinstance(found, dict):
        raise click.BadParameter(_("An object is needed, such as {example}.", example='{"amount": 5}'))
    return found


_DATABASE = click.option(
    "--db",
    metavar="URL",
    callback=_address,
    help=N_("Server or folder to make the benchmark's own database on, dropped at the end; else an embedded one."),
)
_CLIENTS = click.option("--clients", type=click.IntRange(1, 64), default=1, show_default=True,
                        help=N_("How many work at the same time: threads, in a process for each core."))  # fmt: skip
_MODEL = click.option("--model", type=click.Path(path_type=Path, exists=True, dir_okay=False),
                      help=N_("Diagram to measure; what it names and is not beside it gets a stand-in."))  # fmt: skip
_DATA = click.option("--data", metavar="JSON", callback=_values,
                     help=N_("Values for the forms of that diagram; others are made up."))  # fmt: skip
_SECONDS = click.option("--seconds", type=click.FloatRange(0.05, 3600), default=5.0, show_default=True,
                        help=N_("How long each measurement runs."))  # fmt: skip
_JSON = click.option("--json", "is_json", is_flag=True, help=N_("Print JSON."))


_FAULTS = (
    N_("The file holds no process."),
    N_("A case of this process opens no task that anybody could do."),
    N_("A case of this process waits for no timer when it has started."),
    N_("The demo of this app starts no case and completes no task that could be done again."),
    N_("The web server of the benchmark does not answer."),
    N_("The task “{task}” names no candidate group, or somebody who is not here: nobody can do it."),
)  # the docstrings of what benchmarks raise, named here so that the catalog keeps them


def _open(default: int) -> Callable[[F], F]:
    return click.option("--open", "open_tasks", type=click.IntRange(0, 20_000_000), default=default, show_default=True,
                        help=N_("How many tasks are open meanwhile."))  # fmt: skip


@click.command(help=N_("Complete tasks: load, complete, run to the next wait states, store, with history."))
@_DATABASE
@_MODEL
@_DATA
@_CLIENTS
@_open(0)
@click.option("--rounds", type=click.IntRange(0, 1_000_000), default=0,
              help=N_("Compare a fresh case with one that has so many rounds of rework behind it."))  # fmt: skip
@_SECONDS
@_JSON
def complete(
    db: str | None,
    model: Path | None,
    data: dict[str, Any],
    clients: int,
    open_tasks: int,
    rounds: int,
    seconds: float,
    is_json: bool,
) -> None:
    """This will measure completions."""
    if rounds and (model is not None or clients > 1 or open_tasks):
        raise click.UsageError(_("--rounds takes the benchmark's own process, by one client, in an empty database."))
    with _measuring() as show:
        if rounds:
            lines = completing.measure_rework(db, rounds=rounds, show=show)
        elif model is not None:
            load = models.Load(model, data, clients, open_tasks)
            lines = models.measure(db, load, seconds=seconds, show=show)
        else:
            lines = completing.measure(db, seconds=seconds, count=clients, open_tasks=open_tasks, show=show)
    _print(lines, is_json)


@click.command(help=N_("Start cases."))
@_DATABASE
@_MODEL
@_DATA
@_CLIENTS
@_open(0)
@_SECONDS
@_JSON
def start(
    db: str | None,
    model: Path | None,
    data: dict[str, Any],
    clients: int,
    open_tasks: int,
    seconds: float,
    is_json: bool,
) -> None:
    """This will measure starts."""
    with _measuring() as show:
        if model is not None:
            load = models.Load(model, data, clients, open_tasks)
            lines = models.measure_starts(db, load, seconds=seconds, show=show)
        else:
            lines = starting.measure(db, seconds=seconds, count=clients, open_tasks=open_tasks, show=show)
    _print(lines, is_json)


@click.command("timers", help=N_("Fire timers that are all due at once; tells how late they fire."))
@_DATABASE
@_MODEL
@_DATA
@_CLIENTS
@click.option("--due", "--open", "due", type=click.IntRange(1, 5_000_000), default=2000, show_default=True,
              help=N_("How many timers are due."))  # fmt: skip
@_JSON
def fire(db: str | None, model: Path | None, data: dict[str, Any], clients: int, due: int, is_json: bool) -> None:
    """This will measure timers."""
    with _measuring() as show:
        if model is not None:
            load = models.Load(model, data, clients)
            lines = models.measure_timers(db, load, due=due, show=show, progress=show.work)
        else:
            lines = timers.measure(db, count=clients, due=due, show=show, progress=show.work)
    _print(lines, is_json)


@click.command("limits", help=N_("Climb ladders of limits that are all due at once, while an official works on."))
@_DATABASE
@click.option("--due", type=click.IntRange(1, 5_000_000), default=2000, show_default=True,
              help=N_("How many limits are due."))  # fmt: skip
@_JSON
def climb(db: str | None, due: int, is_json: bool) -> None:
    """This will measure ladders."""
    with _measuring() as show:
        lines = ladders.measure(db, due=due, show=show, progress=show.work)
    _print(lines, is_json)


@click.command("wakeup", help=N_("Let jobs be due one by one; tells how soon a worker elsewhere runs each."))
@_DATABASE
@click.option("--count", type=click.IntRange(1, 100_000), default=200, show_default=True,
              help=N_("How many jobs."))  # fmt: skip
@_JSON
def wake(db: str | None, count: int, is_json: bool) -> None:
    """This will measure how soon workers are woken."""
    with _measuring() as show:
        lines = wakeups.measure(db, count=count, progress=show.work)
    _print(lines, is_json)


def _list(name: str, help: str, questions: Sequence[lists.Asked]) -> click.Command:
    @click.command(name, help=help)
    @_DATABASE
    @_open(100_000)
    @_SECONDS
    @_JSON
    def ask(db: str | None, open_tasks: int, seconds: float, is_json: bool) -> None:
        with _measuring() as show:
            lines = lists.measure(db, questions, seconds=seconds, open_tasks=open_tasks, show=show)
        _print(lines, is_json)

    return ask


@click.command("floor", help=N_("Change and commit one row: the least that the database takes for anything."))
@_DATABASE
@_CLIENTS
@_SECONDS
@_JSON
def least(db: str | None, clients: int, seconds: float, is_json: bool) -> None:
    """This will measure the floor alone."""
    with _measuring(), world.made(db) as (own, engine):
        found = floor.measure(engine, seconds, own, clients)
    _print([found], is_json)


COMMANDS = (
    complete,
    start,
    fire,
    climb,
    wake,
    _list("inbox", N_("Read an official's inbox and count their queues."), lists.INBOX),
    _list("board", N_("Count what is overdue by unit and step, for a supervisor."), lists.BOARD),
    soaks.command(_DATABASE),
    least,
)


class _Progress:
    """Tells on the console how far a benchmark is: called, how much is prepared; `work`, how much is done."""

    def __init__(self, status: Status) -> None:
        self.status = status

    def __call__(self, done: int, total: int) -> None:
        """This will tell how much is prepared."""
        self.status.update(_("Preparing {done} of {total}", done=done, total=total))

    def work(self, done: int, total: int) -> None:
        """This will tell how much is done."""
        self.status.update(_("Measuring: {done} of {total}", done=done, total=total))


@contextmanager
def _measuring() -> Iterator[_Progress]:
    console = Console(stderr=True, highlight=False)
    try:
        with console.status(_("Preparing…")) as status:
            yield _Progress(status)
    except (Miscounted, ClientFailed, NoProcess, NothingToDo, NoTimer, NothingToRepeat) as error:
        raise Failed(_(str(error))) from error
    except NobodysTask as error:
        raise Failed(_(NobodysTask.__doc__ or "", task=error.task)) from error
    except ProgrammingError as error:
        raise Failed(
            _("The database refused: {reason}", reason=error.orig),
            hint=_("A benchmark makes a database of its own: who signs in there needs the right to create one."),
        ) from error
    except (OperationalError, FileNotFoundError) as error:
        raise Failed(_("The database cannot be opened: {reason}", reason=getattr(error, "orig", error))) from error


def _print(lines: Sequence[Line], is_json: bool) -> None:
    if is_json:
        say(json.dumps([line.as_json() for line in lines], indent=2))
        return
    headings = [_("Operation"), _("Repetitions"), _("per second"), "p50 ms", "p95 ms", "p99 ms", _("CPU ms"),
                _("Database CPU ms"), _("Statements"), _("Round trips"), "MiB", _("Floors")]  # fmt: skip
    show_table(headings, [_row(line) for line in lines])
    for line in lines:
        if line.notes:
            say(f"{_(line.name)}: " + ", ".join(f"{name} {value}" for name, value in line.notes.items()))


def _row(line: Line) -> tuple[str, ...]:
    times = (f"{value:.2f}" for value in (line.p50, line.p95, line.p99, line.cpu))
    costs = (
        "" if value is None else f"{value:.3g}" for value in (line.database_cpu, line.statements, line.round_trips)
    )
    floors = "" if line.floors is None else f"{line.floors:.1f}"
    return _(line.name), f"{line.operations:,}", f"{line.rate:,.0f}", *times, *costs, f"{line.memory:.0f}", floors
