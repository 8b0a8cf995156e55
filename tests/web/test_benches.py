"""Every benchmark of the engine runs, counts right and tells what its table shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from web.benchmarks import databases, ladders
from web.commands.benches import bench

ONE = ("--seconds", "0.1")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where benchmarks make their databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'beside.db'}"
    url: str = request.getfixturevalue("postgresql").url("postgres")
    return url


def test_a_benchmark_leaves_no_database_behind(server: str) -> None:
    with databases.temporary(server) as url:
        database = create_engine(url)
        with database.begin() as connection:
            connection.execute(text("CREATE TABLE something (id INTEGER)"))
        database.dispose()
    with pytest.raises(OperationalError), create_engine(url).connect():
        pytest.fail("the database is still there")


def run(server: str, *words: str) -> list[dict[str, Any]]:
    """This will run a benchmark and return its lines."""
    result: Result = CliRunner().invoke(bench, [*words, "--db", server, "--json"])
    assert result.exit_code == 0, (result.output, result.exception)
    lines: list[dict[str, Any]] = json.loads(result.stdout)
    return lines


def test_completions_are_counted_beside_the_floor(server: str) -> None:
    complete, floor = run(server, "complete", "--open", "300", *ONE)
    assert complete["name"] == "complete"
    assert complete["notes"]["checked"] >= complete["operations"] > 0
    assert complete["notes"]["open"] > 300
    assert 0 < complete["p50"] <= complete["p95"] <= complete["p99"]
    assert 3 <= complete["statements"] < 20
    assert complete["floors"] == pytest.approx(complete["p50"] / floor["p50"])
    assert complete["cpu"] > floor["cpu"] > 0


def test_two_clients_do_every_contested_task_once(server: str) -> None:
    if server.startswith("sqlite"):
        pytest.skip("clients of SQLite take turns; what they contest is tested with the engine")
    complete, _floor = run(server, "complete", "--clients", "2", *ONE)
    assert complete["clients"] == 2
    assert complete["notes"]["contested"] == 20


def test_rework_neither_grows_the_snapshot_nor_hides_its_rounds(server: str) -> None:
    fresh, old, _floor = run(server, "complete", "--rounds", "15")
    assert old["name"] == "complete, 15 rounds behind it"
    assert old["notes"]["snapshot"] <= fresh["notes"]["snapshot"] + 20
    assert (old["statements"], old["round_trips"]) == (fresh["statements"], fresh["round_trips"])


def test_starts_are_counted(server: str) -> None:
    start, _floor = run(server, "start", *ONE)
    assert start["notes"]["checked"] == start["operations"] + 15


def test_timers_fire_oldest_first(server: str) -> None:
    fired, _floor = run(server, "timers", "--due", "60")
    assert fired["operations"] == 60
    assert fired["notes"]["out_of_order"] == 0
    assert 0 < fired["notes"]["lateness_p50"] <= fired["notes"]["lateness_p95"] <= fired["notes"]["lateness_max"]


def test_limits_of_one_morning_climb_in_order_while_an_official_works_on(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if server.startswith("sqlite"):
        pytest.skip("a process of its own climbs: that is what PostgreSQL is for")
    monkeypatch.setattr(ladders, "QUIET", 0.2)
    monkeypatch.setattr(ladders, "BESIDE", 200)
    climbed, *beside, _floor = run(server, "limits", "--due", "300")
    assert climbed["operations"] == 300
    assert climbed["notes"]["out_of_order"] == 0
    assert {line["name"] for line in beside} >= {"inbox before", "completion before", "inbox meanwhile"}


def test_a_worker_elsewhere_is_called_at_once(server: str) -> None:
    if server.startswith("sqlite"):
        pytest.skip("on SQLite nobody calls: the worker looks by itself")
    woken, _floor = run(server, "wakeup", "--count", "5")
    assert woken["operations"] == 5
    assert 0 < woken["p50"] < 10_000, "it would look by itself once a minute"


def test_inbox_and_board_are_asked(server: str) -> None:
    *inbox, _floor = run(server, "inbox", "--open", "500", *ONE)
    page, counts, shown = inbox[:3]
    assert (page["name"], counts["name"], shown["name"]) == ("inbox page", "queue counts", "inbox web page")
    assert page["statements"] + counts["statements"] <= shown["statements"] + 2  # a page asks for its queues once
    board, board_page, _floor = run(server, "board", "--open", "500", *ONE)
    assert (board["notes"]["open"], board_page["name"]) == (500, "board web page")
    if server.startswith("postgresql"):
        assert page["round_trips"] <= 4
        assert all(line["notes"]["in_database_ms"] > 0 and line["notes"]["blocks"] > 0 for line in inbox)


def test_the_table_has_a_row_for_each_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(bench, ["floor", "--db", f"sqlite:///{tmp_path / 'x.db'}", *ONE])
    assert result.exit_code == 0, result.output
    assert "floor" in result.stdout
    assert "p95 ms" in result.stdout
