"""A model is named with what it is for and its price; all of that follows from what it can do."""

from dataclasses import replace

import pytest

from bot.domain import Mode
from bot.domain.price import Tariff
from bot.locale import Words, words
from cogs.ui.limits import CHOICE, OPTION
from cogs.ui.model_texts import abilities_and_lengths, model_about, model_line, model_options, models_called
from tests.models import KIRIN_V3, KLING_V1, SHIPPED

EN, ZH = words(), words("zh-CN")


@pytest.mark.parametrize(
    ("model", "english", "chinese"),
    [
        (
            "kirin_v3_t2v",
            "Kirin 3 — sound, 3–15 s, storyboards · from 1 credit a second",
            "Kirin 3：有声、3–15 秒、分镜 · 每秒 1 点额度起",
        ),
        (
            "kling-v3",
            "Kling 3 — 4K, sound, 3–15 s, storyboards · from 1 credit a second",
            "Kling 3：4K、有声、3–15 秒、分镜 · 每秒 1 点额度起",
        ),
        (
            "kling-v2-6",
            "Kling 2.6 — sound in pro · from 0.5 credits a second",
            "Kling 2.6：专业画质有声 · 每秒 0.5 点额度起",
        ),
        (
            "kling-v2-5-turbo",
            "Kling 2.5 Turbo — 5 or 10 s · from 0.5 credits a second",
            "Kling 2.5 Turbo：5 或 10 秒 · 每秒 0.5 点额度起",
        ),
        ("kling-v1", "Kling 1 — camera moves · from 1 credit a second", "Kling 1：运镜 · 每秒 1 点额度起"),
    ],
)
def test_a_line_says_what_a_model_is_for(model: str, english: str, chinese: str) -> None:
    assert (model_line(SHIPPED[model], EN), model_line(SHIPPED[model], ZH)) == (english, chinese)


def test_what_a_server_takes_away_is_not_said() -> None:
    assert model_about(replace(KIRIN_V3, sound=False, durations=(3, 4)), EN).startswith("storyboards")
    assert model_about(replace(KLING_V1, camera=None, durations=(5,), tariff=Tariff()), EN) == "5 s"


def test_where_lengths_matter_they_are_said_once() -> None:
    assert abilities_and_lengths(KIRIN_V3, EN) == "sound, 3–15 s, storyboards"
    assert abilities_and_lengths(KLING_V1, EN) == "camera moves, 5 or 10 s"
    assert abilities_and_lengths(KLING_V1, ZH) == "运镜、5 或 10 秒"


def test_a_second_costs_from_what_the_cheapest_kind_costs() -> None:
    assert SHIPPED["kling-v2-1-master"].least_a_second() == pytest.approx(10 / 3)
    assert "from 1.33 credits" in model_about(replace(KIRIN_V3, modes=(Mode.PRO,)), EN)


def test_models_are_found_by_what_people_call_them_and_by_their_ids() -> None:
    assert models_called("kling 1", SHIPPED, EN) == [("Kling 1.6", "kling-v1-6"), ("Kling 1", "kling-v1")]
    assert models_called("T2V", SHIPPED, EN) == [("Kirin 3", "kirin_v3_t2v")]


@pytest.mark.parametrize("say", [EN, ZH], ids=["en", "zh"])
def test_every_shipped_model_is_said_whole(say: Words) -> None:
    assert all(len(model_line(each, say)) <= CHOICE for each in SHIPPED.values())
    options = model_options(SHIPPED.values(), "kling-v1", say)
    assert all(len(each.description or "") <= OPTION for each in options)
    assert [each.value for each in options if each.default] == ["kling-v1"]
