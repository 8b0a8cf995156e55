"""Which version of a form, decision or process a binding means."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from engine.catalog import Catalog, Listed


def version(
    number: int, deployment: int, tag: str | None = None, since: date | None = None, until: date | None = None
) -> Listed:
    """One deployed version."""
    return Listed(number, deployment, "app", "key", "name", number, tag, f"sum-{number}", since, until)


@pytest.fixture
def catalog() -> Catalog:
    """Three versions: the second is tagged, the third is in force from March."""
    versions = [version(1, 1), version(2, 2, "stable"), version(3, 3, since=date(2026, 3, 1))]
    return Catalog(3, processes={"key": versions}, resources={("decision", "key"): versions})


@pytest.mark.parametrize(
    ("binding", "tag", "deployment", "found"),
    [
        ("latest", None, 1, 3),
        ("deployment", None, 1, 1),
        ("deployment", None, 2, 2),
        ("deployment", None, 9, 3),
        ("versionTag", "stable", 1, 2),
        ("versionTag", "unknown", 1, None),
    ],
)
def test_a_binding_means_one_version(
    catalog: Catalog, binding: str, tag: str | None, deployment: int, found: int | None
) -> None:
    listed = catalog.process("key", binding=binding, tag=tag, caller=version(7, deployment))
    assert (listed.version if listed is not None else None) == found


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (datetime(2026, 2, 28, 15, 59, tzinfo=UTC), 2),
        (datetime(2026, 2, 28, 16, 0, tzinfo=UTC), 3),  # midnight of 1 March where officials work
    ],
)
def test_a_decision_is_in_force_from_its_day_on(catalog: Catalog, now: datetime, found: int) -> None:
    listed = catalog.resource("decision", "key", now=now)
    assert listed is not None
    assert listed.version == found


@pytest.mark.parametrize(
    ("day", "found"),
    [(date(2026, 2, 28), 2), (date(2026, 3, 1), 3), (date(2026, 6, 30), 3), (date(2026, 7, 1), 2)],
)
def test_the_version_in_force_on_the_day_of_inspection_decides_and_ends_on_its_last_day(day: date, found: int) -> None:
    versions = [version(1, 1), version(2, 2), version(3, 3, since=date(2026, 3, 1), until=date(2026, 6, 30))]
    catalog = Catalog(3, resources={("decision", "key"): versions})
    listed = catalog.resource("decision", "key", now=datetime(2026, 11, 21, tzinfo=UTC), on=day)
    assert listed is not None
    assert listed.version == found


def test_a_correction_of_an_old_version_does_not_replace_the_one_in_force() -> None:
    versions = [version(1, 1, since=date(2024, 1, 1)), version(2, 2, since=date(2026, 3, 1))]
    corrected = [*versions, version(3, 3, since=date(2024, 1, 1))]
    catalog = Catalog(3, resources={("decision", "key"): corrected})
    now = datetime(2026, 11, 21, tzinfo=UTC)
    in_force, of_old = (
        catalog.resource("decision", "key", now=now),
        catalog.resource("decision", "key", now=now, on=date(2025, 1, 1)),
    )
    assert in_force is not None
    assert of_old is not None
    assert (in_force.version, of_old.version) == (2, 3)


def test_what_is_not_deployed_is_not_found(catalog: Catalog) -> None:
    assert catalog.process("other") is None
    assert catalog.resource("form", "key", now=datetime(2026, 3, 2, tzinfo=UTC)) is None
