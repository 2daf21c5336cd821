import asyncio
from typing import Any

import pytest

from sandbox.discord.clock import Clock
from sandbox.discord.ratelimit import INVALID_REQUESTS, Limited, RateLimits
from tests.sandbox.conftest import Harness

MIB = 1024 * 1024


async def test_a_nonce_gives_the_first_message_again_for_some_minutes(harness: Harness) -> None:
    _, first = await harness.say("a", nonce="job-1", enforce_nonce=True)
    _, again = await harness.say("b", nonce="job-1", enforce_nonce=True)
    _, loose = await harness.say("c", nonce="job-1")
    harness.advance(301)
    _, late = await harness.say("d", nonce="job-1", enforce_nonce=True)

    assert (again["id"], again["content"]) == (first["id"], "a")
    assert len({first["id"], loose["id"], late["id"]}) == 3


async def test_messages_of_a_channel_are_rationed_with_headers(harness: Harness) -> None:
    path = f"/channels/{harness.channel().id}/messages"
    left = []
    for _ in range(5):
        async with harness.raw("POST", path, json={"content": "x"}) as answer:
            left.append(answer.headers["X-RateLimit-Remaining"])
            bucket = answer.headers["X-RateLimit-Bucket"]
    async with harness.raw("POST", path, json={"content": "x"}) as answer:
        body, headers = await answer.json(), answer.headers
    harness.advance(5)

    assert left == ["4", "3", "2", "1", "0"]
    assert (body["retry_after"], body["global"]) == (5.0, False)
    assert (headers["Retry-After"], headers["X-RateLimit-Scope"], headers["Via"]) == ("5", "user", "1.1 google")
    assert headers["X-RateLimit-Bucket"] == bucket
    assert (await harness.say(where="showcase"))[0] == (await harness.say())[0] == 200


async def test_fifty_requests_a_second_are_all_there_are(plain: Harness) -> None:
    for name in ("GET /users/@me", "GET /gateway"):
        for _ in range(25):
            assert (await plain.api(*name.split()))[0] == 200
    async with plain.raw("GET", "/gateway/bot") as answer:
        body, headers = await answer.json(), answer.headers

    assert (answer.status, body["global"], headers["X-RateLimit-Global"]) == (429, True, "true")


async def test_interactions_are_exempt_from_the_global_limit(plain: Harness) -> None:
    async with plain.online() as bot:
        interaction = await plain.command(bot)
        for _ in range(50):
            await plain.api("GET", "/gateway")

        assert (await plain.api("GET", "/gateway"))[0] == 429
        assert (await plain.answer(interaction, 5))[0] == 200


def test_who_is_refused_ten_thousand_times_is_shut_out_without_a_word_of_discords() -> None:
    clock = Clock(lambda: 1000.0)
    limits = RateLimits(clock)
    for _ in range(INVALID_REQUESTS):
        limits.answered(403)
    limits.answered(200)

    with pytest.raises(Limited) as banned:
        limits.take("GET", "/users/@me", {})
    assert "Via" not in banned.value.headers
    clock.advance(601)
    assert limits.take("GET", "/users/@me", {})["X-RateLimit-Limit"] == "30"


async def test_old_messages_take_few_edits(harness: Harness) -> None:
    _, message = await harness.say()
    path = f"/channels/{harness.channel().id}/messages/{message['id']}"
    harness.advance(3601)
    answers = []
    for number in range(6):
        harness.advance(6)
        answers.append(await harness.api("PATCH", path, {"content": str(number)}))
    harness.advance(3600)
    later, _ = await harness.api("PATCH", path, {"content": "later"})

    assert [status for status, _ in answers] == [200] * 5 + [429]
    assert (answers[-1][1]["code"], later) == (30046, 200)


@pytest.mark.parametrize(("tier", "size", "status"), [(0, 10, 200), (0, 11, 413), (2, 50, 200), (3, 101, 413)])
async def test_files_are_as_large_as_the_guild_allows(plain: Harness, tier: int, size: int, status: int) -> None:
    await plain.post("settings", premium_tier=tier)
    content = bytes(size * MIB)

    found, answer = await plain.send_files({}, ("a.bin", content))

    assert found == status
    assert answer.get("code") == (None if status == 200 else 40005)
    kept = [file.stat().st_size for file in plain.sandbox.discord.cdn.folder.iterdir()]
    assert kept == ([size * MIB] if status == 200 else [])


@pytest.mark.parametrize(("seconds", "status", "code"), [(2.9, 200, None), (3.1, 404, 10062)])
async def test_the_first_answer_must_come_within_three_seconds(
    harness: Harness, seconds: float, status: int, code: int | None
) -> None:
    async with harness.online() as bot:
        interaction = await harness.command(bot)
        harness.advance(seconds)
        found, answer = await harness.answer(interaction, 5)
        seen = await harness.look(f"interactions/{interaction['id']}")

    assert (found, answer.get("code")) == (status, code)
    assert seen["acknowledged"] == (pytest.approx(seconds) if code is None else None)
    assert seen["failed"] == (None if code is None else "The application did not respond")


async def test_there_is_one_first_answer(harness: Harness) -> None:
    async with harness.online() as bot:
        interaction = await harness.command(bot)
        await harness.answer(interaction, 5)
        status, answer = await harness.answer(interaction, 4, {"content": "again"})

    assert (status, answer["code"]) == (400, 40060)


async def test_an_unknown_interaction_is_unknown(harness: Harness) -> None:
    status, answer = await harness.answer({"id": "1", "token": "no"}, 5)

    assert (status, answer["code"]) == (404, 10062)


async def test_the_webhook_lives_a_quarter_of_an_hour(harness: Harness) -> None:
    async with harness.online() as bot:
        interaction = await harness.command(bot)
        hook = f"{harness.hook}/{interaction['token']}"
        early = await harness.api("POST", hook, {"content": "early"})
        await harness.answer(interaction, 4, {"content": "first"})
        harness.advance(899)
        late = await harness.api("POST", hook, {"content": "late"})
        harness.advance(2)
        gone = await harness.api("POST", hook, {"content": "gone"})
        other = await harness.api("POST", f"/webhooks/1/{interaction['token']}", {"content": "x"})
        stranger = await harness.api("POST", f"{harness.hook}/nobody", {"content": "x"})

    assert (early[0], early[1]["code"], late[0]) == (404, 10015, 200)
    assert (gone[0], gone[1]["code"]) == (401, 50027)
    assert (other[1]["code"], stranger[1]["code"]) == (10015, 50027)


async def test_a_callback_without_with_response_is_answered_with_nothing(harness: Harness) -> None:
    async with harness.online() as bot:
        interaction = await harness.command(bot)

        assert await harness.answer(interaction, 5, with_response=False) == (204, None)


async def test_an_answer_with_too_large_a_file_leaves_the_interaction_open(plain: Harness) -> None:
    async with plain.online() as bot:
        interaction = await plain.command(bot)
        path = f"/interactions/{interaction['id']}/{interaction['token']}/callback?with_response=1"
        body = {"type": 4, "data": {}}
        large, _ = await plain.send_files(body, ("a.bin", bytes(11 * MIB)), path=path)
        small, _ = await plain.send_files(body, ("a.bin", b"1"), path=path)

    assert interaction["attachment_size_limit"] == 10 * MIB
    assert (large, small) == (413, 200)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"content": "x" * 2001}, 50035),
        ({"content": "x" * 2000}, None),
        ({"content": ""}, 50006),
        ({"content": "x", "nonce": "n" * 26}, 50035),
        ({"embeds": [{"description": "x" * 3001}, {"description": "y" * 3000}]}, 50035),
        ({"content": "x", "embeds": [{"image": {"url": "attachment://a.png"}}]}, 50035),
        ({"content": "x", "attachments": [{"id": 0}]}, 50035),
        ({"content": 5}, 50035),
        ([], 50035),
    ],
)
async def test_lengths_are_discords(harness: Harness, body: Any, code: int | None) -> None:
    _, answer = await harness.api("POST", f"/channels/{harness.channel().id}/messages", body)

    assert answer.get("code") == code
    assert bool(harness.problems()) == (code is not None)
    if code == 50035:
        assert answer["errors"]


async def test_undeclared_keys_pass_but_are_written_down(harness: Harness) -> None:
    status, _ = await harness.say("x", colour="red")
    requests = await harness.look("requests")

    assert status == 200
    assert requests[-1]["problems"] == ["colour: Discord knows no such key (UNDECLARED_KEY)"]
    assert (requests[-1]["body"], requests[-1]["status"]) == ({"content": "x", "colour": "red"}, 200)


async def test_a_nonce_sent_twice_at_once_is_one_message(plain: Harness) -> None:
    body = {"nonce": "job-1", "enforce_nonce": True}
    answers = await asyncio.gather(*(plain.send_files(body, ("a.txt", b"1" * 100_000)) for _ in range(3)))

    assert len({message["id"] for _, message in answers}) == 1
    assert len(list(plain.sandbox.discord.cdn.folder.iterdir())) == 1
