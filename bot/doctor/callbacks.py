"""Checks whether the address at which the video services are to call back leads to the bot."""

from collections.abc import AsyncIterator
from typing import Final

import aiohttp

from bot.doctor.finding import Finding, good, note
from bot.domain.callback import PATH
from bot.settings import Settings

PATIENCE: Final = aiohttp.ClientTimeout(total=10)  # seconds
_OK: Final = 200


async def check_callbacks(settings: Settings) -> AsyncIterator[Finding]:
    """Call the address as a video service would, where there is one; only a bot that runs answers there."""
    if settings.public_url is None:
        return
    address = settings.public_url + PATH
    place = f"{settings.callback_host}, port {settings.callback_port}"
    remedy = f"Start the bot; have your web server pass {PATH} on to it ({place})."
    try:
        async with aiohttp.ClientSession(timeout=PATIENCE) as session, session.get(address) as answer:
            status, body = answer.status, await answer.content.read(100)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as exc:
        text = f"nobody answers at {address} ({type(exc).__name__}), so videos are asked about all along"
        yield note("callbacks", text, remedy)
        return
    if status == _OK and body == b'{"ok": true}':
        yield good("callbacks", f"the bot is reached at {address}")
    else:
        yield note("callbacks", f"somebody else answers at {address} (HTTP {status})", remedy)
    if address.startswith("http:"):
        yield note("callbacks", "PUBLIC_URL is not https: others on the way can read the addresses", "Use https.")
