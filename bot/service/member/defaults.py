"""Remembers what people, channels and guilds have chosen once for all, and fills a request with what fits it."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import ValidationError

from bot.domain import Capability, Notify, VideoRequest
from bot.domain.notify import PREFERENCE, parse_notify
from bot.errors import InvalidRequest, StoreError
from bot.store.member.preferences import PreferenceStore, of_channel, of_guild, of_user
from bot.values import dataclass

# The options that have remembered defaults, and the fields of a request that they mean. The model comes first: what
# the others may be depends on it.
DEFAULTS: Final = {
    "model": "model",
    "mode": "mode",
    "aspect": "aspect_ratio",
    "duration": "duration",
    "sound": "sound",
    "watermark": "watermark",
}


class DefaultsLevel(StrEnum):
    """Who chooses, and for whom."""

    MINE = "mine"  # a person for themselves, everywhere
    CHANNEL = "channel"  # an admin for everybody in a channel and its threads
    SERVER = "server"  # an admin for everybody in a guild


@dataclass(frozen=True, kw_only=True, slots=True)
class DefaultsScope:
    """A person and where they are: the scopes whose defaults count. `channel_ids` are the channel and its parents."""

    user_id: int
    channel_ids: tuple[int, ...] = ()
    guild_id: int | None = None

    def scopes(self) -> list[str]:
        """List the scopes of the preferences, those that win first."""
        guild = [] if self.guild_id is None else [of_guild(self.guild_id)]
        channels = [] if self.guild_id is None else [of_channel(channel_id) for channel_id in self.channel_ids]
        return [of_user(self.user_id), *channels, *guild]

    def scope(self, whose: DefaultsLevel) -> str:
        """Find the scope of a choice made here: in a thread, its channel's; outside of guilds, the person's."""
        if whose is DefaultsLevel.MINE or self.guild_id is None:
            return of_user(self.user_id)
        return of_guild(self.guild_id) if whose is DefaultsLevel.SERVER else of_channel(self.channel_ids[-1])


@dataclass(frozen=True, kw_only=True, slots=True)
class FilledRequest:
    """A request with defaults in it; `used` are the options that come from them."""

    request: VideoRequest
    used: tuple[str, ...] = ()


class RememberedDefaults:
    """Remembers and fills in the defaults. Every method may raise `StoreUnavailable`."""

    def __init__(self, *, preferences: PreferenceStore, models: Mapping[str, Capability]) -> None:
        self._preferences, self._models = preferences, models

    async def fill(
        self,
        request: VideoRequest,
        *,
        typed: Collection[str],
        place: DefaultsScope,
        models: Sequence[Capability] | None = None,
    ) -> FilledRequest:
        """Put the defaults into a request for the options that were not typed.

        What the `models` cannot do, as far as they may be used there, is left out too.

        A person's own come before the channel's and those before the guild's. A default that does not go with what
        was typed, or with one that comes before it, is left out.
        """
        layers = await self._preferences.layers(place.scopes())
        known = self._models if models is None else {each.model: each for each in models}
        return fill_defaults(request, typed=typed, layers=layers, models=known)

    async def of(self, whose: DefaultsLevel, place: DefaultsScope) -> dict[str, Any]:
        """Read what somebody has chosen, whatever of it still fits."""
        return await self._preferences.read([place.scope(whose)])

    async def choose(
        self, whose: DefaultsLevel, place: DefaultsScope, changes: Mapping[str, Any], *, now: datetime
    ) -> dict[str, Any]:
        """Remember choices, and forget those that are None; give back everything chosen there."""
        return await self._preferences.change(place.scope(whose), changes, now=now)


def fill_defaults(
    request: VideoRequest,
    *,
    typed: Collection[str],
    layers: Sequence[Mapping[str, Any]],
    models: Mapping[str, Capability],
) -> FilledRequest:
    """See `RememberedDefaults.fill`; the layers that win come first."""
    used: list[str] = []
    for layer in layers:
        for option, field in DEFAULTS.items():
            if option in typed or option in used or layer.get(option) is None:
                continue
            better = _with(request, field, layer[option], models)
            if better is not None:
                request = better
                used.append(option)
    return FilledRequest(request=request, used=tuple(used))


def _with(request: VideoRequest, field: str, value: Any, models: Mapping[str, Capability]) -> VideoRequest | None:
    """Give a request this value; None where that makes it impossible, or more so."""
    try:
        changed = VideoRequest(**{**dict(request), field: value})
    except (ValidationError, InvalidRequest):  # it was kept by an older version, or there are no such videos
        return None
    if changed.model not in models:
        return None
    return changed if set(_clashes(changed, models)) <= set(_clashes(request, models)) else None


def _clashes(request: VideoRequest, models: Mapping[str, Capability]) -> Iterator[str]:
    model = models.get(request.model)
    return (problem.code for problem in model.clashes(request)) if model else iter(["model_unknown"])


log = logging.getLogger(__name__)


class NotifyPreferences:
    """Answers how to tell a person; with the default where the database does not."""

    def __init__(self, preferences: PreferenceStore) -> None:
        self._preferences = preferences

    async def of(self, user_id: int) -> Notify:
        """Read a person's choice."""
        try:
            kept = await self._preferences.read([of_user(user_id)])
        except StoreError as exc:
            log.info("no preference to go by", extra={"detail": str(exc)})
            return Notify.PING
        return parse_notify(kept.get(PREFERENCE))
