"""Holds one request of the bot on its way through the API, and what a route is."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.discord.errors import Problem, Refused
from sandbox.discord.permissions import Permission, permissions_of
from sandbox.discord.service import Discord
from sandbox.discord.uploads import Upload
from sandbox.discord.world import Channel, Json, World


@dataclass(slots=True, kw_only=True)
class Call:
    """Holds what a handler gets: the service, the path's parts, the query, the body and its files.

    `locale` is the language in which the client asks to be answered.
    """

    discord: Discord
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any = None
    uploads: list[Upload] = field(default_factory=list)
    locale: str = ""

    @property
    def world(self) -> World:
        """What exists."""
        return self.discord.world

    @property
    def form(self) -> Json:
        """The body as an object; an empty one when there is none."""
        return self.body if isinstance(self.body, dict) else {}

    @property
    def sent(self) -> Any:
        """The body as it came, for checks; an empty object when there is none."""
        return {} if self.body is None else self.body

    def flag(self, name: str) -> bool:
        """Tell whether a query parameter says yes."""
        return self.query.get(name, "").lower() in ("1", "true")

    def channel(self, *needed: Permission) -> Channel:
        """Find the channel of the path, in which the bot has these permissions.

        Raises:
            Refused: 10003 unknown, 50001 not to be seen, 50013 a permission is missing.
        """
        channel = self.world.channel(self.path["channel_id"])
        self.require(channel, *needed)
        return channel

    def require(self, channel: Channel, *needed: Permission) -> None:
        """Check that the bot may see the channel and has these permissions in it.

        Raises:
            Refused: 50001 or 50013.
        """
        granted = permissions_of(self.world, self.world.bot.id, channel)
        if not granted & Permission.VIEW_CHANNEL:
            raise Refused(50001)
        if any(not granted & permission for permission in needed):
            raise Refused(50013)


Reply = tuple[int, Any]
Handler = Callable[[Call], Awaitable[Reply]]
Check = Callable[[Call], list[Problem]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Describes one operation: its handler, the by-hand rules for its requests, and the faults that strike it.

    `forms` is whether Discord's document lists forms among its bodies, besides JSON.
    """

    method: str
    path: str
    handler: Handler
    check: Check | None = None
    calls: tuple[str, ...] = ()
    forms: bool = False

    @property
    def by_token(self) -> bool:
        """Whether the token in the path is all the authority it needs."""
        return self.path.startswith(("/interactions/", "/webhooks/{webhook_id}/{webhook_token}"))


NO_CONTENT: Reply = (204, None)
