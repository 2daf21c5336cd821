"""What admins decide about a server: it holds at once for everybody."""

import asyncio
from typing import Any

import pytest

from tests.acceptance.admins import asks, does, told
from tests.acceptance.stage import Stage

ACCEPTED = "On its way"


async def test_videos_are_made_only_where_admins_allow_it(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        assert f"<#{stage.id_of('channels', 'general')}>" in await does(people, "channels", allow="general")
        assert "No videos are made in this channel" in await asks(people, channel="rushes")
        assert ACCEPTED in await asks(people)
        await does(people, "channels", deny="general")
        assert "No videos are made in this channel" in await asks(people)
        await does(people, "channels", forget="general")
        assert ACCEPTED in await asks(people, channel="rushes")
        assert "That is how it was already" in await does(people, "channels", forget="general")
        await stage.rest()
    assert len(await people.tasks()) == 2


async def test_a_category_stands_for_its_channels_and_threads_for_theirs(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await does(people, "channels", allow="Studio")
        assert ACCEPTED in await asks(people, channel="rushes")
        assert "No videos are made in this channel" in await asks(people, channel="general")
        await does(people, "channels", allow="general", deny="rushes")
        assert ACCEPTED in await asks(people, channel="thread")
        assert "No videos are made in this channel" in await asks(people, channel="rushes")
        said = await does(people, "channels")
        assert "Videos only in" in said
        assert "No videos in" in said
        await stage.rest()


async def test_roles_let_in_and_shut_out(stage: Stage) -> None:
    people = stage.people
    await people.role("VIP")
    async with stage.bot():
        await does(people, "roles", allow="VIP")
        assert "VIP" not in await asks(people)
        assert "Nothing was taken" in await asks(people)
        await people.gives("ana", "VIP")
        assert ACCEPTED in await asks(people)
        await does(people, "roles", deny="Film club")
        await people.gives("ana", "VIP", "Film club")
        assert "One of your roles is not allowed" in await asks(people)
        await does(people, "roles", forget="Film club")
        assert ACCEPTED in await asks(people)
        assert "Only for" in await does(people, "roles")
        await stage.rest()


async def test_the_best_of_a_members_roles_counts(stage: Stage) -> None:
    people = stage.people
    await people.role("VIP")
    async with stage.bot(daily_credits=2):
        assert ACCEPTED not in await asks(people)
        await does(people, "tier", role="VIP", credits=3, priority=3)
        await people.gives("ana", "VIP")
        assert "3 credits, 0" in await asks(people)
        await does(people, "tier", role="Film club", credits=70, period="week")
        await people.gives("ana", "VIP", "Film club")
        assert "3 credits, 67" in await asks(people)
        said = await does(people, "roles")
        assert "3 credits a day · priority 3" in said
        assert "70 credits a week" in said
        assert "priority" in await does(people, "tier", role="VIP")
        await does(people, "tier", role="VIP", remove=True)
        assert "priority" not in await does(people, "roles")
        await stage.rest()


LIMITS = [
    ({"longest": 3}, {"duration": 5}, "at most 3 seconds"),
    ({"sound": False}, {"sound": True}, "without sound"),
    ({"pro": "nobody"}, {"mode": "pro"}, "standard mode only"),
    ({"model": "kling-v1"}, {"model": "kirin_v3_t2v"}, "does not use the model"),
]


@pytest.mark.parametrize(("limit", "wanted", "refusal"), LIMITS)
async def test_a_limit_refuses_what_is_over_it_and_nothing_else(
    stage: Stage, limit: dict[str, Any], wanted: dict[str, Any], refusal: str
) -> None:
    people = stage.people
    async with stage.bot():
        await does(people, "limits", **limit)
        assert refusal in await asks(people, **wanted)
        assert stage.books.jobs() == []
        reset: dict[str, Any] = {"longest": 0, "sound": True, "pro": "everyone", "not_model": "kling-v1"}
        await does(people, "limits", **reset)
        assert ACCEPTED in await asks(people, **wanted)
        await stage.rest()


async def test_models_are_those_that_there_are(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        offered = await people.completes("admin limits", focused="model", user="admin", model="kl")
        assert [each["value"] for each in offered] == ["kling-v1"]
        assert "`model`: only kirin" in await does(people, "limits", model="sora")
        await does(people, "limits", model="kling-v1")
        used = await people.completes("admin limits", focused="not_model", user="admin", not_model="")
        assert [each["value"] for each in used] == ["kling-v1"]
        assert "None of the models" not in await does(people, "doctor")
    async with stage.bot(kling_api_key="", kling_access_key="", kling_secret_key=""):
        assert "None of the models that may be used here is offered any more" in await does(people, "doctor")
        await does(people, "limits", not_model="kling-v1")
        assert ACCEPTED in await asks(people)
        await stage.rest()


async def test_everyone_is_a_role_like_others(stage: Stage) -> None:
    people = stage.people
    await people.role("VIP")
    async with stage.bot():
        await does(people, "roles", allow="VIP")
        await people.role("VIP", delete=True)
        assert ACCEPTED not in await asks(people)
        await does(people, "roles", allow="@everyone")
        assert ACCEPTED in await asks(people)
        await does(people, "doctor", tidy=True)
        await does(people, "roles", forget="@everyone")
        assert "Only for the roles: **everyone**" in await does(people, "roles")
        assert ACCEPTED in await asks(people)
        await stage.rest()


async def test_pro_mode_is_for_the_roles_that_have_it(stage: Stage) -> None:
    people = stage.people
    await people.role("VIP")
    async with stage.bot():
        await does(people, "limits", pro="roles", pro_role="VIP")
        assert "Nothing was taken" in await asks(people, mode="pro")
        await people.gives("ana", "VIP")
        assert ACCEPTED in await asks(people, mode="pro")
        await does(people, "limits", not_pro_role="VIP")
        assert "Nothing was taken" in await asks(people, mode="pro")
        await stage.rest()


async def test_a_forced_watermark_is_on_every_video(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await does(people, "limits", watermark=True, running=1)
        assert ACCEPTED in await asks(people)
        await stage.rest()
        said = await does(people, "limits")
    assert '"watermark":true' in stage.books.job()["request"].replace(" ", "")
    assert "Watermark on every video: **yes**" in said
    assert "Videos made at once: **1**" in said


async def test_members_have_the_allowance_that_admins_give_them(stage: Stage) -> None:
    people = stage.people
    async with stage.bot(daily_credits=60):
        await does(people, "allowance", credits=4)
        assert "3 credits, 1" in await asks(people)
        assert ACCEPTED not in await asks(people)
        assert "4 credits a week" in await does(people, "allowance", credits=4, period="week", member="ana")
        assert ACCEPTED in await asks(people)
        assert "4 credits a day, like everybody" in await does(people, "allowance", remove=True, member="ana")
        assert "4 credits a week" not in await does(people, "allowance", member="ana")
        await does(people, "allowance", credits=9, period="month", role="Film club")
        said = await does(people, "allowance")
        assert "Credits for everyone: **4 credits a day**" in said
        assert "9 credits a month" in said
        await does(people, "allowance", remove=True)
        assert "Credits for everyone: **60 credits a day (the bot's own number)**" in await does(people, "allowance")
        await stage.rest()


async def test_what_all_use_together_has_an_end_too(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await does(people, "allowance", credits=4, whole=True)
        assert ACCEPTED in await asks(people)
        assert ACCEPTED not in await asks(people, user="ben")
        await does(people, "allowance", whole=True, remove=True)
        assert ACCEPTED in await asks(people, user="ben")
        await stage.rest()


async def test_an_allowance_is_for_one_kind_of_people_at_a_time(stage: Stage) -> None:
    async with stage.bot():
        said = await does(stage.people, "allowance", credits=4, member="ana", role="Film club")
        assert "only one of them" in said
        assert "60 credits a day, like everybody" in await does(stage.people, "allowance", member="ana")


async def test_a_pool_pays_for_those_who_share_it(stage: Stage) -> None:
    people = stage.people
    async with stage.bot(daily_credits=0):
        assert ACCEPTED not in await asks(people, user="ben")
        assert "needs a role and credits" in await does(people, "pool", name="film", credits=5)
        await does(people, "pool", name="film", role="Film club", credits=5, period="month")
        assert ACCEPTED in await asks(people, user="ben")
        assert ACCEPTED not in await asks(people, user="ana")
        assert [
            each["value"] for each in await people.completes("admin pool", focused="name", user="admin", name="fi")
        ] == ["film"]
        await does(people, "pool", name="film", remove=True)
        assert ACCEPTED not in await asks(people, user="ben")
        await stage.rest()


async def test_granted_credits_are_spent_after_the_allowance_and_taken_back_at_will(stage: Stage) -> None:
    people = stage.people
    async with stage.bot(daily_credits=0):
        assert ACCEPTED not in await asks(people)
        assert "5 credits" in await does(people, "grant", member="ana", credits=5, note="for the contest")
        assert ACCEPTED in await asks(people)
        await stage.rest()
        assert "has 0 credits" in await does(people, "grant", member="ana", credits=-100)
        latest = await does(people, "audit")
    assert "for the contest" in latest
    assert "gave" in latest
    assert "took" in latest


async def test_a_budget_of_money_stops_new_videos_and_shows_what_is_spent(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await does(people, "budget", monthly=0.3)
        assert ACCEPTED in await asks(people)
        await stage.rest()
        assert "$0.25** spent, $0.00 in the making. Ceiling: $0.30" in await does(people, "budget")
        assert "raises the budget" in await asks(people)
        await does(people, "budget", remove="monthly")
        assert ACCEPTED in await asks(people)
        await stage.rest()


async def test_a_dear_video_is_asked_about_first(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        assert "$0.20" in await does(people, "budget", confirm=0.2)
        assert ACCEPTED not in await asks(people)
        await does(people, "budget", remove="confirm")
        assert ACCEPTED in await asks(people)
        await stage.rest()


async def test_a_servers_day_begins_in_its_time_zone(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        found = await people.completes("admin server", focused="timezone", user="admin", timezone="tokyo")
        assert [each["value"] for each in found] == ["Asia/Tokyo"]
        assert "UTC → **Asia/Tokyo**" in await does(people, "server", timezone="Asia/Tokyo", gifts=True)
        assert "no such time zone" in await does(people, "server", timezone="Mars/Olympus")
        said = await does(people, "server")
    assert "Time zone: **Asia/Tokyo**" in said
    assert "Gifts between members: **yes**" in said


async def test_everything_that_is_decided_is_shown_in_one_place(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await does(people, "channels", allow="general", spoiler="nsfw")
        await does(people, "limits", longest=5)
        decided, usual = (await does(people, "show")).split("**Not decided here, so the bot's own settings hold**")
        said = decided + usual
        assert "Longest video: **5 seconds**" in decided
        assert "Time zone: **UTC**" in usual
        assert f"Videos covered in: **<#{stage.id_of('channels', 'nsfw')}>**" in said
        assert "Budget a month: **no limit**" in said
        await does(people, "pause", reason="film night")
        assert "Reason: film night" in await does(people, "show")
        await does(people, "channels", plain="nsfw")
        assert "Videos covered in: **none**" in await does(people, "show")


async def test_two_admins_who_decide_at_once_both_get_their_way(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await asyncio.gather(
            does(people, "limits", longest=5),
            does(people, "limits", user="owner", sound=False),
            does(people, "server", gifts=True),
        )
        said = await does(people, "show")
    assert "Longest video: **5 seconds**" in said
    assert "Sound allowed: **no**" in said
    assert "Gifts between members: **yes**" in said


async def test_decisions_outlive_a_restart(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await does(people, "limits", longest=3)
    async with stage.bot():
        assert "at most 3 seconds" in await asks(people, duration=5)


async def test_every_change_is_told_in_the_audit_channel_in_the_guilds_language(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await does(people, "audit", channel="showcase")
        entry = await told(people, "changed the settings", channel="showcase")
        assert "Changes are told in" in entry["content"]
        assert entry["mentions"] == []
        await people.turn(locale="zh-CN")
        await does(people, "limits", longest=3)
        await told(people, "最长视频", channel="showcase")
        assert "最长视频" not in await does(people, "audit")
        await does(people, "audit", off=True)
        assert "Changes are told in" in await does(people, "audit")


async def test_the_audit_channel_has_to_be_one_where_the_bot_may_write(stage: Stage) -> None:
    async with stage.bot():
        assert "nothing was changed" in await does(stage.people, "audit", channel="quiet")
        assert "Nothing has been changed yet" in await does(stage.people, "audit")


async def test_what_was_not_told_before_a_restart_is_told_after_it(stage: Stage) -> None:
    people = stage.people
    async with stage.bot():
        await does(people, "audit", channel="showcase")
        await told(people, "Changes are told in", channel="showcase")
        await people.fault("discord", "http_500", on=["message"], count=3)
        await does(people, "limits", longest=3)
    async with stage.bot():
        await told(people, "Longest video", channel="showcase")
