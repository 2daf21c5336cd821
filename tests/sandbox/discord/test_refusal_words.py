"""What an invalid form is told: Discord's own names and words, with its document at hand or without."""

from typing import Any

import pytest

from tests.sandbox.conftest import Harness


def button(**more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "custom_id": "a", "label": "a"} | more


def rows(*components: dict[str, Any]) -> dict[str, Any]:
    return {"components": [{"type": 1, "components": list(components)}]}


FIRST = "components.0.components.0"


@pytest.mark.parametrize(
    ("body", "at", "code", "message"),
    [
        ({"content": "x" * 2001}, "content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length."),
        ({"content": 5}, "content", "STRING_TYPE_CONVERT", 'Could not interpret "5" as string.'),
        ({"content": "x", "flags": "many"}, "flags", "NUMBER_TYPE_COERCE", 'Value "many" is not int.'),
        ({"content": "x", "tts": "no"}, "tts", "BOOLEAN_TYPE_CONVERT", "Must be either true or false."),
        ({"content": "x", "embeds": [5]}, "embeds.0", "MODEL_TYPE_CONVERT", "Expected an object/dictionary."),
        ({"content": "x", "nonce": "x" * 26}, "nonce", "NONCE_TYPE_TOO_LONG", "Must be 25 or fewer characters long."),
        (
            {"content": "x", "embeds": [{"fields": [{"name": "a"}]}]},
            "embeds.0.fields.0.value",
            "BASE_TYPE_REQUIRED",
            "This field is required",
        ),
        (
            {
                "content": "x",
                "embeds": [{"description": "x" * 4096, "title": "y" * 256, "footer": {"text": "z" * 2048}}],
            },
            "embeds",
            "MAX_EMBED_SIZE_EXCEEDED",
            "Embed size exceeds maximum size of 6000",
        ),
        (
            {"content": "x", "allowed_mentions": {"users": ["1", "1"]}},
            "allowed_mentions.users.1",
            "SET_TYPE_ALREADY_CONTAINS_VALUE",
            "The set already contains this value",
        ),
        (
            {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
            "allowed_mentions",
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
            'parse:["users"] and users: [ids...] are mutually exclusive.',
        ),
        (
            {"content": "x", "message_reference": {"message_id": "175928847299117063"}},
            "message_reference",
            "MESSAGE_REFERENCE_UNKNOWN_MESSAGE",
            "Unknown message",
        ),
        (
            rows(*[button(custom_id=str(n)) for n in range(6)]),
            "components.0.components",
            "BASE_TYPE_BAD_LENGTH",
            "Must be between 1 and 5 in length.",
        ),
        (
            {"components": [button()]},
            "components.0",
            "UNION_TYPE_CHOICES",
            'Value of field "type" must be one of (1,).',
        ),
        (rows(button(style=9)), f"{FIRST}.style", "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3, 4, 5, 6)."),
        (
            rows(button(), button()),
            "components.0.components.1.custom_id",
            "COMPONENT_CUSTOM_ID_DUPLICATED",
            "Component custom id cannot be duplicated",
        ),
        (
            rows({"type": 3, "custom_id": "a", "options": [{"label": "a", "value": "a"}] * 2}),
            f"{FIRST}.options.1.value",
            "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
            "The specified option value is already used",
        ),
    ],
)
async def test_a_message_is_refused_in_discords_words(
    harness: Harness, body: dict[str, Any], at: str, code: str, message: str
) -> None:
    status, answer = await harness.api("POST", f"/channels/{harness.channel().id}/messages", body)
    found = answer["errors"]
    for part in at.split("."):
        found = found[part]

    assert (status, answer["code"], answer["message"]) == (400, 50035, "Invalid Form Body")
    assert {"code": code, "message": message} in found["_errors"], found


@pytest.mark.parametrize(
    ("command", "at", "code", "message"),
    [
        ({"name": "Video", "description": "d"}, "name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid"),
        (
            {"name": "a b", "description": "d"},
            "name",
            "STRING_TYPE_REGEX",
            "String value did not match validation regex.",
        ),
        ({"name": "a"}, "description", "BASE_TYPE_REQUIRED", "This field is required"),
        (
            {"name": "a", "description": "d", "options": [{"type": 12, "name": "b", "description": "d"}]},
            "options.0",
            "UNION_TYPE_CHOICES",
            'Value of field "type" must be one of (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11).',
        ),
    ],
)
async def test_a_command_is_refused_in_discords_words(
    harness: Harness, command: dict[str, Any], at: str, code: str, message: str
) -> None:
    path = f"/applications/{harness.world.application_id}/commands"
    status, answer = await harness.api("POST", path, command)
    _, bulk = await harness.api("PUT", path, [command])
    found, among = answer["errors"], bulk["errors"]["0"]
    for part in at.split("."):
        found, among = found[part], among[part]

    assert status == 400
    assert {"code": code, "message": message} in found["_errors"]
    assert {"code": code, "message": message} in among["_errors"]


async def test_a_list_is_refused_in_discords_words(harness: Harness) -> None:
    path = f"/channels/{harness.channel().id}/messages"
    found = [(await harness.api("GET", path, params={"limit": limit}))[1] for limit in ("101", "0", "many")]
    told = [str(answer) for answer in found]

    assert "int value should be less than or equal to 100." in told[0]
    assert "int value should be greater than or equal to 1." in told[1]
    assert 'Value "many" is not int.' in told[2]
