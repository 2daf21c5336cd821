"""When a video is ready, and why it never will be, in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain import Destination, Forecast, JobStatus, VideoRequest
from bot.errors import DestinationLost, ResultUnusable, SettingsInvalid
from bot.locale import locales, words
from bot.service.ports import Card, Phase
from cogs.ui.error_texts import describe
from cogs.ui.job_views import card_embed
from cogs.ui.text import failure, wait
from tests.jobs import job

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
RUNNING = job(
    destination=Destination(guild_id=1, channel_id=2, upload_limit=10_000_000),
    provider="kling",
    request=VideoRequest(model="kling-v1", prompt="a fox"),
    status=JobStatus.RUNNING,
    usd_micros=1,
    submitted_at=NOW,
)


def forecast(usual: float, late: float) -> Forecast:
    return Forecast(usual=timedelta(seconds=usual), late=timedelta(seconds=late))


@pytest.mark.parametrize(
    ("locale", "said"), [("en-US", "Usually ready in about 40 seconds, at worst 2 minutes"), ("zh-CN", "最慢 2 分钟")]
)
def test_the_usual_wait_is_told_and_the_longer_one(locale: str, said: str) -> None:
    assert said in wait(forecast(40, 120), words(locale))


def test_two_waits_that_read_the_same_are_told_once() -> None:
    assert wait(forecast(40.1, 40.3), words()) == "Usually ready in about 40 seconds"


@pytest.mark.parametrize("locale", locales())
def test_a_card_shows_times_that_count_by_themselves_until_the_video_is_overdue(locale: str) -> None:
    usual, late = NOW + timedelta(minutes=1), NOW + timedelta(minutes=3)
    card = Card(job=RUNNING, phase=Phase.RUNNING, expected_at=usual, late_at=late)
    on_time = card_embed(card, words(locale)).description or ""
    overdue = card_embed(replace(card, overdue=True), words(locale)).description or ""
    assert f"<t:{int(usual.timestamp())}:R>" in on_time
    assert f"<t:{int(late.timestamp())}:t>" in on_time
    assert str(int(late.timestamp())) not in overdue
    assert words(locale)("card.overdue", since=f"<t:{int(NOW.timestamp())}:R>") in overdue


@pytest.mark.parametrize("locale", locales())
def test_a_code_that_says_more_than_its_class_has_its_own_sentence(locale: str) -> None:
    say = words(locale)
    failed = replace(RUNNING, status=JobStatus.FAILED, failure="operator", failure_code="1102")
    assert failure(failed, say).startswith(say("failed.operator.1102"))
    assert failure(replace(failed, failure_code="9999"), say).startswith(say("failed.operator"))
    assert failure(replace(failed, failure="deadline"), say).startswith(say("failed.deadline"))


def test_an_error_without_words_of_its_own_is_told_as_its_nearest_kind() -> None:
    class Finer(ResultUnusable):
        pass

    assert describe(Finer("x"), words()) == words()("error.result_unusable")
    assert describe(DestinationLost("x"), words("zh-CN")) == words("zh-CN")("error.destination_lost")
    assert describe(SettingsInvalid([]), words()) is None


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"expected_at": NOW + timedelta(minutes=5)}, "Expected <t:1772712300:R>"),
        ({}, "Number 3 in line, waiting since"),
        ({"paused": True}, "It is paused here; your place is kept"),
    ],
)
def test_a_card_in_line_says_its_place_and_what_is_known(known: dict[str, Any], said: str) -> None:
    waiting = replace(RUNNING, status=JobStatus.QUEUED, submitted_at=None)
    card = Card(job=waiting, phase=Phase.WAITING, position=3, **known)
    for locale in locales():
        assert "3" in (card_embed(card, words(locale)).description or "")
    text = card_embed(card, words()).description or ""
    assert "Number 3 in line" in text
    assert said in text
