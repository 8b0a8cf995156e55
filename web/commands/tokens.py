"""`bihuan user token`, `tokens` and `revoke`: what programs sign in with."""

from __future__ import annotations

from datetime import date, datetime

import click

from engine import SCOPES, ZONE, queries
from web.commands import installation
from web.commands.terminal import N_, _, say, say_wrong, show_table


@click.command(
    help=N_("Make a token for the API. Example: bihuan user token sealing --name server1 --scope jobs --days 90")
)
@click.argument("login")
@click.option("--name", required=True, help=N_("What uses it, to tell it from others."))
@click.option(
    "--scope", "scopes", type=click.Choice(SCOPES), multiple=True, required=True,
    help=N_("What it may be used for; may be given again."),
)  # fmt: skip
@click.option("--days", type=click.IntRange(1, 731), default=90, show_default=True, help=N_("Days that it lasts."))
def token(login: str, name: str, scopes: tuple[str, ...], days: int) -> None:
    """This will print the token alone on standard output, so that a script can store it, and advice beside it."""
    row, secret = installation.open_engine().create_token(
        login, name=name, scopes=scopes, days=days, by=installation.BY
    )
    say(secret)
    say_wrong(
        _(
            "Keep it now: it is not shown again. Number {number}, until {day}; send it as Authorization: Bearer …",
            number=row.id,
            day=_day(row.expires_at),
        )
    )


def _day(at: datetime) -> date:
    return at.astimezone(ZONE).date()


@click.command(help=N_("List the tokens of all accounts, or of one."))
@click.argument("login", required=False)
def tokens(login: str | None) -> None:
    """This will print one token a line, without its secret."""
    rows = installation.open_engine().read(queries.tokens, installation.BY, login=login)
    show_table(
        [_("Number"), _("Account"), _("Name"), _("Token"), _("Scopes"), _("Until"), _("Last used"), _("State")],
        [
            (
                row.id,
                row.login,
                row.name,
                f"{row.prefix}…",
                " ".join(row.scopes),
                _day(row.expires_at),
                _day(row.used_at) if row.used_at else "-",
                _("in use") if row.is_valid else _("revoked") if row.revoked_at else _("expired"),
            )
            for row in rows
        ],
    )


@click.command(help=N_("Make a token void at once; its number stands in the list of tokens."))
@click.argument("number", type=int)
def revoke(number: int) -> None:
    """This will revoke a token."""
    row = installation.open_engine().revoke_token(number, by=installation.BY)
    say(_("The token “{name}” is void now.", name=row.name))
