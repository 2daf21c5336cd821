"""What a guild's admins decide: each change holds at once, is recorded, and is told where they want to read of it."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from pydantic import ValidationError

from bot.domain import EVERYWHERE, Account, Allowance, AuditEntry, GuildState, MemberState, Policy, PolicyChange
from bot.domain.funding import budget
from bot.domain.policy_file import read, refusal
from bot.errors import DestinationBusy, DestinationLost
from bot.service.ports import Staff
from bot.service.screening.rules import check_rule
from bot.store.community.audit import AuditStore
from bot.store.community.guilds import GuildStore
from bot.store.jobs.queries import JobQueryStore

log = logging.getLogger(__name__)

AT_ONCE: Final = 100  # entries told in one go
PATIENCE: Final = timedelta(days=1)  # so long an entry waits for a Discord that is busy

# Told in the moderators' channel where there is no audit channel.
_PRESSING: Final = frozenset({"budget_used", "budget_spent"})


class GuildPolicies:
    """The use cases of admins. Every method may raise `StoreUnavailable`: then nothing has changed.

    `usual` is what every member has where a guild has decided nothing.
    """

    def __init__(
        self,
        *,
        store: GuildStore,
        audit: AuditStore,
        lookup: JobQueryStore,
        usual: Allowance,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self.usual = usual
        self._store, self._audit, self._lookup, self._clock, self._wake = store, audit, lookup, clock, wake

    async def state(self, guild_id: int) -> GuildState:
        """What is decided about a guild."""
        return await self._store.state(guild_id)

    async def member(self, guild_id: int, user_id: int) -> MemberState:
        """What is decided about a member."""
        return (await self._store.states(guild_id=guild_id, user_id=user_id))[2]

    async def change(self, entry: AuditEntry, apply: Callable[[Policy], Policy]) -> PolicyChange:
        """Change a guild's policy by a function of the present one, so that two admins' changes both hold.

        Raises:
            PolicyInvalid: there can be no such policy; nothing has changed.
        """
        try:
            changed = await self._store.change(entry, apply)
        except ValidationError as exc:
            raise refusal(exc) from None
        self._wake()
        return changed

    async def read(self, data: bytes) -> Policy:
        """The policy in a file, checked as a whole: also whether prompts can be searched by its rules.

        Raises:
            PolicyInvalid, RuleInvalid: there can be no such policy.
        """
        policy = read(data)
        for rule in policy.moderation.rules:
            await check_rule(rule)
        return policy

    async def pause(self, entry: AuditEntry, *, paused: bool, reason: str = "") -> bool:
        """Pause a guild (`EVERYWHERE`: the whole bot), or go on; whether that changed anything."""
        changed = await self._store.pause(entry, paused=paused, reason=reason)
        self._wake()
        return changed

    async def set_allowance(self, entry: AuditEntry, *, user_id: int, allowance: Allowance | None) -> None:
        """Give one member an allowance of their own, or with None the one of everybody."""
        await self._store.set_allowance(entry, user_id=user_id, allowance=allowance)
        self._wake()

    async def block(self, entry: AuditEntry, *, user_id: int, until: datetime | None, reason: str = "") -> None:
        """Let a member ask for nothing until then (`FOREVER`: never again); None ends a block."""
        await self._store.block(entry, user_id=user_id, until=until, reason=reason)
        self._wake()

    async def blocked(self, guild_id: int) -> dict[int, MemberState]:
        """The members that are blocked now, by their ids."""
        return await self._store.blocked(guild_id, now=self._clock())

    async def entries(self, guild_id: int, *, most: int) -> list[AuditEntry]:
        """The latest changes, the newest first."""
        return await self._audit.of_guild(guild_id, most=most)

    async def spent(self, guild_id: int, policy: Policy) -> Account:
        """The account of what the guild costs this month, in millionths of a USD."""
        return await self._lookup.account(
            budget(guild_id, policy.budget_usd_micros, now=self._clock(), zone=policy.zone)
        )


class AuditPoster:
    """Tells the guilds' audit channels what has been changed. A chore: at least once each, in their order."""

    def __init__(self, *, store: GuildStore, audit: AuditStore, staff: Staff, clock: Callable[[], datetime]) -> None:
        self._store, self._audit, self._staff, self._clock = store, audit, staff, clock

    async def tell(self) -> None:
        """Tell whatever has not been told; what a busy Discord refuses waits for the next time."""
        waiting: set[int] = set()
        for entry in await self._audit.not_yet_told(most=AT_ONCE):
            if entry.guild_id in waiting:
                continue
            if await self._tell_entry(entry):
                await self._audit.mark_told(entry.id, now=self._clock())
            else:
                waiting.add(entry.guild_id)

    async def _tell_entry(self, entry: AuditEntry) -> bool:
        """Whether an entry is done with: a channel has it, or there is none that could."""
        policy = (await self._store.state(entry.guild_id)).policy
        fallback = policy.moderation.channel_id if entry.action in _PRESSING else None
        channel_id = policy.audit_channel_id or fallback
        if entry.guild_id == EVERYWHERE or channel_id is None:
            return True
        try:
            await self._staff.tell(entry, channel_id=channel_id)
        except DestinationLost as exc:
            log.warning("the audit channel is closed", extra={"guild": entry.guild_id, "reason": str(exc)})
        except DestinationBusy:
            return self._clock() - entry.at > PATIENCE
        return True
