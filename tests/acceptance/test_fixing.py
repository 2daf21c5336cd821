"""Under every refusal there is a way on: the nearest that can be done, once more, or everything typed in a form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.acceptance.admins import does
from tests.acceptance.controls import control, fields, labels
from tests.acceptance.stage import PROMPT, SMALL

if TYPE_CHECKING:
    from tests.acceptance.people import Json
    from tests.acceptance.stage import Stage

ZOOM: Final[dict[str, Any]] = {"prompt": PROMPT, "model": "kling-v1", "mode": "pro", "duration": 10, "camera": "zoom"}


async def refusal(stage: Stage, **options: Any) -> Json:
    return await stage.people.answered(await stage.people.types("video create", **options))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (ZOOM, ["Use standard, 5 s (5 credits)", "Drop the camera move (14 credits)"]),
        (
            {"prompt": PROMPT, "model": "kirin_v3_t2v", "camera": "zoom"},
            ["Use kling-v1 (5 credits)", "Drop the camera move (5 credits)"],
        ),
        ({"prompt": PROMPT, "duration": 16}, ["Use 15 s (15 credits)", "Use kling-v1, 10 s (10 credits)"]),
        ({"prompt": PROMPT, "duration": 0}, ["Use 3 s (3 credits)", "Use kling-v1, 5 s (5 credits)"]),
        ({"prompt": PROMPT, "strength": 4.0}, ["Drop the strength (5 credits)"]),
        ({"prompt": PROMPT, "model": "kling-v1", "cfg": 3.0}, ["Use cfg 1 (5 credits)"]),
        (
            {"prompt": PROMPT, "model": "kling-v1", "camera": "zoom+pan", "strength": 99.0},
            ["Use Pan, strength 10 (5 credits)", "Use Zoom, strength 10 (5 credits)"],
        ),
        ({"prompt": PROMPT, "model": "kling-v0"}, ["Use kirin_v3_t2v (5 credits)"]),
        ({"prompt": " "}, []),
    ],
)
async def test_a_refusal_offers_the_nearest_that_can_be_done_and_the_form(
    stage: Stage, options: dict[str, Any], expected: list[str]
) -> None:
    async with stage.bot():
        found = labels(await refusal(stage, **options))
    assert [label for label in expected if label not in found] == [], found
    assert found[-1] == "Edit & retry"
    assert len(found) <= 4


async def test_pressing_the_nearest_makes_it_once_also_after_a_restart(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        message = await refusal(stage, **ZOOM)
    async with stage.bot():
        sent = [await people.presses(message, control(message, "Use standard, 5 s")) for _ in range(2)]
        answers = [await people.answer(each) for each in sent]
        result = await people.result()
        await stage.rest()
    assert "kling-v1 · standard · 16:9 · 5 seconds · camera zoom" in result["content"]
    assert sum("asked for this already" in answer for answer in answers) == 1
    assert stage.books.entries() == [("hold", 5), ("settle", 5)]


async def test_the_form_brings_back_everything_typed_and_asks_again(stage: Stage) -> None:
    people, typed = stage.people, {**ZOOM, "negative": "no @everyone", "strength": 2.5, "aspect": "1:1"}
    async with stage.bot():
        message = await refusal(stage, **typed)
    async with stage.bot():
        sent = await people.presses(message, control(message, "Edit & retry"))
        form = await people.form(sent)
        assert fields(form) == {
            "prompt": PROMPT,
            "negative": "no @everyone",
            "duration": "10",
            "look": ["pro 1:1"],
            "more": "model: kling-v1\nsound: no\nwatermark: no\ncamera: Zoom\nstrength: 2.5\ncfg:",
        }
        wrong = "model: kling-v1\ncamera: Crane\nstrength: much\nfps: 30"
        again = await people.answered(await people.submits(sent, duration="five", more=wrong))
        for words in ('"five" is not a number', '"much" is not a number', 'the line "fps: 30"', "Nothing was taken"):
            assert words in again["content"]
        sent = await people.presses(again, control(again, "Edit & retry"))
        form = await people.form(sent)
        assert fields(form)["more"] == wrong
        assert fields(form)["duration"] == "five"
        more = "model: kling-v1\ncamera: sink and pull back"
        await people.submits(sent, duration="5", look=["std 16:9"], more=more)
        assert "camera sink and pull back" in (await people.result())["content"]
        await stage.rest()
    assert stage.books.entries() == [("hold", 5), ("settle", 5)]


async def test_without_quota_what_the_balance_covers_is_offered(stage: Stage) -> None:
    people = stage.people
    async with stage.bot(daily_credits=6):
        message = await refusal(stage, prompt=PROMPT, mode="pro", duration=5, sound=True)
        assert "Try again" in labels(message)
        shorter = "Use 3 s (6 credits)"
        assert {shorter, "Use standard · Drop the sound (5 credits)"} <= set(labels(message))
        await people.presses(message, control(message, shorter))
        assert "pro · 16:9 · 3 seconds · sound" in (await people.result())["content"]
        await stage.rest()
    assert stage.books.entries() == [("hold", 6), ("settle", 6)]


async def test_when_the_provider_is_back_the_same_is_asked_again_with_one_tap(stage: Stage) -> None:
    people = stage.people
    await people.fault("kirin", "http_500", count=50)
    async with stage.bot():
        message = await refusal(stage, **SMALL)
        assert labels(message) == ["Edit & retry", "Try again"]
        await people.fault("kirin", "http_500", count=0)

    async with stage.bot():
        await people.presses(message, control(message, "Try again"))
        assert PROMPT in (await people.result())["content"]
        await stage.rest()


async def test_where_the_bot_may_not_post_the_video_is_offered_privately(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        message = await refusal(stage, channel="quiet", **SMALL)
        await people.presses(message, control(message, "Send it to me alone"))
        assert PROMPT in (await people.result("dm"))["content"]
        await stage.rest()


async def test_nobody_presses_anothers_button_and_an_unknown_draft_is_explained_in_chinese(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        message = await refusal(stage, locale="zh-CN", **ZOOM)
        assert "改用标准、5 秒（5 点额度）" in labels(message)
        stage.books.forget_drafts()
        answer = await people.answer(await people.presses(message, control(message, ":0"), locale="zh-CN"))
        assert "请重新开始" in answer
    assert stage.books.entries() == []


async def test_a_video_that_failed_can_be_changed_and_asked_for_again_by_whoever_sees_it(stage: Stage) -> None:
    people = stage.people
    await people.fault("kling", "task_failed", code="1301")
    async with stage.bot():
        sent = await people.types("video create", model="kling-v1", prompt=PROMPT, sound=False)

        async def failed() -> Json | None:
            message = await people.answered(sent)
            return message if labels(message) else None

        private = await people.until(failed, what="the end")
        assert labels(private) == ["Edit & retry", "Try again"]
        (card,) = await people.cards()
        assert labels(card) == ["Edit & retry", "Try again"]
    async with stage.bot():
        opened = await people.presses(card, control(card, "Edit & retry"), user="ben")
        assert fields(await people.form(opened))["prompt"] == PROMPT
        await people.submits(opened, user="ben", prompt=f"{PROMPT}, kindly")
        assert "kindly" in (await people.result())["content"]
        await stage.rest()
    assert stage.books.entries() == [("hold", 5), ("release", 5), ("hold", 5), ("settle", 5)]


@pytest.mark.parametrize(
    ("limit", "wanted", "label"),
    [
        ({"longest": 3}, {"duration": 5}, "Use 3 s (3 credits)"),
        ({"sound": False}, {"sound": True}, "Drop the sound (3 credits)"),
        ({"pro": "nobody"}, {"mode": "pro"}, "Use standard (3 credits)"),
        ({"pro": "roles", "pro_role": "VIP"}, {"mode": "pro"}, "Use standard (3 credits)"),
        ({"model": "kling-v1"}, {"model": "kirin_v3_t2v"}, "Use kling-v1, 5 s (5 credits)"),
    ],
)
async def test_what_a_server_limits_is_one_press_away_from_what_it_allows(
    stage: Stage, limit: dict[str, Any], wanted: dict[str, Any], label: str
) -> None:
    people = stage.people
    await people.role("VIP")
    async with stage.bot():
        await does(people, "limits", **limit)
        message = await refusal(stage, **{**SMALL, **wanted})
        assert labels(message)[0] == label
        assert "On its way" in await people.answer(await people.presses(message, control(message, label)))
        await stage.rest()
    assert len(await people.tasks()) == 1
