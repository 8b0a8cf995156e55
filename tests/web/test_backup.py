"""The drill: a backup made while people work, everything destroyed, restored elsewhere; a case goes on to its end."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from engine import SYSTEM, Engine, OperatorsOnly, Task, backups, queries, restoring
from engine.backups import BackupDamaged, BackupInvalid, FileThere
from engine.restoring import BackupTooNew, NotEmpty
from tests.conftest import Cast
from tests.engine.conftest import engine, machines, post, repair
from tests.fire import photo, picture, require_sound

__all__ = ["engine", "machines", "post", "repair"]
OPEN_TASKS = select(Task).where(Task.state == "open").order_by(Task.case_number)


@pytest.fixture
def elsewhere(request: Any, tmp_path: Path, repair: Any, machines: Any, clock: Any) -> Callable[[str], Engine]:
    """Makes an engine on a new database of the kind asked for, with a folder of its own."""

    def make(kind: str) -> Engine:
        folder = tmp_path / uuid4().hex
        url = f"sqlite:///{tmp_path / uuid4().hex}.sqlite"
        if kind == "postgresql":
            server = request.getfixturevalue("postgresql")
            name = f"test_{uuid4().hex}"
            server.administer(f"CREATE DATABASE {name}")
            request.addfinalizer(lambda: server.administer(f"DROP DATABASE {name} WITH (FORCE)"))
            url = server.url(name)
        made = Engine(url, apps=[repair, machines], files=folder, clock=clock)
        request.addfinalizer(made.close)
        return made

    return make


@pytest.fixture
def busy(engine: Engine, cast: Cast) -> Any:
    """A house at work: tasks, jobs, messages, incidents, a file, an anchor; returns the case with the file."""
    case = engine.start_case("repair", {"地点": "三楼", "情况": "漏水"}, by=cast.alice)
    engine.attach(by=cast.alice, name="现场.png", stream=photo(), case_id=case.id)
    for process in ("calling", "listening", "orphan", "waiting", "parallel", "pausing"):
        engine.start_case(process, {"number": 1, "key": "7", "文": "𠮷\n\"'"}, by=cast.alice, unit_code="420101")
    engine.publish_message("nobody", "1", {"a": 1.5}, time_to_live=60)
    engine.anchor(by=cast.olga)
    return case


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_everything_comes_back_on_either_database_and_a_case_goes_on_to_its_end(
    engine: Engine, cast: Cast, busy: Any, elsewhere: Any, tmp_path: Path, target: str
) -> None:
    told: list[tuple[str, int, int]] = []
    backup = tmp_path / "backup.zip"
    manifest = engine.back_up(backup, by=cast.olga, progress=lambda *step: told.append(step))
    assert backup.stat().st_mode & 0o777 == 0o600
    assert (len(manifest.files), manifest.missing) == (1, [])
    assert {what for what, _, _ in told} == {"tables", "files"}
    before = contents(engine)
    engine.comment(busy.id, by=cast.alice, text="after the backup")
    engine.close()
    shutil.rmtree(tmp_path / "files")
    other = elsewhere(target)
    other.restore(backup, by=SYSTEM)
    assert other.is_current()
    assert contents(other) == before
    require_sound(other)
    assert other.verify_histories(by=SYSTEM).is_whole
    people = Cast(other)
    [task] = [task for task in other.read(queries.inbox, people.bob).items if task.case_id == busy.id]
    other.complete_task(task.id, by=people.bob, data={"处理": "换管"}, outcome="修好")
    [task] = [task for task in other.read(queries.inbox, people.bella).items if task.case_id == busy.id]
    assert other.complete_task(task.id, by=people.bella, data={}, outcome="合格").state == "closed"
    other.create_person(login="new", name="新", password="a long enough password", by=people.olga)
    assert other.start_case("repair", {"地点": "屋顶", "情况": "漏水"}, by=people.alice).number.endswith("002")
    require_sound(other)


def contents(engine: Engine) -> dict[str, list[Any]]:
    """All rows of all tables, as Python knows them."""
    from engine.models import Base

    with engine.database.connect() as connection:
        return {
            known.name: sorted(map(repr, connection.execute(select(known)).all()))
            for known in Base.metadata.sorted_tables
        }


def test_a_backup_is_of_one_moment_while_others_write(
    engine: Engine, cast: Cast, busy: Any, elsewhere: Any, tmp_path: Path
) -> None:
    alice, counted = cast.alice, []

    def work(what: str, done: int, total: int) -> None:
        if what == "tables" and len(counted) < 30:
            counted.append(engine.start_case("repair", {"地点": "三楼", "情况": "漏水"}, by=alice).number)

    engine.back_up(tmp_path / "backup.zip", by=cast.olga, progress=work)
    assert len(counted) > 20
    other = elsewhere("sqlite")
    other.restore(tmp_path / "backup.zip", by=SYSTEM)
    assert other.read(queries.cases, SYSTEM).total == 7
    require_sound(other)


def test_restoring_refuses_what_would_do_harm(
    engine: Engine, cast: Cast, busy: Any, elsewhere: Any, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.zip"
    engine.back_up(backup, by=cast.olga)
    with pytest.raises(FileThere):
        engine.back_up(backup, by=cast.olga)
    with pytest.raises(OperatorsOnly):
        engine.back_up(tmp_path / "mine.zip", by=cast.bob)
    engine.comment(busy.id, by=cast.alice, text="after the backup")
    before = picture(engine)
    with pytest.raises(NotEmpty):
        engine.restore(backup, by=SYSTEM)
    with pytest.raises(BackupInvalid):
        engine.restore(Path(__file__), by=SYSTEM, is_forced=True)
    changed = {"damaged": None, "newer": {"revision": "9999", "bihuan": "99.0"}, "other": {"format": "other"}}
    for name, said in changed.items():
        spoil(backup, tmp_path / name, said)
        with pytest.raises({"damaged": BackupDamaged, "newer": BackupTooNew, "other": BackupInvalid}[name]):
            engine.restore(tmp_path / name, by=SYSTEM, is_forced=True)
    assert picture(engine) == before
    engine.restore(backup, by=SYSTEM, is_forced=True)
    assert picture(engine) != before
    require_sound(engine)


def spoil(source: Path, target: Path, said: dict[str, str] | None) -> None:
    """Copies a backup with another manifest, or with one row changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == backups.MANIFEST and said is not None:
                content = json.dumps({**json.loads(content), **said}).encode()
            if name == "tables/persons.jsonl" and said is None:
                content = content.replace("甲".encode(), "申".encode())
            new.writestr(name, content)


def test_a_restore_that_fails_in_the_middle_leaves_what_was_there(
    engine: Engine, cast: Cast, busy: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    engine.back_up(tmp_path / "backup.zip", by=cast.olga)
    engine.comment(busy.id, by=cast.alice, text="after the backup")
    before = contents(engine)

    def fail(*_rest: Any) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(restoring, "_store_files", fail)
    with pytest.raises(RuntimeError):
        engine.restore(tmp_path / "backup.zip", by=SYSTEM, is_forced=True)
    assert contents(engine) == before
    require_sound(engine)
