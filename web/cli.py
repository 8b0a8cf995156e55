"""The command line: `bihuan`. Every command translates and nothing more; errors are told in the reader's language."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import click

from engine import BihuanError
from web.commands import (
    audit,
    backup,
    benches,
    calendar,
    cases,
    database,
    demo,
    diagrams,
    exports,
    expressions,
    imports,
    incidents,
    installation,
    messages,
    notices,
    people,
    serving,
    tokens,
    versions,
    webhooks,
)
from web.commands.terminal import FAULTY, N_, STOPPED, _, localise, message_of, say_wrong


@click.group(
    help=N_("Bihuan 闭环: a workflow engine and its pages, in which nothing leaves the loop unfinished."),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=N_("File with settings, a line BIHUAN_NAME=value each; environment variables win over it."),
)
@click.version_option(version("bihuan"), "-V", "--version", prog_name="bihuan", help=N_("Print the version."))
def cli(settings_file: Path | None) -> None:
    """This will read the settings file before any command runs."""
    if settings_file is not None:
        installation.read_settings(settings_file)


for command in (
    demo.demo,
    serving.serve,
    serving.run_worker,
    database.db,
    people.user,
    messages.message,
    messages.signal,
    messages.waiting,
    notices.notice,
    webhooks.webhook,
    diagrams.deploy,
    diagrams.check,
    diagrams.convert,
    diagrams.scenario,
    versions.version,
    imports.import_,
    expressions.evaluate,
    expressions.decide,
    calendar.workdays,
    calendar.group,
    calendar.limit,
    benches.bench,
    audit.audit,
    audit.doctor,
    exports.export,
    backup.backup,
    backup.restore,
    incidents.incident,
    incidents.job,
    cases.case,
    cases.cleanup,
):
    cli.add_command(command)
for command in (tokens.token, tokens.tokens, tokens.revoke):
    people.user.add_command(command)


def main() -> None:
    """This will run the command line: exit code 0 done, 1 failed or faults found, 2 wrongly used, 130 interrupted."""
    localise(cli)
    try:
        code = cli(prog_name="bihuan", standalone_mode=False)
        if isinstance(code, int):  # what a command gave to click's Exit
            sys.exit(code)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BihuanError as error:
        say_wrong(message_of(error))
        sys.exit(FAULTY)
    except (click.Abort, KeyboardInterrupt):
        say_wrong(_("Stopped."))
        sys.exit(STOPPED)


if __name__ == "__main__":
    main()
