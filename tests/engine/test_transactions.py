"""What happens to calls when the database goes away or refuses."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from engine import DataInvalid, Engine, queries


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has no server to restart
def test_a_restarted_database_is_found_again(engine: Engine, cast: Any) -> None:
    engine.start_case("parallel", {}, by=cast.alice, unit_code="420101")
    bob = cast.bob
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    for ask in (
        lambda: engine.read(queries.inbox, bob).items,
        lambda: engine.start_case("parallel", {}, by=bob, unit_code="420101"),
    ):
        with engine.database.connect() as connection:
            connection.execute(text(f"{others} AND pid <> pg_backend_pid()"))
            doomed = connection.connection.dbapi_connection
            assert doomed is not None
        doomed.close()
        assert ask()
    assert engine.read(queries.cases, cast.olga).total == 2


def test_what_the_database_cannot_hold_is_told_and_not_a_crash(engine: Engine, cast: Any) -> None:
    if engine.database.dialect.name == "sqlite":
        assert engine.read(queries.inbox, cast.bob, q="a\x00b").items == []
        return
    with pytest.raises(DataInvalid):
        engine.read(queries.inbox, cast.bob, q="a\x00b")


def test_nothing_of_a_failed_call_stays(engine: Engine, cast: Any) -> None:
    from engine import messages

    def fail_late(turn: Any) -> None:
        messages.publish(turn, "found", None, {"key": "1"})
        messages.deliver_all(turn)
        raise RuntimeError("power cut")

    before = engine.read(queries.cases, cast.olga).total
    with pytest.raises(RuntimeError):
        engine.write(cast.olga, fail_late)
    assert engine.read(queries.cases, cast.olga).total == before == 0
    with engine.database.connect() as connection:
        rest = ("jobs WHERE case_id IS NOT NULL", "subscriptions", "counters WHERE series LIKE 'machines%'")
        for table in ("tasks", "history", *rest):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0, table
