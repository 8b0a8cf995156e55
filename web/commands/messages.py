"""`bihuan message`, `signal` and `waiting`: what happens outside, told to the cases that wait for it."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click

from engine import Delivery, queries
from web import wording
from web.commands import installation
from web.commands.expressions import JSON_FILE, read_document
from web.commands.incidents import at
from web.commands.terminal import FAULTY, N_, Failed, _, say, show_table

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
    engine = installation.open_engine()
    delivery = engine.publish_message(
        name, key, variables, time_to_live=ttl, idempotency_key=idempotency_key, by=installation.BY
    )
    if delivery is Delivery.LOST:
        why = engine.read(queries.why_lost, installation.BY, name, key)
        raise Failed(
            _("Nobody took the message “{name}”: {reason}.", name=name, reason=wording.said(why, _)),
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


@click.group(help=N_("See what cases wait for, and messages that came early and wait for a case."))
def waiting() -> None:
    """This will gather the commands about subscriptions and early messages."""


NAME = click.option("--name", help=N_("Only those of this message or signal."))
LIMIT = click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help=N_("Lines to print."))


@waiting.command("cases", help=N_("List what cases wait for, who waits longest first."))
@NAME
@LIMIT
def waiting_cases(name: str | None, limit: int) -> None:
    """This will print one subscription a line."""
    page = installation.open_engine().read(queries.subscriptions, installation.BY, name=name, limit=limit)
    show_table(
        [_("Kind"), _("Name"), _("Correlation key"), _("Case"), _("Process"), _("Element"), _("State")],
        [
            (row.kind, row.name, row.correlation_key, row.case_number, row.process_id, row.element, row.case_state)
            for row in page
        ],
    )
    if page.next:
        say(_("There are {count} in all.", count=page.total))


@waiting.command("messages", help=N_("List messages that wait for a case, and until when, the oldest first."))
@NAME
@LIMIT
def waiting_messages(name: str | None, limit: int) -> None:
    """This will print one message a line."""
    page = installation.open_engine().read(queries.kept_messages, installation.BY, name=name, limit=limit)
    show_table(
        [_("Message number"), _("Name"), _("Correlation key"), _("Received"), _("Kept until")],
        [(row.id, row.name, row.correlation_key, at(row.received_at), at(row.expires_at)) for row in page],
    )
    if page.next:
        say(_("There are {count} in all.", count=page.total))


@waiting.command("drop", help=N_("Forget a message that waits for a case."))
@click.argument("number", type=click.UUID)
def drop(number: UUID) -> None:
    """This will delete the message; no case takes it any more."""
    installation.open_engine().drop_message(number, by=installation.BY)
    say(_("The message is forgotten."))
