"""Post results, find them again, and map Discord's errors to ours."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp
import discord

from bot.domain import Capability, Job
from bot.errors import DeliveryError, DestinationBusy, DestinationLost, ResultTooLarge
from bot.locale import Words
from bot.service.ports import CannotTell, NotPosted, Posted, Result, Sighting
from cogs.ui import result_buttons
from cogs.ui.job_views import alt_text, result_text

PATIENCE: Final = 30.0  # seconds that Discord has for one answer
POSTING: Final = 60.0  # seconds that it has to take a video, and besides as many as the upload may need
READ: Final = 10_000  # messages at the most: a search that has to end before now cannot tell
SEARCHING: Final = 180.0  # seconds for all of them; Discord allows about a hundred messages a second
MARGIN: Final = timedelta(minutes=1)  # by which the clocks of Discord's own machines may differ
SLOWEST: Final = 128 * 1024  # bytes a second, an upload that is still waited for

_COVERED: Final = "SPOILER_"  # what Discord's clients know a covered file by
_TOO_LARGE: Final = 40005
_TOO_LARGE_STATUS: Final = 413
_BUSY: Final = frozenset({401, 408, 429})  # 401: the token was changed, and the next start knows the new one
_SERVER_ERROR: Final = 500


@contextlib.asynccontextmanager
async def mapped_errors(*, within: float = PATIENCE) -> AsyncIterator[None]:
    """Map Discord's errors, and its silence after so many seconds, to ours; the codes are in its documents.

    Raises:
        ResultTooLarge: the file is over the limit after all.
        DestinationBusy: it may work later, and what was asked for may have been done.
        DestinationLost: it never will, there.
    """
    try:
        async with asyncio.timeout(within):
            yield
    except discord.HTTPException as exc:
        if exc.code == _TOO_LARGE or exc.status == _TOO_LARGE_STATUS:
            raise ResultTooLarge("refused_by_discord") from exc
        if exc.status >= _SERVER_ERROR or exc.status in _BUSY:
            raise DestinationBusy(f"discord_{exc.status}") from exc
        raise DestinationLost(f"discord_{exc.code or exc.status}") from exc
    except (TimeoutError, aiohttp.ClientError, OSError) as exc:
        raise DestinationBusy("discord_unreachable") from exc


async def send(
    channel: discord.abc.Messageable,
    text: str | None = None,
    *,
    mention: int | None = None,
    within: float = PATIENCE,
    **more: Any,
) -> discord.Message:
    """Send a message; `mention` is the only person that it may mention.

    Raises:
        ResultTooLarge, DestinationBusy, DestinationLost: see `mapped_errors`.
    """
    users = [] if mention is None else [discord.Object(mention)]
    mentions = discord.AllowedMentions(everyone=False, roles=False, users=users, replied_user=False)
    async with mapped_errors(within=within):
        return await channel.send(text, allowed_mentions=mentions, **more)


def upload_timeout(result: Result) -> float:
    """The seconds that Discord has to take a result, which has to be uploaded first."""
    return POSTING + result.media.size / SLOWEST


def filename(job_id: str) -> str:
    """Name the posted file: never after anything that a person typed."""
    return f"shotcaller-{job_id}.mp4"


def result_file(result: Result, say: Words) -> discord.File:
    """The upload of a result, read from disk while it is sent, with its description; covered where that is wanted."""
    job = result.job
    return discord.File(
        result.file, filename=filename(job.id), spoiler=job.spoiler, description=alt_text(job, say, label=result.label)
    )


async def post_video(
    channel: discord.abc.Messageable,
    result: Result,
    say: Words,
    *,
    greeting: str,
    nonce: str,
    mention: int | None = None,
    silent: bool = False,
    models: Mapping[str, Capability],
    stars: int = 0,
    direct: bool = False,
    to_non_author: bool = False,
) -> Posted:
    """Post a result with its settings and buttons; `mention` is the only person that it may mention.

    `models` are those on offer; the others are as of `result_buttons`.

    Raises:
        ResultTooLarge, DestinationBusy, DestinationLost: see `mapped_errors`.
    """
    message = await send(
        channel,
        f"{greeting}\n{result_text(result.job, say, label=result.label)}",
        mention=mention,
        within=upload_timeout(result),
        file=result_file(result, say),
        view=result_buttons(result.job, say, models=models, stars=stars, direct=direct, to_non_author=to_non_author),
        nonce=nonce,
        silent=silent,
    )
    return Posted(channel_id=message.channel.id, message_id=message.id)


def is_card(message: discord.Message, job_id: str) -> bool:
    """Whether a message is the job's card."""
    return any(embed.url and embed.url.endswith(f"#{job_id}") for embed in message.embeds)


def has_buttons_of_others(message: discord.Message, job: Job) -> bool:
    """Whether a message has buttons, and none is about this job."""
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    ids = [getattr(item, "custom_id", None) or "" for row in rows for item in row.children]
    return bool(ids) and not any(job.id in each for each in ids)


def can_turn(file: discord.Attachment, *, covered: bool) -> bool:
    """Whether a file is to be covered that is not, or to be uncovered that was covered after it was posted."""
    return file.is_spoiler() != covered and (covered or not file.filename.startswith(_COVERED))


def has_result(message: discord.Message, job_id: str) -> bool:
    """Whether a message has the job's result, covered or not."""
    return any(file.filename.removeprefix(_COVERED) == filename(job_id) for file in message.attachments)


async def find_message(
    client: discord.Client,
    channel: discord.abc.Messageable,
    *,
    since: datetime,
    matches: Callable[[discord.Message], bool],
    most: int = READ,
) -> Sighting:
    """Find the bot's first message that `matches`, among all posted since a moment of Discord's clock."""
    read = 0
    try:
        async with mapped_errors(within=SEARCHING):
            async for message in channel.history(limit=most + 1, after=since - MARGIN, oldest_first=True):
                read += 1
                if client.user is not None and message.author.id == client.user.id and matches(message):
                    return Posted(channel_id=message.channel.id, message_id=message.id)
    except DeliveryError as exc:
        return CannotTell(reason=exc.reason, closed=isinstance(exc, DestinationLost))
    return NotPosted() if read <= most else CannotTell(reason="too_many_messages")
