"""How much memory processes hold, theirs and their children's, and how fast that grows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import median

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Held:
    """What processes hold at one moment, in MiB, and how many seconds of the processor they have had.

    `pss` shares what several of them map between them; `rss` counts it in each; `own` is what no file and no shared
    memory stands behind.
    """

    processes: int
    rss: float
    pss: float
    own: float
    busy: float


def family(process: int) -> list[int]:
    """This will return a process and all that descend from it."""
    found = [process]
    for each in found:
        for thread in (PROC / str(each) / "task").glob("*/children"):
            try:
                found += [int(child) for child in thread.read_text(encoding="ascii").split()]
            except OSError:
                continue  # it has ended meanwhile
    return found


def held(processes: Sequence[int]) -> Held:
    """This will add up what processes hold; those that have ended meanwhile, or are another user's, count nothing."""
    found = [one for one in map(_held, processes) if one is not None]
    rss, pss, own, busy = (sum(values) for values in zip(*found, strict=True)) if found else (0.0, 0.0, 0.0, 0.0)
    return Held(len(found), rss, pss, own, busy)


def _held(process: int) -> tuple[float, float, float, float] | None:
    try:
        lines = (PROC / str(process) / "smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
        after_name = (PROC / str(process) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    kibibytes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    busy = (int(after_name[11]) + int(after_name[12])) / TICKS
    return kibibytes["Rss"] / 1024, kibibytes["Pss"] / 1024, kibibytes["Anonymous"] / 1024, busy


def slope(moments: Sequence[float], values: Sequence[float]) -> float:
    """This will return by how much values grow in an hour: the middle of the slopes between any two (Theil and Sen).

    `moments` are seconds. One jump, or one measurement that went astray, moves it hardly.
    """
    pairs = combinations(zip(moments, values, strict=True), 2)
    slopes = [(later - earlier) / (end - begin) for (begin, earlier), (end, later) in pairs if end > begin]
    return median(slopes) * HOUR if slopes else 0.0
