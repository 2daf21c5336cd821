"""Settings: every mistake at once by its name, no secret in any text, and an example that is the whole truth."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values

from bot.errors import SettingsInvalid
from bot.redaction import Redactor
from bot.settings import EXAMPLE, Settings

ROOT = Path(__file__).parents[1]
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
    os.environ.update({"DISCORD_TOKEN": TOKEN, "KIRIN_API_KEY": KEY, "MONTHLY_BUDGET_USD": "50", **environment})
    return Settings.load(env_file=None)


def mistakes(**environment: str) -> dict[str, str]:
    with pytest.raises(SettingsInvalid) as caught:
        load(**environment)
    return dict(caught.value.problems)


def test_a_token_a_key_and_a_budget_are_enough() -> None:
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
        "POLL_SECONDS_MIN": "700",
        "LEASE_SECONDS": "nan",
        "HEALTH_PORT": "99999",
        "LOG_LEVEL": "LOUD",
    }
    found = mistakes(**wrong)
    assert set(found) == set(wrong) - {"KLING_SECRET_KEY", "POLL_SECONDS_MIN"} | {"POLL_SECONDS_MAX"}
    assert all(text.startswith(("expected ", "must be set")) for text in found.values())


AN_ID = "an id of Discord's, which is a number of up to 19 digits"
WEB = "an address that begins with http:// or https://, without a user or password in it"
SIGNING = "the signing secret of the service's console, which begins with whsec_"
A_DATABASE = "sqlite:/// and the path of a file, or postgresql://user:password@host:port/name"
ESCAPED = "a user and a password with %40 in the place of each @, and likewise %2F for /, %3A for :, %25 for %"
SSL_MODES = "sslmode to be one of disable, allow, prefer, require, verify-ca, verify-full"
EXPECTED = [
    ("DISCORD_TOKEN", " ", "must be set"),
    ("DISCORD_API_URL", "discord.com", f'expected {WEB}, not "discord.com"'),
    ("DISCORD_API_URL", "https://user:pass@discord.com", f"expected {WEB}, not what is there"),
    ("DISCORD_API_URL", "https://[half", f'expected {WEB}, not "https://[half"'),
    ("DISCORD_API_URL", "http://here:99999", f'expected {WEB}, not "http://here:99999"'),
    (
        "DISCORD_GATEWAY_URL",
        "https://gateway.example",
        'expected an address that begins with ws:// or wss://, without a user or password in it, not "https://gateway.example"',
    ),
    ("DISCORD_GUILD_IDS", "1, two", f'expected {AN_ID}, not "two"'),
    ("DISCORD_GUILD_IDS", "0", f'expected {AN_ID}, not "0"'),
    ("OPERATOR_CHANNEL_ID", "#general", f'expected {AN_ID}, not "#general"'),
    ("OPERATOR_CHANNEL_ID", "99999999999999999999", f'expected {AN_ID}, not "99999999999999999999"'),
    ("KIRIN_CREATE_PATH", "task", 'expected a path that begins with /, not "task"'),
    ("KIRIN_QUERY_PATH", "/task", 'expected a path with {id} where the task\'s id goes, not "/task"'),
    ("KIRIN_QUERY_PATH", "task/{id}", 'expected a path that begins with /, not "task/{id}"'),
    ("KIRIN_BODY", "round", 'expected params or flat, not "round"'),
    ("KIRIN_FIND_IS_AUTHORITATIVE", "perhaps", 'expected true or false, not "perhaps"'),
    ("DATABASE_URL", "mysql://x", f'expected {A_DATABASE}, not "mysql://x"'),
    ("DATABASE_URL", "sqlite:///", f'expected {A_DATABASE}, not "sqlite:///"'),
    ("DATABASE_URL", "postgresql://here", f'expected {A_DATABASE}, not "postgresql://here"'),
    ("DATABASE_URL", "postgresql://here:0/x", f'expected {A_DATABASE}, not "postgresql://here:0/x"'),
    ("DATABASE_URL", "postgresql://here:many/x", f'expected {A_DATABASE}, not "postgresql://here:many/x"'),
    ("DATABASE_URL", "postgresql://ana:hu@sh@here/x", f"expected {ESCAPED}, not what is there"),
    ("DATABASE_URL", "postgresql://ana:hu/sh@here/x", f"expected {ESCAPED}, not what is there"),
    ("DATABASE_URL", "postgresql://ana:hu#sh@here/x", f"expected {ESCAPED}, not what is there"),
    ("DATABASE_URL", "postgresql://ana:hu%sh@here/x", f"expected {ESCAPED}, not what is there"),
    (
        "DATABASE_URL",
        "postgres://h/x?sslmode=yes",
        f'expected {SSL_MODES}, not "postgres://h/x?sslmode=yes"',
    ),
    ("DATABASE_POOL", "0", 'expected a whole number from 1 to 100, not "0"'),
    ("PRICE_TABLE", "/no/such/file", "expected a file that can be read (No such file or directory)"),
    ("DAILY_CREDITS", "-1", 'expected a whole number from 0 to 1000000, not "-1"'),
    ("DAILY_CREDITS", "1.5", 'expected a whole number from 0 to 1000000, not "1.5"'),
    ("DAILY_CREDITS", "99999999999999999999", 'expected a whole number from 0 to 1000000, not "99999999999999999999"'),
    ("DIRECT_CREDITS", "few", 'expected a whole number from 0 to 1000000, not "few"'),
    ("JOB_DEADLINE_MINUTES", "inf", 'expected a number above 0 and up to 10080, not "inf"'),
    ("POLL_SECONDS_MAX", "0.5", 'expected at least POLL_SECONDS_MIN, not "0.5"'),
    ("LEASE_SECONDS", "nan", 'expected a number from 1 to 3600, not "nan"'),
    ("KEEP_PROMPTS_DAYS", "for ever", 'expected a whole number from 0 to 3650, not "for ever"'),
    ("SOURCE_URL", "git@example", f'expected {WEB}, not "git@example"'),
    ("HEALTH_PORT", "99999", 'expected a whole number from 0 to 65535, not "99999"'),
    ("PUBLIC_URL", "shotcaller.example", f'expected {WEB}, not "shotcaller.example"'),
    ("CALLBACK_PORT", "0", 'expected a whole number from 1 to 65535, not "0"'),
    ("KLING_CALLBACK_SECRET", "whsec_", f"expected {SIGNING}, not what is there"),
    ("KLING_CALLBACK_SECRET", "whsec_***", f"expected {SIGNING}, not what is there"),
    ("KLING_CALLBACK_SECRET", "d2hhdGV2ZXI=", f"expected {SIGNING}, not what is there"),
    ("LOG_LEVEL", "LOUD", 'expected DEBUG, INFO, WARNING or ERROR, not "LOUD"'),
    ("LOG_LEVEL", "x" * 60, "expected DEBUG, INFO, WARNING or ERROR, not what is there"),
]


@pytest.mark.parametrize(("name", "value", "said"), EXPECTED)
def test_a_mistake_names_what_was_expected_and_what_is_there(name: str, value: str, said: str) -> None:
    assert mistakes(**{name: value}) == {name: said}


def test_an_amount_that_is_too_fine_is_told_how_fine_it_may_be() -> None:
    found = mistakes(MONTHLY_BUDGET_USD="0.1234567")
    assert "at most 6 digits after the point" in found["MONTHLY_BUDGET_USD"]


def in_file(folder: Path, *lines: str) -> dict[str, str]:
    """The mistakes in a `.env` file of these lines, with all that is needed before them."""
    file = folder / ".env"
    file.write_text(
        "\n".join((f"DISCORD_TOKEN={TOKEN}\nKIRIN_API_KEY={KEY}", "MONTHLY_BUDGET_USD=50", *lines)), encoding="utf-8"
    )
    try:
        Settings.load(env_file=file)
    except SettingsInvalid as exc:
        return {name.replace(str(file), ".env"): said for name, said in exc.problems}
    return {}


NO_SUCH = "expected the name of a setting; there is none of this name"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("KLING_APIKEY=hush-hush", {"KLING_APIKEY": f"{NO_SUCH} (did you mean KLING_API_KEY?)"}),
        ("export daily_credit=3", {"DAILY_CREDIT": f"{NO_SUCH} (did you mean DAILY_CREDITS?)"}),
        ("WEATHER=fine", {"WEATHER": NO_SUCH}),
        ("WEATHER=", {"WEATHER": NO_SUCH}),
        ("LOG_LEVEL", {".env, line 4": "expected NAME=value"}),
        ("LOG_LEVEL: INFO", {".env, line 4": "expected NAME=value"}),
        ("LOG_LEVEL='INFO", {".env, line 4": "expected NAME=value"}),
        ("# KLING_APIKEY=off", {}),
        ("log_level=DEBUG # as people write it", {}),
        ("COMPOSE_PROJECT_NAME=films", {}),
    ],
)
def test_what_no_setting_is_called_in_the_file_is_a_mistake(line: str, said: dict[str, str], tmp_path: Path) -> None:
    assert in_file(tmp_path, line) == said


def test_strange_names_stand_beside_all_other_mistakes(tmp_path: Path) -> None:
    assert set(in_file(tmp_path, "WEATHER=fine", "HEALTH_PORT=many", "LOG_LEVELS=INFO", "KLING_ACCESS_KEY=a")) == {
        "WEATHER",
        "HEALTH_PORT",
        "LOG_LEVELS",
        "KLING_ACCESS_KEY",
    }


def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"DISCORD_TOKEN=\xff\xfe")
    for file, said in ((tmp_path / ".env", "expected text in UTF-8"), (tmp_path, "expected a file that can be read")):
        with pytest.raises(SettingsInvalid) as caught:
            Settings.load(env_file=file)
        assert dict(caught.value.problems)[str(file)].startswith(said)


def test_what_a_month_may_cost_has_to_be_decided() -> None:
    (told,) = mistakes(MONTHLY_BUDGET_USD="").items()
    assert told[0] == "MONTHLY_BUDGET_USD"
    assert told[1].startswith("must be set to what all videos of a month may cost together, in USD")
    assert load(MONTHLY_BUDGET_USD="None").monthly_budget_usd is None
    assert load(MONTHLY_BUDGET_USD="0").monthly_budget_usd == 0
    assert "or none" in mistakes(MONTHLY_BUDGET_USD="plenty")["MONTHLY_BUDGET_USD"]


@pytest.mark.parametrize("name", ["KLING_APIKEY", "DISCORD_GUILD_ID", "DAILY_CREDIT"])
def test_a_slip_in_a_name_of_the_environment_is_told(name: str) -> None:
    assert mistakes(**{name: "1"})[name].startswith(f"{NO_SUCH} (did you mean ")


@pytest.mark.parametrize("name", ["DISCORD_WEBHOOK", "LOGLEVEL", "DATA_CENTRE", "LOG_FILE", "PATHS"])
def test_what_other_programs_have_in_the_environment_is_left_alone(name: str) -> None:
    assert load(**{name: "1"}) == load()


def test_a_name_like_that_of_a_setting_that_is_there_belongs_to_another_program() -> None:
    assert load(DATABASE_URI="postgres://x", DATABASE_URL="sqlite:///mine.db").database_path == "mine.db"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://ana:hush%40hush@db.example:5433/videos?sslmode=verify-full", "videos on db.example:5433"),
        ("postgres://ana@[::1]/videos", "videos on [::1]"),
        ("postgresql://one,two:5433/videos?target_session_attrs=read-write", "videos on one,two:5433"),
        ("postgresql:///videos?host=/run/postgresql&password=hush%40hush", "videos on /run/postgresql"),
        ("postgresql://%2Frun%2Fpostgresql/videos", "videos on %2Frun%2Fpostgresql"),
        ("postgresql:///videos", "videos on this machine"),
        ("sqlite:///data/videos.db", "data/videos.db"),
    ],
)
def test_a_database_is_named_without_its_password(url: str, name: str) -> None:
    settings = load(DATABASE_URL=url)
    assert settings.database_name == name
    assert settings.database_path == (name if url.startswith("sqlite") else None)
    hidden = Redactor(settings.secrets())
    told = [repr(settings), str(settings), hidden(url)]
    if "hush" in url:
        told += [hidden("hush@hush"), hidden("hush%40hush")]
    assert "hush" not in "".join(told)


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
    assert found["PRICE_TABLE"] == 'expected rate 1 credits: a number from 0 to 10000, not "-1"'
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


def test_models_are_named_as_the_table_has_them_and_need_prices(tmp_path: Path) -> None:
    key = {"KLING_API_KEY": "sk-1"}
    assert load(**key, KLING_MODELS="kling-v3, kling-v1").kling_models == ("kling-v3", "kling-v1")
    found = mistakes(**key, KLING_MODELS="kling-v3,sora")["KLING_MODELS"]
    assert found.startswith("expected models among kling-v3, ")
    assert found.endswith("not 'sora'")
    path = tmp_path / "models.toml"
    path.write_text('[[model]]\nprovider = "kling"\nmodel = "kling-v2-6"\nmodes = ["std", "pro", "4k"]')
    found = mistakes(**key, KLING_MODELS="kling-v2-6", MODEL_TABLE=str(path))["PRICE_TABLE"]
    assert found == "expected a price for kling-v2-6, 4k, without sound, 5, 10 seconds"
    gone = mistakes(**key, KLING_MODELS="", MODEL_TABLE=str(tmp_path / "gone.toml"))
    assert "a file that can be read" in gone["MODEL_TABLE"]
    path.write_text("[[model]]\nprovider = 5\nmodel = 5")
    assert mistakes(**key, MODEL_TABLE=str(path))["MODEL_TABLE"].startswith("expected model 1 ")


def test_models_may_be_called_otherwise() -> None:
    names = load(KLING_API_KEY="sk-1", MODEL_NAMES="kling-v1 = Old  camera, kling-v3=Kling").model_names
    assert names == (("kling-v1", "Old camera"), ("kling-v3", "Kling"))
    assert mistakes(MODEL_NAMES="sora=Sora")["MODEL_NAMES"].endswith("not 'sora'")
    form = "expected model=Name, with commas between, each name once and at most 40 characters"
    for wrong in ("kling-v1", "kling-v1=", "=Kling", "kling-v1=K,kling-v3=K", f"kling-v1={'x' * 41}"):
        assert mistakes(MODEL_NAMES=wrong)["MODEL_NAMES"].startswith(form)


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


def test_the_checkouts_example_is_the_one_that_is_installed() -> None:
    installed = EXAMPLE.relative_to(ROOT)
    assert (ROOT / ".env.example").read_text("utf-8") == EXAMPLE.read_text("utf-8"), f"cp {installed} .env.example"


def test_the_example_has_every_setting_once_with_a_word_of_explanation() -> None:
    lines = _lines()
    assert sorted(name.lower() for name, *_ in lines) == sorted(Settings.model_fields)
    for name, _, _, before in lines:
        assert before.startswith("# ") or LINE.fullmatch(before), name


def test_the_page_of_settings_has_every_setting_once() -> None:
    rows = re.findall(r"^\| (`[A-Z].*?) \|", (ROOT / "docs" / "settings.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(name.lower() for row in rows for name in re.findall(r"`(\w+)`", row)) == sorted(Settings.model_fields)


def test_the_example_shows_the_defaults() -> None:
    plain = load()
    shown: dict[str, Any] = {name: value for name, off, value, _ in _lines() if off and value}
    for name, value in shown.items():
        assert getattr(load(**{name: value}), name.lower()) == getattr(plain, name.lower()), name
    without = {name for name, off, value, _ in _lines() if off and not value}
    assert {name for name in without if getattr(plain, name.lower()) not in {None, "", ()}} == set()


def unfilled(file: Path) -> dict[str, str]:
    with pytest.raises(SettingsInvalid) as caught:
        Settings.load(env_file=file)
    return dict(caught.value.problems)


def test_the_example_filled_in_is_a_bot_that_runs(tmp_path: Path) -> None:
    copy = tmp_path / ".env"
    copy.write_text(EXAMPLE.read_text(encoding="utf-8").replace("DISCORD_TOKEN=", f"DISCORD_TOKEN={TOKEN}"))
    assert set(unfilled(copy)) == {"MONTHLY_BUDGET_USD", "KIRIN_API_KEY"}
    copy.write_text(copy.read_text(encoding="utf-8").replace("\nMONTHLY_BUDGET_USD=", "\nMONTHLY_BUDGET_USD=50"))
    assert dotenv_values(copy)["DISCORD_TOKEN"] == TOKEN
    os.environ["KIRIN_API_KEY"] = KEY
    assert Settings.load(env_file=copy) == load()


def test_metrics_are_served_at_a_port() -> None:
    assert mistakes(METRICS="true") == {
        "METRICS": 'expected a HEALTH_PORT beside it, at which they are served, not "true"'
    }
    assert load(METRICS="true", HEALTH_PORT="8080").metrics
