"""A wrong setting stops the start and is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from web.config import Settings, WrongSetting

GOOD = {"BIHUAN_SECRET_KEY": "x" * 32}


def test_settings_come_from_the_environment_with_their_types() -> None:
    settings = Settings.from_environment(
        {**GOOD, "BIHUAN_PORT": "9000", "BIHUAN_HTTPS": "off", "BIHUAN_FILES": "/srv/files", "PATH": "/bin"}
    )
    assert (settings.port, settings.https, settings.files) == (9000, False, Path("/srv/files"))
    assert settings.database_url == "sqlite:///bihuan.db"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BIHUAN_SECRET_KEY", "short"),
        ("BIHUAN_PORT", "eighty"),
        ("BIHUAN_PORT", "70000"),
        ("BIHUAN_HTTPS", "maybe"),
        ("BIHUAN_DATABASE_URL", "mysql://host/name"),
        ("BIHUAN_DATABASE_URL", "not an address"),
        ("BIHUAN_LOCALE", "fr"),
        ("BIHUAN_SIGN_IN_RATE", "often"),
        ("BIHUAN_RATE_STORAGE", "nowhere://"),
        ("BIHUAN_PROXIES", "-1"),
        ("BIHUAN_UPLOAD_MEGABYTES", "0"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_setting(name: str, value: str) -> None:
    with pytest.raises(WrongSetting, match=f"^{name}: "):
        Settings.from_environment({**GOOD, name: value})


def test_a_missing_secret_is_named() -> None:
    with pytest.raises(WrongSetting, match=r"^BIHUAN_SECRET_KEY: "):
        Settings.from_environment({})


def test_a_misspelt_setting_is_refused_and_the_known_ones_are_listed() -> None:
    with pytest.raises(WrongSetting, match=r"^BIHUAN_PROT: .*BIHUAN_PORT"):
        Settings.from_environment({**GOOD, "BIHUAN_PROT": "8000"})


def test_cookies_are_secure_unless_pages_are_served_without_https() -> None:
    secure = Settings(secret_key="x" * 32).for_flask()
    assert secure["SESSION_COOKIE_SECURE"] is True
    assert secure["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert Settings(secret_key="x" * 32, https=False).for_flask()["SESSION_COOKIE_SECURE"] is False


def test_units_have_robots_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "robots.csv"
    key = "wecombot://693a91f6-7aaa-4bc4-97a0-0ec2sifa5aaa"
    file.write_text(f"unit,channel,address\n441702-YJ,wecom,{key}\n", encoding="utf-8")
    environment = {**GOOD, "BIHUAN_UNIT_ROBOTS": str(file)}
    channels = Settings.from_environment(environment).channels
    assert channels.names == ("wecom",)
    assert channels.address("wecom", ("441702-YJ", "441702")) == key
    assert channels.address("wecom", ("441702",)) is None
    for line in ("441702-YJ,mail,x", "441702-YJ,wecom,nonsense", "441702-YJ,wecom", f"441702-YJ,wecom,{key}"):
        file.write_text(f"441702-YJ,wecom,{key}\n{line}\n", encoding="utf-8")
        with pytest.raises(WrongSetting, match=r"^BIHUAN_UNIT_ROBOTS: .*line 2"):
            Settings.from_environment(environment)
