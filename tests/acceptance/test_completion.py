"""What appears while options are typed: only what goes with the others, in the reader's language."""

from typing import Any

from tests.acceptance.people import Json
from tests.acceptance.stage import PROMPT, Stage


async def offered(stage: Stage, focused: str, **options: Any) -> list[Json]:
    return await stage.people.completes("video create", focused=focused, prompt=PROMPT, **options)


def values(choices: list[Json]) -> list[Any]:
    return [choice["value"] for choice in choices]


async def test_options_are_offered_as_far_as_they_go_together(stage: Stage) -> None:
    async with stage.bot():
        assert values(await offered(stage, "model")) == ["kirin_v3_t2v", "kling-v1"]
        assert values(await offered(stage, "model", camera="zoom")) == ["kling-v1"]
        assert values(await offered(stage, "model", sound=True, duration=12)) == ["kirin_v3_t2v"]
        assert values(await offered(stage, "mode")) == ["std", "pro"]
        assert values(await offered(stage, "mode", camera="zoom")) == ["std"]
        assert values(await offered(stage, "duration", model="kling-v1")) == [5, 10]
        assert values(await offered(stage, "duration")) == list(range(3, 16))
        assert await offered(stage, "camera", model="kirin_v3_t2v") == []
        assert await offered(stage, "camera", model="kling-v1", duration=10) == []
    assert stage.books.entries() == []


async def test_choices_say_what_they_cost_and_need_and_follow_what_is_typed(stage: Stage) -> None:
    async with stage.bot():
        costs = await offered(stage, "duration", mode="pro", sound=True)
        assert costs[0] == {"name": "3 seconds · 6 credits", "value": 3}
        assert values(await offered(stage, "duration", duration=1)) == list(range(10, 16))
        (move,) = await offered(stage, "camera", camera="right")
        assert move == {"name": "Turn right and move forward (kling-v1, standard, 5 s)", "value": "right_turn_forward"}
        (move,) = await offered(stage, "camera", camera="right", model="kling-v1", mode="std", duration=5)
        assert move["name"] == "Turn right and move forward"
        assert await offered(stage, "model", model="KLING") == [{"name": "kling-v1 (Kling 1.0)", "value": "kling-v1"}]
