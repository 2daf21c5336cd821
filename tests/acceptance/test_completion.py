"""What appears while options are typed: only what goes with the others, in the reader's language."""

from typing import Any

from tests.acceptance.admins import run_admin
from tests.acceptance.people import Json
from tests.acceptance.system import PROMPT, System


async def offered(system: System, focused: str, **options: Any) -> list[Json]:
    return await system.people.completes("video create", focused=focused, prompt=PROMPT, **options)


def values(choices: list[Json]) -> list[Any]:
    return [choice["value"] for choice in choices]


async def test_options_are_offered_as_far_as_they_go_together(system: System) -> None:
    async with system.bot():
        assert values(await offered(system, "model")) == ["kirin_v3_t2v", "kling-v1"]
        assert values(await offered(system, "model", camera="zoom_in")) == ["kling-v1"]
        assert values(await offered(system, "model", sound=True, duration=12)) == ["kirin_v3_t2v"]
        assert values(await offered(system, "mode")) == ["std", "pro"]
        assert values(await offered(system, "mode", camera="zoom_in")) == ["std"]
        assert values(await offered(system, "duration", model="kling-v1")) == [5, 10]
        assert values(await offered(system, "duration")) == list(range(3, 16))
        assert await offered(system, "camera", model="kirin_v3_t2v") == []
        assert await offered(system, "camera", model="kling-v1", duration=10) == []
        assert values(await offered(system, "strength", camera="pan_left")) == ["gentle", "clear", "strong"]
        assert await offered(system, "strength", camera="down_back") == []
        assert await offered(system, "strength", model="kirin_v3_t2v") == []
    assert system.database.entries() == []


async def test_a_member_is_offered_what_the_server_allows_them(system: System) -> None:
    async with system.bot():
        await run_admin(system.people, "limits", longest=4, pro="nobody", sound=False, model="kirin_v3_t2v")
        (model,) = await offered(system, "model")
        assert model["name"] == "Kirin 3 — storyboards · from 1 credit a second"
        assert values(await offered(system, "mode")) == ["std"]
        assert values(await offered(system, "duration")) == [3, 4]
        assert await offered(system, "camera") == []
        await run_admin(system.people, "limits", pro="everyone", model="kling-v1", longest=0)
        assert values(await offered(system, "model")) == ["kirin_v3_t2v", "kling-v1"]
        assert values(await offered(system, "mode")) == ["std", "pro"]


async def test_choices_say_what_they_cost_and_need_and_follow_what_is_typed(system: System) -> None:
    async with system.bot():
        costs = await offered(system, "duration", mode="pro", sound=True)
        assert costs[0] == {"name": "3 seconds · 6 credits", "value": 3}
        assert values(await offered(system, "duration", duration=1)) == list(range(10, 16))
        (move,) = await offered(system, "camera", camera="turn right")
        assert move == {"name": "Turn right and move forward (Kling 1, standard, 5 s)", "value": "right_turn_forward"}
        (move,) = await offered(system, "camera", camera="turn right", model="kling-v1", mode="std", duration=5)
        assert move["name"] == "Turn right and move forward"
        assert await offered(system, "model", model="KLING") == [
            {"name": "Kling 1 — camera moves · from 1 credit a second", "value": "kling-v1"}
        ]
