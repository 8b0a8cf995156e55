"""Who signs in, who holds what, what registers hold."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from engine import Engine, FaultsFound, OperatorsOnly, PersonInvalid, PersonNotFound, UnitInvalid, UnitNotFound, queries

PASSWORD = "correct horse battery"


@pytest.fixture
def wang(engine: Engine, cast: Any) -> None:
    engine.create_person(login="wang", name="王", password=PASSWORD, roles=[("officer", "420101")], by=cast.olga)


@pytest.mark.usefixtures("wang")
def test_the_right_password_and_nothing_else_signs_in(engine: Engine, cast: Any) -> None:
    signed_in = engine.sign_in("wang", PASSWORD)
    assert signed_in is not None
    assert signed_in.login == "wang"
    for login, password in (("wang", PASSWORD.upper()), ("wang", ""), ("nobody", PASSWORD), ("alice", "")):
        assert engine.sign_in(login, password) is None, login


@pytest.mark.usefixtures("wang")
def test_a_disabled_account_is_out_at_once(engine: Engine, cast: Any) -> None:
    wang = cast.wang
    stamp = engine.read(queries.person, wang.person_id).session_stamp
    engine.set_active("wang", False, by=cast.olga)
    assert engine.sign_in("wang", PASSWORD) is None
    assert engine.read(queries.person, wang.person_id) is None
    with pytest.raises(PersonNotFound):
        engine.actor(wang.person_id)
    engine.set_active("wang", True, by=cast.olga)
    assert engine.read(queries.person, wang.person_id).session_stamp != stamp


@pytest.mark.usefixtures("wang")
def test_a_new_password_ends_all_sessions(engine: Engine, cast: Any) -> None:
    before = engine.read(queries.person, cast.wang.person_id).session_stamp
    engine.set_password("wang", "another password", by=cast.wang)
    assert engine.sign_in("wang", PASSWORD) is None
    assert engine.read(queries.person, cast.wang.person_id).session_stamp != before
    with pytest.raises(OperatorsOnly):
        engine.set_password("wang", "another password", by=cast.alice)
    with pytest.raises(PersonInvalid):
        engine.set_password("wang", "short", by=cast.wang)


def test_only_operators_make_accounts_and_only_whole_ones(engine: Engine, cast: Any) -> None:
    with pytest.raises(OperatorsOnly):
        engine.create_person(login="x", name="x", password=PASSWORD, by=cast.bob)
    for wrong in ({"login": "alice"}, {"name": " "}, {"login": "a b"}, {"login": "a,b"}, {"password": ""}):
        with pytest.raises(PersonInvalid):
            engine.create_person(**{"login": "new", "name": "新", "password": PASSWORD, "by": cast.olga, **wrong})
    with pytest.raises(UnitNotFound):
        engine.create_person(login="new", name="新", password=PASSWORD, roles=[("officer", "?")], by=cast.olga)
    with pytest.raises(PersonNotFound):
        engine.read(queries.account, cast.olga, "new")


def test_members_of_a_department_oversee_what_its_government_does(cast: Any) -> None:
    [scope] = cast.bob.scopes
    assert cast.alice.memberships[0].unit_path.startswith(scope)
    assert not cast.charlie.memberships[0].unit_path.startswith(scope)
    assert cast.bob.label == "乙@某县应急管理局"


def test_units_form_a_tree_and_move_with_what_is_below(engine: Engine, cast: Any) -> None:
    tree = engine.read(queries.units, cast.olga)
    assert [(unit.name, unit.depth) for unit in tree] == [
        ("某省", 0),
        ("某市", 1),
        ("某县", 2),
        ("某县应急管理局", 3),
        ("某镇", 3),
        ("邻县", 2),
    ]
    engine.load_people([{"code": "420101", "name": "某县", "kind": "county", "parent": "4200"}])
    assert [unit.depth for unit in engine.read(queries.units, cast.olga) if unit.name == "某镇"] == [2]
    assert [unit.name for unit in engine.read(queries.units, cast.alice, below=True)] == ["某镇"]
    for wrong in ({"kind": "planet"}, {"parent": "?"}, {"parent": "420101001"}):
        with pytest.raises(UnitInvalid):
            engine.load_people([{"code": "420101", "name": "某县", "kind": "county", **wrong}])


def test_people_are_listed_with_their_roles(engine: Engine, cast: Any) -> None:
    [bob] = engine.read(queries.people, cast.olga, q="BOB")
    assert [(held.role, held.unit_code) for held in bob.roles] == [("officer", "420101-yj")]
    assert engine.read(queries.names, cast.olga, {bob.id}) == {bob.id: "乙"}


def test_a_register_row_is_found_on_the_days_it_is_in_force(engine: Engine, cast: Any) -> None:
    rows = [
        {"code": "A1", "title": "Open fire", "effective_to": "2025-12-31", "law": "旧法"},
        {"code": "A1", "title": "Open fire", "effective_from": "2026-01-01", "law": "新法"},
        {"code": "B2", "title": "通道堵塞", "detail": "安全出口"},
    ]
    assert engine.load_register("repair", "criteria", rows) == 3
    assert engine.load_register("repair", "criteria", rows) == 3

    def find(**asked: Any) -> list[tuple[str, Any]]:
        return [(row.code, row.data.get("law")) for row in engine.read(queries.register, cast.bob, "criteria", **asked)]

    assert find() == [("A1", "新法"), ("B2", None)]
    assert find(on=date(2025, 6, 1)) == [("A1", "旧法"), ("B2", None)]
    assert find(q="FIRE open") == [("A1", "新法")]
    assert find(q="安全 通道") == [("B2", None)]
    assert find(q="%") == []
    with pytest.raises(FaultsFound) as found:
        engine.load_register(
            "repair", "criteria", [{"code": "C", "title": ""}, {"code": "D", "title": "d", "effective_from": "?"}]
        )
    assert [fault.line for fault in found.value.faults] == [2, 3]
