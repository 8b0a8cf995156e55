"""Figures for monitors, and the page of calendar jobs."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from engine import SYSTEM, Engine, calendar_jobs, lateness


def test_metrics_tell_what_waits_and_how_requests_went(stranger: Any) -> None:
    stranger.client.get("/healthz")
    answer = stranger.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    text = answer.get_data(as_text=True)
    for name in ("jobs_oldest_seconds", "limits", "incidents", "outbox", "workers", "build_info", "jobs_due_bucket"):
        assert f"bihuan_{name.removesuffix('_bucket')}" in text
    count = re.search(r'request_seconds_count\{route="health.healthz",status="2xx"\} (\d+)', text)
    assert count is not None
    assert int(count[1]) >= 1
    assert all(re.fullmatch(r"# .+|bihuan_\w+(\{[^}]*\})? [-+.0-9einf]+", line) for line in text.splitlines())


def test_metrics_tell_how_late_jobs_ran_and_how_often_they_failed(engine: Engine, stranger: Any) -> None:
    def work(turn: Any) -> None:
        tally = Counter[str]()
        for seconds in (0.05, 0.7, 40, 1e6):
            lateness.note(tally, "timer", seconds)
        lateness.note_failure(tally, "service")
        lateness.keep(turn.session, tally)

    engine.write(SYSTEM, work)
    engine.write(SYSTEM, work)
    text = stranger.client.get("/metrics").get_data(as_text=True)
    bucket = r'bihuan_job_lateness_seconds_bucket\{kind="timer",le="([^"]+)"\} (\d+)'
    counts = {bound: int(count) for bound, count in re.findall(bucket, text)}
    assert (counts["0.1"], counts["1.0"], counts["60.0"], counts["86400.0"], counts["+Inf"]) == (2, 4, 6, 6, 8)
    assert 'bihuan_job_lateness_seconds_count{kind="timer"} 8' in text
    assert 'bihuan_job_lateness_seconds_sum{kind="timer"} 2000081.5' in text
    assert 'bihuan_job_failures_total{kind="service"} 2' in text


def test_metrics_are_for_this_machine_alone_or_for_who_has_the_token(stranger: Any) -> None:
    assert stranger.client.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 403
    assert stranger.client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 403


def test_operators_see_calendar_jobs_and_run_one(visit: Any) -> None:
    root = visit("root")
    page = root.get("/admin/schedule").get_data(as_text=True)
    assert all(name in page for name in calendar_jobs.JOBS)
    assert visit("bob").get("/admin/schedule").status_code == 403
    assert root.post("/admin/schedule/messages").status_code == 302
    assert "failed" not in root.get("/admin/schedule").get_data(as_text=True)
    assert visit("bob").post("/admin/schedule/messages").status_code == 403
