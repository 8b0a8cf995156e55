"""Which installation a command works on: its settings, its process apps and its engine."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from functools import cache
from pathlib import Path

from sqlalchemy.exc import OperationalError

from engine import SYSTEM, Engine, ProcessApp, load_apps
from web.commands.terminal import MISUSED, Failed, _, read_text
from web.config import PREFIX, Settings, WrongSetting

BY = replace(SYSTEM, origin="cli")
"""On whose behalf commands act: who may run them owns the machine."""


def read_settings(file: Path) -> None:
    """This will take the settings in `file` (lines NAME=value) into the environment; what is set there already wins."""
    for number, line in enumerate(read_text(file).decode("utf-8").splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip().startswith(PREFIX):
            raise Failed(
                _("{file}, line {number}: a line of a settings file reads {example}", file=file, number=number,
                  example=f"{PREFIX}PORT=8000"),
                exit_code=MISUSED,
            )  # fmt: skip
        os.environ.setdefault(name.strip(), value.strip().strip("'\""))


def settings(*, is_serving: bool = False) -> Settings:
    """This will return the settings, or end the command naming the wrong one.

    Only the web server needs the secret that signs sessions; other commands run without it.
    """
    environment = dict(os.environ)
    if not is_serving:
        environment.setdefault(f"{PREFIX}SECRET_KEY", secrets.token_hex(32))
    try:
        return Settings.from_environment(environment)
    except WrongSetting as error:
        raise Failed(
            _("A setting is wrong. {message}", message=error),
            hint=_(
                "Settings are environment variables, or lines of the file given by --settings; README.md lists them."
            ),
            exit_code=MISUSED,
        ) from error


@cache
def process_apps() -> tuple[ProcessApp, ...]:
    """This will return the process apps that are installed."""
    return tuple(load_apps())


def process_app(name: str) -> ProcessApp:
    """This will return the installed process app `name`, or end the command naming those there are."""
    for app in process_apps():
        if app.name == name:
            return app
    known = ", ".join(app.name for app in process_apps()) or "-"
    raise Failed(_("There is no process app “{name}”. Installed: {known}", name=name, known=known), exit_code=MISUSED)


def open_engine(chosen: Settings | None = None, *, is_fresh: bool = False) -> Engine:
    """This will open the engine on the database of the installation, whose tables must be current unless `is_fresh`."""
    chosen = chosen or settings()
    engine = Engine(chosen.database_url, apps=process_apps(), files=chosen.files)
    engine.webhook_hosts = chosen.inner_hosts
    engine.channels, engine.home = chosen.channels, chosen.home
    try:
        is_current = is_fresh or engine.is_current()
    except OperationalError as error:
        raise Failed(
            _("The database cannot be opened: {reason}", reason=error.orig),
            hint=_("Is it running, and is BIHUAN_DATABASE_URL right?"),
        ) from error
    if not is_current:
        raise Failed(_("The tables of the database are missing or old."), hint=_("Run: bihuan db upgrade"))
    return engine
