"""What outside clients met: bodies, methods and headers as they are on the wire."""

import asyncio
import json
from urllib.parse import urlencode

import pytest

from sandbox.discord.openapi import Document
from sandbox.discord.rest.pipeline import ROUTES, UNSERVED
from sandbox.discord.uploads import MULTIPART, URL_ENCODED
from tests.patience import PATIENCE
from tests.sandbox.conftest import Harness

FORM = "application/x-www-form-urlencoded"


async def test_a_message_may_come_url_encoded(harness: Harness) -> None:
    path = f"/channels/{harness.channel().id}/messages"
    whole = {"payload_json": json.dumps({"content": "a & b", "flags": 4})}
    status, message = await harness.api("POST", path, data=whole)
    fields = {"content": "true", "tts": "false", "flags": "4096"}
    plain, other = await harness.api("POST", path, data=fields)
    edited, after = await harness.api("PATCH", f"{path}/{message['id']}", data={"content": "c"})

    assert (status, message["content"], message["flags"]) == (200, "a & b", 4)
    assert (plain, other["content"], other["tts"], other["flags"]) == (200, "true", False, 4096)
    assert (edited, after["content"]) == (200, "c")


async def test_an_interaction_may_be_answered_url_encoded(harness: Harness) -> None:
    async with harness.online() as bot:
        interaction = await harness.command(bot)
        path = f"/interactions/{interaction['id']}/{interaction['token']}/callback?with_response=true"
        body = {"payload_json": json.dumps({"type": 4, "data": {"content": "hi"}})}
        status, answer = await harness.api("POST", path, data=body)
        hook = f"{harness.hook}/{interaction['token']}"
        more, _ = await harness.api("POST", hook, data={"payload_json": json.dumps({"content": "and more"})})
        original = f"{hook}/messages/@original"
        edited, after = await harness.api("PATCH", original, data={"payload_json": json.dumps({"content": "ho"})})

    assert (status, answer["resource"]["message"]["content"]) == (200, "hi")
    assert (more, edited, after["content"]) == (200, 200, "ho")


@pytest.mark.parametrize("body", [b"payload_json=%7B", b"content=\xff"])
async def test_a_form_that_cannot_be_read_is_refused(plain: Harness, body: bytes) -> None:
    path = f"/channels/{plain.channel().id}/messages"
    async with plain.raw("POST", path, data=body, content_type=FORM) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, 50109)


async def test_a_form_with_nothing_in_it_is_an_empty_message(plain: Harness) -> None:
    path = f"/channels/{plain.channel().id}/messages"
    async with plain.raw("POST", path, data=b"", content_type=FORM) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, 50006)


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("PATCH", "/channels/{channel}", FORM),
        ("PATCH", "/channels/{channel}", "multipart/form-data; boundary=x"),
        ("POST", "/channels/{channel}/messages", "text/plain"),
        ("POST", "/channels/{channel}/messages", "application/octet-stream"),
    ],
)
async def test_each_route_takes_the_types_that_are_listed_for_it(
    plain: Harness, method: str, path: str, kind: str
) -> None:
    body = urlencode({"content": "x"}).encode()
    async with plain.raw(method, path.format(channel=plain.channel().id), data=body, content_type=kind) as answer:
        refused = await answer.json()

    assert (answer.status, refused["code"]) == (400, 50035)
    assert refused["errors"]["_errors"][0]["code"] == "CONTENT_TYPE_INVALID"
    assert "'application/json'" in refused["errors"]["_errors"][0]["message"]


def test_the_types_are_those_of_the_document(document: Document) -> None:
    listed = {(r.method, r.path): document.body_types(r.method, r.path) for r in ROUTES}

    assert {r.forms for r in ROUTES} == {True, False}
    for route in ROUTES:
        kinds = listed[route.method, route.path]
        assert route.forms is ({MULTIPART, URL_ENCODED} <= kinds), route.path


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/gateway"), ("DELETE", "/users/@me"), ("PUT", "/channels/{channel}/messages"), ("POST", "/guilds/1")],
)
async def test_a_known_path_with_a_wrong_method_says_so(plain: Harness, method: str, path: str) -> None:
    status, answer = await plain.api(method, path.format(channel=plain.channel().id))

    assert (status, answer) == (405, {"message": "405: Method Not Allowed", "code": 0})


async def test_what_discord_has_and_the_sandbox_not_is_held_against_the_sandbox(plain: Harness) -> None:
    status, _ = await plain.api("PATCH", f"/guilds/{plain.guild.id}", {"name": "x"})

    assert status == 404
    assert plain.sandbox.discord.own_problems.pop() == f"no route for PATCH /guilds/{plain.guild.id}"


def test_the_list_of_what_is_not_served_is_whole(document: Document) -> None:
    served: dict[str, set[str]] = {}
    for route in ROUTES:
        served.setdefault(route.path, set()).add(route.method)
    lacking = {path: tuple(sorted(document.methods(path) - methods)) for path, methods in served.items()}

    assert {path: methods for path, methods in lacking.items() if methods} == UNSERVED


async def test_everybody_has_the_same_sounds_and_no_guild_its_own(harness: Harness) -> None:
    status, sounds = await harness.api("GET", "/soundboard-default-sounds")
    async with harness.connect() as bot:
        await bot.identify(harness.world.token)
        await bot.send(31, {"guild_ids": [harness.guild.id, "1"]})
        own = await bot.event("SOUNDBOARD_SOUNDS")

    assert (status, sounds[0]["name"], sounds[0]["sound_id"]) == (200, "quack", "1")
    assert own == {"guild_id": harness.guild.id, "soundboard_sounds": []}


async def test_first_answers_are_not_rationed_and_have_no_headers_of_it(plain: Harness) -> None:
    async with plain.online() as bot:
        interaction = await plain.command(bot)
        path = f"/interactions/{interaction['id']}/{interaction['token']}/callback"
        async with plain.raw("POST", path, json={"type": 5}) as answer:
            assert answer.status == 204
            assert [name for name in answer.headers if name.lower().startswith("x-ratelimit")] == []
        async with plain.raw("GET", f"{plain.hook}/{interaction['token']}/messages/@original") as answer:
            assert "X-RateLimit-Bucket" in answer.headers


async def test_a_heartbeat_is_answered_no_sooner_than_a_network_could(plain: Harness) -> None:
    async with plain.connect() as bot:
        await bot.receive()
        await bot.send(1, None)
        with pytest.raises(TimeoutError):
            await bot.ws.receive(timeout=0.02)
        async with asyncio.timeout(PATIENCE):
            assert (await bot.receive())["op"] == 11
