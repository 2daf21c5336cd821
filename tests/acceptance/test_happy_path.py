"""From a typed command to a posted video, as people see it."""

import io
from dataclasses import dataclass
from typing import Any, Final

import av
import pytest

from tests.acceptance.system import PROMPT, SMALL, System


@dataclass(frozen=True)
class Streams:
    """What an MP4 is, after all of it has been decoded."""

    codec: str
    size: tuple[int, int]
    seconds: int
    sound: str | None


def streams_of(content: bytes) -> Streams:
    with av.open(io.BytesIO(content), "r", format="mp4") as container:
        (video,) = container.streams.video
        frames = [frame.time for frame in container.decode(video)]
        sound = next((stream.codec.name for stream in container.streams.audio), None)
        assert frames == sorted(frames)
        return Streams(video.codec.name, (video.width, video.height), round(frames[-1] - frames[0]), sound)


async def test_a_command_becomes_a_video_in_the_channel(system: System) -> None:
    people, ana = system.people, system.id_of("users", "ana")
    async with system.bot():
        sent = await people.types("video create", **SMALL)
        answer = await people.answer(sent)
        result = await people.result()
        await system.rest()
        ready = await people.answer(sent)
    assert await people.messages() == [result]
    assert "On its way" in answer
    assert "3 credits, 57 credits left" in answer
    assert "Your video is ready: https://discord.com/channels/" in ready
    assert f"/{result['channel_id']}/{result['id']}" in ready
    assert [user["id"] for user in result["mentions"]] == [ana]
    assert PROMPT in result["content"]
    (attachment,) = result["attachments"]
    assert PROMPT in attachment["description"]
    assert streams_of(await people.fetch(attachment["url"])) == Streams("h264", (720, 720), 3, None)
    assert system.database.entries() == [("hold", 3), ("settle", 3)]
    assert system.database.job()["cost_micros"] == 252_000


async def test_discord_is_asked_for_no_more_than_it_takes(system: System) -> None:
    people = system.people
    async with system.bot():
        sent = await people.types("video create", **SMALL)
        await people.result()
        await system.rest()
        seen = await people.interaction(sent)
    assert seen["acknowledged"] is not None
    assert seen["first"]["type"] == 5
    assert seen["current"]["visible_to"] == system.id_of("users", "ana")
    (job,) = system.database.jobs()
    requests = await people.requests()
    posts = [each["body"] for each in requests if each["method"] == "POST" and each["path"].endswith("/messages")]
    assert [(post["nonce"], post["enforce_nonce"]) for post in posts] == [
        (f"card-{job['id']}", True),
        (f"video-{job['id']}", True),
    ]
    allowed = posts[1]["allowed_mentions"]
    assert allowed["parse"] == []
    assert [str(user) for user in allowed["users"]] == [system.id_of("users", "ana")]
    edits = [
        each for each in requests if each["method"] == "PATCH" and each["path"].endswith(f"/{job['card_message_id']}")
    ]
    assert len(edits) <= 4


OF_KIRIN: Final = {
    "prompt": PROMPT,
    "multi_shot": False,
    "mode": "pro",
    "aspect_ratio": "9:16",
    "duration": "4",
    "sound": "on",
    "negative_prompt": "rain",
    "watermark_info": {"enabled": True},
}
OF_KLING: Final = {
    "model_name": "kling-v1",
    "prompt": PROMPT,
    "mode": "std",
    "aspect_ratio": "1:1",
    "duration": "5",
    "negative_prompt": "rain",
    "cfg_scale": 0.7,
}


async def ask_in_vain(system: System, provider: str, **options: Any) -> dict[str, Any]:
    """Ask for a video that will not be made; the only task's request."""
    await system.people.fault(provider, "task_failed", code="006001099")
    async with system.bot():
        await system.people.types("video create", prompt=PROMPT, negative="rain", **options)
        await system.rest()
    (task,) = await system.people.tasks()
    assert task["provider"] == provider
    assert system.database.balances() == (0, 0)
    request: dict[str, Any] = task["request"]
    return request


async def test_every_option_that_kirin_has_reaches_it(system: System) -> None:
    options = {"mode": "pro", "aspect": "9:16", "duration": 4, "sound": True, "watermark": True}
    request = await ask_in_vain(system, "kirin", model="kirin_v3_t2v", **options)
    assert request["model"] == "kirin_v3_t2v"
    params = request["input"][0]["params"]
    assert params.pop("external_task_id") == system.database.job()["id"]
    assert params == OF_KIRIN


async def test_every_option_that_kling_has_reaches_it(system: System) -> None:
    options = {"mode": "std", "aspect": "1:1", "duration": 5, "cfg": 0.7, "camera": "zoom_in", "strength": "gentle"}
    request = await ask_in_vain(system, "kling", model="kling-v1", **options)
    assert request.pop("external_task_id") == system.database.job()["id"]
    camera = request.pop("camera_control")
    assert camera["type"] == "simple"
    assert {axis: value for axis, value in camera["config"].items() if value} == {"zoom": -2}
    assert request == OF_KLING


async def test_a_private_video_comes_as_a_direct_message_and_leaves_no_trace_in_the_channel(system: System) -> None:
    people = system.people
    async with system.bot():
        sent = await people.types("video create", **SMALL, sound=True, private=True)
        assert "direct message" in await people.answer(sent)
        result = await people.result("dm")
        await system.rest()
    assert streams_of(await people.fetch(result["attachments"][0]["url"])) == Streams("h264", (720, 720), 3, "aac")
    assert await people.messages() == []
    assert await people.cards("dm") == []
    assert system.database.entries() == [("hold", 5), ("settle", 5)]


@pytest.mark.parametrize("channel", ["dm", "thread"])
async def test_it_works_in_direct_messages_and_in_threads_too(system: System, channel: str) -> None:
    people = system.people
    async with system.bot():
        sent = await people.types("video create", channel=channel, **SMALL)
        assert "On its way" in await people.answer(sent)
        result = await people.result(channel)
        await system.rest()
        assert await people.messages(channel) == [result]
    assert await people.messages("general") == []
    assert system.database.balances() == (0, 3)


async def test_two_people_at_once_each_get_their_own_video(system: System) -> None:
    people = system.people
    async with system.bot():
        sent = [await people.types("video create", user=user, **SMALL) for user in ("ana", "ben")]
        assert all(["On its way" in await people.answer(each) for each in sent])

        async def both() -> bool:
            return len(await people.results()) == 2

        await people.until(both, what="two videos")
        await system.rest()
    mentioned = {user["username"] for result in await people.results() for user in result["mentions"]}
    assert mentioned == {"ana", "ben"}
    assert len(await people.tasks()) == 2
    assert sorted(system.database.entries()) == [("hold", 3), ("hold", 3), ("settle", 3), ("settle", 3)]


async def test_a_card_says_how_many_wait_in_front(system: System) -> None:
    people = system.people
    await people.fault("kirin", "stuck")
    async with system.bot(running_per_provider=1):
        await people.types("video create", user="ana", **SMALL)
        await people.card("Making the video")
        await people.types("video create", user="ben", **SMALL)
        await people.card("Number 1 in line")
        await people.types("video create", user="admin", **SMALL)
        await people.card("Number 2 in line")
    assert len(await people.tasks()) == 1
    assert system.database.balances() == (9, 0)


async def test_a_waiting_video_can_be_taken_back(system: System) -> None:
    people = system.people
    await people.fault("kirin", "stuck")
    async with system.bot(running_per_user=1):
        await people.types("video create", prompt="the first", duration=3)
        await people.card("Making the video")
        await people.types("video create", prompt="the second", duration=10)
        await people.card("Number 1 in line")
        (choice,) = await people.completes("video cancel", focused="job", job="sec")
        assert choice["name"].startswith("“the second”, ")
        foreign = await people.types("video cancel", user="ben", job=choice["value"])
        assert "I can't tell which of your videos you mean, or it isn't waiting any more" in await people.answer(
            foreign
        )
        sent = await people.types("video cancel", job=choice["value"])
        assert "10 credits are yours again" in await people.answer(sent)
        await people.card("Cancelled before it began")
        assert await people.completes("video cancel", focused="job", job="first") == []
        running = next(job for job in system.database.jobs() if job["status"] == "running")
        late = await people.types("video cancel", job=running["id"])
        assert "too late to cancel" in await people.answer(late)
    assert len(await people.tasks()) == 1
    assert system.database.balances() == (3, 0)


async def test_what_waits_is_cancelled_in_the_list_of_jobs_which_shows_it_at_once(system: System) -> None:
    people = system.people
    async with system.bot(running_per_provider=1):
        await people.fault("kirin", "stuck")
        await people.types("video create", **{**SMALL, "prompt": "the first"})
        await people.card("Making the video")
        await people.types("video create", **{**SMALL, "prompt": "the second"})
        await people.card("Waiting in line")
        listed = await people.answered(await people.types("video jobs"))
        opened, cancel = sorted(
            (each for row in listed["components"] for each in row["components"]), key=lambda each: "url" not in each
        )
        assert (opened["label"], cancel["label"]) == ("Open 2", "Cancel 1")
        after = await people.edited(await people.presses(listed, cancel["custom_id"]))
        assert "Cancel" not in [
            each.get("label", "").split()[0] for row in after["components"] for each in row["components"]
        ]
        assert system.database.balances() == (3, 0)


async def test_what_failed_is_tried_again_or_edited_from_the_list_of_jobs(system: System) -> None:
    people = system.people
    async with system.bot():
        for code in ("1203", "1301"):
            await people.fault("kirin", "task_failed", code=code)
            await people.answer(await people.types("video create", **SMALL))
            await system.rest()
        listed = await people.answered(await people.types("video jobs"))
        edit, again = [each for row in listed["components"] for each in row["components"]]
        assert (edit["label"], again["label"]) == ("Edit 1", "Try 2 again (3 credits)")
        await people.presses(listed, again["custom_id"])
        await people.result()  # it asks for no second yes: its price was on the button


async def test_the_quota_and_the_list_of_jobs_tell_what_happened(system: System) -> None:
    people = system.people

    async def asks(command: str) -> str:
        return await people.answer(await people.types(command))

    async with system.bot():
        assert "You have no videos here yet" in await asks("video jobs")
        assert "**60 of 60 credits** left" in await asks("quota")
        await people.types("video create", **SMALL)
        result = await people.result()
        await system.rest()
        shown = await people.answered(await people.types("video jobs"))
        assert "Done" in shown["content"]
        assert system.database.job()["id"] not in shown["content"]
        assert PROMPT in shown["content"]
        (row,) = shown["components"]
        assert [each["url"].endswith(f"/{result['id']}") for each in row["components"]] == [True]
        quota = await asks("quota")
        assert "**57 of 60 credits** left" in quota
        assert PROMPT[:10] in quota


async def test_camera_moves_are_offered_while_they_are_typed(system: System) -> None:
    async with system.bot():
        every = await system.people.completes("video create", focused="camera", prompt="x")
        some = await system.people.completes("video create", focused="camera", prompt="x", camera="zo")
    assert len(every) == 16
    assert "zoom_in" in [choice["value"] for choice in some]
    assert len(some) < len(every)


async def test_what_people_type_mentions_nobody_and_formats_nothing(system: System) -> None:
    people, ben = system.people, system.id_of("users", "ben")
    async with system.bot():
        await people.types("video create", **{**SMALL, "prompt": f"@everyone <@{ben}> **bold** ```code"})
        result = await people.result()
        await system.rest()
    assert [user["username"] for user in result["mentions"]] == ["ana"]
    assert not result["mention_everyone"]
    assert "\\*\\*bold" in result["content"]
