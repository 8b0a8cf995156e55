"""Figures for monitors, and the page of calendar jobs."""

from __future__ import annotations

import re
from typing import Any

from engine import calendar_jobs


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
