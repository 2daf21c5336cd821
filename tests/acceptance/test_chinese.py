"""Who reads what in which language: private answers in the reader's, what everybody sees in the guild's."""

import re
from typing import Any, Final

import pytest

from tests.acceptance.people import People, text_of
from tests.acceptance.system import PROMPT, SMALL, System

CHINESE: Final = re.compile("[一-鿿]")
ZH: Final[dict[str, Any]] = {"locale": "zh-CN"}


def in_chinese(text: str) -> bool:
    """Whether somebody who reads no English understands a text; what was typed and names do not count."""
    return CHINESE.search(text) is not None and re.search(r"\b(the|your|is|of)\b", text.replace(PROMPT, "")) is None


async def shown(people: People, channel: str = "general") -> list[str]:
    """What stands in a channel for everybody to read: cards, results, and their videos' descriptions."""
    texts = [text_of(card) for card in await people.cards(channel)]
    for message in await people.results(channel):
        texts += [message["content"], *(file["description"] for file in message["attachments"])]
    return texts


async def test_a_chinese_member_of_an_english_guild_is_answered_in_chinese_alone(system: System) -> None:
    people = system.people
    async with system.bot():
        sent = await people.types("video create", **SMALL, **ZH)
        answer = await people.answer(sent)
        await people.result()
        await system.rest()
        quota = await people.answer(await people.types("quota", **ZH))
        jobs = await people.answer(await people.types("video jobs", **ZH))
    assert "收到，开工了" in answer
    assert "本次 3 点额度，还剩 57 点额度" in answer
    assert "还剩 **57 点**，共 60 点额度" in quota
    assert "完成" in jobs
    public = await shown(people)
    assert [text for text in public if CHINESE.search(text)] == []
    assert any("your video is ready" in text for text in public)


async def test_a_chinese_guild_reads_chinese_whoever_asks(system: System) -> None:
    people = system.people
    await people.change_settings(**ZH)
    async with system.bot():
        answer = await people.answer(await people.types("video create", **SMALL, locale="en-US"))
        await people.result()
        await system.rest()
    assert "On its way" in answer
    assert CHINESE.search(answer) is None
    public = await shown(people)
    assert [text for text in public if not in_chinese(text)] == []
    assert any("你的视频做好了" in text for text in public)


async def test_a_restart_forgets_nobodys_language(system: System) -> None:
    people = system.people
    await people.change_settings(**ZH)
    with system.sandbox.providers.held():
        async with system.bot():
            await people.types("video create", **SMALL, **ZH)
            await people.card("正在生成")
    async with system.bot():
        await people.result()
        await system.rest()
    assert [text for text in await shown(people) if not in_chinese(text)] == []


async def test_readers_of_other_chinese_letters_get_chinese_too(system: System) -> None:
    async with system.bot():
        assert in_chinese(await system.people.answer(await system.people.types("video jobs", locale="zh-TW")))
        assert "no videos" in await system.people.answer(await system.people.types("video jobs", locale="ja"))


REFUSALS: Final[list[tuple[dict[str, Any], str]]] = [
    ({"prompt": " "}, "提示词是空的"),
    ({"prompt": PROMPT, "duration": 99}, "做不了 99 秒"),
    ({"prompt": PROMPT, "model": "kling-v1", "camera": "zoom_in", "duration": 10}, "只有标准画质、5 秒的视频才能运镜"),
    ({"prompt": PROMPT, "strength": "strong"}, "先选一种运镜"),
]


@pytest.mark.parametrize(("options", "said"), REFUSALS)
async def test_refusals_are_in_chinese_down_to_the_reason(system: System, options: dict[str, Any], said: str) -> None:
    async with system.bot():
        answer = await system.people.answer(await system.people.types("video create", **options, **ZH))
    assert said in answer
    assert "没有扣额度" in answer
    assert system.database.jobs() == []


async def test_a_refusal_says_what_why_and_what_now_and_nothing_else(system: System) -> None:
    people, typed = system.people, dict[str, Any](prompt=PROMPT, model="kling-v1", duration=20)
    async with system.bot():
        said = [
            await people.answer(await people.types("video create", **typed, **each)) for each in (dict[str, Any](), ZH)
        ]
    english, chinese = map(str.splitlines, said)
    assert english == [
        "**Kling 1** can't make this video. Nothing was charged.",
        "- It can't make 20-second videos; choose 5 or 10 seconds.",
    ]
    assert chinese == ["**Kling 1** 做不了这个视频，没有扣额度。", "- 它做不了 20 秒的视频，可选 5、10 秒。"]


async def test_what_no_button_opens_again_stands_there_to_copy_as_its_reader_typed_it(system: System) -> None:
    people, long = system.people, "雪地里的狐狸" * 5
    async with system.bot():
        saved = await people.types("preset save", **ZH, also={"name": " ", "prompt": long, "sound": True})
        short = await people.types("preset save", also={"name": "x"}, **ZH)
        answers = [await people.answer(each) for each in (saved, short)]
    assert f"```\n/预设 保存 名称:  提示词:{long} 声音:是\n```" in answers[0]
    assert "```" not in answers[1]


async def test_missing_permissions_are_called_as_discord_calls_them_in_chinese(system: System) -> None:
    async with system.bot():
        sent = await system.people.types("video create", channel="no-files", **SMALL, **ZH)
        assert "**附加文件**" in await system.people.answer(sent)


async def test_a_failure_is_told_to_its_requester_in_chinese_and_to_the_guild_in_english(system: System) -> None:
    people = system.people
    await people.fault("kirin", "task_failed", code="006001099")
    async with system.bot():
        sent = await people.types("video create", **SMALL, **ZH)
        await system.rest()
        answer = await people.answer(sent)
        card = await people.card("Could not be made")
    assert "视频服务不肯开始" in answer
    assert "没有扣额度" in answer
    assert "wouldn't start on this" in card
    assert "006001099" not in card + answer
    assert system.database.balances() == (0, 0)


async def test_direct_messages_are_in_the_language_of_the_one_who_reads_them(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.types("video create", channel="dm", **SMALL, **ZH)
        await people.result("dm")
        await system.rest()
    assert [text for text in await shown(people, "dm") if not in_chinese(text)] == []


async def test_choices_that_appear_while_typing_are_in_chinese(system: System) -> None:
    people = system.people
    await people.change_settings(user="ana", **ZH)
    async with system.bot():
        choices = await people.completes("video create", focused="camera", prompt="x", camera="摇")
    assert {choice["value"] for choice in choices} == {"pan_left", "pan_right", "tilt_up", "tilt_down"}


# Every command, typed as a member would, with what it needs.
COMMANDS: Final[dict[str, dict[str, Any]]] = {
    "video studio": {},
    "video storyboard": {},
    "video jobs": {},
    "video cancel": {"job": "none"},
    "library": {},
    "inbox": {},
    "preset save": {"name": "beast", "prompt": "fox"},
    "preset list": {},
    "preset use": {"name": "none"},
    "preset share": {"name": "none"},
    "preset unshare": {"name": "none"},
    "preset delete": {"name": "none"},
    "preset sharing": {"members": True},
    "settings": {},
    "gallery off": {},
    "quota": {},
    "help": {},
    "about": {},
    "privacy policy": {},
    "privacy export": {},
    "privacy delete": {"messages": True},
    "admin setup": {},
    "admin show": {},
    "admin server": {"gifts": True},
    "admin budget": {"monthly": 5},
    "admin audit": {},
    "admin channels": {"spoiler": "nsfw"},
    "admin roles": {"deny": "Film club"},
    "admin tier": {"role": "Film club", "credits": 5, "period": "week", "priority": 1},
    "admin limits": {"longest": 10, "pro": "roles", "model": "kling-v1"},
    "admin allowance": {"credits": 9, "period": "month"},
    "admin pool": {"name": "film", "role": "Film club", "credits": 5},
    "admin grant": {"member": "ana", "credits": 5},
    "admin block": {"member": "ana", "days": 1, "reason": "够了"},
    "admin unblock": {"member": "ana"},
    "admin pause": {"reason": "维护"},
    "admin resume": {},
    "admin doctor": {"tidy": True},
    "admin export": {},
    "admin import": {"file": {"filename": "a.json", "content": "?"}},
}


async def test_every_command_answers_in_chinese(system: System) -> None:
    people = system.people
    async with system.bot():
        for name, options in COMMANDS.items():
            sent = await people.types(name, user="admin", also=options, **ZH)
            message = await people.answered(sent)
            said = " ".join(_texts(message))
            assert CHINESE.search(said), (name, said)
            assert re.search(r"\b(the|your|is|of|you|and)\b", said) is None, (name, said)


def _texts(part: Any) -> list[str]:
    """Every text that a message shows, wherever it stands in it."""
    if isinstance(part, list):
        return [text for each in part for text in _texts(each)]
    if not isinstance(part, dict):
        return []
    own = [part[key] for key in ("content", "title", "description", "label", "placeholder") if part.get(key)]
    inner = [part[key] for key in ("embeds", "components", "options", "accessory", "footer") if key in part]
    return own + [text for each in inner for text in _texts(each)]
