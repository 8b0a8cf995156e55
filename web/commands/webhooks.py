"""`bihuan webhook`: which addresses are told what happens, and how they took it, for operators without a browser."""

from __future__ import annotations

import time
from uuid import UUID

import click

from engine import EVENT_KINDS, queries
from web.commands import installation
from web.commands.incidents import at
from web.commands.terminal import FAULTY, N_, Failed, _, say, say_wrong, show_table

PAUSE = 0.2  # seconds between two looks at a message that is on its way


@click.group(help=N_("Tell other systems what happens: addresses, messages sent to them, and how they took them."))
def webhook() -> None:
    """This will gather the commands about webhooks."""


@webhook.command("list", help=N_("List the addresses that are told, and what waits or failed."))
def list_webhooks() -> None:
    """This will print one webhook a line, without its secret."""
    rows = installation.open_engine().read(queries.webhooks, installation.BY)
    show_table(
        [_("Number"), _("Name"), _("Address"), _("What it is told"), _("App"), _("Process"), _("State"), _("Waiting"),
         _("Failed"), _("Why it is off")],
        [
            (row.id, row.name, row.url, " ".join(row.kinds) or _("all"), row.app or _("all"),
             row.process_id or _("all"), _("on") if row.is_active else _("off"), row.waiting, row.failed, row.trouble)
            for row in rows
        ],
    )  # fmt: skip


@webhook.command(
    "add", help=N_("Let an address be told. Example: bihuan webhook add https://portal.example/in --name portal")
)
@click.argument("url")
@click.option("--name", required=True, help=N_("What it is, to tell it from others."))
@click.option("--event", "kinds", type=click.Choice(EVENT_KINDS), multiple=True, metavar="EVENT",
              help=N_("Only events of this kind (task.opened, ...); may be given again."))  # fmt: skip
@click.option("--app", default="", help=N_("Only cases of this process app."))
@click.option("--process", "process_id", default="", help=N_("Only cases of this process."))
def add(url: str, name: str, kinds: tuple[str, ...], app: str, process_id: str) -> None:
    """This will print the secret alone on standard output, so that a script can store it, and advice beside it."""
    made = installation.open_engine().create_webhook(
        name=name, url=url, kinds=kinds, app=app, process_id=process_id, by=installation.BY
    )
    say(made.secret)
    say_wrong(
        _("Webhook number {number}. Keep the secret now, it is not shown again: receivers check signatures with it.",
          number=made.id)
    )  # fmt: skip


@webhook.command("remove", help=N_("Delete a webhook with all its messages; its number stands in the list."))
@click.argument("number", type=int)
@click.option("--yes", is_flag=True, help=N_("Do it without asking."))
def remove(number: int, yes: bool) -> None:
    """This will ask before, for what waits is lost with it."""
    engine = installation.open_engine()
    found = engine.read(queries.webhook, installation.BY, number)
    told = _("“{name}” ({url}): {waiting} messages wait and are lost.", name=found.name, url=found.url,
             waiting=found.waiting)  # fmt: skip
    if not yes:
        click.confirm(told + " " + _("Delete it?"), abort=True)
    engine.remove_webhook(number, by=installation.BY)
    say(_("The webhook and its messages are deleted."))


@webhook.command("test", help=N_("Send a message that says nothing, and tell how it was taken."))
@click.argument("number", type=int)
@click.option("--wait", "seconds", type=click.IntRange(0, 300), default=30, show_default=True,
              help=N_("Seconds to wait for a worker to send it; 0: do not wait."))  # fmt: skip
def test(number: int, seconds: int) -> None:
    """This will fail when the address did not take the message, or no worker sent it in time."""
    engine = installation.open_engine()
    sent = engine.ping_webhook(number, by=installation.BY)
    until = time.monotonic() + seconds
    while seconds:
        rows = engine.read(queries.deliveries, installation.BY, number, limit=200).items
        row = next((each for each in rows if each.id == sent), None)
        if row is not None and row.state != "waiting":
            told = _(
                "{status} after {took} ms: {answer}", status=row.status or "-", took=row.took, answer=_(row.answer)
            )
            if row.state == "failed":
                raise Failed(_("The trial message was not taken: {told}", told=told), exit_code=FAULTY)
            say(_("The trial message was taken: {told}", told=told), style="green")
            return
        if time.monotonic() >= until:
            raise Failed(_("The trial message still waits. Does a worker run? bihuan worker"), exit_code=FAULTY)
        time.sleep(PAUSE)
    say(_("The next worker sends the trial message: bihuan webhook deliveries {number}", number=number))


@webhook.command("deliveries", help=N_("List the messages of a webhook, the newest first, and how they were taken."))
@click.argument("number", type=int)
@click.option("--state", type=click.Choice(queries.DELIVERY_STATES), help=N_("Only those in this state."))
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help=N_("At most so many."))
def deliveries(number: int, state: str | None, limit: int) -> None:
    """This will print one message a line."""
    page = installation.open_engine().read(queries.deliveries, installation.BY, number, state=state, limit=limit)
    show_table(
        [_("Message"), _("Event"), _("State"), _("Attempts"), _("Status"), _("Sent or next try"), _("Answer")],
        [
            (
                row.id,
                row.kind,
                _(row.state),
                row.attempts,
                row.status,
                at(row.delivered_at or row.due_at),
                _(row.answer),
            )
            for row in page.items
        ],
    )


@webhook.command("retry", help=N_("Send messages that nobody took once more: one by its id, or all of a webhook."))
@click.argument("message", type=click.UUID, required=False)
@click.option("--all", "number", type=int, metavar="NUMBER", help=N_("All failed messages of this webhook."))
def retry(message: UUID | None, number: int | None) -> None:
    """This will send them under the same ids; a receiver that had one drops it."""
    if (message is None) == (number is None):
        raise click.UsageError(_("Name one message, or with --all a webhook."))
    engine = installation.open_engine()
    if message is not None:
        engine.send_again(message, by=installation.BY)
        count = 1
    else:
        count = engine.send_failed_again(number or 0, by=installation.BY)
    say(_("{count} messages are sent again by the next worker.", count=count))
