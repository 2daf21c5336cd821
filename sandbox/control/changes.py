"""Changes the world: its people, roles and channels, permissions, settings, the clock, and trouble."""

from collections.abc import Callable
from typing import TypeVar

from sandbox.control.lookup import channel_of, user_of
from sandbox.discord.clock import Clock
from sandbox.discord.people import channel_changes, command_permissions, guild_settings, membership
from sandbox.discord.people.option_values import ImpossibleAction
from sandbox.discord.service import Discord
from sandbox.discord.world import Json
from sandbox.providers import Providers

T = TypeVar("T")


class WorldChanges:
    """Does what an administrator, time and bad luck do to the world; each method takes the JSON that was sent."""

    def __init__(self, *, discord: Discord, clock: Clock, providers: Providers) -> None:
        self._discord = discord
        self._clock = clock
        self._providers = providers

    async def people(self, body: Json) -> Json:
        """Let `count` people join, or those of `names`, with `roles` and a `locale`; or let some `leave`.

        Gives `users`: the ids of who joined or left, by name.
        """
        world = self._discord.world
        if "leave" in body:
            gone = [user_of(world, name) for name in membership.texts(body, "leave")]
            return {"users": membership.leave(self._discord, gone)}
        return {"users": membership.join(self._discord, body)}

    async def guilds(self, body: Json) -> Json:
        """Found one more guild, `name`, with `channels`; gives its `id` and theirs by name.

        Everybody is in it, and the bot. Its events go to `shard`: its number, and of how many.
        """
        guild = guild_settings.found(self._discord, body)
        channels = self._discord.world.channels_of(guild)
        return {"id": guild.id, "channels": {channel.name: channel.id for channel in channels}}

    async def gateway(self, body: Json) -> Json:
        """Change how many `shards` Discord recommends, its `max_concurrency`, and how many `sessions` it allows a day.

        Gives the `session_start_limit` then.
        """
        starts = self._discord.gateway.starts
        if any(not isinstance(value, int) or value < 1 for value in body.values()):
            raise ImpossibleAction("they are whole numbers from 1")
        starts.shards = body.get("shards", starts.shards)
        starts.max_concurrency = body.get("max_concurrency", starts.max_concurrency)
        starts.total = body.get("sessions", starts.total)
        return {"session_start_limit": starts.limit()}

    async def roles(self, body: Json) -> Json:
        """Create the role `name`, or change it where it exists, or `delete` it; gives its `id`.

        `permissions` are names, `position` is from 1, `rename` is a new name, `members` are given the role besides.
        """
        members = [user_of(self._discord.world, name) for name in membership.texts(body, "members")]
        return {"id": membership.set_role(self._discord, body, members)}

    async def channels(self, body: Json) -> Json:
        """Create the channel `name`, or change it where it exists, or `delete` it; gives its `id`.

        `type` is `text` or `category`, `category` the one it lies in (null: in none); `rename`, `topic`, `nsfw`.
        A `group` is opened by its `people`, the first of whom owns it, and never has the bot in it.
        """
        if body.get("type") == "group":
            people = [user_of(self._discord.world, name) for name in membership.texts(body, "people")]
            return {"id": channel_changes.open_group(self._discord, body, people)}
        return {"id": channel_changes.save_channel(self._discord, body)}

    async def permissions(self, body: Json) -> Json:
        """Change what the bot (or `user`, or a `role`) may do in a channel: `deny` and `allow` name permissions."""
        world = self._discord.world
        if "role" in body:
            channel = channel_of(world, body.get("channel"), None)
            return {
                "permissions": str(guild_settings.set_role_permissions(self._discord, channel, str(body["role"]), body))
            }
        user = user_of(world, body["user"]) if "user" in body else world.bot
        channel = channel_of(world, body.get("channel"), user.id)
        return {"permissions": str(guild_settings.set_permissions(self._discord, channel, user, body))}

    async def command_permissions(self, body: Json) -> Json:
        """Decide, as under Integrations, who may use the `command` (else all of them) and where.

        `allow` and `deny` are objects of lists `roles`, `users` and `channels`; together they replace what was set.
        """
        return {"permissions": command_permissions.set_command_permissions(self._discord, body)}

    async def settings(self, body: Json) -> Json:
        """Change settings of the guild, of a person, of a channel or of the video services.

        `premium_tier`, `bot_present` and `guild_available` are the guild's, the last two of the one that `guild`
        names, else of the first, and the audit log has `by` whom the bot was invited;
        `dms_open` and `roles` are those of `user`,
        and so is `has_app`: whether they have installed the bot for themselves;
        `locale` is the user's where one is named, else the guild's; `archived`, `locked` and `delete` are those of
        `channel`; `sensitive_words` are what the scans of `kirin` find, as word to kind of risk;
        `discontinued` are the models that `kling` has given up; `withheld` its questions about many tasks (`list`,
        `tasks`) that are not answered; `packs` what its account has bought.
        """
        discord, world = self._discord, self._discord.world
        if "premium_tier" in body:
            guild_settings.set_tier(discord, body["premium_tier"])
        if "bot_present" in body:
            guild = guild_settings.guild_of(world, body.get("guild"))
            by = user_of(world, body.get("by", guild.owner_id))
            guild_settings.set_membership(discord, guild, present=bool(body["bot_present"]), by=by)
        if "guild_available" in body:
            guild = guild_settings.guild_of(world, body.get("guild"))
            guild_settings.set_available(discord, guild, available=bool(body["guild_available"]))
        if "locale" in body:
            who = user_of(world, body["user"]) if "user" in body else None
            guild_settings.set_locale(discord, str(body["locale"]), who)
        if "roles" in body:
            membership.set_roles(discord, user_of(world, body.get("user")), membership.texts(body, "roles"))
        if "dms_open" in body:
            user_of(world, body.get("user")).dms_open = bool(body["dms_open"])
        if "has_app" in body:
            user_of(world, body.get("user")).has_app = bool(body["has_app"])
        if "channel" in body:
            channel_changes.set_channel(discord, channel_of(world, body["channel"], None), body)
        self._set_services(body)
        return {}

    def _set_services(self, body: Json) -> None:
        """Change what the video services do."""
        if "sensitive_words" in body:
            if not isinstance(body["sensitive_words"], dict):
                raise ImpossibleAction("sensitive_words is an object of word to kind of risk")
            _attempt(self._providers.find_words, body["sensitive_words"])
        if "discontinued" in body:
            _attempt(self._providers.discontinue, membership.texts(body, "discontinued"))
        if "packs" in body:
            _attempt(self._providers.stock, body["packs"] if isinstance(body["packs"], list) else [None])
        if "withheld" in body:
            _attempt(self._providers.withhold, membership.texts(body, "withheld"))

    async def advance(self, body: Json) -> Json:
        """Put Discord's clock forward by `advance` seconds."""
        seconds = body.get("advance", 0)
        if not isinstance(seconds, int | float) or seconds < 0:
            raise ImpossibleAction("time goes forward, in seconds")
        self._clock.advance(seconds)
        return {"now": self._clock.now()}

    async def faults(self, body: Json) -> Json:
        """Let the next calls of a kind go wrong, or no more of them."""
        fault = self._discord.faults.add(body)
        if fault is not None and fault.kind == "gateway_drop":
            await self._discord.gateway.drop()
        return {"ordered": fault is not None}


def _attempt(change: Callable[[T], None], value: T) -> None:
    """Change the video services.

    Raises:
        ImpossibleAction: they know nothing of the kind.
    """
    try:
        change(value)
    except ValueError as exc:
        raise ImpossibleAction(str(exc)) from exc
