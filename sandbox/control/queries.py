"""Shows what happened: interactions, messages, requests, tasks and their bill, the guild, the sandbox itself."""

from collections import Counter
from collections.abc import Sequence

from sandbox.control.lookup import channel_of
from sandbox.discord import serialize
from sandbox.discord.clock import Clock
from sandbox.discord.people.guild_settings import guild_of
from sandbox.discord.people.option_values import ImpossibleAction
from sandbox.discord.request_log import Record
from sandbox.discord.service import Discord
from sandbox.discord.world import Json
from sandbox.faults import MATCHES, TARGETS
from sandbox.providers import Providers


class Queries:
    """Looks at the world without changing it; each method takes the query and the parts of the path."""

    def __init__(self, *, discord: Discord, clock: Clock, providers: Providers) -> None:
        self._discord = discord
        self._clock = clock
        self._providers = providers

    def interaction(self, asked: Json) -> Json:
        """Say what came of an interaction."""
        found = self._discord.interactions.get(asked["id"])
        if found is None:
            raise ImpossibleAction("there is no such interaction")
        return self._discord.interactions.seen(found)

    def messages(self, asked: Json) -> list[Json]:
        """List a channel's messages, oldest first; `channel=dm&user=ana` for a direct message."""
        channel = channel_of(self._discord.world, asked.get("channel", "general"), asked.get("user"))
        return [serialize.seen_message(self._discord.world, message) for message in channel.messages.values()]

    def requests(self, _asked: Json) -> list[Json]:
        """List every REST request of the bot."""
        return [record.seen() for record in self._discord.requests]

    def limits(self, _asked: Json) -> Json:
        """Count the REST requests and those that were too many: in all, and of each client by its `User-Agent`.

        `invalid` are the answers that Discord counts before it shuts an address out, of the last ten minutes.
        """
        by_agent: dict[str, list[Record]] = {}
        for record in self._discord.requests:
            by_agent.setdefault(record.agent, []).append(record)
        return {
            **_counted(self._discord.requests),
            "invalid": self._discord.limits.invalid(),
            "agents": {agent: _counted(records) for agent, records in by_agent.items()},
        }

    def tasks(self, _asked: Json) -> list[Json]:
        """List every task at the video services."""
        return self._providers.tasks()

    def bill(self, _asked: Json) -> Json:
        """Say what the video services charged."""
        return self._providers.bill()

    def faults(self, _asked: Json) -> Json:
        """List the faults that wait to strike, and which kinds there are at each target."""
        waiting = self._discord.faults.waiting
        return {
            "waiting": [{"target": f.target, "kind": f.kind, "count": f.count, "after": f.after} for f in waiting],
            "kinds": {target: list(MATCHES["discord" if target == "discord" else "provider"]) for target in TARGETS},
        }

    def commands(self, _asked: Json) -> Json:
        """List the commands that the bot has registered, globally and in each guild."""
        registry, guilds = self._discord.registry, self._discord.world.guilds
        return {"global": registry.of(None), "guilds": {place: registry.of(place) for place in guilds}}

    def guild(self, asked: Json) -> Json:
        """List a guild's members with the names of their roles, its roles, and its channels; `guild` names it."""
        world = self._discord.world
        guild = guild_of(world, asked.get("guild"))
        named = [(world.users[member.user_id], member.roles) for member in guild.members.values()]
        return {
            "id": guild.id,
            "members": [
                {"id": user.id, "name": user.username, "roles": [guild.roles[role].name for role in roles]}
                for user, roles in named
            ],
            "roles": [serialize.role(role) for role in guild.roles.values()],
            "channels": [serialize.channel(world, c) for c in (*world.channels_of(guild), *world.threads_of(guild))],
        }

    def state(self, _asked: Json) -> Json:
        """Say how the sandbox is: its gateway sessions, its clock, and what is wrong with its own answers."""
        gateway = self._discord.gateway
        return {
            "connected": gateway.connected,
            "sessions": len(gateway.sessions),
            "shards": sorted(list(session.shard) for session in gateway.sessions.values() if session.socket),
            "intents": gateway.last_intents,
            "now": self._clock.now(),
            "watchers": self._discord.events.watchers,
            "problems": self._discord.own_problems,
        }


def _counted(records: Sequence[Record]) -> Json:
    """Count requests, and of them by scope those that were answered with 429."""
    limited = Counter(record.limited for record in records if record.limited is not None)
    return {
        "requests": len(records),
        "limited": dict(limited),
        "share": round(limited.total() / max(len(records), 1), 4),
    }
