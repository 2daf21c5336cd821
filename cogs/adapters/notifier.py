"""Post job cards, results and alerts to Discord, by the services' `Notifier` protocol."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import discord

from bot.domain import AuditEntry, Capability, Case, Job, Notify
from bot.errors import DestinationBusy, DestinationLost
from bot.locale import Words, words
from bot.service.admin.jobs import message_of
from bot.service.ports import Alert, CannotTell, Card, NotPosted, Phase, Posted, Result, Sighting
from cogs.adapters.places import Places
from cogs.adapters.posting import (
    find_message,
    has_buttons_of_others,
    has_result,
    is_card,
    mapped_errors,
    post_video,
    send,
)
from cogs.adapters.private_answers import PrivateAnswers
from cogs.ui import CONTENT, link, result_link, safe, since
from cogs.ui.job_views import (
    cancel_button,
    card_embed,
    ending_buttons,
    failure_buttons,
    get_button,
    private_ending,
    public_ending,
)
from cogs.ui.limits import NONCE

log = logging.getLogger(__name__)

NONCE_LIFE: Final = timedelta(minutes=1)  # Discord remembers a nonce for "a few minutes"
LONG_AGO: Final = timedelta(days=1)  # before a moment of our own clock, which may be wrong
NOTE: Final = 10.0  # seconds for a direct note of what is posted already


class DiscordNotifier:
    """Posts by channel id: no interaction is needed, so it works after any restart.

    `moment` is the present by Discord's clock.
    """

    def __init__(
        self,
        client: discord.Client,
        *,
        answers: PrivateAnswers,
        notify_of: Callable[[int], Awaitable[Notify]],
        models: Mapping[str, Capability],
        moment: Callable[[], datetime],
        operator_channel_id: int | None = None,
    ) -> None:
        self._client, self._answers, self._notify_of, self._models = client, answers, notify_of, models
        self._moment, self._operator_channel_id, self._places = moment, operator_channel_id, Places(client)

    async def post_card(self, card: Card) -> Posted | None:
        """See `Notifier`. A card that was posted before, by this process or a dead one, is brought up to date.

        A private job's card is in the private answer, as long as that can be edited.
        """
        job, place = card.job, card.job.destination
        if place.private:
            if not card.phase.last:  # of the ends others tell
                say = words(job.locale)
                await self._answers.show(job, card_embed(card, say), cancel_button(job, say))
            return None
        say = words(job.public_locale)
        channel, embed = self._channel(place.channel_id, place.guild_id), card_embed(card, say)
        buttons = cancel_button(job, say)
        if (posted := await self._posted_card(job)) is not None:
            async with mapped_errors():
                await channel.get_partial_message(posted.message_id).edit(embed=embed, view=buttons)
            return posted
        message = await send(channel, embed=embed, view=buttons, nonce=f"card-{job.id}", silent=True)
        if [each.title for each in message.embeds] != [embed.title]:
            async with mapped_errors():
                await message.edit(embed=embed, view=buttons)
        return Posted(channel_id=message.channel.id, message_id=message.id)

    async def edit_card(self, card: Card) -> None:
        """See `Notifier`."""
        job = card.job
        if job.card_channel_id is None or job.card_message_id is None:
            return
        channel = self._channel(job.card_channel_id, job.destination.guild_id)
        async with mapped_errors():
            say = words(job.public_locale)
            buttons = ending_buttons(card, say, models=self._models)  # the last time it may have told the requester
            await channel.get_partial_message(job.card_message_id).edit(embed=card_embed(card, say), view=buttons)
        if not job.cancellable:
            await self._answers.withdraw_offer(job)

    async def remove_card(self, card: Card) -> None:
        """See `Notifier`. A message of our own goes without a permission; whoever has deleted it was before us."""
        job = card.job
        if job.card_channel_id is not None and job.card_message_id is not None:
            await self.take_back(job, Posted(channel_id=job.card_channel_id, message_id=job.card_message_id))

    async def say_ready(self, job: Job) -> None:
        """See `Notifier`."""
        if (url := result_link(job)) is not None:
            await self._answers.replace(job, words(job.locale)("result.note", link=url))

    async def find_card(self, job: Job) -> Sighting:
        """See `Notifier`. Looks for the job's id, which ends the address behind the card's title."""
        place = self._channel(job.destination.channel_id, job.destination.guild_id)
        since = job.asked_at or job.created_at - LONG_AGO
        return await find_message(self._client, place, since=since, matches=lambda message: is_card(message, job.id))

    async def find_result(self, job: Job) -> Sighting:
        """See `Notifier`. Looks for the file by its name."""
        if job.posting_at is None:
            return NotPosted()
        if job.destination.private or job.posting_directly:
            return await self._find_directly(job.user_id, job.posting_at, lambda message: has_result(message, job.id))
        place = self._channel(job.destination.channel_id, job.destination.guild_id)
        return await find_message(
            self._client, place, since=job.posting_at, matches=lambda message: has_result(message, job.id)
        )

    async def post_result(self, result: Result) -> Posted:
        """See `Notifier`."""
        job = result.job
        if job.destination.private:
            return await self.send_directly(result)
        notify = await self._notify_of(job.user_id)
        say, silent = words(job.public_locale), notify is Notify.SILENT
        posted = await post_video(
            self._channel(job.destination.channel_id, job.destination.guild_id),
            result,
            say,
            greeting=say("result", mention=f"<@{job.user_id}>"),
            nonce=f"video-{job.id}",
            mention=None if silent else job.user_id,
            silent=silent,
            models=self._models,
        )
        if notify is Notify.DM and job.destination.guild_id is not None:
            where = link(job.destination.guild_id, posted.channel_id, posted.message_id)
            await self._send_note(job, words(job.locale)("result.note", link=where))
        return posted

    async def send_directly(self, result: Result) -> Posted:
        """See `Notifier`."""
        job, say = result.job, words(result.job.locale)
        lost = not job.destination.private
        where = f"<#{job.destination.channel_id}>"
        greeting = say("result.directly", channel=where) if lost else say("result", mention=f"<@{job.user_id}>")
        return await post_video(
            await self._person(job.user_id),
            result,
            say,
            greeting=greeting,
            nonce=f"direct-{job.id}",
            mention=job.user_id,
            models=self._models,
            direct=True,
        )

    async def take_back(self, job: Job, posted: Posted) -> None:
        """See `Notifier`."""
        in_channel = posted.channel_id == job.destination.channel_id
        channel = self._channel(posted.channel_id, job.destination.guild_id if in_channel else None)
        async with mapped_errors():
            with contextlib.suppress(discord.NotFound):
                await channel.get_partial_message(posted.message_id).delete()

    async def _send_note(self, job: Job, text: str) -> None:
        """Send a short direct message to a requester who wants one; the channel has the same."""
        try:
            async with asyncio.timeout(NOTE):
                await send(await self._person(job.user_id), text, nonce=f"note-{job.id}")
        except (DestinationLost, DestinationBusy, TimeoutError) as exc:
            log.info("no direct note", extra={"job": job.id, "reason": str(exc) or "slow"})

    async def tell_requester(self, card: Card) -> Posted | None:
        """See `Notifier`. In the private answer while it lives, and where the video would have been posted.

        Whoever ended it themselves is not called: the private answer or the card says it.
        """
        job, say = card.job, words(card.job.locale)
        text = private_ending(card, say)
        kept = get_button(job, say) if card.phase is Phase.KEPT else None
        buttons = failure_buttons(job, say, models=self._models) if card.phase is Phase.FAILED else kept
        answered = await self._answers.replace(job, text, buttons=buttons)
        if job.ended_by_author and (answered or job.card_message_id is not None):
            return None
        in_channel = not job.destination.private and not job.ended_by_author
        if in_channel and card.repeated and await self._told_directly(job, text):
            return None  # the channel was closed, and may be open again
        notify = await self._notify_of(job.user_id)
        if in_channel and (told := await self._tell_in_channel(card, notify)) is not None:
            if notify is Notify.DM and job.destination.guild_id is not None:
                await self._send_note(job, text)
            return told
        if not answered or job.destination.private:
            await self._tell_person(card, text, notify=notify, buttons=buttons)
        return None

    async def _tell_in_channel(self, card: Card, notify: Notify) -> Posted | None:
        """Tell the requester in the channel how their job ended and why, on a card; None where the bot may not."""
        job, say = card.job, words(card.job.public_locale)
        channel, text = self._channel(job.destination.channel_id, job.destination.guild_id), public_ending(card, say)
        try:
            if card.repeated and (said := await self._said_before(channel, job, text, on_card=True)) is not None:
                return said
            message = await send(
                channel,
                text,
                embed=card_embed(card, say),
                view=ending_buttons(card, say, models=self._models),
                mention=None if notify is Notify.SILENT else job.user_id,
                nonce=_nonce_of_ending(card),
                silent=notify is Notify.SILENT,
            )
        except DestinationLost as exc:
            if card.repeated:
                raise  # it may have been said there before
            log.info("the channel is closed, telling the person", extra={"job": job.id, "reason": exc.reason})
            return None
        return Posted(channel_id=message.channel.id, message_id=message.id)

    async def _tell_person(self, card: Card, text: str, *, notify: Notify, buttons: discord.ui.View | None) -> None:
        """Tell the requester directly how their job ended, unless the bot has said so before."""
        person = await self._person(card.job.user_id)
        if card.repeated and await self._said_before(person, card.job, text) is not None:
            return
        await send(person, text, nonce=_nonce_of_ending(card), silent=notify is Notify.SILENT, view=buttons)

    async def _said_before(
        self, place: discord.abc.Messageable, job: Job, text: str, *, on_card: bool = False
    ) -> Posted | None:
        """Find the message with which the bot has said how a job ended, since it first meant to.

        Raises:
            DestinationLost, DestinationBusy: it may have, and that cannot be seen.
        """

        def matches(message: discord.Message) -> bool:
            about_it = is_card(message, job.id) if on_card else not has_buttons_of_others(message, job)
            return message.content == text and about_it

        since = job.telling_at or job.created_at - LONG_AGO
        sighting = await find_message(self._client, place, since=since, matches=matches)
        if isinstance(sighting, CannotTell):
            raise DestinationLost(sighting.reason) if sighting.closed else DestinationBusy(sighting.reason)
        return sighting if isinstance(sighting, Posted) else None

    async def _told_directly(self, job: Job, text: str) -> bool:
        """Whether the bot has told somebody that directly, as far as they can be written to at all.

        Raises:
            DestinationBusy: it may have, and that cannot be seen.
        """
        try:
            return await self._said_before(await self._person(job.user_id), job, text) is not None
        except DestinationLost:
            return False

    async def tell_decision(self, case: Case) -> None:
        """See `Notifier`. Who takes no direct messages is called where they asked, without the amount."""
        try:
            await send(await self._person(case.user_id), await self._decision_text(case), nonce=case.id)
        except DestinationLost:
            if (channel := self._asked_in(case)) is None:
                raise
            await send(channel, _public_decision(case), mention=case.user_id, nonce=case.id)

    async def find_decision(self, case: Case, *, since: datetime) -> Sighting:
        """See `Notifier`. Looks for the very words."""
        text, channel = await self._decision_text(case), self._asked_in(case)
        sighting = await self._find_directly(case.user_id, since, lambda message: message.content == text)
        if isinstance(sighting, Posted) or channel is None:
            return sighting
        called = _public_decision(case)
        there = await find_message(self._client, channel, since=since, matches=lambda each: each.content == called)
        return there if isinstance(there, Posted) else sighting

    def _asked_in(self, case: Case) -> discord.PartialMessageable | None:
        channel_id = case.body.get("asked_in")
        return self._channel(int(channel_id), case.guild_id) if channel_id else None

    async def _decision_text(self, case: Case) -> str:
        say = words(str(case.body.get("locale", "")))
        values = {
            "credits": say("credits", n=int(case.body.get("given", case.body["credits"]))),
            "server": safe(await self._guild_name(case.guild_id), 60),
        }
        return say(f"more.{case.state}", **values)

    async def tell_grant(self, entry: AuditEntry, *, locale: str | None) -> None:
        """See `Notifier`. Only who is in the guild is told: its admins may name anybody."""
        user_id, guild = int(entry.detail["member"]), await self._places.guild(entry.guild_id)
        async with mapped_errors():
            await guild.fetch_member(user_id)
        silent, text = await self._notify_of(user_id) is Notify.SILENT, await self._grant_text(entry, locale)
        await send(await self._person(user_id), text, nonce=f"gave-{entry.id}"[:NONCE], silent=silent)

    async def find_grant(self, entry: AuditEntry, *, locale: str | None, since: datetime) -> Sighting:
        """See `Notifier`. Looks for the very words."""
        text = await self._grant_text(entry, locale)
        return await self._find_directly(int(entry.detail["member"]), since, lambda message: message.content == text)

    async def _grant_text(self, entry: AuditEntry, locale: str | None) -> str:
        name, guilds = "?", words().locale
        with contextlib.suppress(DestinationLost):
            guild = await self._places.guild(entry.guild_id)
            name, guilds = guild.name, str(guild.preferred_locale)
        say = words(locale or guilds)
        return say("grant.told", server=safe(name, 60), credits=say("credits", n=int(entry.detail["credits"])))

    async def _guild_name(self, guild_id: int) -> str:
        try:
            return (await self._places.guild(guild_id)).name
        except DestinationLost:
            return "?"

    async def alert(self, alert: Alert) -> None:
        """See `Notifier`. Without an operator channel the log alone has it."""
        if self._operator_channel_id is None:
            return
        channel = self._channel(self._operator_channel_id, None)
        await send(channel, _alert_text(alert), nonce=alert.key or None)

    async def find_alert(self, alert: Alert, *, since: datetime) -> Sighting:
        """See `Notifier`. Looks for the very words."""
        if self._operator_channel_id is None:
            return NotPosted()
        channel, text = self._channel(self._operator_channel_id, None), _alert_text(alert)
        return await find_message(self._client, channel, since=since, matches=lambda message: message.content == text)

    async def _posted_card(self, job: Job) -> Posted | None:
        """Find the posted card of a job that is too old for Discord to remember its nonce.

        Raises:
            DestinationBusy: it may have been, and that cannot be seen.
        """
        if job.asked_at is not None and self._moment() - job.asked_at < NONCE_LIFE:
            return None
        sighting = await self.find_card(job)
        if isinstance(sighting, CannotTell):
            raise DestinationBusy(sighting.reason)
        return sighting if isinstance(sighting, Posted) else None

    async def _find_directly(
        self, user_id: int, since: datetime, matches: Callable[[discord.Message], bool]
    ) -> Sighting:
        """Find the bot's first message to somebody that `matches`, among those since then."""
        try:
            place = await self._person(user_id)
        except (DestinationLost, DestinationBusy) as exc:
            return CannotTell(reason=exc.reason, closed=isinstance(exc, DestinationLost))
        return await find_message(self._client, place, since=since, matches=matches)

    async def _person(self, user_id: int) -> discord.DMChannel:
        async with mapped_errors():
            return await self._client.create_dm(discord.Object(user_id))

    def _channel(self, channel_id: int, guild_id: int | None) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(channel_id, guild_id=guild_id)


def _public_decision(case: Case) -> str:
    return words(str(case.body.get("locale", "")))("more.decided", mention=f"<@{case.user_id}>")


def _nonce_of_ending(card: Card) -> str:
    return f"{card.phase[:4]}-{card.job.id}"


def _alert_text(alert: Alert) -> str:
    say = words()
    video = "" if alert.job is None else _called(alert.job, say)
    return say(f"alert.{alert.trouble}", subject=alert.subject, detail=alert.detail or "-", video=video)[:CONTENT]


def _called(job: Job, say: Words) -> str:
    """Call a job by whose it is and when it was asked for, with a link to its message: what was typed stays theirs."""
    name = say("alert.video", member=f"<@{job.user_id}>", since=since(job.created_at))
    message = message_of(job)
    return name if message is None else f"{name} {link(*message)}"
