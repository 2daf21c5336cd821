"""Keeps the gateway's sessions: identify, resume, drop, and the events that each is sent."""

import asyncio
import secrets
from typing import Any

from sandbox.discord import serialize
from sandbox.discord.initial_world import new_token
from sandbox.discord.opcodes import KNOWN_INTENTS, PRIVILEGED, Closed, Intent, Op, frame
from sandbox.discord.session_starts import SessionStarts
from sandbox.discord.sessions import Session, Socket
from sandbox.discord.world import Guild, World
from sandbox.events import Events
from sandbox.faults import Fault, Faults

RESUMABLE_SECONDS = 120
# A connection lost for longer is taken for gone when somebody acts, though it may still resume.
PATIENCE_SECONDS = 5
GUILDS_A_SHARD = 2500
# How the events begin that tell of changed places.
_PLACES = ("GUILD", "CHANNEL", "THREAD", "APPLICATION")


class Gateway:
    """Keeps all sessions of the bot, and sends them their events. A shard may have several: all of them hear."""

    def __init__(
        self, *, world: World, faults: Faults, starts: SessionStarts, events: Events, heartbeat_seconds: float = 41.25
    ) -> None:
        self._world = world
        self._faults = faults
        self._events = events
        self.starts = starts
        self.heartbeat_seconds = heartbeat_seconds
        self.sessions: dict[str, Session] = {}
        self.sockets: set[Socket] = set()
        self.url = ""
        self.last_intents: int | None = None

    def dispatch(self, event: str, data: Any, *, guild_id: str | None, intent: Intent | None = None) -> None:
        """Send an event to the sessions of its shard which asked for it (with no intent: to all of them).

        Of a guild in an outage nothing is heard.
        """
        if event.startswith(_PLACES):
            self._events.tell("world")
        guild = self._world.guilds.get(guild_id or "")
        if guild is not None and not guild.available:
            return
        for session in self._live():
            if session.serves(guild_id) and (intent is None or session.intents & intent):
                session.dispatch(event, data)

    def reaches(self, guild_id: str | None) -> bool:
        """Tell whether a session, connected or likely about to resume, takes this guild's events."""
        since = self._world.clock.now() - PATIENCE_SECONDS
        near = [s for s in self._live() if s.lost_at is None or s.lost_at >= since]
        return any(session.serves(guild_id) for session in near)

    @property
    def connected(self) -> int:
        """How many sessions have a connection."""
        return sum(session.socket is not None for session in self.sessions.values())

    async def drop(self) -> None:
        """Play the gateway faults that wait: each connected session loses its connection."""
        for session in [s for s in self.sessions.values() if s.socket is not None]:
            await self._play_waiting_fault(session)

    async def close(self) -> None:
        """End every connection, as a server that goes away (1001)."""
        for socket in list(self.sockets):
            await socket.close(1001)

    def _live(self) -> list[Session]:
        """List the sessions which are connected or may still resume; forget the others."""
        now = self._world.clock.now()
        for session in list(self.sessions.values()):
            if session.lost_at is not None and now - session.lost_at > RESUMABLE_SECONDS:
                del self.sessions[session.id]
        return list(self.sessions.values())

    async def identify(self, socket: Socket, data: dict[str, Any]) -> Session | None:
        """Start a session, say READY and show the guilds; None when it is not the shard's turn.

        Raises:
            Closed: 4004, 4010, 4011, 4013 or 4014.
        """
        self._check_token(data)
        intents = data.get("intents")
        if not isinstance(intents, int) or intents < 0 or intents & ~KNOWN_INTENTS:
            raise Closed(4013, "Invalid intent(s).")
        if intents & PRIVILEGED:
            raise Closed(4014, "Disallowed intent(s).")
        session = Session(
            id=secrets.token_hex(16),
            shard=_shard(data.get("shard") or [0, 1]),
            sharded="shard" in data,
            intents=intents,
            socket=socket,
        )
        if len(self._guilds_of(session)) > GUILDS_A_SHARD:
            raise Closed(4011, "Sharding required.")
        if self.starts.count():
            await self._shut_out()
        if not self.starts.take(session.shard[0]):
            return None
        self._live()
        self.sessions[session.id] = session
        self.last_intents = intents
        self._welcome(session)
        self._events.tell("world")
        return session

    async def _shut_out(self) -> None:
        """Reset the token and end all sessions: what Discord does with who identifies more often than it allows."""
        self._world.token = new_token(self._world.bot.id)
        self.sessions.clear()
        await asyncio.gather(*(socket.close(4004, "Authentication failed.") for socket in self.sockets))
        raise Closed(4004, "Authentication failed.")

    def _guilds_of(self, session: Session) -> list[Guild]:
        """List the guilds of the session's shard."""
        world = self._world
        joined = [guild for guild in world.guilds.values() if world.bot.id in guild.members]
        return [guild for guild in joined if session.serves(guild.id)]

    def _check_token(self, data: dict[str, Any]) -> None:
        if str(data.get("token")).removeprefix("Bot ") != self._world.token:
            raise Closed(4004, "Authentication failed.")

    def _welcome(self, session: Session) -> None:
        world, guilds = self._world, self._guilds_of(session)
        ready: dict[str, Any] = {
            "v": 10,
            "user": serialize.own_user(world.bot),
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.url,
            "private_channels": [],
            "relationships": [],
            "application": {"id": world.application_id, "flags": 0, "flags_new": "0"},
        }
        session.dispatch("READY", {**ready, "shard": list(session.shard)} if session.sharded else ready)
        if session.intents & Intent.GUILDS:
            for guild in (guild for guild in guilds if guild.available):
                session.dispatch("GUILD_CREATE", serialize.gateway_guild(world, guild))

    def resume(self, socket: Socket, data: dict[str, Any]) -> Session | None:
        """Take a session up again and send what it missed; None when there is nothing to resume.

        Raises:
            Closed: 4004, or 4007 for a sequence number the session never reached.
        """
        self._check_token(data)
        self._live()
        session = self.sessions.get(str(data.get("session_id")))
        seen = data.get("seq")
        if session is None or not isinstance(seen, int):
            return None
        if seen > session.seq:
            del self.sessions[session.id]
            raise Closed(4007, "Invalid seq.")
        missed = session.missed(seen)
        if missed is None:
            del self.sessions[session.id]
            return None
        session.socket, session.lost_at = socket, None
        self._events.tell("world")
        for event in missed:
            socket.send(event)
        session.dispatch("RESUMED", {})
        return session

    def lose(self, session: Session, *, for_good: bool) -> None:
        """Note that a session's connection is gone; unless ended on purpose, the session may resume for a while."""
        session.socket = None
        session.lost_at = self._world.clock.now()
        if for_good:
            self.sessions.pop(session.id, None)
        self._events.tell("world")

    async def welcomed(self, session: Session) -> None:
        """Play the gateway fault that waits, if any, after READY and RESUMED."""
        await self._play_waiting_fault(session)

    async def _play_waiting_fault(self, session: Session) -> None:
        fault = self._faults.take("discord", "gateway")
        if fault is None or session.socket is None:
            return
        await self._play(session, session.socket, fault)

    async def _play(self, session: Session, socket: Socket, fault: Fault) -> None:
        """Cut the line, or with the options `op` (1, 7, or 9 with `resumable`) or `code` do it in Discord's ways.

        With the option `garbled` send what is no JSON.
        """
        match fault.options:
            case {"op": Op.HEARTBEAT}:
                socket.send(frame(Op.HEARTBEAT, None))
            case {"op": Op.RECONNECT}:
                socket.send(frame(Op.RECONNECT, None))
            case {"op": Op.INVALID_SESSION}:
                resumable = bool(fault.options.get("resumable"))
                if not resumable:
                    self.sessions.pop(session.id, None)
                socket.send(frame(Op.INVALID_SESSION, resumable))
            case {"garbled": True}:
                socket.garble()
            case {"code": int(code)}:
                await socket.close(code)
            case _:
                await socket.flush()
                socket.cut()

    def members(self, session: Session, data: dict[str, Any]) -> None:
        """Answer REQUEST_GUILD_MEMBERS with one GUILD_MEMBERS_CHUNK."""
        guild = self._world.guilds.get(str(data.get("guild_id")))
        if guild is None:
            return
        asked = data.get("user_ids")
        wanted = {str(user_id) for user_id in (asked if isinstance(asked, list) else [asked])} if asked else None
        query = str(data.get("query") or "").lower()
        limit = int(data.get("limit") or 0) or 100
        found = [
            member
            for member in guild.members.values()
            if (member.user_id in wanted if wanted else self._world.users[member.user_id].username.startswith(query))
        ]
        chunk: dict[str, Any] = {
            "guild_id": guild.id,
            "members": [serialize.member(self._world, member) for member in found[:limit]],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": sorted((wanted or set()) - set(guild.members)),
        }
        nonce = data.get("nonce")
        session.dispatch("GUILD_MEMBERS_CHUNK", {**chunk, "nonce": nonce} if nonce else chunk)

    def sounds(self, session: Session, data: Any) -> None:
        """Answer REQUEST_SOUNDBOARD_SOUNDS: no guild here has sounds of its own."""
        asked = data.get("guild_ids") if isinstance(data, dict) else None
        for guild in self._guilds_of(session):
            if guild.id in map(str, asked or ()):
                session.dispatch("SOUNDBOARD_SOUNDS", {"guild_id": guild.id, "soundboard_sounds": []})


def _shard(given: Any) -> tuple[int, int]:
    """Read which shard a session is, of how many.

    Raises:
        Closed: 4010.
    """
    match given:
        case [int(number), int(count)] if 0 <= number < count:
            return number, count
        case _:
            raise Closed(4010, "Invalid shard.")
