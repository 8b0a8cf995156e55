"""`bihuan bench`: measurements of this installation's machine."""

from __future__ import annotations

import json

import click

from web.benchmarks import expressions
from web.benchmarks.figures import Figure
from web.commands import loads
from web.commands.terminal import N_, _, say, show_table


@click.group(help=N_("Measure how fast this machine runs what matters."))
def bench() -> None:
    """This will gather the measurements."""


@bench.command("feel", help=N_("Measure FEEL conditions and decision tables, in microseconds."))
@click.option("--seconds", type=click.FloatRange(0.05, 60), default=1.0, show_default=True,
              help=N_("How long each measurement runs."))  # fmt: skip
@click.option("--json", "is_json", is_flag=True, help=N_("Print JSON."))
def bench_feel(seconds: float, is_json: bool) -> None:
    """This will print how long each operation takes, and whether it keeps its target."""
    figures = list(expressions.measure_all(seconds))
    if is_json:
        say(json.dumps([figure.as_json() for figure in figures], indent=2))
        return
    show_table(
        [_("Operation"), _("Repetitions"), "p50 µs", "p95 µs", "p99 µs", _("Target")],
        [_row(figure) for figure in figures],
    )


def _row(figure: Figure) -> tuple[str, ...]:
    times = (f"{value:.1f}" for value in (figure.p50, figure.p95, figure.p99))
    words = _("kept") if figure.is_met else _("missed")
    kept = "" if figure.target is None else f"{figure.target:.0f} {words}"
    return _(figure.name), f"{figure.repetitions:,}", *times, kept


for command in loads.COMMANDS:
    bench.add_command(command)
