"""Settings: every mistake at once by its name, no secret in any text, and an example that is the whole truth."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from dotenv import dotenv_values

from bot.errors import SettingsInvalid
from bot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).parents[1] / ".env.example"
TOKEN, KEY = "discord-token-7f3a", "kirin-key-9c1d"
LINE = re.compile(r"(?P<off>#)?(?P<name>[A-Z][A-Z_]+)=(?P<value>.*)")


@pytest.fixture(autouse=True)
def _bare_environment() -> Iterator[None]:
    """No setting of this machine takes part; whatever a test sets is gone afterwards."""
    before = dict(os.environ)
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)
    yield
    os.environ.clear()
    os.environ.update(before)


def load(**environment: str) -> Settings:
    os.environ.update({"DISCORD_TOKEN": TOKEN, "KIRIN_API_KEY": KEY, **environment})
    return Settings.load(_env_file=None)


def mistakes(**environment: str) -> dict[str, str]:
    with pytest.raises(SettingsInvalid) as caught:
        load(**environment)
    return dict(caught.value.problems)


def test_a_token_and_a_key_are_enough() -> None:
    settings = load()
    assert settings.discord_token.get_secret_value() == TOKEN
    assert settings.database_path == "data/shotcaller.db"
    assert (settings.has_kling, settings.secrets()) == (False, [TOKEN, KEY])


def test_every_mistake_is_named_at_once() -> None:
    wrong = {
        "DISCORD_TOKEN": "",
        "DISCORD_API_URL": "discord.com",
        "DISCORD_GATEWAY_URL": "https://gateway.discord.gg",
        "DISCORD_GUILD_IDS": "1, two",
        "OPERATOR_CHANNEL_ID": "#general",
        "KIRIN_API_KEY": "",
        "KIRIN_QUERY_PATH": "/task",
        "KIRIN_BODY": "round",
        "KLING_ACCESS_KEY": "",
        "KLING_SECRET_KEY": "s",
        "KLING_PATH_PREFIX": "kling",
        "DATABASE_URL": "mysql://x",
        "DAILY_CREDITS": "-1",
        "JOB_DEADLINE_MINUTES": "inf",
        "POLL_SECONDS_MIN": "50",
        "LEASE_SECONDS": "nan",
        "HEALTH_PORT": "99999",
        "LOG_LEVEL": "LOUD",
    }
    found = mistakes(**wrong)
    assert set(found) == set(wrong) - {"KLING_SECRET_KEY", "POLL_SECONDS_MIN"} | {"POLL_SECONDS_MAX"}
    assert all(text.startswith(("expected ", "must be set")) for text in found.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DISCORD_API_URL", "https://user:pass@discord.com"),
        ("KIRIN_QUERY_PATH", "task/{id}"),
        ("DATABASE_URL", "sqlite:///"),
        ("OPERATOR_CHANNEL_ID", "99999999999999999999"),
        ("DAILY_CREDITS", "99999999999999999999"),
        ("POLL_SECONDS_MAX", "1"),
    ],
)
def test_a_value_that_could_not_work_is_a_mistake(name: str, value: str) -> None:
    assert set(mistakes(**{name: value})) == {name}


def test_one_of_two_keys_is_no_key() -> None:
    assert "KLING_ACCESS_KEY" in mistakes(KLING_ACCESS_KEY="a")
    both = load(KLING_ACCESS_KEY="access", KLING_SECRET_KEY="secret", KIRIN_API_KEY="")
    assert (both.has_kling, both.kirin_api_key) == (True, None)


def test_without_any_service_there_is_no_bot() -> None:
    assert set(mistakes(KIRIN_API_KEY="")) == {"KIRIN_API_KEY"}


def test_a_price_table_that_cannot_be_used_is_a_mistake_beside_all_others(tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text('[[rate]]\nprovider = "kirin"\nmodel = "kirin_v3_t2v"\nmode = "std"\ncredits = -1\nusd = 1\n')
    found = mistakes(PRICE_TABLE=str(prices), LOG_LEVEL="LOUD")
    assert set(found) == {"PRICE_TABLE", "LOG_LEVEL"}
    assert found["PRICE_TABLE"].startswith("expected rate 1 credits: ")
    assert (
        "a file that can be read" in mistakes(PRICE_TABLE=str(tmp_path / "gone.toml"), LOG_LEVEL="INFO")["PRICE_TABLE"]
    )
    prices.write_text(prices.read_text().replace("-1", "1"))
    assert load(PRICE_TABLE=str(prices)).price_table == prices


def test_keys_come_without_the_blanks_of_copying() -> None:
    settings = load(DISCORD_TOKEN=f" {TOKEN}\n", KLING_API_KEY="\tkey\r\n")
    assert settings.secrets() == [TOKEN, KEY, "key"]
    assert set(mistakes(DISCORD_TOKEN="  ")) == {"DISCORD_TOKEN"}


def test_what_is_left_blank_has_its_default() -> None:
    assert load(HEALTH_PORT="", DISCORD_GUILD_IDS="", KLING_API_KEY="", DATA_DIR="") == load()


def test_lists_and_addresses_are_read_as_people_write_them() -> None:
    settings = load(DISCORD_GUILD_IDS=" 12, 34 ,", KIRIN_BASE_URL="https://relay.example/api/", KLING_PATH_PREFIX="/k/")
    assert settings.discord_guild_ids == (12, 34)
    assert (settings.kirin_base_url, settings.kling_path_prefix) == ("https://relay.example/api", "/k")


@pytest.mark.parametrize("name", ["DISCORD_TOKEN", "KIRIN_API_KEY", "KLING_API_KEY"])
def test_no_secret_is_in_any_text(name: str) -> None:
    secret = "the-secret-itself"
    assert secret not in repr(load(**{name: secret})) + str(load(**{name: secret}))
    with pytest.raises(SettingsInvalid) as caught:
        load(**{name: secret, "HEALTH_PORT": secret, "KIRIN_BASE_URL": secret, "LOG_LEVEL": secret})
    assert secret not in f"{caught.value} {caught.value!r} {caught.value.problems}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_settings_do_not_change() -> None:
    settings = load()
    with pytest.raises(ValueError, match="frozen"):
        settings.daily_credits = 1  # type: ignore[misc]


def _lines() -> list[tuple[str, bool, str, str]]:
    """Each setting of the example: its name, whether it is commented out, its value, and the line before it."""
    found, before = [], ""
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if match := LINE.fullmatch(line):
            found.append((match["name"], bool(match["off"]), match["value"], before))
        before = line
    return found


def test_the_example_has_every_setting_once_with_a_word_of_explanation() -> None:
    lines = _lines()
    assert sorted(name.lower() for name, *_ in lines) == sorted(Settings.model_fields)
    for name, _, _, before in lines:
        assert before.startswith("# ") or LINE.fullmatch(before), name


def test_the_example_shows_the_defaults() -> None:
    plain = load()
    shown: dict[str, Any] = {name: value for name, off, value, _ in _lines() if off and value}
    for name, value in shown.items():
        assert getattr(load(**{name: value}), name.lower()) == getattr(plain, name.lower()), name
    without = {name for name, off, value, _ in _lines() if off and not value}
    assert {name for name in without if getattr(plain, name.lower()) not in {None, "", ()}} == set()


def test_the_example_filled_in_is_a_bot_that_runs(tmp_path: Path) -> None:
    copy = tmp_path / ".env"
    copy.write_text(EXAMPLE.read_text(encoding="utf-8").replace("DISCORD_TOKEN=", f"DISCORD_TOKEN={TOKEN}"))
    assert dotenv_values(copy)["DISCORD_TOKEN"] == TOKEN
    os.environ["KIRIN_API_KEY"] = KEY
    assert Settings.load(_env_file=copy) == load()
