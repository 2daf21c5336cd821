"""What admins decide about a server: it holds at once for everybody."""

import asyncio
from typing import Any

import pytest

from cogs.ui.policy_texts import PATHS
from tests.acceptance.admins import audit_message, request_video, run_admin
from tests.acceptance.system import System

ACCEPTED = "On its way"


async def test_videos_are_made_only_where_admins_allow_it(system: System) -> None:
    people = system.people
    async with system.bot():
        assert f"<#{system.id_of('channels', 'general')}>" in await run_admin(people, "channels", allow="general")
        assert "Videos can't be made in this channel" in await request_video(people, channel="rushes")
        assert ACCEPTED in await request_video(people)
        await run_admin(people, "channels", deny="general")
        assert "Videos can't be made in this channel" in await request_video(people)
        await run_admin(people, "channels", forget="general")
        assert ACCEPTED in await request_video(people, channel="rushes")
        assert "already like that" in await run_admin(people, "channels", forget="general")
        await system.rest()
    assert len(await people.tasks()) == 2


async def test_a_category_stands_for_its_channels_and_threads_for_theirs(system: System) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "channels", allow="Studio")
        assert ACCEPTED in await request_video(people, channel="rushes")
        assert "Videos can't be made in this channel" in await request_video(people, channel="general")
        await run_admin(people, "channels", allow="general", deny="rushes")
        assert ACCEPTED in await request_video(people, channel="thread")
        assert "Videos can't be made in this channel" in await request_video(people, channel="rushes")
        said = await run_admin(people, "channels")
        assert "Videos only in" in said
        assert "No videos in" in said
        await system.rest()


async def test_roles_let_in_and_shut_out(system: System) -> None:
    people = system.people
    await people.role("VIP")
    async with system.bot():
        await run_admin(people, "roles", allow="VIP")
        assert "VIP" not in await request_video(people)
        assert "Nothing was charged" in await request_video(people)
        await people.gives("ana", "VIP")
        assert ACCEPTED in await request_video(people)
        await run_admin(people, "roles", deny="Film club")
        await people.gives("ana", "VIP", "Film club")
        assert "One of your roles isn't allowed" in await request_video(people)
        await run_admin(people, "roles", forget="Film club")
        assert ACCEPTED in await request_video(people)
        assert "Only for" in await run_admin(people, "roles")
        await system.rest()


async def test_the_best_of_a_members_roles_counts(system: System) -> None:
    people = system.people
    await people.role("VIP")
    async with system.bot(daily_credits=2):
        assert ACCEPTED not in await request_video(people)
        await run_admin(people, "tier", role="VIP", credits=3, priority=3)
        await people.gives("ana", "VIP")
        assert "3 credits, 0" in await request_video(people)
        await run_admin(people, "tier", role="Film club", credits=70, period="week")
        await people.gives("ana", "VIP", "Film club")
        assert "3 credits, 67" in await request_video(people)
        said = await run_admin(people, "roles")
        assert "3 credits a day · priority 3" in said
        assert "70 credits a week" in said
        assert "priority" in await run_admin(people, "tier", role="VIP")
        await run_admin(people, "tier", role="VIP", remove=True)
        assert "priority" not in await run_admin(people, "roles")
        await system.rest()


LIMITS = [
    ({"longest": 3}, {"duration": 5}, "at most 3 seconds"),
    ({"sound": False}, {"sound": True}, "without sound"),
    ({"pro": "nobody"}, {"mode": "pro"}, "only makes videos in standard quality"),
    ({"model": "kling-v1"}, {"model": "kirin_v3_t2v"}, "doesn't use"),
]


@pytest.mark.parametrize(("limit", "wanted", "refusal"), LIMITS)
async def test_a_limit_refuses_what_is_over_it_and_nothing_else(
    system: System, limit: dict[str, Any], wanted: dict[str, Any], refusal: str
) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "limits", **limit)
        assert refusal in await request_video(people, **wanted)
        assert system.database.jobs() == []
        reset: dict[str, Any] = {"longest": 0, "sound": True, "pro": "everyone", "not_model": "kling-v1"}
        await run_admin(people, "limits", **reset)
        assert ACCEPTED in await request_video(people, **wanted)
        await system.rest()


async def test_models_are_those_that_there_are(system: System) -> None:
    people = system.people
    async with system.bot():
        offered = await people.completes("admin limits", focused="model", user="admin", model="kl")
        assert [each["value"] for each in offered] == ["kling-v1"]
        assert "`model`: only Kirin 3, Kling 1" in await run_admin(people, "limits", model="sora")
        await run_admin(people, "limits", model="kling-v1")
        used = await people.completes("admin limits", focused="not_model", user="admin", not_model="")
        assert [each["value"] for each in used] == ["kling-v1"]
        assert "None of the models" not in await run_admin(people, "doctor")
    async with system.bot(kling_api_key="", kling_access_key="", kling_secret_key=""):
        assert "None of the models allowed here" in await run_admin(people, "doctor")
        await run_admin(people, "limits", not_model="kling-v1")
        assert ACCEPTED in await request_video(people)
        await system.rest()


async def test_everyone_is_a_role_like_others(system: System) -> None:
    people = system.people
    await people.role("VIP")
    async with system.bot():
        await run_admin(people, "roles", allow="VIP")
        await people.role("VIP", delete=True)
        assert ACCEPTED not in await request_video(people)
        await run_admin(people, "roles", allow="@everyone")
        assert ACCEPTED in await request_video(people)
        await run_admin(people, "doctor", tidy=True)
        await run_admin(people, "roles", forget="@everyone")
        assert "Only for the roles: **everyone**" in await run_admin(people, "roles")
        assert ACCEPTED in await request_video(people)
        await system.rest()


async def test_pro_mode_is_for_the_roles_that_have_it(system: System) -> None:
    people = system.people
    await people.role("VIP")
    async with system.bot():
        await run_admin(people, "limits", pro="roles", pro_role="VIP")
        assert "Nothing was charged" in await request_video(people, mode="pro")
        await people.gives("ana", "VIP")
        assert ACCEPTED in await request_video(people, mode="pro")
        await run_admin(people, "limits", not_pro_role="VIP")
        assert "Nothing was charged" in await request_video(people, mode="pro")
        await system.rest()


async def test_a_forced_watermark_is_on_every_video(system: System) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "limits", watermark=True, running=1)
        assert ACCEPTED in await request_video(people)
        await system.rest()
        said = await run_admin(people, "limits")
    assert '"watermark":true' in system.database.job()["request"].replace(" ", "")
    assert "Watermark on every video: **yes**" in said
    assert "Videos at once: **1**" in said


async def test_members_have_the_allowance_that_admins_give_them(system: System) -> None:
    people = system.people
    async with system.bot(daily_credits=60):
        await run_admin(people, "allowance", credits=4)
        assert "3 credits, 1" in await request_video(people)
        assert ACCEPTED not in await request_video(people)
        assert "4 credits a week" in await run_admin(people, "allowance", credits=4, period="week", member="ana")
        assert ACCEPTED in await request_video(people)
        assert "4 credits a day, like everybody" in await run_admin(people, "allowance", remove=True, member="ana")
        assert "4 credits a week" not in await run_admin(people, "allowance", member="ana")
        await run_admin(people, "allowance", credits=9, period="month", role="Film club")
        said = await run_admin(people, "allowance")
        assert "Credits for everyone: **4 credits a day**" in said
        assert "9 credits a month" in said
        await run_admin(people, "allowance", remove=True)
        assert "Credits for everyone: **60 credits a day (the bot's default)**" in await run_admin(people, "allowance")
        await system.rest()


async def test_what_all_use_together_has_an_end_too(system: System) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "allowance", credits=4, whole=True)
        assert ACCEPTED in await request_video(people)
        assert ACCEPTED not in await request_video(people, user="ben")
        await run_admin(people, "allowance", whole=True, remove=True)
        assert ACCEPTED in await request_video(people, user="ben")
        await system.rest()


async def test_an_allowance_is_for_one_kind_of_people_at_a_time(system: System) -> None:
    async with system.bot():
        said = await run_admin(system.people, "allowance", credits=4, member="ana", role="Film club")
        assert "only one of them" in said
        assert "60 credits a day, like everybody" in await run_admin(system.people, "allowance", member="ana")


async def test_a_pool_pays_for_those_who_share_it(system: System) -> None:
    people = system.people
    async with system.bot(daily_credits=0):
        assert ACCEPTED not in await request_video(people, user="ben")
        assert "needs a role and credits" in await run_admin(people, "pool", name="film", credits=5)
        await run_admin(people, "pool", name="film", role="Film club", credits=5, period="month")
        assert ACCEPTED in await request_video(people, user="ben")
        assert ACCEPTED not in await request_video(people, user="ana")
        assert [
            each["value"] for each in await people.completes("admin pool", focused="name", user="admin", name="fi")
        ] == ["film"]
        await run_admin(people, "pool", name="film", remove=True)
        assert ACCEPTED not in await request_video(people, user="ben")
        await system.rest()


async def test_granted_credits_are_spent_after_the_allowance_and_taken_back_at_will(system: System) -> None:
    people = system.people
    async with system.bot(daily_credits=0):
        assert ACCEPTED not in await request_video(people)
        assert "5 credits" in await run_admin(people, "grant", member="ana", credits=5, note="for the contest")
        assert ACCEPTED in await request_video(people)
        await system.rest()
        assert "has 0 credits" in await run_admin(people, "grant", member="ana", credits=-100)
        latest = await run_admin(people, "audit")
    assert "for the contest" in latest
    assert "gave" in latest
    assert "took" in latest


async def test_a_budget_of_money_stops_new_videos_and_shows_what_is_spent(system: System) -> None:
    people = system.people
    async with system.bot():
        assert "There is no limit on what videos may cost" in await run_admin(people, "budget")
        await run_admin(people, "budget", monthly=0.3)
        assert ACCEPTED in await request_video(people)
        await system.rest()
        shown = await run_admin(people, "budget")
        assert "$0.25** spent, $0.00 reserved.\nVideos here may cost at most **$0.30** a month." in shown
        assert "the budget is raised" in await request_video(people)
        await run_admin(people, "budget", remove="monthly")
        assert ACCEPTED in await request_video(people)
        await system.rest()


async def test_a_dear_video_is_asked_about_first(system: System) -> None:
    people = system.people
    async with system.bot():
        assert "without asking first" in await run_admin(people, "budget")
        assert "I ask first if a video costs more than $0.20." in await run_admin(people, "budget", confirm=0.2)
        assert ACCEPTED not in await request_video(people)
        await run_admin(people, "budget", remove="confirm")
        assert ACCEPTED in await request_video(people)
        await system.rest()


async def test_a_servers_day_begins_in_its_time_zone(system: System) -> None:
    people = system.people
    async with system.bot():
        found = await people.completes("admin server", focused="timezone", user="admin", timezone="tokyo")
        assert [each["value"] for each in found] == ["Asia/Tokyo"]
        assert "UTC → **Asia/Tokyo**" in await run_admin(people, "server", timezone="Asia/Tokyo", gifts=True)
        assert "no such time zone" in await run_admin(people, "server", timezone="Mars/Olympus")
        said = await run_admin(people, "server")
    assert "Time zone: **Asia/Tokyo**" in said
    assert "Gifts between members: **yes**" in said


async def test_everything_that_is_decided_is_shown_in_one_place(system: System) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "channels", allow="general", spoiler="nsfw")
        await run_admin(people, "limits", longest=5)
        shown = await people.types("admin show", user="admin")
        message = await people.answered(shown)
        assert "Longest video: **5 seconds**" in message["content"]
        assert f"Videos covered in: **<#{system.id_of('channels', 'nsfw')}>**" in message["content"]
        assert "Time zone" not in message["content"]
        (button,) = message["components"][0]["components"]
        assert button["label"] == f"{len(PATHS) - 3} default settings"
        usual = await people.answer(await people.presses(message, button["custom_id"], user="admin"))
        assert "Time zone: **UTC**" in usual
        assert "Budget a month: **no limit**" in usual
        assert "Longest video" not in usual
        await run_admin(people, "pause", reason="film night")
        assert "Reason: film night" in await run_admin(people, "show")


async def test_two_admins_who_decide_at_once_both_get_their_way(system: System) -> None:
    people = system.people
    async with system.bot():
        await asyncio.gather(
            run_admin(people, "limits", longest=5),
            run_admin(people, "limits", user="owner", sound=False),
            run_admin(people, "server", gifts=True),
        )
        said = await run_admin(people, "show")
    assert "Longest video: **5 seconds**" in said
    assert "Sound allowed: **no**" in said
    assert "Gifts between members: **yes**" in said


async def test_decisions_outlive_a_restart(system: System) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "limits", longest=3)
    async with system.bot():
        assert "at most 3 seconds" in await request_video(people, duration=5)


async def test_every_change_is_told_in_the_audit_channel_in_the_guilds_language(system: System) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "audit", channel="showcase")
        entry = await audit_message(people, "changed the settings", channel="showcase")
        assert "Changes posted in" in entry["content"]
        assert entry["mentions"] == []
        await people.change_settings(locale="zh-CN")
        await run_admin(people, "limits", longest=3)
        await audit_message(people, "最长视频", channel="showcase")
        assert "最长视频" not in await run_admin(people, "audit")
        await run_admin(people, "audit", off=True)
        assert "Changes posted in" in await run_admin(people, "audit")


async def test_the_audit_channel_has_to_be_one_where_the_bot_may_write(system: System) -> None:
    async with system.bot():
        assert "nothing was changed" in await run_admin(system.people, "audit", channel="quiet")
        assert "Nothing has been changed yet" in await run_admin(system.people, "audit")


async def test_what_was_not_told_before_a_restart_is_told_after_it(system: System) -> None:
    people = system.people
    async with system.bot():
        await run_admin(people, "audit", channel="showcase")
        await audit_message(people, "Changes posted in", channel="showcase")
        await people.fault("discord", "http_500", on=["message"], count=3)
        await run_admin(people, "limits", longest=3)
    async with system.bot():
        await audit_message(people, "Longest video", channel="showcase")


async def test_what_is_posted_for_everybody_is_in_the_language_that_admins_choose(system: System) -> None:
    people = system.people
    async with system.bot():
        assert "**Español**" in await run_admin(people, "server", language="es-ES")
        await request_video(people)
        result = await people.result()
        assert "tu vídeo está listo" in result["content"]
        await system.rest()
        assert "of 60 credits** left" in await people.answer(await people.types("quota"))
        assert "as Discord says" in await run_admin(people, "server", language="discord")
        await request_video(people, prompt="another one")

        async def in_english() -> bool:
            return any("your video is ready" in each["content"] for each in await people.results())

        await people.until(in_english, what="a video in the guild's own language")
