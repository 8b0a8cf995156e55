"""`bihuan demo`: a whole installation with units, accounts and cases, ready in one command."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import click
from rich.console import Console
from rich.status import Status
from sqlalchemy.exc import SQLAlchemyError

from engine import BihuanError
from web.commands import demo_world, installation
from web.commands.serving import check_address
from web.commands.terminal import FAULTY, MISUSED, N_, STOPPED, Failed, _, message_of, say, say_wrong, show_table
from web.config import PREFIX, Settings

STEPS = 5
SECONDS_TO_START = 60
SECONDS_TO_STOP = 25
SETTINGS_FILE = "settings.env"


class Interrupted(Exception):
    """Ctrl-C was pressed, or the process was asked to end."""


@dataclass
class Step:
    """One step while it runs: what it says at its end, and the number it shows until then."""

    label: str
    status: Status
    told: list[str] = field(default_factory=list)

    def tell(self, words: str) -> None:
        """This will add to what the step says when it is done."""
        self.told.append(words)

    def show(self, done: int, total: int) -> None:
        """This will show how far the step is."""
        self.status.update(f"{self.label} {done}/{total}")


@dataclass
class Progress:
    """The steps of the demo, numbered, each with the time it took."""

    number: int = 0

    @contextmanager
    def step(self, title: str, on_failure: str) -> Iterator[Step]:
        """This will show that a step runs and then how it ended; a failure says what to do."""
        self.number += 1
        label = f"[{self.number}/{STEPS}] {title}"
        console = Console(highlight=False, soft_wrap=True, markup=False)
        started = time.monotonic()
        try:
            with console.status(label) as status:
                step = Step(label, status)
                yield step
        except (Failed, Interrupted):
            raise
        except BihuanError as error:
            raise Failed(f"{label}: {message_of(error)}", hint=on_failure) from error
        except (OSError, SQLAlchemyError) as error:
            raise Failed(f"{label}: {error}", hint=on_failure) from error
        console.print(f"{label}: {' '.join(step.told)} ({time.monotonic() - started:.1f} s)")


def prepare(folder: Path, port: int, host: str) -> Settings:
    """This will make the demo's folder and settings, kept from the first call on, and take them into use."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / SETTINGS_FILE
    if not file.exists():
        lines = {
            "SECRET_KEY": secrets.token_hex(32),
            "DATABASE_URL": f"sqlite:///{(folder / 'bihuan.db').resolve()}",
            "FILES": str((folder / "files").resolve()),
            "HTTPS": "false",
            "DEMO": "true",
            "DEMO_PASSWORD": demo_world.PASSWORD,
        }
        file.touch(mode=0o600)
        file.write_text("".join(f"{PREFIX}{name}={value}\n" for name, value in lines.items()), encoding="utf-8")
    os.environ |= {PREFIX + "PORT": str(port), PREFIX + "HOST": host}
    installation.read_settings(file)
    settings = installation.settings(is_serving=True)
    settings.files.mkdir(parents=True, exist_ok=True)
    return settings


def build_world(progress: Progress, settings: Settings, folder: Path) -> None:
    """This will bring database, definitions, people and cases to where the demo begins; what is there stays."""
    again = _("Try again; if it fails once more, 'make demo-reset' deletes the demo's data and begins anew.")
    with progress.step(_("Database"), again) as step:
        if demo_world.sweep(folder):
            step.tell(_("begun anew, for the last start was interrupted;"))
            settings.files.mkdir(parents=True, exist_ok=True)
        engine = installation.open_engine(settings, is_fresh=True)
        step.tell(_("is up to date") if engine.is_current() else _("tables made"))
        engine.migrate()
    with progress.step(_("Processes"), _("Correct what is named above, then try again.")) as step:
        for app in installation.process_apps():
            deployed = engine.deploy_app(app, by=installation.BY)
            step.tell(_("{app} put in force", app=app.title) if deployed else _("{app} unchanged", app=app.title))
    with progress.step(_("Units, accounts and cases"), again) as step:
        if demo_world.is_loaded(folder):
            step.tell(_("kept as they are"))
        else:
            demo_world.load(engine, installation.process_apps(), folder, settings.demo_password, step.show)
            step.tell(_("loaded"))
    engine.database.dispose()


def child(command: str, *options: str) -> subprocess.Popen[bytes]:
    """This will start another command of ours, in a session of its own: Ctrl-C is for us, we tell the children."""
    return subprocess.Popen([sys.executable, "-m", "web.cli", command, "--quiet", *options], start_new_session=True)


def wait_until_ready(url: str, children: dict[str, subprocess.Popen[bytes]]) -> None:
    """This will return when the server answers that it can work, and fail when it does not in a minute."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline:
        if any(process.poll() is not None for process in children.values()):
            return  # `watch` tells which one
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise Failed(_("The web server did not become ready in {seconds} seconds.", seconds=SECONDS_TO_START))


def stop(children: dict[str, subprocess.Popen[bytes]]) -> None:
    """This will ask all children to finish what they do and end, and end by force what does not."""
    for process in children.values():
        if process.poll() is None:
            process.terminate()
        else:
            _signal_group(process, signal.SIGTERM)  # the workers of a web server that was killed
    deadline = time.monotonic() + SECONDS_TO_STOP
    for process in children.values():
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal_group(process, signal.SIGKILL)
            process.wait()


def _signal_group(process: subprocess.Popen[bytes], name: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, name)


def watch(children: dict[str, subprocess.Popen[bytes]]) -> None:
    """This will return only when a child has ended by itself, which is a failure."""
    while True:
        for name, process in children.items():
            if (code := process.poll()) is not None:
                raise Failed(
                    _("{name} ended by itself (exit code {code}); the other process is stopped.", name=name, code=code),
                    hint=_("What it wrote stands above. Correct it and start the demo again; the data is kept."),
                )
        time.sleep(0.2)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise Interrupted


def run(settings: Settings, progress: Progress, folder: Path) -> None:
    """This will serve and work until Ctrl-C, SIGTERM or the death of a child."""
    url = f"http://{'127.0.0.1' if settings.host in ('0.0.0.0', '::') else settings.host}:{settings.port}"
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        with progress.step(_("Web server"), _("See what it wrote above.")) as step:
            children[_("The web server")] = child("serve")
            children[_("The worker")] = child("worker")
            wait_until_ready(url, children)
            step.tell(_("answers, with a worker beside it"))
        announce(url, settings, folder)
        watch(children)
    except Interrupted:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        say("")
        say(_("Stopping…"))
        raise
    finally:
        stop(children)


def announce(url: str, settings: Settings, folder: Path) -> None:
    """This will print the address and one account for each role."""
    say("")
    say(_("Bihuan is ready at {url}", url=url), style="bold green")
    say(_("Password of all accounts: {password}", password=settings.demo_password))
    rows = [(account.login, account.name, account.role, account.unit) for account in demo_world.accounts(folder)]
    show_table([_("Account"), _("Name"), _("Role"), _("Unit")], rows)
    say(_("The sign-in page offers all accounts."))
    say(_("Ctrl-C stops it; the data stays. 'make demo-reset' deletes it."))


def reset(folder: Path) -> None:
    """This will delete the demo's folder, and nothing that is not a demo's folder."""
    if not folder.exists():
        say(_("There is no demo data in {folder}.", folder=folder))
        return
    if not (folder / SETTINGS_FILE).is_file():
        raise Failed(_("{folder} is not the folder of a demo; nothing was deleted.", folder=folder), exit_code=MISUSED)
    shutil.rmtree(folder)
    say(_("The demo's database and files are deleted; the next start begins anew."))


@click.command(help=N_("Run Bihuan with a demo world: units, accounts, cases; everything in one folder."))
@click.option("--host", default="127.0.0.1", show_default=True, help=N_("Address to listen on."))
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, envvar="PORT",
              help=N_("Port to listen on."))  # fmt: skip
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=Path("var/demo"),
              show_default=True, help=N_("Where the demo's database and files lie."))  # fmt: skip
@click.option("--reset", "is_reset", is_flag=True, help=N_("Delete the demo's database and files, then end."))
@click.option("--prepare", "is_prepared_only", is_flag=True, help=N_("Make or update the demo world, then end."))
def demo(host: str, port: int, folder: Path, is_reset: bool, is_prepared_only: bool) -> None:
    """This will run the demo until Ctrl-C."""
    if is_reset:
        reset(folder)
        return
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, _interrupt)
    progress = Progress()
    try:
        with progress.step(_("Settings"), _("Is the folder writable?")) as step:
            if not is_prepared_only:
                check_address(host, port)
            settings = prepare(folder, port, host)
            step.tell(_("in {file}", file=folder / SETTINGS_FILE))
        build_world(progress, settings, folder)
        if not is_prepared_only:
            run(settings, progress, folder)
    except Interrupted:
        if demo_world.is_loaded(folder):
            say(_("Stopped. The data is kept in {folder}.", folder=folder))
        else:
            say(_("Stopped before the demo was complete; the next start begins anew."))
        sys.exit(0 if progress.number == STEPS else STOPPED)
    except Failed as failed:
        say_wrong(failed.format_message())
        say(failed.hint)
        sys.exit(failed.exit_code or FAULTY)
