"""`bihuan notice`: messages on their way out of the house, for operators without a browser."""

from __future__ import annotations

from uuid import UUID

import click

from engine import queries
from web.commands import installation
from web.commands.incidents import at
from web.commands.terminal import FAULTY, N_, Failed, _, say, show_table


@click.group(help=N_("See which messages leave the house by mail, text message and chat, and send them again."))
def notice() -> None:
    """This will gather the commands about messages to people."""


@notice.command("state", help=N_("Count what waits and what was given up; the latter makes this command fail."))
def state() -> None:
    """This will print how full the outbox is, and fail when something was given up."""
    engine = installation.open_engine()
    found = engine.read(queries.outbox_state, installation.BY)
    say(_("Ways out: {channels}", channels=", ".join(engine.channels.names) or "-"))
    say(_("Messages waiting: {waiting}, not sent in time since: {since}", waiting=found.waiting,
          since=at(found.oldest_due_at) or "-"))  # fmt: skip
    if found.failed:
        raise Failed(_("{count} messages were given up: bihuan notice list --state failed", count=found.failed),
                     exit_code=FAULTY)  # fmt: skip


@notice.command("list", help=N_("List messages, the newest first."))
@click.option("--state", type=click.Choice(queries.SENDING_STATES), help=N_("Only those in this state."))
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help=N_("At most so many."))
def list_sendings(state: str | None, limit: int) -> None:
    """This will print one message a line."""
    page = installation.open_engine().read(queries.sendings, installation.BY, state=state, limit=limit)
    show_table(
        [_("Message number"), _("Kind"), _("Case"), _("Person"), _("Way"), _("State"), _("Attempts"), _("Due"),
         _("Error")],
        [
            (row.batch or "", row.kind, row.case_number, row.person, row.channel, row.state, row.attempts,
             at(row.sent_at or row.due_at), row.error)
            for row in page
        ],
    )  # fmt: skip


@notice.command("again", help=N_("Send messages that were given up once more: one by its number, or all."))
@click.argument("number", type=click.UUID, required=False)
def send_again(number: UUID | None) -> None:
    """This will let the workers send them; a receiver sees the same number as before."""
    count = installation.open_engine().send_messages_again(number, by=installation.BY)
    say(_("{count} messages are sent again by the next worker.", count=count))
