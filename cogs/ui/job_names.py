"""Name jobs as people know them: by the prompt's first words, whose they are, when they began, and their message."""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final

import aiohttp
import discord

from bot.domain import Job
from bot.locale import Words
from bot.service.admin.jobs import is_prompt_private, message_of
from cogs.ui.text import cut, link, safe, since

NAMED_BY: Final = 40  # characters of a prompt
OFFERED_BY: Final = 60  # characters of a prompt in a list to choose from

_ADDRESS: Final = re.compile(r"https://(?:\w+\.)?discord\.com/channels/(?:\d{1,20}|@me)/(\d{1,20})/(\d{1,20})(?:#\S*)?")
_ID: Final = re.compile("(?<![0-9A-Za-z])[0-9a-f]{16}(?![0-9A-Za-z])")


def job_name(job: Job, say: Words) -> str:
    """Name a job to those who look after its guild: a private one without its prompt, others as a link to a message."""
    what = say("job.private") if is_prompt_private(job) else say("quota.prompt", prompt=_first_words(job))
    message = message_of(job)
    if message is not None:
        what = f"[{what}]({link(*message)})"
    return say("job.name", what=what, member=f"<@{job.user_id}>", since=since(job.created_at))


def _first_words(job: Job) -> str:
    return safe(job.request.text(), NAMED_BY)


def job_choice(job: Job, say: Words, *, now: datetime, member: str = "", private: bool = False) -> str:
    """Name a job where Discord draws neither mentions nor times, as in a list to choose from; `member` is whose it is.

    `private`: its prompt is for its author alone to read.
    """
    what = say("job.private") if private else say("quota.prompt", prompt=_plain(job, OFFERED_BY))
    ago = say("page.ago", span=say.span(now - job.created_at))
    return say("job.name", what=what, member=member, since=ago) if member else say("job.name.own", what=what, since=ago)


def first_words(job: Job, say: Words) -> str:
    """Call a job by its prompt's first words in a list to choose from, for those who look after its guild."""
    return say("job.private") if is_prompt_private(job) else say("quota.prompt", prompt=_plain(job, NAMED_BY))


def _plain(job: Job, most: int) -> str:
    """A prompt's beginning on one line, for places in which Discord draws no markup."""
    return cut(" ".join(job.request.text().split()), most)


async def job_id_meant(
    interaction: discord.Interaction[Any], typed: str, search: Callable[[str], Awaitable[Sequence[str]]]
) -> str:
    """Find the id of the job that is meant: it was chosen, or the link to its message was pasted, or words were typed.

    `search` finds the ids of the jobs that words fit: they mean the only one. What means none is given back.
    """
    typed = typed.strip()
    if is_address(typed):
        return await job_at(interaction.client, typed) or typed
    if _ID.fullmatch(typed):
        return typed
    found = await search(typed)
    return found[0] if len(found) == 1 else typed


def is_address(typed: str) -> bool:
    """Whether the link to a message was pasted."""
    return _ADDRESS.fullmatch(typed.strip()) is not None


async def job_at(client: discord.Client, address: str) -> str | None:
    """Read in a message of the bot's own which job it is about; None where it says none, or can't be read.

    Messages of others count for nothing: they may name any job.
    """
    found = _ADDRESS.fullmatch(address.strip())
    if found is None:
        return None
    channel_id, message_id = map(int, found.groups())
    try:
        message = await client.get_partial_messageable(channel_id).fetch_message(message_id)
    except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError):
        return None
    if client.user is None or message.author.id != client.user.id:
        return None
    marks = [
        *(embed.url or "" for embed in message.embeds),
        *(file.filename for file in message.attachments),
        *(
            getattr(part, "custom_id", None) or ""
            for row in message.components
            for part in getattr(row, "children", ())
        ),
    ]
    return next((named[0] for mark in marks if (named := _ID.search(mark)) is not None), None)
