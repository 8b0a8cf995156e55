"""`bihuan bench soak`: whether the memory of web server and worker stays flat."""

from __future__ import annotations

import json
from collections.abc import Callable

import click
from rich.console import Console

from web.benchmarks import soaking
from web.benchmarks.completing import Miscounted
from web.benchmarks.servers import NotServing
from web.benchmarks.soaking import Moment, Soaked
from web.commands.terminal import FAULTY, N_, Failed, _, say, show_table

LINE = "{:>8} {:>9} {:>8} {:>7} {:>7} {:>6} {:>8} {:>8} {:>8} {:>8} {:>8}"


def soak(db: str | None, minutes: float, rate: float, is_json: bool) -> None:
    """This will print a line each minute, then how memory grew; exit code 1 when it does, or when work failed."""
    tell = _teller(Console(stderr=is_json, highlight=False, soft_wrap=True))
    try:
        found = soaking.measure(db, minutes=minutes, rate=rate, tell=tell)
    except (Miscounted, NotServing) as error:
        raise Failed(_(str(error))) from error
    if is_json:
        say(json.dumps(found.as_json(), indent=2))
    else:
        show(found)
    if found.errors or found.is_flat is False:
        raise SystemExit(FAULTY)


def _teller(console: Console) -> Callable[[Moment], None]:
    headings = [_("Minute"), _("Completed"), _("Requests"), "p50 ms", "p95 ms", _("Errors"), "web RSS", "PSS",
                "worker", "PSS", "database"]  # fmt: skip
    is_first = True

    def tell(moment: Moment) -> None:
        nonlocal is_first
        if is_first:
            console.print(LINE.format(*headings))
            is_first = False
        web, worker, database = moment.held["web"], moment.held["worker"], moment.held.get("database")
        times = ("-" if value is None else f"{value:.1f}" for value in (moment.p50, moment.p95))
        sizes = (f"{value:.1f}" for value in (web.rss, web.pss, worker.rss, worker.pss))
        console.print(
            LINE.format(
                f"{moment.at / 60:.1f}",
                moment.completed,
                moment.requests,
                *times,
                moment.errors,
                *sizes,
                "-" if database is None else f"{database.own:.1f}",
            )
        )

    return tell


def show(found: Soaked) -> None:
    """This will print what a soak found as tables, with a verdict."""
    show_table(
        [_("Request"), _("Repetitions"), _("per second"), "p50 ms", "p95 ms", "p99 ms"],
        [
            (kind, f"{one['count']:,}", f"{one['rate']:.1f}", *(f"{one[name]:.1f}" for name in ("p50", "p95", "p99")))
            for kind, one in found.requests.items()
        ],
    )
    show_table(
        [_("Program"), _("OS processes"), _("RSS, MiB an hour"), _("Own memory, MiB an hour"), _("CPU, % of a core")],
        [
            (
                kind,
                found.moments[-1].held[kind].processes,
                # the server's shared memory fills up with the database: that is meant
                "-" if kind == "database" else f"{grown['rss']:+.2f}",
                f"{grown['own']:+.2f}",
                f"{found.busy[kind] * 100:.0f}",
            )
            for kind, grown in found.growth.items()
        ],
    )
    say(_("{count} completions were told and stand in the history.", count=f"{found.checked:,}"))
    for error in found.errors:
        say(error)
    verdict = {
        True: _("Memory is flat after the first {minutes} minutes.", minutes=f"{found.warm_up:g}"),
        False: _("Memory grows by more than {size} MiB an hour and process.", size=f"{soaking.TOLERATED:g}"),
        None: _("Less than {minutes} minutes say nothing about an hour.", minutes=f"{soaking.LEAST_MINUTES:g}"),
    }
    say(verdict[found.is_flat])


def command(database: Callable[[Callable[..., None]], Callable[..., None]]) -> click.Command:
    """This will make the command, whose database is told as that of the other measurements."""
    options = (
        database,
        click.option("--minutes", type=click.FloatRange(0.05, 10_000), default=60.0, show_default=True,
                     help=N_("How long officials work; the first ten minutes are not judged.")),
        click.option("--rate", type=click.FloatRange(0.1, 100), default=5.0, show_default=True,
                     help=N_("How many tasks they complete a second, all together.")),
        click.option("--json", "is_json", is_flag=True, help=N_("Print JSON; each minute is told beside it.")),
    )  # fmt: skip
    made: Callable[..., None] = soak
    for option in reversed(options):
        made = option(made)
    return click.command(
        "soak",
        help=N_("Let officials work before real servers for an hour; tells whether memory stays flat."),
    )(made)
