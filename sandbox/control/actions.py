"""Acts as people: types commands, presses buttons, sends forms, writes and deletes messages."""

from sandbox.control.lookup import user_and_channel, user_of
from sandbox.discord import serialize
from sandbox.discord.emoji import is_emoji
from sandbox.discord.interactions import Interaction
from sandbox.discord.people import commands, components, modals
from sandbox.discord.people.option_values import ImpossibleAction
from sandbox.discord.permissions import Permission, permissions_of
from sandbox.discord.service import Discord
from sandbox.discord.world import CATEGORY, Channel, Json, User


class Unreachable(Exception):
    """No session of the bot takes an interaction."""


class PeopleActions:
    """Does what people do; what their client would never send is an ImpossibleAction."""

    def __init__(self, discord: Discord) -> None:
        self._discord = discord

    async def command(self, body: Json) -> Json:
        """Type the command `name` with `options`, or use the menu command `name` on a message or user `target`."""
        user, channel = user_and_channel(self._discord.world, body)
        name, locale = str(body.get("name", "")), body.get("locale")
        if body.get("target") is not None:
            target = str(body["target"])
            return self._send(commands.use_menu(self._discord, user, channel, name=name, target=target, locale=locale))
        return self._send(await self._typed(user, channel, body, focused=None))

    async def autocomplete(self, body: Json) -> Json:
        """Ask for completions of the option `focused`, with what is typed so far in `options`."""
        user, channel = user_and_channel(self._discord.world, body)
        return self._send(await self._typed(user, channel, body, focused=str(body.get("focused"))))

    async def _typed(self, user: User, channel: Channel, body: Json, *, focused: str | None) -> Interaction:
        name, options = str(body.get("name", "")).strip(), body.get("options") or {}
        if not name or not isinstance(options, dict):
            raise ImpossibleAction("a command has a name and an object of options")
        return await commands.type_command(
            self._discord,
            user,
            channel,
            name=name,
            options=options,
            focused=focused,
            locale=body.get("locale"),
        )

    async def component(self, body: Json) -> Json:
        """Press a button or choose `values` of a select."""
        found = components.press(
            self._discord,
            user_of(self._discord.world, body.get("user")),
            message_id=str(body.get("message_id")),
            custom_id=str(body.get("custom_id")),
            values=body.get("values"),
            locale=body.get("locale"),
        )
        return self._send(found)

    async def modal(self, body: Json) -> Json:
        """Send the modal that `interaction_id` opened, with `fields` by custom id."""
        opened = self._discord.interactions.get(str(body.get("interaction_id")))
        if opened is None:
            raise ImpossibleAction("there is no such interaction")
        user, fields = user_of(self._discord.world, body.get("user")), body.get("fields") or {}
        return self._send(await modals.submit(self._discord, user, opened, fields, locale=body.get("locale")))

    async def say(self, body: Json) -> Json:
        """Write a message as a person; gives it in Discord's shape."""
        world = self._discord.world
        user, channel = user_and_channel(world, body)
        self._check_outage(channel)
        needed = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
        if channel.type == CATEGORY or not permissions_of(world, user.id, channel) & needed:
            raise ImpossibleAction(f"{user.username} may not write there")
        text = {"content": str(body.get("content", ""))}
        message = await self._discord.messages.post(where=channel, author=user, body=text)
        return serialize.message(world, message)

    async def delete(self, body: Json) -> Json:
        """Take a message away, as a moderator does."""
        user = user_of(self._discord.world, body.get("user", "owner"))
        channel, message = components.seen_message(self._discord, user, str(body.get("message_id")))
        self._discord.messages.delete(message, where=channel)
        return {}

    async def react(self, body: Json) -> Json:
        """React to a message with an `emoji`, or with `"remove": true` no more."""
        world, emoji = self._discord.world, str(body.get("emoji"))
        user = user_of(world, body.get("user"))
        channel, message = components.seen_message(self._discord, user, str(body.get("message_id")))
        self._check_outage(channel)
        allowed = permissions_of(world, user.id, channel) & Permission.ADD_REACTIONS or emoji in message.reactions
        if not is_emoji(emoji) or not allowed or message.visible_to is not None:
            raise ImpossibleAction(f"{user.username} cannot react with {emoji!r} there")
        if body.get("remove"):
            self._discord.messages.unreact(message, channel, emoji, user)
        else:
            self._discord.messages.react(message, channel, emoji, user)
        return {}

    def _check_outage(self, channel: Channel) -> None:
        """Refuse everything in a guild that is down."""
        guild = self._discord.world.guilds.get(channel.guild_id or "")
        if guild is not None and not guild.available:
            raise ImpossibleAction("the guild is unavailable")

    def _send(self, interaction: Interaction) -> Json:
        """Hand an interaction to the bot."""
        self._check_outage(interaction.channel)
        gateway, guild_id = self._discord.gateway, interaction.channel.guild_id
        if not gateway.reaches(guild_id):
            interaction.undelivered = True
            raise Unreachable(interaction.id)
        gateway.dispatch("INTERACTION_CREATE", interaction.payload, guild_id=guild_id)
        return {"interaction_id": interaction.id}
