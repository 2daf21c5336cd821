"""What people do with a posted video: every button of it, by others, later, after a restart, and in Chinese."""

from typing import Any, Final

import pytest

from tests.acceptance.controls import control, fields, label_of, labels
from tests.acceptance.people import Json
from tests.acceptance.system import PROMPT, SMALL, System

SUPPRESSED: Final = 1 << 12  # Discord's flag of a message that makes no sound


def buttons(message: Json) -> dict[str, Json]:
    """The buttons of a result, by what they do."""
    rows = [row["components"] for row in message["components"]]
    assert all(len(row) <= 5 for row in rows)
    return {button["custom_id"].split(":")[1]: button for row in rows for button in row}


async def posted(system: System, **options: Any) -> Json:
    """Make a video, and see it to its end; its message."""
    before = {each["id"] for each in await system.people.results()}
    await system.people.types("video create", **{**SMALL, **options})
    return await appears(system, before)


async def appears(system: System, before: set[str]) -> Json:
    """The result that is new in the channel, once nothing is left to do."""

    async def new() -> Json | None:
        return next((each for each in await system.people.results() if each["id"] not in before), None)

    message = await system.people.until(new, what="another video")
    await system.rest()
    return message


async def press(system: System, message: Json, action: str, **who: Any) -> str:
    if action in buttons(message):
        return await system.people.presses(message, buttons(message)[action]["custom_id"], **who)
    return await system.people.chooses(message, action, **who)


async def menu(system: System, message: Json, **who: Any) -> dict[str, Json]:
    """The buttons of a result's menu, by what they do."""
    opened = await system.people.presses(message, buttons(message)["more"]["custom_id"], **who)
    return buttons(await system.people.answered(opened))


async def test_anybody_makes_it_again_at_their_own_cost_after_a_restart(system: System) -> None:
    async with system.bot():
        message = await posted(system)
    shown = [each.get("label") or each["emoji"]["name"] for each in buttons(message).values()]
    assert shown == ["Again · 3", "Edit", "⭐", "More"]
    async with system.bot():
        sent = await press(system, message, "again", user="ben")
        assert "3 credits, 57 credits left" in await system.people.answer(sent)
        again = await appears(system, {message["id"]})
    first, second = system.database.jobs()
    assert [user["username"] for user in again["mentions"]] == ["ben"]
    assert (second["parent_id"], second["origin"], second["request"]) == (first["id"], "again", first["request"])
    assert second["user_id"] == int(system.id_of("users", "ben"))
    assert system.database.balances() == (0, 6)


async def test_a_form_that_was_opened_before_a_restart_makes_the_changed_video_after_it(system: System) -> None:
    async with system.bot():
        message = await posted(system, negative="rain")
        opened = await press(system, message, "edit", user="ben")
        form = await system.people.form(opened)
    assert fields(form)["prompt"] == PROMPT
    async with system.bot():
        sent = await system.people.submits(opened, user="ben", prompt="a paper ship in the sun", duration=["4"])
        seen = await system.people.answered(sent)
        await system.people.presses(seen, control(seen, ":again"), user="ben")
        changed = await appears(system, {message["id"]})
    assert "a paper ship in the sun" in changed["content"]
    job = system.database.jobs()[1]
    assert (job["origin"], job["parent_id"], job["credits"]) == ("edit", system.database.jobs()[0]["id"], 4)
    params = (await system.people.tasks())[1]["request"]["input"][0]["params"]
    assert (params["prompt"], params["negative_prompt"], params["duration"]) == ("a paper ship in the sun", "rain", "4")


async def test_an_edited_video_is_made_at_once_for_the_price_seen_and_a_dearer_one_asks(
    system: System,
) -> None:
    people = system.people
    async with system.bot():
        message = await posted(system)
        opened = await press(system, message, "edit")
        await people.form(opened)
        await people.submits(opened, prompt="as long", duration=["3"])
        await appears(system, {message["id"]})
        opened = await press(system, message, "edit")
        await people.form(opened)
        seen = await people.answered(await people.submits(opened, prompt="longer", duration=["9"]))
        assert "9 credits · you have" in seen["content"]
        assert "Make it · 9 credits" in label_of(seen, ":again")
        assert len(system.database.jobs()) == 2
        await people.answered(await people.presses(seen, control(seen, ":again")))
        await system.rest()
    assert [job["credits"] for job in system.database.jobs()] == [3, 3, 9]


async def test_what_was_entered_in_a_form_is_kept_when_it_is_refused(system: System) -> None:
    async with system.bot():
        message = await posted(system)
        opened = await press(system, message, "edit")
        await system.people.form(opened)
        refused = await system.people.answered(
            await system.people.submits(opened, prompt="a paper ship", quality=["kling-v1 std"])
        )
        assert "3-second" in refused["content"]
        ways = [each["custom_id"] for row in refused["components"] for each in row["components"]]
        again = await system.people.form(await system.people.presses(refused, control(refused, "Edit & retry")))
        assert fields(again)["prompt"] == "a paper ship"
        assert fields(again)["quality"] == ["kling-v1 std"]
        await system.people.presses(refused, ways[0])
        repaired = await appears(system, {message["id"]})
    assert "a paper ship" in repaired["content"]
    first, second = system.database.jobs()
    assert (second["parent_id"], second["origin"]) == (first["id"], "edit")


async def test_more_settings_come_in_a_second_form_with_the_price_before_anything_is_made(system: System) -> None:
    people = system.people
    async with system.bot():
        message = await posted(system)
        opened = await press(system, message, "edit")
        form = await people.form(opened)
        assert [label["label"] for label in form["components"]][1:4] == ["Model and quality", "Shape", "Length"]
        chosen: Json = {"quality": ["kling-v1 std"], "duration": ["5"], "extras": ["zoom_in", "more"]}
        seen = await people.answered(await people.submits(opened, prompt="a paper ship", **chosen))
        assert "> a paper ship" in seen["content"]
        assert "5 credits · you have" in seen["content"]
        assert len(await people.tasks()) == 1
        opened = await people.presses(seen, control(seen, ":more"))
        assert fields(await people.form(opened)) == {"negative": None, "strength": ["clear"], "cfg": ["model"]}
    async with system.bot():
        sent = await people.submits(opened, negative="rain", strength=["gentle"], cfg=["0.75"])
        seen = await people.edited(sent)
        assert "rain" in seen["content"]
        assert "gentle zoom in" in seen["content"]
        await people.presses(seen, control(seen, ":again"))
        await people.presses(seen, control(seen, ":again"))
        made = await appears(system, {message["id"]})
        await system.rest()
    assert "a paper ship" in made["content"]
    (_, task) = await people.tasks()
    assert (task["request"]["negative_prompt"], task["request"]["cfg_scale"]) == ("rain", 0.75)
    first, second = system.database.jobs()
    assert (second["parent_id"], second["origin"]) == (first["id"], "edit")


async def test_what_is_changed_after_a_video_was_made_of_it_makes_another_one(system: System) -> None:
    people = system.people
    async with system.bot():
        message = await posted(system)
        opened = await press(system, message, "edit")
        await people.form(opened)
        chosen: Json = {"quality": ["kling-v1 std"], "duration": ["5"], "extras": ["more"]}
        seen = await people.answered(await people.submits(opened, prompt="a paper ship", **chosen))
        await people.answer(await people.presses(seen, control(seen, ":again")))
        made = await appears(system, {message["id"]})
        opened = await people.presses(seen, control(seen, ":more"))
        await people.form(opened)
        seen = await people.edited(await people.submits(opened, negative="", cfg=["1.0"]))
        await people.answer(await people.presses(seen, control(seen, ":again")))
        await appears(system, {message["id"], made["id"]})
    assert [task["request"].get("cfg_scale") for task in (await people.tasks())[1:]] == [None, 1]


async def test_it_is_finished_in_pro_once(system: System) -> None:
    async with system.bot():
        message = await posted(system)
        await press(system, message, "pro")
        better = await appears(system, {message["id"]})
        assert "pro" not in await menu(system, better)
    modes = [task["request"]["input"][0]["params"]["mode"] for task in await system.people.tasks()]
    assert modes == ["std", "pro"]
    assert system.database.jobs()[1]["origin"] == "pro"


async def test_a_model_that_cannot_do_it_in_pro_does_not_offer_that(system: System) -> None:
    async with system.bot():
        message = await posted(system, model="kling-v1", duration=5, camera="zoom_in")
        assert "pro" not in await menu(system, message)


async def test_another_shape_is_chosen_from_those_it_does_not_have(system: System) -> None:
    async with system.bot():
        message = await posted(system)
        sent = await press(system, message, "shape")
        asked = await system.people.answered(sent)
        (row,) = asked["components"]
        assert [button["label"] for button in row["components"]] == ["Wide 16:9 · 3", "Tall 9:16 (phone) · 3"]
        await system.people.presses(asked, row["components"][1]["custom_id"])
        await appears(system, {message["id"]})
    params = (await system.people.tasks())[1]["request"]["input"][0]["params"]
    assert params["aspect_ratio"] == "9:16"
    assert system.database.jobs()[1]["origin"] == "shape"


async def test_the_menu_is_for_its_reader(system: System) -> None:
    everybody = ["pro", "shape", "board", "dm", "info"]
    async with system.bot():
        message = await posted(system)
        assert list(await menu(system, message)) == [*everybody, "delete"]
        assert list(await menu(system, message, user="ben")) == [*everybody, "report"]
        assert list(await menu(system, message, user="admin")) == [*everybody, "delete", "report"]
        pro = (await menu(system, message))["pro"]
        assert pro["label"] == "Pro · 4"
        await system.people.answer(await press(system, message, "dm"))
        (copy,) = await system.people.results("dm")
        assert list(await menu(system, copy)) == ["pro", "shape", "board", "info", "delete"]
        assert await menu(system, copy, locale="zh-CN")


async def test_three_quick_taps_make_one_video_until_one_says_another(system: System) -> None:
    people = system.people
    async with system.bot():
        message = await posted(system)
        taps = [await press(system, message, "again", user="ben") for _ in range(3)]
        answers = [await people.answered(tap) for tap in taps]
        assert sorted("a moment ago" in answer["content"] for answer in answers) == [False, True, True]
        assert len(system.database.jobs()) == 2
        asked = next(answer for answer in answers if "a moment ago" in answer["content"])
        assert labels(asked) == ["One more for 3 credits", "Edit & retry"]
        for _ in range(2):
            await people.answer(await people.presses(asked, control(asked, "One more"), user="ben"))
        await system.rest()
    assert [job["origin"] for job in system.database.jobs()] == ["create", "again", "again"]
    assert system.database.balances() == (0, 9)


async def test_a_copy_in_somebodys_direct_messages_is_deleted_by_them(system: System) -> None:
    people = system.people
    async with system.bot():
        message = await posted(system)
        await people.answer(await press(system, message, "dm", user="ben"))
        (copy,) = await people.results("dm", user="ben")
        asked = await people.answered(await press(system, copy, "delete", user="ben"))
        assert "stays where it was posted" in asked["content"]
        sent = await people.presses(asked, control(asked, "Delete it"), user="ben")
        assert "Deleted" in (await people.edited(sent))["content"]
        assert await people.results("dm", user="ben") == []
        assert await people.results() == [message]


async def test_it_goes_on_a_storyboard(system: System) -> None:
    async with system.bot():
        message = await posted(system)
        sent = await press(system, message, "board", user="ben")
        builder = await system.people.answered(sent)
    assert builder["visible_to"] == system.id_of("users", "ben")
    assert PROMPT in str(builder["embeds"])


async def test_stars_are_counted_on_the_button(system: System) -> None:
    people = system.people

    async def label() -> str:
        return str(buttons((await people.results())[0])["star"].get("label", ""))

    async def star(user: str, words: str, **more: Any) -> None:
        sent = await press(system, (await people.results())[0], "star", user=user, **more)

        async def is_told() -> bool:
            return words in str((await people.interaction(sent))["followups"])

        await people.until(is_told, what=words)

    async with system.bot():
        await posted(system)
        assert await label() == ""
        await star("ana", "Added to your favourites")
        await star("ben", "已加入你的收藏", locale="zh-CN")
        assert await label() == "2"
    async with system.bot():
        await star("ana", "Removed from")
        await star("ben", "Removed from")
    assert await label() == ""


@pytest.mark.parametrize("lost", ["nothing", "the provider's file"])
async def test_it_is_sent_as_a_fresh_file_to_whoever_asks(system: System, lost: str) -> None:
    people = system.people
    async with system.bot():
        message = await posted(system)
        if lost != "nothing":
            await people.fault("kirin", "file_missing", count=10)
        sent = await press(system, message, "dm", user="ben")
        assert "Sent" in await people.answer(sent)
        (copy,) = await people.results("dm", user="ben")
    assert copy["mentions"] == []
    assert set(buttons(copy)) == {"report", "delete"}  # in direct messages all else is for one's own videos
    assert message["id"] in copy["content"]
    assert PROMPT in copy["attachments"][0]["description"]
    files = [await people.fetch(each["attachments"][0]["url"]) for each in (message, copy)]
    assert files[0] == files[1]
    assert system.database.balances() == (0, 3)


async def test_nobody_is_sent_what_they_do_not_take(system: System) -> None:
    await system.people.change_settings(user="ben", dms_open=False)
    async with system.bot():
        sent = await press(system, await posted(system), "dm", user="ben")
        assert "can't send you direct messages" in await system.people.answer(sent)


async def test_info_tells_where_it_comes_from_and_what_came_of_it(system: System) -> None:
    people = system.people
    async with system.bot():
        first = await posted(system)
        await press(system, first, "again", user="ben")
        second = await appears(system, {first["id"]})
        english = await people.answered(await press(system, second, "info"))
        chinese = await people.answered(await press(system, first, "info", locale="zh-CN"))
    is_told = {field["name"]: field["value"] for field in english["embeds"][0]["fields"]}
    assert f"/{first['id']})" in is_told["Where it comes from"]
    assert f"<@{system.id_of('users', 'ana')}>" in is_told["Where it comes from"]
    assert is_told["Cost"] == "3 credits"
    assert system.database.jobs()[1]["id"] in is_told["Ids"]
    is_told = {field["name"]: field["value"] for field in chinese["embeds"][0]["fields"]}
    assert is_told["衍生作品"] == "有 1 个视频由它而来"
    assert english["mentions"] == []


async def test_a_long_prompt_is_cut_and_shown_whole_to_whoever_asks(system: System) -> None:
    prompt = "a ``` boat @everyone " * 80
    async with system.bot():
        message = await posted(system, prompt=prompt, negative="rain")
        shown = await system.people.answered(await press(system, message, "whole", user="ben"))
    assert len(message["content"]) < 1000
    texts = [embed["description"] for embed in shown["embeds"]]
    assert texts[0].replace("\u200b", "").strip("`\n") == prompt
    assert texts[0].count("```") == 2
    assert texts[1] == "```\nrain\n```"
    assert not shown["mention_everyone"]


@pytest.mark.parametrize("who", ["ana", "admin"])
async def test_only_its_author_and_moderators_delete_it(system: System, who: str) -> None:
    people = system.people
    async with system.bot():
        message = await posted(system)
        assert "delete" not in await menu(system, message, user="ben")
        asked = await people.answered(await press(system, message, "delete", user=who))
        assert await people.results()
        (button,) = asked["components"][0]["components"]
        sent = await people.presses(asked, button["custom_id"], user=who)
        assert "Deleted" in await people.answer(sent)
        assert await people.results() == []
        assert await people.cards() == []  # it would show the prompt
        jobs = await people.answered(await people.types("video jobs"))
        assert "Deleted" in jobs["content"]
        assert jobs["components"] == []
        opened = await people.types("library", id=system.database.job()["id"])
        if who == "ana":
            assert "deleted" in str((await people.answered(opened))["embeds"])
        else:
            assert "A moderator deleted this video" in await people.answer(opened)
    assert system.database.job()["removed_at"] is not None
    assert system.database.balances() == (0, 3)


async def test_a_report_reaches_the_operator_with_the_way_to_the_message(system: System) -> None:
    people = system.people
    async with system.bot(operator_channel_id=system.id_of("channels", "showcase")):
        message = await posted(system)
        opened = await press(system, message, "report", user="ben")
        await people.form(opened)
        sent = await people.submits(opened, user="ben", reason="@everyone **look** at that")
        assert "Thank you" in await people.answer(sent)
        (alert,) = await people.messages("showcase")
    assert f"/{message['id']}" in alert["content"]
    assert "\\*\\*look" in alert["content"]
    assert not alert["mention_everyone"]
    assert await people.messages("dm", user="ana") == []


async def test_buttons_of_a_video_whose_records_are_gone_say_so(system: System) -> None:
    async with system.bot():
        message = await posted(system)
    for table in ("ledger", "accounts", "jobs"):
        system.database.change(f"DELETE FROM {table}")  # noqa: S608 (three names)
    async with system.bot():
        assert "You can't use this video" in await system.people.answer(await press(system, message, "again"))
        assert set(await menu(system, message)) == {"report"}
        sent = await press(system, message, "edit", locale="zh-CN")
        assert "这个视频你用不了" in await system.people.answer(sent)
        sent = await press(system, message, "star")

        async def is_told() -> bool:
            return "no longer have its records" in str((await system.people.interaction(sent))["followups"])

        await system.people.until(is_told, what="a private word")
        assert [each["id"] for each in await system.people.results()] == [message["id"]]


async def test_without_credits_a_button_is_refused_as_a_command_is(system: System) -> None:
    async with system.bot(daily_credits=3):
        message = await posted(system)
        answer = await system.people.answer(await press(system, message, "again"))
    assert "This video costs 3 credits, and you have 0 of" in answer
    assert system.database.balances() == (0, 3)


def prefer(system: System, choice: str) -> None:
    """Let ana hear of her videos in this way."""
    owner, body = f"user:{system.id_of('users', 'ana')}", f'{{"notify": "{choice}"}}'
    system.database.change(f"INSERT INTO preferences VALUES ('{owner}', '{body}', 0)")  # noqa: S608 (a test's own)


@pytest.mark.parametrize("choice", ["ping", "silent", "dm"])
async def test_people_hear_of_their_videos_as_they_want_to(system: System, choice: str) -> None:
    people, ana = system.people, system.id_of("users", "ana")
    async with system.bot():
        prefer(system, choice)
        message = await posted(system)
    assert f"<@{ana}>" in message["content"]
    assert bool(message["flags"] & SUPPRESSED) == (choice == "silent")
    assert len(message["mentions"]) == (choice != "silent")
    notes = await people.messages("dm")
    assert len(notes) == (choice == "dm")
    assert all(f"/{message['id']}" in note["content"] for note in notes)


@pytest.mark.parametrize("choice", ["silent", "dm"])
async def test_people_hear_of_what_could_not_be_made_as_they_want_to(system: System, choice: str) -> None:
    people, ana = system.people, system.id_of("users", "ana")
    await people.fault("kirin", "task_failed", code="006001099")
    async with system.bot():
        prefer(system, choice)
        await people.types("video create", **SMALL)
        await system.rest()
    (message,) = await people.messages()
    assert f"<@{ana}>" in message["content"]
    assert "Could not be made" in message["embeds"][0]["title"]
    assert bool(message["flags"] & SUPPRESSED) == (choice == "silent")
    assert [each["id"] for each in message["mentions"]] == ([] if choice == "silent" else [ana])
    assert len(await people.messages("dm")) == (choice == "dm")
