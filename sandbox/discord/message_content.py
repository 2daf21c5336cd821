"""Turns a message's text, embeds and components into what Discord makes of them."""

import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from sandbox.discord import serialize
from sandbox.discord.clock import Clock
from sandbox.discord.permissions import Permission, permissions_of
from sandbox.discord.world import Channel, Json, World

_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(?:everyone|here)\b")
_MEDIA_OF_EMBED = ("image", "thumbnail", "video")
FILE_SCHEME = "attachment://"
TEXT_DISPLAY = 10
POLL_HOURS = 24


def walk(components: Any) -> Iterator[Json]:
    """List every component of a message or modal, the nested ones too, parents first."""
    for component in components if isinstance(components, list) else []:
        if isinstance(component, dict):
            yield component
            yield from walk(component.get("components"))
            yield from walk([component[key] for key in ("accessory", "component") if component.get(key)])


def text_of(body: Json) -> str:
    """Join all text in which a message may mention somebody: its content and its text displays."""
    shown = [str(c.get("content", "")) for c in walk(body.get("components")) if c.get("type") == TEXT_DISPLAY]
    return "\n".join([str(body.get("content") or ""), *shown])


def mentions(world: World, *, text: str, allowed: Json | None, where: Channel, author_id: str) -> Json:
    """Say who a text pings: `mentions`, `mention_roles` and `mention_everyone` after `allowed_mentions`."""
    parse = {"users", "roles", "everyone"} if allowed is None else set(allowed.get("parse") or ())
    named_users = {str(i) for i in (allowed or {}).get("users") or ()}
    named_roles = {str(i) for i in (allowed or {}).get("roles") or ()}
    users = [i for i in dict.fromkeys(_USER.findall(text)) if "users" in parse or i in named_users]
    guild = world.guilds.get(where.guild_id or "")
    roles = [i for i in dict.fromkeys(_ROLE.findall(text)) if "roles" in parse or i in named_roles]
    may_ping_all = permissions_of(world, author_id, where) & Permission.MENTION_EVERYONE
    return {
        "mentions": [serialize.user(world.users[i]) for i in users if i in world.users],
        "mention_roles": [i for i in roles if guild and i in guild.roles],
        "mention_everyone": bool("everyone" in parse and may_ping_all and _EVERYONE.search(text)),
    }


def poll(given: Json, clock: Clock) -> Json:
    """Write a poll as it stands open: with numbered answers, when it ends, and no votes."""
    hours = given.get("duration") or POLL_HOURS
    return {
        "question": {"text": given["question"]["text"]},
        "answers": [
            {"answer_id": number, "poll_media": _poll_media(answer["poll_media"])}
            for number, answer in enumerate(given["answers"], start=1)
        ],
        "expiry": clock.stamp(clock.now() + hours * 3600),
        "allow_multiselect": bool(given.get("allow_multiselect")),
        "layout_type": given.get("layout_type") or 1,
        "results": {"answer_counts": [], "is_finalized": False},
    }


def _poll_media(given: Json) -> Json:
    emoji = given.get("emoji")
    return {"text": given.get("text") or "", **({"emoji": {"id": None, "name": emoji["name"]}} if emoji else {})}


def embeds(given: Any, files: dict[str, Json]) -> list[Json]:
    """Write embeds as they are shown: rich, without nulls, their attached files as addresses."""
    return [_embed(embed, files) for embed in given or []]


def _embed(given: Json, files: dict[str, Json]) -> Json:
    shown = {key: value for key, value in given.items() if value is not None} | {"type": "rich"}
    for key in _MEDIA_OF_EMBED:
        if isinstance(shown.get(key), dict):
            shown[key] = _media_of_embed(shown[key], files)
    for key in ("footer", "author"):
        if isinstance(shown.get(key), dict):
            part = {name: value for name, value in shown[key].items() if value is not None}
            if "icon_url" in part:
                part["icon_url"] = part["proxy_icon_url"] = _address(part["icon_url"], files)
            shown[key] = part
    if "fields" in shown:
        shown["fields"] = [{**field, "inline": bool(field.get("inline"))} for field in shown["fields"]]
    return shown


def _media_of_embed(given: Json, files: dict[str, Json]) -> Json:
    file = files.get(str(given.get("url", "")).removeprefix(FILE_SCHEME), {})
    size: Json = {key: file[key] for key in ("width", "height", "content_type") if key in file}
    url = _address(given.get("url"), files)
    return {"url": url, "proxy_url": url, **size}


def _address(url: Any, files: dict[str, Json]) -> str:
    name = str(url).removeprefix(FILE_SCHEME)
    return str(files[name]["url"]) if str(url).startswith(FILE_SCHEME) and name in files else str(url)


def files_of_embeds(given: Any) -> set[str]:
    """Name the attached files that embeds show, which are then not listed as attachments."""
    names: set[str] = set()
    for embed in given or []:
        parts = [(embed.get(key) or {}).get("url") for key in _MEDIA_OF_EMBED]
        parts += [(embed.get(key) or {}).get("icon_url") for key in ("footer", "author")]
        names |= {p.removeprefix(FILE_SCHEME) for p in parts if isinstance(p, str) and p.startswith(FILE_SCHEME)}
    return names


def components(given: Any, files: dict[str, Json], new_id: Callable[[], str]) -> list[Json]:
    """Write components as they are stored: numbered, with Discord's defaults, media as addresses."""
    taken = {c["id"] for c in walk(given) if c.get("id")}
    numbers = (n for n in count(1) if n not in taken)
    return [_component(component, files, numbers, new_id) for component in given or []]


def _component(given: Json, files: dict[str, Json], numbers: Iterator[int], new_id: Callable[[], str]) -> Json:
    kind = given["type"]
    shown = _stated(given)
    shown["id"] = given.get("id") or next(numbers)
    if "options" in shown:
        shown["options"] = [_stated(option) for option in shown["options"]]
    if "default_values" in shown:
        shown["default_values"] = [{**value, "id": str(value["id"])} for value in shown["default_values"]]
    shown = {**_DEFAULTS.get(kind, {}), **shown}
    for key in ("media", "file"):
        if isinstance(shown.get(key), dict):
            shown[key] = _unfurled(shown[key], files, new_id)
    if "items" in shown:
        shown["items"] = [
            {"description": None, "spoiler": False, **item, "media": _unfurled(item["media"], files, new_id)}
            for item in shown["items"]
        ]
    if isinstance(shown.get("file"), dict):
        attached = files.get(given["file"]["url"].removeprefix(FILE_SCHEME), {})
        shown |= {"name": attached.get("filename"), "size": attached.get("size")}
    for key in ("components", "accessory", "component"):
        if isinstance(shown.get(key), list):
            shown[key] = [_component(child, files, numbers, new_id) for child in shown[key]]
        elif isinstance(shown.get(key), dict):
            shown[key] = _component(shown[key], files, numbers, new_id)
    return shown


def _stated(given: Json) -> Json:
    """Keep what is not null, in the object and in its emoji: one that is text has no id."""
    stated = {key: value for key, value in given.items() if value is not None}
    if isinstance(stated.get("emoji"), dict):
        stated["emoji"] = _stated(stated["emoji"])
    return stated


_SELECT = {"min_values": 1, "max_values": 1}
_DEFAULTS: dict[int, Json] = {
    **dict.fromkeys((3, 5, 6, 7, 8), _SELECT),
    11: {"description": None, "spoiler": False},
    13: {"spoiler": False},
    14: {"spacing": 1, "divider": True},
    17: {"accent_color": None, "spoiler": False},
}


def _unfurled(given: Json, files: dict[str, Json], new_id: Callable[[], str]) -> Json:
    url = str(given.get("url"))
    file = files.get(url.removeprefix(FILE_SCHEME)) if url.startswith(FILE_SCHEME) else None
    if file is None:
        return {"id": new_id(), "url": url, "proxy_url": url, "width": None, "height": None, "content_type": None}
    return {
        "id": new_id(),
        "url": file["url"],
        "proxy_url": file["url"],
        "width": file.get("width"),
        "height": file.get("height"),
        "content_type": file.get("content_type"),
        "attachment_id": file["id"],
    }
