"""The storyboard builder over the real gateway: from an empty board to the finished video, on any device."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from tests.acceptance.controls import control, walk
from tests.acceptance.people import Json, People
from tests.acceptance.system import PROMPT, SMALL, System

COMMAND: Final = "video storyboard"
SCRIPT: Final = "1. 4s A fox wakes in the snow\n2. 3s It runs over a hill\n3. 3s It looks back"


@dataclass(kw_only=True)
class Builder:
    """The builder's private message as one person on one device sees it."""

    people: People
    user: str = "ana"
    locale: str | None = None
    message: Json = field(default_factory=dict)

    async def open(self, **options: Any) -> "Builder":
        """Type the command."""
        sent = await self.people.types(COMMAND, user=self.user, locale=self.locale, **options)
        self.message = await self.people.answered(sent)
        return self

    async def press(self, action: str, *values: str) -> "Builder":
        """Press a button, or choose a shot."""
        sent = await self.people.presses(self.message, self.id_of(action), *values, user=self.user, locale=self.locale)
        self.message = await self.people.edited(sent)
        return self

    async def opens(self, action: str) -> str:
        """Press a button that opens a form; the interaction."""
        sent = await self.people.presses(self.message, self.id_of(action), user=self.user, locale=self.locale)
        await self.people.form(sent)
        return sent

    async def enter(self, opened: str, **fields: Any) -> "Builder":
        """Send the form, with these fields changed."""
        sent = await self.people.submits(opened, user=self.user, locale=self.locale, **fields)
        self.message = await self.people.edited(sent)
        return self

    def parts(self) -> list[Json]:
        """Every button and select."""
        return [part for part in walk(self.message["components"]) if "custom_id" in part]

    def id_of(self, action: str) -> str:
        """The `custom_id` of a button; of the select for "pick"."""
        start = "story:" if action == "pick" else f"story-{action}:"
        return str(next(part["custom_id"] for part in self.parts() if part["custom_id"].startswith(start)))

    def grey(self) -> set[str]:
        """The buttons that can't be pressed."""
        off = [part["custom_id"] for part in self.parts() if part.get("disabled")]
        return {each.partition(":")[0].removeprefix("story-") for each in off}

    @property
    def text(self) -> str:
        """The notice and the board."""
        return "\n".join([self.message["content"], *(embed["description"] for embed in self.message["embeds"])])


async def test_a_storyboard_becomes_a_video_of_its_shots(system: System) -> None:
    people = system.people
    async with system.bot():
        board = await Builder(people=people).open()
        assert "ask" in board.grey()
        assert "Shot 1 has no prompt" in board.text
        assert "5 seconds have no shot yet" in board.text
        opened = await board.opens("edit")
        await board.enter(opened, prompt="A fox *wakes*", seconds="2")
        opened = await board.opens("settings")
        await board.enter(opened, total=["5"], aspect=["1:1"], extras=["sound"])
        assert "3 seconds left" in board.text
        await board.press("add")
        assert "🟥🟥🟧🟧🟧" in board.text
        opened = await board.opens("edit")
        await board.enter(opened, prompt="It runs", seconds="3")
        assert "ask" not in board.grey()
        await board.press("ask")
        assert "Make it for 8 credits?" in board.text
        await board.press("make")
        assert "On its way" in board.text
        assert [part for part in board.parts() if not part["custom_id"].startswith("cancel:")] == []
        assert board.message["embeds"] == []
        result = await people.result()
        await system.rest()
    (task,) = await people.tasks()
    params = task["request"]["input"][0]["params"]
    assert params["multi_prompt"] == [
        {"index": 1, "prompt": "A fox *wakes*", "duration": "2"},
        {"index": 2, "prompt": "It runs", "duration": "3"},
    ]
    assert (params["multi_shot"], params["shot_type"], params["duration"]) == (True, "customize", "5")
    assert (params["sound"], params["aspect_ratio"]) == ("on", "1:1")
    assert "Video of 2 shots" in result["attachments"][0]["description"]
    assert system.database.entries() == [("hold", 8), ("settle", 8)]


async def test_every_button_does_what_it_says_and_undo_takes_it_back(system: System) -> None:
    async with system.bot():
        board = await Builder(people=system.people).open(script=SCRIPT)
        assert "🟥🟥🟥🟥🟧🟧🟧🟨🟨🟨" in board.text
        await board.press("pick", "1")
        assert "👉 🟧 **2** · 3 s · It runs over a hill" in board.text
        await board.press("up")
        assert "👉 🟥 **1** · 3 s · It runs over a hill" in board.text
        assert "up" in board.grey()
        await board.press("down")
        assert "👉 🟧 **2** · 3 s · It runs over a hill" in board.text
        await board.press("copy")
        assert "👉 🟨 **3** · 3 s · It runs over a hill" in board.text
        assert "13 of 13 seconds" in board.text
        assert "ask" not in board.grey()
        assert "even" in board.grey()
        await board.press("drop")
        assert "3 seconds left" in board.text
        await board.press("even")
        assert "🟥🟥🟥🟥🟥🟧🟧🟧🟧🟨🟨🟨🟨" in board.text
        await board.press("new")
        assert "nothing written yet" in board.text
        for _ in range(6):
            await board.press("undo")
        assert "🟥🟥🟥🟥🟧🟧🟧🟨🟨🟨" in board.text
        assert "👉" in board.text


async def test_a_storyboard_goes_on_after_a_restart_on_either_message(system: System) -> None:
    people = system.people
    async with system.bot():
        phone = await Builder(people=people).open(script=SCRIPT)
        opened = await phone.opens("edit")
    async with system.bot():
        await phone.enter(opened, prompt="A wolf wakes")
        assert "A wolf wakes" in phone.text
        computer = await Builder(people=people).open()
        assert "the storyboard you were working on" in computer.text
        assert "A wolf wakes" in computer.text
        await phone.press("drop")
        await computer.press("add")
        assert "has changed in the meantime" in computer.text
        assert "A wolf wakes" not in computer.text
        await computer.press("undo")
        assert "A wolf wakes" in computer.text


async def test_what_was_typed_into_a_form_too_late_is_given_back(system: System) -> None:
    people = system.people
    async with system.bot():
        phone = await Builder(people=people).open(script=SCRIPT)
        opened = await phone.opens("edit")
        await phone.press("down")
        sent = await people.submits(opened, prompt="A wolf wakes")
        phone.message = await people.edited(sent)
        assert "has changed in the meantime" in phone.text
        assert "A wolf wakes" not in phone.text

        async def given_back() -> list[Json] | None:
            return (await people.interaction(sent))["followups"] or None

        (follow_up,) = await people.until(given_back, what="the text")
    assert b"A wolf wakes" in await people.fetch(follow_up["attachments"][0]["url"])
    assert follow_up["visible_to"] == system.id_of("users", "ana")


@pytest.mark.parametrize("action", ["edit", "make"])
async def test_what_another_device_has_changed_is_neither_edited_nor_made(system: System, action: str) -> None:
    people = system.people
    async with system.bot():
        phone = await Builder(people=people).open(script="1. 2s a\n2. 1s b")
        computer = await Builder(people=people).open()
        if action == "make":
            await computer.press("ask")
        await phone.press("down")
        await computer.press(action)
        assert "has changed in the meantime" in computer.text
        assert "🟥🟧🟧" in computer.text
    assert await people.tasks() == []


async def test_where_only_seconds_are_in_the_way_one_press_evens_them_out_and_asks(system: System) -> None:
    people = system.people
    async with system.bot():
        board = await Builder(people=people).open(script=SCRIPT, seconds=9)
        await board.enter(await board.opens("settings"), total=["12"])
        assert "have no shot yet" in board.text
        await board.press("evenask")
        assert "12 of 12 seconds" in board.text
        assert "Make it for 12 credits?" in board.text
        await board.press("make")
        await people.result()
        await system.rest()
    (task,) = await people.tasks()
    shots = task["request"]["input"][0]["params"]["multi_prompt"]
    assert [shot["duration"] for shot in shots] == ["4", "4", "4"]


async def test_a_script_that_is_too_long_for_a_form_is_not_cut(system: System) -> None:
    async with system.bot():
        board = await Builder(people=system.people).open(script="x" * 2500)
        await board.press("copy")
        await board.press("script")
        assert "too long for a form" in board.text
        assert "The prompt of shot 2 is 2500 characters long" in board.text


async def test_a_script_is_pasted_and_comes_back_as_it_was_written(system: System) -> None:
    script = "第1镜（4秒）：狐狸在雪地里醒来\n第2镜（6秒）：它跑过山坡"
    async with system.bot():
        board = await Builder(people=system.people, locale="zh-CN").open()
        await board.enter(await board.opens("script"), script=script)
        assert "正好排满" in board.text
        assert "🟧 **2** · 6 秒 · 它跑过山坡" in board.text
        assert await value_of(board, "script") == script
        await board.press("down")
        assert await value_of(board, "script") == "1. 6s 它跑过山坡\n2. 4s 狐狸在雪地里醒来"
        assert "分镜" in board.message["embeds"][0]["title"]
        await board.press("undo")
        assert "正好排满" in board.text


async def value_of(board: Builder, form: str) -> str:
    """What stands in the first field of a form."""
    opened = await board.people.form(await board.opens(form))
    return str(opened["components"][0]["component"].get("value") or "")


ASSISTANT: Final = """Here is your storyboard:

**Shot 1 – The den (0:00-0:03)**
- Visual: A wolf wakes
- Camera: slow push in

**Shot 2 (4 seconds)**
- Visual: It runs"""


async def test_what_was_read_is_shown_before_it_replaces_anything(system: System) -> None:
    people = system.people
    async with system.bot():
        board = await Builder(people=people).open(script=SCRIPT)
        await board.enter(await board.opens("script"), script=ASSISTANT)
        assert board.message["embeds"][0]["title"] == "📋 I read 2 shots"
        assert "🟥 **1** · 3 s · The den. A wolf wakes. Camera: slow push in" in board.text
        assert "Use this in place of your 3 shots?" in board.text
        assert "Not used: Here is your storyboard" in board.text
        assert "It looks back" not in board.text
    async with system.bot():
        board = await Builder(people=people).open()
        assert "I read 2 shots" in board.message["embeds"][0]["title"]
        assert await value_of(board, "script") == ASSISTANT
        await board.press("keep")
        assert "It looks back" in board.text
        await board.open(script=ASSISTANT)
        assert "I read 2 shots" in board.message["embeds"][0]["title"]
        opened = await board.opens("script")
        await board.enter(opened, script=ASSISTANT.replace("wolf", "bear"))
        assert "A bear wakes" in board.text
        await board.press("use")
        assert "👉 🟥 **1** · 3 s · The den. A bear wakes" in board.text
        await board.press("undo")
        assert "It looks back" in board.text


async def test_a_script_of_too_many_shots_is_given_back_whole_once_it_is_used(system: System) -> None:
    people = system.people
    script = "\n".join(f"Scene {number}: (3s) thing {number}" for number in range(1, 9))
    async with system.bot():
        board = await Builder(people=people).open(script=SCRIPT)
        await board.enter(await board.opens("script"), script=script)
        assert "the last 2 of your script are left out" in board.text
        assert "Your script lasts 18 seconds, so I fitted the shots to 15 seconds" in board.text
        sent = await people.presses(board.message, board.id_of("use"))
        board.message = await people.edited(sent)
        assert "15 of 15 seconds" in board.text
        follow_up = await people.until(lambda: people.followup(sent), what="the script")
    assert b"thing 8" in await people.fetch(follow_up["attachments"][0]["url"])


async def test_a_script_that_was_not_changed_changes_nothing(system: System) -> None:
    async with system.bot():
        board = await Builder(people=system.people).open(script="1. 2s **a**\n2. 4s b")
        await board.press("down")
        before = board.text.replace("👉 ", "")
        await board.enter(await board.opens("script"))
        assert board.text.replace("👉 ", "") == before


async def test_a_form_that_is_filled_in_oddly_says_so_and_loses_nothing(system: System) -> None:
    async with system.bot():
        board = await Builder(people=system.people).open(script=SCRIPT)
        await board.enter(await board.opens("edit"), prompt="<@1> **A** `wolf`", seconds="a few")
        assert "“a few” isn't a number of seconds" in board.text
        assert "\\<@\u200b1> \\*\\*A\\*\\* \\`wolf\\`" in board.text
        before = board.text
        await board.enter(await board.opens("script"), script=" ")
        assert board.message["embeds"][0]["description"] in before


async def test_a_template_is_saved_offered_used_and_deleted(system: System) -> None:
    people = system.people
    async with system.bot():
        board = await Builder(people=people).open(script=SCRIPT)
        await board.enter(await board.opens("template"), name="Fox")
        assert "Saved as the template **Fox**" in board.text
        await board.press("new")
        (choice,) = await people.completes(COMMAND, focused="template", template="fo")
        assert choice["name"] == "Fox"
        assert await people.completes(COMMAND, focused="template", template="wolf") == []
        assert await people.completes(COMMAND, focused="template", user="ben", template="") == []
    async with system.bot():
        board = await Builder(people=people).open(template=choice["value"])
        assert "It looks back" in board.text
        await board.open(template=choice["value"], seconds=5)
        assert "🟥🟥🟧🟧🟨" in board.text
        await board.enter(await board.opens("template"), name=" Fox ")
        assert "Updated the template **Fox**" in board.text
        await board.enter(await board.opens("template"), forget=[choice["value"]])
        assert "Deleted" in board.text
        refused = await people.types(COMMAND, template="Fox")
        assert await people.completes(COMMAND, focused="template", template="") == []
        assert "Nothing was charged" in await people.answer(refused)


async def test_two_devices_that_both_press_make_get_one_video(system: System) -> None:
    people = system.people
    async with system.bot():
        phone = await Builder(people=people).open(script="1. 2s a\n2. 1s b")
        computer = await Builder(people=people).open()
        await phone.press("ask")
        await computer.press("ask")
        await asyncio.gather(phone.press("make"), computer.press("make"))
        await people.result()
        await system.rest()
        again = await Builder(people=people).open()
        assert "↩️ brings back your last one" in again.text
        await again.press("undo")
        assert "🟥🟥🟧" in again.text
    assert len(await people.tasks()) == 1
    assert system.database.entries() == [("hold", 3), ("settle", 3)]


async def test_a_price_that_has_changed_since_it_was_said_is_asked_about_anew(system: System) -> None:
    prices = system.price_table(seconds=3, credits_=9)
    async with system.bot():
        board = await Builder(people=system.people).open(script="1. 2s a\n2. 1s b")
        await board.press("ask")
        assert "Make it for 3 credits?" in board.text
    async with system.bot(price_table=prices):
        await board.press("make")
        assert "Make it for 9 credits?" in board.text
        await board.press("make")
        await system.people.result()
        await system.rest()
    assert system.database.entries() == [("hold", 9), ("settle", 9)]


async def test_a_refusal_is_explained_and_the_storyboard_stays(system: System) -> None:
    people = system.people
    async with system.bot(daily_credits=5):
        board = await Builder(people=people).open(script=SCRIPT)
        assert "more than you have left" in board.text
        await board.press("ask")
        sent = await people.presses(board.message, board.id_of("make"))
        board.message = await people.edited(sent)
        assert "It looks back" in board.text
        (refusal,) = (await people.interaction(sent))["followups"]
        assert "This video costs" in refusal["content"]
        await board.press("add")
        assert "Sending" not in board.text
    assert await people.tasks() == []
    assert system.database.entries() == []


async def test_a_private_storyboard_is_sent_directly(system: System) -> None:
    people = system.people
    async with system.bot():
        board = await Builder(people=people, user="ben").open(script="1. 2s a\n2. 1s b")
        await board.enter(await board.opens("settings"), extras=["private"])
        assert "for you alone" in board.text
        await board.press("ask")
        await board.press("make")
        await people.result("dm", user="ben")
        await system.rest()
    assert await people.results() == []


async def test_without_a_model_for_it_there_are_no_storyboards(system: System) -> None:
    people = system.people
    async with system.bot(kirin_api_key=""):
        sent = await people.types(COMMAND)
        assert "No model here makes storyboards" in await people.answer(sent)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_the_longest_storyboard_fits_into_the_message(system: System, locale: str) -> None:
    script = "\n".join(f"{number}. 15s {'*' * 600}" for number in range(1, 7))
    async with system.bot():
        board = await Builder(people=system.people, locale=locale).open(script=script)
        assert len(board.message["embeds"][0]["description"]) <= 4096
        assert "ask" in board.grey()
        for action in ("edit", "script", "settings", "template"):
            await board.opens(action)


async def test_a_result_becomes_a_storyboard_and_the_next_video_builds_on_it(system: System) -> None:
    people = system.people
    async with system.bot():
        await people.types("video create", **SMALL)
        result = await people.result()
        await system.rest()
    async with system.bot():
        sent = await people.chooses(result, "board", user="ben")
        board = Builder(people=people, user="ben", message=await people.answered(sent))
        assert f"**1** · 3 s · {PROMPT}" in board.text
        await board.enter(await board.opens("script"), script=f"1. 2s {PROMPT}\n2. 1s It sinks")
        await board.press("use")
        await board.press("ask")
        await board.press("make")
        await people.until(lambda: _count(people, 2), what="the second video")
        await system.rest()
    first, second = system.database.jobs()
    assert (second["parent_id"], second["origin"]) == (first["id"], "storyboard")


async def _count(people: People, number: int) -> bool:
    return len(await people.results()) == number


async def test_a_new_storyboard_begins_with_what_the_person_usually_wants(system: System) -> None:
    people = system.people
    async with system.bot():
        message = await people.answered(await people.types("settings"))
        for option, value in (("mode", "pro"), ("aspect", "9:16"), ("duration", "4"), ("sound", "yes")):
            message = await people.answered(await people.presses(message, control(message, f":{option}"), value))
        board = await Builder(people=people).open()
    assert "pro · 9:16 · 10 seconds · sound" in board.text
