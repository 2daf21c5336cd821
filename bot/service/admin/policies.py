"""Changes what a guild's admins decide: each change holds at once, is recorded, and is told in their audit channel."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from pydantic import ValidationError

from bot import domain
from bot.domain.funding import budget
from bot.domain.policy_file import read, refusal
from bot.errors import StoreError
from bot.service.outbox import OutboxHandler, UnrecordedPosts
from bot.service.ports import NotPosted, Sighting, Staff
from bot.service.screening.rules import check_rule
from bot.store.community.audit import AuditStore
from bot.store.community.guilds import GuildStore
from bot.store.jobs.queries import JobQueryStore
from bot.store.member.drafts import DraftStore

log = logging.getLogger(__name__)

# Told in the moderators' channel where there is no audit channel.
_PRESSING: Final = frozenset({"budget_used", "budget_spent"})
LATEST: Final = 100  # entries among which one that reads the same would be mistaken for it


class GuildPolicies:
    """Changes what is decided about guilds and members. Every method may raise `StoreUnavailable`: nothing has changed.

    `usual` is what every member has where a guild has decided nothing.
    """

    def __init__(
        self,
        *,
        store: GuildStore,
        drafts: DraftStore,
        audit: AuditStore,
        lookup: JobQueryStore,
        usual: domain.Allowance,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self.usual = usual
        self._store, self._drafts, self._audit, self._lookup = store, drafts, audit, lookup
        self._clock, self._wake = clock, wake

    async def state(self, guild_id: int) -> domain.GuildState:
        """Read what is decided about a guild."""
        return await self._store.state(guild_id)

    async def language(self, guild_id: int | None, *, otherwise: str) -> str:
        """Find the language of what is posted for everybody in a guild: the one that is decided, or else this one.

        Nothing waits for a database that cannot say.
        """
        try:
            return (await self._store.state(guild_id)).policy.language or otherwise if guild_id else otherwise
        except StoreError as exc:
            log.info("no language to go by", extra={"detail": str(exc)})
            return otherwise

    async def member(self, guild_id: int, user_id: int) -> domain.MemberState:
        """Read what is decided about a member."""
        return (await self._store.states(guild_id=guild_id, user_id=user_id))[2]

    async def change(
        self, entry: domain.AuditEntry, apply: Callable[[domain.Policy], domain.Policy]
    ) -> domain.PolicyChange:
        """Change a guild's policy by a function of the present one, so that two admins' changes both hold.

        Raises:
            PolicyInvalid: there can be no such policy; nothing has changed.
        """
        return await self._changed(self._store.change(entry, apply))

    async def import_by(
        self,
        draft: domain.Draft,
        entry: domain.AuditEntry,
        apply: Callable[[domain.Policy], domain.Policy],
        *,
        then: Callable[[domain.Policy, domain.PolicyChange], tuple[str, Mapping[str, Any]] | None],
    ) -> domain.PolicyChange:
        """Change a guild's policy by a draft, and what becomes of the draft, as one; see `DraftStore.import_policy`.

        Raises:
            PolicyInvalid: there can be no such policy; nothing has changed.
        """
        return await self._changed(self._drafts.import_policy(draft, entry, apply, then=then))

    async def _changed(self, change: Awaitable[domain.PolicyChange]) -> domain.PolicyChange:
        try:
            changed = await change
        except ValidationError as exc:
            raise refusal(exc) from None
        self._wake()
        return changed

    async def read(self, data: bytes) -> domain.Policy:
        """Read the policy in a file, and check it as a whole: also whether prompts can be searched by its rules.

        Raises:
            PolicyInvalid, RuleInvalid: there can be no such policy.
        """
        policy = read(data)
        for rule in policy.moderation.rules:
            await check_rule(rule)
        return policy

    async def pause(self, entry: domain.AuditEntry, *, paused: bool, reason: str = "") -> bool:
        """Pause a guild (`EVERYWHERE`: the whole bot), or go on; say whether that changed anything."""
        changed = await self._store.pause(entry, paused=paused, reason=reason)
        self._wake()
        return changed

    async def set_allowance(
        self, entry: domain.AuditEntry, *, user_id: int, allowance: domain.Allowance | None
    ) -> None:
        """Give one member an allowance of their own, or with None the one of everybody."""
        await self._store.set_allowance(entry, user_id=user_id, allowance=allowance)
        self._wake()

    async def block(self, entry: domain.AuditEntry, *, user_id: int, until: datetime | None, reason: str = "") -> None:
        """Let a member ask for nothing until then (`FOREVER`: never again); None ends a block."""
        await self._store.block(entry, user_id=user_id, until=until, reason=reason)
        self._wake()

    async def blocked(self, guild_id: int) -> dict[int, domain.MemberState]:
        """List the members that are blocked now, by their ids."""
        return await self._store.blocked(guild_id, now=self._clock())

    async def entries(self, guild_id: int, *, most: int) -> list[domain.AuditEntry]:
        """Read the latest changes, the newest first."""
        return await self._audit.of_guild(guild_id, most=most)

    async def spent(self, guild_id: int, policy: domain.Policy) -> domain.Account:
        """Read the account of what the guild costs this month, in millionths of a USD."""
        return await self._lookup.account(
            budget(guild_id, policy.budget_usd_micros, now=self._clock(), zone=policy.zone)
        )


class GuildLanguages:
    """Answers in which language admins want what is posted for everybody in their guild."""

    def __init__(self, guilds: GuildStore) -> None:
        self._guilds = guilds

    async def of(self, guild_id: int) -> str | None:
        """Read what is decided; None where that is nothing. May raise `StoreUnavailable`."""
        return (await self._guilds.state(guild_id)).policy.language


class AuditPoster(OutboxHandler):
    """Tells the guilds' audit channels what was changed, in its order."""

    kind = domain.OutboxKind.AUDIT

    def __init__(self, *, guilds: GuildStore, audit: AuditStore, staff: Staff, posts: UnrecordedPosts) -> None:
        self._guilds, self._audit, self._staff, self._posts = guilds, audit, staff, posts

    async def handle(self, item: domain.OutboxItem) -> int | None:
        """Tell an entry, if there is a channel that wants it.

        An entry is found again by its words, so one that reads like another of late is rather told twice than never.
        """
        entry = await self._audit.entry(item.subject_id)
        if entry is None:
            return None
        policy = (await self._guilds.state(entry.guild_id)).policy
        fallback = policy.moderation.channel_id if entry.action in _PRESSING else None
        channel_id = policy.audit_channel_id or fallback
        if channel_id is None:
            return None

        async def look(since: datetime) -> Sighting:
            if await self._reads_like_another(entry):
                return NotPosted()
            return await self._staff.find_entry(entry, channel_id=item.channel_id or channel_id, since=since)

        tell = partial(self._staff.tell, entry, channel_id=channel_id)
        await self._posts.post(item, place_id=channel_id, look=look, post=tell)
        return None

    async def _reads_like_another(self, entry: domain.AuditEntry) -> bool:
        latest = await self._audit.of_guild(entry.guild_id, most=LATEST)
        return any(replace(each, id=entry.id, at=entry.at) == entry for each in latest if each.id != entry.id)
