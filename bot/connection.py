"""Gets to Discord and stays there: a try that fails is one line in the log, and the next one comes later."""

import asyncio
import contextlib
import logging
import random
import zlib
from collections.abc import Awaitable, Callable
from typing import Final

import aiohttp
import discord

from bot.domain import backoff
from bot.errors import SettingsInvalid, ShotcallerError

Sleep = Callable[[float], Awaitable[None]]

log = logging.getLogger(__name__)

_BUSY: Final = frozenset({408, 429})
_SERVER_ERROR: Final = 500
_UNREACHABLE: Final = (aiohttp.ClientError, OSError, TimeoutError, discord.GatewayNotFound, discord.DiscordServerError)
# What discord.py raises when a payload of the gateway cannot be read, or was to be read before there was a connection.
_UNREADABLE: Final = (ValueError, TypeError, KeyError, AttributeError, zlib.error)


async def log_in(client: discord.Client, token: str, *, sleep: Sleep = asyncio.sleep) -> None:
    """Log in, however long Discord cannot be reached.

    Raises:
        SettingsInvalid: Discord does not accept the token.
        ShotcallerError: Discord refuses something else, which no second try will change.
    """
    tries = 0
    while True:
        try:
            await client.login(token)
        except discord.LoginFailure:
            raise SettingsInvalid([("DISCORD_TOKEN", "Discord does not accept it")]) from None
        except (discord.HTTPException, *_UNREACHABLE) as exc:
            if isinstance(exc, discord.HTTPException) and exc.status < _SERVER_ERROR and exc.status not in _BUSY:
                raise ShotcallerError(f"Discord refuses the bot: {exc}") from exc
            tries += 1
            await _pause("Discord cannot be reached", exc, tries, sleep)
            await _reset(client)
        else:
            return


async def stay_connected(client: discord.Client, *, sleep: Sleep = asyncio.sleep) -> None:
    """Hold the gateway's connection until the client is closed; what discord.py does not mend itself begins anew.

    Raises:
        RuntimeError: Discord has closed it for good, or discord.py has, as it does with several shards.
    """
    for name in ("discord.client", "discord.shard"):
        logging.getLogger(name).addFilter(_shorten)
    tries, since = 0, asyncio.get_running_loop().time()
    while True:
        try:
            await client.connect()
        except discord.ConnectionClosed as exc:
            raise RuntimeError(f"Discord has closed the connection for good (code {exc.code})") from exc
        except (discord.HTTPException, *_UNREACHABLE, *_UNREADABLE) as exc:
            if client.is_closed():
                raise RuntimeError(f"the connection to Discord was given up ({type(exc).__name__}: {exc})") from exc
            now = asyncio.get_running_loop().time()
            tries, since = (1 if now - since > backoff.RETRY_AFTER_CAP else tries + 1), now
            await _pause("the connection to Discord has to be made anew", exc, tries, sleep)
            await _close_sessions(client)
        else:
            return


async def _pause(what: str, exc: Exception, tries: int, sleep: Sleep) -> None:
    wait = backoff.delay(tries, rand=random.random).total_seconds()
    reason = f"{type(exc).__name__}: {exc}"[:200]
    log.warning("%s", what, extra={"reason": reason, "tries": tries, "next_try_in": f"{wait:.0f} s"})
    await sleep(wait)


async def _reset(client: discord.Client) -> None:
    """Drop the session of a login that failed: discord.py makes another one, and would leave this one open."""
    await client.http.close()
    client.http.clear()
    client.http.connector = discord.utils.MISSING


async def _close_sessions(client: discord.Client) -> None:
    """End a connection that nobody reads any more, with its heartbeat."""
    if client.ws is not None:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            await client.ws.close()


def _shorten(record: logging.LogRecord) -> bool:
    """Leave the traceback out of what discord.py logs of a failed attempt: an unreachable Discord is no bug."""
    if record.exc_info and isinstance(record.exc_info[1], (*_UNREACHABLE, discord.ConnectionClosed)):
        record.reason, record.exc_info, record.exc_text = repr(record.exc_info[1])[:200], None, None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True
