"""What the doctor says of backups: how old the newest is, and that there is none."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import utc_now
from bot.doctor.backup import FRESH, check_backups
from bot.domain.finding import Finding, Mark
from bot.locale import words
from bot.operate.backup import take
from bot.settings import Settings
from bot.wiring.database import bring_up_to_date


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    keys = {"discord_token": "token", "kirin_api_key": "key", "monthly_budget_usd": "none", "data_dir": tmp_path}
    return Settings.load(env_file=None, **keys, database_url=f"sqlite:///{tmp_path}/shotcaller.db")


async def found(settings: Settings, locale: str = "en-US") -> list[Finding]:
    return [each async for each in check_backups(settings, words(locale))]


async def test_where_no_database_is_nothing_has_to_be_backed_up(settings: Settings) -> None:
    assert await found(settings) == []


async def test_a_database_without_a_backup_is_told(settings: Settings) -> None:
    await bring_up_to_date(settings, now=utc_now())
    (finding,) = await found(settings)
    assert (finding.mark, "shotcaller backup" in finding.remedy) == (Mark.NOTE, True)


@pytest.mark.parametrize(("age", "mark"), [(timedelta(), Mark.GOOD), (FRESH, Mark.NOTE)])
async def test_the_newest_backup_may_be_a_day_old(settings: Settings, age: timedelta, mark: Mark) -> None:
    now = utc_now()
    await bring_up_to_date(settings, now=now)
    for taken_at in (now - age, now - age - timedelta(days=3)):
        await take(settings, settings.backups_dir, now=taken_at, keep=9, weeks=9)
    (finding,) = await found(settings, "zh-CN")
    assert (finding.mark, finding.about) == (mark, "备份")
    assert f"{now - age:%Y-%m-%d %H:%M} UTC" in finding.text
    assert bool(finding.remedy) is (mark is Mark.NOTE)
