"""Holds the whole Discord of one sandbox: the world and everything that acts on it."""

from pathlib import Path

from sandbox.discord.cdn import Cdn
from sandbox.discord.clock import Clock
from sandbox.discord.command_registry import Registry
from sandbox.discord.gateway import Gateway
from sandbox.discord.initial_world import new_world
from sandbox.discord.interactions import Interactions
from sandbox.discord.messages import Messages
from sandbox.discord.openapi import Document
from sandbox.discord.ratelimit import RateLimits
from sandbox.discord.request_log import Record
from sandbox.discord.session_starts import BUCKET_SECONDS, SessionStarts
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
        self.interactions = Interactions(self.world)
        self.registry = Registry(self.world, events)
        self.limits = RateLimits(clock)
        self.requests: list[Record] = []
        self.own_problems: list[str] = []

    def set_public_url(self, public_url: str) -> None:
        """Take over the address under which the application is served, for example `http://127.0.0.1:40123`."""
        self.gateway.url = public_url.replace("http", "ws", 1) + "/gateway"
        self.cdn.base = f"{public_url}/cdn"

    async def close(self) -> None:
        """End every gateway connection."""
        await self.gateway.close()
