"""Units, accounts and cases of the demo: what the installed process apps bring along, loaded once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from engine import Engine, ProcessApp, queries

PASSWORD = "bihuan-demo"
OPERATOR = {"login": "admin", "name": "系统管理员", "post": "运维", "is_admin": True}
ACCOUNTS_FILE = "accounts.json"
UNFINISHED_FILE = "loading"

Show = Callable[[int, int], None]


@dataclass(frozen=True)
class DemoAccount:
    """Somebody who can sign in to the demo, with a role and a unit as people call them."""

    login: str
    name: str
    role: str
    unit: str


def is_loaded(folder: Path) -> bool:
    """This will tell whether the demo in `folder` was loaded to the end."""
    return (folder / ACCOUNTS_FILE).is_file()


def sweep(folder: Path) -> bool:
    """This will delete a world whose loading was interrupted, for half a world is of no use; tells whether it did."""
    if not (folder / UNFINISHED_FILE).exists():
        return False
    for file in folder.glob("bihuan.db*"):
        file.unlink()
    shutil.rmtree(folder / "files", ignore_errors=True)
    (folder / ACCOUNTS_FILE).unlink(missing_ok=True)
    (folder / UNFINISHED_FILE).unlink()
    return True


def load(engine: Engine, apps: Iterable[ProcessApp], folder: Path, password: str, show: Show) -> None:
    """This will load the demo of every app and an operator's account; `show` is told steps done and steps in all."""
    (folder / UNFINISHED_FILE).touch()
    accounts: list[DemoAccount] = []
    for app in apps:
        if app.demo is not None:
            loaded = app.demo(engine, password=password, progress=lambda done, total, _what: show(done, total))
            accounts += [
                DemoAccount(account.login, account.name, app.roles.get(account.role, account.role), account.unit)
                for account in loaded
            ]
    if not any(account.is_admin for account in engine.read(queries.accounts)):
        engine.load_people([], [{**OPERATOR, "password": password, "roles": []}])
        accounts.append(DemoAccount(str(OPERATOR["login"]), str(OPERATOR["name"]), str(OPERATOR["post"]), ""))
    rows = [vars(account) for account in accounts]
    (folder / ACCOUNTS_FILE).write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    (folder / UNFINISHED_FILE).unlink()


def accounts(folder: Path) -> list[DemoAccount]:
    """This will return one account of each role."""
    rows = json.loads((folder / ACCOUNTS_FILE).read_text(encoding="utf-8"))
    by_role: dict[str, DemoAccount] = {}
    for row in rows:
        by_role.setdefault(row["role"], DemoAccount(**row))
    return list(by_role.values())
