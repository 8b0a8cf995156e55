"""`bihuan user`: accounts, their roles and passwords."""

from __future__ import annotations

import sys
from typing import Any

import click

from engine import queries
from web.commands import installation
from web.commands.terminal import MISUSED, N_, Failed, _, is_interactive, say, show_table

Role = tuple[str, str]


class RoleInUnit(click.ParamType[Role]):
    """ROLE@UNIT: a role's code and a unit's code."""

    name = "role@unit"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Role:
        """This will take the text apart."""
        if isinstance(value, tuple):
            return value
        role, at, unit = str(value).partition("@")
        if not (at and role and unit):
            self.fail(_("write ROLE@UNIT, for example grid_worker@420103"), param, ctx)
        return role, unit


@click.group(help=N_("Look after accounts: add people, give them roles, reset passwords, disable them."))
def user() -> None:
    """This will gather the commands about accounts."""


def _password(given: str | None) -> str:
    if given == "-":
        return sys.stdin.readline().rstrip("\n")
    if given is not None:
        return given
    if not is_interactive():
        raise Failed(_("No password: give --password - and write it to standard input."), exit_code=MISUSED)
    return str(click.prompt(_("Password"), hide_input=True, confirmation_prompt=True))


PASSWORD = click.option(
    "--password", help=N_("The password; - reads it from standard input; without it you are asked.")
)


@user.command(help=N_("Add a person. Example: bihuan user add wang --name 王某 --role grid_worker@420103001001"))
@click.argument("login")
@click.option("--name", required=True, help=N_("The name that pages show."))
@click.option("--post", default="", help=N_("Post, for example 应急办主任."))
@click.option("--role", "roles", type=RoleInUnit(), multiple=True, help=N_("A role in a unit; may be given again."))
@click.option("--admin", is_flag=True, help=N_("An operator: looks after accounts, incidents and diagrams."))
@PASSWORD
def add(login: str, name: str, post: str, roles: tuple[Role, ...], admin: bool, password: str | None) -> None:
    """This will make an account that can sign in at once."""
    secret = _password(password)
    installation.open_engine().create_person(
        login=login, name=name, post=post, roles=roles, is_admin=admin, password=secret, by=installation.BY
    )
    say(_("“{login}” can sign in now.", login=login))


@user.command("list", help=N_("List all accounts with their roles."))
@click.option("-q", "q", default="", help=N_("Only those whose sign-in name or name holds this."))
def list_(q: str) -> None:
    """This will print one account a line."""
    engine = installation.open_engine()
    rows = engine.read(queries.people, installation.BY, q=q)
    show_table(
        [_("Account"), _("Name"), _("Post"), _("Roles"), _("State")],
        [
            (
                row.login,
                row.name,
                row.post,
                " ".join(f"{held.role}@{held.unit_code}" for held in row.roles),
                _("in use") if row.is_active else _("disabled"),
            )
            for row in rows
        ],
    )


@user.command(help=N_("Set a new password; all sessions of the person end."))
@click.argument("login")
@PASSWORD
def password(login: str, password: str | None) -> None:
    """This will set a new password."""
    installation.open_engine().set_password(login, _password(password), by=installation.BY)
    say(_("The password of “{login}” is changed; all its sessions have ended.", login=login))


@user.command(
    help=N_("Give a person roles in units, or take them away. Example: bihuan user role wang --add leader@420103")
)
@click.argument("login")
@click.option("--add", "added", type=RoleInUnit(), multiple=True, help=N_("A role to give; may be given again."))
@click.option("--remove", "removed", type=RoleInUnit(), multiple=True, help=N_("A role to take away."))
def role(login: str, added: tuple[Role, ...], removed: tuple[Role, ...]) -> None:
    """This will change the roles of a person and print what is held then."""
    if not added and not removed:
        raise Failed(_("Say what to change: --add ROLE@UNIT or --remove ROLE@UNIT."), exit_code=MISUSED)
    engine = installation.open_engine()
    for name, unit in added:
        engine.give_role(login, name, unit, by=installation.BY)
    for name, unit in removed:
        engine.take_role(login, name, unit, by=installation.BY)
    say(_("The roles of “{login}” are changed.", login=login))


@user.command(help=N_("Disable an account: nobody can sign in by it, its sessions end; what it did stays."))
@click.argument("login")
@click.option("--undo", is_flag=True, help=N_("Put the account into use again."))
def disable(login: str, undo: bool) -> None:
    """This will disable an account, or put it into use again."""
    installation.open_engine().set_active(login, undo, by=installation.BY)
    if undo:
        say(_("“{login}” can sign in again.", login=login))
    else:
        say(_("“{login}” can no longer sign in.", login=login))
