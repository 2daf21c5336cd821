"""Keeps the commands that the bot has registered."""

from sandbox.discord.errors import Refused
from sandbox.discord.world import Json, World
from sandbox.events import Events

CHAT_INPUT = 1
SUBCOMMANDS = (1, 2)
# What a stored command takes over from what was sent.
_TAKEN = (
    "name",
    "name_localizations",
    "description_localizations",
    "dm_permission",
    "contexts",
    "integration_types",
    "nsfw",
)


class Registry:
    """Keeps commands by guild (None: global), in the order they were registered."""

    def __init__(self, world: World, events: Events) -> None:
        self._world = world
        self._events = events
        self._commands: dict[str | None, dict[str, Json]] = {}

    def of(self, place: str | None) -> list[Json]:
        """List all commands of a guild, or the global ones."""
        return list(self._commands.get(place, {}).values())

    def offered(self, guild_id: str | None) -> list[Json]:
        """List what a person in this guild (None: a direct message) finds: the guild's commands before global ones."""
        own = self.of(guild_id) if guild_id is not None else []
        taken = {(command["type"], command["name"]) for command in own}
        return own + [command for command in self.of(None) if (command["type"], command["name"]) not in taken]

    def find(self, place: str | None, command_id: str) -> Json | None:
        """Find the command of this id, if there is one."""
        return self._commands.get(place, {}).get(command_id)

    def get(self, place: str | None, command_id: str) -> Json:
        """Find the command of this id.

        Raises:
            Refused: 10063, there is none.
        """
        if (command := self.find(place, command_id)) is None:
            raise Refused(10063)
        return command

    def named(self, place: str | None, sent: Json) -> Json | None:
        """Find the registered command with the type and name of this one."""
        wanted = (sent.get("type") or CHAT_INPUT, sent.get("name"))
        return next((c for c in self.of(place) if (c["type"], c["name"]) == wanted), None)

    def put(self, place: str | None, sent: Json, known: Json | None) -> Json:
        """Store a command, under its old id when it is known."""
        command = self._stored(place, sent, known["id"] if known else self._world.new_id())
        self._commands.setdefault(place, {})[command["id"]] = command
        self._events.tell("commands")
        return command

    def replace(self, place: str | None, sent: list[Json]) -> list[Json]:
        """Store these commands and drop all others; a command keeps its id while it keeps its name."""
        stored = [self._stored(place, one, (self.named(place, one) or {}).get("id")) for one in sent]
        self._commands[place] = {command["id"]: command for command in stored}
        self._events.tell("commands")
        return stored

    def remove(self, place: str | None, command_id: str) -> None:
        """Forget a command.

        Raises:
            Refused: 10063, there is none.
        """
        self.get(place, command_id)
        del self._commands[place][command_id]
        self._events.tell("commands")

    def _stored(self, place: str | None, sent: Json, command_id: str | None) -> Json:
        """Write a command as Discord gives it back."""
        needed = sent.get("default_member_permissions")
        command: Json = {
            "id": command_id or self._world.new_id(),
            "application_id": self._world.application_id,
            "version": self._world.new_id(),
            "type": sent.get("type") or CHAT_INPUT,
            "description": sent.get("description") or "",
            "default_member_permissions": None if needed is None else str(needed),
            "nsfw": False,
            "name_localizations": None,
            "description_localizations": None,
            **{key: sent[key] for key in _TAKEN if sent.get(key) is not None},
        }
        if place is not None:
            command["guild_id"] = place
            command.pop("contexts", None)
            command.pop("dm_permission", None)
        else:
            command.setdefault("dm_permission", True)
            command.setdefault("contexts", None)
        command.setdefault("integration_types", [0])
        if sent.get("options"):
            command["options"] = [_option(option) for option in sent["options"]]
        return command


def _option(sent: Json) -> Json:
    """Write an option without nulls."""
    option = {key: value for key, value in sent.items() if value is not None}
    if option["type"] in SUBCOMMANDS:
        option["options"] = [_option(child) for child in option.get("options", [])]
    if "choices" in option:
        option["choices"] = [{k: v for k, v in c.items() if v is not None} for c in option["choices"]]
    return option
