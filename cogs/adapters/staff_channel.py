"""Post cases in the moderators' channel and changes in the audit channel, by the services' `Staff` protocol."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Final

import discord

from bot.client import owners_of
from bot.domain import EVERYWHERE, AuditEntry, Case, CaseState, Job, Note
from bot.errors import DestinationBusy, DestinationLost
from bot.locale import Words, words
from bot.service.ports import CannotTell, NotPosted, Posted, Result, Sighting
from cogs.adapters.places import FRESH, Places
from cogs.adapters.posting import POSTING, find_message, mapped_errors, send, upload_timeout
from cogs.moderation.case_views import all_reports, case_buttons, case_embeds, case_mark, case_text, note_text
from cogs.ui import CONTENT, safe
from cogs.ui.audit_entries import entry_text
from cogs.ui.job_views import alt_text
from cogs.ui.limits import NONCE
from cogs.ui.welcome import is_welcome, way_there, welcome_button

log = logging.getLogger(__name__)

SERVER: Final = 60  # characters of a server's name
ADDED: Final = 20  # bots that were added to a guild last, of which ours is one


class DiscordStaff:
    """Posts to those who look after a guild, in its language, by channel id: it works after any restart."""

    def __init__(
        self,
        client: discord.Client,
        *,
        language_of: Callable[[int], Awaitable[str | None]],
        operator_channel_id: int | None = None,
    ) -> None:
        self._client, self._operator_channel_id, self._places = client, operator_channel_id, Places(client)
        self._language_of = language_of

    async def runs(self, user_id: int, *, guild_id: int) -> bool:
        """See `Staff`. Discord is asked each time: what the gateway has told may be of a time before a right was taken.

        Raises:
            DestinationBusy: Discord does not say.
        """
        try:
            if guild_id == EVERYWHERE:
                async with mapped_errors():
                    return user_id in owners_of(await self._client.application_info())
            guild = await self._places.guild(guild_id, within=FRESH)
            async with mapped_errors():
                member = await guild.fetch_member(user_id)
        except DestinationLost:  # no member there, or no such guild
            return False
        return member.guild_permissions.manage_guild

    def there(self, guild_id: int, channel_id: int) -> bool:
        """See `Staff`. Where the gateway has told nothing yet, it may be; the process that is asked has the guild."""
        guild = self._client.get_guild(guild_id)
        return guild is None or guild.unavailable or guild.get_channel(channel_id) is not None

    async def post_case(self, case: Case, *, job: Job | None, video: Result | None) -> Posted:
        """See `Staff`. The video is covered, and named so that nothing takes it for the posted result."""
        say = await self._words(case)
        files = all_reports(case, say)
        if video is not None:
            name = f"case-{video.job.id}.mp4"
            seen = alt_text(video.job, say, label=video.label)
            files.append(discord.File(video.file, filename=name, spoiler=True, description=seen))
        message = await send(
            self._channel(case.guild_id, case.channel_id),
            case_text(case, job, say),
            within=POSTING if video is None else upload_timeout(video),
            embeds=case_embeds(case, job, say),
            view=case_buttons(case, job, say),
            files=files,
            nonce=_nonce("case", case.id),
        )
        return Posted(channel_id=message.channel.id, message_id=message.id)

    async def find_case(self, case: Case, *, since: datetime) -> Sighting:
        """See `Staff`."""
        channel, mark = self._channel(case.guild_id, case.channel_id), case_mark(case.id)
        return await find_message(self._client, channel, since=since, matches=lambda each: mark in each.content)

    async def edit_case(self, case: Case, *, message_id: int, job: Job | None) -> None:
        """See `Staff`. Of what is decided the video and the texts are taken out: how stays to be read."""
        say, undecided = await self._words(case), case.state is CaseState.OPEN
        async with mapped_errors():
            await (
                self._channel(case.guild_id, case.channel_id)
                .get_partial_message(message_id)
                .edit(
                    content=case_text(case, job, say),
                    embeds=case_embeds(case, job, say),
                    view=case_buttons(case, job, say),
                    allowed_mentions=discord.AllowedMentions.none(),
                    attachments=discord.utils.MISSING if undecided and not case.reports else all_reports(case, say),
                )
            )

    async def tell(self, entry: AuditEntry, *, channel_id: int) -> None:
        """See `Staff`."""
        channel, text = self._channel(entry.guild_id, channel_id), await self._entry_text(entry)
        await send(channel, text, nonce=_nonce("audit", entry.id), silent=True)

    async def find_entry(self, entry: AuditEntry, *, channel_id: int, since: datetime) -> Sighting:
        """See `Staff`. Looks for the very words."""
        channel, text = self._channel(entry.guild_id, channel_id), await self._entry_text(entry)
        return await find_message(self._client, channel, since=since, matches=lambda message: message.content == text)

    async def welcome(self, *, guild_id: int, channel_id: int) -> None:
        """See `Staff`. Who takes no direct messages finds it in the channel."""
        guild, nonce = await self._places.guild(guild_id), _nonce("welcome", str(guild_id))
        say = words(str(guild.preferred_locale))
        if (person := await self._inviter(guild)) is not None:
            try:
                await send(person, _directly(guild, say), view=way_there(guild_id, channel_id, say), nonce=nonce)
            except DestinationLost as exc:
                log.info("who added the bot is not greeted", extra={"guild": guild_id, "reason": exc.reason})
            else:
                return
        channel = self._channel(guild_id, channel_id)
        await send(channel, say("welcome"), view=welcome_button(say), nonce=nonce, silent=True)

    async def find_welcome(self, *, guild_id: int, channel_id: int, since: datetime) -> Sighting:
        """See `Staff`. Looks for its button, where it may be: with who added the bot, and in the channel.

        What was said to somebody whom Discord does not tell any more is not found: who it was is kept nowhere.
        """
        try:
            guild = await self._places.guild(guild_id)
            person = await self._inviter(guild)
        except (DestinationLost, DestinationBusy) as exc:
            return CannotTell(reason=exc.reason, closed=isinstance(exc, DestinationLost))
        matches = partial(is_welcome, guild_id=guild_id, channel_id=channel_id)
        if person is not None:
            sighting = await find_message(self._client, person, since=since, matches=matches)
            closed = isinstance(sighting, CannotTell) and sighting.closed  # then the channel was told
            if not (closed or isinstance(sighting, NotPosted)):
                return sighting
        channel = self._channel(guild_id, channel_id)
        return await find_message(self._client, channel, since=since, matches=matches)

    async def _inviter(self, guild: discord.Guild) -> discord.DMChannel | None:
        """The direct messages of who added the bot to a guild; None where Discord does not tell the bot who that is.

        Raises:
            DestinationBusy: it may, later.
        """
        me = guild.me if guild.id in {each.id for each in self._client.guilds} else None
        if self._client.user is None or (me is not None and not me.guild_permissions.view_audit_log):
            return None
        try:
            async with mapped_errors():
                async for entry in guild.audit_logs(limit=ADDED, action=discord.AuditLogAction.bot_add):
                    if entry.target is not None and entry.target.id == self._client.user.id and entry.user_id:
                        return await self._client.create_dm(discord.Object(entry.user_id))
        except DestinationLost:
            pass
        return None

    async def _entry_text(self, entry: AuditEntry) -> str:
        return entry_text(entry, await self._guild_words(entry.guild_id))[:CONTENT]

    async def operator_places(self) -> AsyncIterator[int]:
        """See `Staff`. The operator is whoever owns the application, or the team that does."""
        if self._operator_channel_id is not None:
            yield self._operator_channel_id
        async with mapped_errors():
            application = await self._client.application_info()
            owner = application.team.owner if application.team else application.owner
            person = await self._client.create_dm(discord.Object((owner or application.owner).id))
        yield person.id

    async def post_note(self, note: Note, *, channel_id: int) -> Posted:
        """See `Staff`."""
        message = await send(self._channel(None, channel_id), note_text(note, words()), nonce=_nonce("note", note.key))
        return Posted(channel_id=channel_id, message_id=message.id)

    async def find_note(self, key: str, *, channel_id: int, since: datetime) -> Sighting:
        """See `Staff`. Looks for its key, with which the message ends."""
        channel, end = self._channel(None, channel_id), f"-# {key}"
        return await find_message(self._client, channel, since=since, matches=lambda each: each.content.endswith(end))

    async def delete_note(self, *, channel_id: int, message_id: int) -> None:
        """See `Staff`."""
        async with mapped_errors():
            await self._channel(None, channel_id).get_partial_message(message_id).delete()

    async def _words(self, case: Case) -> Words:
        """The texts in the language of those who decide a case."""
        return words() if case.for_operator else await self._guild_words(case.guild_id)

    async def _guild_words(self, guild_id: int) -> Words:
        """The texts in a guild's language: what its admins have decided, or what it is at Discord.

        English where the bot is not in it.
        """
        if (decided := await self._language_of(guild_id)) is not None:
            return words(decided)
        try:
            guild = await self._places.guild(guild_id)
        except DestinationLost:
            return words()
        return words(str(guild.preferred_locale))

    def _channel(self, guild_id: int | None, channel_id: int) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(channel_id, guild_id=guild_id)


def _nonce(kind: str, key: str) -> str:
    """Make the nonce of a post: a repeat is harmless for as long as Discord remembers it."""
    return f"{kind}-{sha256(key.encode()).hexdigest()}"[:NONCE]


def _directly(guild: discord.Guild, say: Words) -> str:
    return say("welcome.direct", server=safe(guild.name, SERVER))
