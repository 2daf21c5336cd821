"""The core's `Staff` on Discord: cases in the moderators' channel, and the record of changes in the audit channel."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.domain.case import CaseState
from bot.locale import Words, words
from bot.service.notifier import NotPosted, Posted
from cogs._audit import spoken
from cogs._cards import alt_text
from cogs._case_look import case_buttons, case_embeds, case_text
from cogs._posts import POSTING, mapped, patience_for
from cogs._search import sought

if TYPE_CHECKING:
    from bot.domain.case import Case
    from bot.domain.guild import AuditEntry
    from bot.domain.job import Job
    from bot.service.notifier import Result, Sighting

CONTENT: Final = 2000  # characters of a message


class DiscordStaff:
    """Speaks to those who look after a guild, in its language, by channel id: it works after any restart."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    def there(self, guild_id: int, channel_id: int) -> bool:
        """See `Staff`. Where Discord has told nothing yet, it may be."""
        guild = self._client.get_guild(guild_id)
        return guild is None or guild.unavailable or guild.get_channel(channel_id) is not None

    async def post_case(self, case: Case, *, job: Job | None, film: Result | None) -> Posted:
        """See `Staff`. The video is covered, and named so that nothing takes it for the posted result."""
        say, more = self._words(case.guild_id), dict[str, Any]()
        if film is not None:
            name = f"case-{film.job.id}.mp4"
            seen = alt_text(film.job, say, label=film.label)
            more["file"] = discord.File(film.file, filename=name, spoiler=True, description=seen)
        async with mapped(within=POSTING if film is None else patience_for(film)):
            message = await self._channel(case.guild_id, case.channel_id).send(
                case_text(case, job, say),
                embeds=case_embeds(case, job, say),
                view=case_buttons(case, say),
                nonce=f"case-{sha256(case.id.encode()).hexdigest()[:20]}",
                allowed_mentions=discord.AllowedMentions.none(),
                **more,
            )
        return Posted(channel_id=message.channel.id, message_id=message.id)

    async def find_case(self, case: Case) -> Sighting:
        """See `Staff`. Looks for the id, which ends the message."""
        if case.posting_at is None:
            return NotPosted()
        return await sought(
            self._client,
            self._channel(case.guild_id, case.channel_id),
            since=case.posting_at,
            wanted=lambda message: message.content.endswith(f"-# {case.id}"),
        )

    async def edit_case(self, case: Case, *, job: Job | None) -> None:
        """See `Staff`. Of what is decided the video and the texts are taken out: how stays to be read."""
        if case.message_id is None:
            return
        say, undecided = self._words(case.guild_id), case.state is CaseState.OPEN
        async with mapped():
            await (
                self._channel(case.guild_id, case.channel_id)
                .get_partial_message(case.message_id)
                .edit(
                    content=case_text(case, job, say),
                    embeds=case_embeds(case, job, say),
                    view=case_buttons(case, say) if undecided else None,
                    allowed_mentions=discord.AllowedMentions.none(),
                    attachments=discord.utils.MISSING if undecided else [],
                )
            )

    async def tell(self, entry: AuditEntry, *, channel_id: int) -> None:
        """See `Staff`."""
        text = spoken(entry, self._words(entry.guild_id))
        async with mapped():
            await self._channel(entry.guild_id, channel_id).send(
                text[:CONTENT], nonce=_nonce(entry), allowed_mentions=discord.AllowedMentions.none(), silent=True
            )

    def _words(self, guild_id: int) -> Words:
        """The guild's language; English while Discord has not told us."""
        guild = self._client.get_guild(guild_id)
        return words() if guild is None else words(str(guild.preferred_locale))

    def _channel(self, guild_id: int, channel_id: int) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(channel_id, guild_id=guild_id)


def _nonce(entry: AuditEntry) -> str:
    return f"audit-{sha256(entry.id.encode()).hexdigest()[:18]}"
