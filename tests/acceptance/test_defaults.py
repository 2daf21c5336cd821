"""What people, channels and servers choose once for all, and where it counts."""

from typing import Any

from tests.acceptance.controls import chosen, control, offers, shown
from tests.acceptance.people import Json
from tests.acceptance.system import PROMPT, System


async def choose(system: System, scope: str | None, *, user: str = "ana", **choices: str) -> Json:
    """Choose defaults on the message of `/settings`; the message afterwards."""
    people = system.people
    options: dict[str, Any] = {} if scope is None else {"scope": scope}
    message = await people.answered(await people.types("settings", user=user, **options))
    for option, value in choices.items():
        sent = await people.presses(message, control(message, f":{option}"), value, user=user)
        message = await people.edited(sent)
        assert chosen(message, f":{option}") == [value]
    return message


async def test_a_persons_defaults_fill_in_what_is_left_out_and_are_told(system: System) -> None:
    people = system.people
    async with system.bot():
        await choose(system, None, mode="pro", aspect="1:1", duration="3", sound="yes", notify="silent")
    async with system.bot():
        answer = await people.answer(await people.types("video create", prompt=PROMPT))
        assert "With the defaults pro · 1:1 · 3 s · sound" in answer
        result = await people.result()
        assert "pro · 1:1 · 3 seconds · sound" in result["content"]
        answer = await people.answer(await people.types("video create", prompt=PROMPT, mode="std", sound=False))
        assert "With the defaults 1:1 · 3 s." in answer
        await system.rest()


async def test_the_persons_own_come_before_the_channels_and_those_before_the_servers(system: System) -> None:
    people = system.people
    async with system.bot():
        await choose(system, "server", user="admin", model="kling-v1", mode="pro", aspect="9:16")
        await choose(system, "channel", user="admin", mode="std", duration="10")
        await choose(system, "mine", aspect="1:1")
        answer = await people.answer(await people.types("video create", prompt=PROMPT))
        assert "With the defaults 1:1 · standard · 10 s · Kling 1" in answer
        answer = await people.answer(await people.types("video create", channel="showcase", user="ben", prompt=PROMPT))
        assert "With the defaults Kling 1 · pro · 9:16" in answer
        answer = await people.answer(await people.types("video create", user="ben", prompt=PROMPT, duration=7))
        assert "Kling 1" not in answer
        await system.rest()


async def test_a_default_gives_way_to_what_was_typed(system: System) -> None:
    people = system.people
    async with system.bot():
        message = await choose(system, "mine", model="kling-v1", mode="pro", duration="10")
        assert offers(message, ":duration") == ["-", "5", "10"]
        answer = await people.answer(await people.types("video create", prompt=PROMPT, camera="zoom_in"))
        assert "With the defaults Kling 1." in answer
        await people.result()
        await system.rest()
    async with system.bot(kling_api_key=""):
        answer = await people.answer(await people.types("video create", prompt=PROMPT, duration=3))
        assert "With the defaults pro." in answer
        await system.rest()


async def test_only_who_manages_the_server_chooses_for_others(system: System) -> None:
    people = system.people
    async with system.bot():
        answer = await people.answer(await people.types("settings", scope="server"))
        assert "Manage Server" in answer
        message = await choose(system, "server", user="admin", mode="pro")
        await people.change_settings(user="admin", roles=[])
        sent = await people.presses(message, control(message, ":mode"), "std", user="admin")
        refusal = await people.until(lambda: people.followup(sent), what="the refusal")
        assert "Manage Server" in refusal["content"]
        await people.types("video create", prompt=PROMPT, duration=3)
        assert "pro" in (await people.result())["content"]
        await system.rest()


async def test_all_can_be_forgotten_again_also_in_direct_messages(system: System) -> None:
    people = system.people
    async with system.bot():
        await choose(system, None, mode="pro")
        message = await people.answered(await people.types("settings", channel="dm", locale="zh-CN"))
        assert "你的默认设置" in shown(message)
        message = await people.edited(await people.presses(message, control(message, ":reset")))
        assert chosen(message, ":mode") == ["-"]
        answer = await people.answer(await people.types("video create", prompt=PROMPT, duration=3))
        assert "defaults" not in answer
        await system.rest()
