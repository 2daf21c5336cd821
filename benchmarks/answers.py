"""What the private answers of accepted requests take of the memory, against keeping their whole interactions."""

import asyncio
import json
import tracemalloc
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import discord

from benchmarks._figures import Figure, Measured
from bot.service.answer_tokens import LIFE, AnswerToken, RememberedTokens

ANSWERS: Final = 1_000
NOW: Final = datetime(2026, 3, 5, 12, tzinfo=UTC)
TOKEN: Final = "aW50ZXJhY3Rpb246MTIzNDU2Nzg5MDEyMzQ1Njc4" * 5  # about as long as Discord's
USER: Final[Any] = {"id": "42", "username": "bot", "discriminator": "0", "avatar": None}

_ANSWERS: Final = Figure(
    name=f"memory of {ANSWERS:,} private answers", floor="whole interactions", at_most=0.1, before="1 ×"
)
FIGURES: Final = (_ANSWERS,)


def measure() -> list[Measured]:
    """Measure a thousand that can still be edited."""
    return asyncio.run(_measure())


async def _measure() -> list[Measured]:
    async with discord.Client(intents=discord.Intents.none()) as client:
        state: Any = client._connection  # noqa: SLF001 (the library makes its interactions of it)
        state.user = discord.ClientUser(state=state, data=USER)

        async def interactions() -> object:
            return [_interaction(state, number) for number in range(ANSWERS)]

        bare, ours = await _bytes(interactions), await _bytes(_tokens)
    return [_ANSWERS.found(ours / bare, floor=f"{bare / 1e6:.2f} MB, ours {ours / 1e6:.2f} MB")]


async def _bytes(keep: Callable[[], Awaitable[object]]) -> int:
    """How many bytes what is kept takes."""
    await keep()  # what is made only once
    tracemalloc.start()
    try:
        kept = await keep()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    del kept
    return taken


async def _tokens() -> object:
    tokens = RememberedTokens(moment=lambda: NOW)
    for number in range(ANSWERS):
        token = AnswerToken(application_id=42 << 54, token=f"{TOKEN}{number}", expires_at=NOW + LIFE)
        await tokens.keep(f"{number}", token, user_id=number)
    return tokens


def _interaction(state: Any, number: int) -> object:
    """Make the interaction of a `/video create` as Discord sends it, in a guild of which nothing is cached."""
    user = {"id": str(number + (1 << 60)), "username": f"member-{number}", "discriminator": "0", "avatar": None}
    member = {"user": user, "roles": ["1"], "permissions": "0", "joined_at": NOW.isoformat(), "deaf": False}
    options = [{"name": "prompt", "type": 3, "value": f"a fox on the ice, seen from {number} metres"}]
    data: Any = {
        "id": str(number + (2 << 60)),
        "application_id": "42",
        "type": 2,
        "token": f"{TOKEN}{number}",
        "version": 1,
        "guild_id": "7",
        "channel_id": "5",
        "channel": {"id": "5", "type": 0, "guild_id": "7", "name": "videos", "permissions": "0", "position": 1},
        "guild": {"id": "7", "locale": "en-US", "features": []},
        "member": member | {"mute": False, "flags": 0, "pending": False, "premium_since": None, "nick": None},
        "locale": "en-US",
        "guild_locale": "en-US",
        "app_permissions": "274878000128",
        "entitlements": [],
        "context": 0,
        "authorizing_integration_owners": {"0": "7"},
        "attachment_size_limit": 10_485_760,
        "data": {
            "id": "3",
            "name": "video",
            "type": 1,
            "options": [{"name": "create", "type": 1, "options": options}],
        },
    }
    return discord.Interaction(data=json.loads(json.dumps(data)), state=state)
