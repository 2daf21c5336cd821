import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.discord.openapi import Document

MESSAGES = "/channels/{channel_id}/messages"


def small() -> dict[str, Any]:
    """A document in the manner of Discord's, of one operation."""
    kinds = {
        name: {"type": "object", "properties": {"type": {"type": "integer", "enum": [kind]}, key: {"type": "string"}}}
        for name, kind, key in (("A", 1, "a"), ("B", 2, "b"))
    }
    schemas = {
        **kinds,
        "SnowflakeType": {"type": "string"},
        "InnerErrors": {},
        "Message": {
            "type": "object",
            "properties": {
                "content": {"type": "string", "maxLength": 5},
                "part": {"oneOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}]},
                "either": {"oneOf": [{"type": "string"}, {"type": "null"}]},
                "reply": {"$ref": "#/components/schemas/SnowflakeType"},
            },
            "required": ["content"],
        },
    }
    message = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Message"}}}}
    query = [
        {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}},
        {"name": "wait", "in": "query", "schema": {"type": "boolean"}},
    ]
    responses = {"200": message, "204": {}, "4XX": {"$ref": "#/components/responses/Wrong"}}
    post = {"requestBody": {**message, "required": True}, "parameters": query, "responses": responses}
    wrong = {"content": {"application/json": {"schema": {"required": ["code"]}}}}
    return {
        "paths": {MESSAGES: {"post": post}},
        "components": {"schemas": schemas, "responses": {"Wrong": wrong}},
    }


@pytest.fixture
def checked(tmp_path: Path) -> Document:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(small()))
    return Document.read(path)


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ({"content": "hi", "reply": 5, "part": {"type": 2, "b": "x"}}, []),
        (None, ["content: This field is required (BASE_TYPE_REQUIRED)"]),
        ({"content": "longer"}, ["content: Must be 5 or fewer in length. (BASE_TYPE_MAX_LENGTH)"]),
        (
            {"content": "", "part": {"type": 2, "b": 5}},
            ['part.b: Could not interpret "5" as string. (STRING_TYPE_CONVERT)'],
        ),
        ({"content": "", "either": "x"}, []),
    ],
)
def test_bodies_are_held_against_their_schema(checked: Document, body: Any, problems: list[str]) -> None:
    found = checked.request_problems("POST", MESSAGES, body=body, query={})

    assert [str(problem) for problem in found] == problems


def test_a_union_without_a_fitting_type_is_wrong(checked: Document) -> None:
    for part in ({"type": 3}, {"type": "1"}, 5):
        assert checked.request_problems("POST", MESSAGES, body={"content": "", "part": part}, query={})
    assert checked.request_problems("POST", MESSAGES, body={"content": "", "either": 5}, query={})


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ({"limit": "100", "wait": "1"}, []),
        ({"limit": "101"}, ["NUMBER_TYPE_MAX"]),
        ({"limit": "many"}, ["NUMBER_TYPE_COERCE"]),
        ({"wait": "perhaps"}, ["BOOLEAN_TYPE_CONVERT"]),
        ({"colour": "red"}, ["UNDECLARED_KEY"]),
    ],
)
def test_queries_are_read_as_their_types(checked: Document, query: dict[str, str], kinds: list[str]) -> None:
    found = checked.request_problems("POST", MESSAGES, body={"content": ""}, query=query)

    assert [problem.kind for problem in found] == kinds


def test_answers_are_held_against_theirs(checked: Document) -> None:
    def problems(status: int, body: Any) -> list[str]:
        return checked.answer_problems("POST", MESSAGES, status, body)

    assert problems(200, {"content": "x", "reply": "5"}) == problems(404, {"code": 1}) == problems(204, None) == []
    assert "reply" in problems(200, {"content": "x", "reply": 5})[0]
    assert "code" in problems(404, {})[0]
    assert "no such answer" in problems(302, None)[0]
    assert "no body" in problems(204, {})[0]
    assert problems(500, {}) == checked.answer_problems("GET", "/other", 200, {}) == []


@pytest.mark.parametrize(
    ("reply", "good"),
    [(f"{10**18 + 1}", True), (0, False), ("<0>", True), ([f"{10**18}"], False), (f"{10**19}", False)],
)
def test_only_other_ids_are_known_to_be_as_good(reply: Any, *, good: bool) -> None:
    document = small()
    document["components"]["schemas"]["SnowflakeType"] = {"type": "string", "maxLength": 19}
    checked = Document(document)
    assert checked.answer_problems("POST", MESSAGES, 200, {"content": "x", "reply": f"{10**18}"}) == []
    for _ in range(2):
        found = checked.answer_problems("POST", MESSAGES, 200, {"content": "x", "reply": reply})
        assert (found == []) is good


def test_ids_that_have_to_differ_are_not_taken_for_others_that_do() -> None:
    document = small()
    document["components"]["schemas"]["Message"]["properties"]["users"] = {"type": "array", "uniqueItems": True}
    checked, one, other = Document(document), f"{10**18}", f"{10**18 + 1}"
    assert checked.answer_problems("POST", MESSAGES, 200, {"content": "x", "users": [one, other]}) == []
    assert checked.answer_problems("POST", MESSAGES, 200, {"content": "x", "users": [one, one]}) != []


def test_what_the_document_does_not_know_it_does_not_judge(checked: Document) -> None:
    assert checked.request_problems("GET", "/other", body=5, query={"x": "y"}) == []


def test_long_quotes_are_cut(checked: Document) -> None:
    (found,) = checked.request_problems("POST", MESSAGES, body={"content": ["x" * 1000]}, query={})

    assert found.text == f'Could not interpret "{str(["x" * 1000])[:100]}" as string.'


def test_discords_own_document_takes_what_discord_takes(document: Document) -> None:
    body = {"content": "x", "message_reference": {"message_id": 5}, "allowed_mentions": {"users": [5]}}
    commands = [{"name": "video", "description": "Videos", "default_member_permissions": "32"}]

    assert document.request_problems("POST", MESSAGES, body=body, query={}) == []
    route = "/applications/{application_id}/commands"
    assert document.request_problems("PUT", route, body=commands, query={}) == []
