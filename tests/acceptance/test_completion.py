"""What appears while options are typed: only what goes with the others, in the reader's language."""

from typing import Any

from tests.acceptance.people import Json
from tests.acceptance.system import PROMPT, System


async def offered(system: System, focused: str, **options: Any) -> list[Json]:
    return await system.people.completes("video create", focused=focused, prompt=PROMPT, **options)


def values(choices: list[Json]) -> list[Any]:
    return [choice["value"] for choice in choices]


async def test_options_are_offered_as_far_as_they_go_together(system: System) -> None:
    async with system.bot():
        assert values(await offered(system, "model")) == ["kirin_v3_t2v", "kling-v1"]
        assert values(await offered(system, "model", camera="zoom")) == ["kling-v1"]
        assert values(await offered(system, "model", sound=True, duration=12)) == ["kirin_v3_t2v"]
        assert values(await offered(system, "mode")) == ["std", "pro"]
        assert values(await offered(system, "mode", camera="zoom")) == ["std"]
        assert values(await offered(system, "duration", model="kling-v1")) == [5, 10]
        assert values(await offered(system, "duration")) == list(range(3, 16))
        assert await offered(system, "camera", model="kirin_v3_t2v") == []
        assert await offered(system, "camera", model="kling-v1", duration=10) == []
    assert system.database.entries() == []


async def test_choices_say_what_they_cost_and_need_and_follow_what_is_typed(system: System) -> None:
    async with system.bot():
        costs = await offered(system, "duration", mode="pro", sound=True)
        assert costs[0] == {"name": "3 seconds · 6 credits", "value": 3}
        assert values(await offered(system, "duration", duration=1)) == list(range(10, 16))
        (move,) = await offered(system, "camera", camera="right")
        assert move == {"name": "Turn right and move forward (Kling 1, standard, 5 s)", "value": "right_turn_forward"}
        (move,) = await offered(system, "camera", camera="right", model="kling-v1", mode="std", duration=5)
        assert move["name"] == "Turn right and move forward"
        assert await offered(system, "model", model="KLING") == [
            {"name": "Kling 1 — camera moves · from 1 credit a second", "value": "kling-v1"}
        ]
