"""Loads the cogs and syncs the commands, as discord.py's client; every error of a command ends here."""

import asyncio
import importlib
import json
import logging
import pkgutil
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from hashlib import sha256
from types import ModuleType
from typing import Any, Final, Protocol, TypeAlias

import aiohttp
import discord
from aiohttp import TraceConfig
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.elsewhere import note_place
from bot.errors import ControlUnknown, Refused, ShotcallerError
from bot.introduction import welcome_channels
from bot.locale import words
from bot.log import log_about
from bot.service.measures import Measures
from bot.service.services import Services
from bot.service.upkeep.gateway import SessionLimit

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

    def keep(self, interaction: discord.Interaction[Any], *, key: str) -> AbstractAsyncContextManager[None]:
        """Remember, until the command has answered itself, that a job of this key may come of the interaction."""
        ...

    def offers(self, key: str) -> None:
        """Note that the answer has a button that takes its job back, for as long as that can be."""
        ...

    async def show_early_card(self, key: str) -> None:
        """Show what belongs under a private answer and came before it; `key` is the job's idempotency key."""
        ...


def use_addresses(*, api: str, gateway: str) -> None:
    """Send all of discord.py's traffic to these addresses. They are the library's own class attributes."""
    Route.BASE = api
    DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway)


class _Tree(app_commands.CommandTree["Shotcaller"]):
    async def interaction_check(self, interaction: discord.Interaction["Shotcaller"], /) -> bool:
        """Let everything pass; from here on the log tells what it is about."""
        log_about(interaction=str(interaction.id))
        note_place(interaction)
        return True

    async def on_error(
        self, interaction: discord.Interaction["Shotcaller"], error: app_commands.AppCommandError, /
    ) -> None:
        command = interaction.command
        self.client.note_end("unknown" if command is None else command.qualified_name, error)
        await self.client.explain(interaction, error)


class Shotcaller(discord.Client):
    """The bot as Discord sees it. It needs no privileged intent, and of the others only the guilds.

    `guild_ids` are the guilds to sync the commands to; without them they are synced globally. `translate` puts into
    commands, as `to_dict` has them, their texts in other languages. The `trace` sees every answer of Discord. Without
    the `gateway` it only posts: nobody can ask it for anything. With `user_install` people may use it where it is not.
    The `measures` hear how everything ends that people ask for, and `arrived` of the id of each interaction. `options`
    are discord.py's.
    """

    services: Services
    answers: Answers

    def __init__(
        self,
        *,
        guild_ids: tuple[int, ...],
        trace: TraceConfig,
        explain: Callable[[discord.Interaction[Any], Exception], Awaitable[None]],
        translate: Callable[[Iterable[Mapping[str, Any]]], list[dict[str, Any]]],
        gateway: bool = True,
        user_install: bool = False,
        measures: Measures | None = None,
        arrived: Callable[[int], None] = lambda _: None,
        **options: Any,
    ) -> None:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # this bot has no voice
        intents = discord.Intents.none()
        intents.guilds = True
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            http_trace=trace,
            **options,
        )
        self.tree = _Tree(
            self,
            allowed_installs=app_commands.AppInstallationType(guild=True, user=user_install),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=user_install),
        )
        self.explain = explain
        self.presses: dict[re.Pattern[str], Handler] = {}
        self.forms: dict[re.Pattern[str], Handler] = {}
        self._features: set[str] = set()
        self._owner_ids: frozenset[int] = frozenset()
        self._guild_ids, self._translate, self._gateway = guild_ids, translate, gateway
        self._measures, self._arrived = measures or Measures(), arrived
        self._cut_off = set[int | None]()  # shards whose connection has ended; None where they have no numbers
        self._registered: dict[int | None, list[app_commands.AppCommand]] = {}
        self.video = app_commands.Group(name="video", description=words()("command.video"))
        self.admin = app_commands.Group(
            name="admin",
            description=words()("command.admin"),
            guild_only=True,
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
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
        if not self._gateway:
            return
        for feature in features():
            if feature.__name__ not in self._features:  # or an earlier try to log in had come so far
                feature.setup(self)
                self._features.add(feature.__name__)
        for group in (self.video, self.admin):
            if group.commands and self.tree.get_command(group.name) is None:
                self.tree.add_command(group)
        if not self._guild_ids:
            self._registered[None] = await self._synced(None)
        for guild_id in self._guild_ids:
            guild = discord.Object(guild_id)
            self.tree.copy_global_to(guild=guild)
            try:
                self._registered[guild_id] = await self._synced(guild)
            except discord.Forbidden:
                log.error("no commands there: is the bot in that guild?", extra={"guild": guild_id})  # noqa: TRY400 (a setting, no bug)

    async def _synced(self, guild: discord.Object | None) -> list[app_commands.AppCommand]:
        """Send Discord the commands of a guild, or of all, where it has not got these yet; give back what it has.

        One process sends them, when they have changed, or when some of them are gone.
        """
        guild_id, gateways = 0 if guild is None else guild.id, self.services.gateways
        commands = self.tree.get_commands(guild=guild)
        wanted = self._translate(each.to_dict(self.tree) for each in commands)
        digest = sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()
        if not await gateways.must_send_commands(guild_id, digest):
            there = await self._fetch_commands(guild_id)
            if {(each["name"], each["type"]) for each in there} == {(each["name"], each["type"]) for each in wanted}:
                return self._slim(there)
            await gateways.must_send_commands(guild_id, digest, again=True)
        async with gateways.sending_commands(guild_id, digest):
            return await self._send_commands(guild_id, wanted)

    async def _send_commands(self, guild_id: int, wanted: list[dict[str, Any]]) -> list[app_commands.AppCommand]:
        """Send commands for a guild, or 0 for all; `tree.sync` would have each text translated once more."""
        application_id, http = self.application_id or 0, self.http
        if guild_id:
            return self._slim(await http.bulk_upsert_guild_commands(application_id, guild_id, payload=wanted))
        return self._slim(await http.bulk_upsert_global_commands(application_id, payload=wanted))

    async def _fetch_commands(self, guild_id: int) -> Sequence[Mapping[str, Any]]:
        """Ask which commands Discord has for a guild, or with 0 for all; translated they would be a megabyte more."""
        application_id, http = self.application_id or 0, self.http
        if guild_id:
            return await http.get_guild_commands(application_id, guild_id)
        return await http.get_global_commands(application_id)

    def _slim(self, commands: Iterable[Mapping[str, Any]]) -> list[app_commands.AppCommand]:
        """Keep of commands what finds them: their options and texts, in every language, would take over a megabyte."""
        left_out: dict[str, Any] = {
            "options": [],
            "description": "",
            "name_localizations": None,
            "description_localizations": None,
        }
        slim: list[Any] = [{**each, **left_out} for each in commands]
        return [app_commands.AppCommand(data=each, state=self._connection) for each in slim]

    async def connect(self, *, reconnect: bool = True) -> None:
        """Hold the gateway's connection, once so many sessions may begin."""
        while not await self._may_begin_sessions():
            pass
        await super().connect(reconnect=reconnect)

    async def _may_begin_sessions(self) -> bool:
        try:
            recommended, _, limit = await self.http.get_bot_gateway()
        except (discord.GatewayNotFound, aiohttp.ClientError, OSError, TimeoutError):
            return True  # what is wrong is found out by connecting
        if recommended > (self.shard_count or 1):
            log.warning("Discord recommends more shards", extra={"shards": recommended})
        session_limit = SessionLimit(
            total=limit["total"],
            remaining=limit["remaining"],
            resets_in=timedelta(milliseconds=limit["reset_after"]),
            max_concurrency=limit["max_concurrency"],
        )
        return await self.services.gateways.heed(session_limit, shards=len(self.own_shards))

    @property
    def own_shards(self) -> Sequence[int]:
        """The numbers of the shards that this process has."""
        return (0,)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait for a shard's turn to begin a session."""
        del initial
        await self.services.gateways.begin_session(shard_id or 0)

    def command_of(self, name: str, *, guild_id: int | None) -> app_commands.AppCommand | None:
        """Find a command as Discord knows it in a guild."""
        known = self._registered.get(guild_id) or self._registered.get(None, [])
        return next((each for each in known if each.name == name), None)

    async def is_owner(self, user: discord.abc.Snowflake) -> bool:
        """Say whether the bot is this person's: the application's owner or, of a team, an admin or developer of it."""
        if not self._owner_ids:
            self._owner_ids = owners_of(await self.application_info())
        return user.id in self._owner_ids

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Handle every press, choice and submitted form, also of what was shown before a restart."""
        handlers = {
            discord.InteractionType.component: self.presses,
            discord.InteractionType.modal_submit: self.forms,
        }.get(interaction.type)
        if handlers is None or interaction.data is None:
            return
        log_about(interaction=str(interaction.id))
        note_place(interaction)
        custom_id = str(interaction.data.get("custom_id", ""))
        error: Exception | None = None
        try:
            await _handle(interaction, custom_id, handlers)
        except Exception as exc:  # noqa: BLE001 (whatever it is, the person gets an answer, and the log the rest)
            error = exc
        self.note_end(_name_of(custom_id, handlers), error)
        if error is not None:
            await self.explain(interaction, error)

    async def on_app_command_completion(
        self, _: discord.Interaction[Any], command: app_commands.Command[Any, ..., Any] | app_commands.ContextMenu
    ) -> None:
        """Note that a command has ended well."""
        self.note_end(command.qualified_name, None)

    def note_end(self, name: str, error: Exception | None) -> None:
        """Note how a command, button or form of that name has ended."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        match cause:
            case None:
                outcome = "done"
            case Refused():
                outcome = "refused"
            case ShotcallerError() | app_commands.AppCommandError():
                outcome = "turned_away"
            case _:
                outcome = "failed"
        self._measures.command_ended(name, outcome=outcome)

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Note an event, before anything is done about it."""
        self.note_event(event, *args)
        super().dispatch(event, *args, **kwargs)

    def note_event(self, event: str, *args: Any) -> None:
        """Note the moment that an interaction arrives, and that a connection ends or is there again."""
        if event == "interaction" and args[0].type is not discord.InteractionType.autocomplete:
            self._arrived(args[0].id)
        what, shard = event.removeprefix("shard_"), args[0] if event.startswith("shard_") else None
        if what == "disconnect":
            self._cut_off.add(shard)
        elif what in {"connect", "resumed"}:
            self._cut_off.discard(shard)

    @property
    def in_touch(self) -> bool:
        """Whether every shard is connected, and knows its guilds."""
        return self.is_ready() and not self._cut_off

    @property
    def shard_latencies(self) -> Mapping[int, float]:
        """The seconds that the gateway of each shard takes to answer; not a number where it has not yet."""
        return {0: self.latency}

    async def on_connect(self) -> None:
        """Notice which guilds are gone: those in an outage are listed all the same."""
        await self.services.left_guilds.compare([guild.id for guild in self.guilds], told=False)

    async def on_ready(self) -> None:
        """Write to the log that the bot is ready, and notice guilds that came meanwhile, told of as available."""
        log.info("connected to Discord", extra={"guilds": len(self.guilds)})
        where = welcome_channels(self.guilds, now=self.services.now())
        await self.services.left_guilds.compare([guild.id for guild in self.guilds], welcome_in=where)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Note that somebody has added the bot to a guild."""
        where = welcome_channels([guild], now=self.services.now())
        await self.services.left_guilds.joined(guild.id, welcome_in=where.get(guild.id))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Note that the bot was removed from a guild. An outage is another event."""
        await self.services.left_guilds.left(guild.id)


def _name_of(custom_id: str, handlers: Mapping[re.Pattern[str], Handler]) -> str:
    """Name a button or form by what all its custom ids begin with; "unknown" where nobody handles it."""
    found = next((each.pattern for each in handlers if each.fullmatch(custom_id)), "unknown")
    return re.split(r"[(\[]", found, maxsplit=1)[0].replace("\\", "").rstrip(":")


async def _handle(
    interaction: discord.Interaction[Any], custom_id: str, handlers: Mapping[re.Pattern[str], Handler]
) -> None:
    for pattern, handler in handlers.items():
        if match := pattern.fullmatch(custom_id):
            await handler(interaction, match)
            return
    raise ControlUnknown(custom_id=custom_id)


def owners_of(application: discord.AppInfo) -> frozenset[int]:
    """List whose an application is: its owner or, of a team, its admins and developers."""
    if application.team is None:
        return frozenset({application.owner.id})
    return frozenset(each.id for each in application.team.members if each.role in _OWNING)


def features() -> list[ModuleType]:
    """Import the modules of `cogs` that have a `setup`, with which each adds its commands, buttons and forms."""
    names = [each.name for each in pkgutil.walk_packages(importlib.import_module("cogs").__path__, "cogs.")]
    return [module for module in map(importlib.import_module, sorted(names)) if hasattr(module, "setup")]
