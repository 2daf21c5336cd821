"""The core's `Notifier` on Discord: cards, results and alerts, and what Discord's refusals mean."""

from __future__ import annotations

import contextlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import discord

from bot.errors import DestinationBusy, DestinationLost, ResultTooLarge
from bot.locale import words
from bot.service.notifier import Phase, Posted
from cogs._cards import alt_text, card_embed, result_text
from cogs._text import failure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from datetime import datetime

    from bot.domain.job import Job
    from bot.locale import Words
    from bot.service.notifier import Alert, Card, Result
    from cogs._answers import PrivateAnswers

log = logging.getLogger(__name__)

SEARCHED: Final = 1000  # messages looked through for a card or a result that may have been posted
NONCE_LIFE: Final = timedelta(minutes=1)  # Discord remembers a nonce for "a few minutes"
SKEW: Final = timedelta(minutes=10)  # by which our clock may be ahead of Discord's

_TOO_LARGE: Final = 40005
_TOO_LARGE_STATUS: Final = 413
_BUSY: Final = frozenset({401, 408, 429})  # 401: the token was changed, and the next start knows the new one
_SERVER_ERROR: Final = 500


@contextlib.contextmanager
def _mapped() -> Iterator[None]:
    """Discord's refusals and failures as ours; the codes are in Discord's documents.

    Raises:
        ResultTooLarge: the file is over the limit after all.
        DestinationBusy: it may work later.
        DestinationLost: it never will, there.
    """
    try:
        yield
    except discord.HTTPException as exc:
        if exc.code == _TOO_LARGE or exc.status == _TOO_LARGE_STATUS:
            raise ResultTooLarge("refused_by_discord") from exc
        if exc.status >= _SERVER_ERROR or exc.status in _BUSY:
            raise DestinationBusy(f"discord_{exc.status}") from exc
        raise DestinationLost(f"discord_{exc.code or exc.status}") from exc
    except (TimeoutError, aiohttp.ClientError, OSError) as exc:
        raise DestinationBusy("discord_unreachable") from exc


class DiscordNotifier:
    """Speaks for the core, by channel id: no interaction is needed, so it works after any restart."""

    def __init__(
        self, client: discord.Client, *, answers: PrivateAnswers, operator_channel_id: int | None = None
    ) -> None:
        self._client, self._answers, self._operator_channel_id = client, answers, operator_channel_id

    async def post_card(self, card: Card) -> Posted | None:
        """See `Notifier`. A card that was posted before, by this process or a dead one, is brought up to date."""
        job, place = card.job, card.job.destination
        if place.private:
            return None
        channel, embed = self._channel(place.channel_id, place.guild_id), card_embed(card, words(job.public_locale))
        with _mapped():
            message = await self._posted_card(channel, job) or await channel.send(
                embed=embed,
                nonce=f"card-{job.id}",
                allowed_mentions=discord.AllowedMentions.none(),
                silent=True,
            )
            if [each.title for each in message.embeds] != [embed.title]:
                await message.edit(embed=embed)
        return Posted(channel_id=message.channel.id, message_id=message.id)

    async def edit_card(self, card: Card) -> None:
        """See `Notifier`."""
        job = card.job
        if job.card_channel_id is None or job.card_message_id is None:
            return
        channel = self._channel(job.card_channel_id, job.destination.guild_id)
        with _mapped():
            await channel.get_partial_message(job.card_message_id).edit(
                embed=card_embed(card, words(job.public_locale))
            )

    async def find_result(self, job: Job) -> Posted | None:
        """See `Notifier`. Looks for the file by its name among the bot's own messages since the post was intended."""
        if job.posting_at is None:
            return None
        for channel in await self._places(job):
            with _mapped(), contextlib.suppress(discord.Forbidden, discord.NotFound):
                async for message in self._own(channel, since=job.posting_at):
                    if any(file.filename == _filename(job) for file in message.attachments):
                        return Posted(channel_id=message.channel.id, message_id=message.id)
        return None

    async def post_result(self, result: Result) -> Posted:
        """See `Notifier`."""
        job = result.job
        if job.destination.private:
            return await self.send_directly(result)
        channel = self._channel(job.destination.channel_id, job.destination.guild_id)
        say = words(job.public_locale)
        greeting = say("result", mention=f"<@{job.user_id}>")
        return await self._post(channel, result, say, greeting=greeting, nonce=f"video-{job.id}")

    async def send_directly(self, result: Result) -> Posted:
        """See `Notifier`."""
        job, say = result.job, words(result.job.locale)
        lost = not job.destination.private
        where = f"<#{job.destination.channel_id}>"
        greeting = say("result.directly", channel=where) if lost else say("result", mention=f"<@{job.user_id}>")
        return await self._post(await self._person(job), result, say, greeting=greeting, nonce=f"direct-{job.id}")

    async def tell_requester(self, card: Card) -> None:
        """See `Notifier`. In the private answer while it lives; else directly, unless a card has said it."""
        say = words(card.job.locale)
        reason = failure(card.job, say) if card.phase is Phase.FAILED else say(f"card.{card.phase}.text")
        text = f"**{say(f'card.{card.phase}')}**\n{reason}"
        if await self._answers.replace(card.job, text) or card.job.card_message_id is not None:
            return
        person = await self._person(card.job)
        with _mapped():
            await person.send(text, nonce=f"end-{card.job.id}", allowed_mentions=discord.AllowedMentions.none())

    async def alert(self, alert: Alert) -> None:
        """See `Notifier`. Without an operator channel the log alone has it."""
        if self._operator_channel_id is None:
            return
        text = words()(f"alert.{alert.trouble}", subject=alert.subject, detail=alert.detail or "-")
        with _mapped():
            channel = self._channel(self._operator_channel_id, None)
            await channel.send(text[:2000], allowed_mentions=discord.AllowedMentions.none())

    async def _post(
        self, channel: discord.abc.Messageable, result: Result, say: Words, *, greeting: str, nonce: str
    ) -> Posted:
        job = result.job
        with _mapped():
            message = await channel.send(
                f"{greeting}\n{result_text(job, say)}",
                file=discord.File(result.file, filename=_filename(job), description=alt_text(job, say)),
                nonce=nonce,
                allowed_mentions=discord.AllowedMentions(
                    everyone=False, roles=False, users=[discord.Object(job.user_id)], replied_user=False
                ),
            )
        return Posted(channel_id=message.channel.id, message_id=message.id)

    async def _posted_card(self, channel: discord.abc.Messageable, job: Job) -> discord.Message | None:
        """The card of a job that is too old for Discord to remember its nonce, if it has been posted."""
        if discord.utils.utcnow() - job.created_at < NONCE_LIFE:
            return None
        async for message in self._own(channel, since=job.created_at):
            if any(embed.footer.text and embed.footer.text.endswith(job.id) for embed in message.embeds):
                return message
        return None

    async def _own(self, channel: discord.abc.Messageable, *, since: datetime) -> AsyncIterator[discord.Message]:
        """The bot's own messages in a channel since a moment of our clock, the newest first."""
        async for message in channel.history(limit=SEARCHED, after=since - SKEW, oldest_first=False):
            if self._client.user is not None and message.author.id == self._client.user.id:
                yield message

    async def _places(self, job: Job) -> list[Any]:
        """Where the result may have been posted already: the channel, or its person's direct messages."""
        places: list[Any] = []
        if not job.destination.private:
            places.append(self._channel(job.destination.channel_id, job.destination.guild_id))
        if job.destination.private or job.destination.guild_id is not None:
            with contextlib.suppress(DestinationLost):
                places.append(await self._person(job))
        return places

    async def _person(self, job: Job) -> discord.DMChannel:
        with _mapped():
            return await self._client.create_dm(discord.Object(job.user_id))

    def _channel(self, channel_id: int, guild_id: int | None) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(channel_id, guild_id=guild_id)


def _filename(job: Job) -> str:
    """The name of the posted file: never anything that a person typed."""
    return f"shotcaller-{job.id}.mp4"
