"""`bihuan db`: the tables of the database."""

from __future__ import annotations

import click

from web.commands import installation
from web.commands.terminal import N_, Failed, _, say


@click.group(help=N_("Look after the tables of the database."))
def db() -> None:
    """This will gather the commands about the database."""


@db.command(help=N_("Bring the tables up to date. Running it again changes nothing."))
def upgrade() -> None:
    """This will make or migrate all tables."""
    engine = installation.open_engine(is_fresh=True)
    was_current = engine.is_current()
    engine.migrate()
    say(_("The tables were up to date.") if was_current else _("The tables are up to date now."))


@db.command(help=N_("Tell where the database is, and whether its tables are up to date."))
def current() -> None:
    """This will print the database's address without its password, and its state."""
    from sqlalchemy.engine import make_url

    engine = installation.open_engine(is_fresh=True)
    say(make_url(installation.settings().database_url).render_as_string(hide_password=True))
    say(_("The tables are up to date.") if engine.is_current() else _("The tables are missing or old."))


@db.command(help=N_("Fail (exit code 1) unless the tables are up to date; for scripts and monitors."))
def check() -> None:
    """This will end with exit code 1 and a hint when the tables are not up to date."""
    if not installation.open_engine(is_fresh=True).is_current():
        raise Failed(_("The tables of the database are missing or old."), hint=_("Run: bihuan db upgrade"))
    say(_("The tables are up to date."))
