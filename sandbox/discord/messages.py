"""Writes, changes and deletes messages, and tells the gateway of them."""

import asyncio
from collections.abc import Sequence

from sandbox.discord import message_content, serialize
from sandbox.discord.cdn import IS_SPOILER, Cdn
from sandbox.discord.errors import Refused
from sandbox.discord.gateway import Gateway
from sandbox.discord.opcodes import Intent
from sandbox.discord.permissions import permissions_of
from sandbox.discord.ratelimit import Limited
from sandbox.discord.uploads import Upload
from sandbox.discord.world import Channel, Json, Message, User, World
from sandbox.events import Events

SUPPRESS_EMBEDS = 1 << 2
EPHEMERAL = 1 << 6
LOADING = 1 << 7
SUPPRESS_NOTIFICATIONS = 1 << 12
COMPONENTS_V2 = 1 << 15
SETTABLE = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2 | 1 << 13
NONCE_SECONDS = 300
HOUR = 3600
LATE_EDITS_AN_HOUR = 5


class Messages:
    """Writes, edits and deletes messages of one world."""

    def __init__(self, *, world: World, gateway: Gateway, cdn: Cdn, events: Events) -> None:
        self._world = world
        self._gateway = gateway
        self._cdn = cdn
        self._events = events
        self._turns: dict[str, asyncio.Lock] = {}

    def writing_lock(self, where: Channel) -> asyncio.Lock:
        """Give the lock that is held while a message is written, so that a repeat of its nonce finds it."""
        return self._turns.setdefault(where.id, asyncio.Lock())

    async def post(
        self,
        *,
        where: Channel,
        author: User,
        body: Json,
        uploads: Sequence[Upload] = (),
        extra: Json | None = None,
        visible_to: str | None = None,
        interaction_id: str | None = None,
    ) -> Message:
        """Write a message; `extra` adds to Discord's message object (type, references, interaction).

        Raises:
            Refused: 40005, a file is larger than the channel takes.
        """
        attached = await self._attach(where, body, uploads, private=visible_to is not None)
        message = Message(
            data={**self._opening(where, author, body), **(extra or {})},
            created=self._world.clock.now(),
            visible_to=visible_to,
            interaction_id=interaction_id,
            nonce=None if body.get("nonce") is None else str(body["nonce"]),
        )
        if visible_to is not None:
            message.data["flags"] |= EPHEMERAL
        self._fill(message, where, body, attached)
        where.messages[message.id] = message
        if where.is_thread:
            where.joined.setdefault(author.id, self._world.clock.stamp())
        self._tell("MESSAGE_CREATE", message, where)
        return message

    def _opening(self, where: Channel, author: User, body: Json) -> Json:
        """Build what a message object has from its first moment."""
        nonce = {} if body.get("nonce") is None else {"nonce": body["nonce"]}
        return {
            "id": self._world.new_id(),
            "type": 0,
            "channel_id": where.id,
            "author": serialize.user(author),
            "timestamp": self._world.clock.stamp(),
            "edited_timestamp": None,
            "tts": bool(body.get("tts")),
            "pinned": False,
            "flags": int(body.get("flags") or 0) & SETTABLE,
            **nonce,
        }

    async def edit(self, message: Message, *, where: Channel, body: Json, uploads: Sequence[Upload] = ()) -> None:
        """Change what the body names and leave the rest; fills a deferred answer too.

        Raises:
            Refused: 40005, a file is too large.
        """
        private = message.visible_to is not None
        kept = [*message.data["attachments"], *message.hidden_files]
        if body.get("attachments") is not None:
            named = {str(a.get("id")): a for a in body["attachments"]}
            kept = [_described(a, named[a["id"]]) for a in kept if a["id"] in named]
        elif "attachments" in body:
            kept = []
        attached = [*kept, *await self._attach(where, body, uploads, private=private)]
        old = message.data
        message.data = {**old, "flags": old["flags"] & ~LOADING}
        if body.get("flags") is not None:
            kept_flags = message.data["flags"] & ~SUPPRESS_EMBEDS
            message.data["flags"] = kept_flags | int(body["flags"]) & SETTABLE
        if not old["flags"] & LOADING:
            message.data["edited_timestamp"] = self._world.clock.stamp()
        self._fill(message, where, body, attached, old=old)
        self._tell("MESSAGE_UPDATE", message, where)

    def delete(self, message: Message, *, where: Channel) -> None:
        """Take a message away."""
        where.messages.pop(message.id, None)
        self._events.tell("gone", channel_id=where.id, id=message.id)
        where.pins.pop(message.id, None)
        if message.visible_to is None:
            gone: Json = {"id": message.id, "channel_id": where.id}
            self._send("MESSAGE_DELETE", gone, where)

    def delete_many(self, messages: Sequence[Message], *, where: Channel) -> None:
        """Take several messages away at once."""
        for message in messages:
            where.messages.pop(message.id, None)
            where.pins.pop(message.id, None)
            self._events.tell("gone", channel_id=where.id, id=message.id)
        if messages:
            gone: Json = {"ids": [message.id for message in messages], "channel_id": where.id}
            self._send("MESSAGE_DELETE_BULK", gone, where)

    def pin(self, message: Message, *, where: Channel, pinned: bool) -> None:
        """Pin a message, or take it off again, and tell of both it and the channel."""
        if pinned:
            where.pins[message.id] = self._world.clock.stamp()
        else:
            where.pins.pop(message.id, None)
        message.data["pinned"] = pinned
        self._tell("MESSAGE_UPDATE", message, where)
        newest = list(where.pins.values())[-1] if where.pins else None
        data: Json = {"channel_id": where.id, "last_pin_timestamp": newest}
        payload = data if where.guild_id is None else {**data, "guild_id": where.guild_id}
        self._gateway.dispatch("CHANNEL_PINS_UPDATE", payload, guild_id=where.guild_id, intent=Intent.GUILDS)

    def end_poll(self, message: Message, *, where: Channel) -> None:
        """End a poll before its time."""
        message.data["poll"] = {**message.data["poll"], "expiry": self._world.clock.stamp()}
        self._tell("MESSAGE_UPDATE", message, where)

    def repeated(self, where: Channel, body: Json, author: User) -> Message | None:
        """Find the first message with this nonce, when the nonce is to be enforced and still remembered."""
        nonce = body.get("nonce")
        if nonce is None or not body.get("enforce_nonce"):
            return None
        since = self._world.clock.now() - NONCE_SECONDS
        for message in where.messages.values():
            fresh = message.created >= since and message.author_id == author.id
            if fresh and message.nonce == str(nonce) and message.interaction_id is None:
                return message
        return None

    def count_late_edit(self, message: Message) -> None:
        """Count an edit of a message older than an hour; only a few an hour are let through.

        Raises:
            Limited: with the code 30046.
        """
        now = self._world.clock.now()
        if now - message.created <= HOUR:
            return
        message.late_edits = [at for at in message.late_edits if now - at < HOUR]
        if len(message.late_edits) >= LATE_EDITS_AN_HOUR:
            raise Limited(message.late_edits[0] + HOUR - now, scope="user", code=30046)
        message.late_edits.append(now)

    def react(self, message: Message, where: Channel, emoji: str, user: User) -> None:
        """Add a person's reaction; a second one is the first."""
        reacted = message.reactions.setdefault(emoji, [])
        if user.id in reacted:
            return
        reacted.append(user.id)
        more: Json = {"message_author_id": message.author_id}
        guild = self._world.guilds.get(where.guild_id or "")
        if guild is not None and user.id in guild.members:
            more["member"] = serialize.member(self._world, guild.members[user.id])
        self._tell_reaction("MESSAGE_REACTION_ADD", message, where, emoji, {**_one(user), **more})

    def unreact(self, message: Message, where: Channel, emoji: str, user: User) -> bool:
        """Take a person's reaction away; whether there was one."""
        reacted = message.reactions.get(emoji, [])
        if user.id not in reacted:
            return False
        reacted.remove(user.id)
        self._tell_reaction("MESSAGE_REACTION_REMOVE", message, where, emoji, _one(user))
        return True

    def clear_reactions(self, message: Message, where: Channel, emoji: str | None = None) -> None:
        """Take all reactions away, or all with one emoji."""
        if emoji is None:
            message.reactions.clear()
            self._tell_reaction("MESSAGE_REACTION_REMOVE_ALL", message, where, None, {})
        else:
            message.reactions.pop(emoji, None)
            self._tell_reaction("MESSAGE_REACTION_REMOVE_EMOJI", message, where, emoji, {})

    def _tell_reaction(self, event: str, message: Message, where: Channel, emoji: str | None, more: Json) -> None:
        """Write down who reacts now, and tell of what came or went."""
        message.reactions = {key: users for key, users in message.reactions.items() if users}
        message.data["reactions"] = [
            {
                "emoji": {"id": None, "name": key},
                "count": len(users),
                "count_details": {"burst": 0, "normal": len(users)},
                "burst_colors": [],
                "me": self._world.bot.id in users,
                "me_burst": False,
            }
            for key, users in message.reactions.items()
        ]
        if not message.reactions:
            del message.data["reactions"]
        self._show(message, where)
        data: Json = {"channel_id": where.id, "message_id": message.id, **more}
        if emoji is not None:
            data["emoji"] = {"id": None, "name": emoji}
        intents = (Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS)
        self._send(event, data, where, intents)

    async def _attach(self, where: Channel, body: Json, uploads: Sequence[Upload], *, private: bool) -> list[Json]:
        """Keep the uploaded files, in the order of their numbers."""
        limit = self._world.file_limit(where)
        if any(upload.size > limit for upload in uploads):
            raise Refused(40005)
        about = {str(a.get("id")): a for a in body.get("attachments") or []}
        return [
            await self._cdn.keep(upload, channel_id=where.id, private=private, about=about.get(str(upload.index)))
            for upload in sorted(uploads, key=lambda upload: upload.index)
        ]

    def _fill(
        self, message: Message, where: Channel, body: Json, attached: list[Json], *, old: Json | None = None
    ) -> None:
        """Put content, embeds, components and files into the message object; what an edit leaves out stays."""
        files = {file["filename"]: file for file in attached}
        if old is None or "embeds" in body:
            in_embeds = message_content.files_of_embeds(body.get("embeds"))
            message.data["embeds"] = message_content.embeds(body.get("embeds"), files)
        else:
            in_embeds = {file["filename"] for file in message.hidden_files}
        message.hidden_files = [file for file in attached if file["filename"] in in_embeds]
        message.data["attachments"] = [file for file in attached if file["filename"] not in in_embeds]
        if old is None or "components" in body:
            shown = message_content.components(body.get("components"), files, self._world.new_id)
            message.data["components"] = shown
        if old is None or "content" in body:
            message.data["content"] = body.get("content") or ""
        if body.get("poll"):
            message.data["poll"] = message_content.poll(body["poll"], self._world.clock)
        message.data |= message_content.mentions(
            self._world,
            text=message_content.text_of(message.data),
            allowed=body.get("allowed_mentions"),
            where=where,
            author_id=message.author_id,
        )

    def _tell(self, event: str, message: Message, where: Channel) -> None:
        """Tell the gateway of a message, unless it is private."""
        self._show(message, where)
        if message.visible_to is not None or not permissions_of(self._world, self._world.bot.id, where):
            return
        data: Json = serialize.read_message(self._world, message)
        guild = self._world.guilds.get(where.guild_id or "")
        if guild is not None and message.author_id in guild.members:
            data["member"] = serialize.member(self._world, guild.members[message.author_id], with_user=False)
        self._send(event, data, where)

    def _show(self, message: Message, where: Channel) -> None:
        """Tell who watches how a message looks now."""
        if self._events.watchers:
            shown = serialize.seen_message(self._world, message)
            self._events.tell("message", channel_id=where.id, message=shown)

    def _send(
        self,
        event: str,
        data: Json,
        where: Channel,
        intents: tuple[Intent, Intent] = (Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES),
    ) -> None:
        direct = where.guild_id is None
        if not permissions_of(self._world, self._world.bot.id, where):
            return
        payload = data if direct else {**data, "guild_id": where.guild_id}
        self._gateway.dispatch(event, payload, guild_id=where.guild_id, intent=intents[direct])


def _one(user: User) -> Json:
    """Say who reacted, and that it is no super reaction."""
    return {"user_id": user.id, "burst": False, "type": 0}


def _described(file: Json, about: Json) -> Json:
    """Change what an edit says of a file that stays: its description, and whether it is covered."""
    changed = dict(file)
    if about.get("description") is not None:
        changed["description"] = about["description"]
    if about.get("is_spoiler") is not None:
        flags = file.get("flags", 0)
        changed["flags"] = flags | IS_SPOILER if about["is_spoiler"] else flags & ~IS_SPOILER
    return changed
