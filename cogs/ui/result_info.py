"""Show all about a result, as its Info button does: settings, times, cost, ids, its ancestors and what came of it."""

import re
from decimal import Decimal
from typing import Final

import discord

from bot.domain import Job, VideoRequest
from bot.locale import Words
from bot.service.jobs.results import Lineage
from cogs.ui.job_views import PROMPT_ON_CARD, TASK_ID
from cogs.ui.text import cut, job_link, safe, settings

MICROS: Final = 1_000_000
TEXT: Final = 3200  # characters of the whole text: six shots fit
NEGATIVE: Final = 2600  # characters of the negative prompt; both fit into what all embeds of a message may have

_TICKS: Final = re.compile("`(?=`)")  # a backtick before another: three in a row would end a block


def info_embed(job: Job, lineage: Lineage, say: Words, *, to_admin: bool) -> discord.Embed:
    """Show everything about a result that its reader may know; what it cost in USD and the service's id to admins."""
    embed = discord.Embed(title=say("info.title"), description=f"> {safe(job.request.text(), PROMPT_ON_CARD)}")
    if job.removed_at is not None:
        embed.description = f"{say('card.removed')}\n{embed.description}"
    if job.request.negative_prompt:
        embed.add_field(
            name=say("info.negative"), value=safe(job.request.negative_prompt, PROMPT_ON_CARD), inline=False
        )
    embed.add_field(name=say("info.settings"), value=settings(job.request, say), inline=False)
    embed.add_field(name=say("info.cost"), value=_cost(job, say, in_usd=to_admin))
    embed.add_field(name=say("info.author"), value=f"<@{job.user_id}>")
    embed.add_field(name=say("info.times"), value=_times(job, say), inline=False)
    if lineage.ancestors or lineage.forgotten:
        embed.add_field(name=say("info.lineage"), value=_lineage_lines(job, lineage, say), inline=False)
    if lineage.children:
        embed.add_field(name=say("info.children"), value=say("info.children.count", n=lineage.children), inline=False)
    ids = [f"`{job.id}`", *([f"{job.provider} `{safe(job.task_id, TASK_ID)}`"] if job.task_id and to_admin else [])]
    embed.add_field(name=say("info.ids"), value=" · ".join(ids), inline=False)
    return embed


def full_text_embeds(request: VideoRequest, say: Words) -> list[discord.Embed]:
    """Show the whole text of a request, as it was typed, to be read and copied."""
    texts = [("info.prompt", request.text(), TEXT), ("info.negative", request.negative_prompt, NEGATIVE)]
    return [discord.Embed(title=say(key), description=_verbatim(text, most)) for key, text, most in texts if text]


def _verbatim(text: str, most: int) -> str:
    """Put a text in a block where nothing is markup, not even the block's end; cut only if made of such ends."""
    block = cut(_TICKS.sub("`\u200b", text), most)
    return f"```\n{block}\n```"


def _cost(job: Job, say: Words, *, in_usd: bool) -> str:
    if not in_usd:
        return say("credits", n=job.credits)
    micros = job.usd_micros if job.cost_micros is None else job.cost_micros
    return f"{say('credits', n=job.credits)} ({say.usd(Decimal(micros) / MICROS)})"


def _times(job: Job, say: Words) -> str:
    """Say when a video was asked for, and how long it took."""
    ended = job.finished_at or job.created_at
    working = ended - (job.submitted_at or job.created_at)
    asked = discord.utils.format_dt(job.created_at, "f")
    return say("info.took", asked=asked, time=say.span(ended - job.created_at), working=say.span(working))


def _lineage_lines(job: Job, lineage: Lineage, say: Words) -> str:
    """List a video's ancestors: how each was made from the one in the next line."""
    lines, origin = [], job.origin
    for parent in lineage.ancestors:
        lines.append(say(f"info.origin.{origin}", parent=_parent(parent, say, seen=parent.id in lineage.seen)))
        origin = parent.origin
    if lineage.forgotten:
        lines.append(say(f"info.origin.{origin}", parent=say("info.parent.unknown")))
    return "\n".join(lines)


def _parent(job: Job, say: Words, *, seen: bool) -> str:
    """Name the video that one was made from, with a link where its reader may follow it."""
    if not seen:
        return say("info.parent.private")
    who = f"<@{job.user_id}>"
    if job.removed_at is not None:
        return say("info.parent.removed", who=who)
    channel_id, message_id = job.message_channel_id, job.message_id
    if job.destination.private:
        channel_id, message_id = job.destination.channel_id, job.shared_message_id
    url = job_link(job, channel_id, message_id)
    return say("info.parent.nowhere", who=who) if url is None else say("info.parent", link=url, who=who)
