"""How the cells of the board become lines, columns and sums."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from web.supervise import Grid


def unit(id: int, parent: int | None, path: str) -> Any:
    return SimpleNamespace(id=id, code=f"u{id}", name=f"unit {id}", parent_id=parent, path=path)


def cell(path: str, step: str, overdue: int, soon: int, open: int) -> Any:
    return SimpleNamespace(unit_path=path, step=step, overdue=overdue, soon=soon, open=open)


CITY, EAST, WEST, TOWN = unit(1, None, "/1/"), unit(2, 1, "/1/2/"), unit(3, 1, "/1/3/"), unit(4, 2, "/1/2/4/")
UNITS = [CITY, EAST, TOWN, WEST]


def test_a_town_counts_in_the_line_of_its_county() -> None:
    grid = Grid([CITY, EAST, WEST], [cell("/1/2/4/", "核实", 2, 1, 5), cell("/1/2/", "核实", 1, 0, 1)], UNITS)
    (row,) = grid.sorted_rows()
    assert row.unit is EAST
    assert (row.total.overdue, row.total.soon, row.total.open) == (3, 1, 6)
    assert row.opens, "there is a board of the towns below the county"


def test_what_the_city_itself_has_stands_in_its_own_line() -> None:
    grid = Grid([CITY, EAST], [cell("/1/", "审批", 1, 0, 1), cell("/1/2/", "审批", 0, 1, 1)], UNITS)
    assert {row.unit.code: row.total.open for row in grid.sorted_rows()} == {"u1": 1, "u2": 1}
    assert grid.columns["审批"].open == grid.totals.open == 2


def test_the_unit_with_most_overdue_tasks_stands_on_top() -> None:
    cells = [cell("/1/2/", "核实", 1, 9, 10), cell("/1/3/", "核实", 4, 0, 4)]
    assert [row.unit for row in Grid([EAST, WEST], cells, UNITS).sorted_rows()] == [WEST, EAST]


def test_columns_are_the_late_steps_in_the_order_of_the_diagram() -> None:
    cells = [cell("/1/2/", name, overdue, 0, 5) for name, overdue in (("复查", 1), ("核实", 2), ("核销", 0))]
    assert Grid([EAST], cells, UNITS).late_steps(["登记", "核实", "核销", "复查"]) == ["核实", "复查"]


def test_what_lies_in_no_line_is_not_counted() -> None:
    grid = Grid([EAST], [cell("/1/3/", "核实", 4, 0, 4)], UNITS)
    assert grid.totals.open == 0
    assert grid.sorted_rows() == []


def test_a_path_that_only_begins_alike_is_another_unit() -> None:
    assert Grid([EAST], [cell("/1/22/", "核实", 1, 0, 1)], UNITS).totals.open == 0
