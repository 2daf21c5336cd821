"""Checks whether the address at which the video services are to call back leads to the bot."""

from collections.abc import AsyncIterator
from typing import Final

import aiohttp

from bot.domain.callback import PATH
from bot.domain.finding import Finding, good, note
from bot.locale import Words
from bot.settings import Settings

PATIENCE: Final = aiohttp.ClientTimeout(total=10)  # seconds
_OK: Final = 200


async def check_callbacks(settings: Settings, say: Words) -> AsyncIterator[Finding]:
    """Call the address as a video service would, where there is one; only a bot that runs answers there."""
    if settings.public_url is None:
        return
    address = settings.public_url + PATH
    place = f"{settings.callback_host}, port {settings.callback_port}"
    about, remedy = say("check.callbacks"), say("check.callbacks.cure", path=PATH, place=place)
    try:
        async with aiohttp.ClientSession(timeout=PATIENCE) as session, session.get(address) as answer:
            status, body = answer.status, await answer.content.read(100)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as exc:
        yield note(about, say("check.callbacks.nobody", address=address, error=type(exc).__name__), remedy)
        return
    if status == _OK and body == b'{"ok": true}':
        yield good(about, say("check.callbacks.good", address=address))
    else:
        yield note(about, say("check.callbacks.other", address=address, status=status), remedy)
    if address.startswith("http:"):
        yield note(about, say("check.callbacks.plain"), say("check.callbacks.plain.cure"))
