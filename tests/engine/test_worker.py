"""The worker process: works, stops when told, and loses nothing when it is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine import Engine, ProcessApp, Worker, queries
from tests.patience import PATIENCE, wait_until

CHILD = """
import sys, time
from pathlib import Path
from engine import Engine, ProcessApp, Worker
url, folder, files, log, naps = sys.argv[1:]
app = ProcessApp(name="machines", title="机关", folder=Path(folder), process="parallel", roles={"officer": "维修员"})
@app.service("double")
def double(data, headers):
    return {}
@app.service("mail", job=True)
def mail(data, headers, key):
    with open(log, "a") as lines:
        print(key, file=lines, flush=True)
    time.sleep(float(naps))
    return {"sent_to": headers["to"]}
Worker(Engine(url, apps=[app], files=Path(files)), every=0.1).run()
print("stopped", flush=True)
"""


@pytest.fixture
def living(make_engine: Any, machines: ProcessApp) -> Engine:
    """An engine whose clock is the machine's, as a worker's is."""
    from engine import now_utc

    made: Engine = make_engine([machines], clock=now_utc)
    return made


@pytest.fixture
def cast(living: Engine) -> Any:
    from tests.conftest import Cast

    return Cast(living)


def start_worker(database: str, machines: ProcessApp, tmp_path: Path, naps: float) -> subprocess.Popen[str]:
    """This will start a worker process."""
    arguments = [database, str(machines.folder), str(tmp_path / "files"), str(tmp_path / "mail.log"), str(naps)]
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def test_a_worker_stops_cleanly_after_the_job_in_hand(
    living: Engine, cast: Any, database: str, machines: ProcessApp, tmp_path: Path
) -> None:
    case = living.start_case("calling", {"number": 1}, by=cast.alice)
    log = tmp_path / "mail.log"
    worker = start_worker(database, machines, tmp_path, naps=1.0)
    wait_until(lambda: log.exists() and log.read_text().endswith("\n"))
    worker.send_signal(signal.SIGTERM)
    output, _ = worker.communicate(timeout=PATIENCE)
    assert (worker.returncode, output) == (0, "stopped\n")
    assert living.read(queries.case, cast.alice, case.id).case.state == "closed"
    assert len(log.read_text().split()) == 1


def test_a_killed_worker_loses_nothing_and_the_job_keeps_its_key(
    living: Engine, cast: Any, database: str, machines: ProcessApp, tmp_path: Path, clock: Any
) -> None:
    case = living.start_case("calling", {"number": 1}, by=cast.alice)
    log = tmp_path / "mail.log"
    worker = start_worker(database, machines, tmp_path, naps=600)
    wait_until(lambda: log.exists() and log.read_text().endswith("\n"))
    worker.kill()
    worker.communicate()
    assert living.read(queries.case, cast.alice, case.id).case.state == "open"
    assert living.run_due_jobs() == 0, "the lease of the dead worker holds"
    from datetime import timedelta

    from engine import now_utc

    living.clock = lambda: now_utc() + timedelta(minutes=6)
    machines.service("mail", job=True)(lambda data, headers, key: log.write_text(f"{log.read_text()}{key}\n") and {})
    assert living.run_due_jobs() == 1
    assert living.read(queries.case, cast.alice, case.id).case.state == "closed"
    first, second = log.read_text().split()
    assert first == second


def test_a_worker_in_the_background_fires_timers(living: Engine, cast: Any) -> None:
    case = living.start_case("calling", {"number": 1}, by=cast.alice)
    worker = Worker(living, every=0.1)
    worker.start()
    wait_until(lambda: living.read(queries.case, cast.alice, case.id).case.state == "closed")
    worker.stop()
