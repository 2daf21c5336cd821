"""Post copies of results to Discord, find them again and delete them."""

import contextlib
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

import discord
from discord.http import Route

from bot.domain import Capability, Job
from bot.errors import DestinationBusy, DestinationLost
from bot.locale import words
from bot.service.jobs.copies import Copy, CopyKind
from bot.service.ports import CannotTell, Posted, Result, Sighting
from cogs.adapters.places import Places
from cogs.adapters.posting import can_turn, find_message, has_result, is_card, mapped_errors, post_video, send
from cogs.ui import result_link, safe, since

SERVER: Final = 60  # characters of a server's name


class DiscordResultPoster:
    """Posts copies of results by channel id, also long after the interaction is over."""

    def __init__(self, client: discord.Client, *, models: Mapping[str, Capability]) -> None:
        self._client, self._models, self._places = client, models, Places(client)

    async def post_copy(self, result: Result, copy: Copy, *, stars: int = 0) -> Posted:
        """See `ResultPoster`."""
        job, say = result.job, words(copy.locale)
        direct = copy.channel_id is None
        greeting = say(f"copy.{copy.kind}", author=f"<@{job.user_id}>", who=f"<@{copy.user_id}>", link=_origin(job))
        channel: discord.abc.Messageable
        if copy.channel_id is None:
            async with mapped_errors():
                channel = await self._client.create_dm(discord.Object(copy.user_id))
        else:
            if copy.kind is CopyKind.GALLERY:
                source = job.destination.channel_id
                await check_audience(self._places, source_id=source, target_id=copy.channel_id)
            channel = self._client.get_partial_messageable(copy.channel_id, guild_id=copy.guild_id)
        return await post_video(
            channel,
            result,
            say,
            greeting=greeting.rstrip(),
            nonce=copy.nonce,
            models=self._models,
            stars=stars,
            direct=direct,
            to_non_author=direct and copy.user_id != job.user_id,
        )

    async def find_copy(
        self, job: Job, *, channel_id: int, guild_id: int | None, since: datetime, besides: Collection[int | None] = ()
    ) -> Sighting:
        """See `ResultPoster`. Looks for the file by its name."""
        channel = self._client.get_partial_messageable(channel_id, guild_id=guild_id)
        return await find_message(
            self._client,
            channel,
            since=since,
            matches=lambda message: message.id not in besides and has_result(message, job.id),
        )

    async def attachment_url(self, job: Job) -> str | None:
        """See `ResultPoster`. An attachment's address runs out after a day; a message fetched now has a new one."""
        places = [(job.message_channel_id, job.message_id), (job.destination.channel_id, job.shared_message_id)]
        for channel_id, message_id in places:
            if channel_id is None or message_id is None:
                continue
            channel = self._client.get_partial_messageable(channel_id, guild_id=job.destination.guild_id)
            try:
                async with mapped_errors():
                    message = await channel.fetch_message(message_id)
            except (DestinationLost, DestinationBusy):
                continue
            if has_result(message, job.id):
                return message.attachments[0].url
        return None

    async def delete_result(self, job: Job, *, channel_id: int, message_id: int) -> bool:
        """See `ResultPoster`. The ids may come from a button: what is not ours, or not about this job, stays."""
        channel = self._client.get_partial_messageable(channel_id, guild_id=job.destination.guild_id)
        return await self._delete(channel, message_id, job.id)

    async def cover(self, job_id: str, *, channel_id: int, message_id: int, covered: bool) -> bool:
        """See `ResultPoster`. discord.py can't say of a file that stays that it is a spoiler, which Discord takes."""
        path = "/channels/{channel_id}/messages/{message_id}"
        route = Route("PATCH", path, channel_id=channel_id, message_id=message_id)
        async with mapped_errors():
            try:
                message = await self._client.get_partial_messageable(channel_id).fetch_message(message_id)
                ours = self._client.user is not None and message.author.id == self._client.user.id
                if not (ours and has_result(message, job_id)):
                    return False
                if any(can_turn(file, covered=covered) for file in message.attachments):
                    files = [_turned(file, covered=covered) for file in message.attachments]
                    await self._client.http.request(route, json={"attachments": files})
            except discord.NotFound:
                return False
        return True

    async def delete_copy(self, job_id: str, *, channel_id: int, message_id: int) -> bool:
        """See `ResultPoster`."""
        return await self._delete(self._client.get_partial_messageable(channel_id), message_id, job_id)

    async def _delete(self, channel: discord.PartialMessageable, message_id: int, job_id: str) -> bool:
        """Delete a message of ours about a job; whether it was there."""
        async with mapped_errors():
            try:
                message = await channel.fetch_message(message_id)
                ours = self._client.user is not None and message.author.id == self._client.user.id
                if not (ours and (has_result(message, job_id) or is_card(message, job_id))):
                    return False
                await message.delete()
            except discord.NotFound:
                return False
        return True

    async def take_away(self, job: Job, *, channel_id: int, message_id: int) -> None:
        """See `ResultPoster`. Our messages may be deleted wherever we see them; some may still be edited where not."""
        channel = self._client.get_partial_messageable(channel_id, guild_id=job.destination.guild_id)
        message = channel.get_partial_message(message_id)
        async with mapped_errors():
            with contextlib.suppress(discord.NotFound):
                try:
                    await message.delete()
                except discord.Forbidden:
                    removed_text = words(job.public_locale)("card.removed")
                    await message.edit(content=removed_text, embed=None, attachments=[], view=None)

    async def tell_removed(self, job: Job) -> None:
        """See `ResultPoster`. Without the prompt: that message stays when its author has everything deleted."""
        await send(await self._author(job), await self._removed_text(job), nonce=f"gone-{job.id}")

    async def find_removed(self, job: Job, *, since: datetime) -> Sighting:
        """See `ResultPoster`. Looks for the very words."""
        try:
            person, text = await self._author(job), await self._removed_text(job)
        except (DestinationLost, DestinationBusy) as exc:
            return CannotTell(reason=exc.reason, closed=isinstance(exc, DestinationLost))
        return await find_message(self._client, person, since=since, matches=lambda message: message.content == text)

    async def _author(self, job: Job) -> discord.DMChannel:
        async with mapped_errors():
            return await self._client.create_dm(discord.Object(job.user_id))

    async def _removed_text(self, job: Job) -> str:
        guild = await self._places.guild(job.destination.guild_id or 0)
        return words(job.locale)("result.removed", server=safe(guild.name, SERVER), since=since(job.created_at))


def _turned(file: discord.Attachment, *, covered: bool) -> dict[str, Any]:
    """Say in an edit of a message that a file stays, and what becomes of its cover."""
    return {"id": str(file.id), **({"is_spoiler": covered} if can_turn(file, covered=covered) else {})}


def _origin(job: Job) -> str:
    """The address of a result's message; empty where there is none that others may follow."""
    public = job.message_channel_id == job.destination.channel_id
    return (public and result_link(job)) or ""


async def check_audience(places: Places, *, source_id: int, target_id: int) -> None:
    """Refuse to copy from one channel of a guild to another that shows it to more people.

    That is so from an age-restricted channel to one that is not, and from one that not everybody sees to one that
    everybody does.

    Raises:
        DestinationLost: it must not be copied there, or one of the channels is gone.
        DestinationBusy: Discord does not say who sees them.
    """
    source, target = await places.audience(source_id), await places.audience(target_id)
    if source.adults and not target.adults:
        raise DestinationLost("age_restricted")
    if target.everybody and not source.everybody:
        raise DestinationLost("not_for_everybody")
