"""`bihuan message` and `bihuan signal`: what happens outside, told to the cases that wait for it."""

from __future__ import annotations

from pathlib import Path

import click

from engine import Delivery
from web.commands import installation
from web.commands.expressions import JSON_FILE, read_document
from web.commands.terminal import FAULTY, N_, Failed, _, say

DATA = click.option("--data", type=JSON_FILE, help=N_("JSON file with the variables that it brings."))


@click.command(help=N_("Send a message to the one case that waits for it. Example: bihuan message paid --key 17"))
@click.argument("name")
@click.option("--key", help=N_("Correlation key: by it the case is found."))
@DATA
@click.option(
    "--ttl", type=click.IntRange(0, 31_622_400), default=0, metavar="SECONDS",
    help=N_("How long it is kept when nobody waits for it yet; without it, it is lost then."),
)  # fmt: skip
@click.option("--id", "idempotency_key", metavar="KEY", help=N_("Sent again with the same key it does nothing."))
def message(name: str, key: str | None, data: Path | None, ttl: int, idempotency_key: str | None) -> None:
    """This will print what became of the message; one that nobody took or keeps is a failure."""
    variables = read_document(data)
    delivery = installation.open_engine().publish_message(
        name, key, variables, time_to_live=ttl, idempotency_key=idempotency_key, by=installation.BY
    )
    if delivery is Delivery.LOST:
        raise Failed(
            _("Nobody waits for the message “{name}”: it is lost.", name=name),
            hint=_("Give --ttl SECONDS to keep it until somebody does."),
            exit_code=FAULTY,
        )
    if delivery is Delivery.TAKEN:
        say(_("The message “{name}” was taken by one case.", name=name))
    else:
        say(_("The message “{name}” is kept until a case waits for it.", name=name))


@click.command(help=N_("Send a signal to all who wait for it. Example: bihuan signal typhoon --data typhoon.json"))
@click.argument("name")
@DATA
def signal(name: str, data: Path | None) -> None:
    """This will print how many cases took the signal or began with it."""
    count = installation.open_engine().broadcast_signal(name, read_document(data), by=installation.BY)
    say(_("The signal “{name}” reached {count} cases.", name=name, count=count))
