"""Follows interactions from the click to the last edit: their tokens, their one first answer, what came of them."""

import base64
import secrets
from dataclasses import dataclass, field
from enum import IntEnum

from sandbox.discord import serialize
from sandbox.discord.errors import Refused
from sandbox.discord.permissions import permissions_of
from sandbox.discord.world import GROUP, Channel, Guild, Json, Message, User, World

FIRST_ANSWER_SECONDS = 3.0
TOKEN_SECONDS = 15 * 60.0
NO_ANSWER = "The application did not respond"


class Kind(IntEnum):
    """What a person did."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class Answer(IntEnum):
    """How the bot answers first."""

    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


# Which first answers each kind takes.
ANSWERS: dict[Kind, frozenset[Answer]] = {
    Kind.COMMAND: frozenset({Answer.MESSAGE, Answer.DEFERRED_MESSAGE, Answer.MODAL}),
    Kind.COMPONENT: frozenset(set(Answer) - {Answer.CHOICES}),
    Kind.AUTOCOMPLETE: frozenset({Answer.CHOICES}),
    Kind.MODAL: frozenset(set(Answer) - {Answer.CHOICES, Answer.MODAL}),
}


@dataclass(slots=True, kw_only=True)
class Interaction:
    """One interaction and everything the bot did with it."""

    id: str
    token: str
    kind: Kind
    user: User
    channel: Channel
    payload: Json
    created: float
    source: Message | None = None
    acknowledged: float | None = None
    first: Json | None = None
    original: Message | None = None
    edits: list[Json] = field(default_factory=list)
    followups: list[Message] = field(default_factory=list)
    modal: Json | None = None
    choices: list[Json] | None = None
    undelivered: bool = False
    triggered_by: Json | None = None

    @property
    def is_of_user(self) -> bool:
        """Say whether it comes from a place where its person alone has the application."""
        return "0" not in self.payload["authorizing_integration_owners"]

    @property
    def metadata(self) -> Json:
        """The `interaction_metadata` of the messages that answer it."""
        owners = self.payload["authorizing_integration_owners"]
        kind = Kind.COMMAND if self.kind == Kind.AUTOCOMPLETE else self.kind
        about: Json = {
            "id": self.id,
            "type": int(kind),
            "user": serialize.user(self.user),
            "authorizing_integration_owners": owners,
        }
        data = self.payload["data"]
        if kind == Kind.COMMAND and "target_id" in data:
            about |= {"target_message_id": data["target_id"]}
        elif kind == Kind.COMPONENT and self.source is not None:
            about |= {"interacted_message_id": self.source.id}
        elif kind == Kind.MODAL:
            about |= {"triggering_interaction_metadata": self.triggered_by}
        return about


class Interactions:
    """Keeps all interactions of one world, by id and by token."""

    def __init__(self, world: World, *, first_answer_seconds: float = FIRST_ANSWER_SECONDS) -> None:
        self._world = world
        self.first_answer_seconds = first_answer_seconds
        self._all: dict[str, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}

    def open(
        self,
        *,
        kind: Kind,
        user: User,
        channel: Channel,
        data: Json,
        locale: str | None = None,
        source: Message | None = None,
        triggered_by: Interaction | None = None,
    ) -> Interaction:
        """Make the interaction of what a person did, with its token and the payload for the gateway."""
        interaction_id = self._world.new_id()
        seed = f"interaction:{interaction_id}:{secrets.token_urlsafe(48)}"
        interaction = Interaction(
            id=interaction_id,
            token=base64.urlsafe_b64encode(seed.encode()).decode().rstrip("="),
            kind=kind,
            user=user,
            channel=channel,
            payload={},
            created=self._world.clock.now(),
            source=source,
            triggered_by=triggered_by.metadata if triggered_by else None,
        )
        interaction.payload = self._payload(interaction, data, locale or user.locale)
        self._all[interaction_id] = self._by_token[interaction.token] = interaction
        return interaction

    def _payload(self, interaction: Interaction, data: Json, locale: str) -> Json:
        """Build the data of INTERACTION_CREATE."""
        world, user, channel = self._world, interaction.user, interaction.channel
        where = {**serialize.channel(world, channel), "permissions": str(permissions_of(world, user.id, channel))}
        payload: Json = {
            "id": interaction.id,
            "application_id": world.application_id,
            "type": int(interaction.kind),
            "token": interaction.token,
            "version": 1,
            "data": data,
            "locale": locale,
            "entitlements": [],
            "attachment_size_limit": world.file_limit(channel),
            "app_permissions": serialize.app_permissions(world, channel),
            "channel_id": channel.id,
            "channel": where,
            **self._place(user, channel, interaction.source),
        }
        if interaction.source is not None:
            payload["message"] = serialize.message(world, interaction.source)
        return payload

    def _place(self, user: User, channel: Channel, source: Message | None) -> Json:
        """Build the place where a person acted: a guild with its member, or a group or direct message with its user.

        In a group whoever presses a button need not have the application; whoever has caused the message has it.
        """
        if channel.type == GROUP:
            caused = {} if source is None else source.data.get("interaction_metadata", {})
            owners = {"1": user.id} if user.has_app else caused.get("authorizing_integration_owners", {})
            return {"user": serialize.user(user), "context": 2, "authorizing_integration_owners": owners}
        if channel.guild_id is None:
            owners = {"0": "0"}
            return {"user": serialize.user(user), "context": 1, "authorizing_integration_owners": owners}
        guild = self._world.guilds[channel.guild_id]
        member = guild.members[user.id]
        return {
            "guild_id": guild.id,
            "guild": {"id": guild.id, "locale": guild.locale, "features": []},
            "guild_locale": guild.locale,
            "member": serialize.interaction_member(self._world, member, channel),
            "context": 0,
            "authorizing_integration_owners": self._owners(user, guild),
        }

    def _owners(self, user: User, guild: Guild) -> Json:
        """Say for whom the application is installed there: the guild (0), the person (1) or both."""
        owners = {"0": guild.id} if self._world.bot.id in guild.members else {}
        return owners | ({"1": user.id} if user.has_app else {})

    def get(self, interaction_id: str) -> Interaction | None:
        """Find the interaction of this id."""
        return self._all.get(interaction_id)

    def to_answer(self, interaction_id: str, token: str) -> Interaction:
        """Find the interaction that a callback answers, if it is in time and the first.

        Raises:
            Refused: 10062 unknown or too late, 40060 answered before.
        """
        interaction = self._all.get(interaction_id)
        if interaction is None or interaction.token != token:
            raise Refused(10062)
        if interaction.acknowledged is not None:
            raise Refused(40060)
        if self._world.clock.now() - interaction.created > self.first_answer_seconds:
            raise Refused(10062)
        return interaction

    def to_follow(self, application_id: str, token: str) -> Interaction:
        """Find the interaction whose webhook this is, answered and not older than 15 minutes.

        Raises:
            Refused: 10015 unknown or not yet answered, 50027 a token of another, or too old.
        """
        if application_id != self._world.application_id:
            raise Refused(10015)
        interaction = self._by_token.get(token)
        if interaction is None or self._world.clock.now() - interaction.created > TOKEN_SECONDS:
            raise Refused(50027)
        if interaction.acknowledged is None or interaction.kind == Kind.AUTOCOMPLETE:
            raise Refused(10015)
        return interaction

    def seen(self, interaction: Interaction) -> Json:
        """Write what came of an interaction, for `GET {control}/interactions/{id}`."""
        world = self._world
        waited = world.clock.now() - interaction.created
        failed = interaction.acknowledged is None and (interaction.undelivered or waited > self.first_answer_seconds)
        original = interaction.original
        gone = original is not None and original.id not in interaction.channel.messages
        return {
            "id": interaction.id,
            "type": int(interaction.kind),
            "acknowledged": interaction.acknowledged,
            "first": interaction.first,
            "edits": interaction.edits,
            "current": None if original is None or gone else serialize.seen_message(world, original),
            "deleted": gone,
            "followups": [serialize.seen_message(world, message) for message in interaction.followups],
            "modal": interaction.modal,
            "choices": interaction.choices,
            "failed": NO_ANSWER if failed else None,
        }
