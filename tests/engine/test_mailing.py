"""Messages that leave the house: real mail to a real server, robots by HTTP, retries, quiet hours, one for many."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Barrier, Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from engine import Engine, mailing, notices, prepared
from engine.calendars import SHIPPED
from engine.channels import Channels
from engine.letters import Home
from engine.models import Notice, Sending
from engine.preferences import AddressWrong, ChoiceUnknown, Preferences, TimeWrong
from engine.wordings import BracesWrong, PlaceUnknown

MONDAY = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 10:00 in China, a working day


class Server(Controller):  # type: ignore[misc]
    """A mail server at a port that the machine chooses."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class Postbox:
    """A mail server on this machine: keeps what it gets, or refuses as the test wants."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.answer = "250 OK"
        self.controller = Server(self, hostname="127.0.0.1", port=0)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address.startswith("nobody"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.letters.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return self.answer

    @property
    def url(self) -> str:
        return f"mailto://127.0.0.1:{self.controller.port}?from=bihuan@bureau.example"


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    box = Postbox()
    box.controller.start()
    yield box
    box.controller.stop()


class Robot:
    """An HTTP server on this machine that plays the robot of a chat."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any], str]] = []
        self.status = 200
        robot = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                robot.told.append((self.path, body, self.headers.get("Idempotency-Key", "")))
                self.send_response(robot.status)
                self.end_headers()
                self.wfile.write(b'{"errcode": 0, "errmsg": "ok", "code": 0}')

            def log_message(self, *_args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"


@pytest.fixture
def robot() -> Iterator[Robot]:
    made = Robot()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Office:
    """The repair house: bob can be told things by mail."""

    def __init__(self, engine: Engine, cast: Any, clock: Any, postbox: Postbox) -> None:
        self.engine, self.cast, self.clock, self.postbox = engine, cast, clock, postbox
        clock.now = MONDAY
        engine.channels = Channels({"mail": postbox.url})
        engine.home = Home("https://bihuan.example", "闭环")
        self.wish(addresses={"mail": "bob@bureau.example"})
        self.case = engine.start_case("repair", {"地点": "三号楼", "情况": "漏水"}, by=cast.alice)

    def wish(self, **values: Any) -> None:
        self.engine.set_preferences(values, by=self.cast.bob)

    def tell(self, times: int = 1) -> None:
        """Alice sends bob copies of the case; he reads each at once, so that the next one counts."""
        for _ in range(times):
            (reading,) = self.engine.copy_case(self.case.id, ["bob"], by=self.cast.alice, note="请阅")
            self.engine.mark_read(reading.id, by=self.cast.bob)

    def work(self, **later: float) -> int:
        self.engine.send_messages()
        self.clock.advance(**later)
        return self.engine.send_messages()

    def sendings(self) -> list[Sending]:
        return self.engine.read(lambda session: session.query(Sending).order_by(Sending.id).all())

    @property
    def letters(self) -> list[EmailMessage]:
        return self.postbox.letters


@pytest.fixture
def office(engine: Engine, cast: Any, clock: Any, postbox: Postbox) -> Office:
    return Office(engine, cast, clock, postbox)


def test_bob_gets_a_real_mail_in_chinese(office: Office) -> None:
    office.tell()
    assert office.work(minutes=1) == 0  # perhaps more comes
    assert office.work(minutes=1) == 1
    (letter,) = office.letters
    (sending,) = office.sendings()
    assert letter["Subject"] == "抄送：报修：三号楼"
    assert letter["To"] == "乙 <bob@bureau.example>"
    assert letter["From"] == "闭环 <bihuan@bureau.example>"
    assert letter["Message-ID"] == f"<{sending.batch}@bureau.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    body = letter.get_content()
    assert "甲将案件抄送给您。请阅" in body
    assert f"https://bihuan.example/notices/{sending.notice_id}" in body
    assert (sending.state, sending.attempts) == ("sent", 1)


def test_nothing_is_sent_and_no_socket_opened_by_default(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.engine.channels = Channels()
    office.tell()

    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert office.work(hours=5) == 0
    assert office.sendings() == []
    told = office.engine.read(lambda session: session.query(Notice).filter_by(kind="copied").one())
    assert told.routed_at is not None


def test_three_reminders_are_one_mail(office: Office) -> None:
    office.tell(3)
    assert office.work(minutes=2) == 1
    (letter,) = office.letters
    assert letter["Subject"] == "3 条消息"
    assert letter.get_content().count("甲将案件抄送给您") == 3
    assert len({sending.batch for sending in office.sendings()}) == 1


def test_sixty_reminders_are_one_mail_that_tells_fifty(office: Office) -> None:
    def tell(turn: Any) -> None:
        bob = [office.cast.bob.person_id]
        for number in range(60):
            detail = {"task": f"第{number}步", "reason": "无人"}
            prepared.send(turn.session, notices.tell(turn, bob, notices.INCIDENT, case=None, detail=detail))

    office.engine.write(office.cast.olga, tell)
    assert office.work(minutes=2) == 1
    (letter,) = office.letters
    assert letter["Subject"] == "60 条消息"
    body = letter.get_content()
    assert ("50. 案件在「第49步」停住" in body, "第50步" in body, body.strip().endswith("…")) == (True, False, True)


def test_a_letter_that_fails_is_sent_again_under_its_number_and_at_last_given_up(office: Office) -> None:
    office.postbox.answer = "451 try later"
    office.tell()
    assert office.work(minutes=2) == 1
    first = office.sendings()[0]
    assert (first.state, first.attempts, first.due_at) == ("waiting", 1, office.clock() + mailing.PAUSES[0])
    assert "451" in first.error
    assert office.work(seconds=59) == 0
    for pause in mailing.PAUSES:
        assert office.work(seconds=pause.total_seconds()) == 1
    assert (office.sendings()[0].state, office.sendings()[0].attempts) == ("failed", 6)
    assert office.work(days=3) == 0
    office.postbox.answer = "250 OK"
    assert office.engine.send_messages_again(first.batch, by=office.cast.olga) == 1
    assert office.work() == 0  # the first look of `work` sent it
    (letter,) = office.letters
    assert letter["Message-ID"] == f"<{first.batch}@bureau.example>"


def test_an_unknown_mailbox_is_given_up_at_once(office: Office) -> None:
    office.wish(addresses={"mail": "nobody@bureau.example"})
    office.tell()
    office.work(minutes=2)
    (sending,) = office.sendings()
    assert (sending.state, sending.attempts) == ("failed", 1)
    assert "550 no such mailbox" in sending.error


def test_a_worker_that_dies_after_sending_repeats_the_same_number(office: Office) -> None:
    office.tell()
    office.work(minutes=1)
    office.clock.advance(minutes=1)
    engine = office.engine
    (claimed,) = engine.write(office.cast.olga, mailing.claim, "first", engine.home)
    assert not engine.channels.send(claimed.channel, claimed.to, claimed.letter, office.clock()).error
    office.tell()  # what comes meanwhile is another message
    assert office.work() == 0
    office.clock.advance(seconds=mailing.LEASE.total_seconds() + 1)
    assert office.work() == 0
    ids = [letter["Message-ID"] for letter in office.letters]
    assert (len(ids), len(set(ids))) == (3, 2)
    assert ids.count(f"<{claimed.letter.id}@bureau.example>") == 2


def test_two_workers_send_each_message_once(office: Office) -> None:
    for login in ("bella", "bob", "diana", "charlie"):
        actor = getattr(office.cast, login)
        office.engine.set_preferences({"addresses": {"mail": f"{login}@bureau.example"}}, by=actor)
    office.engine.copy_case(office.case.id, ["bob", "bella", "diana", "charlie"], by=office.cast.alice)
    office.work(minutes=1)
    office.clock.advance(minutes=1)
    gate = Barrier(2)

    def run(name: str) -> None:
        gate.wait()
        office.engine.send_messages(name)

    workers = [Thread(target=run, args=(name,)) for name in ("one", "two")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(letter["To"].split("<")[1] for letter in office.letters) == [
        "bella@bureau.example>", "bob@bureau.example>", "charlie@bureau.example>", "diana@bureau.example>",
    ]  # fmt: skip


def test_who_has_left_is_told_nothing(office: Office) -> None:
    office.tell()
    office.work()
    office.engine.set_active("bob", False, by=office.cast.olga)
    office.clock.advance(minutes=2)
    assert office.work() == 0
    assert [sending.state for sending in office.sendings()] == ["dropped"]
    assert office.letters == []


def test_what_bob_does_not_want_is_not_sent(office: Office) -> None:
    office.wish(choices={"mail": {"copied": "none"}})
    office.tell()
    assert office.work(days=1) == 0
    assert office.letters == []


def test_a_digest_gathers_a_day(office: Office) -> None:
    office.wish(choices={"mail": {"copied": "digest"}}, digest_at="17:00")
    office.tell()
    assert office.work(hours=3) == 0
    office.tell()
    assert office.work(hours=4) == 1  # 17:00
    (letter,) = office.letters
    assert letter["Subject"] == "每日汇总：2 条消息"


@pytest.mark.parametrize(
    ("now", "kind", "expected"),
    [
        ("2026-11-23 10:00", "limit_near", "2026-11-23 10:02"),
        ("2026-11-23 19:57", "limit_near", "2026-11-23 19:59"),
        ("2026-11-23 19:58", "limit_near", "2026-11-24 07:30"),
        ("2026-11-24 03:00", "limit_near", "2026-11-24 07:30"),
        ("2026-11-27 21:00", "limit_near", "2026-11-30 07:30"),  # Friday evening: over the weekend
        ("2026-11-28 12:00", "limit_near", "2026-11-30 07:30"),
        ("2026-11-28 12:00", "limit_over", "2026-11-28 12:02"),  # urgent
        ("2026-02-14 12:00", "limit_near", "2026-02-14 12:02"),  # a Saturday on which people work
        ("2026-10-01 12:00", "limit_near", "2026-10-08 07:30"),  # the national holiday
    ],
)
def test_quiet_hours_reach_over_midnight_and_rest_days(now: str, kind: str, expected: str) -> None:
    made = datetime.fromisoformat(f"{now}+08:00")
    moment = Preferences().moment(kind, "now", made, SHIPPED)
    assert f"{moment.astimezone(made.tzinfo):%Y-%m-%d %H:%M}" == expected


def test_urgent_things_wait_too_where_somebody_wants_that() -> None:
    made = datetime.fromisoformat("2026-11-28T12:00+08:00")
    wishes = Preferences(urgent_passes=False, is_quiet_on_rest_days=False, quiet_from="12:00", quiet_until="14:00")
    assert wishes.moment("limit_over", "now", made, SHIPPED) == made + timedelta(hours=2)
    never_quiet = Preferences(is_quiet_on_rest_days=False, quiet_from="00:00", quiet_until="00:00")
    assert never_quiet.moment("limit_near", "now", made, SHIPPED) == made + timedelta(minutes=2)


def test_a_digest_of_a_rest_day_comes_on_the_next_working_day() -> None:
    friday = datetime.fromisoformat("2026-11-27T09:00+08:00")
    found = Preferences().moment("copied", "digest", friday, SHIPPED)
    assert found == datetime.fromisoformat("2026-11-30T08:30+08:00")


def test_wrong_wishes_are_named(office: Office) -> None:
    with pytest.raises(AddressWrong, match="not an address"):
        office.wish(addresses={"mail": "not an address"})
    with pytest.raises(TimeWrong, match="25:00"):
        office.wish(quiet_from="25:00")
    with pytest.raises(ChoiceUnknown, match="pigeon"):
        office.wish(choices={"pigeon": {}})
    with pytest.raises(ChoiceUnknown, match="sometimes"):
        office.wish(choices={"mail": {"copied": "sometimes"}})


def test_a_changed_text_is_what_people_get_until_it_is_reset(office: Office) -> None:
    olga = office.cast.olga
    with pytest.raises(PlaceUnknown, match=r"\{deadline\}.*known are person, site, link, case"):
        office.engine.change_wording("copied", "zh", subject="抄送", body="{deadline}", by=olga)
    for broken in ("{by", "{by!r}", "{by.name}", "{}", "{by:>9}"):
        with pytest.raises((BracesWrong, PlaceUnknown)):
            office.engine.change_wording("copied", "zh", subject="抄送", body=broken, by=olga)
    office.engine.change_wording("copied", "zh", subject="{site}：{case}", body="{by}请您看{title}", by=olga)
    office.tell()
    office.work(minutes=2)
    assert office.letters[0]["Subject"] == f"闭环：{office.case.number}"
    assert office.letters[0].get_content().strip() == "甲请您看报修：三号楼"
    assert office.engine.reset_wording("copied", "zh", by=olga).version == 2
    office.tell()
    office.work(minutes=2)
    assert office.letters[1]["Subject"] == "抄送：报修：三号楼"


def test_a_robot_gets_the_persons_number_and_a_key_for_repeats(office: Office, robot: Robot) -> None:
    office.engine.channels = Channels({"wecom": f"json://{robot.host}/secret-key?:touser={{to}}"})
    office.wish(addresses={"wecom": "zhang.san"})
    office.tell()
    office.work(minutes=2)
    ((path, body, key),) = robot.told
    assert path == "/secret-key"
    assert (body["touser"], body["title"]) == ("zhang.san", "抄送：报修：三号楼")
    assert key == str(office.sendings()[0].batch)
    robot.status = 500
    office.tell()
    office.work(minutes=2)
    error = office.sendings()[1].error
    assert "500" in error
    assert "secret-key" not in error


@pytest.mark.parametrize(
    ("channel", "address", "plugin"),
    [
        ("dingtalk", "dingtalk://abcdef0123456789/{to}", "dingtalk.NotifyDingTalk"),
        ("wecom", "wecombot://693a91f6-7aaa-4bc4-97a0-0ec2sifa5aaa", "wecombot.NotifyWeComBot"),
        ("feishu", "feishu://abcdefab-1234-5678", "feishu.NotifyFeishu"),
    ],
    ids=["dingtalk", "wecom", "feishu"],
)
def test_the_robots_of_chats_are_told(
    office: Office, robot: Robot, monkeypatch: pytest.MonkeyPatch, channel: str, address: str, plugin: str
) -> None:
    module, name = plugin.split(".")
    loaded = getattr(__import__(f"apprise.plugins.{module}", fromlist=[name]), name)
    monkeypatch.setattr(loaded, "notify_url", f"http://{robot.host}/robot")
    office.engine.channels = Channels({channel: address})
    office.wish(addresses={channel: "13800138000"}, choices={channel: {"copied": "now"}})
    office.tell()
    office.work(minutes=2)
    ((_path, body, _key),) = robot.told
    assert "甲将案件抄送给您" in json.dumps(body, ensure_ascii=False)
    assert [sending.state for sending in office.sendings()] == ["sent"]


def test_the_robot_of_the_nearest_unit_up_the_tree_speaks(office: Office, robot: Robot) -> None:
    robots = {("420101-yj", "wecom"): f"json://{robot.host}/bureau", ("4201", "wecom"): f"json://{robot.host}/city"}
    office.engine.channels = Channels({}, robots)
    assert office.engine.ways(by=office.cast.bob) == {"wecom": False}
    assert office.engine.ways(by=office.cast.alice) == {"wecom": False}  # of the town: the city's
    office.wish(choices={"wecom": {"copied": "now"}})
    office.tell()
    office.work(minutes=2)
    assert [path for path, _body, _key in robot.told] == ["/bureau"]
    office.engine.channels = Channels({}, {("4201", "wecom"): f"json://{robot.host}/city"})
    office.tell()
    office.work(minutes=2)
    assert [path for path, _body, _key in robot.told] == ["/bureau", "/city"]
    office.engine.channels = Channels({}, {("420102", "wecom"): f"json://{robot.host}/neighbour"})
    assert office.engine.ways(by=office.cast.bob) == {}
    office.tell()
    office.work(minutes=2)
    assert len(robot.told) == 2
    with pytest.raises(mailing.ChannelMissing):
        office.engine.send_trial("wecom", by=office.cast.bob)


def test_a_trial_message_comes_at_once_even_at_night(office: Office) -> None:
    office.clock.now = MONDAY + timedelta(hours=14)
    office.engine.send_trial("mail", by=office.cast.bob)
    office.engine.send_messages()
    assert office.letters[0]["Subject"] == "测试消息"
    with pytest.raises(mailing.ChannelMissing):
        office.engine.send_trial("sms", by=office.cast.bob)
    with pytest.raises(mailing.ChannelMissing):
        office.engine.send_trial("mail", by=office.cast.alice)


def test_what_was_told_long_ago_is_not_sent_when_a_channel_comes(office: Office) -> None:
    office.tell()
    office.clock.advance(days=2)
    assert office.work(minutes=5) == 0
    assert office.letters == []


def test_old_messages_are_forgotten(office: Office) -> None:
    office.tell()
    office.work(minutes=2)
    office.engine.read_notices(by=office.cast.bob)
    assert office.engine.forget_messages() == 0
    office.clock.advance(days=91)
    assert office.engine.forget_messages() == 2
