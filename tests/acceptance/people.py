"""The people in the channel, through the sandbox's control address: what they do, and what they and others see."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import aiohttp

from tests.patience import PATIENCE

T = TypeVar("T")
Json = dict[str, Any]

POLL_SECONDS: Final = 0.02  # seconds between the first two looks
LONGEST_POLL_SECONDS: Final = 0.1  # and at most between two later ones
IN_PLACE: Final = 6  # Discord's type of an answer that will change the message that was used
LOADING: Final = 1 << 7  # Discord's flag of "is thinking…"


class People:
    """Everybody but the bot. `alive` is called at every look, and raises when waiting has become pointless."""

    def __init__(self, client: aiohttp.ClientSession, control: str) -> None:
        self._client, self._control = client, control
        self.alive: Callable[[], None] = lambda: None

    # -- acting

    async def types(
        self,
        name: str,
        /,
        *,
        user: str = "ana",
        channel: str = "general",
        locale: str | None = None,
        also: Json | None = None,
        **options: Any,
    ) -> str:
        """Type a command; the interaction's id. `also` has options whose names mean something else here."""
        typed = {**options, **(also or {})}
        body = {"user": user, "channel": channel, "name": name, "options": typed, "locale": locale}
        sent: str = (await self._post("command", body))["interaction_id"]
        return sent

    async def cannot_type(self, name: str, /, *, user: str = "ana", channel: str = "general", **options: Any) -> str:
        """Try to type a command that is not offered to somebody, and give the reason."""
        body = {"user": user, "channel": channel, "name": name, "options": options}
        async with self._client.post(f"{self._control}/command", json=body) as answer:
            assert answer.status == 400, await answer.text()
            return str((await answer.json())["error"])

    async def completes(self, name: str, /, *, focused: str, user: str = "ana", **options: Any) -> list[Json]:
        """The choices that appear while the option `focused` is typed."""
        body = {"user": user, "name": name, "options": options, "focused": focused}
        sent = (await self._post("autocomplete", body))["interaction_id"]

        async def offered() -> list[Json] | None:
            choices: list[Json] | None = (await self.interaction(sent))["choices"]
            return choices

        return await self.until(offered, what=f"choices for {focused}")

    async def presses(
        self, message: Json, custom_id: str, *values: str, user: str = "ana", locale: str | None = None
    ) -> str:
        """Press a message's button, or choose values of its select; the interaction's id."""
        body = {"user": user, "message_id": message["id"], "custom_id": custom_id, "locale": locale}
        sent: str = (await self._post("component", {**body, "values": list(values) or None}))["interaction_id"]
        return sent

    async def chooses(self, result: Json, action: str, *, user: str = "ana", locale: str | None = None) -> str:
        """Open the menu of a result, and press what does this there; the interaction's id."""
        more = id_of(result, "result:more:")
        menu = await self.answered(await self.presses(result, more, user=user, locale=locale))
        return await self.presses(menu, id_of(menu, f"result:{action}:"), user=user, locale=locale)

    async def submits(self, opened: str, *, user: str = "ana", locale: str | None = None, **fields: Any) -> str:
        """Send the form that an interaction opened, with what was changed in it; the new interaction's id."""
        body = {"user": user, "interaction_id": opened, "fields": fields, "locale": locale}
        sent: str = (await self._post("modal", body))["interaction_id"]
        return sent

    async def form(self, sent: str) -> Json:
        """The form that an interaction opened."""

        async def opened() -> Json | None:
            seen = await self.interaction(sent)
            assert seen["failed"] is None, seen["failed"]
            form: Json | None = seen["modal"]
            return form

        return await self.until(opened, what="a form")

    async def uses(
        self, entry: str, message: Json, *, user: str = "ana", channel: str = "general", locale: str | None = None
    ) -> str:
        """Use an entry of a message's menu; the interaction's id."""
        body = {"user": user, "channel": channel, "name": entry, "target": message["id"], "locale": locale}
        sent: str = (await self._post("command", body))["interaction_id"]
        return sent

    async def says(self, content: str, *, user: str = "ana", channel: str = "general") -> Json:
        """Write a message."""
        return await self._post("messages", {"user": user, "channel": channel, "content": content})

    async def fault(self, target: str, kind: str, **more: Any) -> None:
        """Let the next calls of a kind go wrong."""
        await self._post("faults", {"target": target, "kind": kind, **more})

    async def permissions(self, channel: str, **changes: list[str] | str) -> None:
        """Change what the bot (or a `user` or `role`) may do in a channel: `deny`, `allow`."""
        await self._post("permissions", {"channel": channel, **changes})

    async def change_settings(self, **settings: Any) -> None:
        """Change settings of the guild, of a person, of a channel or of the video services."""
        await self._post("settings", settings)

    async def crowd(self, count: int, *, roles: list[str] | None = None) -> list[str]:
        """Let so many people join; their names."""
        return list((await self._post("people", {"count": count, "roles": roles or []}))["users"])

    async def leaves(self, *users: str) -> None:
        """Let people leave the guild."""
        await self._post("people", {"leave": list(users)})

    async def gives(self, user: str, *roles: str) -> None:
        """Give somebody these roles and no others."""
        await self._post("settings", {"user": user, "roles": list(roles)})

    async def role(self, name: str, **more: Any) -> str:
        """Create, change or `delete` a role; its id."""
        return str((await self._post("roles", {"name": name, **more}))["id"])

    async def channel(self, name: str, **more: Any) -> str:
        """Create, change or `delete` a channel; its id."""
        return str((await self._post("channels", {"name": name, **more}))["id"])

    async def integrations(self, **decided: Any) -> None:
        """Decide under Integrations who may use a `command`, or all of them: `allow`, `deny`."""
        await self._post("command_permissions", decided)

    async def passes(self, *, minutes: float) -> None:
        """Put Discord's clock forward."""
        await self._post("clock", {"advance": minutes * 60})

    # -- looking

    async def interaction(self, sent: str) -> Json:
        """Everything that came of an interaction."""
        found: Json = await self._get(f"interactions/{sent}")
        return found

    async def answer(self, sent: str) -> str:
        """All that the private answer has said, once the bot has stopped thinking: what came later stands below."""
        message = await self.answered(sent)
        said = [each["content"] for each in (await self.interaction(sent))["edits"]]
        return "\n".join(dict.fromkeys(each for each in (*said, message["content"]) if each))

    async def answered(self, sent: str) -> Json:
        """The private answer as a message, once the bot has stopped thinking."""

        async def current() -> Json | None:
            seen = await self.interaction(sent)
            message: Json | None = seen["current"]
            assert seen["failed"] is None, seen["failed"]
            if seen["first"] is not None and seen["first"]["type"] == IN_PLACE and not seen["edits"]:
                message = next(iter(seen["followups"]), None)
            return None if message is None or message["flags"] & LOADING else message

        return await self.until(current, what="the private answer")

    async def edited(self, sent: str) -> Json:
        """The message that an interaction was about to change, once it has."""

        async def changed() -> Json | None:
            seen = await self.interaction(sent)
            assert seen["failed"] is None, seen["failed"]
            current: Json | None = seen["current"] if seen["edits"] else None
            return current

        return await self.until(changed, what="a changed message")

    async def followup(self, sent: str) -> Json | None:
        """The first further private answer of an interaction."""
        found: list[Json] = (await self.interaction(sent))["followups"]
        return next(iter(found), None)

    async def messages(self, channel: str = "general", *, user: str = "ana") -> list[Json]:
        """The bot's messages in a channel that everybody there sees, oldest first; `dm` is the user's own."""
        found = await self._get("messages", channel=channel, user=user)
        return [each for each in found if each["author"].get("bot") and "visible_to" not in each]

    async def results(self, channel: str = "general", *, user: str = "ana") -> list[Json]:
        """The messages that carry a file."""
        return [each for each in await self.messages(channel, user=user) if each["attachments"]]

    async def cards(self, channel: str = "general", *, user: str = "ana") -> list[Json]:
        """The messages that are job cards."""
        return [each for each in await self.messages(channel, user=user) if each["embeds"]]

    async def result(self, channel: str = "general", *, user: str = "ana") -> Json:
        """The first posted video, as soon as it is there."""

        async def first() -> Json | None:
            return next(iter(await self.results(channel, user=user)), None)

        return await self.until(first, what=f"a video in {channel}")

    async def card(self, words: str, channel: str = "general", *, user: str = "ana") -> str:
        """The title and text of the first card that says these words, as soon as one does."""

        async def saying() -> str | None:
            texts = [text_of(card) for card in await self.cards(channel, user=user)]
            return next((text for text in texts if words in text), None)

        return await self.until(saying, what=f"a card that says {words!r}")

    async def tasks(self) -> list[Json]:
        """Every task at the providers, oldest first."""
        found: list[Json] = await self._get("tasks")
        return found

    async def bill(self) -> dict[str, str]:
        """USD charged by each provider and in `total`."""
        found: dict[str, str] = await self._get("bill")
        return found

    async def guild(self) -> Json:
        """The guild's members, roles and channels."""
        found: Json = await self._get("guild")
        return found

    async def requests(self) -> list[Json]:
        """Every REST request of the bot."""
        found: list[Json] = await self._get("requests")
        return found

    async def found(self, name: str, *, shard: tuple[int, int], channel: str) -> None:
        """Found a guild with a channel, whose events go to a shard."""
        await self._post("guilds", {"name": name, "shard": shard, "channels": [channel]})

    async def connected(self) -> int:
        """How many gateway sessions have a connection."""
        return int((await self._get("state"))["connected"])

    async def shards(self) -> list[list[int]]:
        """The shards of the sessions that have a connection: the number of each, and of how many."""
        found: list[list[int]] = (await self._get("state"))["shards"]
        return found

    async def online(self) -> None:
        """Wait until the bot is connected."""

        async def connected() -> bool:
            return await self.connected() > 0

        await self.until(connected, what="the bot's connection")

    async def until(self, look: Callable[[], Awaitable[T | None]], *, what: str, patience: float = PATIENCE) -> T:
        """Look again and again until there is something to see: neither None nor False."""
        pause = POLL_SECONDS
        try:
            async with asyncio.timeout(patience):
                while (seen := await look()) is None or seen is False:
                    self.alive()
                    await asyncio.sleep(pause)
                    pause = min(1.3 * pause, LONGEST_POLL_SECONDS)
        except TimeoutError:
            raise AssertionError(f"waited in vain for {what}") from None
        return seen

    async def fetch(self, url: str) -> bytes:
        """Download an attachment."""
        async with self._client.get(url) as answer:
            assert answer.status == 200
            return await answer.read()

    async def _post(self, name: str, body: Json) -> Json:
        async with self._client.post(f"{self._control}/{name}", json=body) as answer:
            found: Json = await answer.json()
            assert answer.status == 200, found
            return found

    async def _get(self, name: str, **query: str) -> Any:
        async with self._client.get(f"{self._control}/{name}", params=query) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()


def id_of(message: Json, start: str) -> str:
    """The one `custom_id` of a message's buttons that begins like this."""
    ids = [each["custom_id"] for row in message["components"] for each in row["components"] if "custom_id" in each]
    (found,) = [each for each in ids if each.startswith(start)]
    return str(found)


def attaches(filename: str, content: str) -> Json:
    """A file with this text, as an option or a field takes it."""
    return {"filename": filename, "content": content}


def text_of(card: Json) -> str:
    """What a card says, with its footer."""
    embed = card["embeds"][0]
    return "\n".join([embed["title"], embed["description"], embed["footer"]["text"]])
