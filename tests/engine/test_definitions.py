"""What is kept of parsed definitions: the ones used last, each made once."""

from __future__ import annotations

from engine.definitions import Kept


def test_what_is_used_again_and_again_is_made_once() -> None:
    kept, made = Kept[int, int](4), list[int]()

    def find(key: int) -> int:
        return kept.find(key, lambda: made.append(key) or -key)  # type: ignore[func-returns-value]

    for number in range(1, 100):
        assert find(0) == 0
        assert find(number) == -number
        assert find(max(number - 1, 1)) == -max(number - 1, 1)
    assert made == list(range(100))


def test_what_was_used_long_ago_is_forgotten() -> None:
    kept, made = Kept[int, int](4), list[int]()
    for number in (0, *range(1, 9), 0):
        kept.find(number, lambda number=number: made.append(number) or number)  # type: ignore[misc]
    assert made.count(0) == 2
