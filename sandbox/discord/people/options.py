"""Reads what a person types into a command, checked and completed as their Discord client does."""

import asyncio
import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.discord import serialize
from sandbox.discord.people.option_values import ImpossibleAction, called, value_of
from sandbox.discord.permissions import Permission, permissions_of
from sandbox.discord.service import Discord
from sandbox.discord.uploads import Upload
from sandbox.discord.world import Channel, Guild, Json, User

USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(6, 12)


@dataclass(slots=True, kw_only=True)
class Resolver:
    """Looks up what a person's input refers to, in their channel and language, and collects it for the interaction."""

    discord: Discord
    user: User
    channel: Channel
    locale: str = ""
    resolved: dict[str, Json] = field(default_factory=dict)

    @property
    def guild(self) -> Guild | None:
        """The guild in which the person types."""
        return self.discord.world.guilds.get(self.channel.guild_id or "")

    def note(self, kind: str, key: str, shape: Json) -> None:
        """Remember an object for the interaction's `resolved`."""
        self.resolved.setdefault(kind, {})[key] = shape

    def find_user(self, given: Any) -> str:
        """Find a user by id or name, and put them among the resolved."""
        world = self.discord.world
        user = next((u for u in world.users.values() if str(given) in (u.id, u.username)), None)
        if user is None:
            raise ImpossibleAction(f"there is no user {given!r}")
        self.note("users", user.id, serialize.user(user))
        if (guild := self.guild) is not None and user.id in guild.members:
            member = guild.members[user.id]
            shape = serialize.member(world, member, with_user=False)
            hidden = {key: value for key, value in shape.items() if key not in ("deaf", "mute")}
            granted = permissions_of(world, user.id, self.channel)
            self.note("members", user.id, {**hidden, "permissions": str(granted)})
        return user.id

    def find_role(self, given: Any) -> str:
        """Find a role of the guild by id or name, and put it among the resolved."""
        roles = self.guild.roles.values() if self.guild else ()
        role = next((r for r in roles if str(given) in (r.id, r.name)), None)
        if role is None:
            raise ImpossibleAction(f"there is no role {given!r} here")
        self.note("roles", role.id, serialize.role(role))
        return role.id

    def find_channel(self, given: Any, types: Any) -> str:
        """Find a channel by id or name, of one of these types, and put it among the resolved."""
        world = self.discord.world
        here = [c for c in world.channels.values() if c.guild_id == self.channel.guild_id]
        channel = next((c for c in here if str(given) in (c.id, c.name)), None)
        granted = 0 if channel is None else permissions_of(world, self.user.id, channel)
        if channel is None or not granted & Permission.VIEW_CHANNEL or (types and channel.type not in types):
            raise ImpossibleAction(f"there is no such channel {given!r} to choose")
        shape = serialize.channel(world, channel)
        shown: Json = {key: value for key, value in shape.items() if key != "permission_overwrites"}
        self.note("channels", channel.id, {**shown, "permissions": str(granted)})
        return channel.id

    def find_mentionable(self, given: Any) -> str:
        """Find a user or a role."""
        try:
            return self.find_user(given)
        except ImpossibleAction:
            return self.find_role(given)

    async def attach(self, given: Any) -> str:
        """Upload a file, given as `{"filename", "content"}` (text) or with `base64`, and put it among the resolved."""
        if not isinstance(given, dict) or not given.get("filename"):
            raise ImpossibleAction('a file is given as {"filename": …, "content": …}, or with "base64"')
        try:
            content = str(given["content"]).encode() if "content" in given else _decoded(given.get("base64"))
        except ValueError as exc:
            raise ImpossibleAction("the file is not base64, or no text") from exc
        if len(content) > self.discord.world.file_limit(self.channel):
            raise ImpossibleAction("the file is too large to upload here")
        cdn = self.discord.cdn
        path = cdn.folder / secrets.token_hex(16)
        await asyncio.to_thread(path.write_bytes, content)
        upload = Upload(index=0, filename=str(given["filename"]), size=len(content), path=path)
        shape = await cdn.keep(upload, channel_id=self.channel.id, private=True)
        self.note("attachments", shape["id"], shape)
        return str(shape["id"])

    def _own_names(self, options: list[Json], given: Mapping[str, Any]) -> dict[str, Any]:
        """Give what was typed under the options' own names, where it was under those of the person's language."""
        own = {name: o["name"] for name in given for o in options if called(o, name, self.locale)}
        return {own.get(name, name): value for name, value in given.items()}

    async def fill(self, options: list[Json], given: Mapping[str, Any], *, focused: str | None) -> list[Json]:
        """Fill in an interaction's options; while one is being typed (`focused`) the others may still be missing.

        Raises:
            ImpossibleAction: an unknown option, a missing or a wrong value.
        """
        known, given = {option["name"]: option for option in options}, self._own_names(options, given)
        if focused is not None:
            (focused,) = self._own_names(options, {focused: None})
        if unknown := sorted(set(given) - set(known)):
            raise ImpossibleAction(f"the command has no option {unknown[0]!r}; it has {sorted(known)}")
        if focused is not None and not known.get(focused, {}).get("autocomplete"):
            raise ImpossibleAction(f"the option {focused!r} has no autocompletion")
        filled = []
        for name, option in known.items():
            value = given.get(name)
            if name == focused:
                text = "" if value is None else value if option["type"] == NUMBER else str(value)
                filled.append({"name": name, "type": option["type"], "value": text, "focused": True})
            elif value is not None:
                value = await self._value(option, value)
                filled.append({"name": name, "type": option["type"], "value": value})
            elif option.get("required") and focused is None:
                raise ImpossibleAction(f"the option {name!r} is required")
        return filled

    async def _value(self, option: Json, value: Any) -> Any:
        kind = option["type"]
        named = {USER: self.find_user, ROLE: self.find_role, MENTIONABLE: self.find_mentionable}
        if find := named.get(kind):
            return find(value)
        if kind == CHANNEL:
            return self.find_channel(value, option.get("channel_types"))
        if kind == ATTACHMENT:
            return await self.attach(value)
        return value_of(option, value, self.locale)


def _decoded(given: Any) -> bytes:
    return base64.b64decode(str(given or ""), validate=True)
