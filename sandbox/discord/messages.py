"""Writes, changes and deletes messages, and tells the gateway of them."""

import asyncio
from collections.abc import Sequence
from typing import Any

from sandbox.discord import message_content, serialize
from sandbox.discord.cdn import Cdn
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
            wanted = {str(a.get("id")) for a in body["attachments"]}
            kept = [a for a in kept if a["id"] in wanted]
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
        if message.visible_to is None:
            gone: Json = {"id": message.id, "channel_id": where.id}
            self._send("MESSAGE_DELETE", gone, where)

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

    def react(self, event: str, message: Message, where: Channel, emoji: Json, user: User) -> None:
        """Tell of a reaction that came or went."""
        self._show(message, where)
        data: Json = {"user_id": user.id, "channel_id": where.id, "message_id": message.id, "emoji": emoji}
        if event == "MESSAGE_REACTION_ADD":
            data |= {"message_author_id": message.author_id}
        data |= {"burst": False, "type": 0}
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
        data: Json = serialize.message(self._world, message)
        if where.guild_id is not None:
            guild = self._world.guilds[where.guild_id]
            data["member"] = serialize.member(self._world, guild.members[message.author_id], with_user=False)
            if not self._bot_may_read(message):
                data |= {"content": "", "embeds": [], "attachments": [], "components": []}
        self._send(event, data, where)

    def _show(self, message: Message, where: Channel) -> None:
        """Tell who watches how a message looks now."""
        if self._events.watchers:
            shown = serialize.seen_message(self._world, message)
            self._events.tell("message", channel_id=where.id, message=shown)

    def _bot_may_read(self, message: Message) -> bool:
        """Tell whether a bot without the message content intent reads a message: its own, or one that mentions it."""
        mentioned: list[Any] = message.data["mentions"]
        bot_id = self._world.bot.id
        return message.author_id == bot_id or any(user["id"] == bot_id for user in mentioned)

    def _send(
        self,
        event: str,
        data: Json,
        where: Channel,
        intents: tuple[Intent, Intent] = (Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES),
    ) -> None:
        direct = where.guild_id is None
        if not direct and not permissions_of(self._world, self._world.bot.id, where):
            return
        payload = data if direct else {**data, "guild_id": where.guild_id}
        self._gateway.dispatch(event, payload, guild_id=where.guild_id, intent=intents[direct])
