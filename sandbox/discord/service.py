"""Holds the whole Discord of one sandbox: the world and everything that acts on it."""

from pathlib import Path

from sandbox.discord import serialize
from sandbox.discord.cdn import Cdn
from sandbox.discord.clock import Clock
from sandbox.discord.command_registry import Registry
from sandbox.discord.gateway import Gateway
from sandbox.discord.initial_world import new_world
from sandbox.discord.interactions import FIRST_ANSWER_SECONDS, Interactions
from sandbox.discord.messages import Messages
from sandbox.discord.opcodes import Intent
from sandbox.discord.openapi import Document
from sandbox.discord.ratelimit import RateLimits
from sandbox.discord.request_log import Record
from sandbox.discord.session_starts import BUCKET_SECONDS, SessionStarts
from sandbox.discord.world import Channel
from sandbox.events import Events
from sandbox.faults import Faults


class Discord:
    """Holds a Discord on loopback; `sandbox/discord/routes.py` says which address is served by what.

    `folder` holds uploaded files and must exist. `document` is Discord's OpenAPI document to check against.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        faults: Faults,
        folder: Path,
        document: Document | None = None,
        events: Events | None = None,
        heartbeat_seconds: float = 41.25,
        identify_seconds: float = BUCKET_SECONDS,
        first_answer_seconds: float = FIRST_ANSWER_SECONDS,
    ) -> None:
        self.world = new_world(clock)
        self.faults = faults
        self.document = document
        self.events = events = events or Events()
        self.cdn = Cdn(folder=folder, new_id=self.world.new_id)
        starts = SessionStarts(clock=clock, bucket_seconds=identify_seconds)
        self.gateway = Gateway(
            world=self.world, faults=faults, starts=starts, events=events, heartbeat_seconds=heartbeat_seconds
        )
        self.messages = Messages(world=self.world, gateway=self.gateway, cdn=self.cdn, events=events)
        self.interactions = Interactions(self.world, first_answer_seconds=first_answer_seconds)
        self.registry = Registry(self.world, events)
        self.limits = RateLimits(clock)
        self.requests: list[Record] = []
        self.own_problems: list[str] = []

    def set_public_url(self, public_url: str) -> None:
        """Take over the address under which the application is served, for example `http://127.0.0.1:40123`."""
        self.gateway.url = public_url.replace("http", "ws", 1) + "/gateway"
        self.cdn.base = f"{public_url}/cdn"

    def tell_channel(self, event: str, channel: Channel) -> None:
        """Tell the bot what became of a channel or a thread."""
        shape = serialize.channel(self.world, channel)
        self.gateway.dispatch(event, shape, guild_id=channel.guild_id, intent=Intent.GUILDS)
        self.events.tell("world")

    def delete_channel(self, channel: Channel) -> None:
        """Take a channel away, with its threads; a category leaves its channels behind."""
        for inner in [c for c in self.world.channels.values() if c.parent_id == channel.id]:
            if inner.is_thread:
                del self.world.channels[inner.id]
            else:
                inner.parent_id = None
                self.tell_channel("CHANNEL_UPDATE", inner)
        del self.world.channels[channel.id]
        self.tell_channel("THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE", channel)

    async def close(self) -> None:
        """End every gateway connection."""
        await self.gateway.close()
