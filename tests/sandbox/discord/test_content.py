"""What a message says to whom, its poll, its stickers, and the emoji in it."""

from typing import Any

import pytest

from tests.sandbox.conftest import GUILDS, Harness

MESSAGES = 1 << 9
POLL: dict[str, Any] = {
    "question": {"text": "Which cut?"},
    "answers": [
        {"poll_media": {"text": "The long one", "emoji": {"name": "🎬"}}},
        {"poll_media": {"text": "The short one"}},
    ],
    "duration": 2,
}


async def test_what_others_say_is_read_only_by_whom_it_concerns(harness: Harness) -> None:
    path = f"/channels/{harness.channel().id}/messages"
    quiet = await harness.post("messages", user="ana", channel="general", content="psst")
    loud = await harness.post("messages", user="ana", channel="general", content=f"<@{harness.world.bot.id}> hi")
    direct = await harness.post("messages", user="ana", channel="dm", content="only you")
    _, own = await harness.say("mine", message_reference={"message_id": quiet["id"]})
    _, listed = await harness.api("GET", path)
    _, one = await harness.api("GET", f"{path}/{quiet['id']}")
    _, private = await harness.api("GET", f"/channels/{direct['channel_id']}/messages/{direct['id']}")
    shown = {message["id"]: message for message in listed}

    assert (one["content"], one["embeds"], one["attachments"], one["components"]) == ("", [], [], [])
    assert shown[quiet["id"]] == one
    assert shown[loud["id"]]["content"].endswith("hi")
    assert shown[own["id"]]["content"] == "mine"
    assert shown[own["id"]]["referenced_message"]["content"] == ""
    assert private["content"] == "only you"
    assert (await harness.look("messages"))[0]["content"] == "psst"


async def test_an_answer_does_not_give_away_over_the_gateway_what_it_answers(plain: Harness) -> None:
    quiet = await plain.post("messages", user="ana", channel="general", content="psst")
    async with plain.online(intents=GUILDS | MESSAGES) as bot:
        await plain.say("mine", message_reference={"message_id": quiet["id"]})
        told = await bot.event("MESSAGE_CREATE")

    assert (told["content"], told["referenced_message"]["content"]) == ("mine", "")


async def test_a_poll_is_kept_shown_and_ends_in_time(harness: Harness) -> None:
    path = f"/channels/{harness.channel().id}"
    status, message = await harness.say("", poll=POLL)
    _, read = await harness.api("GET", f"{path}/messages/{message['id']}")
    answer = f"{path}/polls/{message['id']}/answers"
    _, voters = await harness.api("GET", f"{answer}/1")
    nobody, _ = await harness.api("GET", f"{answer}/3")
    edited = await harness.api("PATCH", f"{path}/messages/{message['id']}", {"content": "x"})
    harness.advance(2 * 3600)
    _, over = await harness.api("GET", f"{path}/messages/{message['id']}")
    late = await harness.api("POST", f"{path}/polls/{message['id']}/expire")

    assert status == 200
    assert read["poll"] == message["poll"]
    assert message["poll"]["question"] == {"text": "Which cut?"}
    assert [row["answer_id"] for row in message["poll"]["answers"]] == [1, 2]
    assert message["poll"]["answers"][0]["poll_media"]["emoji"] == {"id": None, "name": "🎬"}
    assert message["poll"]["results"] == {"answer_counts": [], "is_finalized": False}
    assert (voters, nobody, edited[1]["code"]) == ({"users": []}, 404, 520003)
    assert over["poll"]["results"]["is_finalized"] is True
    assert (late[0], late[1]["code"]) == (400, 520001)


async def test_a_poll_is_ended_by_whose_it_is(harness: Harness) -> None:
    path = f"/channels/{harness.channel().id}/polls"
    _, message = await harness.say("", poll=POLL)
    _, plain = await harness.say("no poll")
    other = await harness.post("messages", user="ana", channel="general", content="mine")
    async with harness.online(intents=GUILDS | MESSAGES) as bot:
        status, ended = await harness.api("POST", f"{path}/{message['id']}/expire")
        told = await bot.event("MESSAGE_UPDATE")
    refused = [await harness.api("POST", f"{path}/{each['id']}/expire") for each in (plain, other)]

    assert (status, ended["poll"]["results"]["is_finalized"]) == (200, True)
    assert told["poll"]["expiry"] == ended["poll"]["expiry"]
    assert [answer["code"] for _, answer in refused] == [520006, 50005]


async def test_an_interaction_is_answered_with_a_poll_which_then_stays(harness: Harness) -> None:
    async with harness.online() as bot:
        interaction, later = await harness.command(bot), await harness.command(bot)
        _, answer = await harness.answer(interaction, 4, {"poll": POLL})
        await harness.answer(later, 5)
    original = "{}/{}/messages/@original".format
    refused = await harness.api("PATCH", original(harness.hook, interaction["token"]), {"content": "x"})
    _, filled = await harness.api("PATCH", original(harness.hook, later["token"]), {"poll": POLL})

    assert answer["resource"]["message"]["poll"]["question"] == {"text": "Which cut?"}
    assert filled["poll"]["question"] == {"text": "Which cut?"}
    assert (refused[0], refused[1]["code"]) == (400, 520003)


async def test_a_poll_needs_its_permission(plain: Harness) -> None:
    await plain.post("permissions", channel="general", deny=["send_polls"])

    assert (await plain.say("", poll=POLL))[1]["code"] == 50013


@pytest.mark.parametrize(
    ("change", "at", "kind"),
    [
        ({"question": None}, "question", "BASE_TYPE_REQUIRED"),
        ({"question": {}}, "question.text", "BASE_TYPE_REQUIRED"),
        ({"question": {"text": "x" * 301}}, "question.text", "BASE_TYPE_BAD_LENGTH"),
        ({"answers": None}, "answers", "BASE_TYPE_REQUIRED"),
        ({"answers": []}, "answers", "BASE_TYPE_BAD_LENGTH"),
        ({"answers": [{}]}, "answers.0.poll_media", "BASE_TYPE_REQUIRED"),
        ({"answers": [{"poll_media": {"text": "x" * 56}}]}, "answers.0.poll_media.text", "BASE_TYPE_BAD_LENGTH"),
        (
            {"answers": [{"poll_media": {"text": "x", "emoji": {"name": "x"}}}]},
            "answers.0.poll_media.emoji.name",
            "COMPONENT_INVALID_EMOJI",
        ),
        ({"duration": 0}, "duration", "NUMBER_TYPE_MIN"),
        ({"duration": 769}, "duration", "NUMBER_TYPE_MAX"),
        ({"layout_type": 2}, "layout_type", "BASE_TYPE_CHOICES"),
    ],
)
async def test_a_poll_has_rules(plain: Harness, change: dict[str, Any], at: str, kind: str) -> None:
    status, answer = await plain.say("", poll={**POLL, **change})
    found = answer["errors"]["poll"]
    for part in at.split("."):
        found = found[part]

    assert (status, found["_errors"][0]["code"]) == (400, kind)


async def test_what_is_no_poll_is_refused(plain: Harness) -> None:
    assert (await plain.say("x", poll="which?"))[1]["code"] == 50035


async def test_there_are_no_stickers_to_use(harness: Harness) -> None:
    refused = await harness.say("x", sticker_ids=["175928847299117063"])
    too_many = await harness.say("x", sticker_ids=["1", "2", "3", "4"])
    _, message = await harness.say("x", sticker_ids=[])
    path = f"/channels/{harness.channel().id}/messages/{message['id']}"
    edited = await harness.api("PATCH", path, {"sticker_ids": ["175928847299117063"]})

    assert refused == (403, {"message": "Cannot use this sticker", "code": 50081})
    assert (too_many[1]["code"], edited[1]["code"]) == (50035, 50081)


@pytest.mark.parametrize(
    ("emoji", "part"),
    [({"name": "▲"}, "name"), ({"name": "star"}, "name"), ({"id": "175928847299117063", "name": "star"}, "id")],
)
async def test_components_take_only_emoji_that_are_some(harness: Harness, emoji: dict[str, Any], part: str) -> None:
    button = {"type": 2, "style": 1, "custom_id": "a", "label": "a", "emoji": emoji}
    select = {"type": 3, "custom_id": "b", "options": [{"label": "a", "value": "a", "emoji": emoji}]}
    rows = [{"type": 1, "components": [each]} for each in (button, select)]
    status, answer = await harness.say("x", components=rows)
    first, second = (answer["errors"]["components"][row]["components"]["0"] for row in ("0", "1"))

    assert (status, answer["code"]) == (400, 50035)
    for found in (first, second["options"]["0"]):
        assert found["emoji"][part]["_errors"] == [{"code": "COMPONENT_INVALID_EMOJI", "message": "Invalid emoji"}]
