"""Rehearsals: scenario files of process apps, played by the real engine on a database of their own and a virtual clock.

A file names its `app` instead of `models`; people do the steps, each with the rights that they hold.
"""

from engine.rehearsals.playing import report, run_file

__all__ = ["report", "run_file"]
