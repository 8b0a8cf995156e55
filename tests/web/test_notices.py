"""The pages of messages: the bell, the list, wishes, and for operators what is sent and the texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import SYSTEM, Channels, Engine, queries
from engine.models import Notice, Sending
from tests.web.conftest import Browser
from web.config import Settings, WrongSetting

Visit = Callable[[str], Browser]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, mail="mailto://127.0.0.1:9?from=bihuan@bureau.example", address="https://bihuan.example")


@pytest.fixture
def told(leak: dict[str, Any], engine: Engine) -> Notice:
    """Bob transfers the task of the leak to bert, who is told so."""
    everybody = engine.read(queries.people, SYSTEM)
    bob = engine.actor(next(person.id for person in everybody if person.login == "bob"))
    (task,) = engine.read(queries.inbox, bob)
    engine.transfer_task(task.id, "bert", by=bob, note="我今天出差")
    return engine.read(lambda session: session.query(Notice).one())


def test_bert_reads_in_plain_words_what_he_is_told(visit: Visit, told: Notice) -> None:
    bert = visit("bert")
    page = bert.get("/inbox").text
    assert 'aria-label="消息，1 条未读"' in page
    page = bert.get("/notices/").text
    assert "乙将「" in page
    assert "」转给您办理。" in page
    assert "我今天出差" in page
    opened = bert.get(f"/notices/{told.id}")
    assert (opened.status_code, opened.location) == (303, f"/tasks/{told.task_id}")
    assert "条未读" not in bert.get("/inbox").text
    assert "没有符合条件的消息" in bert.get("/notices/?state=unread").text
    assert "转给您办理" in bert.get("/notices/?state=read").text


def test_nobody_reads_what_others_are_told(visit: Visit, told: Notice) -> None:
    bob = visit("bob")
    assert bob.get(f"/notices/{told.id}").status_code == 404
    assert bob.post(f"/notices/{told.id}/read").status_code == 404
    assert "您还没有消息" in bob.get("/notices/").text
    assert bob.get("/api/notices").json["items"] == []


def test_all_are_marked_read_at_once(visit: Visit, told: Notice, engine: Engine) -> None:
    bert = visit("bert")
    assert bert.get("/api/notices/unread").json == {"count": 1}
    assert "已将 1 条消息标为已读。" in bert.client.get(bert.post("/notices/read").location).text
    assert bert.get("/api/notices/unread").json == {"count": 0}
    (shown,) = bert.get("/api/notices?unread=false").json["items"]
    assert (shown["kind"], shown["detail"]["text"]) == ("transferred", "我今天出差")


def test_bert_chooses_ways_and_times(visit: Visit) -> None:
    bert = visit("bert")
    page = bert.get("/notices/settings").text
    assert "电子邮件" in page
    assert "钉钉" not in page  # not set up
    wished = {"quiet_from": "21:00", "quiet_until": "06:30", "digest_at": "09:00", "urgent": "yes"}
    wrong = bert.post("/notices/settings", **{"address-mail": "nonsense"}, **wished)
    assert wrong.status_code == 422
    assert "「nonsense」不是有效的地址" in wrong.text
    sent = {"address-mail": "bert@bureau.example", "mail-copied": "digest", "mail-urged": "none"}
    assert bert.post("/notices/settings", **sent, **wished).status_code == 303
    kept = bert.get("/api/notices/preferences").json
    assert kept["addresses"] == {"mail": "bert@bureau.example"}
    assert kept["choices"]["mail"] == {"copied": "digest", "urged": "none"}
    assert (kept["quiet_from"], kept["is_quiet_on_rest_days"], kept["urgent_passes"]) == ("21:00", False, True)
    assert bert.send("PATCH", "/api/notices/preferences", {"digest_at": "25:00"}).status_code == 422
    assert bert.send("PATCH", "/api/notices/preferences", {"digest_at": "10:00"}).json["quiet_from"] == "21:00"


def test_a_failed_message_is_shown_to_operators_who_send_it_again(visit: Visit, engine: Engine) -> None:
    bert, root = visit("bert"), visit("root")
    assert bert.post("/notices/settings/trial/mail").status_code == 422  # no address yet
    bert.send("PATCH", "/api/notices/preferences", {"addresses": {"mail": "bert@bureau.example"}})
    assert bert.post("/notices/settings/trial/mail").status_code == 303
    engine.send_messages()  # nobody listens at port 9
    (sending,) = engine.read(lambda session: session.query(Sending).all())
    assert (sending.state, sending.attempts) == ("waiting", 1)
    with engine.database.begin() as connection:
        connection.exec_driver_sql("UPDATE sendings SET state = 'failed'")
    page = root.get("/admin/messages").text
    assert "该地址无人接收" in page
    assert "bert@bureau.example" not in page
    assert engine.read(queries.outbox_state, SYSTEM).failed == 1
    assert root.get("/admin/").headers["Location"].endswith("/admin/messages"), "there is nothing worse to look at"
    assert '<span class="count ms-auto">1</span>' in root.get("/admin/people").get_data(as_text=True)
    assert root.post("/admin/messages/again", batch=str(sending.batch)).status_code == 303
    state = engine.read(queries.outbox_state, SYSTEM)
    assert (state.failed, state.waiting) == (0, 1)
    assert root.post("/admin/messages/again", batch=str(sending.batch)).status_code == 409


@pytest.mark.parametrize("path", ["", "/texts", "/texts/copied/zh"])
def test_only_operators_look_after_messages(visit: Visit, path: str) -> None:
    assert visit("bert").get(f"/admin/messages{path}").status_code == 403
    assert visit("root").get(f"/admin/messages{path}").status_code == 200


def test_operators_write_texts_see_them_with_an_example_and_take_the_shipped_one_again(visit: Visit) -> None:
    root, address = visit("root"), "/admin/messages/texts/copied/zh"
    assert "抄送：{title}" in root.get(address).text
    wrong = root.post(address, subject="{deadline}", body="x", do="save")
    assert wrong.status_code == 422
    assert "此文本中不能使用 {deadline}，可用的有：person, site, link, case, title, by, text" in wrong.text
    shown = root.post(address, subject="请阅 {case}", body="{by}：{title}", do="preview").text
    assert "请阅 YH-420101-2026-001" in shown
    assert "请阅" not in root.get(address).text
    root.post(address, subject="请阅 {case}", body="{by}：{title}", do="save")
    assert "请阅 {case}" in root.get("/admin/messages/texts").text
    root.post(f"{address}/reset")
    page = root.get(address).text
    assert "2 ·" in page
    assert "· 己 · 恢复自带文本" in page
    assert root.get("/admin/messages/texts/copied/fr").status_code == 404
    assert visit("bert").post(address, subject="x", body="y").status_code == 403


@pytest.mark.parametrize(
    ("name", "value"),
    [("MAIL", "smtp.example.cn"), ("DINGTALK", "nonsense"), ("ADDRESS", "bihuan.example")],
)
def test_a_wrong_channel_stops_the_start(name: str, value: str) -> None:
    given = {"BIHUAN_SECRET_KEY": "x" * 32, f"BIHUAN_{name}": value}
    with pytest.raises(WrongSetting, match=f"BIHUAN_{name}"):
        Settings.from_environment(given)


def test_only_what_is_set_up_is_a_channel(tmp_path: Path) -> None:
    plain = Settings(secret_key="x" * 32, files=tmp_path)
    assert plain.channels.names == ()
    chosen = replace(plain, mail="mailto://127.0.0.1:9?from=a@b.example", wecom="wecombot://693a91f6-7aaa-4bc4-97a0")
    assert chosen.channels.names == ("mail", "wecom")
    assert not chosen.channels.needs_address("wecom")
    assert isinstance(chosen.channels, Channels)
