"""What every process of a test run stands on: compiled modules are kept, files of the run lie in memory."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from _pytest.nodeid import NodeId

MEMORY = Path("/dev/shm")
ROOM = 2 * 1024**3  # bytes; a run needs about a quarter of it


def lay() -> None:
    """This will let the tests and all that they start keep bytecode and use the memory for their files.

    A run starts hundreds of interpreters, which would otherwise compile every module anew, and makes some hundred
    PostgreSQL databases of 600 files each. Whoever sets TMPDIR keeps it.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def pytest_collection_finish(session: pytest.Session) -> None:
    """This will keep the collector of garbage from the modules and tests, which stay as long as the process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """This will let groups stay together: xdist 3.8 writes them where pytest 9.2 no longer looks."""
    for item in items:
        grouped = getattr(item, "_nodeid", None)
        if grouped is not None and grouped != item.nodeid:
            item._id = NodeId.parse(grouped)


lay()
