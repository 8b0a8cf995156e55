"""A soak runs the real processes, misses nothing, and tells memory that grows from memory that stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner

from web.benchmarks import growth
from web.benchmarks.browsers import Browser, Unanswered
from web.benchmarks.growth import Held
from web.benchmarks.soaking import TOLERATED, Moment, Soaked, growth_of, is_flat
from web.commands import soaks
from web.commands.benches import bench


def test_officials_work_before_real_processes_and_every_completion_counts(tmp_path: Path) -> None:
    for minutes in ("0.06", "0.3", "1.5"):  # a busy machine gets as far in more time
        words = ["soak", "--minutes", minutes, "--rate", "3", "--db", f"sqlite:///{tmp_path / 'beside.db'}", "--json"]
        result = CliRunner().invoke(bench, words)
        assert result.exit_code == 0, (result.output, result.exception)
        found = json.loads(result.stdout)
        if {"complete", "API complete"} <= found["requests"].keys() and "rung_climbed" in found["events"]:
            break
    by_pages, by_api = (found["requests"][kind]["count"] for kind in ("complete", "API complete"))
    assert found["events"]["task completed"] == found["checked"] == by_pages + by_api
    assert min(by_pages, by_api) > 0
    assert found["events"]["rung_climbed"] > 0, "the worker climbs ladders beside"
    assert {"sign-in", "start", "inbox", "task", "case"} <= set(found["requests"])
    assert (found["errors"], found["is_flat"]) == ([], None), "a few seconds say nothing about an hour"
    last = found["moments"][-1]["held"]
    assert (last["web"]["processes"], last["worker"]["processes"]) == (3, 1)
    assert last["web"]["rss"] > last["web"]["pss"] > 10
    assert "p95 ms" in result.stderr, "each minute is told beside the JSON"
    assert not list(tmp_path.iterdir()), "its database is gone"


def moments(*sizes: float) -> list[Moment]:
    """A moment each minute in which the web server's three processes hold so many MiB, and the worker always 100."""
    worker = Held(1, 100.0, 100.0, 100.0, 0.0)
    return [
        Moment(60.0 * number, 0, 0, None, None, 0, {"web": Held(3, size, size / 2, size / 2, 0.0), "worker": worker})
        for number, size in enumerate(sizes, 1)
    ]


def test_memory_that_grows_steadily_is_not_flat() -> None:
    tolerated = TOLERATED * 3 / 60  # MiB a minute
    slowly = moments(*(300 + tolerated * 0.9 * number for number in range(20)))
    fast = moments(*(300 + tolerated * 1.1 * number for number in range(20)))
    assert growth_of(fast)["web"]["rss"] == pytest.approx(TOLERATED * 3 * 1.1)
    assert growth_of(fast)["worker"] == {"rss": 0, "pss": 0, "own": 0}
    assert (is_flat(slowly), is_flat(fast)) == (True, False)


def test_one_jump_is_no_growth() -> None:
    assert is_flat(moments(*[300.0] * 12, 320.0, *[301.0] * 12))


def test_growth_and_verdict_stand_below_the_requests(capsys: pytest.CaptureFixture[str]) -> None:
    told = moments(*(300.0 + number for number in range(20)))
    requests = {"inbox": {"count": 1234, "rate": 2.5, "p50": 10.04, "p95": 20.0, "p99": 30.0}}
    busy = {"web": 0.25, "worker": 0.05}
    found = Soaked(60, 10, told, requests, growth_of(told), busy, {}, 1234, ["GET /inbox: 503"], is_flat(told))
    soaks.show(found)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "inbox 1,234 2.5 10.0 20.0 30.0" in lines
    assert "web 3 +60.00 +30.00 25" in lines
    assert "worker 1 +0.00 +0.00 5" in lines
    assert lines[-2:] == ["GET /inbox: 503", "Memory grows by more than 3 MiB an hour and process."]


def test_a_process_is_counted_with_all_that_descend_from_it() -> None:
    program = "import os, time; os.fork(); os.fork(); print(flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        try:
            assert parent.stdout is not None
            for _ in range(4):
                parent.stdout.readline()
            found = growth.family(parent.pid)
            assert len(found) == growth.held(found).processes == 4
            assert growth.held([parent.pid]).rss < growth.held(found).rss
        finally:
            parent.kill()
            for each in found[1:]:
                os.kill(each, signal.SIGKILL)


class Refusing(BaseHTTPRequestHandler):
    """A server in trouble."""

    def do_GET(self) -> None:
        """This will answer that it cannot."""
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """This will keep quiet."""


def test_a_refused_request_is_told_with_its_address_and_answer() -> None:
    server = HTTPServer(("127.0.0.1", 0), Refusing)
    Thread(target=server.serve_forever, daemon=True).start()
    browser = Browser("127.0.0.1", server.server_port)
    with pytest.raises(Unanswered, match="GET /inbox: 503"):
        browser.open("inbox", "/inbox")
    browser.close()
    server.shutdown()
    server.server_close()
    with pytest.raises(Unanswered, match="GET /inbox: ConnectionRefusedError"):
        browser.open("inbox", "/inbox")
