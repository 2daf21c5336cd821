"""Commands, options and choices have names in the person's language, and people have names too."""

from typing import Any

import pytest

from tests.sandbox.conftest import Harness

COMMAND: dict[str, Any] = {
    "name": "video",
    "name_localizations": {"zh-CN": "视频"},
    "description": "Videos",
    "options": [
        {
            "type": 1,
            "name": "create",
            "name_localizations": {"zh-CN": "生成"},
            "description": "Make one",
            "options": [
                {
                    "type": 3,
                    "name": "mode",
                    "name_localizations": {"zh-CN": "模式"},
                    "description": "How",
                    "required": True,
                    "choices": [{"name": "Fast", "name_localizations": {"zh-CN": "快速"}, "value": "std"}],
                },
                {
                    "type": 3,
                    "name": "preset",
                    "name_localizations": {"zh-CN": "预设"},
                    "description": "Which",
                    "autocomplete": True,
                },
            ],
        },
    ],
}
MENU = {"name": "Their videos", "type": 2, "name_localizations": {"zh-CN": "TA 的视频"}}


@pytest.mark.parametrize(
    ("locale", "name", "options"),
    [
        ("zh-CN", "视频 生成", {"模式": "快速", "预设": "x"}),
        ("zh-CN", "video create", {"mode": "Fast", "preset": "x"}),
        ("en-US", "video create", {"mode": "std", "preset": "x"}),
    ],
)
async def test_a_command_is_typed_in_ones_own_language(
    harness: Harness, locale: str, name: str, options: dict[str, str]
) -> None:
    async with harness.online() as bot:
        await harness.register(COMMAND)
        interaction = await harness.command(bot, name=name, options=options, locale=locale)
    (below,) = interaction["data"]["options"]

    assert (interaction["data"]["name"], below["name"]) == ("video", "create")
    assert [(o["name"], o["value"]) for o in below["options"]] == [("mode", "std"), ("preset", "x")]


async def test_the_language_is_the_persons_unless_another_is_named(plain: Harness) -> None:
    await plain.post("settings", user="ana", locale="zh-CN")
    async with plain.online() as bot:
        await plain.register(COMMAND)
        interaction = await plain.command(bot, name="视频 生成", options={"模式": "std"})
        status, _ = await plain.act("command", user="ben", channel="general", name="视频 生成", options={"模式": "std"})
        refused = await plain.act(
            "command", user="ben", channel="general", name="video create", options={"模式": "std"}
        )

    assert (interaction["locale"], status, refused[0]) == ("zh-CN", 400, 400)


async def test_an_option_is_completed_under_its_name_in_ones_language(plain: Harness) -> None:
    asked = {"user": "ana", "channel": "general", "name": "视频 生成", "locale": "zh-CN", "focused": "预设"}
    async with plain.online() as bot:
        await plain.register(COMMAND)
        await plain.post("autocomplete", **asked, options={"预设": "a"})
        interaction = await bot.event("INTERACTION_CREATE")
    (typed,) = interaction["data"]["options"][0]["options"]

    assert (typed["name"], typed["value"], typed["focused"]) == ("preset", "a", True)


@pytest.mark.parametrize(("name", "locale"), [("Their videos", "en-US"), ("TA 的视频", "zh-CN")])
async def test_a_menu_is_used_on_a_user_by_name(harness: Harness, name: str, locale: str) -> None:
    async with harness.online() as bot:
        await harness.register(MENU)
        used = await harness.command(bot, name=name, target="ben", locale=locale)
        same = await harness.command(bot, name=name, target=harness.user("ben"), locale=locale)
        status, _ = await harness.act("command", user="ana", channel="general", name=name, target="nobody")

    assert used["data"]["target_id"] == same["data"]["target_id"] == harness.user("ben")
    assert used["data"]["resolved"]["users"][harness.user("ben")]["username"] == "ben"
    assert (used["data"]["name"], status) == ("Their videos", 400)


async def test_commands_are_listed_with_the_names_of_a_language(harness: Harness) -> None:
    path = f"/applications/{harness.world.application_id}/guilds/{harness.guild.id}/commands"
    await harness.register(COMMAND, {"name": "ping", "description": "Ping"})
    async with harness.raw("GET", path, locale="zh-CN") as answer:
        video, ping = await answer.json()
    async with harness.raw("GET", path, params={"with_localizations": "true"}, locale="zh-CN") as answer:
        whole, _ = await answer.json()
    _, (plain, _) = await harness.api("GET", path)

    assert (video["name"], video["name_localized"]) == ("video", "视频")
    assert video["options"][0]["name_localized"] == "生成"
    assert "name_localized" not in ping
    assert (whole["name_localizations"], whole.get("name_localized")) == ({"zh-CN": "视频"}, None)
    assert "name_localized" not in plain
    assert "name_localizations" not in video
