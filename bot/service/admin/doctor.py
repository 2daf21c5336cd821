"""Tells admins whether the video services and the database answer."""

import asyncio
from collections.abc import Mapping
from enum import StrEnum

from bot.domain import GuildState
from bot.errors import OperatorFault, ProviderError, StoreError
from bot.service.jobs.provider_health import ProviderHealth
from bot.store.community.guilds import GuildStore


class ProviderState(StrEnum):
    """Says whether a video service answers."""

    GOOD = "good"  # it answers and takes our key
    BUSY = "busy"  # it takes nothing just now
    KEY = "key"  # it does not take our key, or the account is empty
    DOWN = "down"  # it does not answer


class Doctor:
    """Asks the video services and the database. What they answered lately is not asked again.

    `operator_channel_id` is where the operator is told of what only they can mend, if anywhere.
    """

    def __init__(
        self, *, health: Mapping[str, ProviderHealth], guilds: GuildStore, operator_channel_id: int | None
    ) -> None:
        self._health, self._guilds, self.operator_channel_id = health, guilds, operator_channel_id

    async def providers(self) -> dict[str, ProviderState]:
        """Ask every configured video service."""
        found = await asyncio.gather(*map(_state_of, self._health.values()))
        return dict(zip(self._health, found, strict=True))

    async def states(self, guild_id: int) -> tuple[GuildState, GuildState] | None:
        """Read what is decided about the whole bot and about a guild; None where the database does not answer."""
        try:
            everywhere, guild, _ = await self._guilds.states(guild_id=guild_id, user_id=0)
        except StoreError:
            return None
        return everywhere, guild


async def _state_of(health: ProviderHealth) -> ProviderState:
    try:
        if await health.rests_until() is not None:
            return ProviderState.BUSY
    except StoreError:
        pass  # whether it rests is not known then, and it can be asked all the same
    try:
        await health.ensure()
    except OperatorFault:
        return ProviderState.KEY
    except ProviderError:
        return ProviderState.DOWN
    return ProviderState.GOOD
