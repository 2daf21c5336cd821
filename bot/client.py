"""Loads the cogs and syncs the commands, as discord.py's client; every error of a command ends here."""

import asyncio
import importlib
import logging
import pkgutil
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Any, Final, Protocol, TypeAlias

import discord
from aiohttp import TraceConfig
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.errors import ControlUnknown
from bot.locale import words
from bot.service.services import Services

log = logging.getLogger(__name__)

CLOSING: Final = 2.0  # seconds for Discord to answer that the connection ends; supervisors kill after 10

# What the bot has to be allowed in a channel to post videos there, by discord.py's names; and the same in a thread.
IN_CHANNEL: Final = ("view_channel", "send_messages", "embed_links", "attach_files", "read_message_history")
IN_THREAD: Final = ("view_channel", "send_messages_in_threads", *IN_CHANNEL[2:])

_OWNING: Final = frozenset({discord.TeamMemberRole.admin, discord.TeamMemberRole.developer})

# Gets the interaction and its matched `custom_id`.
Handler: TypeAlias = "Callable[[discord.Interaction[Any], re.Match[str]], Awaitable[None]]"


class Answers(Protocol):
    """Remembers where the private answers of accepted requests are."""

    def keep(self, interaction: discord.Interaction[Any], *, key: str) -> AbstractContextManager[None]:
        """Remember, until the command has answered itself, that a job of this key may come of the interaction."""
        ...

    async def show_early_card(self, key: str) -> None:
        """Show what belongs under a private answer and came before it; `key` is the job's idempotency key."""
        ...


def use_addresses(*, api: str, gateway: str) -> None:
    """Send all of discord.py's traffic to these addresses. They are the library's own class attributes."""
    Route.BASE = api
    DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway)


class _Tree(app_commands.CommandTree["Shotcaller"]):
    async def on_error(
        self, interaction: discord.Interaction["Shotcaller"], error: app_commands.AppCommandError, /
    ) -> None:
        await self.client.explain(interaction, error)


class Shotcaller(discord.Client):
    """The bot as Discord sees it. It needs no privileged intent, and of the others only the guilds.

    `guild_ids` are the guilds to sync the commands to; without them they are synced globally. The `trace` sees every
    answer of Discord.
    """

    services: Services
    answers: Answers

    def __init__(
        self,
        *,
        guild_ids: tuple[int, ...],
        trace: TraceConfig,
        explain: Callable[[discord.Interaction[Any], Exception], Awaitable[None]],
        translator: app_commands.Translator,
    ) -> None:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # this bot has no voice
        intents = discord.Intents.none()
        intents.guilds = True
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            http_trace=trace,
        )
        self.tree = _Tree(
            self,
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False),
        )
        self.explain = explain
        self.presses: dict[re.Pattern[str], Handler] = {}
        self.forms: dict[re.Pattern[str], Handler] = {}
        self._features: set[str] = set()
        self._owner_ids: frozenset[int] = frozenset()
        self._guild_ids, self._translator = guild_ids, translator
        self._registered: dict[int | None, list[app_commands.AppCommand]] = {}
        self.video = app_commands.Group(name="video", description=words()("command.video"))
        self.admin = app_commands.Group(
            name="admin",
            description=words()("command.admin"),
            guild_only=True,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False),
            default_permissions=discord.Permissions(manage_guild=True),
        )

    async def close(self) -> None:
        """End the connection. A Discord that does not answer that is left to find out by itself."""
        try:
            async with asyncio.timeout(CLOSING):
                await super().close()
        except TimeoutError:
            log.warning("Discord did not answer the end of the connection")
            await self.http.close()

    async def setup_hook(self) -> None:
        """Load every cog and tell Discord the commands."""
        await self.tree.set_translator(self._translator)
        for feature in features():
            if feature.__name__ not in self._features:  # or an earlier try to log in had come so far
                feature.setup(self)
                self._features.add(feature.__name__)
        for group in (self.video, self.admin):
            if group.commands and self.tree.get_command(group.name) is None:
                self.tree.add_command(group)
        if not self._guild_ids:
            self._registered[None] = await self.tree.sync()
        for guild_id in self._guild_ids:
            guild = discord.Object(guild_id)
            self.tree.copy_global_to(guild=guild)
            try:
                self._registered[guild_id] = await self.tree.sync(guild=guild)
            except discord.Forbidden:
                log.error("no commands there: is the bot in that guild?", extra={"guild": guild_id})  # noqa: TRY400 (a setting, no bug)

    def command_of(self, name: str, *, guild_id: int | None) -> app_commands.AppCommand | None:
        """Find a command as Discord knows it in a guild."""
        known = self._registered.get(guild_id) or self._registered.get(None, [])
        return next((each for each in known if each.name == name), None)

    async def is_owner(self, user: discord.abc.Snowflake) -> bool:
        """Say whether the bot is this person's: the application's owner or, of a team, an admin or developer of it."""
        if not self._owner_ids:
            application = await self.application_info()
            owners = [application.owner.id]
            if application.team:
                owners = [each.id for each in application.team.members if each.role in _OWNING]
            self._owner_ids = frozenset(owners)
        return user.id in self._owner_ids

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Handle every press, choice and submitted form, also of what was shown before a restart."""
        handlers = {
            discord.InteractionType.component: self.presses,
            discord.InteractionType.modal_submit: self.forms,
        }.get(interaction.type)
        if handlers is None or interaction.data is None:
            return
        custom_id = str(interaction.data.get("custom_id", ""))
        try:
            await _handle(interaction, custom_id, handlers)
        except Exception as exc:  # noqa: BLE001 (whatever it is, the person gets an answer, and the log the rest)
            await self.explain(interaction, exc)

    async def on_connect(self) -> None:
        """Notice which guilds are gone: those in an outage are listed all the same."""
        await self.services.left_guilds.compare([guild.id for guild in self.guilds])

    async def on_ready(self) -> None:
        """Write to the log that the bot is ready, and notice guilds that came meanwhile, told of as available."""
        log.info("connected to Discord", extra={"guilds": len(self.guilds)})
        await self.services.left_guilds.compare([guild.id for guild in self.guilds])

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Note that somebody has added the bot to a guild."""
        await self.services.left_guilds.joined(guild.id)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Note that the bot was removed from a guild. An outage is another event."""
        await self.services.left_guilds.left(guild.id)


async def _handle(
    interaction: discord.Interaction[Any], custom_id: str, handlers: Mapping[re.Pattern[str], Handler]
) -> None:
    for pattern, handler in handlers.items():
        if match := pattern.fullmatch(custom_id):
            await handler(interaction, match)
            return
    raise ControlUnknown(custom_id=custom_id)


def features() -> list[ModuleType]:
    """Import the modules of `cogs` that have a `setup`, with which each adds its commands, buttons and forms."""
    names = [each.name for each in pkgutil.walk_packages(importlib.import_module("cogs").__path__, "cogs.")]
    return [module for module in map(importlib.import_module, sorted(names)) if hasattr(module, "setup")]
