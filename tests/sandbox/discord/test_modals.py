from typing import Any

import pytest

from tests.sandbox.conftest import Harness

BUTTONS = [{"type": 1, "components": [{"type": 2, "style": 1, "label": "Edit", "custom_id": "again"}]}]
MODAL = {
    "custom_id": "edit",
    "title": "Edit",
    "components": [
        {
            "type": 1,
            "components": [
                {"type": 4, "custom_id": "prompt", "style": 2, "label": "Prompt", "value": "a fox", "max_length": 10}
            ],
        },
        {"type": 10, "content": "More"},
        {
            "type": 18,
            "label": "Mode",
            "component": {
                "type": 3,
                "custom_id": "mode",
                "required": False,
                "options": [{"label": "Std", "value": "std", "default": True}, {"label": "Pro", "value": "pro"}],
            },
        },
        {
            "type": 18,
            "label": "Shape",
            "component": {
                "type": 21,
                "custom_id": "shape",
                "required": False,
                "options": [{"label": "Wide", "value": "16:9"}, {"label": "Tall", "value": "9:16"}],
            },
        },
        {"type": 18, "label": "Sound", "component": {"type": 23, "custom_id": "sound"}},
    ],
}


async def test_a_modal_is_opened_filled_in_and_sent(harness: Harness) -> None:
    async with harness.online() as bot:
        _, message = await harness.say("card", components=BUTTONS)
        press = await harness.press(bot, user="ben", message_id=message["id"], custom_id="again")
        _, callback = await harness.answer(press, 9, MODAL)
        seen = await harness.look(f"interactions/{press['id']}")
        fields = {"prompt": "a wolf", "shape": "9:16", "sound": True}
        await harness.post("modal", user="ben", interaction_id=press["id"], fields=fields)
        sent = await bot.event("INTERACTION_CREATE")
        _, updated = await harness.answer(sent, 7, {"content": "edited"})

    assert (callback["interaction"]["type"], seen["modal"]["title"]) == (3, "Edit")
    assert "resource" not in callback
    parts = sent["data"]["components"]
    assert (sent["type"], sent["data"]["custom_id"], sent["message"]["id"]) == (5, "edit", message["id"])
    assert parts[0]["components"][0]["value"] == "a wolf"
    assert parts[1] == {"type": 10, "id": 2}
    assert parts[2]["component"]["values"] == ["std"]
    assert (parts[3]["component"]["value"], parts[4]["component"]["value"]) == ("9:16", True)
    assert updated["resource"]["message"]["id"] == message["id"]


@pytest.mark.parametrize(
    ("user", "fields"),
    [
        ("ana", {}),
        ("ben", {"other": "x"}),
        ("ben", {"prompt": ""}),
        ("ben", {"prompt": "longer than ten"}),
        ("ben", {"prompt": 7}),
        ("ben", {"mode": ["wide"]}),
        ("ben", {"mode": ["std", "pro"]}),
        ("ben", {"shape": "1:1"}),
        ("ben", {"sound": "yes"}),
    ],
)
async def test_modals_take_what_their_fields_take(plain: Harness, user: str, fields: dict[str, Any]) -> None:
    async with plain.online() as bot:
        interaction = await plain.command(bot, user="ben")
        await plain.answer(interaction, 9, MODAL)
        status, _ = await plain.act("modal", user=user, interaction_id=interaction["id"], fields=fields)

    assert status == 400


async def test_a_modal_takes_files_and_several_choices(harness: Harness) -> None:
    options = [{"label": "A", "value": "a"}, {"label": "B", "value": "b"}]
    parts = [
        {"type": 18, "label": "Files", "component": {"type": 19, "custom_id": "files", "max_values": 2}},
        {"type": 18, "label": "Boxes", "component": {"type": 22, "custom_id": "boxes", "options": options}},
        {"type": 18, "label": "Who", "component": {"type": 5, "custom_id": "who", "required": False}},
    ]
    async with harness.online() as bot:
        interaction = await harness.command(bot)
        await harness.answer(interaction, 9, {"custom_id": "m", "title": "M", "components": parts})
        file = {"filename": "a.txt", "base64": "aGk="}
        fields = {"files": [file], "boxes": ["a", "b"]}
        refused, _ = await harness.act("modal", user="ana", interaction_id=interaction["id"], fields={"files": []})
        await harness.post("modal", user="ana", interaction_id=interaction["id"], fields=fields)
        sent = await bot.event("INTERACTION_CREATE")

    data = sent["data"]
    uploaded = data["components"][0]["component"]["values"][0]
    assert refused == 400
    assert data["resolved"]["attachments"][uploaded]["filename"] == "a.txt"
    assert data["components"][1]["component"]["values"] == ["a", "b"]
    assert data["components"][2]["component"]["values"] == []


async def test_a_command_may_open_a_modal_but_a_modal_may_not(harness: Harness) -> None:
    async with harness.online() as bot:
        interaction = await harness.command(bot)
        await harness.answer(interaction, 9, MODAL)
        await harness.post("modal", user="ana", interaction_id=interaction["id"], fields={})
        sent = await bot.event("INTERACTION_CREATE")
        status, answer = await harness.answer(sent, 9, MODAL)
        update, _ = await harness.answer(sent, 7, {"content": "x"})
        fine, callback = await harness.answer(sent, 4, {"content": "x"})

    assert (status, answer["errors"]["type"]["_errors"][0]["code"]) == (400, "BASE_TYPE_CHOICES")
    assert (update, fine) == (400, 200)
    metadata = callback["resource"]["message"]["interaction_metadata"]
    assert metadata["triggering_interaction_metadata"]["type"] == 2
